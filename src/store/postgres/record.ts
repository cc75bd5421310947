/**
 * Recording attempts: one statement for a batch of one workspace's results. It writes those whose slice
 * this node still holds under the same epoch, and says which. The node's row is held meanwhile, so that
 * nobody can take its slices over before the results are committed (nodes.ts).
 *
 * Where results have consequences for their endpoints (budget.ts), locks are needed first: the
 * workspace's row, which makes its budget one whatever the number of nodes, and where an endpoint may be
 * switched, the workspace's routing and the endpoint's row. Such a batch is a transaction of several
 * statements. So is one that holds a delivery twice, which the engine never makes.
 */

import type pg from 'pg';
import { ERASED } from '../../core/erasing.ts';
import { readSettings } from '../queries/administration.ts';
import { consequences, hasConsequences } from '../queries/budget.ts';
import { driveAsync } from '../queries/statement.ts';
import type { AttemptResult, RecordAnswer, RecordVerdict } from '../records/results.ts';
import { bytes, integers, texts } from './arrays.ts';
import { runner, runStatement, transact } from './connection.ts';
import { countResults, countTypes } from './counting.ts';

const RESULT_COLUMNS = `slice, epoch, delivery, state, reason, waited_ms, put_offs, next_attempt_at,
  ended_at, number, started_at, duration_ms, outcome, status, error, note, address, timings, url,
  request_headers, response_headers, response_body, truncated, endpoint, success, event_type`;

/** Parameters: 1 the node, 2 the workspace, 3 to 28 the columns. The results come by ascending delivery. */
const statement = (counted: string): string => `
WITH living AS MATERIALIZED (SELECT node FROM nodes WHERE node = $1 FOR KEY SHARE),
kept AS MATERIALIZED (
  SELECT r.* FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
      $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
      $15::text[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
      $23::text[], $24::bytea[], $25::bigint[], $26::bigint[], $27::bigint[], $28::text[])
      WITH ORDINALITY AS r(${RESULT_COLUMNS}, place)
    JOIN slices s ON s.slice = r.slice AND s.epoch = r.epoch AND s.owner = $1
  WHERE EXISTS (SELECT 1 FROM living)),
-- Skipped or deleted while its request was in flight: the end stands, the attempt is counted.
settled AS (
  UPDATE deliveries d SET attempts = k.number,
    state = CASE WHEN d.ended_at IS NULL AND d.sequence > l.skip_through THEN k.state ELSE d.state END,
    reason = CASE WHEN d.ended_at IS NULL AND d.sequence > l.skip_through THEN k.reason ELSE d.reason END,
    waited_ms = CASE WHEN d.ended_at IS NULL AND d.sequence > l.skip_through THEN coalesce(k.waited_ms, d.waited_ms) ELSE d.waited_ms END,
    put_offs = CASE WHEN d.ended_at IS NULL AND d.sequence > l.skip_through THEN coalesce(k.put_offs, d.put_offs) ELSE d.put_offs END,
    next_attempt_at = CASE WHEN d.ended_at IS NULL AND d.sequence > l.skip_through THEN k.next_attempt_at ELSE d.next_attempt_at END,
    ended_at = CASE WHEN d.ended_at IS NULL AND d.sequence > l.skip_through THEN k.ended_at ELSE d.ended_at END
  FROM kept k, lanes l
  WHERE d.workspace = $2 AND d.key = k.delivery AND l.workspace = $2 AND l.key = d.lane
  RETURNING d.key, d.state, d.reason),
-- A batch is handed in again when the answer to it was lost: what is there already is the same.
logged AS (
  INSERT INTO attempts (workspace, delivery, number, started_at, duration_ms, outcome, status, error, note,
    address, timings, url, request_headers, response_headers, response_body, truncated)
  SELECT $2, k.delivery, k.number, k.started_at, k.duration_ms, k.outcome, k.status, k.error, k.note,
    k.address, k.timings, k.url, k.request_headers, k.response_headers, k.response_body, k.truncated
  -- Of a delivery that is gone, its workspace with it, or whose event was erased, nothing is kept.
  FROM kept k WHERE k.delivery IN (SELECT s.key FROM settled s WHERE s.reason IS DISTINCT FROM '${ERASED}')
  ON CONFLICT DO NOTHING RETURNING delivery, number),
recovered AS (
  DELETE FROM failing WHERE workspace = $2 AND endpoint IN (
    SELECT f.endpoint FROM failing f JOIN kept k ON k.endpoint = f.endpoint
    WHERE f.workspace = $2 AND k.success = 1 ORDER BY f.endpoint FOR UPDATE OF f)),
told AS MATERIALIZED (
  SELECT k.place, k.endpoint, k.event_type, k.started_at, k.duration_ms, k.outcome,
    k.delivery IN (SELECT l.delivery FROM logged l) AS fresh,
    -- Where it was skipped meanwhile, it was not dropped.
    k.state = 'dropped' AND k.delivery IN (SELECT s.key FROM settled s WHERE s.state = 'dropped') AS dropped,
    k.state = 'delivered' AND k.delivery IN (SELECT s.key FROM settled s WHERE s.state = 'delivered') AS delivered
  FROM kept k)
${counted}
SELECT place, fresh, dropped, delivered FROM told`;

