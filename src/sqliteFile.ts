/** A file that is, or should be, a database of Mirsal on SQLite, looked at from outside: by backup, restore and doctor. */

import { DatabaseSync } from 'node:sqlite';
import { migrations, SQLITE_TYPES } from './store/schema/migrations.ts';

export interface Looked {
  /** Steps of the schema that it has seen. */
  steps: string[];
  /** What is sealed with the installation's secret; null where it never had one. */
  canary: Uint8Array | null;
}

/** The operator can act on the message. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

/** Throws OperatorError where it is none, or is damaged. A node may run meanwhile. */
export function lookInto(path: string): Looked {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    db.exec('PRAGMA busy_timeout = 5000');
    const [found] = db.prepare('PRAGMA quick_check(1)').all();
    if (found?.quick_check !== 'ok') throw new Error(String(found?.quick_check));
    const steps = db.prepare('SELECT name FROM kysely_migration ORDER BY name').all();
    const kept = db.prepare('SELECT canary FROM installation').get();
    return {
      steps: steps.map(({ name }) => String(name)),
      canary: (kept?.canary as Uint8Array | undefined) ?? null,
    };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${path} is no sound database of Mirsal: ${said}`, { cause: error });
  } finally {
    db?.close();
  }
}

/** Steps that this version does not know, and those of this version that it has not seen. */
export function compareSteps(seen: readonly string[]): { unknown: string[]; missing: string[] } {
  const known = Object.keys(migrations(SQLITE_TYPES));
  return {
    unknown: seen.filter((name) => !known.includes(name)),
    missing: known.filter((name) => !seen.includes(name)),
  };
}
