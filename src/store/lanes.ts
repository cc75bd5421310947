/** Nodes and lanes, save the hot statements: the queries, for both databases. */

import { type Kysely, sql } from 'kysely';
import { NODE_SLOTS } from '../core/ids.ts';
import type { Schema } from './schema.ts';
import type { LaneItem, SourceKind, Store } from './store.ts';

/** What differs between the databases here. */
export interface LaneDialect {
  /** Now, in ms, by a clock that all nodes share: the database's where there are several. */
  now: () => ReturnType<typeof sql<number>>;
  /** Appended to a SELECT whose rows are about to be taken. */
  lockRows: ReturnType<typeof sql>;
  /** Makes registrations of nodes wait for each other; null where transactions do anyway. */
  lockNodes: ReturnType<typeof sql> | null;
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
      const chosen = only === null ? sql`` : sql`AND l.key IN (${sql.join(only)})`;
      if (only !== null && only.length === 0) return [];
      // Which lanes have open work is told by their two sequences. PostgreSQL reads the table for it
      // (100,000 lanes: some ms, once a second); an index on the two would make each of their
      // updates, two per delivery, a new index entry.
      const { rows } = await sql<Record<string, number>>`
        UPDATE lanes SET owner = ${node}, epoch = epoch + 1
        WHERE key IN (
          SELECT l.key FROM lanes l JOIN endpoints e ON e.workspace = l.workspace AND e.key = l.endpoint
          WHERE l.last_sequence > l.done_sequence AND e.disabled_at IS NULL AND e.deleted_at IS NULL
            AND (l.owner IS NULL OR l.owner <> ${node} AND l.owner NOT IN (SELECT node FROM nodes WHERE lease_until > ${dialect.now()}))
            ${chosen}
          LIMIT ${limit} ${dialect.lockRows})
        RETURNING key, workspace, endpoint, epoch, last_sequence, done_sequence`.execute(write);
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
      const rows = await read
        .selectFrom('deliveries as d')
        .innerJoin('events as e', (join) =>
          join.onRef('e.workspace', '=', 'd.workspace').onRef('e.key', '=', 'd.event'),
        )
        .innerJoin('event_bodies as b', (join) =>
          join.onRef('b.workspace', '=', 'd.workspace').onRef('b.event', '=', 'd.event'),
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
          'b.body',
        ])
        .where('d.lane', '=', lane)
        .where('d.sequence', '>', afterSequence)
        .where('d.state', 'in', ['pending', 'waiting'])
        .orderBy('d.sequence')
        .limit(limit)
        .execute();
      const items: LaneItem[] = [];
      let bytes = 0;
      for (const row of rows) {
        bytes += row.body.length;
        if (items.length > 0 && bytes > maxBytes) break;
        items.push({
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
          body: row.body,
        });
      }
      return items;
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
        .selectFrom('lanes')
        .select(['owner', 'epoch', 'last_sequence'])
        .where('key', '=', lane)
        .executeTakeFirst();
      if (row === undefined) return null;
      return { owner: row.owner, epoch: row.epoch, lastSequence: row.last_sequence };
    },
    async releaseLanes(node, keys, which) {
      if (keys.length === 0) return;
      await write
        .updateTable('lanes')
        .set({ owner: null })
        .where('key', 'in', keys)
        .where('owner', '=', node)
        .$if(which === 'drained', (query) => query.whereRef('done_sequence', '>=', 'last_sequence'))
        .execute();
    },
  };
}

function nodes(
  write: Kysely<Schema>,
  { now, lockNodes }: LaneDialect,
): Pick<Lanes, 'registerNode' | 'heartbeat' | 'unregisterNode'> {
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
        const events = await trx
          .selectFrom('events')
          .select((eb) => eb.fn.max('key').as('largest'))
          .executeTakeFirst();
        const deliveries = await trx
          .selectFrom('deliveries')
          .select((eb) => eb.fn.max('key').as('largest'))
          .executeTakeFirst();
        const largestKey = Math.max(Number(events?.largest ?? 0), Number(deliveries?.largest ?? 0));
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
        await trx.updateTable('lanes').set({ owner: null }).where('owner', '=', node).execute();
        await trx.deleteFrom('nodes').where('node', '=', node).execute();
      });
    },
  };
}
