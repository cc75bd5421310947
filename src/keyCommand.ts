/**
 * `mirsal key`: a new API key for an installation whose keys are lost, made directly on the database.
 * SQLite's directory belongs to one process, so that the node is stopped first; with PostgreSQL nodes run on.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError } from './config.ts';
import { SECOND } from './core/duration.ts';
import { createKeyMaker, parseId } from './core/ids.ts';
import { makeApiKey } from './http/apiKey.ts';
import { realClock, realRandom } from './real.ts';
import { openStore } from './serve.ts';
import type { AdministrationStore } from './store/ports/administration.ts';
import type { NodeStore } from './store/ports/nodes.ts';
import { API_KEY_SCOPES } from './store/records/administration.ts';

export interface KeyOptions {
  /** A public id, `ws_…`; the first workspace where none is named. */
  workspace?: string;
  instance?: boolean;
  name?: string;
}

/** Who made it, in the audit log. */
const OPERATOR = 'command line';
const FIRST_WORKSPACE = 1;
const MAX_NAME_LENGTH = 200;
/** While the key is made, this process has a slot of its own to number it from. */
const LEASE_MS = 30 * SECOND;

/** Makes a key of all scopes; resolves to its text. Throws ConfigError where the options name nothing. */
export async function makeKey(config: Config, options: KeyOptions): Promise<string> {
  const workspace = readWorkspace(options);
  const name = options.name?.trim() || 'made at the command line';
  if (name.length > MAX_NAME_LENGTH) {
    throw new ConfigError(`--name has at most ${MAX_NAME_LENGTH} characters.`);
  }
  // A start of the node makes databases; a mistaken path makes none here.
  if (config.databaseUrl === null && !existsSync(join(config.dataDir, 'mirsal.db'))) {
    throw new ConfigError(`There is no database in ${config.dataDir}: set MIRSAL_DATA_DIR as for the node.`);
  }
  const store = openStore(config, realClock);
  try {
    await store.migrate();
    if ((await store.findWorkspace(workspace ?? FIRST_WORKSPACE)) === null) {
      throw new ConfigError(
        `There is no workspace ${options.workspace ?? ''} in this database. `.replace('  ', ' ') +
          'The first start of `mirsal serve` makes one, with its keys; check MIRSAL_DATA_DIR or MIRSAL_DATABASE_URL.',
      );
    }
    return await create(store, workspace, name);
  } finally {
    await store.close();
  }
}

/** Null for the installation itself. */
function readWorkspace({ workspace, instance = false }: KeyOptions): number | null {
  if (workspace === undefined) return instance ? null : FIRST_WORKSPACE;
  const key = parseId('ws', workspace);
  if (instance || key === null) {
    throw new ConfigError(
      `--workspace takes a workspace's id such as ws_1, without --instance; this is "${workspace}".`,
    );
  }
  return key;
}

async function create(
  store: AdministrationStore & NodeStore,
  workspace: number | null,
  name: string,
): Promise<string> {
  const random = (length: number): Uint8Array => realRandom.bytes(length);
  const node = `key-${Buffer.from(random(8)).toString('hex')}`;
  const { slots, largestKey, now } = await store.registerNode(node, { leaseMs: LEASE_MS, sends: false });
  try {
    const made = makeApiKey(workspace === null ? 'instance' : 'workspace', random);
    const { text, prefix, hash } = made;
    const key = createKeyMaker(slots, largestKey).next(now);
    const row = { key, workspace, name, prefix, hash, scopes: API_KEY_SCOPES, createdAt: now };
    await store.createApiKey(row, OPERATOR);
    return text;
  } finally {
    await store.unregisterNode(node);
  }
}
