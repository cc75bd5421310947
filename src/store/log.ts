/** Events, deliveries and attempts as people read and change them: the queries, for both databases. */

import {
  type ExpressionBuilder,
  type Kysely,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
  type Transaction,
} from 'kysely';
import type { AttemptOutcome } from '../core/delivery/decide.ts';
import type { StoredState } from '../core/delivery/machine.ts';
import { firstKeyAt, formatId } from '../core/ids.ts';
import { insertAudit } from './audit.ts';
import type { SourceKind } from './records/delivery.ts';
import type { AuditAction, AuditEntry } from './records/history.ts';
import type {
  ChangeAnswer,
  DeliveryFilter,
  EventFilter,
  Page,
  StoredAttempt,
  StoredDelivery,
  StoredEvent,
} from './records.ts';
import type { DeliveriesTable, Schema } from './schema.ts';
import { isInState, isOpen } from './states.ts';
import type { Store } from './store.ts';

const OPEN: StoredState[] = ['pending', 'waiting'];

function eventQuery(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('events as e')
    .leftJoin('event_bodies as b', (join) =>
      join.onRef('b.workspace', '=', 'e.workspace').onRef('b.event', '=', 'e.key'),
    )
    .select([
      'e.key',
      'e.id',
      'e.type',
      'e.subject',
      'e.created_at',
      'e.accepted_at',
      'e.test',
      'e.deliveries',
    ])
    .select(['b.body', 'b.account', 'b.verdicts', 'b.warnings'])
    .where('e.workspace', '=', workspace);
}

type EventRow = Awaited<ReturnType<ReturnType<typeof eventQuery>['execute']>>[number];

function toEvent({ created_at, accepted_at, test, ...row }: EventRow): StoredEvent {
  return { ...row, createdAt: created_at, acceptedAt: accepted_at, test: test === 1 };
}

function deliveryQuery(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('deliveries as d')
    .innerJoin('events as e', (join) =>
      join.onRef('e.workspace', '=', 'd.workspace').onRef('e.key', '=', 'd.event'),
    )
    .innerJoin('endpoints as p', (join) =>
      join.onRef('p.workspace', '=', 'd.workspace').onRef('p.key', '=', 'd.endpoint'),
    )
    .selectAll('d')
    .select(['e.id as event_id', 'e.type as event_type', 'p.disabled_at as endpoint_disabled_at'])
    .where('d.workspace', '=', workspace);
}

type DeliveryRow = Awaited<ReturnType<ReturnType<typeof deliveryQuery>['execute']>>[number];

