/**
 * The first start: a workspace to work in, and the keys to it. Later starts find them in place;
 * keys and an owner named in the environment are made to exist at every start.
 */

import { ConfigError } from './config.ts';
import { makeApiKey, type ParsedApiKey, parseApiKey } from './http/apiKey.ts';
import type { AdministrationStore } from './store/ports/administration.ts';
import { API_KEY_SCOPES, type NewApiKey } from './store/records/administration.ts';
import { DEFAULT_SETTINGS } from './store/records/settings.ts';
import type { Random } from './world.ts';

/** The first workspace has the first key, so that two nodes starting at once make one. */
const FIRST_WORKSPACE = 1;

export interface Bootstrapped {
  /** The first workspace's API key, this once; null where it was made before or came from outside. */
  apiKey: string | null;
  instanceKey: string | null;
}

export async function bootstrap(
  store: AdministrationStore,
  random: Random,
  given: { apiKey: string | null; instanceKey: string | null; ownerEmail: string | null },
  now: number,
  nextKey: () => number,
): Promise<Bootstrapped> {
  // Both are read before anything is made: a fault in one leaves no half of a first start behind.
  const named = {
    workspace: readGivenKey('workspace', given.apiKey),
    instance: readGivenKey('instance', given.instanceKey),
  };
  const made = await makeFirstWorkspace(store, now);
  if (given.ownerEmail !== null) await ensureOwner(store, given.ownerEmail, now);
  // Where the very first start ended before it had made a key, this one does.
  const isFirst = made || (await hasNoKeys(store));
  const ensure = async (kind: 'workspace' | 'instance'): Promise<string | null> => {
    if (named[kind] === null && !isFirst) return null;
    const made = makeApiKey(kind, (length) => random.bytes(length));
    const key = named[kind] ?? made;
    if ((await store.findApiKey(key.hash)) === null) {
      const row: NewApiKey = {
        key: nextKey(),
        workspace: kind === 'workspace' ? FIRST_WORKSPACE : null,
        name: key === made ? 'made at first start' : 'from the environment',
        prefix: key.prefix,
        hash: key.hash,
        scopes: API_KEY_SCOPES,
        createdAt: now,
      };
      await unlessMadeMeanwhile(
        () => store.createApiKey(row, 'system'),
        async () => (await store.findApiKey(key.hash)) !== null,
      );
    }
    return key === made ? made.text : null;
  };
  return {
    apiKey: await ensure('workspace'),
    instanceKey: await ensure('instance'),
  };
}

async function hasNoKeys(store: AdministrationStore): Promise<boolean> {
  const keys = await Promise.all([store.listApiKeys(FIRST_WORKSPACE), store.listApiKeys(null)]);
  return keys.every((list) => list.length === 0);
}

/** True for the one node that made it. */
async function makeFirstWorkspace(store: AdministrationStore, now: number): Promise<boolean> {
  const isThere = async (): Promise<boolean> => (await store.findWorkspace(FIRST_WORKSPACE)) !== null;
  if (await isThere()) return false;
  return unlessMadeMeanwhile(
    () =>
      store.createWorkspace({
        key: FIRST_WORKSPACE,
        name: 'Default',
        plan: 'self-hosted',
        settings: DEFAULT_SETTINGS,
        owners: [],
        createdAt: now,
      }),
    isThere,
  );
}

/** Whoever is named as an owner already stays so. */
async function ensureOwner(store: AdministrationStore, email: string, now: number): Promise<void> {
  const workspace = await store.findWorkspace(FIRST_WORKSPACE);
  if (workspace === null || workspace.owners.length > 0) return;
  const owners = [{ email, language: workspace.settings.language }];
  await store.updateWorkspace(FIRST_WORKSPACE, { owners }, now, 'system');
}

/** Nodes that start at once on an empty database all try; false where another was quicker. */
async function unlessMadeMeanwhile(
  make: () => Promise<unknown>,
  isThere: () => Promise<boolean>,
): Promise<boolean> {
  try {
    await make();
    return true;
  } catch (error) {
    if (await isThere()) return false;
    throw error;
  }
}

/** Throws ConfigError. */
function readGivenKey(
  kind: 'workspace' | 'instance',
  text: string | null,
): Extract<ParsedApiKey, { ok: true }> | null {
  if (text === null) return null;
  const parsed = parseApiKey(text);
  if (parsed.ok) return parsed;
  const name = kind === 'workspace' ? 'MIRSAL_BOOTSTRAP_API_KEY' : 'MIRSAL_BOOTSTRAP_INSTANCE_KEY';
  throw new ConfigError(`${name} is not usable: ${parsed.message}`);
}
