/** Counts deliveries that are skipped, by the type of their events, in the transaction that skips them. */

import { sql, type Transaction } from 'kysely';
import { minuteOf } from '../../core/stats/counts.ts';
import type { Dialect } from '../dialect.ts';
import type { Schema } from '../schema/schema.ts';
import { addUp, statsColumns, WRITTEN_STEP } from './statsRows.ts';

/** `events` are those of the deliveries, each as often as it has some. */
export async function countSkipped(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, at }: { workspace: number; at: number },
  events: readonly number[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = await trx
    .selectFrom('events')
    .select(['key', 'type'])
    .where('workspace', '=', workspace)
    .where('key', 'in', [...new Set(events)])
    .execute();
  const typeOf = new Map(rows.map(({ key, type }) => [key, type]));
  const counts = new Map<string, number>();
  for (const event of events) {
    const type = typeOf.get(event);
    if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const values = [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([type, skipped]) => {
      const row: Record<string, unknown> = { workspace, type, at: minuteOf(at), step: WRITTEN_STEP, skipped };
      const members = statsColumns('event_stats').map((column) =>
        column === 'shard' ? dialect.shard : sql`${row[column] ?? 0}`,
      );
      return sql`(${sql.join(members)})`;
    });
  if (values.length === 0) return;
  await sql`INSERT INTO event_stats (${sql.raw(statsColumns('event_stats').join(', '))})
    VALUES ${sql.join(values)} ${sql.raw(addUp('event_stats'))}`.execute(trx);
}