function toDelivery(row: DeliveryRow): StoredDelivery {
  return {
    key: row.key,
    workspace: row.workspace,
    event: row.event,
    eventId: row.event_id,
    eventType: row.event_type,
    endpoint: row.endpoint,
    endpointEnabled: row.endpoint_disabled_at === null,
    lane: row.lane,
    sequence: row.sequence,
    message: row.message,
    source: { kind: row.source_kind as Exclude<SourceKind, 'replay'>, id: row.source_id },
    replayOf: row.replay_of,
    state: row.state as StoredState,
    reason: row.reason,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

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

type Log = Pick<
  Store,
  | 'listEvents'
  | 'findEvent'
  | 'listDeliveries'
  | 'findDelivery'
  | 'findOwnBody'
  | 'listAttempts'
  | 'laneHead'
  | 'retryNow'
  | 'skipDelivery'
>;

export function log(write: Kysely<Schema>, read: Kysely<Schema>): Log {
  return { ...eventLog(read), ...deliveryLog(read), ...changes(write) };
}

function eventLog(read: Kysely<Schema>): Pick<Log, 'listEvents' | 'findEvent'> {
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

/** States that are rare and have an index of their own; a unary plus keeps the others out of its way. */
function isRare(state: DeliveryFilter['state']): boolean {
  return state !== undefined && state !== 'delivered';
}

/** Events of a type up to which they are found first and their deliveries sorted: some 30 ms at the most. */
const FEW_EVENTS = 5_000;

/** Whether a type has so few events that reading newest first might go through all the others. */
async function isRareType(db: Kysely<Schema>, workspace: number, type: string): Promise<boolean> {
  const some = db
    .selectFrom('events')
    .select('key')
    .where('workspace', '=', workspace)
    .where('type', '=', type)
    .orderBy('key', 'desc')
    .limit(FEW_EVENTS + 1);
  const { count } = await db
    .selectFrom(some.as('some'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count) <= FEW_EVENTS;
}

function filterDeliveries(
  db: Kysely<Schema>,
  workspace: number,
  filter: DeliveryFilter,
  page: Page,
  rareType: boolean,
) {
  const { endpoint, event, type, subject, state } = filter;
  let query = inRange(deliveryQuery(db, workspace), 'd.key', filter, page.before);
  if (endpoint !== undefined) {
    query = isRare(state)
      ? query.where(sql<SqlBool>`+d.endpoint = ${endpoint}`)
      : query.where('d.endpoint', '=', endpoint);
  }
  if (event !== undefined) query = query.where('d.event', '=', event);
  if (type !== undefined) query = query.where('e.type', '=', type);
  const few = subject !== undefined ? 'subject' : rareType ? 'type' : null;
  if (few !== null) {
    query = query.where('d.event', 'in', (eb) =>
      eb
        .selectFrom('events')
        .select('key')
        .where('workspace', '=', workspace)
        .where(few, '=', subject ?? type ?? ''),
    );
  }
  if (state === 'held') {
    query = query.where(isOpen('d.state')).where('p.disabled_at', 'is not', null);
  } else if (state !== undefined) {
    query = query.where(isInState('d.state', state));
    if (OPEN.includes(state)) query = query.where('p.disabled_at', 'is', null);
  }
  // A subject's events are few: found first and then sorted, not looked for from the newest back.
  const order = few === null ? sql`d.key` : sql`+d.key`;
  return query.orderBy(order, 'desc').limit(page.limit);
}

function deliveryLog(
  read: Kysely<Schema>,
): Pick<Log, 'listDeliveries' | 'findDelivery' | 'findOwnBody' | 'listAttempts' | 'laneHead'> {
  return {
    async listDeliveries(workspace, filter, page) {
      const isNarrow = [filter.endpoint, filter.event, filter.subject].some((value) => value !== undefined);
      const rareType =
        filter.type !== undefined && !isNarrow && (await isRareType(read, workspace, filter.type));
      const rows = await filterDeliveries(read, workspace, filter, page, rareType).execute();
      return rows.map(toDelivery);
    },
    async findDelivery(workspace, delivery) {
      const row = await deliveryQuery(read, workspace).where('d.key', '=', delivery).executeTakeFirst();
      return row === undefined ? null : toDelivery(row);
    },
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
    async laneHead(workspace, lane, beforeSequence) {
      const open = read
        .selectFrom('deliveries')
        .where('workspace', '=', workspace)
        .where('lane', '=', lane)
        .where(isOpen('state'))
        .where('sequence', '<', beforeSequence);
      const head = await open
        .select(['key', 'sequence', 'state', 'next_attempt_at'])
        .orderBy('sequence')
        .limit(1)
        .executeTakeFirst();
      if (head === undefined) return null;
      const { ahead } = await open
        .select((eb) => eb.fn.countAll<number>().as('ahead'))
        .executeTakeFirstOrThrow();
      return {
        key: head.key,
        sequence: head.sequence,
        nextAttemptAt: head.next_attempt_at,
        state: head.state as StoredState,
        ahead: Number(ahead),
      };
    },
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

/** To be part of every change of what is queued in a lane. */
async function moveLane(trx: Transaction<Schema>, workspace: number, lane: number): Promise<void> {
  await trx
    .updateTable('lanes')
    .set((eb) => ({ revision: eb('revision', '+', 1) }))
    .where('workspace', '=', workspace)
    .where('key', '=', lane)
    .execute();
}

type DeliveryChange = Partial<DeliveriesTable>;

/** Changes one delivery where its state allows; says what it found otherwise. */
async function changeDelivery(
  trx: Transaction<Schema>,
  workspace: number,
  delivery: number,
  from: StoredState[],
  values: DeliveryChange,
): Promise<ChangeAnswer> {
  const thisOne = (eb: ExpressionBuilder<Schema, 'deliveries'>) =>
    eb.and([eb('workspace', '=', workspace), eb('key', '=', delivery)]);
  const [changed] = await trx
    .updateTable('deliveries')
    .set(values)
    .where(thisOne)
    .where('state', 'in', from)
    .returning('lane')
    .execute();
  if (changed !== undefined) {
    // Who works the lane finds by it that what it holds in memory is no longer so.
    await moveLane(trx, workspace, changed.lane);
    return { kind: 'changed', lane: changed.lane };
  }
  const found = await trx.selectFrom('deliveries').select('state').where(thisOne).executeTakeFirst();
  return found === undefined ? { kind: 'missing' } : { kind: 'unchanged', state: found.state as StoredState };
}

function changes(write: Kysely<Schema>): Pick<Log, 'retryNow' | 'skipDelivery'> {
  return {
    retryNow: (workspace, delivery, now, by) =>
      write.transaction().execute(async (trx) => {
        const asked = await trx
          .selectFrom('deliveries')
          .select(['lane', 'next_attempt_at'])
          .where('workspace', '=', workspace)
          .where('key', '=', delivery)
          .where('state', '=', 'waiting')
          .executeTakeFirst();
        // Due already, perhaps by this very call, whose answer was lost.
        if (asked !== undefined && (asked.next_attempt_at ?? 0) <= now) {
          return { kind: 'changed', lane: asked.lane };
        }
        const answer = await changeDelivery(trx, workspace, delivery, ['waiting'], { next_attempt_at: now });
        if (answer.kind === 'changed') {
          await insertAudit(trx, entryOf('delivery.retried', workspace, delivery, by, now));
        }
        return answer;
      }),
    skipDelivery: (workspace, delivery, by, now) =>
      write.transaction().execute(async (trx) => {
        const answer = await changeDelivery(trx, workspace, delivery, OPEN, {
          state: 'skipped',
          reason: `skipped_by: ${by}`,
          ended_at: now,
          next_attempt_at: null,
        });
        if (answer.kind === 'changed') {
          await insertAudit(trx, entryOf('delivery.skipped', workspace, delivery, by, now));
        }
        return answer;
      }),
  };
}
