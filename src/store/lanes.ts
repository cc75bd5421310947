/** Nodes and lanes, save the hot statements: the queries, for both databases. */

import { type Kysely, type RawBuilder, sql } from 'kysely';
import { NODE_SLOTS } from '../core/ids.ts';
import type { StoreClock } from './clock.ts';
import type { SourceKind } from './records/delivery.ts';
import type { LaneItem } from './records.ts';
import type { Schema } from './schema.ts';
import { isOpen } from './states.ts';
import type { Store } from './store.ts';

/** What differs between the databases here. */
export interface LaneDialect extends StoreClock {
  /** Appended to a SELECT of lanes `l` about to be taken: passes over those in use at this moment. */
  lockFree: RawBuilder<unknown>;
  /** Likewise, but waits for them. */
  lockAll: RawBuilder<unknown>;
  /** Makes registrations of nodes wait for each other; null where transactions do anyway. */
  lockNodes: RawBuilder<unknown> | null;
}

type Lanes = Pick<
  Store,
  | 'registerNode'
  | 'heartbeat'
  | 'unregisterNode'
  | 'claimLanes'
  | 'loadLane'
  | 'readLane'
  | 'settleLane'
  | 'releaseLanes'
>;

export function lanes(write: Kysely<Schema>, read: Kysely<Schema>, dialect: LaneDialect): Lanes {
  return {
    ...nodes(write, dialect),
    async claimLanes(node, limit, only) {
      if (only !== null && only.length === 0) return [];
      const chosen = only === null ? sql`` : sql`AND l.key IN (${sql.join(only)})`;
      const rows = await write.transaction().execute(async (trx) => {
        // A node whose lease has run out is struck off before its lanes are taken. Either this waits
        // for a heartbeat under way and finds the lease prolonged, or the heartbeat finds no node.
        await trx
          .deleteFrom('nodes')
          .where('lease_until', '<', dialect.now())
          .where('node', '<>', node)
          .execute();
        // Which lanes have open work is told by their two sequences. PostgreSQL reads the table for it
        // (100,000 lanes: some ms, once a second); an index on the two would make each of their
        // updates, two per delivery, a new index entry.
        const taken = await sql<Record<string, number>>`
          WITH chosen AS MATERIALIZED (
            SELECT l.key FROM lanes l JOIN endpoints e ON e.workspace = l.workspace AND e.key = l.endpoint
            WHERE l.last_sequence > l.done_sequence AND e.disabled_at IS NULL AND e.deleted_at IS NULL
              AND (l.owner IS NULL OR l.owner NOT IN (SELECT node FROM nodes)) ${chosen}
            LIMIT ${limit} ${dialect.lockFree})
          UPDATE lanes SET owner = ${node}, epoch = epoch + 1 WHERE key IN (SELECT key FROM chosen)
          RETURNING key, workspace, endpoint, epoch, last_sequence, done_sequence`.execute(trx);
        return taken.rows;
      });
      return rows.map((row) => ({
        lane: Number(row.key),
        workspace: Number(row.workspace),
        endpoint: Number(row.endpoint),
        epoch: Number(row.epoch),
        lastSequence: Number(row.last_sequence),
        doneSequence: Number(row.done_sequence),
      }));
    },
    async loadLane(lane, afterSequence, limit, maxBytes) {
      // Sizes first: a hundred bodies may be 100 MB, and each lane loads.
      const sizes = await read
        .selectFrom('deliveries as d')
        .innerJoin('event_bodies as b', (join) =>
          join.onRef('b.workspace', '=', 'd.workspace').onRef('b.event', '=', 'd.event'),
        )
        .leftJoin('delivery_bodies as x', (join) =>
          join.onRef('x.workspace', '=', 'd.workspace').onRef('x.delivery', '=', 'd.message'),
        )
        .select(['d.sequence', sql<number>`octet_length(coalesce(x.body, b.body))`.as('bytes')])
        .where('d.lane', '=', lane)
        .where('d.sequence', '>', afterSequence)
        .where(isOpen('d.state'))
        .orderBy('d.sequence')
        .limit(limit)
        .execute();
      let bytes = 0;
      const fitting = sizes.filter((row, index) => {
        bytes += row.bytes;
        return index === 0 || bytes <= maxBytes;
      });
      const last = fitting.at(-1);
      if (last === undefined) return [];
      const rows = await read
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
        .select([
          'd.key',
          'd.sequence',
          'd.message',
          'd.event',
          'e.type',
          'd.source_kind',
          'd.source_id',
          'd.replay_of',
          'd.attempts',
          'd.waited_ms',
          'd.next_attempt_at',
          sql<string>`coalesce(x.body, b.body)`.as('body'),
        ])
        .where('d.lane', '=', lane)
        .where('d.sequence', '>', afterSequence)
        .where('d.sequence', '<=', last.sequence)
        .where(isOpen('d.state'))
        .orderBy('d.sequence')
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
          waitedMs: row.waited_ms,
          nextAttemptAt: row.next_attempt_at,
          body: Buffer.from(row.body),
        }),
      );
    },
    async settleLane(node, lane, epoch, sequence) {
      await write
        .updateTable('lanes')
        .set({ done_sequence: sequence })
        .where('key', '=', lane)
        .where('owner', '=', node)
        .where('epoch', '=', epoch)
        .where('done_sequence', '<', sequence)
        .execute();
    },
    async readLane(lane) {
      const row = await read
        .selectFrom('lanes as l')
        .innerJoin('workspaces as w', 'w.key', 'l.workspace')
        .select(['l.owner', 'l.epoch', 'l.last_sequence', 'w.routing_version'])
        .where('l.key', '=', lane)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { owner, epoch, last_sequence, routing_version } = row;
      return { owner, epoch, lastSequence: last_sequence, routingVersion: routing_version };
    },
    async releaseLanes(node, held, which) {
      if (held.length === 0) return [];
      const drained = which === 'drained' ? sql`AND l.done_sequence >= l.last_sequence` : sql``;
      const pairs = held.map(({ lane, epoch }) => sql`(CAST(${lane} AS bigint), CAST(${epoch} AS bigint))`);
      const these = sql`AND (l.key, l.epoch) IN (VALUES ${sql.join(pairs)}) ${drained}`;
      const { rows } = await freeLanes(dialect, node, these).execute(write);
      return rows.map((row) => Number(row.key));
    },
  };
}

