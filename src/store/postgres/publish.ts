/**
 * Publishing. Nearly always everything in a call is new; then it is one statement and one
 * commit (`publishNew`). A unique index refuses it where something was there before; then
 * `publishMixed` finds out what, step by step, in a transaction.
 *
 * Both take what they lock in one order, so that they never wait for each other in a circle: the workspace's
 * advisory lock (shared), event ids ascending, the locks of subjects that are awaited (waitLocks.ts), counts of
 * activations, waiting runs (activate.ts), the day's usage, lanes ascending, idempotency key. What counts events are rows
 * of this connection's own (counting.ts).
 *
 * Exact routing: the version is read by a function, after it has the advisory lock that every
 * change of routing takes exclusively (migrations.ts). Rejected: SELECT … FOR SHARE of the
 * workspace's row. Overlapping publishers would renew the share for ever, and a change of an
 * endpoint would never get its turn; lock requests queue in order.
 */

import type pg from 'pg';
import { type Activated, activate, setsOff, subjectsOf } from '../queries/activate.ts';
import { driveAsync } from '../queries/statement.ts';
import { TAKE_WAIT_LOCKS, waitLocksOf } from '../queries/waitLocks.ts';
import type { NewDelivery } from '../records/delivery.ts';
import {
  type AcceptedEvent,
  IDEMPOTENCY_KEPT_MS,
  type NewEvent,
  type PublishAnswer,
  type PublishCall,
  type TouchedLane,
} from '../records/publishing.ts';
import { integers, texts } from './arrays.ts';
import { runner, runStatement, sqlState, storable, transact } from './connection.ts';
import { countEvents } from './counting.ts';

/** Unique indexes whose violation means "this was here before"; any other is a fault. */
const KNOWN_BEFORE = new Set(['events_by_id', 'events_pkey', 'idempotency_keys_pkey', 'search_queue_pkey']);
/** A call that lost the race for its idempotency key finds the winner's answer in the next round. */
const MAX_ROUNDS = 5;

export async function publish(pool: pg.Pool, call: PublishCall): Promise<PublishAnswer> {
  try {
    if (isPlain(call)) return await publishNew(pool, call);
  } catch (error) {
    if (!isKnownBefore(error)) throw error;
  }
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const answer = await publishMixed(pool, call);
    if (answer !== null) return answer;
  }
  throw new Error(`The idempotency key ${call.idempotency?.key} is taken and given up too quickly.`);
}

/** What is counted or set off takes several statements: a quota, a loop brake, a run. */
function isPlain({ quota, events }: PublishCall): boolean {
  return quota === null && events.every((event) => !setsOff(event) && event.depth === 0);
}

function isKnownBefore(error: unknown): boolean {
  if (sqlState(error) !== '23505') return false;
  return error instanceof Error && 'constraint' in error && KNOWN_BEFORE.has(String(error.constraint));
}

// ---------------------------------------------------------------- statements

const EVENT_COLUMNS = 'key, id, type, subject, created_at, hash, test, deliveries, trace';
/** Parameters 4 to 12. */
const EVENT_ROWS = `unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::bigint[],
  $11::bigint[], $12::text[]) WITH ORDINALITY AS e(${EVENT_COLUMNS}, place)`;
const INSERT_EVENTS = `INSERT INTO events
  (key, workspace, id, type, subject, created_at, accepted_at, hash, test, deliveries, trace)
  SELECT e.key, $1, e.id, e.type, e.subject, e.created_at, $3, e.hash, e.test, e.deliveries, e.trace FROM ${EVENT_ROWS}`;

/**
 * Bodies, lanes and deliveries of new events. Parameters 4 to 8: event keys, bodies, accounts,
 * verdicts, warnings; 9 and 10: lanes ascending, deliveries in each; 11 to 17: deliveries, with their
 * lane's place in parameter 9 and their distance from its new end.
 */
