/** Workspaces, API keys and custom event types: the queries, for both databases. */

import type { Kysely, Selectable, Transaction } from 'kysely';
import { formatId } from '../../core/ids.ts';
import type { AdministrationStore } from '../ports/administration.ts';
import type { SecretStore } from '../ports/secret.ts';
import type {
  ApiKey,
  ApiKeyScope,
  Suspension,
  Workspace,
  WorkspacePatch,
} from '../records/administration.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  type Recipient,
  type WorkspaceSettings,
} from '../records/settings.ts';
import { INSTALLATION, type Schema } from '../schema/schema.ts';
import type { ApiKeysTable, WorkspacesTable } from '../schema/workspaceTables.ts';
import { RoutingMoved } from '../store.ts';
import { insertAudit } from './audit.ts';

/** Settings that were added after a workspace was made have their defaults there. */
export function readSettings(text: string): WorkspaceSettings {
  return { ...DEFAULT_SETTINGS, ...(JSON.parse(text) as Partial<WorkspaceSettings>) };
}

export function toWorkspace(row: Selectable<WorkspacesTable>): Workspace {
  return {
    key: row.key,
    name: row.name,
    plan: row.plan,
    settings: readSettings(row.settings),
    owners: JSON.parse(row.owners) as Recipient[],
    routingVersion: row.routing_version,
    createdAt: row.created_at,
    externalId: row.external_id,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    suspended:
      row.suspended_at === null
        ? null
        : {
            mode: row.suspended_mode as Suspension['mode'],
            reason: row.suspended_reason,
            at: row.suspended_at,
            by: row.suspended_by ?? '',
          },
  };
}

function toApiKey(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    key: row.key,
    workspace: row.workspace === INSTALLATION ? null : row.workspace,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes.split(' ') as ApiKeyScope[],
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    expiresAt: row.expires_at,
  };
}

/** To be part of the transaction of every change that routing or sending must see. */
export async function moveRouting(trx: Transaction<Schema>, workspace: number): Promise<void> {
  await trx
    .updateTable('workspaces')
    .set((eb) => ({ routing_version: eb('routing_version', '+', 1) }))
    .where('key', '=', workspace)
    .execute();
}

/** Makes other changes of the workspace wait, so that what is read now is what this change replaces. */
export async function lockWorkspace(trx: Transaction<Schema>, workspace: number): Promise<void> {
  await trx
    .updateTable('workspaces')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('key', '=', workspace)
    .execute();
}

/** Likewise, and tells whether routing is still at that version; any will do where none is given. */
export async function lockAtVersion(
  trx: Transaction<Schema>,
  workspace: number,
  routingVersion: number | undefined,
): Promise<boolean> {
  await lockWorkspace(trx, workspace);
  if (routingVersion === undefined) return true;
  const row = await trx
    .selectFrom('workspaces')
    .select('routing_version')
    .where('key', '=', workspace)
    .executeTakeFirst();
  return row?.routing_version === routingVersion;
}

/** Likewise; throws RoutingMoved where it is not. Asks nothing where no version is given. */
export async function requireVersion(
  trx: Transaction<Schema>,
  workspace: number,
  routingVersion: number | undefined,
): Promise<void> {
  if (routingVersion === undefined || (await lockAtVersion(trx, workspace, routingVersion))) return;
  throw new RoutingMoved(`Workspace ${workspace} is no longer at routing version ${routingVersion}.`);
}

/** What of a workspace an update replaces: by member, from what to what. */
function changesOf(
  before: Workspace,
  patch: Omit<WorkspacePatch, 'settings'> & { settings: WorkspaceSettings | undefined },
): Record<string, { from: unknown; to: unknown }> {
  const { settings, ...rest } = patch;
  const { name, plan, owners } = before;
  const old: Record<string, unknown> = { ...before.settings, name, plan, owners };
  const members = Object.entries({ ...settings, ...rest }).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name]),
  );
  return Object.fromEntries(members.map(([name, to]) => [name, { from: old[name], to }]));
}

/** Null where there is none, or none any more. */
export async function findWorkspace(db: Kysely<Schema>, key: number): Promise<Workspace | null> {
  const row = await db
    .selectFrom('workspaces')
    .selectAll()
    .where('key', '=', key)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toWorkspace(row);
}

/** The workspace that has it already; null where this one has it from now on. */
export async function takeExternalId(
  trx: Transaction<Schema>,
  workspace: number,
  externalId: string,
): Promise<number | null> {
  // Written, also where it is another's: whoever gives it up meanwhile is waited for.
  const { workspace: owner } = await trx
    .insertInto('external_ids')
    .values({ external_id: externalId, workspace })
    .onConflict((conflict) =>
      conflict.column('external_id').doUpdateSet((eb) => ({ workspace: eb.ref('external_ids.workspace') })),
    )
    .returning('workspace')
    .executeTakeFirstOrThrow();
  return owner === workspace ? null : owner;
}

/** Changes a workspace that is locked; as it is then. */
export async function patchWorkspace(
  trx: Transaction<Schema>,
  before: Workspace,
  { owners, settings: given, ...rest }: WorkspacePatch,
  at: number,
  by: string,
): Promise<Workspace | null> {
  const workspace = before.key;
  const settings = given && mergeSettings(before.settings, given);
  const columns = {
    ...rest,
    ...(settings ? { settings: JSON.stringify(settings) } : {}),
    ...(owners ? { owners: JSON.stringify(owners) } : {}),
  };
  if (Object.keys(columns).length === 0) return before;
  await trx.updateTable('workspaces').set(columns).where('key', '=', workspace).execute();
  await moveRouting(trx, workspace);
  const changed = changesOf(before, { ...rest, ...(owners ? { owners } : {}), settings });
  if (Object.keys(changed).length > 0) {
    await insertAudit(trx, {
      workspace,
      actor: by,
      action: settings ? 'settings.updated' : 'workspace.updated',
      target: formatId('ws', workspace),
      details: { changed },
      at,
    });
  }
  return findWorkspace(trx, workspace);
}

