/**
 * Jobs: rows that say what is to be done and where it stands. A step moves the job's revision, under the lock of its
 * row, so that two nodes never do the same step, and a cancelled job does none. For both databases.
 *
 * A verb that does a step exactly once begins with `holdJob` and ends with `noteProgress`, in one transaction with what
 * it writes in between; where the first says no, it writes nothing.
 */

import { type Kysely, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import { formatId } from '../../core/ids.ts';
import type { JobStore, JobWorkStore } from '../ports/jobs.ts';
import type { Job, JobKind, JobProgress, JobReport, JobState, NewJob, OwnedJob } from '../records/jobs.ts';
import type { JobsTable } from '../schema/jobsTables.ts';
import { INSTALLATION, type Schema } from '../schema/schema.ts';
import { lockWorkspace } from './administration.ts';
import { insertAudit } from './audit.ts';

function toJob(row: Selectable<JobsTable>): Job {
  const { key, workspace, done, total, reason } = row;
  return {
    key,
    workspace: workspace === INSTALLATION ? null : workspace,
    kind: row.kind as JobKind,
    input: JSON.parse(row.input),
    state: row.state as JobState,
    done,
    total,
    report: JSON.parse(row.report) as JobReport,
    reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** To be part of the transaction that what it is about needs. */
export async function insertJob(
  trx: Transaction<Schema>,
  job: NewJob,
  said: Readonly<Record<string, unknown>>,
): Promise<void> {
  await trx
    .insertInto('jobs')
    .values({
      key: job.key,
      workspace: job.workspace ?? INSTALLATION,
      kind: job.kind,
      input: JSON.stringify(job.input),
      state: 'running',
      done: 0,
      total: job.total,
      report: JSON.stringify(job.report),
      reason: null,
      cursor: 'null',
      revision: 0,
      created_by: job.createdBy,
      created_at: job.createdAt,
      ended_at: null,
      taken_by: null,
      taken_at: 0,
    })
    .execute();
  await insertAudit(trx, {
    workspace: job.workspace,
    actor: job.createdBy,
    action: 'job.started',
    target: formatId('job', job.key),
    details: { kind: job.kind, total: job.total, ...said },
    at: job.createdAt,
  });
}

/** As of now, and until this transaction ends. */
async function countRunning(trx: Transaction<Schema>, workspace: number | null): Promise<number> {
  if (workspace !== null) await lockWorkspace(trx, workspace);
  const { count } = await trx
    .selectFrom('jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('workspace', '=', workspace ?? INSTALLATION)
    .where(sql<SqlBool>`state = 'running'`)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Locks the job for a step. False where it does not run, is another node's, or stands elsewhere than `job` says. */
export async function holdJob(trx: Transaction<Schema>, node: string, job: OwnedJob): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('jobs')
    .set({ revision: job.revision + 1 })
    .where('workspace', '=', job.workspace ?? INSTALLATION)
    .where('key', '=', job.key)
    .where('state', '=', 'running')
    .where('taken_by', '=', node)
    .where('revision', '=', job.revision)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Notes what the step of a job that is held has done. */
export async function noteProgress(
  trx: Transaction<Schema>,
  job: OwnedJob,
  { done, total, cursor, report, input, end }: JobProgress,
  now: number,
): Promise<void> {
  await trx
    .updateTable('jobs')
    .set({
      done,
      total,
      cursor: JSON.stringify(cursor),
      report: JSON.stringify(report),
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
      ...(end === undefined ? {} : { ...end, ended_at: now }),
    })
    .where('workspace', '=', job.workspace ?? INSTALLATION)
    .where('key', '=', job.key)
    .execute();
}

export function jobs(write: Kysely<Schema>, read: Kysely<Schema>): JobStore & JobWorkStore {
  return { ...asked(write, read), ...worked(write, read) };
}

function asked(write: Kysely<Schema>, read: Kysely<Schema>): JobStore {
  return {
    createJob: (job, said, most) =>
      write.transaction().execute(async (trx) => {
        if (most !== undefined && (await countRunning(trx, job.workspace)) >= most) return false;
        await insertJob(trx, job, said);
        return true;
      }),
    async findJob(workspace, key) {
      const row = await read
        .selectFrom('jobs')
        .selectAll()
        .where('workspace', '=', workspace ?? INSTALLATION)
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? null : toJob(row);
    },
    async listJobs(workspace, { kind, state }, page) {
      let query = read
        .selectFrom('jobs')
        .selectAll()
        .where('workspace', '=', workspace ?? INSTALLATION);
      if (kind !== undefined) query = query.where('kind', '=', kind);
      if (state !== undefined) query = query.where('state', '=', state);
      if (page.before !== null) query = query.where('key', '<', page.before);
      return (await query.orderBy('key', 'desc').limit(page.limit).execute()).map(toJob);
    },
    cancelJob: (workspace, key, at, by) =>
      write.transaction().execute(async (trx) => {
        const [cancelled] = await trx
          .updateTable('jobs')
          .set((eb) => ({
            state: 'cancelled',
            reason: `cancelled_by: ${by}`,
            ended_at: at,
            revision: eb('revision', '+', 1),
          }))
          .where('workspace', '=', workspace ?? INSTALLATION)
          .where('key', '=', key)
          .where('state', '=', 'running')
          .returning(['kind', 'done', 'total'])
          .execute();
        if (cancelled === undefined) return false;
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'job.cancelled',
          target: formatId('job', key),
          details: cancelled,
          at,
        });
        return true;
      }),
  };
}

function worked(write: Kysely<Schema>, read: Kysely<Schema>): JobWorkStore {
  return {
    async claimJobs(node, kinds, limit, now) {
      if (kinds.length === 0) return [];
      const isFree = sql<SqlBool>`j.state = 'running' AND j.kind IN (${sql.join(kinds)})
        AND (j.taken_by IS NULL OR j.taken_by = ${node} OR j.taken_by NOT IN (SELECT node FROM nodes))`;
      const free = await sql<{ workspace: number; key: number }>`
        SELECT j.workspace, j.key FROM jobs j WHERE ${isFree}
        ORDER BY row_number() OVER (PARTITION BY j.workspace ORDER BY j.taken_at, j.key), j.taken_at, j.key
        LIMIT ${limit}`.execute(read);
      const claimed: OwnedJob[] = [];
      // One by one: another node may be quicker with some of them.
      for (const { workspace, key } of free.rows) {
        const { rows } = await sql<Selectable<JobsTable>>`
          UPDATE jobs AS j SET taken_by = ${node}, taken_at = ${now}
          WHERE j.workspace = ${workspace} AND j.key = ${key} AND ${isFree} RETURNING *`.execute(write);
        for (const row of rows)
          claimed.push({ ...toJob(row), cursor: JSON.parse(row.cursor), revision: row.revision });
      }
      return claimed;
    },
    advanceJob: (node, job, progress, now) =>
      write.transaction().execute(async (trx) => {
        if (!(await holdJob(trx, node, job))) return false;
        await noteProgress(trx, job, progress, now);
        return true;
      }),
  };
}
