/** A8 and A10: what becomes of a delivery when an attempt has ended. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../duration.ts';
import { ATTEMPT_OUTCOMES, decide, type EndedAttempt, outcomeOfStatus } from './decide.ts';
import { nextWaitMs, type RetryHistory, type RetryPolicy } from './retry.ts';

const ENDED_AT = Date.UTC(2026, 0, 5, 9);
const POLICY: RetryPolicy = { preset: 'three-minutes' };
const FIRST: RetryHistory = { attempts: 1, putOffs: 0, waitedMs: 0 };
const REST = { durationMs: 200, isAccepting: false, isOutage: false };
const LAST: RetryHistory = { attempts: 4, putOffs: 0, waitedMs: 180 * SECOND };

function answered(status: number, overrides: Partial<EndedAttempt> = {}): EndedAttempt {
  return {
    outcome: outcomeOfStatus(status),
    status,
    retryAfter: null,
    endedAt: ENDED_AT,
    ...REST,
    ...overrides,
  };
}

describe('A8: the status', () => {
  it.each([200, 201, 202, 204, 206, 299])('%i is a success', (status) => {
    expect(decide(answered(status), FIRST, POLICY)).toEqual({ kind: 'delivered' });
  });

  it.each([
    100, 101, 103, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 408, 409, 422, 429, 500, 502, 503, 504,
    599,
  ])('%i is a failure, and is retried', (status) => {
    expect(decide(answered(status), FIRST, POLICY)).toEqual({
      kind: 'retry',
      at: ENDED_AT + 30 * SECOND,
      waitMs: 30 * SECOND,
      reason: `HTTP ${status}`,
    });
  });

  it('every status is a success exactly where it is 2xx', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), (status) => {
        expect(outcomeOfStatus(status)).toBe(Math.floor(status / 100) === 2 ? 'success' : 'http');
      }),
    );
  });

  it('410 drops at once and disables the endpoint, whatever retries are left or asked for', () => {
    const expected = { kind: 'drop', reason: 'gone: HTTP 410', disable: 'gone' };
    expect(decide(answered(410), FIRST, POLICY)).toEqual(expected);
    expect(decide(answered(410, { retryAfter: '60' }), FIRST, { preset: 'standard' })).toEqual(expected);
    expect(decide(answered(410), LAST, POLICY)).toEqual(expected);
  });
});

describe('A10: failures', () => {
  it.each(ATTEMPT_OUTCOMES.filter((outcome) => outcome !== 'success' && outcome !== 'http'))(
    'a failure by %s is retried after the schedule’s wait, and named',
    (outcome) => {
      const attempt: EndedAttempt = { outcome, status: null, retryAfter: null, endedAt: ENDED_AT, ...REST };
      expect(decide(attempt, { attempts: 2, putOffs: 0, waitedMs: 30 * SECOND }, POLICY)).toEqual({
        kind: 'retry',
        at: ENDED_AT + 60 * SECOND,
        waitMs: 60 * SECOND,
        reason: outcome,
      });
    },
  );

  it('the last failure drops, and the reason says how often it was tried and what came last', () => {
    expect(decide(answered(503), LAST, POLICY)).toEqual({
      kind: 'drop',
      reason: 'retries_exhausted: 4 attempts, the last: HTTP 503',
      disable: null,
    });
    const timeout: EndedAttempt = {
      outcome: 'timeout',
      status: null,
      retryAfter: null,
      endedAt: ENDED_AT,
      ...REST,
    };
    expect(decide(timeout, FIRST, { preset: 'none' })).toEqual({
      kind: 'drop',
      reason: 'retries_exhausted: 1 attempt, the last: timeout',
      disable: null,
    });
  });

  it('R1: the wait counts from the attempt’s end', () => {
    const decision = decide(answered(500, { endedAt: ENDED_AT + 4_999 }), FIRST, POLICY);
    expect(decision).toMatchObject({ kind: 'retry', at: ENDED_AT + 4_999 + 30 * SECOND });
  });

  it('R4: Retry-After is honoured on any failure that is answered, in seconds or as a date', () => {
    expect(decide(answered(429, { retryAfter: '100' }), FIRST, POLICY)).toMatchObject({
      waitMs: 100 * SECOND,
    });
    const at = new Date(ENDED_AT + 100 * SECOND).toUTCString();
    expect(decide(answered(503, { retryAfter: at }), FIRST, POLICY)).toMatchObject({
      at: ENDED_AT + 100 * SECOND,
      waitMs: 100 * SECOND,
    });
    expect(decide(answered(302, { retryAfter: '3600' }), FIRST, POLICY)).toMatchObject({
      waitMs: 180 * SECOND,
    });
  });

  it('P6: says exactly what the one retry function says', () => {
    const anyHistory = fc.record({
      attempts: fc.integer({ min: 1, max: 12 }),
      putOffs: fc.constant(0),
      waitedMs: fc.integer({ min: 0, max: 300 * SECOND }),
    });
    const anyFailure = fc.constantFrom(...ATTEMPT_OUTCOMES.filter((outcome) => outcome !== 'success'));
    fc.assert(
      fc.property(anyHistory, anyFailure, fc.option(fc.nat(500)), (history, outcome, askedS) => {
        const status = outcome === 'http' ? 500 : null;
        const retryAfter = askedS === null ? null : String(askedS);
        const decision = decide({ outcome, status, retryAfter, endedAt: ENDED_AT, ...REST }, history, POLICY);
        const waitMs = nextWaitMs(POLICY, history, askedS === null ? null : askedS * SECOND);
        if (waitMs === null) expect(decision.kind).toBe('drop');
        else expect(decision).toMatchObject({ kind: 'retry', waitMs, at: ENDED_AT + waitMs });
      }),
    );
  });
});