const rest = (p: number, ready: string): string => {
  const at = (offset: number): string => `$${p + offset}`;
  return `
bodies AS (
  INSERT INTO event_bodies (event, workspace, body, account, verdicts, warnings)
  SELECT b.event, $1, b.body, b.account, b.verdicts, b.warnings
  FROM unnest(${at(0)}::bigint[], ${at(1)}::text[], ${at(2)}::text[], ${at(3)}::text[], ${at(4)}::text[])
    AS b(event, body, account, verdicts, warnings)
  WHERE ${ready}),
locked AS MATERIALIZED (
  SELECT l.key, k.count
  FROM unnest(${at(5)}::bigint[], ${at(6)}::bigint[]) AS k(key, count)
    JOIN lanes l ON l.workspace = $1 AND l.key = k.key
  WHERE ${ready} ORDER BY l.key FOR UPDATE OF l),
advanced AS (
  UPDATE lanes l SET last_sequence = l.last_sequence + k.count, open = 1
  FROM locked k WHERE l.workspace = $1 AND l.key = k.key
  RETURNING l.key, l.last_sequence, l.done_sequence, l.revision),
ends AS MATERIALIZED (SELECT array_agg(last_sequence ORDER BY key) AS by_place, count(*) AS found FROM advanced),
queued AS (
  INSERT INTO deliveries (key, workspace, event, endpoint, lane, sequence, message, source_kind, source_id,
    replay_of, state, reason, attempts, waited_ms, next_attempt_at, created_at, ended_at)
  SELECT d.key, $1, d.event, d.endpoint, (${at(5)}::bigint[])[d.place],
    -- A lane that does not exist leaves no sequence, which the column refuses.
    CASE WHEN ends.found = cardinality(${at(5)}::bigint[]) THEN ends.by_place[d.place] - d.back END,
    d.key, d.source_kind, d.source_id, NULL, 'pending', NULL, 0, 0, NULL, $3, NULL
  FROM unnest(${at(7)}::bigint[], ${at(8)}::bigint[], ${at(9)}::bigint[], ${at(10)}::bigint[], ${at(11)}::bigint[],
    ${at(12)}::text[], ${at(13)}::bigint[]) AS d(key, event, endpoint, place, back, source_kind, source_id), ends
  WHERE ${ready})`;
};

const PUBLISH_NEW = `
WITH routing AS MATERIALIZED (SELECT mirsal_routing_version($1) AS version),
fresh AS (${INSERT_EVENTS} WHERE (SELECT version FROM routing) = $2 ORDER BY e.id RETURNING key),
${rest(13, '(SELECT version FROM routing) = $2 AND (SELECT count(*) FROM fresh) >= 0')},
remembered AS (
  INSERT INTO idempotency_keys (workspace, idempotency_key, hash, answer, created_at)
  SELECT $1, $27::text, $28::text, $29::text, $3
  WHERE (SELECT version FROM routing) = $2 AND $27::text IS NOT NULL AND (SELECT found FROM ends) >= 0),
searchable AS (
  INSERT INTO search_queue (workspace, key, events) SELECT $1, $30::bigint, $31::text
  WHERE (SELECT version FROM routing) = $2 AND $30::bigint IS NOT NULL),
counted AS (${countEvents('unnest($6::text[]) AS e(type) WHERE (SELECT version FROM routing) = $2')})
SELECT (SELECT version FROM routing) AS version, a.*
FROM (SELECT 1) AS one LEFT JOIN advanced a ON true`;

const INSERT_MISSING = `${INSERT_EVENTS} WHERE $2::bigint IS NOT NULL ORDER BY e.id, e.place
  ON CONFLICT DO NOTHING RETURNING key`;
const FIND_KNOWN = `SELECT e.key, e.id, e.hash, e.deliveries, (SELECT count(*) FROM runs r
    WHERE r.workspace = $1 AND r.event = e.key AND r.revision > 0) AS runs
  FROM events e WHERE e.workspace = $1 AND e.id = ANY($2::text[])`;
