/**
 * The secret that stored secrets are sealed with: MIRSAL_SECRET, or a file made beside the data at the first
 * start. A canary in the database, sealed with it, tells whether it is the one that the database was made
 * with: a node with another secret refuses to start, where it would accept events and could sign none.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Config, MIN_SECRET_LENGTH } from './config.ts';
import { createSealer, SEALING_KEY_BYTES, SealBroken, type Sealer } from './core/sealing.ts';
import type { SecretStore } from './store/ports/secret.ts';
import type { Random } from './world.ts';

/** There is no usable secret, or it is not this database's. The message says what to do. */
export class SecretRefused extends Error {
  override readonly name = 'SecretRefused';
}

const CANARY_CONTEXT = 'canary';
const SECRET_CONTEXT = 'endpoint-secret';

type Places = Pick<Config, 'secret' | 'dataDir' | 'databaseUrl'>;

/** The sealer for this database, whose schema is up to date. Throws SecretRefused. */
export async function openSealer(store: SecretStore, config: Places, random: Random): Promise<Sealer> {
  const found = await store.readSealed();
  const isNew = found.canary === null && found.secret === null;
  const key = createHash('sha256')
    .update(findSecret(config, random, isNew))
    .digest();
  const sealer = createSealer(key, (length) => random.bytes(length));
  try {
    // A database of a version that kept no canary proves its secret by what was sealed with it.
    if (found.canary === null && found.secret !== null) sealer.open(SECRET_CONTEXT, found.secret);
    // Of nodes that start at once on an empty database, one writes the canary; all open that one.
    const canary = found.canary ?? (await store.keepCanary(sealer.seal(CANARY_CONTEXT, 'mirsal')));
    openCanary(sealer, canary);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new SecretRefused(explainOtherSecret(config), { cause: error });
  }
  return sealer;
}

/** Of the secret that is there, and of no database; null where there is none. */
export function sealerOf(config: Places, random: Random): Sealer | null {
  const secret = config.secret ?? readIfThere(pathOf(config))?.trim() ?? '';
  if (secret === '') return null;
  return createSealer(createHash('sha256').update(secret).digest(), (length) => random.bytes(length));
}

/** Throws SealBroken where the database was made with another secret. */
export function openCanary(sealer: Sealer, canary: Uint8Array): void {
  sealer.open(CANARY_CONTEXT, canary);
}

function pathOf(config: Places): string {
  return join(config.dataDir, 'secret.key');
}

function explainOtherSecret(config: Places): string {
  if (config.secret !== null) {
    return (
      'MIRSAL_SECRET is not the secret that this database was made with: set the one that it was made with ' +
      '(where it was made without, unset MIRSAL_SECRET and put its secret.key in MIRSAL_DATA_DIR).'
    );
  }
  if (config.databaseUrl !== null) {
    return (
      `The secret in ${pathOf(config)} is not the one that this database was made with: nodes that share ` +
      "PostgreSQL need the same MIRSAL_SECRET (or a copy of the first node's secret.key)."
    );
  }
  return (
    `The secret in ${pathOf(config)} is not the one that this database was made with: put back the secret.key ` +
    'that belongs to it, or set the MIRSAL_SECRET that it was made with.'
  );
}

function findSecret(config: Places, random: Random, isNew: boolean): string {
  if (config.secret !== null) return config.secret;
  const path = pathOf(config);
  let text = readIfThere(path);
  if (text === null) {
    if (!isNew) {
      throw new SecretRefused(
        `This database was made with a secret, and there is no ${path}: put back the secret.key that belongs to ` +
          'it, or set the MIRSAL_SECRET that it was made with' +
          (config.databaseUrl === null ? '.' : '; nodes that share PostgreSQL need the same MIRSAL_SECRET.'),
      );
    }
    makeFile(path, `${Buffer.from(random.bytes(SEALING_KEY_BYTES)).toString('base64')}\n`);
    text = readIfThere(path) ?? '';
  }
  const secret = text.trim();
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new SecretRefused(
      `${path} has ${secret.length} characters, and a secret at least ${MIN_SECRET_LENGTH}: put back the ` +
        'secret.key that belongs to this database, or remove the file if the database is new.',
    );
  }
  return secret;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new SecretRefused(
      `${path} cannot be read (${code}): make it a file that the user may read whom Mirsal runs as, or set ` +
        'MIRSAL_SECRET.',
      { cause: error },
    );
  }
}

function makeFile(path: string, text: string): void {
  try {
    writeWhole(path, text);
  } catch (error) {
    throw new SecretRefused(
      `${path} cannot be written (${(error as NodeJS.ErrnoException).code}): make its directory writable for the ` +
        'user whom Mirsal runs as, choose another with MIRSAL_DATA_DIR, or set MIRSAL_SECRET.',
      { cause: error },
    );
  }
}

/**
 * Makes the file, whole or not at all and readable for its owner only, and leaves alone one that is there:
 * whatever ends the process on the way, nobody ever finds half a secret.
 */
function writeWhole(path: string, text: string): void {
  const directory = join(path, '..');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  // Windows cannot open a directory; there the name is kept with the file.
  if (process.platform === 'win32') return;
  const entry = openSync(directory, 'r');
  fsyncSync(entry);
  closeSync(entry);
}
