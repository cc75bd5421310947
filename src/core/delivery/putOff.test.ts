/** SPEC.md, "Not now": what a receiver that asks for time gets, and what it does not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../duration.ts';
import { decide, type EndedAttempt } from './decide.ts';
import { PUT_OFF_LIMIT_MS, RETRY_PRESETS, type RetryHistory, type RetryPolicy, waitsMs } from './retry.ts';

const ENDED_AT = Date.UTC(2026, 0, 5, 9);
const POLICY: RetryPolicy = { preset: 'three-minutes' };
const FIRST: RetryHistory = { attempts: 1, putOffs: 0, waitedMs: 0 };

function notNow(over: Partial<EndedAttempt> = {}): EndedAttempt {
  return {
    outcome: 'http',
    status: 429,
    retryAfter: '20',
    endedAt: ENDED_AT,
    durationMs: SECOND,
    isAccepting: true,
    isOutage: false,
    ...over,
  };
}

const failed = (status = 500): EndedAttempt => notNow({ status, retryAfter: null });

describe('N1: an attempt is put off', () => {
  it.each([429, 503])('by %i with a time, from an endpoint that takes part of the load', (status) => {
    expect(decide(notNow({ status }), FIRST, POLICY)).toEqual({
      kind: 'put_off',
      at: ENDED_AT + 20 * SECOND,
      usedMs: 21 * SECOND,
      reason: `put_off: HTTP ${status}`,
    });
  });

  it.each<[string, Partial<EndedAttempt>]>([
    ['another status', { status: 500 }],
    ['another 4xx', { status: 420 }],
    ['a redirect', { status: 302 }],
    ['no time', { retryAfter: null }],
    ['a time that cannot be read', { retryAfter: 'soon' }],
    ['a time in the past', { retryAfter: new Date(ENDED_AT - MINUTE).toUTCString() }],
    ['an endpoint that has taken nothing lately', { isAccepting: false }],
  ])('not by %s: that is a failure', (_what, over) => {
    expect(decide(notNow(over), FIRST, POLICY)).toMatchObject({ kind: 'retry', waitMs: 30 * SECOND });
  });

  it('410 is final, whatever time it names', () => {
    expect(decide(notNow({ status: 410 }), FIRST, POLICY)).toMatchObject({ kind: 'drop', disable: 'gone' });
  });
});

describe('N2: no step of the schedule is used up', () => {
  it('as in SPEC.md’s example: the failure after it waits the first wait', () => {
    const history = { attempts: 2, putOffs: 1, waitedMs: 21 * SECOND };
    expect(decide(failed(), history, POLICY)).toMatchObject({ kind: 'retry', waitMs: 30 * SECOND });
  });
});

describe('N3, N4: the wait', () => {
  it('is a second at the least', () => {
    expect(decide(notNow({ retryAfter: '0' }), FIRST, POLICY)).toMatchObject({ at: ENDED_AT + SECOND });
  });

  it('is cut to what is left of three minutes, and nothing is put off after that', () => {
    expect(decide(notNow({ retryAfter: '3600' }), FIRST, POLICY)).toMatchObject({
      kind: 'put_off',
      at: ENDED_AT + 179 * SECOND,
      usedMs: 180 * SECOND,
    });
    const history = { attempts: 2, putOffs: 1, waitedMs: 180 * SECOND };
    expect(decide(notNow(), history, POLICY)).toMatchObject({ kind: 'drop', disable: null });
  });

  it('is no longer than the policy’s own limit, and there is none without retries', () => {
    expect(decide(notNow({ retryAfter: '60' }), FIRST, { waits_s: [5, 10] })).toMatchObject({
      kind: 'put_off',
      usedMs: 15 * SECOND,
    });
    expect(decide(notNow(), FIRST, { preset: 'none' })).toMatchObject({ kind: 'drop' });
  });

  it('of a longer schedule, only the first three minutes can be put off', () => {
    const late = { attempts: 3, putOffs: 0, waitedMs: 5 * SECOND + 5 * MINUTE };
    expect(decide(notNow(), late, { preset: 'standard' })).toMatchObject({
      kind: 'retry',
      waitMs: 30 * MINUTE,
    });
  });
});

describe('P8: while this server’s own way out fails', () => {
  const outage = notNow({ outcome: 'connect', status: null, retryAfter: null, isOutage: true });

  it('a delivery waits 1, 2, 4 … up to 60 s, whatever its policy, and uses up nothing', () => {
    for (const policy of [POLICY, { preset: 'none' } as const]) {
      const waits = [0, 1, 2, 3, 4, 5, 6, 7, 500].map((putOffs) => {
        const decision = decide(outage, { attempts: putOffs + 1, putOffs, waitedMs: 0 }, policy);
        return decision.kind === 'put_off' && decision.usedMs === 0
          ? (decision.at - ENDED_AT) / SECOND
          : null;
      });
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
    expect(decide(failed(), { attempts: 6, putOffs: 5, waitedMs: 0 }, POLICY)).toMatchObject({
      kind: 'retry',
      waitMs: 30 * SECOND,
    });
  });
});

const anyAnswer = fc.record({
  status: fc.constantFrom(429, 503, 500),
  askedS: fc.option(fc.nat(400)),
  durationMs: fc.nat(10 * SECOND),
  isAccepting: fc.boolean(),
});
const anyPolicy: fc.Arbitrary<RetryPolicy> = fc.oneof(
  fc.constantFrom(...RETRY_PRESETS).map((preset) => ({ preset })),
  fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }).map((waits_s) => ({ waits_s })),
);

describe('N5: whatever a receiver answers', () => {
  it('putting off takes three minutes of a delivery at the most, and the schedule no more than its own time', () => {
    fc.assert(
      fc.property(anyPolicy, fc.infiniteStream(anyAnswer), (policy, answers) => {
        const waits = waitsMs(policy);
        const limit = waits.reduce((sum, wait) => sum + wait, 0);
        const history: RetryHistory = { attempts: 0, putOffs: 0, waitedMs: 0 };
        let putOffMs = 0;
        for (;;) {
          const { status, askedS, durationMs, isAccepting } = answers.next().value;
          const retryAfter = askedS === null ? null : String(askedS);
          history.attempts += 1;
          const decision = decide(notNow({ status, retryAfter, durationMs, isAccepting }), history, policy);
          if (decision.kind === 'put_off') {
            history.putOffs += 1;
            history.waitedMs += decision.usedMs;
            putOffMs += decision.usedMs;
          } else if (decision.kind === 'retry') {
            history.waitedMs += decision.waitMs;
          } else break;
          expect(putOffMs).toBeLessThanOrEqual(PUT_OFF_LIMIT_MS);
          expect(history.waitedMs).toBeLessThanOrEqual(limit);
        }
        expect(history.attempts - history.putOffs).toBeLessThanOrEqual(waits.length + 1);
        // A second each at the least, but for one that is cut to what is left.
        expect(history.putOffs).toBeLessThanOrEqual(PUT_OFF_LIMIT_MS / SECOND + 1);
      }),
    );
  });
});
