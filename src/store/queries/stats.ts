/**
 * Statistics: reading them, and keeping them small. They are written along with what they count (sqlite/counting.ts,
 * postgres/counting.ts), minute by minute. For both databases.
 *
 *   minutes ──2 h──▶ hours ──9 d──▶ days ──400 d──▶ (deleted)
 *
 * A row that has become too old for its width is deleted, and what it held is added to the row of the next width, in one
 * transaction. A result that comes late, for a minute that was taken up already, makes a row of its own, which is taken
 * up next. So there is no mark of how far this has come, and nothing that could lie before it.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import { TALLIED } from '../../core/stats/counts.ts';
import { STATS_LIMITS } from '../../core/stats/series.ts';
import type { Dialect } from '../dialect.ts';
import type { StatsStore, StatsWorkStore } from '../ports/stats.ts';
import type { EventPoint, SparkPoint } from '../records/stats.ts';
import type { Schema } from '../schema/schema.ts';
import { addUp, STATS_COUNTS, STATS_KEY, type StatsTable, statsColumns } from './statsRows.ts';
import { sweepRows } from './sweeping.ts';

export function stats(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: Dialect,
): StatsStore & StatsWorkStore {
  return {
    async readAttemptStats(workspace, endpoint, { since, until, stepMs }) {
      const { rows } = await sql<{ at: number } & Record<string, number>>`
        SELECT at - at % ${sql.lit(stepMs)} AS at, ${sql.raw(TALLIED.map((name) => sumOf(name)).join(', '))} FROM endpoint_stats
        WHERE workspace = ${workspace} AND endpoint = ${endpoint} AND at >= ${since} AND at < ${until}
        GROUP BY 1 ORDER BY 1`.execute(read);
      return rows.map((row) => ({ at: row.at, tally: TALLIED.map((name) => row[name] ?? 0) }));
    },
    async readEventStats(workspace, { since, until, stepMs }) {
      const { rows } = await sql<EventPoint>`
        SELECT at - at % ${sql.lit(stepMs)} AS at, type, ${sql.raw(sumOf('events'))} FROM event_stats
        WHERE workspace = ${workspace} AND at >= ${since} AND at < ${until}
        GROUP BY 1, 2 HAVING sum(events) > 0 ORDER BY 1, 2`.execute(read);
      return rows;
    },
    async readSparklines(workspace, endpoints, { since, until, stepMs }) {
      const points: SparkPoint[] = [];
      for (let from = 0; from < endpoints.length; from += ENDPOINTS_AT_ONCE) {
        const some = endpoints.slice(from, from + ENDPOINTS_AT_ONCE);
        const { rows } = await sql<SparkPoint>`
          SELECT endpoint, at - at % ${sql.lit(stepMs)} AS at, ${sql.raw(sumOf('success', 'delivered'))},
            ${sql.raw(FAILED)} FROM endpoint_stats
          WHERE workspace = ${workspace} AND endpoint IN (${sql.join(some)}) AND at >= ${since} AND at < ${until}
          GROUP BY 1, 2 ORDER BY 1, 2`.execute(read);
        points.push(...rows);
      }
      return points;
    },
    foldStats: folding(write, read, dialect),
  };
}

/** An endpoint has some 150 rows of a day: each statement looks at a few thousand. */
const ENDPOINTS_AT_ONCE = 50;

const sumOf = (column: string, as = column): string => `CAST(sum(${column}) AS bigint) AS ${as}`;
const FAILED = sumOf(TALLIED.slice(1, TALLIED.indexOf('dropped')).join(' + '), 'failed');

// ---------------------------------------------------------------- folding

/** On PostgreSQL: long after the transactions that count in a minute have ended, as a rule. */
const SHARDS_KEPT_MS = 2 * MINUTE;

interface Fold {
  /** Rows to be taken up. */
  is: ReturnType<typeof sql<SqlBool>>;
  /** The width of the row to add them to. */
  into: number;
}

function foldsAt(now: number): Fold[] {
  return [
    { is: sql`shard <> 0 AND at < ${now - SHARDS_KEPT_MS}`, into: MINUTE },
    { is: sql`step = ${sql.lit(MINUTE)} AND at < ${now - STATS_LIMITS.minutes.value * HOUR}`, into: HOUR },
    { is: sql`step = ${sql.lit(HOUR)} AND at < ${now - STATS_LIMITS.hours.value * DAY}`, into: DAY },
  ];
}

