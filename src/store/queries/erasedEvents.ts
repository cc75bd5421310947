/** Takes what events say out of them, and all that followed of it; within a transaction. */

import { sql, type Transaction } from 'kysely';
import { ERASED } from '../../core/erasing.ts';
import { formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { Schema } from '../schema/schema.ts';
import { unindex } from './indexing.ts';
import { countSkipped } from './skipCounts.ts';
import { isOpen } from './states.ts';

interface Erasing {
  workspace: number;
  at: number;
  /** Whether an event's id itself tells of the person. */
  isTelling(id: string): boolean;
}

/**
 * The events stay as rows that say so; open deliveries are skipped, attempts and bodies, runs with their histories and
 * mails are deleted. Returns how many of each, and the lanes in which something was skipped.
 */
export async function eraseEvents(
  trx: Transaction<Schema>,
  dialect: Dialect,
  erasing: Erasing,
  events: readonly number[],
): Promise<{ counts: Record<string, number>; lanes: number[] }> {
  const { workspace, at } = erasing;
  const found = events.length === 0 ? [] : await unerased(trx, workspace, events);
  if (found.length === 0) return { counts: {}, lanes: [] };
  const keys = found.map(({ key }) => key);
  const runs = await lockSources(trx, dialect, workspace, keys);
  const deliveries = await trx
    .selectFrom('deliveries')
    .select(['key', 'lane', 'ended_at'])
    .where('workspace', '=', workspace)
    .where('event', 'in', keys)
    .execute();
  const open = deliveries.filter(({ ended_at }) => ended_at === null);
  const lanes = [...new Set(open.map(({ lane }) => lane))].sort((one, other) => one - other);
  const skipped = await skip(trx, dialect, erasing, { lanes, deliveries: open.map(({ key }) => key) });
  const remove = remover(trx, workspace);
  const sent = deliveries.map(({ key }) => key);
  const attempts = await remove('attempts', 'delivery', sent);
  await remove('delivery_bodies', 'delivery', sent);
  await remove('run_deliveries', 'delivery', sent);
  const mails = await remove('mails', 'run', runs);
  for (const table of ['run_steps', 'run_signals', 'run_events'] as const) await remove(table, 'run', runs);
  await remove('runs', 'key', runs);
  await remove('run_events', 'event', keys);
  const bodies = await remove('event_bodies', 'event', keys);
  await unindex(trx, workspace, keys);
  for (const { key, id } of found) {
    const named = erasing.isTelling(id) ? { id: formatId('evt', key) } : {};
    await trx
      .updateTable('events')
      .set({ ...named, subject: null, erased_at: at })
      .where('workspace', '=', workspace)
      .where('key', '=', key)
      .execute();
  }
  const counts = {
    events: found.length,
    bodies,
    deliveries_skipped: skipped,
    attempts,
    runs: runs.length,
    mails,
  };
  return { counts, lanes };
}

function unerased(
  trx: Transaction<Schema>,
  workspace: number,
  events: readonly number[],
): Promise<Array<{ key: number; id: string }>> {
  return trx
    .selectFrom('events')
    .select(['key', 'id'])
    .where('workspace', '=', workspace)
    .where('key', 'in', events)
    .where('erased_at', 'is', null)
    .execute();
}

/**
 * Locks what new deliveries of the events are made from, so that none is made after those that are there were read: bodies,
 * which who sends again holds, and runs. The keys of these. Both come before lanes, as everywhere.
 */
async function lockSources(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  events: readonly number[],
): Promise<number[]> {
  await sql`SELECT b.event FROM event_bodies b WHERE b.workspace = ${workspace} AND b.event IN (${sql.join(events)})
    ORDER BY b.event ${dialect.locking('FOR UPDATE OF b')}`.execute(trx);
  // A unary plus keeps SQLite from reading all runs of the workspace in that order.
  const { rows } = await sql<{ key: number }>`
    SELECT r.key FROM runs r WHERE r.workspace = ${workspace} AND r.event IN (${sql.join(events)})
    ORDER BY +r.key ${dialect.locking('FOR UPDATE OF r')}`.execute(trx);
  return rows.map(({ key }) => Number(key));
}

/** Lanes are locked before their deliveries, ascending, by everyone who changes both. */
async function skip(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, at }: Erasing,
  { lanes, deliveries }: { lanes: readonly number[]; deliveries: readonly number[] },
): Promise<number> {
  if (lanes.length === 0) return 0;
  await sql`SELECT l.key FROM lanes l WHERE l.workspace = ${workspace} AND l.key IN (${sql.join(lanes)})
    ORDER BY l.key ${dialect.locking('FOR UPDATE OF l')}`.execute(trx);
  const { rows } = await sql<{ event: number }>`
    UPDATE deliveries SET state = 'skipped', reason = ${ERASED}, ended_at = ${at}, next_attempt_at = NULL
    WHERE workspace = ${workspace} AND key IN (${sql.join(deliveries)}) AND ${isOpen('state')} RETURNING event`.execute(
    trx,
  );
  await sql`UPDATE lanes SET revision = revision + 1
    WHERE workspace = ${workspace} AND key IN (${sql.join(lanes)})`.execute(trx);
  await countSkipped(
    trx,
    dialect,
    { workspace, at },
    rows.map(({ event }) => Number(event)),
  );
  return rows.length;
}

/** Far fewer than a statement has parameters. */
const KEYS_AT_ONCE = 1_000;

function remover(trx: Transaction<Schema>, workspace: number) {
  return async (table: keyof Schema, column: string, keys: readonly number[]): Promise<number> => {
    let removed = 0;
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
      const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)} WHERE workspace = ${workspace}
        AND ${sql.ref(column)} IN (${sql.join(keys.slice(from, from + KEYS_AT_ONCE))})`.execute(trx);
      removed += Number(numAffectedRows ?? 0n);
    }
    return removed;
  };
}
