/**
 * SQLite's hot statements: publishing and recording. They run inside the database thread, as part of
 * the group's transaction; throwing undoes the call and no other (thread.ts).
 *
 * Rejected: one multi-row INSERT per table and call. Building it cost more than it saved; kept
 * prepared statements run at 2 to 3 µs a row.
 */

import type { StatementSync } from 'node:sqlite';
import { ERASED } from '../../core/erasing.ts';
import { type Activated, activate, setsOff } from '../queries/activate.ts';
import { consequences } from '../queries/budget.ts';
import { drive, type Row, type Statement } from '../queries/statement.ts';
import type { NewDelivery } from '../records/delivery.ts';
import {
  type AcceptedEvent,
  IDEMPOTENCY_KEPT_MS,
  type NewEvent,
  type PublishAnswer,
  type PublishCall,
  type TouchedLane,
} from '../records/publishing.ts';
import type { AttemptResult, RecordAnswer, RecordVerdict } from '../records/results.ts';
import type { Counting } from './counting.ts';

export type Prepare = (sql: string) => StatementSync;

const INSERT_EVENT = `INSERT INTO events
  (key, workspace, id, type, subject, created_at, accepted_at, hash, test, deliveries, depth, trace)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace, id) DO NOTHING`;
const INSERT_BODY = `INSERT INTO event_bodies (event, workspace, body, account, verdicts, warnings)
  VALUES (?, ?, ?, ?, ?, ?)`;
const ADVANCE_LANE = `UPDATE lanes SET last_sequence = last_sequence + ?, open = 1
  WHERE key = ? RETURNING last_sequence, done_sequence, revision`;
const INSERT_DELIVERY = `INSERT INTO deliveries
  (key, workspace, event, endpoint, lane, sequence, message, source_kind, source_id, replay_of, state, reason,
   attempts, waited_ms, next_attempt_at, created_at, ended_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'pending', NULL, 0, 0, NULL, ?, NULL)`;

const QUEUE_INDEXING = 'INSERT INTO search_queue (workspace, key, events) VALUES (?, ?, ?)';
const COUNT_RUNS = 'SELECT count(*) AS count FROM runs WHERE workspace = ? AND event = ? AND revision > 0';
const COUNT_USAGE = `INSERT INTO usage_by_day (workspace, day, events) VALUES (?, ?, ?)
  ON CONFLICT (workspace, day) DO UPDATE SET events = usage_by_day.events + excluded.events RETURNING events`;

export function publish(prepare: Prepare, counting: Counting, call: PublishCall): PublishAnswer {
  const version = prepare('SELECT routing_version FROM workspaces WHERE key = ?').get(call.workspace);
  if (version?.routing_version !== call.routingVersion) {
    return { kind: 'stale', routingVersion: Number(version?.routing_version ?? 0) };
  }
  const earlier = findIdempotent(prepare, call);
  if (earlier !== null) return earlier;

  const found = call.events.map((event) => {
    const known = insertEvent(prepare, call, event);
    // A conflict is found before anything is committed; what the call has written is undone.
    if (known !== null && known.hash !== event.hash) {
      throw new Undo({ kind: 'conflict', what: 'event_id', id: event.id });
    }
    return known;
  });
  const repeated = found.map((known) => known !== null);
  const fresh = call.events.filter((_, index) => found[index] === null);
  const activated: Activated = fresh.some(setsOff)
    ? drive(activate(call, fresh, ''), runner(prepare))
    : { events: new Map(), braked: [] };
  const accepted = call.events.map((event, index): AcceptedEvent => {
    const known = found[index] ?? null;
    const { id } = event;
    const done = activated.events.get(known?.key ?? event.key);
    if (done !== undefined) return { id, deliveries: done.deliveries.length, runs: done.runs };
    if (known === null) return { id, deliveries: event.deliveries.length, runs: 0 };
    const runs = Number(prepare(COUNT_RUNS).get(call.workspace, known.key)?.count);
    return { id, deliveries: known.deliveries, runs };
  });
  if (call.quota !== null && fresh.length > 0) countUsage(prepare, call, call.quota, fresh.length);
  const queued = fresh.map(({ key, deliveries }) => ({
    event: key,
    deliveries: activated.events.get(key)?.deliveries ?? deliveries,
  }));
  const lanes = insertDeliveries(prepare, call, queued);
  const { workspace, acceptedAt } = call;
  if (call.searchable && fresh.length > 0) {
    const keys = fresh.map(({ key }) => key);
    prepare(QUEUE_INDEXING).run(workspace, Math.min(...keys), JSON.stringify(keys));
  }
  for (const { type } of fresh) counting.addEvent({ workspace, type, acceptedAt });
  rememberIdempotent(prepare, call, accepted);
  return { kind: 'accepted', accepted, repeated, lanes, braked: activated.braked };
}

