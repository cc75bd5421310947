/** Databases of an earlier version are brought over to keys that contain the workspace, on both stores. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, inject, test } from 'vitest';
import { createDatabase } from '../../../test/support/postgres.ts';
import { realClock } from '../../real.ts';
import { ALL, aBinRequest, aNotice, aWorkspace } from '../contract/builders.ts';
import { anApiKey } from '../contract/faultScenes.ts';
import { openPool } from '../postgres/pool.ts';
import { openPostgres } from '../postgres/postgres.ts';
import { insertNotices } from '../queries/notices.ts';
import { openSqlite } from '../sqlite/sqlite.ts';
import { startThread, threadDialect } from '../sqlite/thread-client.ts';
import type { Store } from '../store.ts';
import { migrate } from './migrate.ts';
import { migrations, POSTGRES_TYPES, SQLITE_TYPES } from './migrations.ts';
import type { Schema } from './schema.ts';
import type { Types } from './schemaStep.ts';

const STEP = '0010_shardable';

interface Place {
  types: Types;
  /** The database past the port; SQLite's while no store has it. */
  bare(): Kysely<Schema>;
  store(): Store;
  remove(): void;
}

async function onPostgres(): Promise<Place> {
  const url = await createDatabase(inject('postgresUrl'), `shardable_step_${process.pid}`);
  return {
    types: POSTGRES_TYPES,
    bare: () => new Kysely({ dialect: new PostgresDialect({ pool: openPool({ url, max: 1 }) }) }),
    store: () => openPostgres({ url, clock: realClock }),
    remove() {},
  };
}

async function onSqlite(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
  const path = join(directory, 'mirsal.db');
  return {
    types: SQLITE_TYPES,
    bare: () => new Kysely({ dialect: threadDialect(startThread({ path, mode: 'write' })) }),
    store: () => openSqlite({ directory, clock: realClock }),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

async function migrateBefore(db: Kysely<Schema>, types: Types): Promise<void> {
  const steps = Object.fromEntries(Object.entries(migrations(types)).filter(([name]) => name < STEP));
  await migrate(new Migrator({ db, provider: { getMigrations: async () => steps } }), steps, async () => []);
}

/** Rows as they were written before the step. */
const OLD = [
  `INSERT INTO api_keys (key, workspace, name, prefix, hash, scopes, created_at, revoked_at) VALUES
    (11, 1, 'of a workspace', 'mk_1', 'hash 1', 'read manage', 5, NULL),
    (12, NULL, 'of the installation', 'mk_2', 'hash 2', 'read', 6, NULL),
    (13, 1, 'revoked', 'mk_3', 'hash 3', 'read', 7, 8)`,
  `INSERT INTO bins (key, workspace, token, answer, created_at, expires_at) VALUES
    (21, 1, 'token 1', '{"status":200}', 5, 9), (22, 2, 'token 2', '{"status":500}', 6, 9)`,
  `INSERT INTO bin_requests (key, bin, at, method, path, headers, body, truncated, signature)
    SELECT key + 10, key, 5, 'POST', '/x', '[]', BODY, 1, 'null' FROM bins`,
  // Its bin is gone.
  `INSERT INTO bin_requests (key, bin, at, method, path, headers, body, truncated, signature)
    VALUES (39, 29, 5, 'POST', '/x', '[]', BODY, 1, 'null')`,
  `INSERT INTO audit (workspace, actor, action, target, details, at) VALUES
    (1, 'a', 'endpoint.created', 'ep_1', '{"n":1}', 5), (NULL, 'b', 'api_key.created', 'key_1', '{"n":2}', 6)`,
  `INSERT INTO mails (workspace, recipient, language, message_id, kind, notices, state, attempts, next_attempt_at,
    created_at) VALUES (1, 'sam@example.com', 'en', '<1@example.com>', 'step', '[]', 'pending', 0, 5, 5)`,
];

describe.each([
  ['SQLite', onSqlite, `x'00ff'`],
  ['PostgreSQL', onPostgres, `'\\x00ff'`],
] as const)('%s', (_, open, body) => {
  test('P2: keys, bins, what they captured, mails and the audit log of an earlier version are kept', async () => {
    const place = await open();
    const before = place.bare();
    await migrateBefore(before, place.types);
    for (const statement of OLD) await sql.raw(statement.replace('BODY', body)).execute(before);
    await before.transaction().execute((trx) =>
      insertNotices(
        trx,
        [1, 2].map((at) => aNotice({ workspace: 1, at })),
      ),
    );
    await before.deleteFrom('notices').where('at', '=', 2).execute();
    await before.destroy();

    const store = place.store();
    expect(await store.migrate()).toContain(STEP);
    const common = { createdAt: 5, revokedAt: null, expiresAt: null };
    const own = { key: 11, workspace: 1, name: 'of a workspace', prefix: 'mk_1', scopes: ['read', 'manage'] };
    expect(await store.findApiKey('hash 1')).toEqual({ ...own, ...common });
    expect(await store.findApiKey('hash 2')).toMatchObject({ key: 12, workspace: null, prefix: 'mk_2' });
    expect(await store.findApiKey('hash 3')).toBeNull();
    expect((await store.listApiKeys(1)).map(({ key }) => key)).toEqual([13, 11]);
    expect((await store.listApiKeys(null)).map(({ key }) => key)).toEqual([12]);
    const taken = { ...anApiKey(1), hash: 'hash 2' };
    await expect(store.createApiKey(taken, 'me')).rejects.toThrow();
    expect(await store.findBin({ token: 'token 2' })).toMatchObject({ key: 22, workspace: 2, requests: 1 });
    const captured = { key: 31, at: 5, path: '/x', headers: '[]', truncated: true };
    expect(await store.listBinRequests(1, 21, { ...ALL, bodyBytes: 9, maxBytes: 9 })).toEqual([
      {
        ...aBinRequest({ workspace: 1, key: 21 }, { ...captured, body: new Uint8Array([0, 255]) }),
        bodyBytes: 2,
      },
    ]);
    expect(await store.listAudit(1, {}, ALL)).toMatchObject([{ actor: 'a', details: { n: 1 }, at: 5 }]);
    await store.createWorkspace(aWorkspace({ key: 1 }));
    expect(await store.claimDueMails(1, 5, 10, 5)).toMatchObject([{ messageId: '<1@example.com>' }]);
    const [notice] = await store.listNotices(1, ALL);
    expect(notice).toMatchObject({ at: 1 });
    await store.close();

    const after = place.bare();
    const audited = await after.selectFrom('audit').select(['workspace', 'actor']).orderBy('key').execute();
    expect(audited).toEqual([
      { workspace: 1, actor: 'a' },
      { workspace: 0, actor: 'b' },
    ]);
    expect(await after.selectFrom('bin_requests').select('key').orderBy('key').execute()).toEqual([
      { key: 31 },
      { key: 32 },
    ]);
    // A number is an event's id: that of a notice that is gone is not given again.
    await after.transaction().execute((trx) => insertNotices(trx, [aNotice({ workspace: 1, at: 3 })]));
    const last = await after
      .selectFrom('notices')
      .select('key')
      .where('at', '=', 3)
      .executeTakeFirstOrThrow();
    expect(last.key).toBe((notice?.key ?? 0) + 2);
    await after.destroy();
    place.remove();
  });
});
