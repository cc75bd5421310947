/**
 * Passwords are hashed by scrypt, in Node's thread pool of four, which looks up names (DNS) and reads files, too. So
 * two are hashed at a time, and the others wait in a line of bounded length: a flood of sign-ins delays sign-ins.
 */

import { HashingBusy, MAX_WAITING_HASHES } from './identity.ts';

export const HASHES_AT_ONCE = 2;

export interface Passwords {
  hash(password: string): Promise<string>;
  verify(given: { hash: string; password: string }): Promise<boolean>;
}

/** The same, each call in its turn. Calls reject with HashingBusy where too many wait. */
export function inTurns({ hash, verify }: Passwords): Passwords {
  let running = 0;
  const line: Array<() => void> = [];
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= HASHES_AT_ONCE) {
      if (line.length >= MAX_WAITING_HASHES) throw new HashingBusy('Too many passwords wait to be hashed.');
      await new Promise<void>((resolve) => line.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next in line, where there is one.
      const next = line.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return {
    hash: (password) => inTurn(() => hash(password)),
    verify: (given) => inTurn(() => verify(given)),
  };
}
