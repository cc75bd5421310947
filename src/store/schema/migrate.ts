/** Runs the schema's steps and says which ones it did. */

import type { Migration, Migrator } from 'kysely/migration';
import { StoreUnavailable } from '../store.ts';

/** The database is not one that this version can use. The message says what to do. */
export class DatabaseRefused extends Error {
  override readonly name = 'DatabaseRefused';
}

/** SQLSTATE of a table that is there already. */
const DUPLICATE_TABLE = '42P07';
/** SQLSTATE of a missing right. */
const NO_RIGHT = '42501';

/**
 * Brings the schema up to date. Throws DatabaseRefused where the database belongs to a newer version or to
 * another program or may not be changed, StoreUnavailable, and with the step's name where one fails; earlier ones
 * stay done.
 */
export async function migrate(
  migrator: Migrator,
  steps: Record<string, Migration>,
  readDone: () => Promise<string[]>,
): Promise<string[]> {
  refuseUnknown(await readDone(), Object.keys(steps));
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return (results ?? []).map((result) => result.migrationName);
  if (error instanceof StoreUnavailable) throw error;
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === NO_RIGHT && error instanceof Error) {
    throw new DatabaseRefused(
      `The user of MIRSAL_DATABASE_URL may not make Mirsal's tables (${error.message}): let it create in that schema.`,
      { cause: error },
    );
  }
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  const isFirst = failed === Object.keys(steps)[0];
  if (isFirst && code === DUPLICATE_TABLE) {
    throw new DatabaseRefused(
      "This database has tables of another program under Mirsal's names: give Mirsal a database of its own " +
        'with MIRSAL_DATABASE_URL.',
      { cause: error },
    );
  }
  throw new Error(`The database could not be brought up to date (step ${failed ?? '?'}).`, { cause: error });
}

/** `done` are the steps that the database has seen, `known` those of this version. */
function refuseUnknown(done: readonly string[], known: readonly string[]): void {
  const [first = ''] = known;
  const unknown = done.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  if (!done.includes(first)) {
    throw new DatabaseRefused(
      'This database belongs to another program: give Mirsal one of its own with MIRSAL_DATA_DIR or ' +
        'MIRSAL_DATABASE_URL.',
    );
  }
  throw new DatabaseRefused(
    `This database belongs to a newer Mirsal (step ${unknown.join(', ')} is unknown to this version): upgrade ` +
      'to that version or a later one.',
  );
}
