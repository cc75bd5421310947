/**
 * Sending again (P13): new deliveries at the tails of their endpoints' lanes, under the same
 * messages. To be part of a transaction; for both databases.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import { chooseLane, type Ordering } from '../../core/delivery/order.ts';
import { formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { ResendStore } from '../ports/replays.ts';
import type { EventReplayAnswer, ResendAnswer } from '../records/replays.ts';
import type { Schema } from '../schema/schema.ts';
import { insertAudit } from './audit.ts';
import { isOpen, isUnmarked } from './states.ts';

export interface Resend {
  original: number;
  /** Of the delivery to be made. */
  key: number;
}

export interface Resent {
  made: Array<{ key: number; lane: number }>;
  /** Lanes that got some. */
  lanes: number[];
  /** How many originals had no body any more, or were gone themselves. */
  gone: number;
  /** How many others had no endpoint any more. */
  withoutEndpoint: number;
}

/** In the order given. `items` are few enough for one statement each. */
export async function resend(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  items: readonly Resend[],
  now: number,
): Promise<Resent> {
  const found = await findSendable(trx, dialect, workspace, items);
  const wanted = [...new Set(found.values().map((row) => row.endpoint))];
  const living = await lockEndpoints(trx, workspace, wanted);
  const chosen = items.flatMap(({ original, key }) => {
    const row = found.get(original);
    const endpoint = row === undefined ? undefined : living.get(row.endpoint);
    if (row === undefined || endpoint === undefined) return [];
    return [{ original, key, lane: chooseLane(endpoint, row) }];
  });
  const firsts = await advanceLanes(trx, dialect, workspace, chosen);
  await insertReplays(trx, workspace, chosen, firsts, now);
  return {
    made: chosen.map(({ key, lane }) => ({ key, lane })),
    lanes: [...firsts.keys()],
    gone: items.length - found.size,
    withoutEndpoint: found.size - chosen.length,
  };
}

/** The originals whose bodies are there, and stay there until this transaction ends. */
async function findSendable(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  items: readonly Resend[],
): Promise<Map<number, { endpoint: number; id: string; subject: string | null }>> {
  if (items.length === 0) return new Map();
  const { rows } = await sql<{ key: number; endpoint: number; id: string; subject: string | null }>`
    SELECT d.key, d.endpoint, e.id, e.subject FROM deliveries d
      JOIN events e ON e.workspace = d.workspace AND e.key = d.event
      JOIN event_bodies b ON b.workspace = d.workspace AND b.event = d.event
    WHERE d.workspace = ${workspace} AND d.key IN (${sql.join(items.map(({ original }) => original))})
    ${dialect.locking('FOR SHARE OF b')}`.execute(trx);
  return new Map(rows.map(({ key, ...row }) => [key, row]));
}

