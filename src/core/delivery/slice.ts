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
