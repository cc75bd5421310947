/** Scrypt takes half a second of a slow core for each password: what is not about it does with less. */

import { createHash } from 'node:crypto';
import type { Passwords } from '../../src/identity/hashing.ts';

export const CHEAP_PASSWORDS: Passwords = {
  hash: async (password) => `cheap:${createHash('sha256').update(password).digest('hex')}`,
  verify: async ({ hash, password }) => hash === (await CHEAP_PASSWORDS.hash(password)),
};
