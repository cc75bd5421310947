/** Events, deliveries and attempts as people read and change them: the queries, for both databases. */

import {
  type ExpressionBuilder,
  type Kysely,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
  type Transaction,
  type Updateable,
} from 'kysely';
import type { AttemptOutcome } from '../../core/delivery/decide.ts';
import type { StoredState } from '../../core/delivery/machine.ts';
import { firstKeyAt, formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { LogStore } from '../ports/log.ts';
import type { AuditAction, AuditEntry } from '../records/audit.ts';
import type { ChangeAnswer, EventFilter, LaneHead, Page, StoredAttempt } from '../records/log.ts';
import type { DeliveriesTable, Schema } from '../schema/schema.ts';
import { insertAudit } from './audit.ts';
import { deliveryLists } from './deliveryLists.ts';
import { eventQuery, toEvent } from './eventRows.ts';
import { countSkipped } from './skipCounts.ts';
import { FIRST_OPEN_AFTER, isOpen } from './states.ts';

const OPEN: StoredState[] = ['pending', 'waiting'];

/** Keys grow with time, so a page and a span of time are both ranges of the primary key. */
function inRange<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  column: string,
  span: { since?: number; until?: number },
  before: number | null,
): SelectQueryBuilder<DB, TB, O> {
  const ref = sql.ref<number>(column);
  let ranged = query;
  if (span.since !== undefined) ranged = ranged.where(sql<boolean>`${ref} >= ${firstKeyAt(span.since)}`);
  if (span.until !== undefined) ranged = ranged.where(sql<boolean>`${ref} < ${firstKeyAt(span.until)}`);
  if (before !== null) ranged = ranged.where(sql<boolean>`${ref} < ${before}`);
  return ranged;
}

export function log(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): LogStore {
  return {
    ...eventLog(read),
    ...deliveryLists(read, dialect),
    ...deliveryLog(read),
    ...changes(write, dialect),
  };
}

