/**
 * Keys of rows and their public form. Pure.
 *
 * A row's key is an integer that grows with time: milliseconds since the epoch, then a
 * per-millisecond count, then the slot of the node that made it. So "newest first" is the
 * primary key read backwards, a time filter is a range of keys, and no node asks another
 * for a number. The public id is a prefix and the key in base 36: `dlv_1gk5x0m3q9c`.
 *
 *   53 bits = 42 (ms, good until the year 2109) + 4 (16 per ms and slot) + 7 (128 slots)
 *
 * A node has several slots (`Slots`), and with them 16 keys a millisecond each. One that makes more than
 * that runs ahead of the clock by as much; keys stay unique and ordered, a time filter is off by those
 * milliseconds.
 */

const COUNT_PER_MS = 16;
export const NODE_SLOTS = 128;
export const KEYS_PER_MS = COUNT_PER_MS * NODE_SLOTS;

export type IdPrefix =
  | 'ws'
  | 'key'
  | 'ep'
  | 'evt'
  | 'dlv'
  | 'msg'
  | 'bin'
  | 'req'
  | 'rpl'
  | 'job'
  | 'aud'
  | 'ntc'
  | 'rule'
  | 'wf'
  | 'run'
  | 'mail'
  | 'usr'
  | 'acc'
  | 'ses'
  | 'ver'
  | 'inv'
  | 'ptl';

export interface KeyMaker {
  /** The next key; larger than every earlier one of this maker. `nowMs` is the wall clock. */
  next(nowMs: number): number;
}

/** The slots of one node: `count` of them from `first` on. */
export interface Slots {
  first: number;
  count: number;
}

/** Makes keys for one node. `floor` is the largest key known so far (0 if none). */
export function createKeyMaker({ first, count }: Slots, floor: number): KeyMaker {
  if (!Number.isInteger(first) || first < 0 || count < 1 || first + count > NODE_SLOTS) {
    throw new RangeError(
      `A node's slots lie between 0 and ${NODE_SLOTS - 1}, not ${count} from ${first} on.`,
    );
  }
  // Counts this node's keys: `count` of them fill a row of slots.
  let last = (Math.floor(floor / NODE_SLOTS) + 1) * count - 1;
  return {
    next(nowMs) {
      last = Math.max(last + 1, nowMs * COUNT_PER_MS * count);
      return Math.floor(last / count) * NODE_SLOTS + first + (last % count);
    },
  };
}

/** The smallest key made at or after `ms`. */
export function firstKeyAt(ms: number): number {
  return Math.max(0, Math.ceil(ms) * KEYS_PER_MS);
}

/** `formatId('dlv', 42)` is `dlv_16`. */
export function formatId(prefix: IdPrefix, key: number): string {
  return `${prefix}_${key.toString(36)}`;
}

/** The key in a public id, or null where `text` is no id of that kind. */
export function parseId(prefix: IdPrefix, text: string): number | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  const digits = text.slice(prefix.length + 1);
  const key = Number.parseInt(digits, 36);
  return Number.isSafeInteger(key) && key >= 0 && key.toString(36) === digits ? key : null;
}
