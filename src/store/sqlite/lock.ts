/**
 * The lock that lets one process at a time use a data directory. It is an exclusive lock on a
 * small SQLite file: the operating system lifts it when the process ends, however it ends.
 */

import { DatabaseSync } from 'node:sqlite';

export interface DirectoryLock {
  release(): void;
}

/** Another process uses the data directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';
}

/** Takes the lock at `path`, or throws DirectoryInUse at once. */
export function lockDirectory(path: string): DirectoryLock {
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA busy_timeout = 0');
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw new DirectoryInUse(
      `Another Mirsal process is using this data directory (lock: ${path}). Stop it first, or give this ` +
        'one a directory of its own with MIRSAL_DATA_DIR. Several nodes together need PostgreSQL ' +
        '(MIRSAL_DATABASE_URL).',
      { cause },
    );
  }
  return { release: () => db.close() };
}
