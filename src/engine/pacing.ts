/**
 * How fast each endpoint is sent to: its `rate_limit`, and whether it has taken anything lately.
 *
 * Starts of attempts are evenly spaced, never a second's worth at once, over all lanes of the endpoint. A lane that
 * comes too early stands in line, and is woken when its turn comes; it holds no slot meanwhile.
 *
 * Several nodes need not ask each other: of the endpoint's lanes each is worked by one node, and a node may send as
 * large a part of the rate as it works of the lanes. So their sum is never above the limit. It is below it while the
 * lanes of one node have nothing to send. A lane that has just moved to another node may start once too early.
 */

import { PUT_OFF_LIMIT_MS } from '../core/delivery/retry.ts';
import { SECOND } from '../core/duration.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { Clock, Timer } from '../world.ts';

/** Timers fire some milliseconds late; so much of it is made good, so that a high rate is reached nevertheless. */
const LATENESS_MS = 5;
/** Endpoints remembered before those with nothing to remember are looked for. */
const KNOWN_ENDPOINTS = 10_000;

/** Who waits for a turn. */
export interface Paced {
  readonly endpoint: number;
}

interface Pace<Lane> {
  intervalMs: number;
  /** Monotonic, ms: when an attempt started, or was due to, where it was a little late. */
  lastAt: number;
  /** In line, first come first. */
  waiting: Set<Lane>;
  /** It has been woken because its turn has come. */
  called: Lane | null;
  timer: Timer | null;
}

export interface Pacing<Lane extends Paced> {
  /**
   * True where an attempt may start now, which takes the turn. Otherwise `lane` is woken in its turn.
   * `perSecond` is this node's part of the limit.
   */
  mayStart(lane: Lane, perSecond: number): boolean;
  /** The endpoint has taken a delivery. */
  noteSuccess(endpoint: number): void;
  /** Whether it has taken one within the time for which a receiver may put deliveries off. */
  isAccepting(endpoint: number): boolean;
  /** Wakes nobody any more. */
  stop(): void;
}

/**
 * The part of an endpoint's limit that its lanes here have, in attempts a second; null where it has none. What was
 * queued before its ordering changed goes out in lanes that are none of these: where they are a node's only ones, it
 * sends as if it worked one of the others.
 */
export function rateHere(
  { lanes, rateLimit }: Pick<Endpoint, 'lanes' | 'rateLimit'>,
  works: (lane: number) => boolean,
): number | null {
  if (rateLimit === null) return null;
  return (rateLimit.per_second * Math.max(1, lanes.filter(works).length)) / lanes.length;
}

/** `wake` says whether the lane still has a use for its turn. */
export function createPacing<Lane extends Paced>(deps: {
  clock: Clock;
  wake(lane: Lane): boolean;
}): Pacing<Lane> {
  const { clock, wake } = deps;
  const paces = new Map<number, Pace<Lane>>();
  /** By endpoint, monotonic, ms. */
  const successes = new Map<number, number>();

  const paceOf = (endpoint: number, intervalMs: number): Pace<Lane> => {
    let pace = paces.get(endpoint);
    if (pace === undefined) {
      if (paces.size >= KNOWN_ENDPOINTS) forgetIdle();
      pace = { intervalMs, lastAt: Number.NEGATIVE_INFINITY, waiting: new Set(), called: null, timer: null };
      paces.set(endpoint, pace);
    } else if (pace.intervalMs !== intervalMs) {
      // Another limit, or another part of it: who waits may have to wait less.
      pace.intervalMs = intervalMs;
      cancel(pace);
    }
    return pace;
  };

  const forgetIdle = (): void => {
    for (const [endpoint, pace] of paces) {
      if (leftOf(pace) <= 0 && pace.waiting.size === 0) paces.delete(endpoint);
    }
  };

  /** Milliseconds until the next attempt may start. */
  const leftOf = ({ lastAt, intervalMs }: Pace<Lane>): number => lastAt + intervalMs - clock.monotonic();

  const cancel = (pace: Pace<Lane>): void => {
    pace.timer?.cancel();
    pace.timer = null;
  };

  const callAfter = (pace: Pace<Lane>, delayMs: number): void => {
    if (pace.timer !== null || pace.waiting.size === 0) return;
    const call = (): void => {
      pace.timer = null;
      for (const lane of pace.waiting) {
        pace.waiting.delete(lane);
        pace.called = lane;
        if (wake(lane)) break;
      }
      // Where it does not come, for want of something to send, its turn is lost and the next one's comes.
      callAfter(pace, pace.intervalMs);
    };
    pace.timer = clock.after(Math.max(0, Math.ceil(delayMs)), call, { unref: true });
  };

  return {
    mayStart(lane, perSecond) {
      const pace = paceOf(lane.endpoint, SECOND / perSecond);
      const leftMs = leftOf(pace);
      const isNext = pace.waiting.size === 0 || pace.called === lane;
      if (leftMs > 0 || !isNext) {
        pace.waiting.add(lane);
        callAfter(pace, leftMs);
        return false;
      }
      const lateMs = pace.called === lane ? Math.min(-leftMs, LATENESS_MS) : 0;
      pace.called = null;
      pace.lastAt = clock.monotonic() - lateMs;
      cancel(pace);
      callAfter(pace, leftOf(pace));
      return true;
    },
    noteSuccess(endpoint) {
      const now = clock.monotonic();
      if (successes.size >= KNOWN_ENDPOINTS && !successes.has(endpoint)) {
        for (const [known, at] of successes) if (now - at > PUT_OFF_LIMIT_MS) successes.delete(known);
      }
      successes.set(endpoint, now);
    },
    isAccepting(endpoint) {
      const at = successes.get(endpoint);
      return at !== undefined && clock.monotonic() - at < PUT_OFF_LIMIT_MS;
    },
    stop() {
      for (const pace of paces.values()) {
        cancel(pace);
        pace.waiting.clear();
      }
    },
  };
}