/** A new event with all that is to be queued for it. */
interface QueuedEvent {
  event: number;
  deliveries: readonly NewDelivery[];
}

/** Undoes the call and becomes the answer. */
export class Undo extends Error {
  readonly answer: PublishAnswer;

  constructor(answer: PublishAnswer) {
    super('undo');
    this.answer = answer;
  }
}

function countUsage(
  prepare: Prepare,
  { workspace }: PublishCall,
  { limit, day }: NonNullable<PublishCall['quota']>,
  count: number,
): void {
  const row = prepare(COUNT_USAGE).get(workspace, day, count);
  const events = Number(row?.events);
  if (events > limit) throw new Undo({ kind: 'over_quota', limit, reached: events - count });
}

function findIdempotent(prepare: Prepare, call: PublishCall): PublishAnswer | null {
  if (call.idempotency === null) return null;
  const { key, hash } = call.idempotency;
  const row = prepare(
    'SELECT hash, answer FROM idempotency_keys WHERE workspace = ? AND idempotency_key = ? AND created_at > ?',
  ).get(call.workspace, key, call.acceptedAt - IDEMPOTENCY_KEPT_MS);
  if (row === undefined) return null;
  if (row.hash !== hash) return { kind: 'conflict', what: 'idempotency_key', id: key };
  const accepted = JSON.parse(String(row.answer)) as AcceptedEvent[];
  return { kind: 'accepted', accepted, repeated: accepted.map(() => true), lanes: [], braked: [] };
}

function rememberIdempotent(prepare: Prepare, call: PublishCall, accepted: AcceptedEvent[]): void {
  if (call.idempotency === null) return;
  prepare(
    // One that is there has expired.
    `INSERT OR REPLACE INTO idempotency_keys (workspace, idempotency_key, hash, answer, created_at)
     VALUES (?, ?, ?, ?, ?)`,
  ).run(
    call.workspace,
    call.idempotency.key,
    call.idempotency.hash,
    JSON.stringify(accepted),
    call.acceptedAt,
  );
}

/** Null where the event is new; else what is known of the earlier one under its id. */
function insertEvent(
  prepare: Prepare,
  call: PublishCall,
  event: NewEvent,
): { key: number; hash: string; deliveries: number } | null {
  const { changes } = prepare(INSERT_EVENT).run(
    event.key,
    call.workspace,
    event.id,
    event.type,
    event.subject,
    event.createdAt,
    call.acceptedAt,
    event.hash,
    event.test ? 1 : 0,
    event.deliveries.length,
    event.depth,
    event.trace,
  );
  if (Number(changes) === 0) {
    const row = prepare('SELECT key, hash, deliveries FROM events WHERE workspace = ? AND id = ?').get(
      call.workspace,
      event.id,
    );
    return { key: Number(row?.key), hash: String(row?.hash), deliveries: Number(row?.deliveries) };
  }
  prepare(INSERT_BODY).run(
    event.key,
    call.workspace,
    event.body,
    event.account,
    event.verdicts,
    event.warnings,
  );
  return null;
}

function insertDeliveries(
  prepare: Prepare,
  call: PublishCall,
  events: readonly QueuedEvent[],
): TouchedLane[] {
  const counts = new Map<number, { count: number; delivery: NewDelivery }>();
  for (const { deliveries } of events) {
    for (const delivery of deliveries) {
      const entry = counts.get(delivery.lane);
      if (entry === undefined) counts.set(delivery.lane, { count: 1, delivery });
      else entry.count += 1;
    }
  }
  const lanes: TouchedLane[] = [];
  const next = new Map<number, number>();
  for (const [lane, { count, delivery }] of counts) {
    const touched = advanceLane(prepare, lane, count);
    lanes.push({ ...touched, endpoint: delivery.endpoint });
    next.set(lane, touched.firstSequence);
  }
  const insert = prepare(INSERT_DELIVERY);
  for (const { event, deliveries } of events) {
    for (const { key, endpoint, lane, source } of deliveries) {
      const sequence = next.get(lane) ?? 0;
      next.set(lane, sequence + 1);
      insert.run(
        key,
        call.workspace,
        event,
        endpoint,
        lane,
        sequence,
        key,
        source.kind,
        source.id,
        call.acceptedAt,
      );
    }
  }
  return lanes;
}

