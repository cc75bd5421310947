/** Lanes as who works them reads them, save the hot statements: the queries, for both databases. */

import { type Kysely, type SqlBool, sql } from 'kysely';
import { HASH_PRIME } from '../../core/delivery/slice.ts';
import type { LaneStore } from '../ports/lanes.ts';
import type { SourceKind } from '../records/delivery.ts';
import { LARGE_BODY, type LaneItem, type LaneState } from '../records/lanes.ts';
import type { Schema } from '../schema/schema.ts';
import { isOpen } from './states.ts';

type Lanes = Omit<LaneStore, 'claimProbe'>;

export function lanes(write: Kysely<Schema>, read: Kysely<Schema>): Lanes {
  return {
    async digestSlices(slices) {
      if (slices.length === 0) return [];
      // As hashLane (core/delivery/slice.ts) has it.
      const p = sql.lit(HASH_PRIME);
      const { rows } = await sql<{ slice: number; lanes: number; hashes: number }>`
        SELECT slice, count(*) AS lanes, sum(z * z % ${p}) AS hashes FROM (
          SELECT slice, (y * y + revision) % ${p} AS z FROM (
            SELECT slice, revision, (x * x + last_sequence) % ${p} AS y FROM (
              SELECT slice, last_sequence, revision, key % ${p} AS x FROM lanes
              WHERE open = 1 AND slice IN (${sql.join(slices)})) AS a) AS b) AS c
        GROUP BY slice`.execute(read);
      return rows.map(({ slice, lanes, hashes }) => ({
        slice: Number(slice),
        lanes: Number(lanes),
        hashes: Number(hashes),
      }));
    },
    async listOpenLanes(slices) {
      if (slices.length === 0) return [];
      const rows = await laneQuery(read)
        .where(sql<SqlBool>`l.open = 1`)
        .where('l.slice', 'in', slices)
        .execute();
      return rows.map(toLaneState);
    },
    async readLanes(keys) {
      const states: LaneState[] = [];
      for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
        const some = keys.slice(from, from + READ_AT_ONCE);
        const rows = await laneQuery(read).where('l.key', 'in', some).execute();
        for (const row of rows) states.push(toLaneState(row));
      }
      return states;
    },
    async readLanesOf(workspace, keys) {
      const rows = await laneQuery(read)
        .where('l.workspace', '=', workspace)
        .where('l.key', 'in', keys)
        .execute();
      return rows.map(toLaneState);
    },
    loadLane: (lane, afterSequence, limit, maxBytes) => load(read, lane, afterSequence, limit, maxBytes),
    async readBody(workspace, { event, message, ownBody }) {
      const row = ownBody
        ? await read
            .selectFrom('delivery_bodies')
            .select('body')
            .where('workspace', '=', workspace)
            .where('delivery', '=', message)
            .executeTakeFirst()
        : await read
            .selectFrom('event_bodies')
            .select('body')
            .where('workspace', '=', workspace)
            .where('event', '=', event)
            .executeTakeFirst();
      return row === undefined ? null : Buffer.from(row.body);
    },
    async settleLanes(drained) {
      const settled: number[] = [];
      for (const [workspace, mine] of Map.groupBy(drained, (lane) => lane.workspace)) {
        for (let from = 0; from < mine.length; from += SETTLED_AT_ONCE) {
          settled.push(...(await settle(write, workspace, mine.slice(from, from + SETTLED_AT_ONCE))));
        }
      }
      return settled;
    },
  };
}

/** Far fewer than a statement has parameters. */
const READ_AT_ONCE = 1_000;
const SETTLED_AT_ONCE = 200;

function laneQuery(db: Kysely<Schema>) {
  return db
    .selectFrom('lanes as l')
    .innerJoin('workspaces as w', 'w.key', 'l.workspace')
    .select(['l.key', 'l.workspace', 'l.endpoint', 'l.slice', 'l.last_sequence', 'l.done_sequence'])
    .select(['l.revision', 'w.routing_version']);
}

type LaneRow = Awaited<ReturnType<ReturnType<typeof laneQuery>['execute']>>[number];

function toLaneState(row: LaneRow): LaneState {
  return {
    lane: row.key,
    workspace: row.workspace,
    endpoint: row.endpoint,
    slice: row.slice,
    lastSequence: row.last_sequence,
    doneSequence: row.done_sequence,
    revision: row.revision,
    routingVersion: row.routing_version,
  };
}

