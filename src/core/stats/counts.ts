/**
 * What is counted of attempts: how they ended, how many deliveries they dropped, and how long receivers took, in
 * buckets. One result is put in place here, whichever store adds it up. Pure.
 *
 * A tally is a list of numbers, one for each of TALLIED: small, and added up place by place.
 */

import { ATTEMPT_OUTCOMES, type AttemptOutcome } from '../delivery/decide.ts';
import { MINUTE } from '../duration.ts';

/**
 * Bucket n holds what took less than bound n and no less than the one before, ms; one more bucket holds what took longer
 * than all. Neighbours differ by a half to a whole, so that a percentile that is taken from them is off by less than that.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000,
];

const LATENCIES = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, bucket) => `latency_${bucket}`);

/** The columns of the table, in the order of a tally. */
export const TALLIED: readonly string[] = [...ATTEMPT_OUTCOMES, 'dropped', ...LATENCIES];

export type Tally = number[];

const DROPPED_AT = ATTEMPT_OUTCOMES.length;
const LATENCIES_AT = DROPPED_AT + 1;

/** A receiver answered, or let the time run out: others say nothing of how fast it is. */
export const TIMED_OUTCOMES = ['success', 'http', 'timeout'] as const satisfies readonly AttemptOutcome[];

export interface CountedResult {
  endpoint: number;
  outcome: AttemptOutcome;
  startedAt: number;
  durationMs: number;
  /** Its delivery was dropped for it. */
  dropped: boolean;
}

/** One row to add to: an endpoint's minute. Endpoint 0 stands for all of the workspace's. */
export interface MinuteTally {
  endpoint: number;
  /** The minute's beginning, ms. */
  at: number;
  tally: Tally;
}

/** In the place of an endpoint: all of them. */
export const ALL_ENDPOINTS = 0;

/** The minute in which a result counts: that in which its attempt ended. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE) * MINUTE;
}

export function bucketOf(durationMs: number): number {
  const bucket = LATENCY_BOUNDS_MS.findIndex((bound) => durationMs < bound);
  return bucket === -1 ? LATENCY_BOUNDS_MS.length : bucket;
}

export function emptyTally(): Tally {
  return new Array(TALLIED.length).fill(0);
}

export function addTally(to: Tally, from: readonly number[]): void {
  for (let place = 0; place < TALLIED.length; place += 1) to[place] = (to[place] ?? 0) + (from[place] ?? 0);
}

function count(tally: Tally, { outcome, durationMs, dropped }: CountedResult): void {
  const bump = (place: number): void => {
    tally[place] = (tally[place] ?? 0) + 1;
  };
  bump(ATTEMPT_OUTCOMES.indexOf(outcome));
  if (dropped) bump(DROPPED_AT);
  if ((TIMED_OUTCOMES as readonly string[]).includes(outcome)) bump(LATENCIES_AT + bucketOf(durationMs));
}

/** What a batch of one workspace's results adds up to: a tally for each endpoint and minute, and one for all endpoints. */
export function tallyResults(results: readonly CountedResult[]): MinuteTally[] {
  const tallies = new Map<string, MinuteTally>();
  for (const result of results) {
    const at = minuteOf(result.startedAt + result.durationMs);
    for (const endpoint of [ALL_ENDPOINTS, result.endpoint]) {
      const name = `${endpoint} ${at}`;
      let row = tallies.get(name);
      if (row === undefined) {
        row = { endpoint, at, tally: emptyTally() };
        tallies.set(name, row);
      }
      count(row.tally, result);
    }
  }
  return [...tallies.values()];
}

/** A tally as people read it. */
export interface Counts {
  attempts: number;
  /** Deliveries that arrived: an attempt that succeeds ends its delivery. */
  delivered: number;
  /** Attempts that failed, all classes together. */
  failed: number;
  failures: Record<Exclude<AttemptOutcome, 'success'>, number>;
  dropped: number;
  /** Null where no attempt says how fast the receiver is. */
  latency: { p50: number; p95: number; p99: number } | null;
}

export function readTally(tally: readonly number[]): Counts {
  const at = (place: number): number => tally[place] ?? 0;
  const [, ...classes] = ATTEMPT_OUTCOMES;
  const failures = Object.fromEntries(classes.map((name, index) => [name, at(index + 1)]));
  const delivered = at(0);
  const failed = classes.reduce((sum, _, index) => sum + at(index + 1), 0);
  const buckets = tally.slice(LATENCIES_AT);
  return {
    attempts: delivered + failed,
    delivered,
    failed,
    failures: failures as Counts['failures'],
    dropped: at(DROPPED_AT),
    latency: buckets.some((some) => some > 0)
      ? { p50: percentile(buckets, 0.5), p95: percentile(buckets, 0.95), p99: percentile(buckets, 0.99) }
      : null,
  };
}

/**
 * The duration that so large a part of the attempts took at most, ms: within its bucket as if they lay evenly in it, and
 * in the last one its lower bound, since that is all that is known.
 */
export function percentile(buckets: readonly number[], part: number): number {
  const total = buckets.reduce((sum, some) => sum + some, 0);
  const wanted = part * total;
  let below = 0;
  for (const [bucket, some] of buckets.entries()) {
    if (some > 0 && below + some >= wanted) {
      const from = LATENCY_BOUNDS_MS[bucket - 1] ?? 0;
      const to = LATENCY_BOUNDS_MS[bucket];
      return to === undefined ? from : Math.round(from + ((to - from) * (wanted - below)) / some);
    }
    below += some;
  }
  return 0;
}
