/** Rules and workflows, and their versions: the queries, for both databases. */

import { type Kysely, type RawBuilder, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import { formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { AutomationStore } from '../ports/automation.ts';
import type { AuditAction } from '../records/audit.ts';
import type { Automation, AutomationKind, KeptDefinition } from '../records/automation.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { AutomationsTable, Schema } from '../schema/schema.ts';
import { lockAtVersion, lockWorkspace, moveRouting, requireVersion } from './administration.ts';
import { insertAudit } from './audit.ts';
import { forgetCount, voidCounts } from './brake.ts';
import { insertEndpoint } from './endpointRows.ts';

function toAutomation(row: Selectable<AutomationsTable>): Automation {
  return {
    key: row.key,
    workspace: row.workspace,
    kind: row.kind as AutomationKind,
    name: row.name,
    position: row.position,
    enabledAt: row.enabled_at,
    version: row.version,
    definition: row.definition,
    brakeResets: row.brake_resets,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Rules by position, then workflows in the order in which they were made: the order in which they act. */
export async function readAutomations(db: Kysely<Schema>, workspace: number): Promise<Automation[]> {
  const rows = await db
    .selectFrom('automations')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('deleted_at', 'is', null)
    .orderBy('key')
    .execute();
  const place = ({ kind, position }: Automation): number =>
    kind === 'rule' ? position : Number.POSITIVE_INFINITY;
  return rows
    .map(toAutomation)
    .sort((one, other) => (place(one) === place(other) ? one.key - other.key : place(one) - place(other)));
}

/** Definitions of living automations that waiting runs stand on, and that are not in force any more. */
export async function readKeptDefinitions(db: Kysely<Schema>, workspace: number): Promise<KeptDefinition[]> {
  const rows = await db
    .selectFrom('automations as a')
    .innerJoin('automation_versions as v', (join) =>
      join.onRef('v.workspace', '=', 'a.workspace').onRef('v.automation', '=', 'a.key'),
    )
    .select(['a.kind', 'v.definition'])
    .where('a.workspace', '=', workspace)
    .where('a.deleted_at', 'is', null)
    .where('a.kind', '=', 'workflow')
    .whereRef('v.version', '<>', 'a.version')
    .where(
      sql<SqlBool>`EXISTS (SELECT 1 FROM runs r WHERE r.workspace = v.workspace AND r.automation = v.automation
        AND r.version = v.version AND r.state = 'waiting')`,
    )
    .execute();
  return rows.map(({ kind, definition }) => ({ kind: kind as AutomationKind, definition }));
}

export const ID_PREFIX = { rule: 'rule', workflow: 'wf' } as const;

async function note(
  trx: Transaction<Schema>,
  { workspace, kind, key }: Pick<Automation, 'workspace' | 'kind' | 'key'>,
  action: 'created' | 'updated' | 'enabled' | 'disabled' | 'deleted' | 'brake_reset',
  { by, at, details = {} }: { by: string; at: number; details?: Record<string, unknown> },
): Promise<void> {
  await insertAudit(trx, {
    workspace,
    actor: by,
    action: `${kind}.${action}` satisfies AuditAction,
    target: formatId(ID_PREFIX[kind], key),
    details,
    at,
  });
}

async function saveVersion(
  trx: Transaction<Schema>,
  { workspace, key, version, definition }: Pick<Automation, 'workspace' | 'key' | 'version' | 'definition'>,
  by: string,
  at: number,
): Promise<void> {
  await trx
    .insertInto('automation_versions')
    .values({ workspace, automation: key, version, definition, created_by: by, created_at: at })
    .execute();
}

/** Of two that save the same new URL at once, the second finds the first one's endpoint: the workspace is locked. */
async function connect(
  trx: Transaction<Schema>,
  workspace: number,
  endpoints: readonly NewEndpoint[],
): Promise<void> {
  if (endpoints.length === 0) return;
  const taken = await trx
    .selectFrom('endpoints')
    .select('url')
    .where('workspace', '=', workspace)
    .where('deleted_at', 'is', null)
    .where('automation', 'is not', null)
    .execute();
  const urls = new Set(taken.map(({ url }) => url));
  for (const endpoint of endpoints) if (!urls.has(endpoint.url)) await insertEndpoint(trx, endpoint);
}

/** The living automation, locked with its workspace. */
async function lock(
  trx: Transaction<Schema>,
  workspace: number,
  automation: number,
): Promise<Automation | null> {
  await lockWorkspace(trx, workspace);
  const row = await trx
    .selectFrom('automations')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('key', '=', automation)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? null : toAutomation(row);
}

async function change(
  trx: Transaction<Schema>,
  { workspace, key }: Automation,
  columns: Partial<Selectable<AutomationsTable>>,
): Promise<void> {
  await trx
    .updateTable('automations')
    .set(columns)
    .where('workspace', '=', workspace)
    .where('key', '=', key)
    .execute();
  await moveRouting(trx, workspace);
}

/** Keys of waiting runs, locked in ascending order, as everyone does who takes several. */
export function waitingRuns(
  dialect: Dialect,
  workspace: number,
  which: { run: number } | { automation: number },
): RawBuilder<{ key: number }> {
  const chosen = 'run' in which ? sql`r.key = ${which.run}` : sql`r.automation = ${which.automation}`;
  return sql<{ key: number }>`SELECT r.key FROM runs r
    WHERE r.workspace = ${workspace} AND ${chosen} AND r.state = 'waiting'
    ORDER BY r.key ${dialect.locking('FOR UPDATE OF r')}`;
}

/** Ends runs that wait; a run whose next step is being written at this moment finds its revision gone. */
export async function cancelWaiting(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, which }: { workspace: number; which: { run: number } | { automation: number } },
  reason: string,
  at: number,
): Promise<number> {
  const { numAffectedRows } = await sql`
    WITH chosen AS MATERIALIZED (${waitingRuns(dialect, workspace, which)})
    UPDATE runs SET state = 'cancelled', reason = ${reason}, revision = revision + 1, due_at = NULL,
      wake_at = NULL, waits_for = NULL, ended_at = ${at}
    WHERE workspace = ${workspace} AND key IN (SELECT key FROM chosen)`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

export function automations(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): AutomationStore {
  return {
    listAutomations: (workspace) => readAutomations(read, workspace),
    createAutomation: (automation, endpoints, by) =>
      write.transaction().execute(async (trx) => {
        const { enabledAt, createdAt, ...rest } = automation;
        await lockWorkspace(trx, automation.workspace);
        await trx
          .insertInto('automations')
          .values({
            ...rest,
            enabled_at: enabledAt,
            version: 1,
            created_at: createdAt,
            updated_at: createdAt,
            deleted_at: null,
          })
          .execute();
        await saveVersion(trx, { ...rest, version: 1 }, by, createdAt);
        await connect(trx, automation.workspace, endpoints);
        await note(trx, automation, 'created', { by, at: createdAt, details: { name: automation.name } });
        await moveRouting(trx, automation.workspace);
      }),
    updateAutomation: (
      workspace,
      key,
      patch,
      { endpoints, waiting, resetsBrake = false, routingVersion, by, at },
    ) =>
      write.transaction().execute(async (trx) => {
        if (!(await lockAtVersion(trx, workspace, routingVersion))) return 'stale';
        const found = await lock(trx, workspace, key);
        if (found === null) return null;
        const isNew = patch.definition !== undefined && patch.definition !== found.definition;
        const next = { ...found, ...patch, version: found.version + (isNew ? 1 : 0) };
        const { name, position, definition, version } = next;
        await change(trx, found, { name, position, definition, version, updated_at: at });
        await connect(trx, workspace, endpoints);
        if (isNew && resetsBrake) await voidCounts(trx, workspace, key);
        if (isNew) {
          await saveVersion(trx, next, by, at);
          const which = { automation: key };
          if (waiting === 'cancel') {
            await cancelWaiting(trx, dialect, { workspace, which }, `new_version: ${version}`, at);
          }
          if (waiting === 'move') {
            // Their step may wait for another event now: those that wait for one are looked at.
            await sql`
              WITH chosen AS MATERIALIZED (${waitingRuns(dialect, workspace, which)})
              UPDATE runs SET version = ${version}, revision = revision + 1,
                wake_at = CASE WHEN waits_for IS NULL THEN wake_at ELSE 0 END
              WHERE workspace = ${workspace} AND key IN (SELECT key FROM chosen)`.execute(trx);
          }
        }
        await note(trx, found, 'updated', { by, at, details: { name, version, waiting } });
        return { ...next, updatedAt: at };
      }),
    enableAutomation: (workspace, key, enabled, by, at, routingVersion) =>
      write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        const found = await lock(trx, workspace, key);
        if (found === null) return null;
        if ((found.enabledAt !== null) === enabled) return found;
        const enabledAt = enabled ? at : null;
        await change(trx, found, { enabled_at: enabledAt, updated_at: at });
        await note(trx, found, enabled ? 'enabled' : 'disabled', { by, at });
        return { ...found, enabledAt, updatedAt: at };
      }),
    deleteAutomation: (workspace, key, by, at, routingVersion) =>
      write.transaction().execute(async (trx) => {
        await requireVersion(trx, workspace, routingVersion);
        const found = await lock(trx, workspace, key);
        if (found === null) return false;
        await change(trx, found, { deleted_at: at, set_aside: 0 });
        await voidCounts(trx, workspace, key);
        const which = { automation: key };
        const cancelled = await cancelWaiting(
          trx,
          dialect,
          { workspace, which },
          `${found.kind}_deleted`,
          at,
        );
        await note(trx, found, 'deleted', { by, at, details: { name: found.name, cancelled } });
        return true;
      }),
    resetBrake: (workspace, key, subject, by, at) =>
      write.transaction().execute(async (trx) => {
        const found = await lock(trx, workspace, key);
        if (found === null) return null;
        await note(trx, found, 'brake_reset', { by, at, details: subject === null ? {} : { subject } });
        if (subject !== null) {
          return { activations: await forgetCount(trx, { workspace, automation: key, subject, at }) };
        }
        await moveRouting(trx, workspace);
        await voidCounts(trx, workspace, key);
        return { activations: null };
      }),
    async listAutomationVersions(workspace, key) {
      const rows = await read
        .selectFrom('automation_versions')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('automation', '=', key)
        .orderBy('version', 'desc')
        .execute();
      return rows.map(({ version, definition, created_by, created_at }) => ({
        version,
        definition,
        createdBy: created_by,
        createdAt: created_at,
      }));
    },
  };
}
