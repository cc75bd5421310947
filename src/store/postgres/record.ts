/**
 * Recording attempts: one statement for a batch of many lanes. It locks the lanes in ascending
 * order, goes on with those that this node still owns, and says which.
 *
 * Where results have consequences for their endpoints (budget.ts), locks that stand before the lanes'
 * are needed: the workspace's row, which makes its budget one whatever the number of nodes, and where
 * an endpoint may be switched, the workspace's routing and the endpoint's row. Such a batch is a
 * transaction of several statements. So is one that holds a lane twice, which the engine never makes.
 */

import type pg from 'pg';
import { readSettings } from '../administration.ts';
import { consequences, hasConsequences } from '../budget.ts';
import type { AttemptResult, RecordAnswer, RecordVerdict } from '../records.ts';
import { driveAsync } from '../statement.ts';
import { bytes, integers, texts } from './arrays.ts';
import { runner, runStatement, transact } from './connection.ts';

const RESULT_COLUMNS = `workspace, lane, epoch, delivery, sequence, state, reason, waited_ms, next_attempt_at,
  ended_at, number, started_at, duration_ms, outcome, status, error, note, address, timings, url,
  request_headers, response_headers, response_body, truncated, endpoint, success`;

const RECORD = `
WITH kept AS MATERIALIZED (
  SELECT r.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
      $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[],
      $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[],
      $24::bytea[], $25::bigint[], $26::bigint[], $27::bigint[]) WITH ORDINALITY AS r(${RESULT_COLUMNS}, place)
    JOIN lanes l ON l.workspace = r.workspace AND l.key = r.lane
  WHERE l.owner = $1 AND l.epoch = r.epoch
  ORDER BY l.key FOR UPDATE OF l),
ended AS (
  UPDATE lanes l SET done_sequence = k.sequence FROM kept k
  WHERE l.workspace = k.workspace AND l.key = k.lane AND k.ended_at IS NOT NULL
    AND l.done_sequence < k.sequence),
-- Skipped or deleted while its request was in flight: the end stands, the attempt is counted.
settled AS (
  UPDATE deliveries d SET attempts = k.number,
    state = CASE WHEN d.ended_at IS NULL THEN k.state ELSE d.state END,
    reason = CASE WHEN d.ended_at IS NULL THEN k.reason ELSE d.reason END,
    waited_ms = CASE WHEN d.ended_at IS NULL THEN coalesce(k.waited_ms, d.waited_ms) ELSE d.waited_ms END,
    next_attempt_at = CASE WHEN d.ended_at IS NULL THEN k.next_attempt_at ELSE d.next_attempt_at END,
    ended_at = CASE WHEN d.ended_at IS NULL THEN k.ended_at ELSE d.ended_at END
  FROM kept k WHERE d.workspace = k.workspace AND d.key = k.delivery),
-- A batch is handed in again when the answer to it was lost: what is there already is the same.
logged AS (
  INSERT INTO attempts (workspace, delivery, number, started_at, duration_ms, outcome, status, error, note,
    address, timings, url, request_headers, response_headers, response_body, truncated)
  SELECT k.workspace, k.delivery, k.number, k.started_at, k.duration_ms, k.outcome, k.status, k.error, k.note,
    k.address, k.timings, k.url, k.request_headers, k.response_headers, k.response_body, k.truncated
  FROM kept k ON CONFLICT DO NOTHING RETURNING delivery, number),
recovered AS (
  DELETE FROM failing WHERE (workspace, endpoint) IN (
    SELECT f.workspace, f.endpoint FROM failing f
      JOIN kept k ON k.workspace = f.workspace AND k.endpoint = f.endpoint
    WHERE k.success = 1 ORDER BY f.workspace, f.endpoint FOR UPDATE OF f))
SELECT k.place, l.delivery IS NOT NULL AS fresh
  FROM kept k LEFT JOIN logged l ON l.delivery = k.delivery AND l.number = k.number`;

const LOCK_WORKSPACES = 'SELECT key FROM workspaces WHERE key = ANY($1::bigint[]) ORDER BY key FOR UPDATE';
const COUNT_ERRORS = `SELECT w.key, w.settings, count(b.at) AS errors FROM workspaces w
  LEFT JOIN budget_errors b ON b.workspace = w.key WHERE w.key = ANY($1::bigint[]) GROUP BY w.key, w.settings`;
const LOCK_ROUTING = `SELECT pg_advisory_xact_lock(key)
  FROM (SELECT DISTINCT key FROM unnest($1::bigint[]) AS w(key) ORDER BY key) AS ordered`;
const LOCK_ENDPOINTS = `SELECT key FROM endpoints WHERE workspace = ANY($1::bigint[]) AND (
    key = ANY($2::bigint[]) OR key IN (SELECT endpoint FROM budget_errors WHERE workspace = ANY($1::bigint[])))
  ORDER BY key FOR UPDATE`;

interface Recorded {
  verdicts: RecordVerdict[];
  /** Those that had not been recorded before. */
  fresh: AttemptResult[];
}

