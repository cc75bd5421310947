/** Endpoints, their secrets and lanes, and the routing snapshot: the queries, for both databases. */

import type { Kysely, Selectable, Transaction, Updateable } from 'kysely';
import { moveRouting, toWorkspace } from './administration.ts';
import type { DisabledReason, Endpoint, EndpointPatch, SealedSecret, SecretKind } from './records.ts';
import type { EndpointsTable, Schema, SecretsTable } from './schema.ts';
import { isOpen } from './states.ts';
import type { Store } from './store.ts';

function toSecret(row: Selectable<SecretsTable>): SealedSecret {
  return {
    key: row.key,
    kind: row.kind as SecretKind,
    sealed: row.sealed,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

function toEndpoint(row: Selectable<EndpointsTable>, secrets: readonly SealedSecret[]): Endpoint {
  return {
    key: row.key,
    workspace: row.workspace,
    url: row.url,
    name: row.name,
    eventTypes: JSON.parse(row.event_types) as string[],
    condition: row.condition === null ? null : (JSON.parse(row.condition) as Endpoint['condition']),
    ordering: JSON.parse(row.ordering) as Endpoint['ordering'],
    retry: JSON.parse(row.retry) as Endpoint['retry'],
    timeoutMs: row.timeout_ms,
    sealedHeaders: row.sealed_headers,
    signature: JSON.parse(row.signature) as Endpoint['signature'],
    disabled:
      row.disabled_at === null
        ? null
        : {
            reason: row.disabled_reason as DisabledReason,
            at: row.disabled_at,
            by: row.disabled_by ?? '',
          },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lanes: JSON.parse(row.lanes) as number[],
    secrets,
  };
}

type EndpointColumns = Updateable<EndpointsTable>;

/** The columns that a patch sets. */
function toColumns(patch: EndpointPatch): EndpointColumns {
  const columns: EndpointColumns = {};
  if (patch.url !== undefined) columns.url = patch.url;
  if (patch.name !== undefined) columns.name = patch.name;
  if (patch.eventTypes !== undefined) columns.event_types = JSON.stringify(patch.eventTypes);
  if (patch.condition !== undefined) {
    columns.condition = patch.condition === null ? null : JSON.stringify(patch.condition);
  }
  if (patch.ordering !== undefined) {
    columns.ordering = JSON.stringify(patch.ordering.ordering);
    columns.lanes = JSON.stringify(patch.ordering.lanes);
  }
  if (patch.retry !== undefined) columns.retry = JSON.stringify(patch.retry);
  if (patch.timeoutMs !== undefined) columns.timeout_ms = patch.timeoutMs;
  if (patch.sealedHeaders !== undefined) columns.sealed_headers = patch.sealedHeaders;
  if (patch.signature !== undefined) columns.signature = JSON.stringify(patch.signature);
  return columns;
}

async function createLanes(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  lanes: readonly number[],
): Promise<void> {
  const rows = lanes.map((key) => ({
    key,
    workspace,
    endpoint,
    last_sequence: 0,
    done_sequence: 0,
    owner: null,
    epoch: 0,
  }));
  await trx.insertInto('lanes').values(rows).execute();
}

async function insertSecret(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  secret: SealedSecret,
): Promise<void> {
  const { createdAt, expiresAt, ...rest } = secret;
  await trx
    .insertInto('secrets')
    .values({ ...rest, workspace, endpoint, created_at: createdAt, expires_at: expiresAt })
    .execute();
}

/** Changes one living endpoint and moves the routing; false where there is none to change. */
async function change(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  columns: EndpointColumns,
): Promise<boolean> {
  const result = await trx
    .updateTable('endpoints')
    .set(columns)
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) return false;
  await moveRouting(trx, workspace);
  return true;
}

/** Ends all open deliveries of an endpoint as skipped; returns how many. */
async function skipOpen(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  reason: string,
  at: number,
): Promise<number> {
  const result = await trx
    .updateTable('deliveries')
    .set({ state: 'skipped', reason, ended_at: at, next_attempt_at: null })
    // By way of the lanes: what is open is indexed by lane.
    .where('lane', 'in', (eb) =>
      eb
        .selectFrom('lanes')
        .select('key')
        .where('workspace', '=', workspace)
        .where('endpoint', '=', endpoint),
    )
    .where(isOpen('state'))
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

type Endpoints = Pick<
  Store,
  | 'routing'
  | 'routingVersions'
  | 'createEndpoint'
  | 'updateEndpoint'
  | 'deleteEndpoint'
  | 'disableEndpoint'
  | 'enableEndpoint'
  | 'rotateSecret'
  | 'countOpen'
>;

export function endpoints(write: Kysely<Schema>, read: Kysely<Schema>): Endpoints {
  return {
    ...reading(read),
    createEndpoint: ({ lanes, secrets, ...endpoint }) =>
      write.transaction().execute(async (trx) => {
        await trx
          .insertInto('endpoints')
          .values({
            key: endpoint.key,
            workspace: endpoint.workspace,
            url: endpoint.url,
            name: endpoint.name,
            event_types: JSON.stringify(endpoint.eventTypes),
            condition: endpoint.condition === null ? null : JSON.stringify(endpoint.condition),
            ordering: JSON.stringify(endpoint.ordering),
            retry: JSON.stringify(endpoint.retry),
            timeout_ms: endpoint.timeoutMs,
            sealed_headers: endpoint.sealedHeaders,
            signature: JSON.stringify(endpoint.signature),
            lanes: JSON.stringify(lanes),
            disabled_reason: null,
            disabled_at: null,
            disabled_by: null,
            created_at: endpoint.createdAt,
            updated_at: endpoint.createdAt,
            deleted_at: null,
          })
          .execute();
        await createLanes(trx, endpoint.workspace, endpoint.key, lanes);
        for (const secret of secrets) await insertSecret(trx, endpoint.workspace, endpoint.key, secret);
        await moveRouting(trx, endpoint.workspace);
      }),
    updateEndpoint: (workspace, endpoint, patch, at) =>
      write.transaction().execute(async (trx) => {
        const changed = await change(trx, workspace, endpoint, { ...toColumns(patch), updated_at: at });
        if (changed && patch.ordering !== undefined) {
          await createLanes(trx, workspace, endpoint, patch.ordering.lanes);
        }
        return changed;
      }),
    deleteEndpoint: (workspace, endpoint, at) =>
      write.transaction().execute(async (trx) => {
        const changed = await change(trx, workspace, endpoint, { deleted_at: at });
        if (changed) await skipOpen(trx, workspace, endpoint, 'endpoint_deleted', at);
        return changed;
      }),
    disableEndpoint: (workspace, endpoint, { reason, at, by }) =>
      write
        .transaction()
        .execute((trx) =>
          change(trx, workspace, endpoint, { disabled_reason: reason, disabled_at: at, disabled_by: by }),
        ),
    enableEndpoint: (workspace, endpoint, held, by, at) =>
      write.transaction().execute(async (trx) => {
        const columns = { disabled_reason: null, disabled_at: null, disabled_by: null, updated_at: at };
        if (!(await change(trx, workspace, endpoint, columns))) return null;
        if (held === 'skip') return skipOpen(trx, workspace, endpoint, `skipped_by: ${by}`, at);
        return (await countOpen(trx, workspace, [endpoint])).get(endpoint) ?? 0;
      }),
    rotateSecret: (workspace, endpoint, secret, overlapUntil) =>
      write.transaction().execute(async (trx) => {
        if (!(await change(trx, workspace, endpoint, { updated_at: secret.createdAt }))) return false;
        await trx
          .updateTable('secrets')
          .set({ expires_at: overlapUntil })
          .where('workspace', '=', workspace)
          .where('endpoint', '=', endpoint)
          .where('kind', '=', secret.kind)
          .where('expires_at', 'is', null)
          .execute();
        await insertSecret(trx, workspace, endpoint, secret);
        return true;
      }),
  };
}

async function countOpen(
  db: Kysely<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<Map<number, number>> {
  if (keys.length === 0) return new Map();
  const rows = await db
    .selectFrom('lanes as l')
    .innerJoin('deliveries as d', 'd.lane', 'l.key')
    .select((eb) => ['l.endpoint', eb.fn.countAll<number>().as('open')])
    .where('l.workspace', '=', workspace)
    .where('l.endpoint', 'in', keys)
    .where(isOpen('d.state'))
    .groupBy('l.endpoint')
    .execute();
  return new Map(rows.map((row) => [row.endpoint, row.open]));
}

function reading(read: Kysely<Schema>): Pick<Endpoints, 'routing' | 'routingVersions' | 'countOpen'> {
  return {
    async routing(workspace) {
      // Read before the rest: a change in between makes the next look-up read again, never the reverse.
      const row = await read
        .selectFrom('workspaces')
        .selectAll()
        .where('key', '=', workspace)
        .executeTakeFirst();
      if (row === undefined) return null;
      const [endpointRows, secretRows, typeRows] = await Promise.all([
        read
          .selectFrom('endpoints')
          .selectAll()
          .where('workspace', '=', workspace)
          .where('deleted_at', 'is', null)
          .orderBy('key')
          .execute(),
        read
          .selectFrom('secrets')
          .selectAll()
          .where('workspace', '=', workspace)
          .orderBy('key', 'desc')
          .execute(),
        read
          .selectFrom('event_types')
          .selectAll()
          .where('workspace', '=', workspace)
          .orderBy('name')
          .execute(),
      ]);
      const secrets = Map.groupBy(secretRows, (secret) => secret.endpoint);
      return {
        workspace: toWorkspace(row),
        endpoints: endpointRows.map((endpoint) =>
          toEndpoint(endpoint, (secrets.get(endpoint.key) ?? []).map(toSecret)),
        ),
        eventTypes: typeRows.map(({ created_at, updated_at, ...type }) => ({
          ...type,
          createdAt: created_at,
          updatedAt: updated_at,
        })),
      };
    },
    async routingVersions(workspaces) {
      if (workspaces.length === 0) return new Map();
      const rows = await read
        .selectFrom('workspaces')
        .select(['key', 'routing_version'])
        .where('key', 'in', workspaces)
        .execute();
      return new Map(rows.map((row) => [row.key, row.routing_version]));
    },
    countOpen: (workspace, keys) => countOpen(read, workspace, keys),
  };
}
