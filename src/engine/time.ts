/**
 * The time by which nodes agree: the store's. A node whose own clock is wrong would otherwise send a retry
 * early or late, and fire delays of workflows at once. Between two answers of the store it goes on by the
 * monotonic clock.
 */

import type { Clock } from '../world.ts';

export interface StoreClock extends Clock {
  /** The store's time was `storeMs` at some moment since `askedAt` (monotonic, ms). */
  agree(storeMs: number, askedAt: number): void;
}

/** As `clock`, until the store has been asked. */
export function createStoreClock(clock: Clock): StoreClock {
  let known: { storeMs: number; at: number } | null = null;
  return {
    now: () => (known === null ? clock.now() : Math.floor(known.storeMs + (clock.monotonic() - known.at))),
    monotonic: () => clock.monotonic(),
    after: (delayMs, run, options) => clock.after(delayMs, run, options),
    soon: (run) => clock.soon(run),
    agree(storeMs, askedAt) {
      // Somewhere on the way there and back.
      known = { storeMs, at: (askedAt + clock.monotonic()) / 2 };
    },
  };
}
