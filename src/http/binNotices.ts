/**
 * Waiting around bins: for the next request to be captured, here or at another node, and for a
 * scripted delay to pass. A signal of another node may be missed, so whoever waits also looks by
 * itself every ten seconds. All waiting ends when the server closes.
 */

import { SECOND } from '../core/duration.ts';
import type { HttpDeps } from './deps.ts';

/** The backstop for a missed signal. */
const LOOK_AGAIN_MS = 10 * SECOND;

export interface BinNotices {
  /** A request was captured here; tells the other nodes too. */
  captured(bin: number): void;
  /** Resolves at the next notice for the bin, after `maxMs`, or after ten seconds, whichever is first. */
  next(bin: number, maxMs: number): Promise<void>;
  /** Resolves after `ms`, or when closing: a scripted delay must not hold up a shutdown. */
  pause(ms: number): Promise<void>;
  /** Wakes everybody, for shutting down; from then on `next` resolves at once. */
  close(): void;
  readonly closed: boolean;
}

export function createBinNotices({ store, clock }: Pick<HttpDeps, 'store' | 'clock'>): BinNotices {
  const waiting = new Map<number, Set<() => void>>();
  const pausing = new Set<() => void>();
  let closed = false;

  const wake = (bin: number): void => {
    for (const resolve of waiting.get(bin) ?? []) resolve();
  };
  store.listen((signal) => {
    if (signal.kind === 'bin') wake(signal.bin);
    else if (signal.kind === 'everything') for (const bin of [...waiting.keys()]) wake(bin);
  });

  return {
    captured(bin) {
      wake(bin);
      // A lost signal costs the other nodes' callers ten seconds.
      store.notify({ kind: 'bin', bin });
    },
    next(bin, maxMs) {
      if (closed || maxMs <= 0) return Promise.resolve();
      const callers = waiting.get(bin) ?? new Set();
      waiting.set(bin, callers);
      return new Promise((resolve) => {
        const done = (): void => {
          timer.cancel();
          callers.delete(done);
          if (callers.size === 0 && waiting.get(bin) === callers) waiting.delete(bin);
          resolve();
        };
        const timer = clock.after(Math.min(maxMs, LOOK_AGAIN_MS), done, { unref: true });
        callers.add(done);
      });
    },
    pause(ms) {
      if (closed || ms <= 0) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          timer.cancel();
          pausing.delete(done);
          resolve();
        };
        const timer = clock.after(ms, done, { unref: true });
        pausing.add(done);
      });
    },
    close() {
      closed = true;
      for (const done of [...pausing]) done();
      for (const bin of [...waiting.keys()]) wake(bin);
    },
    get closed() {
      return closed;
    },
  };
}
