/**
 * Deleting a workspace: from the transaction that marks it (`deleteWorkspace`) on nobody finds it; a job then deletes what
 * is of it, table by table, some rows at a time. What was under way at that moment, on this node or another, may still
 * write a row or two, so the tables are gone through until nothing more is found, and once more a minute later. The
 * workspace's own row goes last: until then the job knows what it is about, whatever becomes of a node.
 */

import { type Kysely, sql, type Transaction } from 'kysely';
import { MINUTE } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { DeletionStore } from '../ports/customers.ts';
import type { JobProgress, OwnedJob } from '../records/jobs.ts';
import type { Schema } from '../schema/schema.ts';
import { findWorkspace, lockWorkspace, moveRouting } from './administration.ts';
import { insertAudit } from './audit.ts';
import { holdJob, insertJob, noteProgress } from './jobs.ts';

/**
 * Every table whose rows belong to a workspace, with what tells a row from the others of its workspace. What others are
 * looked up by comes first. Tables with bodies in them are taken fewer rows at a time.
 */
export const WORKSPACE_TABLES = {
  // Lanes before their deliveries, as everyone locks them; nodes forget a lane that is not there.
  lanes: ['key'],
  deliveries: ['key'],
  attempts: ['delivery', 'number'],
  delivery_bodies: ['delivery'],
  run_deliveries: ['delivery'],
  // With their bodies, which SQLite finds by the event alone.
  events: ['key'],
  runs: ['key'],
  run_steps: ['run', 'number'],
  run_signals: ['run', 'event'],
  run_events: ['run', 'step'],
  // With their tokens.
  bins: ['key'],
  bin_requests: ['key'],
  idempotency_keys: ['idempotency_key'],
  request_keys: ['caller', 'idempotency_key'],
  mails: ['key'],
  mail_counts: ['day', 'recipient'],
  notices: ['key'],
  replays: ['key'],
  jobs: ['key'],
  endpoints: ['key'],
  secrets: ['key'],
  failing: ['endpoint'],
  budget_errors: ['delivery', 'number'],
  budget_warnings: ['endpoint', 'level'],
  automations: ['key'],
  automation_versions: ['automation', 'version'],
  activations: ['automation', 'subject'],
  event_types: ['name'],
  purged_deliveries: ['endpoint', 'state', 'hour'],
  usage_by_day: ['day'],
  event_stats: ['at', 'type', 'step', 'shard'],
  endpoint_stats: ['endpoint', 'at', 'step', 'shard'],
  audit: ['key'],
  api_keys: ['key'],
  api_key_hashes: ['hash'],
  members: ['person'],
  invitations: ['key'],
  portal_links: ['key'],
  external_ids: ['external_id'],
  bin_tokens: ['token'],
  event_bodies: ['event'],
  // What events are found by: whoever indexes one looks whether its body is still there.
  search_queue: ['key'],
  search_docs: ['event'],
  search_blocks: ['key'],
  search_marks: [],
} as const satisfies Partial<Record<keyof Schema, readonly string[]>>;
type OwnTable = keyof typeof WORKSPACE_TABLES;

/** Bodies go with their events: SQLite would read all of the installation's to find those of one workspace. */
const TABLES = (Object.keys(WORKSPACE_TABLES) as OwnTable[]).filter((table) => table !== 'event_bodies');
const ROWS_AT_ONCE = 300;
const BODIES_AT_ONCE = 50;
const LARGE: readonly OwnTable[] = ['events', 'delivery_bodies', 'attempts', 'bin_requests'];

/** By then a node that has not heard of it has looked at its workspaces anew, and what was in flight has ended. */
const SETTLED_AFTER_MS = MINUTE;

/** What is opened to nobody any more, in the transaction itself: small tables all. */
const WAYS_IN = ['api_keys', 'api_key_hashes', 'members', 'invitations', 'portal_links'] as const;

/** What a job is told, and keeps saying: the workspace is not there to be asked. */
interface DeletionInput {
  workspace: number;
  externalId: string | null;
  deletedAt: number;
}

interface Cursor {
  /** Of TABLES. */
  table: number;
  /** Whether this pass has found anything. */
  found: boolean;
  /** A pass has found nothing; the last one comes when all is settled. */
  waits: boolean;
}

const FIRST: Cursor = { table: 0, found: false, waits: false };