/** In ascending order, as everyone who takes several lanes does. */
function freeLanes(
  dialect: LaneDialect,
  node: string,
  which: RawBuilder<unknown>,
): RawBuilder<{ key: number }> {
  return sql<{ key: number }>`
    WITH chosen AS MATERIALIZED (
      SELECT l.key FROM lanes l WHERE l.owner = ${node} ${which} ORDER BY l.key ${dialect.lockAll})
    UPDATE lanes SET owner = NULL WHERE key IN (SELECT key FROM chosen) RETURNING key`;
}

/**
 * The largest key of all rows. Found from each workspace's newest row, so that it takes as many
 * look-ups as there are workspaces, whatever the size of the log.
 */
async function findLargestKey(db: Kysely<Schema>): Promise<number> {
  const newest = (table: string, order: string) =>
    sql`(SELECT max((SELECT t.key FROM ${sql.table(table)} t WHERE t.workspace = w.key ${sql.raw(order)}))
      FROM workspaces w)`;
  const logged = ['events', 'deliveries'].map((table) => newest(table, 'ORDER BY t.key DESC LIMIT 1'));
  const few = [
    'workspaces',
    'api_keys',
    'endpoints',
    'secrets',
    'lanes',
    'bins',
    'bin_requests',
    'replays',
  ].map((table) => sql`(SELECT max(t.key) FROM ${sql.table(table)} t)`);
  const { rows } = await sql<Record<string, number | null>>`
    SELECT ${sql.join([...logged, ...few].map((key, index) => sql`${key} AS ${sql.ref(`largest_${index}`)}`))}
  `.execute(db);
  return Math.max(0, ...Object.values(rows[0] ?? {}).map((key) => key ?? 0));
}

function nodes(
  write: Kysely<Schema>,
  dialect: LaneDialect,
): Pick<Lanes, 'registerNode' | 'heartbeat' | 'unregisterNode'> {
  const { now, lockNodes } = dialect;
  return {
    registerNode: (node, leaseMs) =>
      write.transaction().execute(async (trx) => {
        if (lockNodes !== null) await lockNodes.execute(trx);
        await trx.deleteFrom('nodes').where('lease_until', '<', now()).execute();
        const taken = await trx.selectFrom('nodes').select(['node', 'slot']).execute();
        const used = new Set(taken.filter((row) => row.node !== node).map((row) => row.slot));
        const slot = Array.from({ length: NODE_SLOTS }, (_, index) => index).find(
          (index) => !used.has(index),
        );
        if (slot === undefined) throw new Error(`All ${NODE_SLOTS} node slots are taken.`);
        await trx.deleteFrom('nodes').where('node', '=', node).execute();
        await trx
          .insertInto('nodes')
          .values({ node, slot, lease_until: sql<number>`${now()} + ${leaseMs}` })
          .execute();
        // Who registers owns nothing: what it held before, others may have taken meanwhile.
        await freeLanes(dialect, node, sql``).execute(trx);
        const largestKey = await findLargestKey(trx);
        return { slot, largestKey };
      }),
    async heartbeat(node, leaseMs) {
      const result = await write
        .updateTable('nodes')
        .set({ lease_until: sql<number>`${now()} + ${leaseMs}` })
        .where('node', '=', node)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async unregisterNode(node) {
      await write.transaction().execute(async (trx) => {
        await freeLanes(dialect, node, sql``).execute(trx);
        await trx.deleteFrom('nodes').where('node', '=', node).execute();
      });
    },
  };
}
