/** What is counted of attempts, and what percentiles say. */

import { describe, expect, test } from 'vitest';
import { ATTEMPT_OUTCOMES } from '../delivery/decide.ts';
import {
  ALL_ENDPOINTS,
  addTally,
  bucketOf,
  type CountedResult,
  emptyTally,
  LATENCY_BOUNDS_MS,
  percentile,
  readTally,
  tallyResults,
} from './counts.ts';

const MINUTE_7 = 7 * 60_000;

const result = (over: Partial<CountedResult> = {}): CountedResult => ({
  endpoint: 3,
  outcome: 'success',
  startedAt: MINUTE_7,
  durationMs: 25,
  dropped: false,
  ...over,
});

test('a batch adds up to one row for each endpoint and minute, and one for all endpoints', () => {
  const rows = tallyResults([
    result(),
    result({ endpoint: 4, outcome: 'http', dropped: true }),
    // It ended in the next minute, and counts there.
    result({ startedAt: MINUTE_7 + 59_990 }),
  ]);
  const shown = rows.map(({ endpoint, at, tally }) => [
    endpoint,
    at / 60_000,
    readTally(tally).delivered,
    readTally(tally).failed,
  ]);
  expect(shown).toEqual([
    [ALL_ENDPOINTS, 7, 1, 1],
    [3, 7, 1, 0],
    [4, 7, 0, 1],
    [ALL_ENDPOINTS, 8, 1, 0],
    [3, 8, 1, 0],
  ]);
});

test('every outcome is counted as what it is, and only those that tell a duration make a latency', () => {
  for (const outcome of ATTEMPT_OUTCOMES) {
    const [row] = tallyResults([result({ outcome })]);
    const counts = readTally(row?.tally ?? []);
    expect(counts.attempts).toBe(1);
    expect(counts.delivered).toBe(outcome === 'success' ? 1 : 0);
    if (outcome !== 'success') expect(counts.failures).toMatchObject({ [outcome]: 1 });
    const failed = Object.values(counts.failures).reduce((sum, some) => sum + some, 0);
    expect(failed).toBe(counts.failed);
    expect(counts.latency !== null).toBe(['success', 'http', 'timeout'].includes(outcome));
  }
});

describe('percentiles', () => {
  test('are off by less than the bucket that they lie in', () => {
    const durations = Array.from({ length: 1_000 }, (_, index) => (index * index) / 100);
    const tally = emptyTally();
    for (const durationMs of durations)
      addTally(tally, tallyResults([result({ durationMs })])[0]?.tally ?? []);
    const { latency } = readTally(tally);
    for (const [part, said] of [
      [0.5, latency?.p50],
      [0.95, latency?.p95],
      [0.99, latency?.p99],
    ] as const) {
      const real = durations[Math.ceil(part * durations.length) - 1] ?? 0;
      const bucket = bucketOf(real);
      expect(said).toBeGreaterThanOrEqual(LATENCY_BOUNDS_MS[bucket - 1] ?? 0);
      expect(said).toBeLessThanOrEqual(LATENCY_BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY);
    }
  });

  test('beyond the last bound say that bound, and of nothing nothing', () => {
    const buckets = LATENCY_BOUNDS_MS.map(() => 0);
    expect(percentile([...buckets, 5], 0.5)).toBe(LATENCY_BOUNDS_MS.at(-1));
    expect(readTally(emptyTally())).toMatchObject({ attempts: 0, latency: null });
  });
});
