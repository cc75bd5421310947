/**
 * Lists of deliveries, for both databases. First the keys of a page are found, each by an index that ends
 * with the key, then their rows. A list is driven by one of these:
 *
 *   few events           an event, a subject, or a type or words that have few: their deliveries, sorted
 *   pending, held        the newest of each endpoint that is enabled, or disabled: however much the others hold
 *   waiting, dropped,    the index of that state, or of the endpoint's in that state
 *   skipped
 *   otherwise            the endpoint's index, or the primary key
 *
 * Where more is asked than the index knows, so that nothing might match, a call looks at LOOKED_AT deliveries
 * and says where to go on.
 *
 * What counts as skipped before its row is written (skips.ts) is shown as skipped, in the list of what it was.
 */

import { type Kysely, sql } from 'kysely';
import type { StoredState } from '../../core/delivery/machine.ts';
import { firstKeyAt } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { LogStore } from '../ports/log.ts';
import type { BulkPage, BulkPlace } from '../records/bulk.ts';
import type { SourceKind } from '../records/delivery.ts';
import type { DeliveryFilter, DeliveryPage, Page, StoredDelivery } from '../records/log.ts';
import type { Schema } from '../schema/schema.ts';
import {
  alsoAsked,
  atEndpoint,
  isDisabled,
  ofType,
  type Part,
  STATE,
  shownAs,
} from './deliveryConditions.ts';
import { findKeys as findEventKeys } from './search.ts';
import { isInState, isOpen } from './states.ts';

/** 10 to 30 ms. */
const LOOKED_AT = 5_000;
/** Events up to which they are found first and their deliveries sorted: some 30 ms at the most. */
const FEW_EVENTS = 5_000;
/** Far fewer than a compound statement may have parts. */
const ENDPOINTS_AT_ONCE = 50;

export function deliveryLists(
  read: Kysely<Schema>,
  dialect: Pick<Dialect, 'search'>,
): Pick<LogStore, 'listDeliveries' | 'scanDeliveries' | 'findDelivery'> {
  const scanDeliveries: LogStore['scanDeliveries'] = (workspace, filter, page) =>
    scan(read, dialect, workspace, filter, page);
  return {
    scanDeliveries,
    async listDeliveries(workspace, filter, { limit, before }) {
      const found: StoredDelivery[] = [];
      let from = before;
      do {
        const { rows, next } = await scanDeliveries(workspace, filter, {
          limit: limit - found.length,
          before: from,
        });
        found.push(...rows);
        from = next;
      } while (from !== null && found.length < limit);
      return found;
    },
    async findDelivery(workspace, delivery) {
      const [row] = await readRows(read, workspace, [delivery]);
      return row ?? null;
    },
  };
}

async function scan(
  db: Kysely<Schema>,
  dialect: Pick<Dialect, 'search'>,
  workspace: number,
  filter: DeliveryFilter,
  page: Page,
): Promise<DeliveryPage> {
  const { keys, next } = await pageOfKeys(db, dialect, workspace, filter, page);
  return { rows: await readRows(db, workspace, keys), next };
}

/** Likewise, of each only what a job over many needs to know. */
export async function scanPlaces(
  db: Kysely<Schema>,
  dialect: Pick<Dialect, 'search'>,
  workspace: number,
  filter: DeliveryFilter,
  page: Page,
): Promise<BulkPage> {
  const { keys, next } = await pageOfKeys(db, dialect, workspace, filter, page);
  return { places: await findPlaces(db, workspace, keys), next };
}

async function pageOfKeys(
  db: Kysely<Schema>,
  dialect: Pick<Dialect, 'search'>,
  workspace: number,
  filter: DeliveryFilter,
  page: Page,
): Promise<{ keys: number[]; next: number | null }> {
  const limit = page.limit + 1;
  const asked = { workspace, filter, before: page.before, limit };
  const found = await eventsFound(db, dialect, asked);
  const { keys, bound } = found?.length === 0 ? NONE : await findKeys(db, asked, found);
  const newest = keys.sort((one, other) => other - one).slice(0, limit);
  const shown = newest.slice(0, page.limit);
  const next = newest.length > page.limit ? (shown.at(-1) ?? null) : bound;
  return { keys: shown, next };
}

