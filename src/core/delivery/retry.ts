/**
 * When a failed delivery is tried again (A10, P6). Pure. The engine, the API's
 * `next_attempt_at` and the dashboard all read this one function.
 *
 *   attempt 1 ──30 s──▶ attempt 2 ──60 s──▶ attempt 3 ──90 s──▶ attempt 4 ──▶ dropped
 *
 * Waits count from the end of the failed attempt. The limit is on waiting time: the sum of
 * the policy's waits (180 s for `three-minutes`), however long the attempts themselves take.
 */

import { DAY, HOUR, MINUTE, SECOND } from '../duration.ts';

export const RETRY_PRESETS = ['three-minutes', 'standard', 'none'] as const;
export type RetryPreset = (typeof RETRY_PRESETS)[number];

/** A preset, or waits of one's own in whole seconds (1 to 20 of them, each 1 s to 7 days). */
export type RetryPolicy = { preset: RetryPreset } | { waits_s: readonly number[] };

export const MAX_WAITS = 20;
export const MAX_WAIT_S = 7 * 24 * 3600;

const PRESET_WAITS_MS: Record<RetryPreset, readonly number[]> = {
  'three-minutes': [30 * SECOND, 60 * SECOND, 90 * SECOND],
  // The schedule that Standard Webhooks 1.0.0 recommends ("Retries and exponential backoff"):
  // 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; about three days in all.
  standard: [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY],
  none: [],
};

/** The policy's waits in milliseconds, first to last. */
export function waitsMs(policy: RetryPolicy): readonly number[] {
  return 'preset' in policy ? PRESET_WAITS_MS[policy.preset] : policy.waits_s.map((s) => s * SECOND);
}

/** What a delivery has behind it. */
export interface RetryHistory {
  /** Attempts made so far. */
  attempts: number;
  /** Of those, how many were no step of the schedule: put off by the receiver, or this server’s own way out failed. */
  putOffs: number;
  /** Milliseconds waited between them, and the length of those that were put off. */
  waitedMs: number;
}

/**
 * The wait before the next attempt, in milliseconds, or null where retries are used up.
 *
 * `retryAfterMs` is what the receiver asked for (`Retry-After`), null where it did not. It counts
 * only where it is longer than the schedule, and only as far as the policy's limit on waiting
 * reaches: a receiver can postpone its retries, never add waiting time to them.
 */
export function nextWaitMs(
  policy: RetryPolicy,
  history: RetryHistory,
  retryAfterMs: number | null,
): number | null {
  const waits = waitsMs(policy);
  const scheduled = waits[history.attempts - history.putOffs - 1];
  if (scheduled === undefined) return null;
  const left = limitMs(waits) - history.waitedMs;
  if (left <= 0) return null;
  return Math.min(Math.max(scheduled, retryAfterMs ?? 0), left);
}

function limitMs(waits: readonly number[]): number {
  return waits.reduce((sum, wait) => sum + wait, 0);
}

/** A receiver may put a delivery off within its first three minutes, as long as `three-minutes` waits in all. */
export const PUT_OFF_LIMIT_MS = 180 * SECOND;
/** However little is asked for: a busy receiver is not asked again at once. */
const SHORTEST_PUT_OFF_MS = SECOND;

/**
 * The wait of a delivery that its receiver puts off by `retryAfterMs`, or null where it may not: the limit is
 * used up, or the policy has no retries. The attempt that was put off took `durationMs`, which counts as
 * waiting: an answer that is slow to come must not hold the lane for longer.
 */
export function putOffWaitMs(
  policy: RetryPolicy,
  history: RetryHistory,
  retryAfterMs: number,
  durationMs: number,
): number | null {
  const limit = Math.min(limitMs(waitsMs(policy)), PUT_OFF_LIMIT_MS);
  const left = limit - history.waitedMs - durationMs;
  return left <= 0 ? null : Math.min(Math.max(retryAfterMs, SHORTEST_PUT_OFF_MS), left);
}

const LONGEST_OUTAGE_WAIT_MS = MINUTE;

/**
 * The wait while this server's own way out does not work: 1, 2, 4 … up to 60 s, for as long as it takes. It uses up
 * neither the schedule nor the limit: the receiver has been asked nothing.
 */
export function outageWaitMs({ putOffs }: RetryHistory): number {
  return Math.min(SECOND * 2 ** Math.min(putOffs, 10), LONGEST_OUTAGE_WAIT_MS);
}

/** The three forms of RFC 9110 §5.6.7. Stricter than Date.parse, which reads a date without GMT in the machine's own zone. */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) GMT$/;
const RFC_850 = /^[A-Z][a-z]{2,5}day, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}:\d{2}:\d{2}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}:\d{2}:\d{2}) (\d{4})$/;

/** Milliseconds since the epoch, NaN for what is no HTTP date. */
function parseHttpDate(text: string, nowMs: number): number {
  const [, day, month, year, time] = IMF_FIXDATE.exec(text) ?? RFC_850.exec(text) ?? [];
  if (year?.length === 4) return Date.parse(`${day} ${month} ${year} ${time} GMT`);
  if (year !== undefined) {
    // Two digits, which RFC 9110 reads as the last such year that is no more than 50 years ahead.
    const thisYear = new Date(nowMs).getUTCFullYear();
    const ahead = thisYear - (thisYear % 100) + 100 + Number(year);
    const nearest = [ahead, ahead - 100, ahead - 200].find((candidate) => candidate <= thisYear + 50);
    return Date.parse(`${day} ${month} ${nearest} ${time} GMT`);
  }
  const [, asctimeMonth, asctimeDay, asctimeTime, asctimeYear] = ASCTIME.exec(text) ?? [];
  return Date.parse(`${asctimeDay?.trim()} ${asctimeMonth} ${asctimeYear} ${asctimeTime} GMT`);
}

/**
 * Reads a `Retry-After` header (RFC 9110 §10.2.3): whole seconds, or an HTTP date in any of its
 * three forms. Null where it is absent, malformed or in the past.
 */
export function parseRetryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND;
  const at = parseHttpDate(text, nowMs);
  return Number.isNaN(at) || at <= nowMs ? null : at - nowMs;
}
