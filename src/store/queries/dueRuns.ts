/** Runs that are due, and what they read: the queries, for both databases. */

import { type Kysely, type SqlBool, sql } from 'kysely';
import type { Dialect } from '../dialect.ts';
import type { DueRun, DueRuns } from '../records/automation.ts';
import type { Schema } from '../schema/schema.ts';
import { runQuery, toRun } from './runRows.ts';
import { workspacesWith } from './turns.ts';

/** Rows that are looked at, without their bodies, to find those of enabled automations. */
const LOOKED_AT = 500;
/** Of one run at a time. */
const SIGNALS_AT_ONCE = 20;
/** Bytes of the bodies that are read for one look; an event may have 1 MB. */
const BODIES_AT_ONCE = 8 * 1024 * 1024;

const IS_AWAKE = sql<SqlBool>`one.state = 'waiting' AND one.wake_at IS NOT NULL`;

/**
 * Workspaces where runs are due, the longest due first; where many are, each of them, in the order of their keys.
 * Asked for every second: mostly nothing is due, which is one look at an index.
 */
export async function workspacesDue(read: Kysely<Schema>, { now }: Dialect): Promise<number[]> {
  const due = await sql<{ workspace: number }>`SELECT one.workspace FROM runs one
    WHERE ${IS_AWAKE} AND one.wake_at <= ${now()} ORDER BY one.wake_at LIMIT ${LOOKED_AT}`.execute(read);
  const found = [...new Set(due.rows.map(({ workspace }) => Number(workspace)))];
  if (due.rows.length < LOOKED_AT) return found;
  return workspacesWith(read, 'runs', IS_AWAKE, sql<SqlBool>`one.wake_at <= ${now()}`);
}

export async function readDue(
  read: Kysely<Schema>,
  { now }: Dialect,
  workspace: number,
  limit: number,
): Promise<DueRuns> {
  const { rows } = await sql<{ key: number; enabled: number | null; now: number }>`
    WITH due AS MATERIALIZED (
      SELECT one.key, one.automation, one.wake_at FROM runs one
      WHERE one.workspace = ${workspace} AND ${IS_AWAKE} AND one.wake_at <= ${now()}
      ORDER BY one.wake_at LIMIT ${Math.max(limit, LOOKED_AT)})
    SELECT due.key, CASE WHEN w.suspended_at IS NULL OR a.deleted_at IS NOT NULL THEN a.enabled_at END AS enabled,
      ${now()} AS now FROM due
      JOIN workspaces w ON w.key = ${workspace}
      JOIN automations a ON a.workspace = ${workspace} AND a.key = due.automation
    ORDER BY due.wake_at`.execute(read);
  const keys = rows.filter(({ enabled }) => enabled !== null).map(({ key }) => Number(key));
  const { runs, isCut } = await readRuns(read, workspace, keys.slice(0, limit));
  return {
    now: Number(rows[0]?.now ?? 0),
    runs,
    // Where none can be read, asking again at once would find none either.
    more: runs.length > 0 && (isCut || keys.length > limit),
    paused: rows.filter(({ enabled }) => enabled === null).map(({ key }) => Number(key)),
  };
}

