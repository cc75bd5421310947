/** Deleting what is old in all workspaces, some at a time. For both databases. */

import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { DAY, HOUR } from '../../core/duration.ts';
import type { RetentionStore } from '../ports/retention.ts';
import type { Schema } from '../schema/schema.ts';

interface Old {
  table: keyof Schema;
  /** What tells a row from the others of its workspace, by column. */
  key: Readonly<Record<string, 'bigint' | 'text'>>;
  /** The table has an index by it, or is small. */
  is: RawBuilder<SqlBool>;
}

type Found = Record<string, number | string> & { workspace: number };

/** Deletes at most `limit` rows: found over all workspaces, deleted in one after the other. Returns how many went. */
export async function sweepRows(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  { table, key, is }: Old,
  limit: number,
): Promise<number> {
  const from = sql.table(table);
  const columns = Object.entries(key);
  const named = sql.join(columns.map(([column]) => sql.ref(column)));
  const { rows } =
    await sql<Found>`SELECT workspace, ${named} FROM ${from} WHERE ${is} LIMIT ${limit}`.execute(read);
  let swept = 0;
  for (const [workspace, mine] of Map.groupBy(rows, (row) => Number(row.workspace))) {
    const values = mine.map(
      (row) =>
        sql`(${sql.join(columns.map(([column, type]) => sql`CAST(${row[column]} AS ${sql.raw(type)})`))})`,
    );
    // They may have changed since they were found.
    const { numAffectedRows } = await sql`DELETE FROM ${from} WHERE workspace = ${workspace}
      AND (${named}) IN (VALUES ${sql.join(values)}) AND ${is}`.execute(write);
    swept += Number(numAffectedRows ?? 0n);
  }
  return swept;
}

const NOTICES_KEPT_MS = 90 * DAY;
const MAILS_KEPT_MS = 90 * DAY;
const REPLAYS_KEPT_MS = 90 * DAY;
const JOBS_KEPT_MS = 90 * DAY;
const PURGED_COUNTS_KEPT_MS = 400 * DAY;
/** The longest window of a budget is a day. */
const BUDGET_KEPT_MS = 25 * HOUR;
const USAGE_KEPT_DAYS = 40;

function oldAt(now: number): Old[] {
  return [
    {
      table: 'notices',
      key: { key: 'bigint' },
      is: sql<SqlBool>`at < ${now - NOTICES_KEPT_MS}`,
    },
    {
      table: 'mails',
      key: { key: 'bigint' },
      is: sql<SqlBool>`ended_at IS NOT NULL AND created_at < ${now - MAILS_KEPT_MS}`,
    },
    {
      table: 'replays',
      key: { key: 'bigint' },
      is: sql<SqlBool>`state <> 'running' AND ended_at < ${now - REPLAYS_KEPT_MS}`,
    },
    {
      table: 'jobs',
      key: { key: 'bigint' },
      is: sql<SqlBool>`ended_at IS NOT NULL AND ended_at < ${now - JOBS_KEPT_MS}`,
    },
    {
      table: 'purged_deliveries',
      key: { endpoint: 'bigint', state: 'text', hour: 'bigint' },
      is: sql<SqlBool>`hour < ${now - PURGED_COUNTS_KEPT_MS}`,
    },
    {
      table: 'budget_errors',
      key: { delivery: 'bigint', number: 'bigint' },
      is: sql<SqlBool>`at < ${now - BUDGET_KEPT_MS}`,
    },
    {
      table: 'budget_warnings',
      key: { endpoint: 'bigint', level: 'bigint' },
      is: sql<SqlBool>`at < ${now - BUDGET_KEPT_MS}`,
    },
    {
      table: 'usage_by_day',
      key: { day: 'bigint' },
      is: sql<SqlBool>`day < ${Math.floor(now / DAY) - USAGE_KEPT_DAYS}`,
    },
    {
      table: 'mail_counts',
      key: { day: 'bigint', recipient: 'text' },
      is: sql<SqlBool>`day < ${Math.floor(now / DAY) - 1}`,
    },
  ];
}

export function sweepOld(write: Kysely<Schema>, read: Kysely<Schema>): RetentionStore['sweepOld'] {
  return async (now, limit) => {
    let swept = 0;
    for (const old of oldAt(now)) swept += await sweepRows(write, read, old, limit);
    return swept;
  };
}
