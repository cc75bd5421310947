/**
 * What events and deliveries in memory weigh, over the whole node: one account, from which publishing and
 * lanes draw. Lanes may fill half of it and read the rest from the store when its turn comes; publishing
 * may fill it up and is refused beyond (P14). Nothing here does I/O.
 */

/** A small part of the 600 MB that a node is meant to live in: each byte stands there up to three times on its way. */
export const MEMORY_LIMIT = 96 * 1024 * 1024;
/** Of the limit, what lanes may fill. */
const LANES_SHARE = 0.5;

export interface Memory {
  /** Bytes that lanes may still take. */
  roomForLanes(): number;
  /** Accounts for what is there, whether or not there is room. */
  add(bytes: number): void;
  /** False where it would go beyond the limit. What is alone is taken on, whatever its size. */
  tryAdd(bytes: number): boolean;
  remove(bytes: number): void;
  /** Bytes. */
  used(): number;
}

export function createMemory(limit = MEMORY_LIMIT): Memory {
  let used = 0;
  return {
    roomForLanes: () => Math.max(0, limit * LANES_SHARE - used),
    add(bytes) {
      used += bytes;
    },
    tryAdd(bytes) {
      if (used > 0 && used + bytes > limit) return false;
      used += bytes;
      return true;
    },
    remove(bytes) {
      used -= bytes;
    },
    used: () => used,
  };
}
