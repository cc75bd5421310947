/** One PostgreSQL server for a whole run of the tests; each test file makes databases of its own. */

import type { TestProject } from 'vitest/node';
import { realClock } from '../../src/real.ts';
import { openPostgres } from '../../src/store/postgres/postgres.ts';
import { createDatabase, MIGRATED, type PostgresServer, startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** For `createDatabase` (postgres.ts). */
    postgresUrl: string;
  }
}

let server: PostgresServer;

export async function setup(project: TestProject): Promise<void> {
  // Whoever means to crash a server starts one of its own. This one outlives every test, so that nothing is
  // shown by waiting for the disk; and its hundreds of databases would each be visited by a cleaner every minute.
  server = await startPostgres({
    ...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' },
    ...{ wal_level: 'minimal', max_wal_senders: '0', max_wal_size: '4GB', checkpoint_timeout: '1d' },
    // What 200,000 rows of a few tables need, so that they are not written out and read back again and again.
    ...{ shared_buffers: '256MB', maintenance_work_mem: '128MB', jit: 'off' },
  });
  project.provide('postgresUrl', server.url());
  // The steps are done once: every new database is a copy of one that has seen them.
  const store = openPostgres({ url: await createDatabase(server.url(), MIGRATED), clock: realClock });
  await store.migrate();
  await store.close();
}

export async function teardown(): Promise<void> {
  await server.stop();
}
