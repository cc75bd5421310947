/**
 * Slices: every lane belongs for ever to one of a fixed number of slices, and nodes share the slices out
 * among themselves (engine/slices.ts). Pure.
 */

import { KEYS_PER_MS, NODE_SLOTS } from '../ids.ts';

/** Many more than nodes, so that shares differ little; few enough to be read once a second. */
export const SLICES = 256;

/**
 * The slice of a lane, 0 … SLICES - 1, from its key and the count and the millisecond in it: lanes made
 * together lie in different slices, and so do those made at different times.
 */
export function sliceOf(lane: number): number {
  return (lane + Math.floor(lane / NODE_SLOTS) + Math.floor(lane / KEYS_PER_MS)) % SLICES;
}

/**
 * A prime below 2^26: squares of what is below it, and the sums of hashes of 2^26 lanes, are integers that a number
 * holds exactly.
 */
export const HASH_PRIME = 67_108_859;

/**
 * One number, 0 … HASH_PRIME - 1, for how a lane stands. It is squared at each step, so that in a sum over many lanes
 * what is too much of one does not make up for what is lacking of another. The stores compute the same in SQL.
 */
export function hashLane(lane: number, lastSequence: number, revision: number): number {
  const x = lane % HASH_PRIME;
  const y = (x * x + lastSequence) % HASH_PRIME;
  const z = (y * y + revision) % HASH_PRIME;
  return (z * z) % HASH_PRIME;
}
