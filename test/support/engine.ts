/** An engine with real parts (store, sender) and a clock of the test's choosing. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createSealer } from '../../src/core/sealing.ts';
import { formatSecret } from '../../src/core/signing/secret.ts';
import { createEngine } from '../../src/engine/create.ts';
import type { EngineDeps } from '../../src/engine/deps.ts';
import type { Engine, PublishEvent } from '../../src/engine/engine.ts';
import { createIdentity } from '../../src/identity/create.ts';
import type { Identity } from '../../src/identity/identity.ts';
import { createSender } from '../../src/net/sender.ts';
import { realClock, realRandom } from '../../src/real.ts';
import type { Endpoint, NewEndpoint } from '../../src/store/records/endpoints.ts';
import type { Notice } from '../../src/store/records/notices.ts';
import { DEFAULT_SETTINGS } from '../../src/store/records/settings.ts';
import { openSqlite } from '../../src/store/sqlite/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import type { Clock } from '../../src/world.ts';
import { CHEAP_PASSWORDS } from './passwords.ts';
import { loopbackPolicy } from './policy.ts';
import { copyMigrated } from './sqlite.ts';

export const WORKSPACE = 1;
const SEALING_KEY = Buffer.alloc(32, 7);
export const sealer = createSealer(SEALING_KEY, (length) => realRandom.bytes(length));

/** A new SQLite store in a directory of its own, with one workspace. */
export async function aSqliteStore(clock: Clock = realClock): Promise<{
  store: Store;
  insertNotices(rows: readonly NewNotice[]): Promise<void>;
  dispose(): Promise<void>;
}> {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-test-'));
  copyMigrated(directory);
  const store = openSqlite({ directory, clock });
  await aWorkspace(store);
  return {
    store,
    insertNotices: (rows) => insertNotices(directory, rows),
    async dispose() {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export type NewNotice = Omit<Notice, 'key' | 'count'>;

/** Writes notices past the port: within it they come with what they tell of. */
async function insertNotices(directory: string, rows: readonly NewNotice[]): Promise<void> {
  const db = new DatabaseSync(join(directory, 'mirsal.db'), { timeout: 0 });
  // The store's own transactions may need this thread to end: whoever waits for them lets it go on.
  for (;;) {
    try {
      db.exec('BEGIN IMMEDIATE');
      break;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const insert = db.prepare(
    'INSERT INTO notices (workspace, kind, endpoint, delivery, details, at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  for (const { workspace, kind, endpoint, delivery, details, at } of rows) {
    insert.run(workspace, kind, endpoint, delivery, JSON.stringify(details), at);
  }
  db.exec('COMMIT');
  db.close();
}

export async function aWorkspace(store: Store, key = WORKSPACE): Promise<void> {
  await store.createWorkspace({
    key,
    name: 'Test',
    plan: 'self-hosted',
    settings: { ...DEFAULT_SETTINGS },
    owners: [],
    createdAt: 0,
  });
}

export function anEngine(
  store: Store,
  clock: Clock = realClock,
  overrides: Partial<EngineDeps> = {},
): Engine {
  const sender = createSender({ clock, policy: loopbackPolicy() });
  const silent = { info() {}, warn() {}, error() {}, debug() {}, isLevelEnabled: () => false };
  return createEngine({
    store,
    world: { clock, random: realRandom, send: sender.send },
    sealer,
    log: silent,
    shared: false,
    sends: true,
    mailing: null,
    ...overrides,
  });
}

export function anIdentity(
  store: Store,
  clock: Clock,
  { nextKey, publicUrl }: { nextKey(): number; publicUrl: string },
): Identity {
  return createIdentity({
    ...{ store, clock, nextKey, passwords: CHEAP_PASSWORDS },
    secret: sealer.derive('sessions'),
    publicUrl: () => publicUrl,
    randomBytes: (length) => realRandom.bytes(length),
  });
}

let lastKey = 1000;

/** Stores an endpoint that takes every type; returns it with its lanes. */
export async function anEndpoint(
  engine: Engine,
  store: Store,
  overrides: Partial<NewEndpoint> & { url: string },
): Promise<Endpoint> {
  lastKey += 100;
  const key = lastKey;
  const workspace = overrides.workspace ?? WORKSPACE;
  const ordering = overrides.ordering ?? { by: 'endpoint' };
  const lanes = Array.from(
    { length: ordering.by === 'endpoint' ? 1 : ordering.lanes },
    (_, i) => key + 1 + i,
  );
  const secret = formatSecret(realRandom.bytes(32));
  const endpoint: NewEndpoint = {
    key,
    workspace,
    name: '',
    eventTypes: ['*'],
    condition: null,
    automation: null,
    ordering,
    retry: { preset: 'three-minutes' },
    timeoutMs: 5000,
    rateLimit: null,
    sealedHeaders: null,
    signature: { v1a: false, compatibility: 'none' },
    createdAt: 0,
    lanes,
    secrets: [
      {
        key: key + 90,
        kind: 'v1',
        sealed: sealer.seal('endpoint-secret', secret),
        createdAt: 0,
        expiresAt: null,
      },
    ],
    ...overrides,
  };
  await store.createEndpoint(endpoint, 'test');
  await engine.routingChanged(workspace);
  const found = (await engine.routing(workspace))?.endpoints.find((endpoint) => endpoint.key === key);
  if (found === undefined) throw new Error('The endpoint was not stored.');
  return found;
}

/** A tag event for contact `contact`, numbered `n` in its tag's id. */
export function aTagEvent(n: number, contact = 1): PublishEvent {
  const value = {
    tag: { id: n, name: `tag ${n}` },
    contact: {
      id: contact,
      email: 'reader@example.com',
      fields: [],
      ip: null,
      referred_by_contact_id: null,
      referred_by_contact_email: null,
    },
  };
  return {
    id: null,
    type: 'contact.tag.added',
    data: JSON.stringify(value),
    value,
    account: null,
    createdAt: null,
    warnings: null,
  };
}

/** The numbers of the tag events that a receiver got, in order. */
export function numbersOf(received: ReadonlyArray<{ body: string }>): number[] {
  return received.map(({ body }) => (JSON.parse(body) as { data: { tag: { id: number } } }).data.tag.id);
}
