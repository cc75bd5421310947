/** Runs the schema's steps and says which ones it did. */

import type { Migrator } from 'kysely/migration';

/** Brings the schema up to date. Throws with the step's name where one fails; earlier ones stay done. */
export async function migrate(migrator: Migrator): Promise<string[]> {
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error');
    throw new Error(`The database could not be brought up to date (step ${failed?.migrationName ?? '?'}).`, {
      cause: error,
    });
  }
  return (results ?? []).map((result) => result.migrationName);
}
