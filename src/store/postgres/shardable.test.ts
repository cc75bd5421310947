/**
 * Whether the schema and the statements suit a PostgreSQL that spreads its tables over servers by workspace (such as
 * Citus). Such a server takes a unique key only where it contains the workspace, takes locks and writes of one
 * statement in one workspace only, and no clock of its own in them.
 *
 * The schema is read from the catalog. The statements are those that the verbs really run; each is explained on a
 * copy of the database whose growing tables are partitioned by workspace. A statement that the planner cannot
 * bring down to one partition does not name its workspace for every table in it.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createDatabase, MIGRATED } from '../../../test/support/postgres.ts';
import { realClock } from '../../real.ts';
import { seed } from '../contract/builders.ts';
import { CASES } from '../contract/faultCases.ts';
import type { Scene } from '../contract/faultScenes.ts';
import { SHARDING_SCENES } from '../contract/shardingScenes.ts';
import { insertNotices } from '../queries/notices.ts';
import type { Schema } from '../schema/schema.ts';
import type { Store } from '../store.ts';
import { openPool } from './pool.ts';
import { openPostgres } from './postgres.ts';

/** Tables that are whole on every server. They are small, and grow with no workspace's traffic. */
const GLOBAL: Record<string, string> = {
  kysely_migration: 'the steps that were done',
  kysely_migration_lock: 'one row',
  installation: 'one row',
  nodes: 'a row a node',
  slices: '256 rows',
  api_key_hashes: 'who calls says the key alone: it tells the workspace',
  external_ids: 'who asks says the external id alone: it tells the workspace',
  bin_tokens: "a bin's address says the token alone: it tells the workspace",
  people: 'a row a person, who may be in several workspaces',
  person_accounts: 'likewise',
  person_sessions: 'a cookie says the token alone; a row a browser, for days',
  verifications: 'a mail says the token alone; they are deleted when used, and by the next one when old',
  owner_setup: 'one row',
};

/** Verbs whose reads name their workspace, too: publishing, loading and recording. */
const HOT = ['publish', 'readLanesOf', 'loadLane', 'readBody', 'settleLanes', 'record'];

const PARTITIONS = 4;

interface Ran {
  verb: string;
  text: string;
  values: readonly unknown[];
}

const ran: Ran[] = [];
let tables: string[];
let growing: string[];
let plain: pg.Pool;
let partitioned: pg.Pool;

/** The column that holds the workspace. */
const columnOf = (table: string): string => (table === 'workspaces' ? 'key' : 'workspace');

async function namesOf(pool: pg.Pool, query: string): Promise<string[]> {
  return (await pool.query<{ name: string }>(query)).rows.map(({ name }) => name);
}

/** Puts a partitioned table in the place of each growing one; PostgreSQL refuses where a unique key has no workspace. */
async function partition(pool: pg.Pool): Promise<void> {
  for (const table of growing) {
    await pool.query(`ALTER TABLE ${table} RENAME TO whole`);
    await pool.query(`CREATE TABLE ${table} (LIKE whole INCLUDING DEFAULTS INCLUDING INDEXES)
      PARTITION BY HASH (${columnOf(table)})`);
    await pool.query('DROP TABLE whole');
    for (let rest = 0; rest < PARTITIONS; rest += 1) {
      await pool.query(`CREATE TABLE ${table}_part${rest} PARTITION OF ${table}
        FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER ${rest})`);
    }
  }
}

/** Runs every verb that writes, and scenes of publishing and recording with all that they set off. */
async function runEverything(url: string): Promise<void> {
  const verb = new AsyncLocalStorage<string>();
  const query = pg.Client.prototype.query as (...parameters: unknown[]) => unknown;
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...parameters: unknown[]
  ) {
    const [config, values] = parameters as [string | pg.QueryConfig, unknown[] | undefined];
    const text = typeof config === 'string' ? config : config.text;
    const given = typeof config === 'string' ? values : config.values;
    const by = verb.getStore();
    if (by !== undefined) ran.push({ verb: by, text, values: Array.isArray(given) ? given : [] });
    return query.apply(this, parameters);
  } as never);
  const opened = openPostgres({ url, clock: realClock });
  const store = new Proxy(opened, {
    get(target, name: keyof Store) {
      const member = target[name] as unknown;
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]) => verb.run(name, () => member.apply(target, parameters));
    },
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: openPool({ url, max: 1 }) }) });
  const insert: Scene['insertNotices'] = (rows) =>
    db.transaction().execute((trx) => insertNotices(trx, rows));
  for (const { given } of Object.values(CASES)) {
    const { call } = await given({ store, insertNotices: insert, ...(await seed(store)) });
    await call();
  }
  for (const scene of SHARDING_SCENES) await scene({ store, insertNotices: insert, ...(await seed(store)) });
  await db.destroy();
  await opened.close();
  spy.mockRestore();
}

