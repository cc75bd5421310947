/** The two databases that a test of the whole runs on. */

import { inject } from 'vitest';
import { createDatabase } from './postgres.ts';

export const STORES = ['SQLite', 'PostgreSQL'] as const;
export type StoreName = (typeof STORES)[number];

let databases = 0;

/** The settings that put a node on this kind of database, empty, of its own. */
export async function storeEnv(store: StoreName): Promise<Record<string, string>> {
  if (store === 'SQLite') return {};
  databases += 1;
  return {
    MIRSAL_DATABASE_URL: await createDatabase(
      inject('postgresUrl'),
      `whole_${process.pid}_${Date.now()}_${databases}`,
    ),
  };
}