/** A batch that is one statement counts along; in one of several, what is fresh is counted at its end. */
const RECORD = statement(`, counted AS (${countResults('told k WHERE k.fresh')}),
typed AS (${countTypes('told k WHERE k.fresh')})`);
const RECORD_ONLY = statement('');
const COUNT = countResults(`unnest($1::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[])
  AS k(endpoint, started_at, duration_ms, outcome, dropped)`);
const COUNT_TYPES = countTypes(`unnest($1::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::boolean[])
  AS k(event_type, started_at, duration_ms, delivered, dropped)`);

const LOCK_WORKSPACE = 'SELECT key FROM workspaces WHERE key = $1 FOR UPDATE';
const COUNT_ERRORS = `SELECT w.settings, count(b.at) AS errors FROM workspaces w
  LEFT JOIN budget_errors b ON b.workspace = w.key WHERE w.key = $1 GROUP BY w.settings`;
const LOCK_ROUTING = 'SELECT pg_advisory_xact_lock($1)';
const LOCK_ENDPOINTS = `SELECT key FROM endpoints WHERE workspace = $1 AND (
    key = ANY($2::bigint[]) OR key IN (SELECT endpoint FROM budget_errors WHERE workspace = $1))
  ORDER BY key FOR UPDATE`;

interface Recorded {
  verdicts: RecordVerdict[];
  /** Those that had not been recorded before; whether they have dropped their deliveries. */
  fresh: FreshResult[];
}

interface FreshResult {
  result: AttemptResult;
  dropped: boolean;
  delivered: boolean;
}

interface RecordedRow {
  place: number;
  fresh: boolean;
  dropped: boolean;
  delivered: boolean;
}

/** Records each delivery's result; no delivery twice. */
async function recordDeliveries(
  run: (statement: pg.QueryConfig) => Promise<pg.QueryResult<RecordedRow>>,
  text: string,
  node: string,
  workspace: number,
  results: readonly AttemptResult[],
): Promise<Recorded> {
  const order = results
    .map((_, index) => index)
    .sort((one, other) => keyAt(results, one) - keyAt(results, other));
  const ascending = order.flatMap((index) => results[index] ?? []);
  const { rows } = await run({
    name: text === RECORD ? 'record' : 'record only',
    text,
    values: [node, workspace, ...resultParameters(ascending), ...attemptParameters(ascending)],
  });
  const kept = new Map(rows.map((row) => [order[row.place - 1], row]));
  return {
    verdicts: results.map((_, index) => (kept.has(index) ? 'recorded' : 'fenced')),
    fresh: results.flatMap((result, index) => {
      const row = kept.get(index);
      return row?.fresh === true ? { result, dropped: row.dropped, delivered: row.delivered } : [];
    }),
  };
}

function keyAt(results: readonly AttemptResult[], index: number): number {
  return results[index]?.delivery ?? 0;
}

