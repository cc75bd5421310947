/** Every verb that writes, on PostgreSQL behind a proxy that cuts its connection at each request and each commit. */

import { Kysely, PostgresDialect } from 'kysely';
import { beforeAll, inject } from 'vitest';
import { createDatabase, MIGRATED } from '../../../test/support/postgres.ts';
import { startProxy } from '../../../test/support/proxy.ts';
import { realClock } from '../../real.ts';
import { filledByTests, SLICES_AS_NEW } from '../contract/builders.ts';
import { type Faulty, faultContract } from '../contract/faults.ts';
import { insertNotices } from '../queries/notices.ts';
import type { Schema } from '../schema/schema.ts';
import { openPool } from './pool.ts';
import { openPostgres } from './postgres.ts';

/** Each row of each table as a text, in one statement. */
let everyRow: string;
let removal: string;

let databases = 0;

/** Makes a migrated database; returns its URL. */
function freshDatabase(): Promise<string> {
  databases += 1;
  return createDatabase(inject('postgresUrl'), `faults_${process.pid}_${databases}`, MIGRATED);
}

beforeAll(async () => {
  const pool = openPool({ url: await freshDatabase(), max: 1 });
  const { rows } = await pool.query<{ table: string }>(
    `SELECT table_name AS table FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  everyRow = rows
    .map(({ table }) => `SELECT '${table}' AS table, to_json(t)::text AS row FROM ${table} t`)
    .join(' UNION ALL ');
  removal = filledByTests(rows.map(({ table }) => table))
    .map((table) => `DELETE FROM ${table}`)
    .join(';');
  await pool.end();
});

async function open(): Promise<Faulty> {
  const url = await freshDatabase();
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
      const { rows } = await pool.query<{ table: string; row: string }>({
        // Named, it is planned once for the connection: planning takes longer than looking.
        name: 'every row',
        text: everyRow,
      });
      const byTable = Map.groupBy(rows, ({ table }) => table);
      return new Map([...byTable].map(([table, found]) => [table, found.map(({ row }) => row)]));
    },
    async empty() {
      await pool.query(removal);
      await pool.query(SLICES_AS_NEW);
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