export function deletion(write: Kysely<Schema>, dialect: Pick<Dialect, 'search'>): DeletionStore {
  return {
    deleteWorkspace: (workspace, { job, at, by }) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const found = await findWorkspace(trx, workspace);
        if (found === null) return false;
        const { name, externalId } = found;
        await trx.updateTable('workspaces').set({ deleted_at: at }).where('key', '=', workspace).execute();
        await moveRouting(trx, workspace);
        await trx
          .updateTable('endpoints')
          .set({ deleted_at: at })
          .where('workspace', '=', workspace)
          .where('deleted_at', 'is', null)
          .execute();
        for (const table of WAYS_IN) await trx.deleteFrom(table).where('workspace', '=', workspace).execute();
        if (externalId !== null) {
          await trx.deleteFrom('external_ids').where('external_id', '=', externalId).execute();
        }
        await sql`DELETE FROM bin_tokens WHERE token IN (
          SELECT b.token FROM bins b WHERE b.workspace = ${workspace}) AND workspace = ${workspace}`.execute(
          trx,
        );
        await trx
          .updateTable('jobs')
          .set((eb) => ({ state: 'cancelled', ended_at: at, revision: eb('revision', '+', 1) }))
          .where('workspace', '=', workspace)
          .where('state', '=', 'running')
          .execute();
        const target = formatId('ws', workspace);
        const entry = { workspace: null, actor: by, action: 'workspace.deleted' as const, target, at };
        await insertAudit(trx, { ...entry, details: { name, external_id: externalId } });
        const input: DeletionInput = { workspace, externalId, deletedAt: at };
        const report = reportOf(input, {});
        const common = { key: job, workspace: null, kind: 'delete_workspace', total: null } as const;
        const asked = { createdBy: by, createdAt: at };
        await insertJob(trx, { ...common, ...asked, input, report }, { workspace_id: target });
        return true;
      }),
    async deleteSome(node, job, now) {
      const cursor = (job.cursor as Cursor | null) ?? FIRST;
      const { deletedAt } = job.input as DeletionInput;
      if (cursor.waits && now < deletedAt + SETTLED_AFTER_MS) return 'later';
      return write.transaction().execute(async (trx) => {
        if (!(await holdJob(trx, node, job))) return null;
        const progress = await step(trx, dialect, job, cursor, now);
        await noteProgress(trx, job, progress, now);
        return progress;
      });
    },
  };
}

function reportOf({ workspace, externalId }: DeletionInput, deleted: Readonly<Record<string, number>>) {
  return {
    workspace_id: formatId('ws', workspace),
    external_id: externalId,
    deleted,
    remains: ['audit entries of the installation', 'the accounts of its members', 'copies of the database'],
  };
}

/** Goes through the tables until it has deleted enough for one transaction, or is through. */
async function step(
  trx: Transaction<Schema>,
  dialect: Pick<Dialect, 'search'>,
  job: OwnedJob,
  { table: first, found: before, waits }: Cursor,
  now: number,
): Promise<JobProgress> {
  const input = job.input as DeletionInput;
  const deleted = { ...(job.report.deleted as Record<string, number>) };
  let found = 0;
  let table = first;
  for (const name of TABLES.slice(first)) {
    const limit = LARGE.includes(name) ? BODIES_AT_ONCE : ROWS_AT_ONCE;
    const rows = await deleteRows(trx, dialect, name, input.workspace, limit);
    if (rows > 0) deleted[name] = (deleted[name] ?? 0) + rows;
    found += rows;
    if (rows === limit) break;
    table += 1;
    if (found >= ROWS_AT_ONCE) break;
  }
  const common = { done: job.done + found, total: null, report: reportOf(input, deleted) };
  const isFound = before || found > 0;
  if (table < TABLES.length) return { ...common, cursor: { table, found: isFound, waits } };
  if (isFound || !waits) return { ...common, cursor: { ...FIRST, waits: !isFound } };
  // The last pass was begun when all had settled.
  if (now < input.deletedAt + SETTLED_AFTER_MS) throw new Error('The job was to wait.');
  await trx.deleteFrom('workspaces').where('key', '=', input.workspace).execute();
  return { ...common, total: common.done, cursor: null, end: { state: 'finished', reason: null } };
}

async function deleteRows(
  trx: Transaction<Schema>,
  dialect: Pick<Dialect, 'search'>,
  table: OwnTable,
  workspace: number,
  limit: number,
): Promise<number> {
  // One row, under the workspace alone.
  if (table === 'search_marks') {
    const { numDeletedRows } = await trx
      .deleteFrom(table)
      .where('workspace', '=', workspace)
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
  if (table === 'search_blocks') {
    const blocks = trx.selectFrom(table).select('key').where('workspace', '=', workspace).limit(limit);
    const keys = (await blocks.execute()).map(({ key }) => key);
    return keys.length === 0 ? 0 : dialect.search.deleteBlocks(trx, workspace, keys);
  }
  const columns = sql.join(WORKSPACE_TABLES[table].map((column) => sql.ref(column)));
  const from = sql.table(table);
  const some = sql`SELECT ${columns} FROM ${from} WHERE workspace = ${workspace} LIMIT ${limit}`;
  if (table === 'events' || table === 'bins') {
    const column = table === 'events' ? 'key' : 'token';
    const { rows } = await sql<{ key: number | string }>`
      SELECT ${sql.ref(column)} AS key FROM ${from} WHERE workspace = ${workspace} LIMIT ${limit}`.execute(
      trx,
    );
    if (rows.length === 0) return 0;
    const keys = sql.join(rows.map(({ key }) => key));
    const beside = table === 'events' ? sql`event_bodies WHERE event` : sql`bin_tokens WHERE token`;
    await sql`DELETE FROM ${beside} IN (${keys}) AND workspace = ${workspace}`.execute(trx);
    await sql`DELETE FROM ${from} WHERE workspace = ${workspace} AND ${sql.ref(column)} IN (${keys})`.execute(
      trx,
    );
    return rows.length;
  }
  const { numAffectedRows } = await sql`DELETE FROM ${from} WHERE workspace = ${workspace}
    AND (${columns}) IN (${some})`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}
