/** The two databases that a test of the whole runs on. */

import pg from 'pg';
import { inject } from 'vitest';
import { createDatabase, MIGRATED } from './postgres.ts';
import { copyMigrated } from './sqlite.ts';

export const STORES = ['SQLite', 'PostgreSQL'] as const;
export type StoreName = (typeof STORES)[number];

let databases = 0;

/**
 * The settings that put a node on this kind of database, of its own: no rows, the schema in place. On SQLite it is
 * made in `directory`, the node's; `startServed` makes it itself.
 */
export async function storeEnv(store: StoreName, directory?: string): Promise<Record<string, string>> {
  if (store === 'SQLite') {
    if (directory !== undefined) copyMigrated(directory);
    return {};
  }
  databases += 1;
  return {
    MIRSAL_DATABASE_URL: await createDatabase(
      inject('postgresUrl'),
      `whole_${process.pid}_${Date.now()}_${databases}`,
      MIGRATED,
    ),
  };
}

/**
 * Moves the leases of nodes that were killed into the past, so that what they owned is free at once; on
 * SQLite they have none. That a lease runs out by itself is shown by test/nodes.test.ts.
 */
export async function expireLeases({ MIRSAL_DATABASE_URL }: Record<string, string>): Promise<void> {
  if (MIRSAL_DATABASE_URL === undefined) return;
  const client = new pg.Client({ connectionString: MIRSAL_DATABASE_URL });
  await client.connect();
  await client.query('UPDATE nodes SET lease_until = 0');
  await client.end();
}
