/**
 * Retention: what is older than its workspace wants is deleted, some at a time, oldest first; never
 * anything open. For both databases.
 *
 * Each batch looks at a span of keys (keys are time), so that what an earlier batch has passed over is
 * not read again and again, and an index serves whatever the size of the log. What the span holds is
 * read first; only where there is something to delete does a transaction lock it, look again, and
 * delete. A resend locks the body that it needs (resend.ts): either it finds it gone, or its delivery
 * is seen here. Nodes that clean at the same time pass over what another has locked.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import { DAY, HOUR } from '../../core/duration.ts';
import { firstKeyAt } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { RetentionStore } from '../ports/retention.ts';
import type { NoticeDetails } from '../records/notices.ts';
import type { ExpiredHeld, KeySpan, Purged } from '../records/retention.ts';
import type { Schema } from '../schema/schema.ts';
import { sweepCounts } from './brake.ts';
import { countOpen } from './enabling.ts';
import { insertNotices } from './notices.ts';
import { purgeBlocks } from './searchRetention.ts';
import { countSkipped } from './skipCounts.ts';
import { FIRST_OPEN_AFTER, isOpen } from './states.ts';
import { sweepOld } from './sweeping.ts';

export function retention(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): RetentionStore {
  const old = sweepOld(write, read);
  return {
    ...purging(write, read, dialect),
    ...holding(write, read, dialect),
    purgeBlocks: (workspace, span) => purgeBlocks(write, read, dialect.search, workspace, span),
    sweepOld: async (now, limit) => (await old(now, limit)) + (await sweepCounts(write, read, now, limit)),
  };
}

/** Deliveries of one transaction: an event may have a thousand. */
const MAX_DELIVERIES = 500;

function purging(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: Dialect,
): Pick<RetentionStore, 'purgeAttempts' | 'purgeBodies' | 'purgeEvents'> {
  return {
    async purgeAttempts(workspace, span) {
      const { rows } = await sql<{ delivery: number }>`
        SELECT DISTINCT delivery FROM attempts
        WHERE workspace = ${workspace} AND delivery > ${span.after} AND delivery < ${span.before}
        ORDER BY delivery LIMIT ${span.limit}`.execute(read);
      const keys = rows.map((row) => row.delivery);
      if (keys.length === 0) return NOTHING;
      // Attempts of a delivery that waited or was held may be much younger than itself.
      const needed = await read
        .selectFrom('deliveries')
        .select('key')
        .where('workspace', '=', workspace)
        .where('key', 'in', keys)
        .where((eb) => eb.or([eb('ended_at', 'is', null), eb('ended_at', '>=', timeOf(span.before))]))
        .execute();
      const kept = new Set(needed.map((row) => row.key));
      const old = keys.filter((key) => !kept.has(key));
      return {
        deleted: await deleteIn(write, 'attempts', 'delivery', workspace, old),
        ...lookedAt(keys, span, kept),
      };
    },
    async purgeBodies(workspace, span) {
      const rows = await read
        .selectFrom('events as e')
        // The span once more, for the planner that merges both by key: it would begin with the first body.
        .leftJoin('event_bodies as b', (join) =>
          join
            .onRef('b.workspace', '=', 'e.workspace')
            .onRef('b.event', '=', 'e.key')
            .on('b.event', '>', span.after)
            .on('b.event', '<', span.before),
        )
        .select(['e.key', 'b.event'])
        .where('e.workspace', '=', workspace)
        .where('e.key', '>', span.after)
        .where('e.key', '<', span.before)
        .orderBy('e.key')
        .limit(span.limit)
        .execute();
      const withBody = rows.filter((row) => row.event !== null).map((row) => row.key);
      const kept = await eventsInUse(read, workspace, withBody);
      const old = withBody.filter((key) => !kept.has(key));
      const deleted =
        old.length === 0
          ? 0
          : await write.transaction().execute(async (trx) => {
              const locked = await lockBodies(trx, dialect, workspace, old);
              const used = await eventsInUse(trx, workspace, locked);
              const unused = locked.filter((key) => !used.has(key));
              await deleteIn(trx, 'search_docs', 'event', workspace, unused);
              return deleteIn(trx, 'event_bodies', 'event', workspace, unused);
            });
      const keys = rows.map((row) => row.key);
      if (deleted < old.length) leaveFor(kept, old);
      return { deleted, ...lookedAt(keys, span, kept) };
    },
    async purgeEvents(workspace, span) {
      const rows = await read
        .selectFrom('events')
        .select(['key', 'deliveries'])
        .where('workspace', '=', workspace)
        .where('key', '>', span.after)
        .where('key', '<', span.before)
        .orderBy('key')
        .limit(span.limit)
        .execute();
      let deliveries = 0;
      const few = rows.filter((row, index) => {
        deliveries += row.deliveries;
        return index === 0 || deliveries <= MAX_DELIVERIES;
      });
      const keys = few.map((row) => row.key);
      const kept = await eventsInUse(read, workspace, keys);
      const old = keys.filter((key) => !kept.has(key));
      const { deleted, events } =
        old.length === 0
          ? { deleted: 0, events: 0 }
          : await write.transaction().execute((trx) => deleteEvents(trx, dialect, workspace, old));
      if (events < old.length) leaveFor(kept, old);
      const seen = lookedAt(keys, span, kept);
      return { deleted, ...seen, last: few.length < rows.length ? (keys.at(-1) ?? null) : seen.last };
    },
  };
}

