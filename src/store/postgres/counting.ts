/**
 * PostgreSQL counts in the statement of what is counted. Transactions of a workspace overlap there, and a row that all
 * of them add to would have them wait for each other's commits. So each server process, which does one transaction at
 * a time, has rows of its own (`shard`); a job adds them up some minutes later (queries/stats.ts). No two transactions
 * that count ever wait for each other, nor for the job, which passes over what is locked.
 */

import { ATTEMPT_OUTCOMES } from '../../core/delivery/decide.ts';
import { LATENCY_BOUNDS_MS, TALLIED, TIMED_OUTCOMES } from '../../core/stats/counts.ts';
import { addUp, statsColumns, WRITTEN_STEP } from '../queries/statsRows.ts';

const SHARD = 'pg_backend_pid()';
const minuteOf = (ms: string): string => `${ms} - ${ms} % ${WRITTEN_STEP}`;

/** Adds up the events of `from`, whose column `type` it reads; $1 is the workspace, $3 when they were accepted. */
export const countEvents = (from: string): string => `
INSERT INTO event_stats (${statsColumns('event_stats').join(', ')})
SELECT $1, e.type, ${minuteOf('$3::bigint')}, ${WRITTEN_STEP}, ${SHARD}, count(*), 0, 0, 0, 0 FROM ${from}
GROUP BY e.type ORDER BY e.type ${addUp('event_stats')}`;

const LATENCY = `CASE WHEN k.outcome IN (${TIMED_OUTCOMES.map((name) => `'${name}'`).join(', ')})
  THEN width_bucket(k.duration_ms, ARRAY[${LATENCY_BOUNDS_MS.join(', ')}]::bigint[]) END`;

const filters = [
  ...ATTEMPT_OUTCOMES.map((name) => `k.outcome = '${name}'`),
  'k.dropped',
  ...Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, (_, bucket) => `k.bucket = ${bucket}`),
];
if (filters.length !== TALLIED.length) throw new Error('A tally has a place for each of these.');

/**
 * Adds up the results of `from`, by endpoint and for all of them together; $2 is the workspace. It reads the columns
 * `endpoint, started_at, duration_ms, outcome, dropped`.
 */
export const countResults = (from: string): string => `
INSERT INTO endpoint_stats (${statsColumns('endpoint_stats').join(', ')})
SELECT $2, coalesce(k.endpoint, 0), k.at, ${WRITTEN_STEP}, ${SHARD},
  ${filters.map((is) => `count(*) FILTER (WHERE ${is})`).join(', ')}
FROM (SELECT k.endpoint, k.outcome, k.dropped, ${minuteOf('(k.started_at + k.duration_ms)')} AS at, ${LATENCY} AS bucket
  FROM ${from}) AS k
GROUP BY GROUPING SETS ((k.endpoint, k.at), (k.at)) ORDER BY 2, 3 ${addUp('endpoint_stats')}`;

/**
 * Likewise by the type of their events; it reads the columns `event_type, started_at, duration_ms, delivered, dropped`.
 */
export const countTypes = (from: string): string => `
INSERT INTO event_stats (${statsColumns('event_stats').join(', ')})
SELECT $2, k.event_type, k.at, ${WRITTEN_STEP}, ${SHARD}, 0, count(*), count(*) FILTER (WHERE k.delivered),
  count(*) FILTER (WHERE k.dropped), 0
FROM (SELECT k.event_type, k.delivered, k.dropped, ${minuteOf('(k.started_at + k.duration_ms)')} AS at FROM ${from}) AS k
GROUP BY k.event_type, k.at ORDER BY 2, 3 ${addUp('event_stats')}`;
