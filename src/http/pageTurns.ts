/**
 * Pages of megabytes, such as a bin's bodies. They are made piece by piece, workspaces in turn, with a look at
 * everything else in between: each piece takes up to 20 ms of the loop. A page takes room until whoever asked for it
 * has read it, so that those that nobody reads do not fill the memory; workspaces share the room (intake.ts).
 */

import { SECOND } from '../core/duration.ts';
import type { Limit } from '../core/limits.ts';
import { Turns } from '../core/turns.ts';
import type { Clock } from '../world.ts';
import { createIntake } from './intake.ts';

const MIB = 1024 * 1024;

export const PAGE_LIMITS = {
  /** Four of the largest, of three workspaces. */
  bytes: {
    value: 32 * MIB,
    unit: 'bytes of large pages that are being read at one time; a workspace has at most as many as it leaves free',
    beyond: 'they wait to be made, workspaces in turn',
  },
  waiting: { value: 200, unit: 'large pages that wait to be made', beyond: 'refused as `overloaded`' },
  seconds: { value: 60, unit: 'seconds to read a large page', beyond: 'its connection is closed' },
} as const satisfies Record<string, Limit>;

/** Turns of the loop between two pieces: what one event takes on its way, with some to spare. */
const TURNS_BETWEEN = 50;

export interface Page {
  /** Makes a piece of it when it is its turn. */
  make<Piece>(piece: () => Promise<Piece>): Promise<Piece>;
}

export interface PageTurns {
  /**
   * Resolves when there is room for a page of so many bytes, which it takes until `response` is closed. Rejects with
   * Overloaded where too many wait already.
   */
  open(workspace: number, bytes: number, response: Response): Promise<Page>;
}

/** What is needed of a ServerResponse. */
interface Response {
  readonly destroyed: boolean;
  destroy(): unknown;
  once(event: 'close', run: () => void): unknown;
}

export function createPageTurns(clock: Pick<Clock, 'soon' | 'after'>): PageTurns {
  const room = createIntake({ bytes: PAGE_LIMITS.bytes.value, waiting: PAGE_LIMITS.waiting.value });
  const turns = new Turns<() => Promise<void>>();
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    for (let next = turns.take(); next !== null; next = turns.take()) {
      await next();
      // They take no time while nothing else is to be done.
      for (let passed = 0; passed < TURNS_BETWEEN; passed += 1) {
        await new Promise<void>((resolve) => clock.soon(resolve));
      }
    }
    running = false;
  };

  const untilRead = (response: Response): Promise<void> =>
    new Promise((resolve) => {
      if (response.destroyed) {
        resolve();
        return;
      }
      const deadline = clock.after(PAGE_LIMITS.seconds.value * SECOND, () => response.destroy(), {
        unref: true,
      });
      response.once('close', () => {
        deadline.cancel();
        resolve();
      });
    });

  return {
    open: (workspace, bytes, response) =>
      new Promise((resolve, reject) => {
        const make: Page['make'] = (piece) =>
          new Promise((made, failed) => {
            turns.add(workspace, () => piece().then(made, failed));
            if (!running) void run();
          });
        room
          .during(workspace, bytes, () => {
            resolve({ make });
            return untilRead(response);
          })
          .catch(reject);
      }),
  };
}