const SET_DEPTH = 'UPDATE events SET depth = $3 WHERE workspace = $1 AND key = ANY($2::bigint[])';
const QUEUE_REST = `WITH ${rest(4, '$2::bigint IS NOT NULL')} SELECT * FROM advanced`;
const COUNT_EVENTS = countEvents('unnest($2::text[]) AS e(type)');
const QUEUE_INDEXING = 'INSERT INTO search_queue (workspace, key, events) VALUES ($1, $2, $3)';
const FIND_ANSWER = `SELECT hash, answer FROM idempotency_keys
  WHERE workspace = $1 AND idempotency_key = $2 AND created_at > $3`;
const COUNT_USAGE = `INSERT INTO usage_by_day (workspace, day, events) VALUES ($1, $2, $3)
  ON CONFLICT (workspace, day) DO UPDATE SET events = usage_by_day.events + excluded.events RETURNING events`;
const REMEMBER = `INSERT INTO idempotency_keys (workspace, idempotency_key, hash, answer, created_at)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace, idempotency_key) DO UPDATE
    SET hash = excluded.hash, answer = excluded.answer, created_at = excluded.created_at
    -- One that has expired is unused.
    WHERE idempotency_keys.created_at <= $6`;

// ---------------------------------------------------------------- parameters

function eventParameters(events: readonly NewEvent[]): unknown[] {
  return [
    integers(events, (event) => event.key),
    texts(events, (event) => event.id),
    texts(events, (event) => event.type),
    texts(events, (event) => event.subject),
    integers(events, (event) => event.createdAt),
    texts(events, (event) => event.hash),
    integers(events, (event) => (event.test ? 1 : 0)),
    integers(events, (event) => event.deliveries.length),
    texts(events, (event) => event.trace),
  ];
}

/** The lowest of the events' keys, and all of them. */
function queuedForIndex(events: readonly NewEvent[]): [number, string] {
  const keys = events.map(({ key }) => key);
  return [Math.min(...keys), JSON.stringify(keys)];
}

interface LaneShare {
  lane: number;
  endpoint: number;
  count: number;
  /** Place among the call's lanes, ascending, from 1. */
  place: number;
}

/** The call's lanes in order of first appearance. */
function shareLanes(events: readonly NewEvent[]): Map<number, LaneShare> {
  const shares = new Map<number, LaneShare>();
  for (const event of events) {
    for (const { lane, endpoint } of event.deliveries) {
      const share = shares.get(lane);
      if (share === undefined) shares.set(lane, { lane, endpoint, count: 1, place: 0 });
      else share.count += 1;
    }
  }
  const ascending = [...shares.values()].sort((one, other) => one.lane - other.lane);
  for (const [index, share] of ascending.entries()) share.place = index + 1;
  return shares;
}

interface QueuedDelivery {
  delivery: NewDelivery;
  event: number;
  place: number;
  /** How many of the call follow it in its lane. */
  back: number;
}

function queueDeliveries(
  events: readonly NewEvent[],
  shares: ReadonlyMap<number, LaneShare>,
): QueuedDelivery[] {
  const left = new Map([...shares].map(([lane, { count }]) => [lane, count]));
  return events.flatMap((event) =>
    event.deliveries.map((delivery) => {
      const back = (left.get(delivery.lane) ?? 1) - 1;
      left.set(delivery.lane, back);
      return { delivery, event: event.key, place: shares.get(delivery.lane)?.place ?? 0, back };
    }),
  );
}

function restParameters(events: readonly NewEvent[], shares: ReadonlyMap<number, LaneShare>): unknown[] {
  const ascending = [...shares.values()].sort((one, other) => one.place - other.place);
  const queued = queueDeliveries(events, shares);
  return [
    integers(events, (event) => event.key),
    texts(events, (event) => event.body),
    texts(events, (event) => event.account),
    texts(events, (event) => event.verdicts),
    texts(events, (event) => event.warnings),
    integers(ascending, (share) => share.lane),
    integers(ascending, (share) => share.count),
    integers(queued, ({ delivery }) => delivery.key),
    integers(queued, ({ event }) => event),
    integers(queued, ({ delivery }) => delivery.endpoint),
    integers(queued, ({ place }) => place),
    integers(queued, ({ back }) => back),
    texts(queued, ({ delivery }) => delivery.source.kind),
    integers(queued, ({ delivery }) => delivery.source.id),
  ];
}