const NOTHING: Purged = { deleted: 0, last: null, kept: null };

/** Some were in use after all, at this moment: the next pass begins with them. */
function leaveFor(kept: Set<number>, keys: readonly number[]): void {
  for (const key of keys) kept.add(key);
}

function lookedAt(
  keys: readonly number[],
  { limit }: KeySpan,
  kept: ReadonlySet<number>,
): Pick<Purged, 'last' | 'kept'> {
  const first = keys.find((key) => kept.has(key));
  return { last: keys.length < limit ? null : (keys.at(-1) ?? null), kept: first ?? null };
}

/** The time that a key from `firstKeyAt` stands for. */
function timeOf(key: number): number {
  return Math.floor(key / firstKeyAt(1));
}

async function deleteIn(
  db: Kysely<Schema>,
  table: keyof Schema,
  column: string,
  workspace: number,
  keys: readonly number[],
): Promise<number> {
  if (keys.length === 0) return 0;
  const result = await sql`
    DELETE FROM ${sql.table(table)} WHERE workspace = ${workspace} AND ${sql.ref(column)} IN (${sql.join(keys)})`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0n);
}

interface Owned {
  key: number;
  event: number;
  isOpen: boolean;
}

/**
 * Deliveries and runs of these events, and the runs that waited for them, found by the indexes that begin with the
 * event. What is then deleted is
 * named by its key: given an event's number to look for, SQLite prefers an index of the whole workspace.
 * The events are named twice: the join's order binds SQLite to them, the list binds PostgreSQL, which otherwise
 * reads the rows of the workspace and joins them by hash where it knows little of them.
 */
async function ofEvents(
  db: Kysely<Schema>,
  workspace: number,
  events: readonly number[],
): Promise<{ deliveries: Owned[]; runs: Owned[]; heard: Owned[] }> {
  const owned = async (table: 'deliveries' | 'runs', open: readonly string[]): Promise<Owned[]> => {
    const { rows } = await sql<{ key: number; event: number; state: string }>`
      WITH wanted(key) AS (VALUES ${sql.join(events.map((key) => sql`(CAST(${key} AS bigint))`))})
      SELECT o.key, o.event, o.state FROM wanted w CROSS JOIN ${sql.table(table)} o
      WHERE o.workspace = ${workspace} AND o.event = w.key AND o.event IN (${sql.join(events)})`.execute(db);
    return rows.map(({ key, event, state }) => ({ key, event, isOpen: open.includes(state) }));
  };
  if (events.length === 0) return { deliveries: [], runs: [], heard: [] };
  return {
    deliveries: await owned('deliveries', ['pending', 'waiting']),
    runs: await owned('runs', ['waiting']),
    heard: await heardBy(db, workspace, events),
  };
}

