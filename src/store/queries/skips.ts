/**
 * Skipping all that is open in an endpoint's lanes, however much it is. The transaction that decides it marks the
 * lanes (`lanes.skip_through`) and writes the first rows; the others are written later, some at a time, by any node
 * (`writeSkips`), and the mark goes with the last of them. From the mark on nothing up to it is loaded, sent or
 * counted as open, a result of it changes nothing, and whoever is shown such a delivery is shown it as skipped. Only
 * filters by state know it by what its row says. For both databases.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import type { Dialect } from '../dialect.ts';
import type { SkipStore } from '../ports/retention.ts';
import type { Schema } from '../schema/schema.ts';
import { countSkipped } from './skipCounts.ts';
import { isOpen } from './states.ts';

/** Rows written with the decision itself: some milliseconds, and all there is as a rule. */
export const SKIPPED_AT_ONCE = 300;

/** Within a statement on lanes `l`: in the words of the index. */
const IS_MARKED = sql<SqlBool>`l.skip_through > 0`;

/** A mark that still stands is taken over, and its reason with it. */
export async function skipOpen(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, endpoint }: { workspace: number; endpoint: number },
  reason: string,
  at: number,
): Promise<void> {
  // Ascending, as everyone locks lanes.
  await sql`
    WITH chosen AS MATERIALIZED (
      SELECT l.key FROM lanes l WHERE l.workspace = ${workspace} AND l.endpoint = ${endpoint} AND l.open = 1
      ORDER BY l.key ${dialect.locking('FOR UPDATE OF l')})
    UPDATE lanes SET skip_through = last_sequence, skip_reason = ${reason}, skip_at = ${at},
      revision = revision + 1
    WHERE workspace = ${workspace} AND key IN (SELECT key FROM chosen)`.execute(trx);
  const lanes = marked(trx, workspace).where('l.endpoint', '=', endpoint);
  await writeSome(trx, dialect, lanes, workspace, SKIPPED_AT_ONCE);
}

export function skips(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): SkipStore {
  return {
    async workspacesToSkip() {
      const rows = await read
        .selectFrom('lanes as l')
        .select('l.workspace')
        .distinct()
        .where(IS_MARKED)
        .execute();
      return rows.map((row) => row.workspace);
    },
    async writeSkips(workspace, limit) {
      const some = marked(read, workspace);
      if ((await some.limit(1).executeTakeFirst()) === undefined) return false;
      return write
        .transaction()
        .execute((trx) => writeSome(trx, dialect, marked(trx, workspace), workspace, limit));
    },
  };
}

function marked(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('lanes as l')
    .select(['l.key', 'l.done_sequence', 'l.skip_through', 'l.skip_reason', 'l.skip_at'])
    .where('l.workspace', '=', workspace)
    .where(IS_MARKED);
}

type MarkedLane = Awaited<ReturnType<ReturnType<typeof marked>['execute']>>[number];

/** Goes through these lanes until `limit` rows are written; true where there may be more. */
async function writeSome(
  trx: Transaction<Schema>,
  dialect: Dialect,
  lanes: ReturnType<typeof marked>,
  workspace: number,
  limit: number,
): Promise<boolean> {
  let left = limit;
  // A lane is a step of its own, however few rows it has.
  for (const lane of await lanes.orderBy('l.key').limit(limit).execute()) {
    const written = await writeLane(trx, dialect, { ...lane, workspace }, left);
    left -= Math.max(1, written);
    if (left <= 0) return true;
  }
  return false;
}

/** Writes the lane's first open deliveries under its mark; where none is left, clears the mark. */
async function writeLane(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, ...lane }: MarkedLane & { workspace: number },
  limit: number,
): Promise<number> {
  // Lanes are locked before their deliveries, by everyone who changes both.
  await trx
    .updateTable('lanes')
    .set((eb) => ({ skip_through: eb.ref('skip_through') }))
    .where('workspace', '=', workspace)
    .where('key', '=', lane.key)
    .execute();
  const first = await trx
    .selectFrom('deliveries')
    .select(['key', 'sequence'])
    .where('workspace', '=', workspace)
    .where('lane', '=', lane.key)
    .where(isOpen('state'))
    // What an earlier call has written is not read again.
    .where('sequence', '>', lane.done_sequence)
    .where('sequence', '<=', lane.skip_through)
    .orderBy('sequence')
    .limit(limit)
    .execute();
  if (first.length > 0) {
    const { rows } = await sql<{ event: number }>`
      UPDATE deliveries SET state = 'skipped', reason = ${lane.skip_reason}, ended_at = ${lane.skip_at},
        next_attempt_at = NULL
      WHERE workspace = ${workspace} AND key IN (${sql.join(first.map((row) => row.key))})
        AND ended_at IS NULL RETURNING event`.execute(trx);
    const events = rows.map(({ event }) => Number(event));
    await countSkipped(trx, dialect, { workspace, at: lane.skip_at ?? 0 }, events);
  }
  const isDone = first.length < limit;
  const through = isDone ? lane.skip_through : (first.at(-1)?.sequence ?? 0);
  // Another node may be writing the same ones, or have cleared the mark; or the lane was marked anew.
  await sql`
    UPDATE lanes SET
      done_sequence = CASE WHEN done_sequence < ${through} THEN ${through} ELSE done_sequence END
      ${isDone ? sql`, skip_through = 0, skip_reason = NULL, skip_at = NULL` : sql``}
    WHERE workspace = ${workspace} AND key = ${lane.key} AND skip_through = ${lane.skip_through}`.execute(
    trx,
  );
  return first.length;
}