export async function findPlaces(
  db: Kysely<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<BulkPlace[]> {
  const found: BulkPlace[] = [];
  for (let from = 0; from < keys.length; from += ROWS_AT_ONCE) {
    const rows = await db
      .selectFrom('deliveries')
      .select(['key', 'lane', 'sequence', 'endpoint', 'message', 'state', 'created_at', 'ended_at'])
      .where('workspace', '=', workspace)
      .where('key', 'in', keys.slice(from, from + ROWS_AT_ONCE))
      .execute();
    for (const { created_at, ended_at, state, ...row } of rows)
      found.push({ ...row, state: state as StoredState, createdAt: created_at, endedAt: ended_at });
  }
  return found;
}

interface Asked {
  workspace: number;
  filter: DeliveryFilter;
  before: number | null;
  limit: number;
}

/** Keys of a page, and some more. `bound`: deliveries from that key on have been looked at; null for all. */
interface Keys {
  keys: number[];
  bound: number | null;
}

const NONE: Keys = { keys: [], bound: null };

/** `found` are the events that have the words asked for; null where those are many, or none are asked for. */
async function findKeys(db: Kysely<Schema>, asked: Asked, found: readonly number[] | null): Promise<Keys> {
  const { filter } = asked;
  const { state, type, endpoint } = filter;
  const also = alsoAsked(filter, found === null ? (filter.words ?? null) : null);
  const few = found === null ? await fewEvents(db, asked) : amongEvents(filter, found);
  if (few !== null) {
    const where = sql`${few} ${atEndpoint(endpoint, false)} ${ofType(type)} ${shownAs(state)} ${joined(also)}`;
    return { keys: await select(db, asked, where, sql`+d.key`), bound: null };
  }
  if ((state === 'pending' || state === 'held') && type === undefined && also.length === 0) {
    return { keys: await openKeys(db, asked, state), bound: null };
  }
  const { driver, rest, isExact } = driverOf(filter);
  if (isExact && also.length === 0) {
    return { keys: await select(db, asked, sql`${driver} ${rest}`), bound: null };
  }
  const bound = await lookBack(db, asked, driver);
  return { keys: await selectAmong(db, asked, driver, sql`${rest} ${joined(also)}`), bound };
}

function joined(parts: readonly Part[]): Part {
  return parts.length === 0 ? sql`` : sql.join([...parts], sql` `);
}

/** Events up to which those that have the words are found first. A thousand are one statement's parameters. */
const FEW_FOUND = 1_000;

async function eventsFound(
  db: Kysely<Schema>,
  { search }: Pick<Dialect, 'search'>,
  { workspace, filter: { words } }: Asked,
): Promise<number[] | null> {
  if (words === undefined) return null;
  const asked = { workspace, words, filter: {}, before: null, limit: FEW_FOUND };
  const { keys, next } = await findEventKeys(db, search, asked);
  return next === null ? keys : null;
}

function amongEvents({ event, subject }: DeliveryFilter, found: readonly number[]): Part {
  const these = sql`AND d.event IN (${sql.join([...found])})`;
  const about =
    subject === undefined
      ? sql``
      : sql`AND (SELECT e.subject FROM events e WHERE e.workspace = d.workspace AND e.key = d.event) = ${subject}`;
  return sql`${these} ${event === undefined ? sql`` : sql`AND d.event = ${event}`} ${about}`;
}

/** What its index knows, and what else is asked; `isExact` where that leaves hardly anything out. */
function driverOf({ state, endpoint, type }: DeliveryFilter): { driver: Part; rest: Part; isExact: boolean } {
  switch (state) {
    case 'dropped':
    case 'skipped': {
      const driver = sql`AND ${isInState('d.state', state)} ${atEndpoint(endpoint, true)}`;
      return { driver, rest: ofType(type), isExact: type === undefined };
    }
    case 'waiting':
      return {
        driver: sql`AND d.state = 'waiting'`,
        rest: sql`${atEndpoint(endpoint, false)} ${ofType(type)} AND ${isDisabled} IS NULL`,
        isExact: false,
      };
    default: {
      const isExact = state === undefined && type === undefined;
      const rest = sql`${ofType(type)} ${shownAs(state)}`;
      return { driver: atEndpoint(endpoint, true), rest, isExact };
    }
  }
}

/** Keys grow with time, so a page and a span of time are both ranges of an index that ends with the key. */
function inRange({ filter: { since, until }, before }: Asked): Part {
  return sql`${since === undefined ? sql`` : sql`AND d.key >= ${firstKeyAt(since)}`}
    ${until === undefined ? sql`` : sql`AND d.key < ${firstKeyAt(until)}`}
    ${before === null ? sql`` : sql`AND d.key < ${before}`}`;
}

// ---------------------------------------------------------------- keys

async function select(
  db: Kysely<Schema>,
  asked: Asked,
  where: Part,
  order: Part = sql`d.key`,
): Promise<number[]> {
  const { rows } = await sql<{ key: number }>`
    SELECT d.key FROM deliveries d WHERE d.workspace = ${asked.workspace} ${where} ${inRange(asked)}
    ORDER BY ${order} DESC LIMIT ${asked.limit}`.execute(db);
  return rows.map(({ key }) => key);
}

/**
 * Likewise, among the newest that the driver finds. They are chosen first: with all conditions in one place, a planner
 * may think that another index leads there sooner.
 */
async function selectAmong(db: Kysely<Schema>, asked: Asked, driver: Part, rest: Part): Promise<number[]> {
  const { rows } = await sql<{ key: number }>`
    SELECT d.key FROM (
      SELECT d.workspace, d.key, d.event, d.endpoint, d.state, d.attempts, d.source_kind, d.source_id, d.replay_of
      FROM deliveries d
      WHERE d.workspace = ${asked.workspace} ${driver} ${inRange(asked)} ORDER BY d.key DESC LIMIT ${LOOKED_AT + 1}) AS d
    WHERE d.workspace = ${asked.workspace} ${rest} ORDER BY d.key DESC LIMIT ${asked.limit}`.execute(db);
  return rows.map(({ key }) => key);
}

/** The key of the last delivery to be looked at, null where there are fewer. */
async function lookBack(db: Kysely<Schema>, asked: Asked, driver: Part): Promise<number | null> {
  const { rows } = await sql<{ key: number }>`
    SELECT d.key FROM deliveries d WHERE d.workspace = ${asked.workspace} ${driver} ${inRange(asked)}
    ORDER BY d.key DESC LIMIT 1 OFFSET ${LOOKED_AT}`.execute(db);
  return rows[0]?.key ?? null;
}

/** A condition that leads to the deliveries by their events, null where those may be many. */
async function fewEvents(db: Kysely<Schema>, { workspace, filter }: Asked): Promise<Part | null> {
  const { event, subject, type, endpoint } = filter;
  if (event !== undefined) {
    const about =
      subject === undefined ? sql`` : sql`AND d.event IN ${eventsWith('subject', workspace, subject)}`;
    return sql`AND d.event = ${event} ${about}`;
  }
  if (subject !== undefined) return sql`AND d.event IN ${eventsWith('subject', workspace, subject)}`;
  if (type === undefined || endpoint !== undefined) return null;
  const { rows } = await sql<{ count: number }>`SELECT count(*) AS count FROM (
    SELECT key FROM events WHERE workspace = ${workspace} AND type = ${type}
    ORDER BY key DESC LIMIT ${FEW_EVENTS + 1}) AS newest`.execute(db);
  const isRare = Number(rows[0]?.count) <= FEW_EVENTS;
  return isRare ? sql`AND d.event IN ${eventsWith('type', workspace, type)}` : null;
}

function eventsWith(column: 'subject' | 'type', workspace: number, value: string): Part {
  return sql`(SELECT e.key FROM events e WHERE e.workspace = ${workspace} AND e.${sql.raw(column)} = ${value})`;
}

/** The endpoints' newest deliveries that fulfil the condition, by an index of the endpoint. */
async function newestOf(
  db: Kysely<Schema>,
  asked: Asked,
  endpoints: readonly number[],
  where: Part,
): Promise<number[]> {
  const keys: number[] = [];
  for (let from = 0; from < endpoints.length; from += ENDPOINTS_AT_ONCE) {
    const parts = endpoints.slice(from, from + ENDPOINTS_AT_ONCE).map(
      (endpoint) => sql`SELECT * FROM (
        SELECT d.key FROM deliveries d WHERE d.workspace = ${asked.workspace} AND d.endpoint = ${endpoint} ${where}
          ${inRange(asked)} ORDER BY d.key DESC LIMIT ${asked.limit}) AS newest`,
    );
    const { rows } = await sql<{ key: number }>`${sql.join(parts, sql` UNION ALL `)}`.execute(db);
    keys.push(...rows.map(({ key }) => key));
  }
  return keys;
}

/** Pending ones of enabled endpoints, or open ones of disabled ones. */
async function openKeys(db: Kysely<Schema>, asked: Asked, state: 'pending' | 'held'): Promise<number[]> {
  const { workspace, filter, limit } = asked;
  const isState = sql`${isOpen('d.state')} ${state === 'held' ? sql`` : sql`AND ${STATE} = 'pending'`}`;
  const isSwitched = state === 'held' ? sql`p.disabled_at IS NOT NULL` : sql`p.disabled_at IS NULL`;
  const isAsked = filter.endpoint === undefined ? sql`` : sql`AND p.key = ${filter.endpoint}`;
  const isLiving = sql`p.workspace = ${workspace} AND p.deleted_at IS NULL AND ${isSwitched} ${isAsked}`;
  // A page's rows are at the endpoints that have the newest, no more of them than rows.
  const { rows } = await sql<{ key: number }>`
    SELECT key FROM (
      SELECT p.key, (SELECT d.key FROM deliveries d WHERE d.workspace = ${workspace} AND d.endpoint = p.key
          AND ${isState} ${inRange(asked)} ORDER BY d.key DESC LIMIT 1) AS newest
      FROM endpoints p WHERE ${isLiving}) AS heads
    WHERE newest IS NOT NULL ORDER BY newest DESC LIMIT ${limit}`.execute(db);
  const keys = await newestOf(
    db,
    asked,
    rows.map(({ key }) => key),
    sql`AND ${isState}`,
  );
  return keys;
}

// ---------------------------------------------------------------- rows

function deliveryQuery(db: Kysely<Schema>, workspace: number, keys: readonly number[]) {
  return db
    .selectFrom('deliveries as d')
    .innerJoin('events as e', (join) =>
      join.onRef('e.workspace', '=', 'd.workspace').onRef('e.key', '=', 'd.event'),
    )
    .innerJoin('endpoints as p', (join) =>
      join.onRef('p.workspace', '=', 'd.workspace').onRef('p.key', '=', 'd.endpoint'),
    )
    .innerJoin('lanes as l', (join) =>
      join.onRef('l.workspace', '=', 'd.workspace').onRef('l.key', '=', 'd.lane'),
    )
    .selectAll('d')
    .select(['e.id as event_id', 'e.type as event_type', 'p.disabled_at as endpoint_disabled_at'])
    .select(['l.skip_through', 'l.skip_reason', 'l.skip_at'])
    .where('d.workspace', '=', workspace)
    .where('d.key', 'in', keys);
}

/** Far fewer than a statement has parameters. */
const ROWS_AT_ONCE = 1_000;

/** Newest first. */
async function readRows(
  db: Kysely<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<StoredDelivery[]> {
  const found: StoredDelivery[] = [];
  for (let from = 0; from < keys.length; from += ROWS_AT_ONCE) {
    const rows = await deliveryQuery(db, workspace, keys.slice(from, from + ROWS_AT_ONCE)).execute();
    found.push(...rows.map(toDelivery));
  }
  return found.sort((one, other) => other.key - one.key);
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
    attempts: row.attempts,
    createdAt: row.created_at,
    ...endOf(row),
  };
}

function endOf(row: DeliveryRow): Pick<StoredDelivery, 'state' | 'reason' | 'nextAttemptAt' | 'endedAt'> {
  if (row.ended_at === null && row.sequence <= row.skip_through) {
    return { state: 'skipped', reason: row.skip_reason, nextAttemptAt: null, endedAt: row.skip_at };
  }
  return {
    state: row.state as StoredState,
    reason: row.reason,
    nextAttemptAt: row.next_attempt_at,
    endedAt: row.ended_at,
  };
}
