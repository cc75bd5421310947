/** Identity on a real store: passwords, the line in which they wait, sessions, and tokens for new passwords. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import { aSqliteStore, sealer, WORKSPACE } from '../../test/support/engine.ts';
import { DAY } from '../core/duration.ts';
import { realRandom } from '../real.ts';
import type { Store } from '../store/store.ts';
import { createIdentity } from './create.ts';
import { HASHES_AT_ONCE, inTurns, type Passwords } from './hashing.ts';
import { HashingBusy, type Identity, MAX_WAITING_HASHES, RESET_MS, SESSION_MS } from './identity.ts';

const FROM = { address: '192.0.2.1', userAgent: 'A browser' };
const PERSON = { id: 'usr_1', name: 'سارة', email: 'sara@example.com', language: 'ar' } as const;
const PASSWORD = 'correct horse battery';

let store: Store;
let clock: MovableClock;
let dispose: () => Promise<void>;
let worked: string[];
let keys = 0;

/** Scrypt would take half a second of a slow core. */
const cheap: Passwords = {
  async hash(password) {
    worked.push('hash');
    return `cheap ${password}`;
  },
  async verify({ hash, password }) {
    worked.push('verify');
    return hash === `cheap ${password}`;
  },
};

function anIdentity(publicUrl = 'https://hooks.example.com', passwords: Passwords | null = cheap): Identity {
  const nextKey = (): number => {
    keys += 1;
    return keys;
  };
  return createIdentity({
    ...{ store, clock, nextKey, publicUrl: () => publicUrl },
    secret: sealer.derive('sessions'),
    randomBytes: (length) => realRandom.bytes(length),
    ...(passwords === null ? {} : { passwords }),
  });
}

async function isThere(identity: Identity): Promise<void> {
  const password = await identity.hashPassword(PASSWORD);
  const person = { ...PERSON, createdAt: clock.now(), accountId: 'acc_1', password };
  await store.setUp({ person, workspace: WORKSPACE, workspaceName: null }, clock.now());
}

beforeEach(async () => {
  // The identity library goes by the real clock where it compares times.
  clock = createMovableClock(Date.now());
  worked = [];
  ({ store, dispose } = await aSqliteStore(clock));
});
afterEach(() => dispose());

describe('signing in', () => {
  test('works with scrypt at its full cost, whose hash has a salt of its own', async () => {
    const identity = anIdentity('https://hooks.example.com', null);
    await isThere(identity);
    expect(await identity.signIn('SARA@example.com', PASSWORD, FROM)).toMatchObject({ person: PERSON.id });
    expect(await identity.isPassword(PERSON.id, 'correct horse')).toBe(false);
    const hashes = [await identity.hashPassword(PASSWORD), await identity.hashPassword(PASSWORD)];
    expect(new Set(hashes).size).toBe(2);
  });

  test('costs the same for an e-mail that nobody has: one hash', async () => {
    const identity = anIdentity();
    await isThere(identity);
    worked = [];
    expect(await identity.signIn('sara@example.com', 'wrong', FROM)).toBeNull();
    expect(worked).toEqual(['verify']);
    worked = [];
    expect(await identity.signIn('nobody@example.com', PASSWORD, FROM)).toBeNull();
    expect(worked).toEqual(['hash']);
  });

  test('works for an e-mail of any script', async () => {
    const identity = anIdentity();
    await isThere(identity);
    await store.updatePerson(PERSON.id, { email: 'سارة@مثال.إختبار' }, clock.now());
    expect(await identity.signIn('سارة@مثال.إختبار', PASSWORD, FROM)).toMatchObject({ person: PERSON.id });
  });
});

test('sessions that are over are forgotten when another is begun', async () => {
  const identity = anIdentity();
  await isThere(identity);
  await identity.beginSession(PERSON.id, FROM);
  clock.move(SESSION_MS);
  await identity.beginSession(PERSON.id, { address: '192.0.2.2', userAgent: null });
  const kept = await store.findIdentities('person_sessions', [], { limit: 10 });
  expect(kept).toMatchObject([{ address: '192.0.2.2', user_agent: '' }]);
});

