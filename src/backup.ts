/**
 * `mirsal backup` and `mirsal restore`: a copy of the SQLite database, made while the node runs, and put back while none does. PostgreSQL has
 * tools of its own for both. The secret is no part of it: a copy and its secret in one place would be all that a thief needs.
 */

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from './config.ts';
import { SealBroken } from './core/sealing.ts';
import { realClock, realRandom } from './real.ts';
import { openCanary, sealerOf } from './secret.ts';
import { compareSteps, lookInto, OperatorError } from './sqliteFile.ts';
import { lockDirectory } from './store/sqlite/lock.ts';

/** What SQLite keeps beside a database: it belongs to that one alone. */
const BESIDE = ['', '-wal', '-shm'];

type Places = Pick<Config, 'dataDir' | 'databaseUrl' | 'secret'>;

function databaseOf({ dataDir, databaseUrl }: Places, verb: string): string {
  if (databaseUrl !== null) {
    throw new OperatorError(
      `This installation is on PostgreSQL, which has tools of its own to ${verb} it (pg_dump, pg_basebackup).`,
    );
  }
  return join(dataDir, 'mirsal.db');
}

/**
 * Resolves to what is to be said. VACUUM INTO copies one moment of the database, however much is written meanwhile; the backup API begins
 * anew with each write of another process.
 */
export async function backup(config: Places, file: string): Promise<string> {
  const source = databaseOf(config, 'back up');
  const target = resolve(file);
  if (!existsSync(source))
    throw new OperatorError(
      `There is no database in ${config.dataDir}: set MIRSAL_DATA_DIR as for the node.`,
    );
  if (existsSync(target)) throw new OperatorError(`${target} is there already: name a new file.`);
  if (!existsSync(dirname(target))) throw new OperatorError(`There is no directory ${dirname(target)}.`);
  const draft = `${target}.${process.pid}.draft`;
  try {
    const db = new DatabaseSync(source, { readOnly: true });
    try {
      db.exec('PRAGMA busy_timeout = 30000');
      db.prepare('VACUUM INTO ?').run(draft);
    } finally {
      db.close();
    }
    chmodSync(draft, 0o600);
    lookInto(draft);
    sync(draft);
    renameSync(draft, target);
    sync(dirname(target));
  } finally {
    rmSync(draft, { force: true });
  }
  const size = (statSync(target).size / 2 ** 20).toFixed(1);
  return `${target}  ${size} MiB\n${aboutSecret(config)}`;
}

function aboutSecret({ secret, dataDir }: Places): string {
  const where = secret === null ? join(dataDir, 'secret.key') : 'MIRSAL_SECRET';
  return `The secret is not in it. Without ${where} the copy can sign nothing: keep that, too, and in another place.\n`;
}

/** Resolves to what is to be said. Throws DirectoryInUse where a node runs. */
export async function restore(config: Places, file: string, { force }: { force: boolean }): Promise<string> {
  const target = databaseOf(config, 'restore');
  const source = resolve(file);
  if (!existsSync(source)) throw new OperatorError(`There is no file ${source}.`);
  const { steps, canary } = lookInto(source);
  const { unknown } = compareSteps(steps);
  if (unknown.length > 0) {
    throw new OperatorError(
      `${source} is of a newer Mirsal (step ${unknown.join(', ')}): restore it with that version.`,
    );
  }
  if (!existsSync(config.dataDir))
    throw new OperatorError(`There is no directory ${config.dataDir}: make it, or set MIRSAL_DATA_DIR.`);
  const lock = lockDirectory(join(config.dataDir, 'mirsal.lock'));
  try {
    const kept = keepOld(target, force);
    const draft = `${target}.${process.pid}.draft`;
    copyFileSync(source, draft);
    chmodSync(draft, 0o600);
    sync(draft);
    renameSync(draft, target);
    sync(config.dataDir);
    return [
      `${source} is the database of ${config.dataDir} now.\n`,
      kept === null ? '' : `What was there before is kept as ${kept}.\n`,
      hasSecretOf(config, canary),
    ].join('');
  } finally {
    lock.release();
  }
}

/** Where the old one lies now; null where there was none. Throws where there is one and nobody said that it may go. */
function keepOld(target: string, force: boolean): string | null {
  if (!existsSync(target)) return null;
  if (!force) {
    throw new OperatorError(
      `${target} is there already: --force puts it aside (it is kept), or choose another MIRSAL_DATA_DIR.`,
    );
  }
  const stamp = new Date(realClock.now()).toISOString().replaceAll(/[:.]/g, '-');
  const kept = `${target}.before-${stamp}`;
  // The log first: a database without its log is one of an earlier moment, a log without its database is nothing.
  for (const suffix of BESIDE.toReversed()) {
    if (existsSync(target + suffix)) renameSync(target + suffix, kept + suffix);
  }
  return kept;
}

function hasSecretOf(config: Places, canary: Uint8Array | null): string {
  const sealer = sealerOf(config, realRandom);
  if (sealer === null)
    return `There is no secret yet: put the secret.key that belongs to it into ${config.dataDir}, or set MIRSAL_SECRET.\n`;
  try {
    if (canary !== null) openCanary(sealer, canary);
    return 'The secret here is the one that it was made with.\n';
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return 'The secret here is NOT the one that it was made with: a node will not start until that is put back.\n';
  }
}

/** A directory's entries, too, are on the disk only then; Windows cannot open one. */
function sync(path: string): void {
  if (process.platform === 'win32' && statSync(path).isDirectory()) return;
  const file = openSync(path, statSync(path).isDirectory() ? 'r' : 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
