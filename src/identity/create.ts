/**
 * Identity by better-auth: people, their passwords, sessions and tokens. Only what it does within is used, not its own
 * routes: those would be a second API beside ours, undocumented, that lists the tokens of sessions.
 *
 * A session's cookie is its token and an HMAC of it. The secret for that is derived from MIRSAL_SECRET: who reads the
 * database alone has no cookie.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { SECOND } from '../core/duration.ts';
import type { IdentityStore } from '../store/ports/people.ts';
import type { Clock } from '../world.ts';
import { inTurns, type Passwords } from './hashing.ts';
import { type From, type Identity, RESET_MS, SESSION_MS } from './identity.ts';

export interface IdentityDeps {
  store: IdentityStore;
  clock: Pick<Clock, 'now'>;
  /** Derived from the installation's secret, the same on all nodes. */
  secret: Uint8Array;
  nextKey(): number;
  /** Where people reach this installation. */
  publicUrl(): string;
  /** In the place of scrypt at its full cost. */
  passwords?: Passwords;
}

const RESET = 'reset-password';
const TOKEN_BYTES = 24;

export function createIdentity(deps: IdentityDeps & { randomBytes(length: number): Uint8Array }): Identity {
  const { store, clock, nextKey, publicUrl } = deps;
  const secret = Buffer.from(deps.secret).toString('hex');
  let opened: ReturnType<typeof open> | null = null;
  const open = async () => {
    const { openLibrary, SCRYPT } = await import('./library.ts');
    const passwords = inTurns(deps.passwords ?? SCRYPT);
    const auth = openLibrary({ store, secret, publicUrl: publicUrl(), passwords, nextKey });
    return { passwords, api: auth.api, internalAdapter: (await auth.$context).internalAdapter };
  };
  /** Once for all. */
  const library = (): ReturnType<typeof open> => {
    opened ??= open();
    return opened;
  };
  const cookies = createCookies(secret, publicUrl);
  const isPassword = async (person: string, password: string): Promise<boolean> => {
    const { internalAdapter, passwords } = await library();
    const hash = (await internalAdapter.findCredentialAccount(person))?.password;
    if (hash) return passwords.verify({ hash, password });
    // As long as for somebody who has a password.
    await passwords.hash(password);
    return false;
  };
  const beginSession = async (person: string, { address, userAgent }: From): Promise<string> => {
    const { internalAdapter } = await library();
    const now = clock.now();
    await store.deleteIdentities('person_sessions', [
      { field: 'person', operator: 'eq', value: person },
      { field: 'expires_at', operator: 'lte', value: now },
    ]);
    const times = {
      createdAt: new Date(now),
      updatedAt: new Date(now),
      expiresAt: new Date(now + SESSION_MS),
    };
    const shown = { ipAddress: address, userAgent: (userAgent ?? '').slice(0, 500) };
    return (await internalAdapter.createSession(person, false, { ...times, ...shown }, true)).token;
  };
  return {
    ...cookies,
    async prepare() {
      await library();
    },
    hashPassword: async (password) => (await library()).passwords.hash(password),
    isPassword,
    beginSession,
    async signIn(email, password, from) {
      const { internalAdapter } = await library();
      const found = await internalAdapter.findUserByEmail(email.toLowerCase());
      // Of nobody, too, a password is asked for and hashed.
      const person = found?.user.id ?? 'usr_';
      if (!(await isPassword(person, password))) return null;
      return { person, token: await beginSession(person, from) };
    },
    async beginReset(person) {
      const { internalAdapter } = await library();
      const token = Buffer.from(deps.randomBytes(TOKEN_BYTES)).toString('base64url');
      const now = clock.now();
      await store.deleteIdentities('verifications', [{ field: 'expires_at', operator: 'lt', value: now }]);
      await internalAdapter.createVerificationValue({
        identifier: `${RESET}:${token}`,
        value: person,
        expiresAt: new Date(now + RESET_MS),
      });
      return token;
    },
    async finishReset(token, password) {
      const { internalAdapter, api } = await library();
      const found = await internalAdapter.findVerificationValue(`${RESET}:${token}`);
      if (found === null || found.expiresAt.getTime() <= clock.now()) return null;
      try {
        await api.resetPassword({ body: { token, newPassword: password } });
      } catch (error) {
        // Somebody was quicker with the same token.
        if (error instanceof Error && 'status' in error && error.status === 'BAD_REQUEST') return null;
        throw error;
      }
      return found.value;
    },
  };
}

/** `__Host-` where the address is HTTPS: no other host and no plain HTTP can then set this cookie. */
function createCookies(
  secret: string,
  publicUrl: () => string,
): Pick<Identity, 'readCookie' | 'writeCookie'> {
  const isSecure = (): boolean => publicUrl().startsWith('https:');
  const nameOf = (): string => (isSecure() ? '__Host-mirsal_session' : 'mirsal_session');
  const signatureOf = (token: string): string => createHmac('sha256', secret).update(token).digest('base64');
  return {
    readCookie(header) {
      const prefix = `${nameOf()}=`;
      const given = (header ?? '').split('; ').find((part) => part.startsWith(prefix));
      const [token = '', signature = ''] = decode(given?.slice(prefix.length) ?? '').split('.');
      const [expected, actual] = [Buffer.from(signatureOf(token)), Buffer.from(signature)];
      const isOurs = actual.length === expected.length && timingSafeEqual(actual, expected);
      return token !== '' && isOurs ? token : null;
    },
    writeCookie(token) {
      const value = token === null ? '' : encodeURIComponent(`${token}.${signatureOf(token)}`);
      const age = token === null ? 0 : SESSION_MS / SECOND;
      const secure = isSecure() ? '; Secure' : '';
      return `${nameOf()}=${value}; Max-Age=${age}; Path=/; HttpOnly; SameSite=Lax${secure}`;
    },
  };
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}
