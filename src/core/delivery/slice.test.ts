/** How lanes are told apart by one number a slice: exactly, so that the stores compute the same. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HASH_PRIME, hashLane } from './slice.ts';

const key = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const count = fc.nat({ max: 2 ** 40 });

/** The same in integers of any size. */
function exactly(lane: number, last: number, revision: number): number {
  const p = BigInt(HASH_PRIME);
  const x = BigInt(lane) % p;
  const y = (x * x + BigInt(last)) % p;
  const z = (y * y + BigInt(revision)) % p;
  return Number((z * z) % p);
}

test('a hash is exact for all keys, and for sequences and revisions far beyond what there will be', () => {
  fc.assert(
    fc.property(key, count, count, (lane, last, revision) => {
      expect(hashLane(lane, last, revision)).toBe(exactly(lane, last, revision));
    }),
  );
});

test('lanes beside each other of which one is ahead by as much as the other is behind do not cancel out', () => {
  const same: number[][] = [];
  for (let lane = 1_000; lane < 1_100; lane += 1) {
    for (let by = 1; by <= 20; by += 1) {
      for (const revision of [0, 1]) {
        const agreed = hashLane(lane, 50, revision) + hashLane(lane + 1, 50, revision);
        const apart = hashLane(lane, 50 + by, revision) + hashLane(lane + 1, 50 - by, revision);
        if (apart === agreed) same.push([lane, by, revision]);
      }
    }
  }
  expect(same).toEqual([]);
});
