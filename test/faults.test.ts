/** The small version of `npm run faults`, and that its checker finds what is wrong. */

import { expect, test } from 'vitest';
import { type Arrival, check, stallAfter } from '../faults/check.ts';
import { broken, createChance, table } from '../faults/main.ts';
import { run } from '../faults/run.ts';
import { startPostgres } from './support/postgres.ts';

const SEED = 20_261_127;
/** A third of what `npm run faults` publishes: the faults are what is tried here, and other tests need the cores. */
const PUBLISH_EVERY_MS = 180;

const anArrival = (sequence: number, over: Partial<Arrival> = {}): Arrival => ({
  lane: '/a',
  sequence,
  attempt: 1,
  from: sequence * 10,
  to: sequence * 10 + 5,
  publisher: 0,
  number: sequence - 1,
  ...over,
});
const found = (arrivals: Arrival[], acknowledged = arrivals.length) => {
  const { lost, disorder, overlaps, repeats } = check(arrivals, ['/a'], new Map([[0, acknowledged]]));
  return {
    lost: lost.length,
    disorder: disorder.length,
    overlaps: overlaps.length,
    repeats: repeats.get('/a') ?? 0,
  };
};
const NOTHING = { lost: 0, disorder: 0, overlaps: 0, repeats: 0 };

test('the checker passes a good log, with a retry in it', () => {
  expect(
    found([anArrival(1), anArrival(2), anArrival(2, { attempt: 2, from: 26, to: 27 }), anArrival(3)], 3),
  ).toEqual(NOTHING);
});

test.each<[string, Arrival[], number, Partial<typeof NOTHING>]>([
  ['a lost event', [anArrival(1), anArrival(2)], 3, { lost: 1 }],
  ['a gap', [anArrival(1), anArrival(3, { number: 1 })], 2, { disorder: 1 }],
  ['a step back', [anArrival(1), anArrival(2), anArrival(1, { from: 30, to: 31 })], 2, { disorder: 2 }],
  ['a repeat', [anArrival(1), anArrival(1, { from: 20, to: 21 })], 1, { repeats: 1 }],
  ['two at once', [anArrival(1, { to: 25 }), anArrival(2)], 2, { overlaps: 1 }],
  [
    'events of a publisher out of order',
    [anArrival(1, { number: 1 }), anArrival(2, { number: 0 })],
    2,
    { disorder: 1 },
  ],
])('the checker finds %s', (_what, arrivals, acknowledged, wrong) => {
  expect(found(arrivals, acknowledged)).toEqual({ ...NOTHING, ...wrong });
});

test('a stall is the time of the lane that went on last', () => {
  const arrivals = [anArrival(1), anArrival(9), anArrival(1, { lane: '/b', from: 70 })];
  expect(stallAfter(arrivals, ['/a', '/b'], 50)).toBe(40);
  expect(stallAfter(arrivals, ['/a', '/b'], 80)).toBe(Number.POSITIVE_INFINITY);
});

test(`P2, P3, P4, P5: nodes killed, backends and connections cut, PostgreSQL restarted, nodes stopped (seed ${SEED})`, async () => {
  const server = await startPostgres();
  try {
    const counts = { doubleKills: 1, backends: 2, databases: 1, cuts: 2, halfOpen: 0, rolling: 1 };
    const outcome = await run(server, counts, createChance(SEED), () => {}, PUBLISH_EVERY_MS);
    // How long a lane stood still is for `npm run faults` to judge: here other tests run beside it.
    const wrong = broken({ ...outcome, rows: outcome.rows.map((row) => ({ ...row, allowedMs: 60_000 })) });
    expect({ wrong, table: wrong.length === 0 ? '' : table(outcome) }).toEqual({ wrong: [], table: '' });
    expect(outcome.requests).toBeGreaterThan(100);
    expect(outcome.flows).toBeGreaterThan(0);
  } finally {
    await server.stop();
  }
}, 240_000);