function eventLog(read: Kysely<Schema>): Pick<LogStore, 'listEvents' | 'findEvent'> {
  return {
    async listEvents(workspace: number, filter: EventFilter, page: Page) {
      let query = inRange(eventQuery(read, workspace), 'e.key', filter, page.before);
      if (filter.type !== undefined) query = query.where('e.type', '=', filter.type);
      if (filter.subject !== undefined) query = query.where('e.subject', '=', filter.subject);
      const rows = await query.orderBy('e.key', 'desc').limit(page.limit).execute();
      return rows.map(toEvent);
    },
    async findEvent(workspace, id) {
      const row = await eventQuery(read, workspace).where('e.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toEvent(row);
    },
  };
}

/** Open deliveries that are counted of those ahead of another. */
const MOST_AHEAD = 1_000;

function deliveryLog(read: Kysely<Schema>): Pick<LogStore, 'findOwnBody' | 'listAttempts' | 'laneHeads'> {
  return {
    async findOwnBody(workspace, message) {
      const row = await read
        .selectFrom('delivery_bodies')
        .select('body')
        .where('workspace', '=', workspace)
        .where('delivery', '=', message)
        .executeTakeFirst();
      return row?.body ?? null;
    },
    async listAttempts(workspace, deliveries, { full }) {
      if (deliveries.length === 0) return [];
      const rows = await read
        .selectFrom('attempts')
        .select(['delivery', 'number', 'started_at', 'duration_ms', 'outcome', 'status', 'error', 'note'])
        .select(['address', 'timings', 'url', 'truncated'])
        .$if(full, (query) => query.select(['request_headers', 'response_headers', 'response_body']))
        .where('workspace', '=', workspace)
        .where('delivery', 'in', deliveries)
        .orderBy('delivery')
        .orderBy('number')
        .execute();
      return rows.map(
        (row): StoredAttempt => ({
          delivery: row.delivery,
          number: row.number,
          startedAt: row.started_at,
          durationMs: row.duration_ms,
          outcome: row.outcome as AttemptOutcome,
          status: row.status,
          error: row.error,
          note: row.note,
          address: row.address,
          timings: row.timings,
          url: row.url,
          truncated: row.truncated === 1,
          requestHeaders: row.request_headers ?? '[]',
          responseHeaders: row.response_headers ?? null,
          responseBody: row.response_body ?? null,
        }),
      );
    },
    async laneHeads(workspace, asked) {
      if (asked.length === 0) return [];
      const places = asked.map(
        ({ lane, sequence }, place) =>
          sql`(${sql.lit(place)}, CAST(${lane} AS bigint), CAST(${sequence} AS bigint))`,
      );
      const ahead = sql`FROM deliveries d WHERE d.workspace = ${workspace} AND d.lane = a.lane AND ${isOpen('d.state')}
        AND d.sequence > ${FIRST_OPEN_AFTER} AND d.sequence < a.sequence`;
      const { rows } = await sql<HeadRow>`
        WITH a(place, lane, sequence) AS (VALUES ${sql.join(places)}),
        -- Found first, each once; then their rows.
        f AS MATERIALIZED (
          SELECT a.place, (SELECT d.key ${ahead} ORDER BY d.sequence LIMIT 1) AS head,
            (SELECT count(*) FROM (SELECT 1 ${ahead} LIMIT ${MOST_AHEAD}) AS counted) AS ahead
          FROM a CROSS JOIN lanes l WHERE l.workspace = ${workspace} AND l.key = a.lane)
        SELECT f.place, f.ahead, h.key, h.sequence, h.state, h.next_attempt_at
          FROM f CROSS JOIN deliveries h WHERE h.workspace = ${workspace} AND h.key = f.head`.execute(read);
      const heads = new Map(rows.map((row) => [Number(row.place), toHead(row)]));
      return asked.map((_, place) => heads.get(place) ?? null);
    },
  };
}

interface HeadRow {
  place: number;
  ahead: number;
  key: number;
  sequence: number;
  state: string;
  next_attempt_at: number | null;
}

function toHead(row: HeadRow): LaneHead {
  return {
    key: row.key,
    sequence: row.sequence,
    nextAttemptAt: row.next_attempt_at,
    state: row.state as StoredState,
    ahead: Number(row.ahead),
  };
}

function entryOf(
  action: AuditAction,
  workspace: number,
  delivery: number,
  by: string,
  at: number,
): AuditEntry {
  return { workspace, actor: by, action, target: formatId('dlv', delivery), details: {}, at };
}

/** That a delivery `d` does not count as skipped already (skips.ts). */
const isUnmarkedIn = (workspace: number) => sql<SqlBool>`d.sequence > (
  SELECT l.skip_through FROM lanes l WHERE l.workspace = ${workspace} AND l.key = d.lane)`;

type DeliveryChange = Updateable<DeliveriesTable>;

/** Changes one delivery where its state allows; says what it found otherwise. */
async function changeDelivery(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, delivery }: { workspace: number; delivery: number },
  from: StoredState[],
  values: DeliveryChange,
): Promise<ChangeAnswer> {
  const thisOne = (eb: ExpressionBuilder<Schema & { d: DeliveriesTable }, 'd'>) =>
    eb.and([eb('workspace', '=', workspace), eb('key', '=', delivery)]);
  const place = await trx.selectFrom('deliveries as d').select('lane').where(thisOne).executeTakeFirst();
  if (place === undefined) return { kind: 'missing' };
  const lane = sql<SqlBool>`workspace = ${workspace} AND key = ${place.lane}`;
  // Lanes are locked before their deliveries, by everyone who changes both.
  await sql`SELECT key FROM lanes WHERE ${lane} ${dialect.locking('FOR UPDATE')}`.execute(trx);
  const [changed] = await trx
    .updateTable('deliveries as d')
    .set(values)
    .where(thisOne)
    .where('state', 'in', from)
    .where(isUnmarkedIn(workspace))
    .returning('lane')
    .execute();
  if (changed !== undefined) {
    // Who works the lane finds by it that what it holds in memory is no longer so.
    await sql`UPDATE lanes SET revision = revision + 1 WHERE ${lane}`.execute(trx);
    return { kind: 'changed', lane: changed.lane };
  }
  const [found] = await trx
    .selectFrom('deliveries as d')
    .select(['state', isUnmarkedIn(workspace).as('is_unmarked')])
    .where(thisOne)
    .execute();
  if (found === undefined) return { kind: 'missing' };
  const isMarked = OPEN.includes(found.state as StoredState) && !found.is_unmarked;
  return { kind: 'unchanged', state: isMarked ? 'skipped' : (found.state as StoredState) };
}

function changes(write: Kysely<Schema>, dialect: Dialect): Pick<LogStore, 'retryNow' | 'skipDelivery'> {
  return {
    retryNow: (workspace, delivery, now, by) =>
      write.transaction().execute(async (trx) => {
        const asked = await trx
          .selectFrom('deliveries as d')
          .select(['lane', 'next_attempt_at'])
          .where('workspace', '=', workspace)
          .where('key', '=', delivery)
          .where('state', '=', 'waiting')
          .where(isUnmarkedIn(workspace))
          .executeTakeFirst();
        // Due already, perhaps by this very call, whose answer was lost.
        if (asked !== undefined && (asked.next_attempt_at ?? 0) <= now) {
          return { kind: 'changed', lane: asked.lane };
        }
        const answer = await changeDelivery(trx, dialect, { workspace, delivery }, ['waiting'], {
          next_attempt_at: now,
        });
        if (answer.kind === 'changed') {
          await insertAudit(trx, entryOf('delivery.retried', workspace, delivery, by, now));
        }
        return answer;
      }),
    skipDelivery: (workspace, delivery, by, now) =>
      write.transaction().execute(async (trx) => {
        const answer = await changeDelivery(trx, dialect, { workspace, delivery }, OPEN, {
          state: 'skipped',
          reason: `skipped_by: ${by}`,
          ended_at: now,
          next_attempt_at: null,
        });
        if (answer.kind === 'changed') {
          await insertAudit(trx, entryOf('delivery.skipped', workspace, delivery, by, now));
          const { event } = await trx
            .selectFrom('deliveries')
            .select('event')
            .where('workspace', '=', workspace)
            .where('key', '=', delivery)
            .executeTakeFirstOrThrow();
          await countSkipped(trx, dialect, { workspace, at: now }, [event]);
        }
        return answer;
      }),
  };
}
