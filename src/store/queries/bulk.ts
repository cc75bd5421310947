/**
 * One step of a job over many deliveries, in one transaction with the job's own row. Open ones and ended ones are never
 * changed in the same one: locks are taken by the first in the order lanes, deliveries, and by resending (resend.ts) in
 * the order bodies, endpoint, lanes. For both databases.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import type { StoredState } from '../../core/delivery/machine.ts';
import type { Dialect } from '../dialect.ts';
import type { BulkWorkStore } from '../ports/bulk.ts';
import type { BulkOutcome, BulkPlace, BulkStep, NotDone } from '../records/bulk.ts';
import type { Schema } from '../schema/schema.ts';
import { findPlaces, scanPlaces } from './deliveryLists.ts';
import { holdJob, noteProgress } from './jobs.ts';
import { openAt } from './replays.ts';
import { resend } from './resend.ts';
import { countSkipped } from './skipCounts.ts';

export function bulk(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): BulkWorkStore {
  return {
    scanPlaces: (workspace, filter, page) => scanPlaces(read, dialect, workspace, filter, page),
    findPlaces: (workspace, deliveries) => findPlaces(read, workspace, deliveries),
    changeMany: (node, job, step, progressOf, now) =>
      write.transaction().execute(async (trx) => {
        const { workspace } = job;
        if (
          step.act === 'resend' &&
          (await openAt(trx, { workspace, endpoint: step.endpoint })) >= step.maxOpen
        ) {
          return { kind: 'full' };
        }
        if (!(await holdJob(trx, node, job))) return { kind: 'lost' };
        const { lanes, ...outcome } = await change(trx, dialect, workspace, step, now);
        const progress = progressOf(outcome);
        await noteProgress(trx, job, progress, now);
        return { kind: 'noted', progress, lanes };
      }),
  };
}

type Changed = BulkOutcome & { lanes: number[] };

async function change(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  step: BulkStep,
  now: number,
): Promise<Changed> {
  switch (step.act) {
    case 'resend': {
      const { made, lanes, gone, withoutEndpoint } = await resend(trx, dialect, workspace, step.items, now);
      const notDone = { body_expired: gone, endpoint_deleted: withoutEndpoint };
      return { done: made.length, notDone, lanes };
    }
    case 'retry':
    case 'skip':
      return changeOpen(trx, dialect, workspace, step, now);
  }
  return step satisfies never;
}

async function changeOpen(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  step: Exclude<BulkStep, { act: 'resend' }>,
  now: number,
): Promise<Changed> {
  // All of them may have been in flight.
  if (step.deliveries.length === 0) return { done: 0, notDone: {}, lanes: [] };
  const { found, held } = await lockOpen(trx, dialect, workspace, step.deliveries);
  const notDone: Partial<Record<NotDone, number>> = { already_ended: step.deliveries.length - found.length };
  const refuse = (why: NotDone): void => {
    notDone[why] = (notDone[why] ?? 0) + 1;
  };
  const allowed = found.filter(({ endpoint, state }) => {
    if (step.act === 'skip') return true;
    if (held.has(endpoint)) refuse('held');
    else if (state === 'pending') refuse('not_tried_yet');
    else return true;
    return false;
  });
  // What is due already is left as it is.
  const changed = step.act === 'skip' ? allowed : allowed.filter(({ due }) => (due ?? 0) > now);
  const lanes = [...new Set(changed.map(({ lane }) => lane))];
  if (changed.length > 0) {
    const values =
      step.act === 'skip'
        ? { state: 'skipped', reason: step.reason, ended_at: now, next_attempt_at: null }
        : { next_attempt_at: now };
    const written = await trx
      .updateTable('deliveries')
      .set(values)
      .where('workspace', '=', workspace)
      .where(
        'key',
        'in',
        changed.map(({ key }) => key),
      )
      .returning('event')
      .execute();
    const events = written.map(({ event }) => event);
    if (step.act === 'skip') await countSkipped(trx, dialect, { workspace, at: now }, events);
    // Who works the lanes finds by it that what it holds in memory is no longer so.
    await sql`UPDATE lanes SET revision = revision + 1
      WHERE workspace = ${workspace} AND key IN (${sql.join(lanes)})`.execute(trx);
  }
  return { done: allowed.length, notDone, lanes };
}

interface Open extends Pick<BulkPlace, 'key' | 'lane' | 'endpoint' | 'state'> {
  due: number | null;
}

/** Those that are open and do not count as skipped, locked with their lanes; and which endpoints are disabled. */
async function lockOpen(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  deliveries: readonly number[],
): Promise<{ found: Open[]; held: Set<number> }> {
  const keys = sql.join(deliveries);
  // Lanes are locked before their deliveries, by everyone who changes both, and each in ascending order.
  await sql`SELECT l.key FROM lanes l WHERE l.workspace = ${workspace} AND l.key IN (
      SELECT d.lane FROM deliveries d WHERE d.workspace = ${workspace} AND d.key IN (${keys}))
    ORDER BY l.key ${dialect.locking('FOR UPDATE OF l')}`.execute(trx);
  const { rows } = await sql<Omit<Open, 'state'> & { state: string }>`
    SELECT d.key, d.lane, d.endpoint, d.state, d.next_attempt_at AS due FROM deliveries d
    WHERE d.workspace = ${workspace} AND d.key IN (${keys}) AND d.ended_at IS NULL
      AND ${isUnmarkedIn(workspace)}
    ORDER BY d.key ${dialect.locking('FOR UPDATE OF d')}`.execute(trx);
  const found = rows.map((row) => ({ ...row, state: row.state as StoredState }));
  if (found.length === 0) return { found, held: new Set() };
  const disabled = await trx
    .selectFrom('endpoints')
    .select('key')
    .where('workspace', '=', workspace)
    .where('key', 'in', [...new Set(found.map(({ endpoint }) => endpoint))])
    .where('disabled_at', 'is not', null)
    .execute();
  return { found, held: new Set(disabled.map(({ key }) => key)) };
}

/** That a delivery `d` does not count as skipped already (skips.ts). */
const isUnmarkedIn = (workspace: number) => sql<SqlBool>`d.sequence > (
  SELECT l.skip_through FROM lanes l WHERE l.workspace = ${workspace} AND l.key = d.lane)`;
