/** Runs of rules and workflows: the queries, for both databases. */

import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { formatId } from '../core/ids.ts';
import { writeEffects } from './activate.ts';
import { insertAudit } from './audit.ts';
import type { DueRun, Run, RunAdvance, RunState } from './records/automation.ts';
import type { NewDelivery } from './records/delivery.ts';
import { advanceLanes, type Locking } from './resend.ts';
import type { Schema } from './schema.ts';
import { driveAsync, type Row, type Statement } from './statement.ts';
import type { Store } from './store.ts';

type Runs = Pick<Store, 'listRuns' | 'findRun' | 'listRunSteps' | 'cancelRuns' | 'dueRuns' | 'advanceRuns'>;

function runQuery(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('runs as r')
    .innerJoin('events as e', (join) =>
      join.onRef('e.workspace', '=', 'r.workspace').onRef('e.key', '=', 'r.event'),
    )
    .selectAll('r')
    .select(['e.id as event_id', 'e.type as event_type'])
    .where('r.workspace', '=', workspace);
}

type RunRow = Awaited<ReturnType<ReturnType<typeof runQuery>['execute']>>[number];

function toRun(row: RunRow): Run {
  return {
    key: row.key,
    workspace: row.workspace,
    automation: row.automation,
    version: row.version,
    event: row.event,
    eventId: row.event_id,
    eventType: row.event_type,
    subject: row.subject,
    state: row.state as RunState,
    reason: row.reason,
    progress: row.progress,
    dueAt: row.due_at,
    waitsFor: row.waits_for,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** Runs shared statements (statement.ts) in a Kysely transaction. */
function runner(trx: Transaction<Schema>): (statement: Statement) => Promise<Row[]> {
  return async ({ sql: text, values }) => {
    const parts = text.split('?');
    let query: RawBuilder<Row> = sql<Row>`${sql.raw(parts[0] ?? '')}`;
    for (const [index, part] of parts.slice(1).entries()) {
      query = sql<Row>`${query}${values[index] ?? null}${sql.raw(part)}`;
    }
    return (await query.execute(trx)).rows;
  };
}

async function queueDeliveries(
  trx: Transaction<Schema>,
  locking: Locking,
  run: { workspace: number; event: number },
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<number[]> {
  if (deliveries.length === 0) return [];
  const next = await advanceLanes(trx, locking, run.workspace, deliveries);
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

async function advance(
  trx: Transaction<Schema>,
  locking: Locking,
  run: DueRun,
  next: RunAdvance,
  now: number,
): Promise<number[] | null> {
  const { numUpdatedRows } = await trx
    .updateTable('runs')
    .set({
      state: next.state,
      reason: next.reason,
      progress: next.progress,
      due_at: next.dueAt,
      waits_for: next.waitsFor,
      revision: run.revision + 1,
      ended_at: next.state === 'waiting' ? null : now,
    })
    .where('workspace', '=', run.workspace)
    .where('key', '=', run.key)
    .where('revision', '=', run.revision)
    .where('state', '=', 'waiting')
    .executeTakeFirst();
  // Another node was quicker, or a person has cancelled it.
  if (numUpdatedRows === 0n) return null;
  const seen = run.signals.map(({ event }) => event);
  if (seen.length > 0) {
    await trx
      .deleteFrom('run_signals')
      .where('workspace', '=', run.workspace)
      .where('run', '=', run.key)
      .where('event', 'in', seen)
      .execute();
  }
  const { from } = await trx
    .selectFrom('run_steps')
    .select((eb) => eb.fn.coalesce(eb.fn.max('number'), eb.lit(0)).as('from'))
    .where('workspace', '=', run.workspace)
    .where('run', '=', run.key)
    .executeTakeFirstOrThrow();
  await driveAsync(writeEffects(run.workspace, run.key, Number(from) + 1, next, now), runner(trx));
  return queueDeliveries(trx, locking, run, next.deliveries, now);
}

/**
 * `alone` runs one transaction of several at once, again after a collision: the others have committed by
 * then. Null where transactions come one after the other anyway; there one serves all, with one sync.
 */
export function runs(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  locking: Locking,
  alone: (<T>(verb: () => Promise<T>) => Promise<T>) | null,
): Runs {
  return {
    async listRuns(workspace, filter, page) {
      let query = runQuery(read, workspace);
      if (filter.automation !== undefined) query = query.where('r.automation', '=', filter.automation);
      if (filter.event !== undefined) query = query.where('r.event', '=', filter.event);
      if (filter.state !== undefined) query = query.where('r.state', '=', filter.state);
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
    cancelRuns: (workspace, which, by, at) =>
      write.transaction().execute(async (trx) => {
        let query = trx
          .updateTable('runs')
          .set((eb) => ({
            state: 'cancelled',
            reason: `cancelled_by: ${by}`,
            revision: eb('revision', '+', 1),
            due_at: null,
            waits_for: null,
            ended_at: at,
          }))
          .where('workspace', '=', workspace)
          .where('state', '=', 'waiting');
        if ('run' in which) query = query.where('key', '=', which.run);
        else query = query.where('automation', '=', which.automation);
        const { numUpdatedRows } = await query.executeTakeFirst();
        const cancelled = Number(numUpdatedRows);
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
    async dueRuns(now, limit) {
      const rows = await read
        .selectFrom('runs as r')
        .innerJoin('events as e', (join) =>
          join.onRef('e.workspace', '=', 'r.workspace').onRef('e.key', '=', 'r.event'),
        )
        .innerJoin('automations as a', (join) =>
          join.onRef('a.workspace', '=', 'r.workspace').onRef('a.key', '=', 'r.automation'),
        )
        .innerJoin('automation_versions as v', (join) =>
          join
            .onRef('v.workspace', '=', 'r.workspace')
            .onRef('v.automation', '=', 'r.automation')
            .onRef('v.version', '=', 'r.version'),
        )
        .leftJoin('event_bodies as b', (join) =>
          join.onRef('b.workspace', '=', 'r.workspace').onRef('b.event', '=', 'r.event'),
        )
        .selectAll('r')
        .select(['e.id as event_id', 'e.type as event_type', 'e.depth', 'b.body', 'v.definition'])
        .select('a.enabled_at')
        // A paused one waits on: it is looked at again when its automation is enabled.
        .where(sql<boolean>`r.state = 'waiting'`)
        .where('r.due_at', '<=', now)
        .where('a.enabled_at', 'is not', null)
        .orderBy('r.due_at')
        .limit(limit)
        .execute();
      const signals = await readSignals(read, rows);
      return rows.map(
        (row): DueRun => ({
          ...toRun(row),
          revision: row.revision,
          depth: row.depth,
          body: row.body,
          definition: row.definition,
          enabled: row.enabled_at !== null,
          signals: signals.get(row.key) ?? [],
        }),
      );
    },
    async advanceRuns(steps, now) {
      if (alone === null) {
        return write.transaction().execute(async (trx) => {
          const lanes: Array<number[] | null> = [];
          for (const { run, next } of steps) lanes.push(await advance(trx, locking, run, next, now));
          return lanes;
        });
      }
      return Promise.all(
        steps.map(({ run, next }) =>
          alone(() => write.transaction().execute((trx) => advance(trx, locking, run, next, now))),
        ),
      );
    },
  };
}

async function readSignals(
  read: Kysely<Schema>,
  rows: ReadonlyArray<{ key: number; waits_for: string | null }>,
): Promise<Map<number, DueRun['signals']>> {
  const waiting = rows.filter(({ waits_for }) => waits_for !== null).map(({ key }) => key);
  if (waiting.length === 0) return new Map();
  const found = await read
    .selectFrom('run_signals as s')
    .innerJoin('runs as r', (join) =>
      join.onRef('r.workspace', '=', 's.workspace').onRef('r.key', '=', 's.run'),
    )
    .leftJoin('event_bodies as b', (join) =>
      join.onRef('b.workspace', '=', 's.workspace').onRef('b.event', '=', 's.event'),
    )
    .select(['s.run', 's.event', 'b.body'])
    .where('r.key', 'in', waiting)
    .orderBy('s.event')
    .execute();
  const byRun = new Map<number, DueRun['signals']>();
  for (const { run, event, body } of found) {
    const list = byRun.get(run) ?? [];
    list.push({ event, body });
    byRun.set(run, list);
  }
  return byRun;
}
