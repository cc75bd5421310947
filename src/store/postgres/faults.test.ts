/** Every verb that writes, on PostgreSQL behind a proxy that cuts its connection at each request and each commit. */

import { Kysely, PostgresDialect } from 'kysely';
import { beforeAll, inject } from 'vitest';
import { createDatabase } from '../../../test/support/postgres.ts';
import { startProxy } from '../../../test/support/proxy.ts';
import { realClock } from '../../real.ts';
import { type Faulty, faultContract } from '../contract/faults.ts';
import { insertNotices } from '../notices.ts';
import type { Schema } from '../schema.ts';
import { openPool } from './pool.ts';
import { openPostgres } from './postgres.ts';

/** Each row of each table as a text, in one statement. */
let everyRow: string;

/** A migrated database that the others are copies of. */
const TEMPLATE = `faults_${process.pid}`;
let databases = 0;

beforeAll(async () => {
  const url = await createDatabase(inject('postgresUrl'), TEMPLATE);
  const store = openPostgres({ url, clock: realClock });
  await store.migrate();
  await store.close();
  const pool = openPool({ url, max: 1 });
  const { rows } = await pool.query<{ table: string }>(
    `SELECT table_name AS table FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  everyRow = rows
    .map(({ table }) => `SELECT '${table}' AS table, to_json(t)::text AS row FROM ${table} t`)
    .join(' UNION ALL ');
  // A database that is copied must have no connections.
  await pool.end();
});

async function open(): Promise<Faulty> {
  databases += 1;
  const database = await createDatabase(inject('postgresUrl'), `${TEMPLATE}_${databases}`, TEMPLATE);
  // No server crashes here: waiting for the disk at each of some thousand commits would show nothing more.
  const url = `${database}?options=-c%20synchronous_commit%3Doff`;
  const proxy = await startProxy(url);
  const store = openPostgres({ url: proxy.through(url), clock: realClock });
  const pool = openPool({ url, max: 1 });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  return {
    store,
    insertNotices: (rows) => db.transaction().execute((trx) => insertNotices(trx, rows)),
    arm(fault, nth) {
      proxy.strike({ at: fault === 'answer lost' ? 'end' : 'request', nth, loss: 'cut' });
    },
    disarm() {
      const struck = proxy.struck();
      proxy.heal();
      return struck;
    },
    async dump() {
      const { rows } = await pool.query<{ table: string; row: string }>(everyRow);
      const byTable = Map.groupBy(rows, ({ table }) => table);
      return new Map([...byTable].map(([table, found]) => [table, found.map(({ row }) => row)]));
    },
    async close() {
      await store.close();
      await db.destroy();
      if (!pool.ended) await pool.end();
      await proxy.close();
    },
  };
}

faultContract('PostgreSQL', open);