/**
 * Closes those lanes that are as memory knows them and have nothing open, nor rows that are still to be
 * written as skipped (skips.ts). A publish into one of them either
 * holds its row, and is waited for and found to have moved it, or comes later and opens it again.
 */
async function settle(
  write: Kysely<Schema>,
  workspace: number,
  drained: ReadonlyArray<{ lane: number; lastSequence: number; revision: number }>,
): Promise<number[]> {
  const known = drained.map(
    ({ lane, lastSequence, revision }) =>
      sql`(CAST(${lane} AS bigint), CAST(${lastSequence} AS bigint), CAST(${revision} AS bigint))`,
  );
  const { rows } = await sql<{ key: number }>`
    UPDATE lanes AS l SET open = 0, done_sequence = last_sequence
    WHERE workspace = ${workspace} AND open = 1 AND skip_through = 0
      AND key IN (${sql.join(drained.map(({ lane }) => lane))})
      AND (key, last_sequence, revision) IN (VALUES ${sql.join(known)})
      AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.workspace = ${workspace} AND d.lane = l.key
        AND ${isOpen('d.state')} AND d.sequence > l.done_sequence)
    RETURNING key`.execute(write);
  return rows.map((row) => Number(row.key));
}

async function load(
  read: Kysely<Schema>,
  { workspace, lane }: { workspace: number; lane: number },
  afterSequence: number,
  limit: number,
  maxBytes: number,
): Promise<LaneItem[]> {
  const open = () =>
    read
      .selectFrom('deliveries as d')
      .innerJoin('events as e', (join) =>
        join.onRef('e.workspace', '=', 'd.workspace').onRef('e.key', '=', 'd.event'),
      )
      .innerJoin('event_bodies as b', (join) =>
        join.onRef('b.workspace', '=', 'd.workspace').onRef('b.event', '=', 'd.event'),
      )
      // A replay sends what its original sent.
      .leftJoin('delivery_bodies as x', (join) =>
        join.onRef('x.workspace', '=', 'd.workspace').onRef('x.delivery', '=', 'd.message'),
      )
      .where('d.workspace', '=', workspace)
      .where('d.lane', '=', lane)
      .where(
        sql<SqlBool>`d.sequence > (SELECT CASE WHEN l.skip_through > ${afterSequence} THEN l.skip_through
          ELSE CAST(${afterSequence} AS bigint) END FROM lanes l WHERE l.workspace = ${workspace} AND l.key = ${lane})`,
      )
      .where(isOpen('d.state'))
      .orderBy('d.sequence');
  // Sizes first: a hundred bodies may be 100 MB, and each lane loads.
  const sizes = await open()
    .select(['d.sequence', sql<number>`octet_length(coalesce(x.body, b.body))`.as('bytes')])
    .limit(limit)
    .execute();
  let bytes = 0;
  const last = sizes
    .filter((row, index) => {
      bytes += row.bytes > LARGE_BODY ? 0 : row.bytes;
      return index === 0 || bytes <= maxBytes;
    })
    .at(-1);
  if (last === undefined) return [];
  const rows = await open()
    .select(['d.key', 'd.sequence', 'd.message', 'd.event', 'e.type', 'd.source_kind', 'd.source_id'])
    .select([
      'd.replay_of',
      'd.attempts',
      'd.put_offs',
      'd.waited_ms',
      'd.next_attempt_at',
      'e.depth',
      'e.trace',
    ])
    .select(sql<number>`CASE WHEN x.body IS NULL THEN 0 ELSE 1 END`.as('own_body'))
    .select(
      sql<string | null>`CASE WHEN octet_length(coalesce(x.body, b.body)) <= ${Math.min(LARGE_BODY, maxBytes)}
        THEN coalesce(x.body, b.body) END`.as('body'),
    )
    .where('d.sequence', '<=', last.sequence)
    .execute();
  return rows.map(
    (row): LaneItem => ({
      key: row.key,
      sequence: row.sequence,
      message: row.message,
      event: row.event,
      eventType: row.type,
      source: { kind: row.source_kind as Exclude<SourceKind, 'replay'>, id: row.source_id },
      replay: row.replay_of !== null,
      attempts: row.attempts,
      putOffs: row.put_offs,
      waitedMs: row.waited_ms,
      nextAttemptAt: row.next_attempt_at,
      depth: row.depth,
      trace: row.trace,
      ownBody: row.own_body === 1,
      body: row.body === null ? null : Buffer.from(row.body),
    }),
  );
}
