/** Workspaces as the customers of a platform: the queries, for both databases. */

import { type Kysely, sql, type Transaction } from 'kysely';
import { DAY } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import { compareText } from '../../core/routing/text.ts';
import type { CustomerStore } from '../ports/customers.ts';
import type { Suspension, Workspace } from '../records/administration.ts';
import { USED, type UsageQuery, type UsageRow, type WorkspaceFilter } from '../records/customers.ts';
import type { Page } from '../records/log.ts';
import type { Schema } from '../schema/schema.ts';
import {
  findWorkspace,
  lockWorkspace,
  moveRouting,
  patchWorkspace,
  readSettings,
  requireVersion,
  takeExternalId,
  toWorkspace,
} from './administration.ts';
import { insertAudit } from './audit.ts';

/** Workspaces that one call looks at, however few of them are wanted. */
export const SCANNED_AT_ONCE = 2_000;

export function customers(write: Kysely<Schema>, read: Kysely<Schema>): CustomerStore {
  return {
    async findByExternalId(externalId) {
      const row = await read
        .selectFrom('external_ids')
        .select('workspace')
        .where('external_id', '=', externalId)
        .executeTakeFirst();
      return row === undefined ? null : findWorkspace(read, row.workspace);
    },
    scanWorkspaces: (filter, page) => scan(read, filter, page),
    identifyWorkspace: (workspace, identity, at, by, routingVersion) =>
      write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        const before = await lockLiving(trx, workspace);
        if (before === null) return null;
        const { externalId = before.externalId, metadata = before.metadata, ...patch } = identity;
        if (externalId !== before.externalId) {
          const owner = externalId === null ? null : await takeExternalId(trx, workspace, externalId);
          if (owner !== null) return { takenBy: owner };
          await forgetExternalId(trx, before);
        }
        const changed = changesOf({ externalId, metadata }, before);
        if (Object.keys(changed).length === 0) return patchWorkspace(trx, before, patch, at, by);
        await trx
          .updateTable('workspaces')
          .set({ external_id: externalId, metadata: JSON.stringify(metadata) })
          .where('key', '=', workspace)
          .execute();
        await moveRouting(trx, workspace);
        const target = formatId('ws', workspace);
        const entry = { workspace, actor: by, action: 'workspace.updated' as const, target, at };
        await insertAudit(trx, { ...entry, details: { changed } });
        const identified = await findWorkspace(trx, workspace);
        return identified === null ? null : patchWorkspace(trx, identified, patch, at, by);
      }),
    suspendWorkspace: (workspace, suspension) =>
      write.transaction().execute((trx) => suspend(trx, workspace, suspension)),
    resumeWorkspace: (workspace, at, by) =>
      write.transaction().execute((trx) => resume(trx, workspace, at, by)),
    readUsage: (query) => readUsage(read, query),
  };
}

async function lockLiving(trx: Transaction<Schema>, workspace: number): Promise<Workspace | null> {
  await lockWorkspace(trx, workspace);
  return findWorkspace(trx, workspace);
}

/** Another workspace may be called so from now on. */
export async function forgetExternalId(
  trx: Transaction<Schema>,
  { key, externalId }: Pick<Workspace, 'key' | 'externalId'>,
): Promise<void> {
  if (externalId === null) return;
  await trx
    .deleteFrom('external_ids')
    .where('external_id', '=', externalId)
    .where('workspace', '=', key)
    .execute();
}

type Identity = Pick<Workspace, 'externalId' | 'metadata'>;

function changesOf(now: Identity, before: Identity): Record<string, { from: unknown; to: unknown }> {
  const names = { externalId: 'external_id', metadata: 'metadata' } as const;
  return Object.fromEntries(
    Object.entries(names).flatMap(([member, name]) => {
      const [from, to] = [before[member as keyof Identity], now[member as keyof Identity]];
      return JSON.stringify(from) === JSON.stringify(to) ? [] : [[name, { from, to }]];
    }),
  );
}

// ---------------------------------------------------------------- finding

async function scan(
  read: Kysely<Schema>,
  filter: WorkspaceFilter,
  { limit, before }: Page,
): Promise<{ rows: Workspace[]; next: number | null }> {
  let query = read
    .selectFrom('workspaces')
    .select(['key', 'name', 'external_id', 'metadata'])
    .where('deleted_at', 'is', null);
  if (before !== null) query = query.where('key', '<', before);
  if (filter.state !== undefined) {
    query = query.where('suspended_at', filter.state === 'active' ? 'is' : 'is not', null);
  }
  const scanned = await query.orderBy('key', 'desc').limit(SCANNED_AT_ONCE).execute();
  const wanted = scanned.filter((row) => fulfils(filter, row));
  const shown = wanted.slice(0, limit).map(({ key }) => key);
  const isCut = wanted.length > limit || scanned.length === SCANNED_AT_ONCE;
  const last = wanted.length > limit ? shown.at(-1) : scanned.at(-1)?.key;
  const rows =
    shown.length === 0
      ? []
      : await read
          .selectFrom('workspaces')
          .selectAll()
          .where('key', 'in', shown)
          .where('deleted_at', 'is', null)
          .orderBy('key', 'desc')
          .execute();
  return { rows: rows.map(toWorkspace), next: isCut ? (last ?? null) : null };
}

