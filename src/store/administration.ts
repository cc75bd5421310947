/** Workspaces, API keys and custom event types: the queries, for both databases. */

import type { Kysely, Selectable, Transaction } from 'kysely';
import type { ApiKey, ApiKeyScope, CustomEventType, Workspace, WorkspaceSettings } from './records.ts';
import { DEFAULT_SETTINGS } from './records.ts';
import type { ApiKeysTable, Schema, WorkspacesTable } from './schema.ts';
import type { Store } from './store.ts';

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
    routingVersion: row.routing_version,
    createdAt: row.created_at,
  };
}

function toApiKey(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    key: row.key,
    workspace: row.workspace,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes.split(' ') as ApiKeyScope[],
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
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

type Administration = Pick<
  Store,
  | 'createWorkspace'
  | 'listWorkspaces'
  | 'findWorkspace'
  | 'updateWorkspace'
  | 'createApiKey'
  | 'findApiKey'
  | 'listApiKeys'
  | 'revokeApiKey'
  | 'putEventType'
  | 'deleteEventType'
>;

export function administration(write: Kysely<Schema>, read: Kysely<Schema>): Administration {
  const findWorkspace = async (db: Kysely<Schema>, key: number): Promise<Workspace | null> => {
    const row = await db.selectFrom('workspaces').selectAll().where('key', '=', key).executeTakeFirst();
    return row === undefined ? null : toWorkspace(row);
  };
  return {
    async createWorkspace(workspace) {
      const { settings, createdAt, ...rest } = workspace;
      await write
        .insertInto('workspaces')
        .values({ ...rest, settings: JSON.stringify(settings), routing_version: 1, created_at: createdAt })
        .execute();
    },
    async listWorkspaces() {
      const rows = await read.selectFrom('workspaces').selectAll().orderBy('key').execute();
      return rows.map(toWorkspace);
    },
    findWorkspace: (workspace) => findWorkspace(read, workspace),
    updateWorkspace: (workspace, patch) =>
      write.transaction().execute(async (trx) => {
        const { settings, ...rest } = patch;
        const changes = { ...rest, ...(settings ? { settings: JSON.stringify(settings) } : {}) };
        if (Object.keys(changes).length > 0) {
          await trx.updateTable('workspaces').set(changes).where('key', '=', workspace).execute();
          await moveRouting(trx, workspace);
        }
        return findWorkspace(trx, workspace);
      }),
    async createApiKey({ createdAt, scopes, ...key }) {
      await write
        .insertInto('api_keys')
        .values({ ...key, scopes: scopes.join(' '), created_at: createdAt, revoked_at: null })
        .execute();
    },
    async findApiKey(hash) {
      const row = await read
        .selectFrom('api_keys')
        .selectAll()
        .where('hash', '=', hash)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return row === undefined ? null : toApiKey(row);
    },
    async listApiKeys(workspace) {
      const rows = await read
        .selectFrom('api_keys')
        .selectAll()
        .where('workspace', workspace === null ? 'is' : '=', workspace)
        .orderBy('key', 'desc')
        .execute();
      return rows.map(toApiKey);
    },
    async revokeApiKey(workspace, key, at) {
      const result = await write
        .updateTable('api_keys')
        .set({ revoked_at: at })
        .where('key', '=', key)
        .where('workspace', workspace === null ? 'is' : '=', workspace)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    putEventType: ({ createdAt, updatedAt, ...type }: CustomEventType) =>
      write.transaction().execute(async (trx) => {
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
      }),
    deleteEventType: (workspace, name) =>
      write.transaction().execute(async (trx) => {
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
