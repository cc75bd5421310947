/**
 * What a recorded attempt means for its endpoint: the error budget, 410s, drops and probes. It runs in
 * the transaction that records the attempts, for both databases (statement.ts).
 */

import { isSystemEvent } from '../../core/catalog/systemEvents.ts';
import {
  type BudgetState,
  type BudgetVerdict,
  type Culprit,
  charge,
  clearEndpoint,
  noteSuccess,
  SHARED,
} from '../../core/delivery/budget.ts';
import type { NoticeDetails } from '../records/notices.ts';
import type { AttemptResult } from '../records/results.ts';
import type { WorkspaceSettings } from '../records/settings.ts';
import { readSettings } from './administration.ts';
import { clearErrors, type Disabling, disableNow } from './disabling.ts';
import type { Steps } from './statement.ts';
import { writeNotice } from './writeNotice.ts';

/** `disabled.by` where the budget did it. */
const BY_BUDGET = 'error_budget';

/** A result that was recorded just now, not a repeat of one that had been. */
type Fresh = AttemptResult;

/** Whether a result may change more than its own delivery. */
export function hasConsequences({ charged, disable, probe, next }: AttemptResult): boolean {
  return charged || disable !== null || probe || next.state === 'dropped';
}

interface KnownEndpoint {
  name: string;
  url: string;
  disabled: boolean;
  error: string | null;
}

interface Account {
  workspace: number;
  settings: WorkspaceSettings;
  state: BudgetState;
  endpoints: Map<number, KnownEndpoint>;
  moved: boolean;
  /** Something was sent to an endpoint that had been disabled meanwhile: the sender's view is old. */
  outdated: boolean;
  /** The delivery whose result is being settled: what comes of it was caused by its event. */
  cause: number;
}

/**
 * Draws the consequences, in the order of the results. Returns the workspaces whose routing has moved,
 * now or since the sender last looked.
 * The caller holds each workspace's row, and where a trip is possible its routing and endpoints.
 */
export function* consequences(results: readonly Fresh[]): Steps<number[]> {
  const moved: number[] = [];
  for (const [workspace, mine] of Map.groupBy(results, (result) => result.workspace)) {
    if (mine.some(hasConsequences)) {
      if (yield* settleAccount(workspace, mine)) moved.push(workspace);
    } else {
      yield* recover(workspace, mine);
    }
  }
  return moved;
}

/** Successes end what is known of endpoints as failing; where nothing fails, that is one look. */
function* recover(workspace: number, results: readonly Fresh[]): Steps<void> {
  const failing = yield { sql: 'SELECT endpoint FROM failing WHERE workspace = ?', values: [workspace] };
  if (failing.length === 0) return;
  const well = new Set(results.filter(isSuccess).map((result) => result.endpoint));
  for (const { endpoint } of failing) {
    if (well.has(Number(endpoint))) yield* endFailing(workspace, Number(endpoint));
  }
}

function isSuccess({ attempt }: AttemptResult): boolean {
  return attempt.outcome === 'success';
}

function* endFailing(workspace: number, endpoint: number): Steps<void> {
  yield { sql: 'DELETE FROM failing WHERE workspace = ? AND endpoint = ?', values: [workspace, endpoint] };
}

function* settleAccount(workspace: number, results: readonly Fresh[]): Steps<boolean> {
  const account = yield* openAccount(workspace, results);
  if (account === null) return false;
  for (const result of results) yield* settleResult(account, result);
  if (account.moved) {
    yield {
      sql: 'UPDATE workspaces SET routing_version = routing_version + 1 WHERE key = ?',
      values: [workspace],
    };
  }
  return account.moved || account.outdated;
}

function* openAccount(workspace: number, results: readonly Fresh[]): Steps<Account | null> {
  const [row] = yield { sql: 'SELECT settings FROM workspaces WHERE key = ?', values: [workspace] };
  if (row === undefined) return null;
  const settings = readSettings(String(row.settings));
  const latest = Math.max(...results.map(endOf));
  yield {
    sql: 'DELETE FROM budget_errors WHERE workspace = ? AND at <= ?',
    values: [workspace, latest - settings.budget.window_s * 1_000],
  };
  const errors = yield {
    sql: 'SELECT endpoint, at FROM budget_errors WHERE workspace = ? ORDER BY at',
    values: [workspace],
  };
  const failing = yield {
    sql: 'SELECT endpoint, error FROM failing WHERE workspace = ? ORDER BY endpoint',
    values: [workspace],
  };
  const warnings = yield {
    sql: 'SELECT endpoint, level, at FROM budget_warnings WHERE workspace = ?',
    values: [workspace],
  };
  const state: BudgetState = {
    errors: errors.map(({ endpoint, at }) => ({ endpoint: Number(endpoint), at: Number(at) })),
    failing: new Set(failing.map(({ endpoint }) => Number(endpoint))),
    warnings: warnings.map((warning) => ({
      endpoint: Number(warning.endpoint),
      level: Number(warning.level),
      at: Number(warning.at),
    })),
  };
  const account: Account = {
    workspace,
    settings,
    state,
    endpoints: new Map(),
    moved: false,
    outdated: false,
    cause: 0,
  };
  const concerned = new Set([...state.errors, ...results].map(({ endpoint }) => endpoint));
  for (const endpoint of concerned) yield* readEndpoint(account, endpoint);
  for (const { endpoint, error } of failing) {
    const known = account.endpoints.get(Number(endpoint));
    if (known !== undefined) known.error = String(error);
  }
  return account;
}

