/**
 * Nodes and the slices they hold: the queries, for both databases.
 *
 * A node's lease is its row in `nodes`. A slice belongs to the node that its row names as long as that
 * node's row is there: who takes over what a dead node held deletes the node first. Recording holds the
 * node's row (FOR KEY SHARE), so that a take-over waits for results that are being written, and whatever
 * comes later finds no node and writes nothing (P4, P5).
 */

import { type Kysely, sql, type Transaction } from 'kysely';
import { NODE_SLOTS, type Slots } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { NodeStore, SliceStore } from '../ports/nodes.ts';
import type { HeldSlice, Listening } from '../records/nodes.ts';
import type { Schema } from '../schema/schema.ts';

/** 32 nodes at the most, each with 64 keys a millisecond. */
const SLOTS_PER_NODE = 4;

export function nodes(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): NodeStore & SliceStore {
  return { ...leases(write, dialect), ...slices(write, read, dialect) };
}

/** The store's time, read apart: a volatile clock has no place in the condition of a write. */
async function readNow(db: Kysely<Schema>, { now }: Dialect): Promise<number> {
  const { rows } = await sql<{ now: number }>`SELECT ${now()} AS now`.execute(db);
  return Number(rows[0]?.now);
}

function leases(write: Kysely<Schema>, dialect: Dialect): NodeStore {
  return {
    registerNode: (node, { leaseMs, sends, listens = [] }) =>
      write.transaction().execute(async (trx) => {
        if (dialect.lockNodes !== null) await dialect.lockNodes.execute(trx);
        const now = await readNow(trx, dialect);
        await forgetExpired(trx, now);
        const taken = await trx.selectFrom('nodes').select(['node', 'slot']).execute();
        const used = new Set(taken.filter((row) => row.node !== node).map((row) => row.slot));
        const slots = freeSlots(used, SLOTS_PER_NODE);
        // Whoever registers holds nothing: what it held before, others may have taken meanwhile.
        await forget(trx, [node]);
        await trx
          .insertInto('nodes')
          .values({
            node,
            slot: slots.first,
            lease_until: now + leaseMs,
            sends: sends ? 1 : 0,
            listens: JSON.stringify(listens),
          })
          .execute();
        const listening = await readListening(trx, now);
        return { slots, largestKey: await findLargestKey(trx), now, listening };
      }),
    async heartbeat(node, { leaseMs, sends, listens = [] }) {
      const now = await readNow(write, dialect);
      const { numUpdatedRows } = await write
        .updateTable('nodes')
        .set({ lease_until: now + leaseMs, sends: sends ? 1 : 0, listens: JSON.stringify(listens) })
        .where('node', '=', node)
        .executeTakeFirst();
      return numUpdatedRows > 0n ? { now, listening: await readListening(write, now) } : null;
    },
    unregisterNode: (node) => write.transaction().execute((trx) => forget(trx, [node])),
  };
}

/** Of nodes whose lease has not run out. */
async function readListening(db: Kysely<Schema>, now: number): Promise<Listening[]> {
  const rows = await db.selectFrom('nodes').select('listens').where('lease_until', '>=', now).execute();
  return rows.flatMap(({ listens }) => JSON.parse(listens) as Listening[]);
}

function freeSlots(used: ReadonlySet<number>, count: number): Slots {
  for (let first = 0; first + count <= NODE_SLOTS; first += count) {
    if (!used.has(first)) return { first, count };
  }
  throw new Error(`No more than ${NODE_SLOTS / count} nodes can share a database.`);
}

/** The nodes go before their slices: that waits for results which they are writing. */
async function forget(trx: Transaction<Schema>, gone: readonly string[]): Promise<void> {
  if (gone.length === 0) return;
  await trx.deleteFrom('nodes').where('node', 'in', gone).execute();
  await trx.updateTable('slices').set({ owner: null }).where('owner', 'in', gone).execute();
}

async function forgetExpired(
  trx: Transaction<Schema>,
  now: number,
  except: string | null = null,
): Promise<void> {
  const expired = await trx
    .selectFrom('nodes')
    .select('node')
    .where('lease_until', '<', now)
    .$if(except !== null, (query) => query.where('node', '<>', except ?? ''))
    .execute();
  for (const { node } of expired) {
    // Either this waits for a heartbeat under way and finds the lease prolonged, or the heartbeat finds no node.
    const { numDeletedRows } = await trx
      .deleteFrom('nodes')
      .where('node', '=', node)
      .where('lease_until', '<', now)
      .executeTakeFirst();
    if (numDeletedRows > 0n)
      await trx.updateTable('slices').set({ owner: null }).where('owner', '=', node).execute();
  }
}

function slices(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): SliceStore {
  return {
    async readSlices(node) {
      const { rows } = await sql<{ slice: number; epoch: number; owner: string | null; living: number }>`
        SELECT s.slice, s.epoch, s.owner, CASE WHEN n.node IS NULL THEN 0 ELSE 1 END AS living
        FROM slices s LEFT JOIN nodes n ON n.node = s.owner AND n.lease_until >= ${dialect.now()}`.execute(
        read,
      );
      const senders = await sql<{ count: number }>`
        SELECT count(*) AS count FROM nodes WHERE sends = 1 AND lease_until >= ${dialect.now()}`.execute(
        read,
      );
      return {
        held: rows
          .filter(({ owner }) => owner === node)
          .map(({ slice, epoch }) => ({ slice: Number(slice), epoch: Number(epoch) })),
        free: rows.filter(({ living }) => Number(living) === 0).length,
        senders: Number(senders.rows[0]?.count),
      };
    },
    takeSlices: (node, limit) =>
      write.transaction().execute(async (trx): Promise<HeldSlice[]> => {
        await forgetExpired(trx, await readNow(trx, dialect), node);
        const { rows } = await sql<{ slice: number; epoch: number }>`
          WITH chosen AS MATERIALIZED (
            SELECT slice FROM slices WHERE owner IS NULL ORDER BY slice LIMIT ${limit}
            ${dialect.locking('FOR UPDATE SKIP LOCKED')})
          UPDATE slices SET owner = ${node}, epoch = epoch + 1
          WHERE slice IN (SELECT slice FROM chosen) AND EXISTS (SELECT 1 FROM nodes WHERE node = ${node})
          RETURNING slice, epoch`.execute(trx);
        return rows.map(({ slice, epoch }) => ({ slice: Number(slice), epoch: Number(epoch) }));
      }),
    async releaseSlices(node, some) {
      if (some.length === 0) return;
      const held = some.map(({ slice, epoch }) => sql`(CAST(${slice} AS bigint), CAST(${epoch} AS bigint))`);
      // A call is made again when its answer was lost; by then the node may have taken them anew.
      await sql`UPDATE slices SET owner = NULL
        WHERE owner = ${node} AND (slice, epoch) IN (VALUES ${sql.join(held)})`.execute(write);
    },
  };
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
