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

/** A migrated database that the others are copies of. */
const TEMPLATE = `faults_${process.pid}`;
let databases = 0;

beforeAll(async () => {
  const store = openPostgres({
    url: await createDatabase(inject('postgresUrl'), TEMPLATE),
    clock: realClock,
  });
  await store.migrate();
  await store.close();
});

async function open(): Promise<Faulty> {
  databases += 1;
  const url = await createDatabase(inject('postgresUrl'), `${TEMPLATE}_${databases} TEMPLATE ${TEMPLATE}`);
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
      const { rows } = await pool.query<{ table: string }>(
        `SELECT table_name AS table FROM information_schema.tables WHERE table_schema = 'public'`,
      );
      const dump = new Map<string, string[]>();
      for (const { table } of rows) {
        const found = await pool.query<{ row: string }>(`SELECT to_json(t)::text AS row FROM ${table} t`);
        dump.set(
          table,
          found.rows.map(({ row }) => row),
        );
      }
      return dump;
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