function advanceLane(prepare: Prepare, lane: number, count: number): Omit<TouchedLane, 'endpoint'> {
  const row = prepare(ADVANCE_LANE).get(count, lane);
  if (row === undefined) throw new Error(`Lane ${lane} does not exist.`);
  return {
    lane,
    revision: Number(row.revision),
    firstSequence: Number(row.last_sequence) - count + 1,
    doneSequence: Number(row.done_sequence),
  };
}

const FIND_SLICE = 'SELECT 1 AS held FROM slices WHERE slice = ? AND owner = ? AND epoch = ?';
const SETTLE_DELIVERY = `UPDATE deliveries SET state = ?, reason = ?, attempts = ?, waited_ms = coalesce(?, waited_ms),
  put_offs = coalesce(?, put_offs), next_attempt_at = ?, ended_at = ? WHERE key = ? AND state IN ('pending', 'waiting')
  AND sequence > (SELECT l.skip_through FROM lanes l WHERE l.key = deliveries.lane)`;
const COUNT_ATTEMPT = 'UPDATE deliveries SET attempts = ? WHERE key = ?';
const INSERT_ATTEMPT = `INSERT INTO attempts
  (workspace, delivery, number, started_at, duration_ms, outcome, status, error, note, address, timings, url,
   request_headers, response_headers, response_body, truncated)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
// Its workspace was deleted meanwhile, or its event erased: nothing is kept of it.
const IS_KEPT = `SELECT 1 FROM deliveries WHERE key = ? AND reason IS NOT '${ERASED}'`;

export function record(
  prepare: Prepare,
  counting: Counting,
  node: string,
  results: readonly AttemptResult[],
): RecordAnswer {
  const fresh: AttemptResult[] = [];
  const slices = prepare(FIND_SLICE);
  const verdicts = results.map((result): RecordVerdict => {
    if (slices.get(result.slice, node, result.epoch) === undefined) return 'fenced';
    const settled = settleDelivery(prepare, result);
    const isKept = settled || prepare(IS_KEPT).get(result.delivery) !== undefined;
    if (isKept && insertAttempt(prepare, result)) {
      const { workspace, endpoint, eventType, attempt, next } = result;
      const { outcome, startedAt, durationMs } = attempt;
      const counted = { workspace, endpoint, eventType, outcome, startedAt, durationMs };
      const dropped = settled && next.state === 'dropped';
      counting.addResult({ ...counted, dropped, delivered: settled && next.state === 'delivered' });
      fresh.push(result);
    }
    return 'recorded';
  });
  return { verdicts, moved: drive(consequences(fresh), runner(prepare)) };
}

function runner(prepare: Prepare): (statement: Statement) => Row[] {
  return ({ sql, values }) => prepare(sql).all(...values) as Row[];
}

/** False where it had been skipped or deleted while its request was in flight. */
function settleDelivery(prepare: Prepare, { next, attempt, delivery }: AttemptResult): boolean {
  const waiting = next.state === 'waiting' ? next : null;
  const { changes } = prepare(SETTLE_DELIVERY).run(
    next.state,
    next.reason,
    attempt.number,
    waiting?.waitedMs ?? null,
    waiting?.putOffs ?? null,
    waiting?.nextAttemptAt ?? null,
    next.state === 'waiting' ? null : next.endedAt,
    delivery,
  );
  // Then the end stands, and the attempt is logged.
  if (Number(changes) === 0) prepare(COUNT_ATTEMPT).run(attempt.number, delivery);
  return Number(changes) > 0;
}

/** False where it was recorded before. */
function insertAttempt(prepare: Prepare, { workspace, delivery, attempt }: AttemptResult): boolean {
  const { changes } = prepare(INSERT_ATTEMPT).run(
    workspace,
    delivery,
    attempt.number,
    attempt.startedAt,
    attempt.durationMs,
    attempt.outcome,
    attempt.status,
    attempt.error,
    attempt.note,
    attempt.address,
    attempt.timings,
    attempt.url,
    attempt.requestHeaders,
    attempt.responseHeaders,
    attempt.responseBody,
    attempt.truncated ? 1 : 0,
  );
  return Number(changes) > 0;
}
