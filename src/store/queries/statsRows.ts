/** The rows of statistics as statements write them: on a row that is there, what is new is added. Pure. */

import { MINUTE } from '../../core/duration.ts';
import { TALLIED } from '../../core/stats/counts.ts';

export type StatsTable = 'event_stats' | 'endpoint_stats';

/** What tells a row from the others of its workspace, its step and its time. */
export const STATS_KEY = { event_stats: 'type', endpoint_stats: 'endpoint' } as const;

export const STATS_COUNTS: Record<StatsTable, readonly string[]> = {
  event_stats: ['events', 'attempts', 'delivered', 'dropped', 'skipped'],
  endpoint_stats: TALLIED,
};

export function statsColumns(table: StatsTable): string[] {
  return ['workspace', STATS_KEY[table], 'at', 'step', 'shard', ...STATS_COUNTS[table]];
}

/** How an INSERT of whole rows goes on. */
export function addUp(table: StatsTable): string {
  const sums = STATS_COUNTS[table].map((name) => `${name} = ${table}.${name} + excluded.${name}`);
  return `ON CONFLICT (workspace, ${STATS_KEY[table]}, at, step, shard) DO UPDATE SET ${sums.join(', ')}`;
}

/** The width of what is written with what it counts. */
export const WRITTEN_STEP = MINUTE;