const FOLDED = { ignoreCase: true, ignoreArabicForms: true };

function fulfils(
  { search, metadata = {} }: WorkspaceFilter,
  row: { name: string; external_id: string | null; metadata: string },
): boolean {
  const isFound =
    search === undefined ||
    [row.name, row.external_id ?? ''].some((text) => compareText('contains', text, [search], FOLDED));
  const wanted = Object.entries(metadata);
  if (!isFound || wanted.length === 0) return isFound;
  const noted = new Map(Object.entries(JSON.parse(row.metadata) as Record<string, string>));
  return wanted.every(([name, value]) => noted.get(name) === value);
}

// ---------------------------------------------------------------- suspending

/** The workspace is locked before its routing and its endpoints, as recording an attempt does. */
async function suspend(
  trx: Transaction<Schema>,
  workspace: number,
  { mode, reason, at, by }: Suspension,
): Promise<Workspace | null> {
  const before = await lockLiving(trx, workspace);
  if (before === null) return null;
  const { suspended } = before;
  if (suspended?.mode === mode && suspended.reason === reason) return before;
  await trx
    .updateTable('workspaces')
    .set({
      ...{ suspended_mode: mode, suspended_reason: reason },
      // Its endpoints say since when, too.
      ...(suspended === null ? { suspended_at: at, suspended_by: by } : {}),
    })
    .where('key', '=', workspace)
    .execute();
  await moveRouting(trx, workspace);
  if (suspended === null) {
    await trx
      .updateTable('endpoints')
      .set({
        ...{
          disabled_reason: 'suspended',
          disabled_at: at,
          disabled_by: by,
          recovery_since: null,
          probing: 0,
        },
        ...{ probe_lane: null, release_per_second: null, held_warned_at: null },
      })
      .where('workspace', '=', workspace)
      .where('deleted_at', 'is', null)
      .where('disabled_at', 'is', null)
      .execute();
    for (const table of ['budget_errors', 'budget_warnings'] as const) {
      await trx.deleteFrom(table).where('workspace', '=', workspace).execute();
    }
  }
  await insertAudit(trx, {
    ...{ workspace, actor: by, action: 'workspace.suspended', target: formatId('ws', workspace), at },
    details: { mode, reason },
  });
  return findWorkspace(trx, workspace);
}

async function resume(
  trx: Transaction<Schema>,
  workspace: number,
  at: number,
  by: string,
): Promise<Workspace | null> {
  const before = await lockLiving(trx, workspace);
  if (before === null || before.suspended === null) return before;
  await trx
    .updateTable('workspaces')
    .set({ suspended_mode: null, suspended_reason: null, suspended_at: null, suspended_by: null })
    .where('key', '=', workspace)
    .execute();
  await moveRouting(trx, workspace);
  const row = await trx
    .selectFrom('workspaces')
    .select('settings')
    .where('key', '=', workspace)
    .executeTakeFirstOrThrow();
  const resumed = await trx
    .updateTable('endpoints')
    .set({
      ...{ disabled_reason: null, disabled_at: null, disabled_by: null, recovery_since: at, probing: 1 },
      ...{ probe_lane: null, held_warned_at: null, updated_at: at },
      release_per_second: readSettings(row.settings).release_per_second,
    })
    .where('workspace', '=', workspace)
    .where('deleted_at', 'is', null)
    .where('disabled_reason', '=', 'suspended')
    .returning('key')
    .execute();
  const { mode, at: since } = before.suspended;
  await insertAudit(trx, {
    ...{ workspace, actor: by, action: 'workspace.resumed', target: formatId('ws', workspace), at },
    details: { mode, since: new Date(since).toISOString(), endpoints: resumed.length },
  });
  return findWorkspace(trx, workspace);
}

// ---------------------------------------------------------------- usage

async function readUsage(
  read: Kysely<Schema>,
  { workspace, since, until, after, limit }: UsageQuery,
): Promise<UsageRow[]> {
  const from = after === null ? since : Math.max(since, after.at);
  const onward = after === null ? sql`` : sql`AND (at >= ${after.at + DAY} OR type > ${after.type})`;
  const sums = USED.map((name) => sql`CAST(sum(${sql.ref(name)}) AS bigint) AS ${sql.ref(name)}`);
  const { rows } = await sql<Omit<UsageRow, 'workspace'>>`
    SELECT at - at % ${sql.lit(DAY)} AS at, type, ${sql.join(sums)} FROM event_stats
    WHERE workspace = ${workspace} AND at >= ${from} AND at < ${until} ${onward}
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${limit + 1}`.execute(read);
  return rows.map((row) => ({ ...row, workspace }));
}