/** In the order of the keys given: as many of them as their bodies leave room for, and one at least. */
async function readRuns(
  read: Kysely<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<{ runs: DueRun[]; isCut: boolean }> {
  if (keys.length === 0) return { runs: [], isCut: false };
  const rows = await runQuery(read, workspace)
    .innerJoin('automation_versions as v', (join) =>
      join
        .onRef('v.workspace', '=', 'r.workspace')
        .onRef('v.automation', '=', 'r.automation')
        .onRef('v.version', '=', 'r.version'),
    )
    .leftJoin('event_bodies as b', (join) =>
      join.onRef('b.workspace', '=', 'r.workspace').onRef('b.event', '=', 'r.event'),
    )
    .select(['e.depth', 'v.definition', sql<number | null>`octet_length(b.body)`.as('bytes')])
    .where('r.key', 'in', keys)
    .where(sql<SqlBool>`r.state = 'waiting'`)
    .execute();
  const waiting = rows.filter(({ waits_for }) => waits_for !== null).map(({ key }) => key);
  const signals = await readSignals(read, workspace, waiting);
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const fits = createRoom();
  const chosen: Array<{ row: (typeof rows)[number]; came: Signal[]; moreSignals: boolean }> = [];
  for (const key of keys) {
    const row = byKey.get(key);
    if (row === undefined) continue;
    const all = signals.get(key) ?? [];
    if (!fits(row.event, row.bytes, chosen.length === 0)) break;
    const came: Signal[] = [];
    for (const signal of all.slice(0, SIGNALS_AT_ONCE)) {
      if (!fits(signal.event, signal.bytes, came.length === 0)) break;
      came.push(signal);
    }
    chosen.push({ row, came, moreSignals: came.length < all.length });
  }
  const events = chosen.flatMap(({ row, came }) => [row.event, ...came.map(({ event }) => event)]);
  const bodyOf = await readBodies(read, workspace, [...new Set(events)]);
  const runs = chosen.map(({ row, came, moreSignals }) => ({
    ...toRun(row),
    revision: row.revision,
    depth: row.depth,
    body: bodyOf.get(row.event) ?? null,
    definition: row.definition,
    signals: came.map(({ bytes, ...signal }) => ({ ...signal, body: bodyOf.get(signal.event) ?? null })),
    moreSignals,
  }));
  return { runs, isCut: chosen.length < byKey.size };
}

/** Whether there is still room for an event's body, or it is there already; what must go in has its place anyway. */
function createRoom(): (event: number, bytes: number | null, must: boolean) => boolean {
  const counted = new Set<number>();
  let left = BODIES_AT_ONCE;
  return (event, bytes, must) => {
    if (counted.has(event)) return true;
    const own = Number(bytes ?? 0);
    if (own > left && !must) return false;
    counted.add(event);
    left -= own;
    return true;
  };
}

/** Each once, however many runs read it. */
async function readBodies(
  read: Kysely<Schema>,
  workspace: number,
  events: readonly number[],
): Promise<Map<number, string>> {
  if (events.length === 0) return new Map();
  const rows = await read
    .selectFrom('event_bodies')
    .select(['event', 'body'])
    .where('workspace', '=', workspace)
    .where('event', 'in', events)
    .execute();
  return new Map(rows.flatMap(({ event, body }) => (body === null ? [] : [[event, body] as const])));
}

type Signal = Omit<DueRun['signals'][number], 'body'> & { bytes: number | null };

/** Of each run those that were accepted first, and one more than are shown. */
async function readSignals(
  read: Kysely<Schema>,
  workspace: number,
  waiting: readonly number[],
): Promise<Map<number, Signal[]>> {
  if (waiting.length === 0) return new Map();
  const { rows } = await sql<Omit<Signal, 'acceptedAt'> & { run: number; accepted_at: number }>`
    SELECT s.run, s.event, s.id, s.type, s.accepted_at, octet_length(b.body) AS bytes FROM (
      SELECT s.run, s.event, e.id, e.type, e.accepted_at,
        row_number() OVER (PARTITION BY s.run ORDER BY e.accepted_at, s.event) AS place
      FROM run_signals s JOIN events e ON e.workspace = s.workspace AND e.key = s.event
      WHERE s.workspace = ${workspace} AND s.run IN (${sql.join(waiting)})) s
      LEFT JOIN event_bodies b ON b.workspace = ${workspace} AND b.event = s.event
    WHERE s.place <= ${SIGNALS_AT_ONCE + 1} ORDER BY s.run, s.place`.execute(read);
  const byRun = new Map<number, Signal[]>();
  for (const { run, event, id, type, accepted_at, bytes } of rows) {
    const list = byRun.get(run) ?? [];
    list.push({ event, id, type, acceptedAt: accepted_at, bytes });
    byRun.set(run, list);
  }
  return byRun;
}