/** Written, not only read: a deletion at the same time waits, or has been waited for. */
async function lockEndpoints(
  trx: Transaction<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<Map<number, { key: number; ordering: Ordering; lanes: number[] }>> {
  if (keys.length === 0) return new Map();
  const rows = await trx
    .updateTable('endpoints')
    .set((eb) => ({ deleted_at: eb.ref('deleted_at') }))
    .where('workspace', '=', workspace)
    .where('key', 'in', keys)
    .where('deleted_at', 'is', null)
    .returning(['key', 'ordering', 'lanes'])
    .execute();
  return new Map(
    rows.map(({ key, ordering, lanes }) => [
      key,
      {
        key,
        ordering: JSON.parse(ordering) as Ordering,
        lanes: JSON.parse(lanes) as number[],
      },
    ]),
  );
}

/** Takes as many sequences of each lane as are chosen for it, lanes in ascending order as everyone does; answers the first ones. */
export async function advanceLanes(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  chosen: ReadonlyArray<{ lane: number }>,
): Promise<Map<number, number>> {
  if (chosen.length === 0) return new Map();
  const counts = Map.groupBy(chosen, ({ lane }) => lane);
  const keys = sql.join([...counts.keys()]);
  if (counts.size > 1) {
    await sql`SELECT l.key FROM lanes l WHERE l.workspace = ${workspace} AND l.key IN (${keys})
      ORDER BY l.key ${dialect.locking('FOR UPDATE OF l')}`.execute(trx);
  }
  const cases = [...counts].map(
    ([lane, { length }]) => sql`WHEN CAST(${lane} AS bigint) THEN CAST(${length} AS bigint)`,
  );
  const { rows } = await sql<{ key: number; last_sequence: number }>`
    UPDATE lanes SET open = 1, last_sequence = last_sequence + CASE key ${sql.join(cases, sql` `)} END
    WHERE workspace = ${workspace} AND key IN (${keys})
    RETURNING key, last_sequence`.execute(trx);
  if (rows.length < counts.size) throw new Error('An endpoint names a lane that does not exist.');
  return new Map(
    rows.map(({ key, last_sequence }) => [key, last_sequence - (counts.get(key)?.length ?? 0) + 1]),
  );
}

async function insertReplays(
  trx: Transaction<Schema>,
  workspace: number,
  chosen: ReadonlyArray<Resend & { lane: number }>,
  firsts: ReadonlyMap<number, number>,
  now: number,
): Promise<void> {
  if (chosen.length === 0) return;
  const next = new Map(firsts);
  const values = chosen.map(({ original, key, lane }) => {
    const sequence = next.get(lane) ?? 0;
    next.set(lane, sequence + 1);
    const row = [original, key, lane, sequence].map((value) => sql`CAST(${value} AS bigint)`);
    return sql`(${sql.join(row)})`;
  });
  await sql`
    WITH r(original, key, lane, sequence) AS (VALUES ${sql.join(values)})
    INSERT INTO deliveries (key, workspace, event, endpoint, lane, sequence, message, source_kind, source_id,
      replay_of, state, reason, attempts, waited_ms, next_attempt_at, created_at, ended_at)
    SELECT r.key, d.workspace, d.event, d.endpoint, r.lane, r.sequence, d.message, d.source_kind, d.source_id,
      d.key, 'pending', NULL, 0, 0, NULL, CAST(${now} AS bigint), NULL
    FROM r JOIN deliveries d ON d.workspace = ${workspace} AND d.key = r.original`.execute(trx);
}

/** By hand: one delivery, or those of one event. */
export function resending(write: Kysely<Schema>, dialect: Dialect): ResendStore {
  return {
    replayDelivery: (workspace, delivery, { key, now, by }) =>
      write.transaction().execute(async (trx): Promise<ResendAnswer> => {
        const known = await trx
          .selectFrom('deliveries')
          .select('key')
          .where('workspace', '=', workspace)
          .where('key', '=', delivery)
          .executeTakeFirst();
        if (known === undefined) return { kind: 'missing' };
        const { made, gone } = await resend(trx, dialect, workspace, [{ original: delivery, key }], now);
        const [first] = made;
        if (first === undefined) return { kind: gone > 0 ? 'body_gone' : 'endpoint_gone' };
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'delivery.replayed',
          target: formatId('dlv', delivery),
          details: { delivery: formatId('dlv', key) },
          at: now,
        });
        return { kind: 'changed', lane: first.lane };
      }),
    replayEvent: (workspace, event, { endpoints, nextKey, now, by }) =>
      write.transaction().execute(async (trx): Promise<EventReplayAnswer> => {
        let query = trx
          .selectFrom('deliveries as d')
          .innerJoin('lanes as l', (join) =>
            join.onRef('l.workspace', '=', 'd.workspace').onRef('l.key', '=', 'd.lane'),
          )
          .select(['d.key', sql<SqlBool>`${isOpen('d.state')} AND ${isUnmarked}`.as('open')])
          .where('d.workspace', '=', workspace)
          .where('d.event', '=', event.key)
          .where('d.replay_of', 'is', null);
        if (endpoints !== null) query = query.where('d.endpoint', 'in', endpoints);
        const originals = await query.orderBy('d.key').execute();
        const ended = originals.filter(({ open }) => !open);
        const items = ended.map(({ key }) => ({ original: key, key: nextKey() }));
        const resent = await resend(trx, dialect, workspace, items, now);
        if (resent.made.length > 0) {
          await insertAudit(trx, {
            workspace,
            actor: by,
            action: 'event.replayed',
            target: event.id,
            details: { deliveries: resent.made.map(({ key }) => formatId('dlv', key)) },
            at: now,
          });
        }
        return {
          made: resent.made,
          open: originals.length - ended.length,
          withoutEndpoint: resent.withoutEndpoint,
          bodyGone: resent.gone > 0,
        };
      }),
  };
}