describe('a cookie', () => {
  test('is for this host over HTTPS alone, and is known only where this installation has signed it', async () => {
    const identity = anIdentity();
    const header = identity.writeCookie('token');
    expect(header).toMatch(/^__Host-mirsal_session=.*; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    const pair = header.split(';', 1)[0] ?? '';
    expect(identity.readCookie(`a=b; ${pair}; c=d`)).toBe('token');
    for (const wrong of [undefined, '', `x${pair}`, `${pair}x`, pair.replace('token', 'other')]) {
      expect(identity.readCookie(wrong)).toBeNull();
    }
    const plain = anIdentity('http://localhost:8080').writeCookie('token');
    expect(plain).toMatch(/^mirsal_session=.*; SameSite=Lax$/);
  });
});

describe('a new password', () => {
  test('is set once by its token, ends all sessions, and the token is stored hashed', async () => {
    const identity = anIdentity();
    await isThere(identity);
    const session = await identity.beginSession(PERSON.id, FROM);
    const token = await identity.beginReset(PERSON.id);
    const kept = await store.findIdentities('verifications', [], { limit: 10 });
    expect(kept).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toContain(token);
    expect(await identity.finishReset(token, 'another horse battery')).toBe(PERSON.id);
    expect(await store.findSession(session, clock.now())).toBeNull();
    expect(await identity.isPassword(PERSON.id, 'another horse battery')).toBe(true);
    expect(await identity.isPassword(PERSON.id, PASSWORD)).toBe(false);
    expect(await identity.finishReset(token, 'a third horse battery')).toBeNull();
  });

  test('of several with one token at once is one', async () => {
    const identity = anIdentity();
    await isThere(identity);
    const token = await identity.beginReset(PERSON.id);
    const passwords = [1, 2, 3].map((number) => `horse battery ${number}`);
    const done = await Promise.all(passwords.map((password) => identity.finishReset(token, password)));
    expect(done.filter((person) => person !== null)).toEqual([PERSON.id]);
    const set = passwords[done.indexOf(PERSON.id)] ?? '';
    expect(await identity.isPassword(PERSON.id, set)).toBe(true);
  });

  test('is not set by a token that is over, and such tokens are forgotten', async () => {
    const identity = anIdentity();
    await isThere(identity);
    const token = await identity.beginReset(PERSON.id);
    clock.move(RESET_MS);
    expect(await identity.finishReset(token, 'another horse battery')).toBeNull();
    clock.move(DAY);
    await identity.beginReset(PERSON.id);
    expect(await store.findIdentities('verifications', [], { limit: 10 })).toHaveLength(1);
    expect(await identity.finishReset('made-up', 'another horse battery')).toBeNull();
  });

  test('fails as the store does, and leaves the token in force, where the store fails amid it', async () => {
    const identity = anIdentity();
    await isThere(identity);
    const token = await identity.beginReset(PERSON.id);
    const inTransaction = store.inIdentityTransaction;
    store.inIdentityTransaction = () => Promise.reject(new Error('The database is away.'));
    await expect(identity.finishReset(token, 'another horse battery')).rejects.toThrow(
      'The database is away.',
    );
    store.inIdentityTransaction = inTransaction;
    expect(await identity.finishReset(token, 'another horse battery')).toBe(PERSON.id);
  });
});

describe('hashing', () => {
  test('is done for two at a time, the others in their turn, and refused beyond those that may wait', async () => {
    const open: Array<() => void> = [];
    const begun: string[] = [];
    const slow = inTurns({
      hash(password) {
        begun.push(password);
        return new Promise((resolve) => open.push(() => resolve(`hash of ${password}`)));
      },
      verify: () => Promise.reject(new Error('It cannot.')),
    });
    const all = Array.from({ length: HASHES_AT_ONCE + MAX_WAITING_HASHES }, (_, index) => `${index}`);
    const hashes = all.map((password) => slow.hash(password));
    await expect(slow.hash('one too many')).rejects.toBeInstanceOf(HashingBusy);
    for (const [index] of all.entries()) {
      expect(begun).toEqual(all.slice(0, Math.min(all.length, index + HASHES_AT_ONCE)));
      open[index]?.();
      await hashes[index];
      // The next one begins when this one's end has been told.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(hashes)).toEqual(all.map((password) => `hash of ${password}`));
    // A failure gives its place on, too.
    for (let count = 0; count < 5; count += 1) {
      await expect(slow.verify({ hash: '', password: '' })).rejects.toThrow('It cannot.');
    }
  });
});
