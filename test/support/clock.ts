/** A clock that stands still until it is moved. Real I/O goes on meanwhile. */

import { SECOND } from '../../src/core/duration.ts';
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

/** Real I/O goes on for a moment, and no core is kept busy meanwhile: other tests need it. */
export function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/**
 * Waits until it is so, and lets a second pass now and then: the engine's next round is due a second after the last
 * one ended, and that may have been after the clock's last move. Seldom, because requests under way have deadlines by
 * the same clock. What is due at once runs in every turn.
 */
export async function passUntil(
  clock: Pick<MovableClock, 'move'>,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let turns = 1; !(await condition()); turns += 1) {
    await moment();
    clock.move(turns % 200 === 0 ? SECOND : 0);
  }
}
