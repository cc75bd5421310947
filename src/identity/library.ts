/**
 * The identity library itself, better-auth: loaded when it is first needed (create.ts), since that takes half a second of
 * a core and 50 MB, which an installation whose only callers have keys never spends.
 */

import { hashPassword, verifyPassword } from 'better-auth/crypto';
import { betterAuth } from 'better-auth/minimal';
import { formatId, type IdPrefix } from '../core/ids.ts';
import type { IdentityStore } from '../store/ports/people.ts';
import type { Passwords } from './hashing.ts';
import { IDENTITY_SCHEMA, identityStorage } from './storage.ts';

/** At its full cost. */
export const SCRYPT: Passwords = { hash: hashPassword, verify: verifyPassword };

const PREFIXES: Readonly<Record<string, IdPrefix>> = {
  user: 'usr',
  account: 'acc',
  session: 'ses',
  verification: 'ver',
};

export interface LibraryOptions {
  store: IdentityStore;
  secret: string;
  publicUrl: string;
  passwords: Passwords;
  nextKey(): number;
}

export function openLibrary({ store, secret, publicUrl, passwords, nextKey }: LibraryOptions) {
  return betterAuth({
    ...IDENTITY_SCHEMA,
    database: identityStorage(store),
    secret,
    baseURL: publicUrl,
    trustedOrigins: [publicUrl],
    telemetry: { enabled: false },
    // It would write to the console, and e-mails with it.
    logger: { disabled: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      // The API's own schemas say how long a password is.
      minPasswordLength: 1,
      maxPasswordLength: 4096,
      revokeSessionsOnPasswordReset: true,
      password: passwords,
    },
    // A reader of the database finds hashes of tokens. Those that are over are deleted by the next one (beginReset).
    verification: { ...IDENTITY_SCHEMA.verification, storeIdentifier: 'hashed', disableCleanup: true },
    advanced: {
      database: { generateId: ({ model }) => formatId(PREFIXES[model] ?? 'ver', nextKey()) },
    },
  });
}