function resultParameters(results: readonly AttemptResult[]): unknown[] {
  const waiting = ({ next }: AttemptResult) => (next.state === 'waiting' ? next : null);
  return [
    integers(results, (result) => result.slice),
    integers(results, (result) => result.epoch),
    integers(results, (result) => result.delivery),
    texts(results, ({ next }) => next.state),
    texts(results, ({ next }) => next.reason),
    integers(results, (result) => waiting(result)?.waitedMs ?? null),
    integers(results, (result) => waiting(result)?.putOffs ?? null),
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
    texts(results, (result) => result.eventType),
  ];
}

function countParameters(workspace: number, fresh: readonly FreshResult[]): unknown[] {
  return [
    integers(fresh, ({ result }) => result.endpoint),
    workspace,
    integers(fresh, ({ result }) => result.attempt.startedAt),
    integers(fresh, ({ result }) => result.attempt.durationMs),
    texts(fresh, ({ result }) => result.attempt.outcome),
    fresh.map(({ dropped }) => dropped),
  ];
}

function countTypesParameters(workspace: number, fresh: readonly FreshResult[]): unknown[] {
  return [
    texts(fresh, ({ result }) => result.eventType),
    workspace,
    integers(fresh, ({ result }) => result.attempt.startedAt),
    integers(fresh, ({ result }) => result.attempt.durationMs),
    fresh.map(({ delivered }) => delivered),
    fresh.map(({ dropped }) => dropped),
  ];
}

/** Results in runs that hold no delivery twice. */
function runsOfDeliveries(results: readonly AttemptResult[]): AttemptResult[][] {
  const runs: AttemptResult[][] = [];
  let seen = new Set<number>();
  for (const result of results) {
    let run = runs.at(-1);
    if (run === undefined || seen.has(result.delivery)) {
      run = [];
      runs.push(run);
      seen = new Set();
    }
    run.push(result);
    seen.add(result.delivery);
  }
  return runs;
}

/**
 * Locks what the consequences of these results may change, in the order in which every change of an
 * endpoint takes it: workspace, routing, endpoints.
 */
async function lockAccount(
  client: pg.PoolClient,
  workspace: number,
  results: readonly AttemptResult[],
): Promise<void> {
  await client.query(LOCK_WORKSPACE, [workspace]);
  const { rows } = await client.query<{ settings: string; errors: number }>(COUNT_ERRORS, [workspace]);
  const [account] = rows;
  if (account === undefined) return;
  const charged = results.filter((result) => result.charged).length;
  const maySwitch =
    results.some(({ disable, probe }) => disable !== null || probe) ||
    account.errors + charged > readSettings(account.settings).budget.limit;
  if (!maySwitch) return;
  await client.query(LOCK_ROUTING, [workspace]);
  const endpoints = [...new Set(results.map((result) => result.endpoint))];
  await client.query(LOCK_ENDPOINTS, [workspace, endpoints]);
}

export async function record(
  pool: pg.Pool,
  node: string,
  workspace: number,
  results: readonly AttemptResult[],
): Promise<RecordAnswer> {
  const consequent = results.filter(hasConsequences);
  const runs = runsOfDeliveries(results);
  const [first] = runs;
  if (first === undefined) return { verdicts: [], moved: [] };
  if (consequent.length === 0 && runs.length === 1) {
    const run = (query: pg.QueryConfig) => runStatement<RecordedRow>(pool, query);
    return { verdicts: (await recordDeliveries(run, RECORD, node, workspace, first)).verdicts, moved: [] };
  }
  return transact(pool, async (client) => {
    if (consequent.length > 0) await lockAccount(client, workspace, consequent);
    const verdicts: RecordVerdict[] = [];
    const fresh: FreshResult[] = [];
    const ask = (query: pg.QueryConfig) => client.query<RecordedRow>(query);
    for (const run of runs) {
      const recorded = await recordDeliveries(ask, RECORD_ONLY, node, workspace, run);
      verdicts.push(...recorded.verdicts);
      fresh.push(...recorded.fresh);
    }
    if (fresh.length > 0) {
      await client.query(COUNT, countParameters(workspace, fresh));
      await client.query(COUNT_TYPES, countTypesParameters(workspace, fresh));
    }
    const results = fresh.map(({ result }) => result);
    return { verdicts, moved: await driveAsync(consequences(results), runner(client)) };
  });
}
