/**
 * Runs of rules and workflows: the queries, for both databases.
 *
 * Several nodes, and publishing beside them, may want the same run: its revision, which every change moves, tells
 * whether what was read still holds, and who comes second writes nothing. A transaction that advances a run takes
 * in this order: the workspace's routing (shared), the subject's lock where the run begins to wait for an event
 * (waitLocks.ts), the run, lanes in ascending order.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import { formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { RunStore, RunWorkStore } from '../ports/automation.ts';
import type { DueRun, RunAdvance } from '../records/automation.ts';
import type { NewDelivery } from '../records/delivery.ts';
import type { Schema } from '../schema/schema.ts';
import { failedOnce, listenBack, wakeAtOf, writeEffects } from './activate.ts';
import { lockWorkspace } from './administration.ts';
import { insertAudit } from './audit.ts';
import { cancelWaiting } from './automations.ts';
import { readDue, workspacesDue } from './dueRuns.ts';
import { writeGrouped } from './groupedNotices.ts';
import { advanceLanes } from './resend.ts';
import { runQuery, toRun } from './runRows.ts';
import { driveAsync, inTransaction } from './statement.ts';
import { workspacesWith } from './turns.ts';
import { TAKE_WAIT_LOCKS, waitLocksOf } from './waitLocks.ts';

async function queueDeliveries(
  trx: Transaction<Schema>,
  dialect: Dialect,
  run: { workspace: number; event: number },
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<number[]> {
  if (deliveries.length === 0) return [];
  const next = await advanceLanes(trx, dialect, run.workspace, deliveries);
  const rows = deliveries.map(({ key, endpoint, lane, source }) => {
    const sequence = next.get(lane);
    if (sequence === undefined) throw new Error(`Lane ${lane} does not exist.`);
    next.set(lane, sequence + 1);
    return {
      key,
      workspace: run.workspace,
      event: run.event,
      endpoint,
      lane,
      sequence,
      message: key,
      source_kind: source.kind,
      source_id: source.id,
      replay_of: null,
      state: 'pending',
      reason: null,
      attempts: 0,
      waited_ms: 0,
      next_attempt_at: null,
      created_at: now,
      ended_at: null,
    };
  });
  await trx.insertInto('deliveries').values(rows).execute();
  await trx
    .updateTable('events')
    .set((eb) => ({ deliveries: eb('deliveries', '+', rows.length) }))
    .where('workspace', '=', run.workspace)
    .where('key', '=', run.event)
    .execute();
  return [...new Set(deliveries.map(({ lane }) => lane))];
}

/** Null where the run, or the routing that the step was computed with, has moved since. */
async function advance(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { run, next }: { run: DueRun; next: RunAdvance },
  { routingVersion, now }: { routingVersion: number; now: number },
): Promise<number[] | null> {
  const { workspace } = run;
  const { rows } = await dialect.routingVersion(workspace).execute(trx);
  if (Number(rows[0]?.version) !== routingVersion) return null;
  const runStatement = inTransaction(trx);
  if (dialect.overlapping && next.listensSince !== null && run.subject !== null) {
    const locks = JSON.stringify(waitLocksOf([run.subject]));
    await runStatement({ sql: TAKE_WAIT_LOCKS, values: [workspace, locks] });
  }
  const { numUpdatedRows } = await trx
    .updateTable('runs')
    .set({
      state: next.state,
      reason: next.reason,
      progress: next.progress,
      due_at: next.dueAt,
      wake_at: run.moreSignals && next.waitsFor !== null ? 0 : wakeAtOf(next),
      waits_for: next.waitsFor,
      revision: run.revision + 1,
      ended_at: next.state === 'waiting' ? null : now,
    })
    .where('workspace', '=', workspace)
    .where('key', '=', run.key)
    .where('revision', '=', run.revision)
    .where('state', '=', 'waiting')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return null;
  await forgetSignals(trx, run, next);
  const { from } = await trx
    .selectFrom('run_steps')
    .select((eb) => eb.fn.coalesce(eb.fn.max('number'), eb.lit(0)).as('from'))
    .where('workspace', '=', workspace)
    .where('run', '=', run.key)
    .executeTakeFirstOrThrow();
  const failure = await driveAsync(
    writeEffects(workspace, run.key, Number(from) + 1, next, now),
    runStatement,
  );
  if (failure !== null) {
    const { automation, key, depth } = run;
    const happened = failedOnce({ depth }, { automation, run: key }, failure);
    await driveAsync(writeGrouped(workspace, [happened], now), runStatement);
  }
  await driveAsync(listenBack(run, next), runStatement);
  return queueDeliveries(trx, dialect, run, next.deliveries, now);
}

