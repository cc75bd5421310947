/** One SQLite database for a whole run of the tests that has seen all steps; every new one is a copy of it. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { realClock } from '../../src/real.ts';
import { openSqlite } from '../../src/store/sqlite/sqlite.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** For `copyMigrated` (sqlite.ts). */
    sqliteFile: string;
  }
}

let directory: string;

export async function setup(project: TestProject): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
  const store = openSqlite({ directory, clock: realClock });
  await store.migrate();
  await store.close();
  // Closed, the database is one file: a log that was left beside it would be missing from the copies.
  const left = readdirSync(directory).filter((name) => !['mirsal.db', 'mirsal.lock'].includes(name));
  if (left.length > 0) throw new Error(`The database was not closed in good order: ${left.join(', ')}.`);
  project.provide('sqliteFile', join(directory, 'mirsal.db'));
}

export function teardown(): void {
  rmSync(directory, { recursive: true, force: true });
}
