/** SQLite: the contract, and what is its own: the directory's lock, a full disk, plans. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import { copyMigrated } from '../../../test/support/sqlite.ts';
import { realClock } from '../../real.ts';
import {
  anEvent,
  filledByTests,
  INDEX_AS_NEW,
  openItems,
  publish,
  publishAccepted,
  type Reusable,
  reusing,
  SLICES_AS_NEW,
  seed,
} from '../contract/builders.ts';
import { type Explained, planContract } from '../contract/plans.ts';
import { storeContract } from '../contract.ts';
import { insertNotices } from '../queries/notices.ts';
import { migrate } from '../schema/migrate.ts';
import { migrations, SQLITE_TYPES } from '../schema/migrations.ts';
import type { Schema } from '../schema/schema.ts';
import { StoreUnavailable } from '../store.ts';
import { sqliteDialect } from './dialect.ts';
import { DirectoryInUse } from './lock.ts';
import { createStore, openSqlite } from './sqlite.ts';
import { startThread, threadDialect } from './thread-client.ts';

async function openNew(): Promise<Reusable> {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
  const file = new DatabaseSync(copyMigrated(directory));
  const tables = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const removal = [
    ...filledByTests(tables.map(({ name }) => String(name))).map((table) => `DELETE FROM ${table}`),
    INDEX_AS_NEW,
    SLICES_AS_NEW,
  ].join(';');
  let store = openSqlite({ directory, clock: realClock });
  return {
    get store() {
      return store;
    },
    another: async () => store,
    async reopen() {
      await store.close();
      store = openSqlite({ directory, clock: realClock });
      await store.migrate();
      return store;
    },
    async insertNotices(rows) {
      const thread = startThread({ path: join(directory, 'mirsal.db'), mode: 'write' });
      const db = new Kysely<Schema>({ dialect: threadDialect(thread) });
      await db.transaction().execute((trx) => insertNotices(trx, rows));
      await db.destroy();
    },
    async empty() {
      file.exec(`BEGIN IMMEDIATE; ${removal}; COMMIT`);
    },
    async close() {
      file.close();
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}

const open = reusing(openNew);

storeContract('SQLite', open);

describe('SQLite', () => {
  test('a second process, or store, is refused while the first has the directory', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
    const store = openSqlite({ directory, clock: realClock });
    expect(() => openSqlite({ directory, clock: realClock })).toThrow(DirectoryInUse);
    // Closed unused, it is gone entirely: nothing of it touches the directory any more.
    await store.close();
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    const again = openSqlite({ directory, clock: realClock });
    expect(await again.migrate()).toEqual([
      '0001_first',
      '0002_failure_policy',
      '0003_automation',
      '0004_attempts_by_row',
      '0005_slices',
      '0006_runs',
      '0008_start',
      '0009_log_cost',
      '0010_shardable',
      '0011_mails',
      '0012_flows',
      '0013_network',
      '0014_stats',
      '0015_people',
      '0016_jobs',
      '0017_customers',
      '0018_search',
      '0019_trace',
    ]);
    await again.close();
    rmSync(directory, { recursive: true });
  });

  test('P2: attempts that were recorded by an older version are kept when the table is made anew', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
    const path = join(directory, 'mirsal.db');
    const db = new Kysely<Schema>({ dialect: threadDialect(startThread({ path, mode: 'write' })) });
    const older = Object.fromEntries(
      Object.entries(migrations(SQLITE_TYPES)).filter(([name]) => name < '0004'),
    );
    await migrate(
      new Migrator({ db, provider: { getMigrations: async () => older } }),
      older,
      async () => [],
    );
    const attempt = {
      ...{
        workspace: 1,
        delivery: 2,
        number: 3,
        started_at: 4,
        duration_ms: 5,
        outcome: 'http',
        status: 500,
      },
      ...{
        error: null,
        note: 'a note',
        address: '192.0.2.1',
        timings: '{}',
        url: 'https://hooks.example.com/',
      },
      ...{ request_headers: '[]', response_headers: '[["a","b"]]', truncated: 1 },
      response_body: Buffer.from('no'),
    };
    await db.insertInto('attempts').values(attempt).execute();
    await db.destroy();
    const store = openSqlite({ directory, clock: realClock });
    expect(await store.migrate()).toEqual([
      '0004_attempts_by_row',
      '0005_slices',
      '0006_runs',
      '0008_start',
      '0009_log_cost',
      '0010_shardable',
      '0011_mails',
      '0012_flows',
      '0013_network',
      '0014_stats',
      '0015_people',
      '0016_jobs',
      '0017_customers',
      '0018_search',
      '0019_trace',
    ]);
    await store.close();
    const after = new DatabaseSync(path, { readOnly: true });
    expect(after.prepare('SELECT * FROM attempts').all()).toEqual([
      { ...attempt, response_body: new Uint8Array(attempt.response_body) },
    ]);
    after.close();
    rmSync(directory, { recursive: true });
  });

  test('P1: a call that is refused takes nothing along of those that are committed with it', async () => {
    const opened = await open();
    const { store } = opened;
    const { workspace, endpoint } = await seed(store);
    const known = anEvent([endpoint]);
    await publishAccepted(store, workspace, [known]);
    // All wait in the thread's queue while it works on the first: one group.
    const calls = Array.from({ length: 30 }, (_, n) => {
      const other = { ...anEvent([endpoint]), id: known.id, hash: 'other' };
      const good = anEvent([endpoint]);
      return { good, isRefused: n % 3 === 1, events: n % 3 === 1 ? [good, other] : [good] };
    });
    const answers = await Promise.all(calls.map(({ events }) => publish(store, workspace, events)));
    expect(answers.map(({ kind }) => kind)).toEqual(
      calls.map(({ isRefused }) => (isRefused ? 'conflict' : 'accepted')),
    );
    for (const { good, isRefused } of calls) {
      expect((await store.findEvent(workspace, good.id)) === null).toBe(isRefused);
    }
    expect((await openItems(store, endpoint)).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 21 }, (_, n) => n + 1),
    );
    await opened.close();
  });

  test('P1, P14: with the disk full a verb is refused and writes nothing; with room again it goes on', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
    const path = join(directory, 'mirsal.db');
    const writer = startThread({ path, mode: 'write' });
    const store = createStore({ writer, reader: startThread({ path, mode: 'write' }), clock: realClock });
    await store.migrate();
    const { workspace, endpoint } = await seed(store);
    // A limit on the file's pages fails as a full disk does (SQLITE_FULL).
    const limit = (pages: number) =>
      writer.run({ kind: 'query', sql: `PRAGMA max_page_count = ${pages}`, parameters: [] });
    await limit(1);
    const events = Array.from({ length: 30 }, () => anEvent([endpoint], { body: `"${'x'.repeat(9_000)}"` }));
    const answers = await Promise.allSettled(events.map((event) => publish(store, workspace, [event])));
    const refused = events.filter((_, index) => answers[index]?.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(StoreUnavailable);
    }
    for (const event of refused) expect(await store.findEvent(workspace, event.id)).toBeNull();
    await limit(1_000_000);
    await publishAccepted(store, workspace, refused);
    const sequences = (await openItems(store, endpoint)).map(({ sequence }) => sequence);
    expect(sequences).toEqual(events.map((_, index) => index + 1));
    await store.close();
    rmSync(directory, { recursive: true });
  });
});

planContract('SQLite', async (logged): Promise<Explained> => {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
  const writer = startThread({ path: copyMigrated(directory), mode: 'write' });
  const db = new Kysely<Schema>({ dialect: threadDialect(writer), log: logged });
  return {
    db,
    dialect: sqliteDialect({ now: () => 0 }),
    async indexes() {
      const found = await sql<{ name: string; definition: string }>`
        SELECT name, sql AS definition FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`.execute(
        db,
      );
      return found.rows;
    },
    // Without ANALYZE, as in production.
    async ready() {},
    async explain(text, parameters) {
      const work = { kind: 'query', sql: `EXPLAIN QUERY PLAN ${text}`, parameters } as const;
      const { rows } = (await writer.run(work)) as { rows: Array<{ detail: string }> };
      // A subquery's rows are scanned, too, under its name; what it reads itself stands beside it.
      const own = new Set(
        rows.flatMap(({ detail }) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(detail)?.[1] ?? []),
      );
      return rows
        .map(({ detail }) => detail)
        .filter((line) => !own.has(/^SCAN (\w+)$/.exec(line)?.[1] ?? ''));
    },
    rowsRead: null,
    readsAll: /^SCAN (events|event_bodies|deliveries|attempts|[edbt])\b/,
    readsWorkspace: /^SCAN o\b|\(workspace=\?\)$/,
    statistics: {
      'of these rows': async () => {
        await sql`ANALYZE`.execute(db);
      },
      'of a time when each workspace had one row': async () => {
        await sql`UPDATE sqlite_stat1 SET stat = '100000 1' WHERE idx LIKE '%_by_workspace'`.execute(db);
        await sql`ANALYZE sqlite_schema`.execute(db);
      },
      none: async () => {
        await sql`DELETE FROM sqlite_stat1`.execute(db);
        await sql`ANALYZE sqlite_schema`.execute(db);
      },
    },
    async close() {
      await db.destroy();
      rmSync(directory, { recursive: true });
    },
  };
});