beforeAll(async () => {
  const url = await createDatabase(inject('postgresUrl'), `shardable_${process.pid}`, MIGRATED);
  plain = openPool({ url, max: 1 });
  tables = await namesOf(plain, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
  growing = tables.filter((table) => GLOBAL[table] === undefined);
  partitioned = openPool({
    url: await createDatabase(inject('postgresUrl'), `shardable_${process.pid}_copy`, MIGRATED),
    max: 1,
  });
});

afterAll(async () => {
  await plain.end();
  await partitioned.end();
});

test('the tables that are whole on every server are those that are named', () => {
  expect(Object.keys(GLOBAL).filter((table) => !tables.includes(table))).toEqual([]);
  expect(tables.length).toBeGreaterThan(20);
});

test('each unique key of a table that grows contains the workspace, which is never null', async () => {
  const { rows } = await plain.query<{ table: string; index: string; columns: string[] }>(`
    SELECT t.relname AS table, i.relname AS index, array(SELECT a.attname::text FROM pg_attribute a
      WHERE a.attrelid = t.oid AND a.attnum = ANY (x.indkey)) AS columns
    FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE t.relnamespace = 'public'::regnamespace AND x.indisunique`);
  const ofGrowing = rows.filter(({ table }) => growing.includes(table));
  expect(ofGrowing.length).toBeGreaterThanOrEqual(growing.length);
  expect(ofGrowing.filter(({ table, columns }) => !columns.includes(columnOf(table)))).toEqual([]);
  const never = await namesOf(
    plain,
    `SELECT c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind = 'r' AND a.attnotnull
      AND a.attname = CASE WHEN c.relname = 'workspaces' THEN 'key' ELSE 'workspace' END`,
  );
  expect(growing.filter((table) => !never.includes(table))).toEqual([]);
});

const WRITES = /\b(insert into|update|delete from)\s+"?(\w+)"?|\bfor (no key )?(update|(key )?share)\b/i;
const CLOCK =
  /\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid)\s*\(|\b(current_(timestamp|date|time)|localtime(stamp)?)\b/i;
const INSERTS = /\binsert into "?(\w+)"?\s*\(([^)]*)\)/gi;
const TARGETS = /\b(?:insert into|update|delete from)\s+"?(\w+)"?/gi;

interface Node {
  'Relation Name'?: string;
  Plans?: Node[];
}

function relationsOf(node: Node): string[] {
  const { 'Relation Name': own, Plans: below = [] } = node;
  return [...(own === undefined ? [] : [own]), ...below.flatMap(relationsOf)];
}

/** What a sharded PostgreSQL would not do; empty for a statement that suits it. */
async function faultsOf({ verb, text, values }: Ran): Promise<string[]> {
  if (!/^\s*(with|select|insert|update|delete)\b/i.test(text)) return [];
  const faults: string[] = [];
  const writes = WRITES.test(text);
  if (writes && CLOCK.test(text)) faults.push('reads a clock or chance');
  for (const [, table = '', columns = ''] of text.matchAll(INSERTS)) {
    const named = columns.split(',').map((column) => column.trim().replaceAll('"', ''));
    if (growing.includes(table) && !named.includes(columnOf(table))) {
      faults.push(`inserts into ${table} without the workspace`);
    }
  }
  if (!writes && !HOT.includes(verb)) return faults;
  const { rows } = await partitioned.query<{ 'QUERY PLAN': Array<{ Plan: Node }> }>(
    `EXPLAIN (FORMAT JSON, COSTS OFF) ${text}`,
    [...values],
  );
  const parts = relationsOf(rows[0]?.['QUERY PLAN'][0]?.Plan ?? {}).filter((name) => /_part\d$/.test(name));
  const shards = new Set(parts.map((name) => name.at(-1)));
  if (shards.size > 1) faults.push(`is of more than one workspace: ${parts.sort().join(' ')}`);
  return faults;
}

describe('statements', () => {
  beforeAll(async () => {
    await partition(partitioned);
    await runEverything(plain.options.connectionString ?? '');
  });

  test('each statement that writes or locks is of one workspace, and so are all of publishing, loading and recording', async () => {
    const wrong = new Set<string>();
    for (const statement of ran) {
      const faults = await faultsOf(statement);
      for (const fault of faults) wrong.add(`${statement.verb}: ${fault}\n${statement.text}`);
    }
    expect([...wrong]).toEqual([]);
  });

  test('no growing table is left out by what was looked at, nor any of the verbs', () => {
    const written = new Set(ran.flatMap(({ text }) => [...text.matchAll(TARGETS)].map(([, table]) => table)));
    expect(growing.filter((table) => !written.has(table))).toEqual([]);
    const verbs = new Set(ran.map(({ verb }) => verb));
    expect([...HOT, ...Object.keys(CASES)].filter((verb) => !verbs.has(verb))).toEqual([]);
  });

  test.each([
    ["UPDATE mails SET state = 'sent' WHERE key = $1", [1], 'more than one workspace'],
    [
      'DELETE FROM deliveries WHERE lane IN (SELECT key FROM lanes WHERE workspace = $1)',
      [1],
      'more than one workspace',
    ],
    ['SELECT key FROM lanes WHERE key = $1 FOR UPDATE', [1], 'more than one workspace'],
    ['SELECT r.key FROM runs r ORDER BY r.key FOR SHARE OF r SKIP LOCKED', [], 'more than one workspace'],
    ['INSERT INTO failing (endpoint, since) VALUES ($1, 1)', [1], 'without the workspace'],
    [
      'UPDATE runs SET wake_at = 0 WHERE workspace = $1 AND wake_at < extract(epoch FROM now())',
      [1],
      'reads a clock',
    ],
  ])('%s does not suit it', async (text, values, fault) => {
    const faults = await faultsOf({ verb: 'a verb', text, values });
    expect(faults).toEqual([expect.stringContaining(fault)]);
  });
});