// ---------------------------------------------------------------- answers

interface AdvancedRow {
  key: number | null;
  last_sequence: number;
  done_sequence: number;
  revision: number;
}

function touchedLanes(rows: readonly AdvancedRow[], shares: ReadonlyMap<number, LaneShare>): TouchedLane[] {
  const advanced = new Map(rows.map((row) => [row.key, row]));
  return [...shares.values()].map(({ lane, endpoint, count }) => {
    const row = advanced.get(lane);
    if (row === undefined) throw new Error(`Lane ${lane} does not exist.`);
    return {
      lane,
      endpoint,
      revision: row.revision,
      firstSequence: row.last_sequence - count + 1,
      doneSequence: row.done_sequence,
    };
  });
}

function allNew(events: readonly NewEvent[]): AcceptedEvent[] {
  return events.map((event) => ({ id: event.id, deliveries: event.deliveries.length, runs: 0 }));
}

// ---------------------------------------------------------------- the two ways

async function publishNew(pool: pg.Pool, call: PublishCall): Promise<PublishAnswer> {
  const accepted = allNew(call.events);
  const shares = shareLanes(call.events);
  const { rows } = await runStatement<AdvancedRow & { version: number | null }>(pool, {
    name: 'publish',
    text: PUBLISH_NEW,
    values: [
      call.workspace,
      call.routingVersion,
      call.acceptedAt,
      ...eventParameters(call.events),
      ...restParameters(call.events, shares),
      call.idempotency === null ? null : storable(call.idempotency.key),
      call.idempotency?.hash ?? null,
      call.idempotency === null ? null : JSON.stringify(accepted),
      ...(call.searchable && call.events.length > 0 ? queuedForIndex(call.events) : [null, null]),
    ],
  });
  const version = rows[0]?.version ?? 0;
  if (version !== call.routingVersion) return { kind: 'stale', routingVersion: version };
  return {
    kind: 'accepted',
    accepted,
    repeated: call.events.map(() => false),
    lanes: touchedLanes(rows, shares),
    braked: [],
  };
}

/** Undoes the transaction and becomes the answer; null asks for another round. */
class Undo extends Error {
  readonly answer: PublishAnswer | null;

  constructor(answer: PublishAnswer | null) {
    super('undo');
    this.answer = answer;
  }
}

/** Null where another call has just taken the idempotency key. */
async function publishMixed(pool: pg.Pool, call: PublishCall): Promise<PublishAnswer | null> {
  try {
    return await transact(pool, async (client) => {
      const { rows } = await client.query<{ version: number | null }>(
        'SELECT mirsal_routing_version($1) AS version',
        [call.workspace],
      );
      const version = rows[0]?.version ?? 0;
      if (version !== call.routingVersion) return { kind: 'stale', routingVersion: version };
      return (await findIdempotent(client, call)) ?? (await insertMixed(client, call));
    });
  } catch (error) {
    if (error instanceof Undo) return error.answer;
    throw error;
  }
}

async function findIdempotent(client: pg.PoolClient, call: PublishCall): Promise<PublishAnswer | null> {
  if (call.idempotency === null) return null;
  const { key, hash } = call.idempotency;
  const { rows } = await client.query<{ hash: string; answer: string }>(FIND_ANSWER, [
    call.workspace,
    storable(key),
    call.acceptedAt - IDEMPOTENCY_KEPT_MS,
  ]);
  const [row] = rows;
  if (row === undefined) return null;
  if (row.hash !== hash) return { kind: 'conflict', what: 'idempotency_key', id: key };
  const accepted = JSON.parse(row.answer) as AcceptedEvent[];
  return { kind: 'accepted', accepted, repeated: accepted.map(() => true), lanes: [], braked: [] };
}

