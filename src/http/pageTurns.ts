/**
 * Pages of megabytes are made one after the other, workspaces in turn, with a look at everything else in between: each
 * takes some 20 ms of the loop, and those that are made at once as much memory as there are of them.
 */

import { Turns } from '../core/turns.ts';
import { Overloaded } from '../engine/engine.ts';
import type { Clock } from '../world.ts';

const MOST_WAITING = 200;
/** Turns of the loop between two pages: what one event takes on its way, with some to spare. */
const TURNS_BETWEEN = 50;

export interface PageTurns {
  /** Rejects with Overloaded where too many wait already. */
  take<Page>(workspace: number, make: () => Promise<Page>): Promise<Page>;
}

export function createPageTurns(clock: Pick<Clock, 'soon'>): PageTurns {
  const turns = new Turns<() => Promise<void>>();
  let waiting = 0;
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    for (let next = turns.take(); next !== null; next = turns.take()) {
      await next();
      waiting -= 1;
      // They take no time while nothing else is to be done.
      for (let passed = 0; passed < TURNS_BETWEEN; passed += 1) {
        await new Promise<void>((resolve) => clock.soon(resolve));
      }
    }
    running = false;
  };

  return {
    take: (workspace, make) =>
      new Promise((resolve, reject) => {
        if (waiting >= MOST_WAITING) {
          reject(new Overloaded('As many large pages as this node can make are waited for.'));
          return;
        }
        waiting += 1;
        turns.add(workspace, () => make().then(resolve, reject));
        if (!running) void run();
      }),
  };
}