/** Those that were looked at; all of them where the run waits for something else now. */
async function forgetSignals(trx: Transaction<Schema>, run: DueRun, next: RunAdvance): Promise<void> {
  if (run.signals.length === 0) return;
  const goesOn = next.waitsFor === null || next.listensSince !== null;
  const seen = run.signals.map(({ event }) => event);
  await trx
    .deleteFrom('run_signals')
    .where('workspace', '=', run.workspace)
    .where('run', '=', run.key)
    .$if(!goesOn, (query) => query.where('event', 'in', seen))
    .execute();
}

export function runs(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): RunStore & RunWorkStore {
  return { ...shown(write, read, dialect), ...worked(write, read, dialect) };
}

/** An event may release as many runs as wait about its subject. */
const RELEASES_SHOWN = 1_000;

/** What people see of runs, and cancel. */
function shown(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): RunStore {
  return {
    async listRuns(workspace, filter, page) {
      let query = runQuery(read, workspace);
      const { automation, event, state } = filter;
      // An event has few; runs in one state, hardly any of them finished, are fewer than an automation's. A
      // unary plus, and a text that is made longer by nothing, keep the other index out of the way.
      const byEvent = event !== undefined;
      const byState = !byEvent && state !== undefined && state !== 'finished';
      if (byEvent) query = query.where('r.event', '=', event);
      if (automation !== undefined) {
        const column = byEvent || byState ? sql`+r.automation` : sql`r.automation`;
        query = query.where(sql<SqlBool>`${column} = ${automation}`);
      }
      if (state !== undefined) {
        const column =
          byState || (!byEvent && automation === undefined) ? sql`r.state` : sql`(r.state || '')`;
        query = query.where(sql<SqlBool>`${column} = ${state}`);
      }
      if (page.before !== null) query = query.where('r.key', '<', page.before);
      return (await query.orderBy('r.key', 'desc').limit(page.limit).execute()).map(toRun);
    },
    async findRun(workspace, run) {
      const row = await runQuery(read, workspace).where('r.key', '=', run).executeTakeFirst();
      return row === undefined ? null : toRun(row);
    },
    async listRunSteps(workspace, run) {
      const rows = await read
        .selectFrom('run_steps')
        .select(['step', 'kind', 'details', 'at'])
        .where('workspace', '=', workspace)
        .where('run', '=', run)
        .orderBy('number')
        .execute();
      return rows;
    },
    async listReleases(workspace, event) {
      const rows = await runQuery(read, workspace)
        .innerJoin('run_events as h', (join) =>
          join.onRef('h.workspace', '=', 'r.workspace').onRef('h.run', '=', 'r.key'),
        )
        .select('h.step')
        .where('h.workspace', '=', workspace)
        .where('h.event', '=', event)
        .orderBy('r.key')
        .limit(RELEASES_SHOWN)
        .execute();
      return rows.map((row) => ({ run: toRun(row), step: row.step }));
    },
    async findOrigins(workspace, deliveries) {
      if (deliveries.length === 0) return [];
      return read
        .selectFrom('run_deliveries')
        .select(['delivery', 'run', 'step'])
        .where('workspace', '=', workspace)
        .where('delivery', 'in', deliveries)
        .execute();
    },
    cancelRuns: (workspace, which, by, at) =>
      write.transaction().execute(async (trx) => {
        const reason = `cancelled_by: ${by}`;
        const cancelled = await cancelWaiting(trx, dialect, { workspace, which }, reason, at);
        if (cancelled > 0) {
          await insertAudit(trx, {
            workspace,
            actor: by,
            action: 'run.cancelled',
            target: 'run' in which ? formatId('run', which.run) : formatId('wf', which.automation),
            details: { cancelled },
            at,
          });
        }
        return cancelled;
      }),
  };
}

/** Within a statement on the workspace `w`: its runs go on. */
const MAY_RUN = sql<SqlBool>`w.suspended_at IS NULL`;

