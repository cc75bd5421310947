/** The real clock and chance. Only serve.ts hands them on. */

import { randomBytes, randomFillSync } from 'node:crypto';
import type { Clock, Random } from './world.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run, options) {
    // A delay over 2^31 - 1 ms fires at once in Node; such a timer wakes early and is set again by its owner.
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), 0x7fffffff));
    if (options?.unref === true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => void setImmediate(run),
};

/** UUIDs take their randomness from a block, refilled when used up: one call for 512 of them. */
const BLOCK = Buffer.alloc(8192);
let used = BLOCK.length;

function take(length: number): Buffer {
  if (used + length > BLOCK.length) {
    randomFillSync(BLOCK);
    used = 0;
  }
  used += length;
  return BLOCK.subarray(used - length, used);
}

/** RFC 9562, section 5.7: 48 bits of milliseconds, version, variant, 74 random bits. */
function uuid7(): string {
  const bytes = Buffer.from(take(16));
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const realRandom: Random = {
  bytes: (length) => randomBytes(length),
  uuid: uuid7,
  fraction: () => Math.random(),
};
