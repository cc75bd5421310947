/**
 * Replays: jobs that send an endpoint's originals again, some at a time. One transaction moves the
 * job's place and makes the deliveries, so that a job goes on where it was whatever ends in between,
 * and its row is locked meanwhile, so that two nodes never send the same ones. For both databases.
 *
 * Originals are listed by key, since that is what is indexed, and sent by lane and sequence, since
 * that is their order: keys are made before the commit that numbers them. An index on (lane, sequence)
 * of all deliveries would cost every publish an entry.
 */

import { type Kysely, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import { HOUR } from '../../core/duration.ts';
import { firstKeyAt, formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { ReplayStore, ReplayWorkStore } from '../ports/replays.ts';
import type {
  CreateReplayAnswer,
  OwnedReplay,
  Replay,
  ReplayableState,
  ReplayBatchAnswer,
  ReplayCount,
  ReplayFilter,
  ReplayState,
} from '../records/replays.ts';
import type { ReplaysTable, Schema } from '../schema/schema.ts';
import { insertAudit } from './audit.ts';
import { resend } from './resend.ts';
import { FIRST_OPEN_AFTER, isInState, isMarked, isOpen } from './states.ts';

function toReplay(row: Selectable<ReplaysTable>): Replay {
  const { key, workspace, endpoint, total, done, gone, reason } = row;
  return {
    key,
    workspace,
    endpoint,
    filter: JSON.parse(row.filter) as ReplayFilter,
    total,
    done,
    gone,
    state: row.state as ReplayState,
    reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** What is in the range and had ended when the replay was made; not whether its body is there. */
function originals(
  db: Kysely<Schema>,
  { workspace, endpoint, filter, createdAt }: Pick<Replay, 'workspace' | 'endpoint' | 'filter' | 'createdAt'>,
) {
  return (
    db
      .selectFrom('deliveries as d')
      .leftJoin('event_bodies as b', (join) =>
        join.onRef('b.workspace', '=', 'd.workspace').onRef('b.event', '=', 'd.event'),
      )
      .where('d.workspace', '=', workspace)
      .where('d.endpoint', '=', endpoint)
      .where('d.replay_of', 'is', null)
      .where('d.key', '>=', firstKeyAt(filter.since))
      // Keys of a burst run ahead of the clock; with the present as the end they need no end.
      .$if(filter.until < createdAt, (older) => older.where('d.key', '<', firstKeyAt(filter.until)))
      .where('d.created_at', '<=', createdAt)
      .where('d.ended_at', '<=', createdAt)
  );
}

/**
 * That a repeat of the delivery had arrived when the replay was made. Repeats keep its message (in the words of the
 * partial index `deliveries_made_good`). What was delivered at once needs none.
 */
const isMadeGood = (
  createdAt: number,
) => sql<SqlBool>`(d.state <> 'delivered' AND EXISTS (SELECT 1 FROM deliveries g
  WHERE g.workspace = d.workspace AND g.message = d.message AND g.replay_of IS NOT NULL AND g.state = 'delivered'
    AND g.ended_at <= ${createdAt}))`;

/** Likewise those that count as skipped while their rows are not written yet (skips.ts). */
async function countMarked(
  db: Kysely<Schema>,
  { workspace, endpoint, filter, createdAt }: Pick<Replay, 'workspace' | 'endpoint' | 'filter' | 'createdAt'>,
): Promise<{ count: number; oldest: number | null; newest: number | null }> {
  const row = await db
    .selectFrom('lanes as l')
    .innerJoin('deliveries as d', 'd.lane', 'l.key')
    .where('l.workspace', '=', workspace)
    .where('l.endpoint', '=', endpoint)
    .where(sql<SqlBool>`l.skip_through > 0`)
    .where('l.skip_at', '<=', createdAt)
    .where(isOpen('d.state'))
    .where(isMarked)
    .where('d.replay_of', 'is', null)
    .where('d.key', '>=', firstKeyAt(filter.since))
    .$if(filter.until < createdAt, (older) => older.where('d.key', '<', firstKeyAt(filter.until)))
    .where('d.created_at', '<=', createdAt)
    .select((eb) => [
      eb.fn.countAll<number>().as('count'),
      eb.fn.min<number | null>('d.created_at').as('oldest'),
      eb.fn.max<number | null>('d.created_at').as('newest'),
    ])
    .executeTakeFirstOrThrow();
  return { ...row, count: Number(row.count) };
}

/** In the words of the partial index (states.ts). */
function isOneOf(states: readonly ReplayableState[]) {
  const list = sql.join(states.map((state) => sql.lit(state)));
  const rare = states.includes('delivered') ? sql`` : sql`AND d.state IN ('dropped', 'skipped')`;
  return sql<SqlBool>`d.state IN (${list}) ${rare}`;
}

export function replays(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: Dialect,
): ReplayStore & ReplayWorkStore {
  return { ...asked(write, read), ...worked(write, read, dialect) };
}

/** What people do with replays. */
function asked(write: Kysely<Schema>, read: Kysely<Schema>): ReplayStore {
  return {
    async countOriginals(replay): Promise<ReplayCount> {
      const { states, since, until } = replay.filter;
      const { createdAt, filter } = replay;
      const resolved = filter.includeResolved === true ? sql<SqlBool>`1 = 0` : isMadeGood(createdAt);
      const [kept, marked, purged] = await Promise.all([
        sql<{ all: number; total: number; resolved: number; oldest: number | null; newest: number | null }>`
          SELECT count(*) AS "all", count(CASE WHEN sendable = 1 THEN 1 END) AS total,
            count(CASE WHEN resolved = 1 THEN 1 END) AS resolved,
            min(CASE WHEN sendable = 1 THEN created_at END) AS oldest,
            max(CASE WHEN sendable = 1 THEN created_at END) AS newest
          FROM (SELECT made.created_at, made.resolved,
              CASE WHEN made.resolved = 0 AND made.body IS NOT NULL THEN 1 ELSE 0 END AS sendable
            FROM (${originals(read, replay)
              .where(isOneOf(states))
              .select([
                'd.created_at',
                'b.event as body',
                sql<number>`CASE WHEN ${resolved} THEN 1 ELSE 0 END`.as('resolved'),
              ])}) AS made) AS judged`
          .execute(read)
          .then(({ rows }) => rows[0] ?? { all: 0, total: 0, resolved: 0, oldest: null, newest: null }),
        states.includes('skipped') ? countMarked(read, replay) : { count: 0, oldest: null, newest: null },
        read
          .selectFrom('purged_deliveries')
          .select((eb) => eb.fn.sum<number | null>('count').as('count'))
          .where('workspace', '=', replay.workspace)
          .where('endpoint', '=', replay.endpoint)
          .where('state', 'in', states)
          .where('hour', '>=', since - (since % HOUR))
          .where('hour', '<', until)
          .executeTakeFirstOrThrow(),
      ]);
      const found = Number(kept.total);
      const gone = Number(kept.all) - Number(kept.resolved) - found + Number(purged.count ?? 0);
      const oldest = [kept.oldest, marked.oldest].filter((at) => at !== null);
      const newest = [kept.newest, marked.newest].filter((at) => at !== null);
      return {
        total: found + marked.count,
        resolved: Number(kept.resolved),
        gone,
        oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
        newestAt: newest.length === 0 ? null : Math.max(...newest),
      };
    },
    createReplay: (replay) => write.transaction().execute((trx) => create(trx, replay)),
    async findResolving(workspace, messages) {
      if (messages.length === 0) return new Map();
      const { rows } = await sql<{
        message: number;
        key: number;
      }>`SELECT message, min(key) AS key FROM deliveries
        WHERE workspace = ${workspace} AND message IN (${sql.join(messages)}) AND replay_of IS NOT NULL
          AND state = 'delivered' GROUP BY message`.execute(read);
      return new Map(rows.map(({ message, key }) => [Number(message), Number(key)]));
    },
    async findReplay(workspace, key) {
      const row = await read
        .selectFrom('replays')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? null : toReplay(row);
    },
    async listReplays(workspace, page) {
      const rows = await read
        .selectFrom('replays')
        .selectAll()
        .where('workspace', '=', workspace)
        .$if(page.before !== null, (older) => older.where('key', '<', page.before))
        .orderBy('key', 'desc')
        .limit(page.limit)
        .execute();
      return rows.map(toReplay);
    },
    cancelReplay: (workspace, key, at, by) =>
      write.transaction().execute(async (trx) => {
        const [cancelled] = await trx
          .updateTable('replays')
          .set({ state: 'cancelled', reason: `cancelled_by: ${by}`, ended_at: at })
          .where('workspace', '=', workspace)
          .where('key', '=', key)
          .where('state', '=', 'running')
          .returning(['endpoint', 'done', 'total'])
          .execute();
        if (cancelled === undefined) return false;
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'replay.cancelled',
          target: formatId('ep', cancelled.endpoint),
          details: { replay: formatId('rpl', key), done: cancelled.done, total: cancelled.total },
          at,
        });
        return true;
      }),
  };
}

async function create(trx: Transaction<Schema>, replay: Replay): Promise<CreateReplayAnswer> {
  const { workspace, endpoint, filter } = replay;
  // Written, so that two that are asked for at the same time come one after the other.
  const living = await trx
    .updateTable('endpoints')
    .set((eb) => ({ deleted_at: eb.ref('deleted_at') }))
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (living.numUpdatedRows === 0n) return { kind: 'missing' };
  const running = await trx
    .selectFrom('replays')
    .select('key')
    .where('workspace', '=', workspace)
    .where('endpoint', '=', endpoint)
    .where(sql<SqlBool>`state = 'running'`)
    .executeTakeFirst();
  if (running !== undefined) return { kind: 'running', key: running.key };
  await trx
    .insertInto('replays')
    .values({
      key: replay.key,
      workspace,
      endpoint,
      filter: JSON.stringify(filter),
      total: replay.total,
      done: replay.done,
      gone: replay.gone,
      last_lane: 0,
      last_sequence: 0,
      owner: null,
      state: replay.state,
      reason: replay.reason,
      created_by: replay.createdBy,
      created_at: replay.createdAt,
      ended_at: replay.endedAt,
    })
    .execute();
  await insertAudit(trx, {
    workspace,
    actor: replay.createdBy,
    action: 'replay.started',
    target: formatId('ep', endpoint),
    details: { replay: formatId('rpl', replay.key), ...filter, total: replay.total },
    at: replay.createdAt,
  });
  return { kind: 'created' };
}

/** Open deliveries in the fullest of the endpoint's lanes, as their sequences tell; none where it is disabled. */
export async function openAt(
  trx: Transaction<Schema>,
  { workspace, endpoint }: Pick<Replay, 'workspace' | 'endpoint'>,
): Promise<number> {
  const row = await trx
    .selectFrom('endpoints as e')
    .innerJoin('lanes as l', (join) =>
      join.onRef('l.workspace', '=', 'e.workspace').onRef('l.endpoint', '=', 'e.key'),
    )
    .select(
      sql<number | null>`max(l.last_sequence - (SELECT min(d.sequence) FROM deliveries d
        WHERE d.workspace = l.workspace AND d.lane = l.key AND ${isOpen('d.state')}
          AND d.sequence > ${FIRST_OPEN_AFTER}) + 1)`.as('open'),
    )
    .where('e.workspace', '=', workspace)
    .where('e.key', '=', endpoint)
    .where('e.disabled_at', 'is', null)
    .executeTakeFirst();
  return row?.open ?? 0;
}

/** What the node does that works on them. */
function worked(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): ReplayWorkStore {
  /** The job where it is still this node's and stands where the node thinks; locked. */
  const mine = (trx: Transaction<Schema>, node: string, { key, workspace, last }: OwnedReplay) =>
    trx
      .updateTable('replays')
      .where('workspace', '=', workspace)
      .where('key', '=', key)
      .where('state', '=', 'running')
      .where('owner', '=', node)
      .where('last_lane', '=', last.lane)
      .where('last_sequence', '=', last.sequence);
  return {
    async claimReplays(node, limit, now) {
      const isFree = sql<SqlBool>`r.state = 'running'
        AND (r.owner IS NULL OR r.owner = ${node} OR r.owner NOT IN (SELECT node FROM nodes))
        -- What counts as skipped is listed once its rows are written (skips.ts).
        AND NOT EXISTS (SELECT 1 FROM lanes l
          WHERE l.workspace = r.workspace AND l.endpoint = r.endpoint AND l.skip_through > 0)`;
      const free = await sql<{ workspace: number; key: number }>`
        SELECT r.workspace, r.key FROM replays r WHERE ${isFree}
        ORDER BY row_number() OVER (PARTITION BY r.workspace ORDER BY r.taken_at, r.key), r.taken_at, r.key
        LIMIT ${limit}`.execute(read);
      const claimed: OwnedReplay[] = [];
      // One by one: another node may be quicker with some of them.
      for (const { workspace, key } of free.rows) {
        const { rows } = await sql<Selectable<ReplaysTable>>`
          UPDATE replays AS r SET owner = ${node}, taken_at = ${now}
          WHERE r.workspace = ${workspace} AND r.key = ${key} AND ${isFree} RETURNING *`.execute(write);
        const [row] = rows;
        if (row === undefined) continue;
        claimed.push({ ...toReplay(row), last: { lane: row.last_lane, sequence: row.last_sequence } });
      }
      return claimed;
    },
    listOriginals: ({ last, ...replay }, state, afterKey, limit) =>
      originals(read, { ...replay, filter: { ...replay.filter, states: [state] } })
        .where(isInState('d.state', state))
        .$if(replay.filter.includeResolved !== true && state !== 'delivered', (unresolved) =>
          unresolved.where((eb) => eb.not(isMadeGood(replay.createdAt))),
        )
        .where('b.event', 'is not', null)
        .where('d.key', '>', afterKey)
        .where((eb) =>
          eb.or([
            eb('d.lane', '>', last.lane),
            eb.and([eb('d.lane', '=', last.lane), eb('d.sequence', '>', last.sequence)]),
          ]),
        )
        .select(['d.key', 'd.lane', 'd.sequence'])
        .orderBy('d.key')
        .limit(limit)
        .execute(),
    sendReplayBatch: (node, replay, batch, { now, maxOpen }) =>
      write.transaction().execute(async (trx): Promise<ReplayBatchAnswer> => {
        const last = batch.at(-1);
        if (last === undefined) throw new Error('A batch has at least one original.');
        if ((await openAt(trx, replay)) >= maxOpen) return { kind: 'full' };
        const moved = await mine(trx, node, replay)
          .set({ last_lane: last.lane, last_sequence: last.sequence })
          .executeTakeFirst();
        if (moved.numUpdatedRows === 0n) return { kind: 'lost' };
        const resent = await resend(trx, dialect, replay.workspace, batch, now);
        const job = trx
          .updateTable('replays')
          .where('workspace', '=', replay.workspace)
          .where('key', '=', replay.key);
        if (resent.withoutEndpoint > 0) {
          const reason = 'endpoint_deleted: the endpoint was deleted meanwhile';
          await job.set({ state: 'failed', reason, ended_at: now }).execute();
          return { kind: 'lost' };
        }
        await job.set((eb) => ({ done: eb('done', '+', resent.made.length) })).execute();
        return { kind: 'sent', lanes: resent.lanes };
      }),
    async finishReplay(node, replay, now) {
      // What could not be sent any more had been counted as to be sent.
      const result = await write.transaction().execute((trx) =>
        mine(trx, node, replay)
          .set((eb) => ({
            state: 'finished',
            ended_at: now,
            gone: eb('gone', '+', eb('total', '-', eb.ref('done'))),
            total: eb.ref('done'),
          }))
          .executeTakeFirst(),
      );
      return result.numUpdatedRows > 0n;
    },
  };
}
