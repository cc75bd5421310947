/**
 * What becomes of a delivery when an attempt has ended (A8, A10). Pure: the engine sends,
 * asks here, and writes what is answered.
 */

import {
  nextWaitMs,
  outageWaitMs,
  parseRetryAfterMs,
  putOffWaitMs,
  type RetryHistory,
  type RetryPolicy,
} from './retry.ts';

export const ATTEMPT_OUTCOMES = [
  'success',
  'http',
  'timeout',
  'connect',
  'dns',
  'tls',
  'protocol',
  'blocked',
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export interface EndedAttempt {
  outcome: AttemptOutcome;
  /** The answer's status, null where no answer came. */
  status: number | null;
  /** The answer's `Retry-After` header as received, null where there is none. */
  retryAfter: string | null;
  endedAt: number;
  durationMs: number;
  /** Whether the endpoint has taken a delivery within the last PUT_OFF_LIMIT_MS, as far as this node knows. */
  isAccepting: boolean;
  /** This server's own way out failed (`OUTAGE_CODES`). */
  isOutage: boolean;
}

export type Decision =
  | { kind: 'delivered' }
  | { kind: 'retry'; at: number; waitMs: number; reason: string }
  /** Tried again without counting as a failure; `usedMs` is what it has used of the limit on waiting. */
  | { kind: 'put_off'; at: number; usedMs: number; reason: string }
  | { kind: 'drop'; reason: string; disable: 'gone' | null };

/** Any 2xx is a success (A8); 3xx is a failure and is never followed. */
export function outcomeOfStatus(status: number): 'success' | 'http' {
  return status >= 200 && status < 300 ? 'success' : 'http';
}

/**
 * Decides over a delivery whose `history.attempts` includes the attempt that has just ended.
 * 410 Gone says that the receiver will never want it again: no retry, and the endpoint is
 * disabled (Standard Webhooks 1.0.0, "Operational considerations").
 */
export function decide(attempt: EndedAttempt, history: RetryHistory, policy: RetryPolicy): Decision {
  if (attempt.outcome === 'success') return { kind: 'delivered' };
  const failure = describeFailure(attempt);
  if (attempt.isOutage) {
    const at = attempt.endedAt + outageWaitMs(history);
    return { kind: 'put_off', at, usedMs: 0, reason: 'own_outage: no way out to the receiver' };
  }
  if (attempt.status === 410) return { kind: 'drop', reason: `gone: ${failure}`, disable: 'gone' };
  const retryAfterMs = parseRetryAfterMs(attempt.retryAfter, attempt.endedAt);
  if (isPutOff(attempt) && retryAfterMs !== null) {
    const waitMs = putOffWaitMs(policy, history, retryAfterMs, attempt.durationMs);
    const usedMs = attempt.durationMs + (waitMs ?? 0);
    if (waitMs !== null) {
      return { kind: 'put_off', at: attempt.endedAt + waitMs, usedMs, reason: `put_off: ${failure}` };
    }
  }
  const waitMs = nextWaitMs(policy, history, retryAfterMs);
  if (waitMs === null) {
    const count = history.attempts === 1 ? '1 attempt' : `${history.attempts} attempts`;
    return { kind: 'drop', reason: `retries_exhausted: ${count}, the last: ${failure}`, disable: null };
  }
  return { kind: 'retry', at: attempt.endedAt + waitMs, waitMs, reason: failure };
}

/**
 * An honest "not now": 429 or 503, with a time, from an endpoint that takes part of what it is sent. One that
 * takes nothing fails like any other, whatever it answers, or it would never be disabled.
 */
function isPutOff({ status, isAccepting }: EndedAttempt): boolean {
  return isAccepting && (status === 429 || status === 503);
}

function describeFailure(attempt: EndedAttempt): string {
  return attempt.outcome === 'http' ? `HTTP ${attempt.status}` : attempt.outcome;
}
