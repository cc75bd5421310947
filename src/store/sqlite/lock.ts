/**
 * The lock that lets one process at a time use a data directory. It is an exclusive lock on a
 * small SQLite file: the operating system lifts it when the process ends, however it ends. And the check
 * of the database's file before it is opened.
 */

import { accessSync, constants, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseRefused } from '../schema/migrate.ts';

export interface DirectoryLock {
  release(): void;
}

/** Another process uses the data directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';
}

/** SQLite's primary result codes. */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** A database's file and the two that SQLite keeps beside it. */
const SUFFIXES = ['', '-wal', '-shm'];

function codeOf(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null;
}

/** Takes the lock at `path`, or throws at once: DirectoryInUse, or DatabaseRefused where no lock can be made. */
export function lockDirectory(path: string): DirectoryLock {
  // SQLite opens a file that it may not write for reading, and such a lock excludes nobody.
  requireAccess(path);
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path);
    db.exec('PRAGMA busy_timeout = 0');
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db?.close();
    if (codeOf(cause) !== BUSY) {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new DatabaseRefused(
        `The file ${path} cannot be written (${said}): make its directory writable for this user, or choose ` +
          'another with MIRSAL_DATA_DIR.',
        { cause },
      );
    }
    throw new DirectoryInUse(
      `Another Mirsal process is using this data directory (lock: ${path}). Stop it first, or give this ` +
        'one a directory of its own with MIRSAL_DATA_DIR. Several nodes together need PostgreSQL ' +
        '(MIRSAL_DATABASE_URL).',
      { cause },
    );
  }
  const locked = db;
  return { release: () => locked.close() };
}

/** Throws DatabaseRefused where the file at `path` may not be used, is no SQLite database, or another program's. */
export function checkFile(path: string): void {
  for (const suffix of SUFFIXES) requireAccess(path + suffix);
  if (!existsSync(path)) return;
  const tables = readTables(path);
  if (tables.length === 0 || tables.includes('kysely_migration')) return;
  throw new DatabaseRefused(
    `The file ${path} is another program's database: move it away, or choose another directory with MIRSAL_DATA_DIR.`,
  );
}

/** A node that ran as another user, such as root, leaves files that this one may not write. */
function requireAccess(path: string): void {
  if (!existsSync(path)) return;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw new DatabaseRefused(
      `The file ${path} may not be read and written by this user: give it to the user that Mirsal runs as.`,
      { cause },
    );
  }
}

function readTables(path: string): string[] {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    const rows = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    return rows.map(({ name }) => String(name));
  } catch (cause) {
    const code = codeOf(cause);
    const said = cause instanceof Error ? cause.message : String(cause);
    const fault =
      code === NOT_A_DATABASE || code === CORRUPT
        ? 'is no SQLite database, or is damaged'
        : `cannot be opened (${said})`;
    throw new DatabaseRefused(
      `The file ${path} ${fault}: put back a backup, or choose another directory with MIRSAL_DATA_DIR.`,
      { cause },
    );
  } finally {
    db?.close();
  }
}