function folding(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): StatsWorkStore['foldStats'] {
  return async (now, limit) => {
    let taken = 0;
    for (const table of ['event_stats', 'endpoint_stats'] as const) {
      for (const fold of foldsAt(now)) taken += await foldSome(write, read, { dialect, table, fold, limit });
      const key = {
        [STATS_KEY[table]]: TYPE_OF[table],
        at: 'bigint',
        step: 'bigint',
        shard: 'bigint',
      } as const;
      const is = sql<SqlBool>`step = ${sql.lit(DAY)} AND at < ${now - STATS_LIMITS.days.value * DAY}`;
      taken += await sweepRows(write, read, { table, key, is }, limit);
    }
    return taken;
  };
}

const TYPE_OF = { event_stats: 'text', endpoint_stats: 'bigint' } as const;

interface Found extends Record<string, number | string> {
  workspace: number;
  at: number;
  step: number;
  shard: number;
}

async function foldSome(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  { dialect, table, fold, limit }: { dialect: Dialect; table: StatsTable; fold: Fold; limit: number },
): Promise<number> {
  const { rows } = await sql<Found>`
    SELECT workspace, ${sql.ref(STATS_KEY[table])}, at, step, shard FROM ${sql.table(table)}
    WHERE ${fold.is} LIMIT ${limit}`.execute(read);
  let taken = 0;
  for (const [workspace, mine] of Map.groupBy(rows, (row) => Number(row.workspace))) {
    taken += await write.transaction().execute(async (trx) => {
      const whole = await takeUp(trx, { dialect, table, workspace }, mine);
      await addRows(trx, table, sumsOf(table, whole, fold.into));
      return whole.length;
    });
  }
  return taken;
}

/** Deletes the rows as they are by now, those aside that another node has locked, and returns them. */
async function takeUp(
  trx: Transaction<Schema>,
  { dialect, table, workspace }: { dialect: Dialect; table: StatsTable; workspace: number },
  rows: readonly Found[],
): Promise<Found[]> {
  const name = STATS_KEY[table];
  const named = sql.raw(['at', name, 'step', 'shard'].map((column) => `s.${column}`).join(', '));
  const values = (some: readonly Found[]) =>
    sql.join(
      some.map(
        (row) =>
          sql`(CAST(${row.at} AS bigint), CAST(${row[name]} AS ${sql.raw(TYPE_OF[table])}), CAST(${row.step} AS bigint), CAST(${row.shard} AS bigint))`,
      ),
    );
  // What counts in these rows locks those of its own connection, by type or endpoint: this waits for none of them.
  const { rows: whole } = await sql<Found>`
    SELECT s.* FROM ${sql.table(table)} s WHERE s.workspace = ${workspace} AND (${named}) IN (VALUES ${values(rows)})
    ORDER BY ${named} ${dialect.locking('FOR UPDATE OF s SKIP LOCKED')}`.execute(trx);
  if (whole.length === 0) return [];
  await sql`DELETE FROM ${sql.table(table)} AS s
    WHERE s.workspace = ${workspace} AND (${named}) IN (VALUES ${values(whole)})`.execute(trx);
  return whole;
}

/** One row for each that they are to be added to, in the order in which every fold writes them. */
function sumsOf(table: StatsTable, rows: readonly Found[], into: number): Found[] {
  const name = STATS_KEY[table];
  const sums = new Map<string, Found>();
  for (const row of rows) {
    const at = Math.floor(row.at / into) * into;
    const key = `${row[name]} ${at}`;
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, { ...row, at, step: into, shard: 0 });
      continue;
    }
    for (const count of STATS_COUNTS[table]) sum[count] = Number(sum[count]) + Number(row[count]);
  }
  return [...sums.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, sum]) => sum);
}

async function addRows(trx: Transaction<Schema>, table: StatsTable, rows: readonly Found[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = statsColumns(table);
  const values = rows.map((row) => sql`(${sql.join(columns.map((column) => sql`${row[column]}`))})`);
  await sql`INSERT INTO ${sql.table(table)} (${sql.raw(columns.join(', '))}) VALUES ${sql.join(values)}
    ${sql.raw(addUp(table))}`.execute(trx);
}