/** Runs that have waited for the events: while one goes on, its later steps may read them. */
async function heardBy(db: Kysely<Schema>, workspace: number, events: readonly number[]): Promise<Owned[]> {
  const { rows } = await sql<{ key: number; event: number; state: string }>`
    WITH wanted(key) AS (VALUES ${sql.join(events.map((key) => sql`(CAST(${key} AS bigint))`))})
    SELECT r.key, h.event, r.state FROM wanted w CROSS JOIN run_events h CROSS JOIN runs r
    WHERE h.workspace = ${workspace} AND h.event = w.key AND h.event IN (${sql.join(events)})
      AND r.workspace = ${workspace} AND r.key = h.run`.execute(db);
  return rows.map(({ key, event, state }) => ({ key, event, isOpen: state === 'waiting' }));
}

/** Those of the events that have open deliveries, or that runs which wait are about or have heard. */
async function eventsInUse(
  db: Kysely<Schema>,
  workspace: number,
  events: readonly number[],
): Promise<Set<number>> {
  if (events.length === 0) return new Set();
  const { deliveries, runs, heard } = await ofEvents(db, workspace, events);
  const used = [...deliveries, ...runs, ...heard].filter(({ isOpen: isUsed }) => isUsed);
  return new Set(used.map(({ event }) => event));
}

async function lockBodies(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  events: readonly number[],
): Promise<number[]> {
  const { rows } = await sql<{ event: number }>`
    SELECT b.event FROM event_bodies b WHERE b.workspace = ${workspace} AND b.event IN (${sql.join(events)})
    ORDER BY b.event ${dialect.locking('FOR UPDATE OF b SKIP LOCKED')}`.execute(trx);
  return rows.map((row) => row.event);
}

/** Events with all that is of them; how many rows that was, and how many events. */
async function deleteEvents(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  events: readonly number[],
): Promise<{ deleted: number; events: number }> {
  const found = await sql<{ key: number; body: number | null }>`
    SELECT e.key, b.event AS body FROM events e
      LEFT JOIN event_bodies b ON b.workspace = e.workspace AND b.event = e.key AND b.event IN (${sql.join(events)})
    WHERE e.workspace = ${workspace} AND e.key IN (${sql.join(events)})
    ORDER BY e.key ${dialect.locking('FOR UPDATE OF e SKIP LOCKED')}`.execute(trx);
  const withBody = found.rows.filter((row) => row.body !== null).map((row) => row.key);
  const locked = new Set(withBody.length === 0 ? [] : await lockBodies(trx, dialect, workspace, withBody));
  const mine = found.rows.filter((row) => row.body === null || locked.has(row.key)).map((row) => row.key);
  const owned = await ofEvents(trx, workspace, mine);
  const all = [...owned.deliveries, ...owned.runs, ...owned.heard];
  const used = new Set(all.flatMap((row) => (row.isOpen ? row.event : [])));
  const old = mine.filter((key) => !used.has(key));
  if (old.length === 0) return { deleted: 0, events: 0 };
  const keysOf = (rows: readonly Owned[]) =>
    rows.filter(({ event }) => !used.has(event)).map(({ key }) => key);
  const deliveries = keysOf(owned.deliveries);
  const runs = keysOf(owned.runs);
  let deleted = 0;
  for (let from = 0; from < deliveries.length; from += KEYS_AT_ONCE) {
    deleted += await deleteDeliveries(trx, workspace, deliveries.slice(from, from + KEYS_AT_ONCE));
  }
  for (let from = 0; from < runs.length; from += KEYS_AT_ONCE) {
    const some = runs.slice(from, from + KEYS_AT_ONCE);
    await deleteIn(trx, 'run_steps', 'run', workspace, some);
    await deleteIn(trx, 'run_signals', 'run', workspace, some);
    await deleteIn(trx, 'run_events', 'run', workspace, some);
    await deleteIn(trx, 'runs', 'key', workspace, some);
  }
  await deleteIn(trx, 'run_events', 'event', workspace, old);
  await deleteIn(trx, 'search_docs', 'event', workspace, old);
  deleted += await deleteIn(trx, 'event_bodies', 'event', workspace, old);
  const gone = await deleteIn(trx, 'events', 'key', workspace, old);
  return { deleted: deleted + gone, events: gone };
}

