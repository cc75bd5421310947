/**
 * Large bodies that are in this process at one time. Such a body stands in memory several times on its way to the
 * store, so it takes room from before it is read until its request is answered. What finds no room stays on its
 * connection, where it takes none; workspaces take turns.
 */

import { LIGHT_LIMITS, type Limit } from '../core/limits.ts';
import { Overloaded } from '../engine/engine.ts';

const MIB = 1024 * 1024;

export const INTAKE_LIMITS = {
  /** Two of the largest batches, of two workspaces. */
  bytes: {
    value: 32 * MIB,
    unit: 'bytes of large bodies that are taken in at one time; a workspace has at most as many as it leaves free',
    beyond: 'they wait to be read, workspaces in turn',
  },
  waiting: {
    value: 500,
    unit: 'requests that wait to be read',
    beyond: 'refused as `overloaded`, with `Retry-After`',
  },
} as const satisfies Record<string, Limit>;

export interface Intake {
  /**
   * Does `work` when there is room for so many bytes of it, which a small body (LIGHT_LIMITS.text) need not wait for.
   * Rejects with Overloaded where too many wait already.
   */
  during<Done>(workspace: number, bytes: number, work: () => Promise<Done>): Promise<Done>;
}

interface Waiting {
  bytes: number;
  begin(): void;
}

export function createIntake(limits: { bytes: number; waiting: number }): Intake {
  const held = new Map<number, number>();
  /** Whose turn comes next stands first; no line is empty. */
  const lines = new Map<number, Waiting[]>();
  let used = 0;
  let waiting = 0;

  /** Whoever holds nothing may take what is free; the others leave as much free as they hold. */
  const hasRoom = (workspace: number, bytes: number): boolean => {
    const own = held.get(workspace) ?? 0;
    if (own === 0) return used === 0 || used + bytes <= limits.bytes;
    return own + bytes <= limits.bytes - used - bytes;
  };

  const take = (workspace: number, bytes: number): void => {
    used += bytes;
    held.set(workspace, (held.get(workspace) ?? 0) + bytes);
  };

  const giveBack = (workspace: number, bytes: number): void => {
    used -= bytes;
    const own = (held.get(workspace) ?? 0) - bytes;
    if (own === 0) held.delete(workspace);
    else held.set(workspace, own);
    beginNext();
  };

  /** A workspace without room keeps its place; the ones behind it may have some. */
  const beginNext = (): void => {
    for (const [workspace, line] of [...lines]) {
      const [first] = line;
      if (first === undefined || !hasRoom(workspace, first.bytes)) continue;
      line.shift();
      waiting -= 1;
      lines.delete(workspace);
      if (line.length > 0) lines.set(workspace, line);
      take(workspace, first.bytes);
      first.begin();
    }
  };

  return {
    async during(workspace, bytes, work) {
      if (bytes <= LIGHT_LIMITS.text.value) return work();
      if (!lines.has(workspace) && hasRoom(workspace, bytes)) take(workspace, bytes);
      else {
        if (waiting >= limits.waiting) {
          throw new Overloaded('As many large bodies as this node takes in wait to be read.');
        }
        waiting += 1;
        await new Promise<void>((begin) => {
          const line = lines.get(workspace);
          if (line === undefined) lines.set(workspace, [{ bytes, begin }]);
          else line.push({ bytes, begin });
        });
      }
      try {
        return await work();
      } finally {
        giveBack(workspace, bytes);
      }
    },
  };
}