/** What the node does that works on them. */
function worked(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): RunWorkStore {
  return {
    async workspacesWithRuns() {
      const [due, resuming] = await Promise.all([
        workspacesDue(read, dialect),
        workspacesWith(
          read,
          'automations',
          sql<SqlBool>`one.set_aside = 1 AND one.enabled_at IS NOT NULL AND one.deleted_at IS NULL`,
          sql<SqlBool>`EXISTS (SELECT 1 FROM workspaces w WHERE w.key = one.workspace AND ${MAY_RUN})`,
        ),
      ]);
      return { due, resuming };
    },
    dueRuns: (workspace, limit) => readDue(read, dialect, workspace, limit),
    async readHeard(workspace, run, steps) {
      if (steps.length === 0) return [];
      return read
        .selectFrom('run_events as h')
        .innerJoin('events as e', (join) =>
          join.onRef('e.workspace', '=', 'h.workspace').onRef('e.key', '=', 'h.event'),
        )
        .leftJoin('event_bodies as b', (join) =>
          join.onRef('b.workspace', '=', 'h.workspace').onRef('b.event', '=', 'h.event'),
        )
        .select(['h.step', 'e.type', 'b.body'])
        .where('h.workspace', '=', workspace)
        .where('h.run', '=', run)
        .where('h.step', 'in', steps)
        .execute();
    },
    setAsideRuns: (workspace, runs) =>
      write.transaction().execute(async (trx) => {
        // Whoever enables the automation waits for this, or has been waited for.
        await lockWorkspace(trx, workspace);
        const disabled = sql`SELECT a.key FROM automations a JOIN workspaces w ON w.key = ${workspace}
          WHERE a.workspace = ${workspace} AND (a.enabled_at IS NULL OR NOT (${MAY_RUN})) AND a.deleted_at IS NULL`;
        const { rows } = await sql<{ automation: number }>`
          WITH chosen AS MATERIALIZED (
            SELECT r.key FROM runs r WHERE r.workspace = ${workspace} AND r.key IN (${sql.join(runs)})
              AND r.state = 'waiting' AND r.automation IN (${disabled})
            ORDER BY r.key ${dialect.locking('FOR UPDATE OF r')})
          UPDATE runs SET wake_at = NULL WHERE workspace = ${workspace} AND key IN (SELECT key FROM chosen)
          RETURNING automation`.execute(trx);
        const automations = [...new Set(rows.map(({ automation }) => automation))];
        if (automations.length === 0) return;
        await trx
          .updateTable('automations')
          .set({ set_aside: 1 })
          .where('workspace', '=', workspace)
          .where('key', 'in', automations)
          .execute();
      }),
    resumeRuns: (workspace, limit) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const enabled = sql`SELECT a.key FROM automations a JOIN workspaces w ON w.key = ${workspace}
          WHERE a.workspace = ${workspace} AND a.set_aside = 1 AND a.enabled_at IS NOT NULL
            AND a.deleted_at IS NULL AND ${MAY_RUN}`;
        const { numAffectedRows } = await sql`
          WITH chosen AS MATERIALIZED (
            SELECT r.key FROM runs r WHERE r.workspace = ${workspace} AND r.automation IN (${enabled})
              AND r.state = 'waiting' AND r.wake_at IS NULL
            ORDER BY r.key LIMIT ${limit} ${dialect.locking('FOR UPDATE OF r')})
          UPDATE runs SET wake_at = 0 WHERE workspace = ${workspace} AND key IN (SELECT key FROM chosen)
        `.execute(trx);
        const hasMore = Number(numAffectedRows ?? 0n) >= limit;
        if (!hasMore) {
          await sql`UPDATE automations SET set_aside = 0 WHERE workspace = ${workspace}
            AND key IN (${enabled})`.execute(trx);
        }
        return hasMore;
      }),
    async postponeRun(workspace, run, until) {
      await write
        .updateTable('runs')
        .set({ wake_at: until })
        .where('workspace', '=', workspace)
        .where('key', '=', run)
        .where(sql<SqlBool>`state = 'waiting'`)
        .execute();
    },
    async advanceRuns(routingVersion, steps, now) {
      const how = { routingVersion, now };
      const { alone } = dialect;
      if (alone === null) {
        return write.transaction().execute(async (trx) => {
          const lanes: Array<number[] | null> = [];
          for (const step of steps) lanes.push(await advance(trx, dialect, step, how));
          return lanes;
        });
      }
      return Promise.all(
        steps.map((step) =>
          alone(() => write.transaction().execute((trx) => advance(trx, dialect, step, how))),
        ),
      );
    },
  };
}
