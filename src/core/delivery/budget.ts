/**
 * The error budget (A11, P8): how many failed attempts a workspace may have within a sliding window
 * before the endpoints that cause them are disabled. Pure: the store keeps the window, and folds each
 * recorded attempt into it here, in the transaction that records the attempt.
 *
 *   errors within the window     50 %          80 %              > limit
 *   ────────────────────────── warning ────── warning ────────── trip: every endpoint that failed in the
 *                                                                window and whose latest attempt failed is
 *                                                                disabled; its errors are spent with that
 *
 * Errors of disabled endpoints count no more: they have had their consequence, and must not trip the
 * budget again over the next endpoint's first failure.
 */

export interface BudgetPolicy {
  /** Errors that are allowed within the window; the next one trips. */
  limit: number;
  window_s: number;
  /** One budget for all endpoints of the workspace, or one for each. */
  scope: 'workspace' | 'endpoint';
}

export const DEFAULT_BUDGET: BudgetPolicy = { limit: 30, window_s: 1_800, scope: 'workspace' };

/** Percent of the limit at which people are warned. */
export const WARNING_LEVELS = [50, 80] as const;

/**
 * Failures whose cause lies with Mirsal's own server, not with the receiver (P8). They are retried like
 * any other and charged to no budget.
 */
export const OWN_FAULT_CODES: ReadonlySet<string> = new Set([
  'sender_closed',
  'out_of_sockets',
  'source_address_unavailable',
  'own_listener_unavailable',
  'dns_server_unreachable',
  'proxy_unreachable',
  'proxy_timeout',
  'proxy_credentials',
  'proxy_failed',
  'proxy_no_tunnel',
]);

/**
 * Of those, failures of the one way out (net/proxy.ts): nothing has reached any receiver, so they do not use up
 * attempts either.
 */
export const OUTAGE_CODES: ReadonlySet<string> = new Set([
  'proxy_unreachable',
  'proxy_timeout',
  'proxy_credentials',
  'proxy_failed',
]);

export interface BudgetError {
  endpoint: number;
  /** When the attempt ended, ms. */
  at: number;
}

/** A warning that was given. `endpoint` is 0 for the budget that all share. */
export interface BudgetWarning {
  endpoint: number;
  level: number;
  at: number;
}

/** What the fold knows of one workspace. */
export interface BudgetState {
  /** Charged errors of enabled endpoints, at least all those within the window. */
  errors: BudgetError[];
  /** Endpoints whose latest attempt failed. */
  failing: Set<number>;
  warnings: BudgetWarning[];
}

export type BudgetVerdict =
  | { kind: 'warning'; level: number; errors: number; endpoints: Culprit[]; scope: number }
  | { kind: 'trip'; errors: number; endpoints: Culprit[] };

/** An endpoint with its errors within the window. */
export interface Culprit {
  endpoint: number;
  errors: number;
}

/** Changes `state` by one successful attempt. */
export function noteSuccess(state: BudgetState, endpoint: number): void {
  state.failing.delete(endpoint);
}

/**
 * Changes `state` by one failed attempt that is charged, and says what follows: nothing, a warning, or
 * the trip. The endpoints of a trip are taken out of the state: they are disabled.
 */
export function charge(state: BudgetState, policy: BudgetPolicy, error: BudgetError): BudgetVerdict | null {
  const scope = policy.scope === 'endpoint' ? error.endpoint : SHARED;
  const after = error.at - policy.window_s * 1_000;
  state.errors = state.errors.filter(({ at }) => at > after);
  state.errors.push(error);
  state.failing.add(error.endpoint);
  const counted = state.errors.filter(({ endpoint }) => scope === SHARED || endpoint === scope);
  if (counted.length > policy.limit) return trip(state, counted);
  const level = reachedLevel(counted.length, policy.limit);
  if (level === null) return null;
  state.warnings = state.warnings.filter(({ at }) => at > after);
  const given = state.warnings.some((warning) => warning.endpoint === scope && warning.level >= level);
  if (given) return null;
  state.warnings.push({ endpoint: scope, level, at: error.at });
  return { kind: 'warning', level, errors: counted.length, endpoints: culprits(counted), scope };
}

/** Stands for the budget that all endpoints share. */
export const SHARED = 0;

/** Takes an endpoint out of the state, as enabling or disabling it does. */
export function clearEndpoint(state: BudgetState, endpoint: number): void {
  state.errors = state.errors.filter((error) => error.endpoint !== endpoint);
  state.failing.delete(endpoint);
}

function trip(state: BudgetState, counted: readonly BudgetError[]): BudgetVerdict {
  const endpoints = culprits(counted).filter(({ endpoint }) => state.failing.has(endpoint));
  for (const { endpoint } of endpoints) clearEndpoint(state, endpoint);
  return { kind: 'trip', errors: counted.length, endpoints };
}

/** Those with the most errors first. */
function culprits(errors: readonly BudgetError[]): Culprit[] {
  const counts = new Map<number, number>();
  for (const { endpoint } of errors) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  return [...counts]
    .map(([endpoint, count]) => ({ endpoint, errors: count }))
    .sort((one, other) => other.errors - one.errors || one.endpoint - other.endpoint);
}

/** The highest level that so many errors have reached; null below the first. */
function reachedLevel(errors: number, limit: number): number | null {
  return WARNING_LEVELS.findLast((level) => errors >= Math.ceil((limit * level) / 100)) ?? null;
}
