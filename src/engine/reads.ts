/**
 * When lanes may ask the store: how they stand (`look`), and what is queued in them (`load`).
 *
 * After a start or an error of the store thousands ask at the same moment. Each by itself, they would stand before
 * everybody else who needs a connection. So no more than READS_AT_ONCE statements are under way at one time, and
 * workspaces take turns. Of those that ask how they stand, one workspace's are under way once at a time: all that ask
 * meanwhile share the next statement.
 */

import type { LaneState } from '../store/records/lanes.ts';
import type { Store } from '../store/store.ts';

/** Of the 8 connections that a node has on PostgreSQL beside those that publish and record. */
const READS_AT_ONCE = 6;
/** A statement's text grows with them, and SQLite's thread keeps the texts. */
const LANES_PER_LOOK = 200;

export interface LaneReads {
  /** As the store has it at some moment after the call; null where there is no such lane. */
  look(workspace: number, lane: number): Promise<LaneState | null>;
  /** Runs `read` when its turn has come. */
  load<T>(workspace: number, read: () => Promise<T>): Promise<T>;
}

interface Look {
  lane: number;
  resolve(state: LaneState | null): void;
  reject(error: unknown): void;
}

/** What waits of one workspace. */
interface Line {
  looks: Look[];
  isLooking: boolean;
  /** None of them rejects: who asked is told. */
  loads: Array<() => Promise<void>>;
}

export function createLaneReads(store: Pick<Store, 'readLanesOf'>): LaneReads {
  const lines = new Map<number, Line>();
  /** Workspaces of which something can be begun, in turn. */
  const turns = new Set<number>();
  let underWay = 0;

  const look = async (workspace: number, line: Line): Promise<void> => {
    const some = line.looks.splice(0, LANES_PER_LOOK);
    line.isLooking = true;
    try {
      const states = await store.readLanesOf(
        workspace,
        some.map(({ lane }) => lane),
      );
      const byLane = new Map(states.map((state) => [state.lane, state]));
      for (const { lane, resolve } of some) resolve(byLane.get(lane) ?? null);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
    line.isLooking = false;
  };

  const mayLook = ({ looks, isLooking }: Line): boolean => looks.length > 0 && !isLooking;

  const serve = (): void => {
    for (const workspace of turns) {
      if (underWay >= READS_AT_ONCE) return;
      turns.delete(workspace);
      const line = lines.get(workspace);
      if (line === undefined) continue;
      const task = mayLook(line) ? look(workspace, line) : line.loads.shift()?.();
      underWay += 1;
      void Promise.resolve(task).then(() => {
        underWay -= 1;
        queue(workspace);
        serve();
      });
      // Back to the end of the line: a Set iterates over what is added while it is walked.
      queue(workspace);
    }
  };

  const queue = (workspace: number): void => {
    const line = lines.get(workspace);
    if (line === undefined) return;
    if (mayLook(line) || line.loads.length > 0) turns.add(workspace);
    else if (!line.isLooking) lines.delete(workspace);
  };

  const add = (workspace: number, change: (line: Line) => void): void => {
    const line = lines.get(workspace) ?? { looks: [], isLooking: false, loads: [] };
    lines.set(workspace, line);
    change(line);
    queue(workspace);
    serve();
  };

  return {
    look: (workspace, lane) =>
      new Promise((resolve, reject) => {
        add(workspace, ({ looks }) => looks.push({ lane, resolve, reject }));
      }),
    load: (workspace, read) =>
      new Promise((resolve, reject) => {
        add(workspace, ({ loads }) => loads.push(() => read().then(resolve, reject)));
      }),
  };
}