/** Far fewer than a statement has parameters. */
const KEYS_AT_ONCE = 1_000;

/** Deliveries with their attempts and bodies, counted; how many rows, bodies aside. */
async function deleteDeliveries(
  trx: Transaction<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<number> {
  // A unary plus: SQLite would group by way of the endpoints' index, all of the workspace's.
  await sql`
    INSERT INTO purged_deliveries (workspace, endpoint, state, hour, count)
    SELECT workspace, +endpoint, state, created_at - created_at % ${sql.lit(HOUR)}, count(*) FROM deliveries
    WHERE workspace = ${workspace} AND key IN (${sql.join(keys)}) AND replay_of IS NULL
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (workspace, endpoint, state, hour)
      DO UPDATE SET count = purged_deliveries.count + excluded.count`.execute(trx);
  const attempts = await deleteIn(trx, 'attempts', 'delivery', workspace, keys);
  await deleteIn(trx, 'delivery_bodies', 'delivery', workspace, keys);
  await deleteIn(trx, 'run_deliveries', 'delivery', workspace, keys);
  return attempts + (await deleteIn(trx, 'deliveries', 'key', workspace, keys));
}

// ---------------------------------------------------------------- what is held

function holding(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: Dialect,
): Pick<RetentionStore, 'warnOfExpiry' | 'expireHeld'> {
  return {
    async warnOfExpiry(workspace, now, heldDays) {
      const heldMs = heldDays * DAY;
      const unwarned = await disabledSince(read, workspace, now - heldMs + DAY)
        .select(['e.key', 'e.name', 'e.url', 'e.disabled_at'])
        .where('e.held_warned_at', 'is', null)
        .execute();
      const open = await countOpen(
        read,
        workspace,
        unwarned.map((row) => row.key),
      );
      let warned = 0;
      for (const { key, name, url, disabled_at } of unwarned) {
        const held = open.get(key);
        if (held === undefined || disabled_at === null) continue;
        const expiresAt = Math.max(held.oldestAt, disabled_at) + heldMs;
        if (expiresAt - DAY > now) continue;
        const about = { name, url, held: held.count, oldest_at: held.oldestAt, expires_at: expiresAt };
        if (await warn(write, { workspace, endpoint: key, disabledAt: disabled_at, now, about })) warned += 1;
      }
      return warned;
    },
    async expireHeld(workspace, now, heldDays, limit) {
      const since = now - heldDays * DAY;
      const rows = await disabledSince(read, workspace, since)
        .innerJoin('lanes as l', (join) =>
          join.onRef('l.workspace', '=', 'e.workspace').onRef('l.endpoint', '=', 'e.key'),
        )
        .select(['e.key', 'l.key as lane'])
        .where(sql<SqlBool>`l.open = 1`)
        // With one statement, however many lanes hold something that is young enough.
        .where(
          sql<SqlBool>`(SELECT d.created_at FROM deliveries d WHERE d.workspace = ${workspace} AND d.lane = l.key
            AND ${isOpen('d.state')} AND d.sequence > ${FIRST_OPEN_AFTER} ORDER BY d.sequence LIMIT 1) <= ${since}`,
        )
        .limit(limit)
        .execute();
      const expired: ExpiredHeld = { skipped: 0, lanes: [] };
      for (const { key: endpoint, lane } of rows) {
        const old = await openBefore(read, { workspace, lane }, since, limit - expired.skipped);
        if (old.length === 0) continue;
        const skipped = await write
          .transaction()
          .execute((trx) => expire(trx, dialect, { workspace, endpoint, lane, since, heldDays, now }, old));
        if (skipped > 0) expired.lanes.push(lane);
        expired.skipped += skipped;
        if (expired.skipped >= limit) break;
      }
      return expired;
    },
  };
}

/** Living endpoints that were disabled at that time or before, and are. */
function disabledSince(db: Kysely<Schema>, workspace: number, at: number) {
  return db
    .selectFrom('endpoints as e')
    .where('e.workspace', '=', workspace)
    .where('e.deleted_at', 'is', null)
    .where('e.disabled_at', '<=', at);
}

async function warn(
  write: Kysely<Schema>,
  {
    workspace,
    endpoint,
    disabledAt,
    now,
    about,
  }: {
    workspace: number;
    endpoint: number;
    disabledAt: number;
    now: number;
    about: NoticeDetails['held.expiring'];
  },
): Promise<boolean> {
  return write.transaction().execute(async (trx) => {
    const marked = await trx
      .updateTable('endpoints')
      .set({ held_warned_at: now })
      .where('workspace', '=', workspace)
      .where('key', '=', endpoint)
      .where('disabled_at', '=', disabledAt)
      .where('held_warned_at', 'is', null)
      .executeTakeFirst();
    if (marked.numUpdatedRows === 0n) return false;
    const kind = 'held.expiring' as const;
    await insertNotices(trx, [{ workspace, kind, endpoint, delivery: null, details: about, at: now }]);
    return true;
  });
}

/** The lane's first open deliveries as far as they were made by then; in a lane, what is older comes first. */
async function openBefore(
  db: Kysely<Schema>,
  { workspace, lane }: { workspace: number; lane: number },
  at: number,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('lanes as l')
    .innerJoin('deliveries as d', 'd.lane', 'l.key')
    .select(['d.key', 'd.created_at'])
    .where('l.workspace', '=', workspace)
    .where('d.workspace', '=', workspace)
    .where('l.key', '=', lane)
    .where(isOpen('d.state'))
    .where(sql<SqlBool>`d.sequence > ${FIRST_OPEN_AFTER}`)
    .orderBy('d.sequence')
    .limit(limit)
    .execute();
  return rows.filter((row) => row.created_at <= at).map((row) => row.key);
}

/** Ends them as skipped where the endpoint is still disabled; how many. */
async function expire(
  trx: Transaction<Schema>,
  dialect: Dialect,
  about: { workspace: number; endpoint: number; lane: number; since: number; heldDays: number; now: number },
  keys: readonly number[],
): Promise<number> {
  const { workspace, endpoint, lane, since, heldDays, now } = about;
  // Written, so that enabling waits, or has been waited for.
  const still = await trx
    .updateTable('endpoints')
    .set((eb) => ({ deleted_at: eb.ref('deleted_at') }))
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .where('disabled_at', '<=', since)
    .executeTakeFirst();
  if (still.numUpdatedRows === 0n) return 0;
  // Lanes are locked before their deliveries, by everyone who changes those.
  await trx
    .updateTable('lanes')
    .set((eb) => ({ revision: eb('revision', '+', 1) }))
    .where('workspace', '=', workspace)
    .where('key', '=', lane)
    .execute();
  const reason = `held_expired: held for ${heldDays} ${heldDays === 1 ? 'day' : 'days'}`;
  const { rows } = await sql<{ event: number }>`
    UPDATE deliveries SET state = 'skipped', reason = ${reason}, ended_at = ${now}, next_attempt_at = NULL
    WHERE workspace = ${workspace} AND key IN (${sql.join(keys)}) AND ended_at IS NULL RETURNING event`.execute(
    trx,
  );
  const events = rows.map(({ event }) => Number(event));
  await countSkipped(trx, dialect, { workspace, at: now }, events);
  return rows.length;
}
