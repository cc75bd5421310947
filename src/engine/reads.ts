/**
 * What lanes ask the store: how they stand (`look`), and what is queued in them (`load`).
 *
 * After a start or an error of the store thousands ask at the same moment. Each by itself, they would stand before
 * everybody else who needs a connection. So no more than READS_AT_ONCE statements are under way at one time: those
 * who ask how they stand share one with all others of their workspace that wait by then, and workspaces take turns.
 */

import type { LaneItem, LaneState } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** Of the 8 connections that a node has on PostgreSQL beside those that publish and record. */
const READS_AT_ONCE = 6;
/** A statement's text grows with them, and SQLite's thread keeps the texts. */
const LANES_PER_LOOK = 200;

export type LaneStore = Pick<Store, 'readLanesOf' | 'loadLane'>;

export interface LaneReads {
  /** As the store has it at some moment after the call; null where there is no such lane. */
  look(workspace: number, lane: number): Promise<LaneState | null>;
  load(...parameters: Parameters<Store['loadLane']>): Promise<LaneItem[]>;
}

interface Look {
  lane: number;
  resolve(state: LaneState | null): void;
  reject(error: unknown): void;
}

/** What waits of one workspace. */
interface Line {
  looks: Look[];
  loads: Array<() => Promise<void>>;
}

export function createLaneReads(store: LaneStore): LaneReads {
  /** By workspace, in turn. */
  const lines = new Map<number, Line>();
  let underWay = 0;

  const lineOf = (workspace: number): Line => {
    let line = lines.get(workspace);
    if (line === undefined) {
      line = { looks: [], loads: [] };
      lines.set(workspace, line);
    }
    return line;
  };

  /** Never rejects: who asked is told. */
  const read = async (workspace: number, looks: readonly Look[]): Promise<void> => {
    try {
      const states = await store.readLanesOf(
        workspace,
        looks.map(({ lane }) => lane),
      );
      const byLane = new Map(states.map((state) => [state.lane, state]));
      for (const { lane, resolve } of looks) resolve(byLane.get(lane) ?? null);
    } catch (error) {
      for (const { reject } of looks) reject(error);
    }
  };

  const serve = (): void => {
    for (const [workspace, line] of lines) {
      if (underWay >= READS_AT_ONCE) return;
      lines.delete(workspace);
      const task =
        line.looks.length > 0
          ? read(workspace, line.looks.splice(0, LANES_PER_LOOK))
          : (line.loads.shift()?.() ?? Promise.resolve());
      // Back to the end of the line: a Map iterates over what is added while it is walked.
      if (line.looks.length > 0 || line.loads.length > 0) lines.set(workspace, line);
      underWay += 1;
      void task.then(() => {
        underWay -= 1;
        serve();
      });
    }
  };

  return {
    look(workspace, lane) {
      const { promise, resolve, reject } = Promise.withResolvers<LaneState | null>();
      lineOf(workspace).looks.push({ lane, resolve, reject });
      serve();
      return promise;
    },
    load(place, ...parameters) {
      const { promise, resolve, reject } = Promise.withResolvers<LaneItem[]>();
      lineOf(place.workspace).loads.push(() => store.loadLane(place, ...parameters).then(resolve, reject));
      serve();
      return promise;
    },
  };
}