async function countUsage(
  client: pg.PoolClient,
  { workspace }: PublishCall,
  { limit, day }: NonNullable<PublishCall['quota']>,
  count: number,
): Promise<void> {
  const { rows } = await client.query<{ events: number }>(COUNT_USAGE, [workspace, day, count]);
  const events = rows[0]?.events ?? 0;
  if (events > limit) throw new Undo({ kind: 'over_quota', limit, reached: events - count });
}

async function activateAll(
  client: pg.PoolClient,
  call: PublishCall,
  events: readonly NewEvent[],
): Promise<Activated> {
  if (!events.some(setsOff)) return { events: new Map(), braked: [] };
  const run = runner(client);
  const locks = waitLocksOf(subjectsOf(events));
  if (locks.length > 0) await run({ sql: TAKE_WAIT_LOCKS, values: [call.workspace, JSON.stringify(locks)] });
  return driveAsync(activate(call, events, 'FOR UPDATE'), run);
}

async function insertMixed(client: pg.PoolClient, call: PublishCall): Promise<PublishAnswer> {
  const head = [call.workspace, call.routingVersion, call.acceptedAt];
  const inserted = await client.query<{ key: number }>(INSERT_MISSING, [
    ...head,
    ...eventParameters(call.events),
  ]);
  const newKeys = new Set(inserted.rows.map((row) => row.key));
  const [deep] = call.events.filter(({ depth }) => depth > 0);
  if (deep !== undefined) await client.query(SET_DEPTH, [call.workspace, [...newKeys], deep.depth]);
  // A statement of its own: it sees what another transaction committed while the insert waited for it.
  const found = await client.query<{
    key: number;
    id: string;
    hash: string;
    deliveries: number;
    runs: number;
  }>(FIND_KNOWN, [call.workspace, texts(call.events, (event) => event.id)]);
  const known = new Map(found.rows.map((row) => [row.id, row]));
  for (const event of call.events) {
    const row = known.get(storable(event.id));
    if (row === undefined) throw new Error(`The key ${event.key} belongs to another event.`);
    if (row.hash !== event.hash) throw new Undo({ kind: 'conflict', what: 'event_id', id: event.id });
  }
  const repeated = call.events.map(({ key }) => !newKeys.has(key));
  const created = call.events.filter(({ key }) => newKeys.has(key));
  const activated = await activateAll(client, call, created);
  const fresh = created.map((event) => ({
    ...event,
    deliveries: activated.events.get(event.key)?.deliveries ?? event.deliveries,
  }));
  const accepted = call.events.map(({ id }): AcceptedEvent => {
    const row = known.get(storable(id));
    const done = activated.events.get(row?.key ?? 0);
    if (done !== undefined) return { id, deliveries: done.deliveries.length, runs: done.runs };
    return { id, deliveries: row?.deliveries ?? 0, runs: row?.runs ?? 0 };
  });
  if (call.quota !== null && fresh.length > 0) await countUsage(client, call, call.quota, fresh.length);
  const shares = shareLanes(fresh);
  const queue = [...head, ...restParameters(fresh, shares)];
  const rows = fresh.length === 0 ? [] : (await client.query<AdvancedRow>(QUEUE_REST, queue)).rows;
  if (fresh.length > 0) {
    await client.query(COUNT_EVENTS, [call.workspace, texts(fresh, ({ type }) => type), call.acceptedAt]);
    if (call.searchable) await client.query(QUEUE_INDEXING, [call.workspace, ...queuedForIndex(fresh)]);
  }
  if (call.idempotency !== null) {
    const { key, hash } = call.idempotency;
    const expired = call.acceptedAt - IDEMPOTENCY_KEPT_MS;
    const values = [call.workspace, storable(key), hash, JSON.stringify(accepted), call.acceptedAt, expired];
    const { rowCount } = await client.query(REMEMBER, values);
    if (rowCount === 0) throw new Undo(null);
  }
  return {
    kind: 'accepted',
    accepted,
    repeated,
    lanes: touchedLanes(rows, shares),
    braked: activated.braked,
  };
}
