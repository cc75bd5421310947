/** A clock that stands still until it is moved. Real I/O goes on meanwhile. */

import type { Clock } from '../../src/world.ts';

export interface MovableClock extends Clock {
  /** Moves on by `ms`, running what falls due on the way, each at its own time. */
  move(ms: number): void;
  /** Timers that are set. */
  pending(): number;
}

export function createMovableClock(startMs = Date.UTC(2026, 0, 5, 9)): MovableClock {
  let now = startMs;
  let count = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  return {
    now: () => now,
    monotonic: () => now - startMs,
    after(delayMs, run) {
      count += 1;
      const id = count;
      timers.set(id, { at: now + Math.max(0, delayMs), run });
      return { cancel: () => timers.delete(id) };
    },
    soon: (run) => void setImmediate(run),
    move(ms) {
      const until = now + ms;
      for (;;) {
        const [next] = [...timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
        if (next === undefined) break;
        const [id, { at, run }] = next;
        timers.delete(id);
        now = Math.max(now, at);
        run();
      }
      now = until;
    },
    pending: () => timers.size,
  };
}
