/**
 * The loop brake's counts, resetting and deleting them: the queries, for both databases. They are counted in
 * activate.ts.
 *
 * An automation's counts may be millions. To reset them all, its number of resets goes up, which makes every count
 * void that was begun under a lower one; publishing reads the number with the routing, so that the reset is exact.
 * Void counts are deleted afterwards, some at a time.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import type { Schema } from '../schema/schema.ts';
import { sweepRows } from './sweeping.ts';

/**
 * Makes all counts of the automation void. The caller has moved the routing: whoever counts under the old number has
 * committed by then. Without a count nothing is written, so that a repeat changes nothing.
 */
export async function voidCounts(
  trx: Transaction<Schema>,
  workspace: number,
  automation: number,
): Promise<void> {
  await trx
    .updateTable('automations')
    .set((eb) => ({ brake_resets: eb('brake_resets', '+', 1) }))
    .where('workspace', '=', workspace)
    .where('key', '=', automation)
    .where(
      sql<SqlBool>`EXISTS (SELECT 1 FROM activations a WHERE a.workspace = ${workspace}
        AND a.automation = ${automation} AND a.resets = automations.brake_resets)`,
    )
    .execute();
}

/** Forgets one subject's count; how much it was. */
export async function forgetCount(
  trx: Transaction<Schema>,
  {
    workspace,
    automation,
    subject,
    at,
  }: { workspace: number; automation: number; subject: string; at: number },
): Promise<number> {
  const { rows } = await sql<{ count: number; period_ends_at: number | null; resets: number }>`
    DELETE FROM activations WHERE workspace = ${workspace} AND automation = ${automation} AND subject = ${subject}
    RETURNING count, period_ends_at, resets`.execute(trx);
  const [count] = rows;
  if (count === undefined) return 0;
  const { brake_resets } = await trx
    .selectFrom('automations')
    .select('brake_resets')
    .where('workspace', '=', workspace)
    .where('key', '=', automation)
    .executeTakeFirstOrThrow();
  const isOver = count.period_ends_at !== null && count.period_ends_at <= at;
  return isOver || count.resets < brake_resets ? 0 : count.count;
}

/** Deletes counts whose period is over, and such as are void; at most `limit` of each, and how many went. */
export async function sweepCounts(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  now: number,
  limit: number,
): Promise<number> {
  const over = {
    table: 'activations' as const,
    key: { automation: 'bigint', subject: 'text' } as const,
    is: sql<SqlBool>`period_ends_at <= ${now}`,
  };
  return (await sweepRows(write, read, over, limit)) + (await sweepVoid(write, read, limit));
}

async function sweepVoid(write: Kysely<Schema>, read: Kysely<Schema>, limit: number): Promise<number> {
  const reset = await read
    .selectFrom('automations')
    .select(['workspace', 'key', 'brake_resets'])
    .where(sql<SqlBool>`brake_swept < brake_resets`)
    .limit(limit)
    .execute();
  let swept = 0;
  for (const { workspace, key, brake_resets } of reset) {
    if (swept >= limit) break;
    const { numAffectedRows } = await sql`DELETE FROM activations
      WHERE workspace = ${workspace} AND automation = ${key} AND resets < ${brake_resets} AND subject IN (
        SELECT a.subject FROM activations a
        WHERE a.workspace = ${workspace} AND a.automation = ${key} AND a.resets < ${brake_resets}
        LIMIT ${limit - swept})`.execute(write);
    const deleted = Number(numAffectedRows ?? 0n);
    const isDone = deleted < limit - swept;
    swept += deleted;
    if (!isDone) break;
    await write
      .updateTable('automations')
      .set({ brake_swept: brake_resets })
      .where('workspace', '=', workspace)
      .where('key', '=', key)
      .execute();
  }
  return swept;
}