/** Records each lane's result; no lane twice. */
async function recordLanes(
  run: (statement: pg.QueryConfig) => Promise<pg.QueryResult<{ place: number; fresh: boolean }>>,
  node: string,
  results: readonly AttemptResult[],
): Promise<Recorded> {
  const { rows } = await run({
    name: 'record',
    text: RECORD,
    values: [node, ...resultParameters(results), ...attemptParameters(results)],
  });
  const kept = new Map(rows.map((row) => [row.place, row.fresh]));
  return {
    verdicts: results.map((_, index) => (kept.has(index + 1) ? 'recorded' : 'fenced')),
    fresh: results.filter((_, index) => kept.get(index + 1) === true),
  };
}

function resultParameters(results: readonly AttemptResult[]): unknown[] {
  const waiting = ({ next }: AttemptResult) => (next.state === 'waiting' ? next : null);
  return [
    integers(results, (result) => result.workspace),
    integers(results, (result) => result.lane),
    integers(results, (result) => result.epoch),
    integers(results, (result) => result.delivery),
    integers(results, (result) => result.sequence),
    texts(results, ({ next }) => next.state),
    texts(results, ({ next }) => next.reason),
    integers(results, (result) => waiting(result)?.waitedMs ?? null),
    integers(results, (result) => waiting(result)?.nextAttemptAt ?? null),
    integers(results, ({ next }) => (next.state === 'waiting' ? null : next.endedAt)),
  ];
}

function attemptParameters(results: readonly AttemptResult[]): unknown[] {
  return [
    integers(results, ({ attempt }) => attempt.number),
    integers(results, ({ attempt }) => attempt.startedAt),
    integers(results, ({ attempt }) => attempt.durationMs),
    texts(results, ({ attempt }) => attempt.outcome),
    integers(results, ({ attempt }) => attempt.status),
    texts(results, ({ attempt }) => attempt.error),
    texts(results, ({ attempt }) => attempt.note),
    texts(results, ({ attempt }) => attempt.address),
    texts(results, ({ attempt }) => attempt.timings),
    texts(results, ({ attempt }) => attempt.url),
    texts(results, ({ attempt }) => attempt.requestHeaders),
    texts(results, ({ attempt }) => attempt.responseHeaders),
    bytes(results, ({ attempt }) => attempt.responseBody),
    integers(results, ({ attempt }) => (attempt.truncated ? 1 : 0)),
    integers(results, (result) => result.endpoint),
    integers(results, ({ attempt }) => (attempt.outcome === 'success' ? 1 : 0)),
  ];
}

/** Results in runs that hold no lane twice. */
function runsOfLanes(results: readonly AttemptResult[]): AttemptResult[][] {
  const runs: AttemptResult[][] = [];
  let lanes = new Set<number>();
  for (const result of results) {
    let run = runs.at(-1);
    if (run === undefined || lanes.has(result.lane)) {
      run = [];
      runs.push(run);
      lanes = new Set();
    }
    run.push(result);
    lanes.add(result.lane);
  }
  return runs;
}

/**
 * Locks what the consequences of these results may change, in the order in which every change of an
 * endpoint takes it: workspaces, routing, endpoints; the lanes come after.
 */
async function lockAccounts(client: pg.PoolClient, results: readonly AttemptResult[]): Promise<void> {
  const workspaces = [...new Set(results.map((result) => result.workspace))];
  await client.query(LOCK_WORKSPACES, [workspaces]);
  const { rows } = await client.query<{ key: number; settings: string; errors: number }>(COUNT_ERRORS, [
    workspaces,
  ]);
  const switching = rows
    .filter(({ key, settings, errors }) => {
      const mine = results.filter((result) => result.workspace === key);
      if (mine.some(({ disable, probe }) => disable !== null || probe)) return true;
      const charged = mine.filter((result) => result.charged).length;
      return errors + charged > readSettings(settings).budget.limit;
    })
    .map(({ key }) => key);
  if (switching.length === 0) return;
  await client.query(LOCK_ROUTING, [switching]);
  const endpoints = [...new Set(results.map((result) => result.endpoint))];
  await client.query(LOCK_ENDPOINTS, [switching, endpoints]);
}

export async function record(
  pool: pg.Pool,
  node: string,
  results: readonly AttemptResult[],
): Promise<RecordAnswer> {
  const consequent = results.filter(hasConsequences);
  const runs = runsOfLanes(results);
  const [first] = runs;
  if (first === undefined) return { verdicts: [], moved: [] };
  if (consequent.length === 0 && runs.length === 1) {
    const { verdicts } = await recordLanes((statement) => runStatement(pool, statement), node, first);
    return { verdicts, moved: [] };
  }
  return transact(pool, async (client) => {
    if (consequent.length > 0) await lockAccounts(client, consequent);
    const verdicts: RecordVerdict[] = [];
    const fresh: AttemptResult[] = [];
    for (const run of runs) {
      const recorded = await recordLanes((statement) => client.query(statement), node, run);
      verdicts.push(...recorded.verdicts);
      fresh.push(...recorded.fresh);
    }
    return { verdicts, moved: await driveAsync(consequences(fresh), runner(client)) };
  });
}
