/** Endpoints, their secrets and lanes, and the routing snapshot: the queries, for both databases. */

import type { Kysely, Selectable, Transaction, Updateable } from 'kysely';
import { formatId } from '../../core/ids.ts';
import { readExact } from '../../core/json/exact.ts';
import type { Dialect } from '../dialect.ts';
import type { EndpointStore } from '../ports/endpoints.ts';
import type { LaneStore } from '../ports/lanes.ts';
import type { RoutingStore } from '../ports/routing.ts';
import type {
  DisabledReason,
  Endpoint,
  EndpointPatch,
  SealedSecret,
  SecretKind,
  SignatureSettings,
} from '../records/endpoints.ts';
import type { EndpointsTable, Schema, SecretsTable } from '../schema/schema.ts';
import { lockWorkspace, moveRouting, requireVersion, toWorkspace } from './administration.ts';
import { insertAudit } from './audit.ts';
import { readAutomations, readKeptDefinitions } from './automations.ts';
import { countOpen, enabling } from './enabling.ts';
import { createLanes, insertEndpoint, insertSecret } from './endpointRows.ts';
import { skipOpen } from './skips.ts';

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
    condition: row.condition === null ? null : (readExact(row.condition) as Endpoint['condition']),
    ordering: JSON.parse(row.ordering) as Endpoint['ordering'],
    retry: JSON.parse(row.retry) as Endpoint['retry'],
    timeoutMs: row.timeout_ms,
    rateLimit: row.rate_limit === null ? null : (JSON.parse(row.rate_limit) as Endpoint['rateLimit']),
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
    recovery:
      row.recovery_since === null
        ? null
        : {
            since: row.recovery_since,
            probing: row.probing === 1,
            perSecond: row.release_per_second ?? 0,
          },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    automation: row.automation,
    lanes: JSON.parse(row.lanes) as number[],
    secrets,
  };
}

type EndpointColumns = Updateable<EndpointsTable>;

/** The columns that a patch replaces as a whole: all but `signature`. */
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
  if (patch.rateLimit !== undefined) {
    columns.rate_limit = patch.rateLimit === null ? null : JSON.stringify(patch.rateLimit);
  }
  if (patch.sealedHeaders !== undefined) columns.sealed_headers = patch.sealedHeaders;
  return columns;
}

/**
 * Changes one living endpoint and moves the routing; false where there is none to change. The workspace
 * is locked before the endpoint, as recording an attempt that disables it does.
 */
async function change(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  columns: EndpointColumns,
): Promise<boolean> {
  await lockWorkspace(trx, workspace);
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

async function urlOf(trx: Transaction<Schema>, workspace: number, endpoint: number): Promise<string | null> {
  const row = await trx
    .selectFrom('endpoints')
    .select('url')
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .executeTakeFirst();
  return row?.url ?? null;
}

/** The stored settings with the named members replaced; the workspace is locked. */
async function mergedSignature(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  patch: Partial<SignatureSettings>,
): Promise<string> {
  const row = await trx
    .selectFrom('endpoints')
    .select('signature')
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .executeTakeFirst();
  const stored = row === undefined ? {} : (JSON.parse(row.signature) as SignatureSettings);
  return JSON.stringify({ ...stored, ...patch });
}

type Endpoints = EndpointStore & RoutingStore & Pick<LaneStore, 'claimProbe'>;

export function endpoints(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): Endpoints {
  return {
    ...reading(read),
    ...enabling(write, read, dialect),
    createEndpoint: (endpoint, by) =>
      write.transaction().execute(async (trx) => {
        await insertEndpoint(trx, endpoint);
        await moveRouting(trx, endpoint.workspace);
        await insertAudit(trx, {
          workspace: endpoint.workspace,
          actor: by,
          action: 'endpoint.created',
          target: formatId('ep', endpoint.key),
          details: { name: endpoint.name, url: endpoint.url },
          at: endpoint.createdAt,
        });
      }),
    updateEndpoint: (workspace, endpoint, patch, at, by, routingVersion) =>
      write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        await lockWorkspace(trx, workspace);
        const before = await urlOf(trx, workspace, endpoint);
        const columns: EndpointColumns = { ...toColumns(patch), updated_at: at };
        if (patch.signature !== undefined) {
          columns.signature = await mergedSignature(trx, workspace, endpoint, patch.signature);
        }
        if (!(await change(trx, workspace, endpoint, columns))) return false;
        if (patch.ordering !== undefined) await createLanes(trx, workspace, endpoint, patch.ordering.lanes);
        const url =
          patch.url === undefined || patch.url === before ? {} : { url: { from: before, to: patch.url } };
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'endpoint.updated',
          target: formatId('ep', endpoint),
          details: { members: Object.keys(patch), ...url },
          at,
        });
        return true;
      }),
    async deleteEndpoint(workspace, endpoint, at, by, routingVersion) {
      // Counted by the reader: of a long queue that takes a while.
      const skipped = (await countOpen(read, workspace, [endpoint])).get(endpoint)?.count ?? 0;
      return write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        if (!(await change(trx, workspace, endpoint, { deleted_at: at }))) return false;
        await skipOpen(trx, dialect, { workspace, endpoint }, 'endpoint_deleted', at);
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'endpoint.deleted',
          target: formatId('ep', endpoint),
          details: { url: await urlOf(trx, workspace, endpoint), skipped },
          at,
        });
        return true;
      });
    },
    rotateSecret: (workspace, endpoint, secret, overlapUntil, by) =>
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
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'endpoint.secret_rotated',
          target: formatId('ep', endpoint),
          details: { kind: secret.kind, overlap_until: overlapUntil },
          at: secret.createdAt,
        });
        return true;
      }),
  };
}

/** Far fewer than a statement has parameters. */
const VERSIONS_AT_ONCE = 1_000;

function reading(
  read: Kysely<Schema>,
): Pick<Endpoints, 'routing' | 'routingVersions' | 'countOpen' | 'listFailing' | 'listBudgetErrors'> {
  return {
    async listFailing(workspace) {
      const rows = await read.selectFrom('failing').selectAll().where('workspace', '=', workspace).execute();
      return new Map(
        rows.map(({ endpoint, since, last_at, failures, error }) => [
          endpoint,
          { since, lastAt: last_at, failures, error },
        ]),
      );
    },
    listBudgetErrors: (workspace, after) =>
      read
        .selectFrom('budget_errors')
        .select(['endpoint', 'at'])
        .where('workspace', '=', workspace)
        .where('at', '>', after)
        .orderBy('at')
        .execute(),
    async routing(workspace) {
      // Read before the rest: a change in between makes the next look-up read again, never the reverse.
      const row = await read
        .selectFrom('workspaces')
        .selectAll()
        .where('key', '=', workspace)
        .where('deleted_at', 'is', null)
        .executeTakeFirst();
      if (row === undefined) return null;
      const [endpointRows, secretRows, typeRows, automations, keptDefinitions] = await Promise.all([
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
        readAutomations(read, workspace),
        readKeptDefinitions(read, workspace),
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
        automations,
        keptDefinitions,
      };
    },
    async routingVersions(workspaces) {
      const versions = new Map<number, number>();
      for (let from = 0; from < workspaces.length; from += VERSIONS_AT_ONCE) {
        const rows = await read
          .selectFrom('workspaces')
          .select(['key', 'routing_version'])
          .where('key', 'in', workspaces.slice(from, from + VERSIONS_AT_ONCE))
          .execute();
        for (const row of rows) versions.set(row.key, row.routing_version);
      }
      return versions;
    },
    countOpen: (workspace, keys) => countOpen(read, workspace, keys),
  };
}