function* readEndpoint({ workspace, endpoints }: Account, endpoint: number): Steps<void> {
  const [row] = yield {
    sql: `SELECT name, url, disabled_at FROM endpoints
      WHERE workspace = ? AND key = ? AND deleted_at IS NULL`,
    values: [workspace, endpoint],
  };
  if (row === undefined) return;
  const { name, url, disabled_at } = row;
  endpoints.set(endpoint, {
    name: String(name),
    url: String(url),
    disabled: disabled_at !== null,
    error: null,
  });
}

function endOf({ attempt }: AttemptResult): number {
  return attempt.startedAt + attempt.durationMs;
}

function* settleResult(account: Account, result: Fresh): Steps<void> {
  const { workspace, endpoint, attempt } = result;
  const known = account.endpoints.get(endpoint);
  account.cause = result.delivery;
  if (result.next.state === 'dropped') yield* noteDrop(known, result);
  if (isSuccess(result)) {
    noteSuccess(account.state, endpoint);
    yield* endFailing(workspace, endpoint);
    if (result.probe) yield* endProbe(account, endpoint);
    return;
  }
  // What was in flight when its endpoint was disabled has no further consequence.
  if (known === undefined || known.disabled) {
    account.outdated = true;
    return;
  }
  known.error = attempt.error ?? `HTTP ${attempt.status}`;
  if (result.charged) yield* noteFailure(result, known.error);
  if (result.disable !== null) {
    yield* disable(account, endpoint, result.disable, null);
  } else if (result.charged) {
    yield {
      sql: `INSERT INTO budget_errors (workspace, delivery, number, endpoint, at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING`,
      values: [workspace, result.delivery, attempt.number, endpoint, endOf(result)],
    };
    const verdict = charge(account.state, account.settings.budget, { endpoint, at: endOf(result) });
    if (verdict !== null) yield* applyVerdict(account, verdict, endOf(result));
  }
}

function* noteFailure(result: Fresh, error: string): Steps<void> {
  const at = endOf(result);
  yield {
    sql: `INSERT INTO failing (workspace, endpoint, since, last_at, failures, error) VALUES (?, ?, ?, ?, 1, ?)
      ON CONFLICT (workspace, endpoint) DO UPDATE SET
        last_at = excluded.last_at, failures = failing.failures + 1, error = excluded.error`,
    values: [result.workspace, result.endpoint, at, at, error],
  };
}

function* applyVerdict(account: Account, verdict: BudgetVerdict, at: number): Steps<void> {
  const { workspace, settings } = account;
  if (verdict.kind === 'trip') {
    for (const culprit of verdict.endpoints) {
      const trip = { errors: verdict.errors, own: culprit.errors, budget: settings.budget };
      yield* disable(account, culprit.endpoint, { reason: 'error_budget', at, by: BY_BUDGET }, trip);
    }
    return;
  }
  yield {
    sql: `INSERT INTO budget_warnings (workspace, endpoint, level, at) VALUES (?, ?, ?, ?)
      ON CONFLICT (workspace, endpoint, level) DO UPDATE SET at = excluded.at`,
    values: [workspace, verdict.scope, verdict.level, at],
  };
  const endpoints = verdict.endpoints.flatMap((culprit) => describeCulprit(account, culprit));
  const details = { level: verdict.level, errors: verdict.errors, budget: settings.budget, endpoints };
  yield* writeNotice(workspace, 'budget.warning', details, {
    endpoint: verdict.scope === SHARED ? null : verdict.scope,
    delivery: null,
    at,
    cause: account.cause,
  });
}

function describeCulprit(
  { endpoints }: Account,
  { endpoint, errors }: Culprit,
): NoticeDetails['budget.warning']['endpoints'] {
  const known = endpoints.get(endpoint);
  if (known === undefined) return [];
  return [{ endpoint, name: known.name, url: known.url, errors, error: known.error ?? '' }];
}

function* disable(
  account: Account,
  endpoint: number,
  disabled: Disabling['disabled'],
  trip: Disabling['trip'],
): Steps<void> {
  const { workspace, state } = account;
  clearEndpoint(state, endpoint);
  const known = account.endpoints.get(endpoint);
  if (known === undefined || known.disabled) {
    yield* clearErrors(workspace, endpoint);
    return;
  }
  known.disabled = true;
  account.moved = true;
  const { name, url, error } = known;
  yield* disableNow({ workspace, endpoint, name, url, disabled, error, trip, cause: account.cause });
}

/** The first delivery since its endpoint was enabled has arrived: the rest may follow. */
function* endProbe(account: Account, endpoint: number): Steps<void> {
  const ended = yield {
    sql: `UPDATE endpoints SET probing = 0, probe_lane = NULL
      WHERE workspace = ? AND key = ? AND probing = 1 RETURNING key`,
    values: [account.workspace, endpoint],
  };
  if (ended.length > 0) account.moved = true;
}

function* noteDrop(known: KnownEndpoint | undefined, result: Fresh): Steps<void> {
  const { workspace, endpoint, delivery, attempt } = result;
  const [row] = yield {
    sql: `SELECT e.id, e.type, d.reason, d.source_kind FROM deliveries d
      JOIN events e ON e.workspace = d.workspace AND e.key = d.event
      WHERE d.workspace = ? AND d.key = ? AND d.state = 'dropped' AND d.source_kind <> 'test'`,
    values: [workspace, delivery],
  };
  if (row === undefined || known === undefined) return;
  // A subscription to drops must not beget further ones; what rules and workflows do is bounded by depth.
  if (isSystemEvent(String(row.type)) && row.source_kind === 'subscription') return;
  yield* writeNotice(
    workspace,
    'delivery.dropped',
    {
      name: known.name,
      url: known.url,
      event: String(row.id),
      event_type: String(row.type),
      reason: String(row.reason),
      attempts: attempt.number,
    },
    { endpoint, delivery, at: endOf(result), cause: delivery },
  );
}