type Administration = AdministrationStore & SecretStore;

export function administration(write: Kysely<Schema>, read: Kysely<Schema>): Administration {
  return {
    async readSealed() {
      const kept = await read.selectFrom('installation').select('canary').executeTakeFirst();
      const sealed = await read.selectFrom('secrets').select('sealed').limit(1).executeTakeFirst();
      return { canary: kept?.canary ?? null, secret: sealed?.sealed ?? null };
    },
    async keepCanary(canary) {
      await write
        .insertInto('installation')
        .values({ id: 1, canary })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
      const kept = await write.selectFrom('installation').select('canary').executeTakeFirstOrThrow();
      return kept.canary;
    },
    createWorkspace: ({ key, name, plan, settings, owners, createdAt, externalId = null, metadata = {} }) =>
      write.transaction().execute(async (trx) => {
        if (externalId !== null) {
          const owner = await takeExternalId(trx, key, externalId);
          if (owner !== null) return owner;
        }
        await trx
          .insertInto('workspaces')
          .values({
            ...{ key, name, plan },
            settings: JSON.stringify(settings),
            owners: JSON.stringify(owners),
            routing_version: 1,
            created_at: createdAt,
            external_id: externalId,
            metadata: JSON.stringify(metadata),
          })
          .execute();
        return null;
      }),
    async listWorkspaces() {
      const rows = await read
        .selectFrom('workspaces')
        .selectAll()
        .where('deleted_at', 'is', null)
        .orderBy('key')
        .execute();
      return rows.map(toWorkspace);
    },
    findWorkspace: (workspace) => findWorkspace(read, workspace),
    updateWorkspace: (workspace, patch, at, by, routingVersion) =>
      write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        await lockWorkspace(trx, workspace);
        const before = await findWorkspace(trx, workspace);
        return before === null ? null : patchWorkspace(trx, before, patch, at, by);
      }),
    createApiKey: ({ createdAt, scopes, hash, expiresAt = null, ...key }, by) =>
      write.transaction().execute(async (trx) => {
        const workspace = key.workspace ?? INSTALLATION;
        await trx.insertInto('api_key_hashes').values({ hash, workspace, api_key: key.key }).execute();
        await trx
          .insertInto('api_keys')
          .values({
            ...{ ...key, workspace, scopes: scopes.join(' '), created_at: createdAt, revoked_at: null },
            expires_at: expiresAt,
          })
          .execute();
        await insertAudit(trx, {
          workspace: key.workspace,
          actor: by,
          action: 'api_key.created',
          target: formatId('key', key.key),
          details: {
            name: key.name,
            prefix: key.prefix,
            scopes,
            ...(expiresAt === null ? {} : { expiresAt }),
          },
          at: createdAt,
        });
      }),
    async findApiKey(hash) {
      const place = await read
        .selectFrom('api_key_hashes')
        .select(['workspace', 'api_key'])
        .where('hash', '=', hash)
        .executeTakeFirst();
      if (place === undefined) return null;
      const row = await read
        .selectFrom('api_keys')
        .selectAll()
        .where('workspace', '=', place.workspace)
        .where('key', '=', place.api_key)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return row === undefined ? null : toApiKey(row);
    },
    async listApiKeys(workspace) {
      const rows = await read
        .selectFrom('api_keys')
        .selectAll()
        .where('workspace', '=', workspace ?? INSTALLATION)
        .orderBy('key', 'desc')
        .execute();
      return rows.map(toApiKey);
    },
    revokeApiKey: (workspace, key, at, by) =>
      write.transaction().execute(async (trx) => {
        const [revoked] = await trx
          .updateTable('api_keys')
          .set({ revoked_at: at })
          .where('key', '=', key)
          .where('workspace', '=', workspace ?? INSTALLATION)
          .where('revoked_at', 'is', null)
          .returning(['name', 'prefix'])
          .execute();
        if (revoked === undefined) return false;
        const target = formatId('key', key);
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'api_key.revoked',
          target,
          details: revoked,
          at,
        });
        return true;
      }),
    putEventType: ({ createdAt, updatedAt, ...type }, routingVersion) =>
      write.transaction().execute(async (trx) => {
        if (!(await lockAtVersion(trx, type.workspace, routingVersion))) return false;
        await trx
          .insertInto('event_types')
          .values({ ...type, created_at: createdAt, updated_at: updatedAt })
          .onConflict((conflict) =>
            conflict
              .columns(['workspace', 'name'])
              .doUpdateSet({ definition: type.definition, updated_at: updatedAt }),
          )
          .execute();
        await moveRouting(trx, type.workspace);
        return true;
      }),
    deleteEventType: (workspace, name, routingVersion) =>
      write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        const result = await trx
          .deleteFrom('event_types')
          .where('workspace', '=', workspace)
          .where('name', '=', name)
          .executeTakeFirst();
        await moveRouting(trx, workspace);
        return result.numDeletedRows > 0n;
      }),
  };
}
