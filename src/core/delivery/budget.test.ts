import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BudgetPolicy,
  type BudgetState,
  type BudgetVerdict,
  charge,
  clearEndpoint,
  DEFAULT_BUDGET,
  noteSuccess,
} from './budget.ts';

const SECOND = 1_000;

function aState(): BudgetState {
  return { errors: [], failing: new Set(), warnings: [] };
}

/** Charges `count` errors of one endpoint, a second apart; the last verdict. */
function chargeTimes(
  state: BudgetState,
  count: number,
  {
    endpoint = 1,
    from = 0,
    policy = DEFAULT_BUDGET,
  }: { endpoint?: number; from?: number; policy?: BudgetPolicy },
): BudgetVerdict | null {
  let last: BudgetVerdict | null = null;
  for (let index = 0; index < count; index += 1) {
    last = charge(state, policy, { endpoint, at: from + index * SECOND });
  }
  return last;
}

describe('A11: the error budget', () => {
  it('allows 30 errors in 30 minutes; the 31st trips', () => {
    const state = aState();
    expect(chargeTimes(state, 30, {})?.kind).not.toBe('trip');
    expect(charge(state, DEFAULT_BUDGET, { endpoint: 1, at: 40 * SECOND })).toEqual({
      kind: 'trip',
      errors: 31,
      endpoints: [{ endpoint: 1, errors: 31 }],
    });
  });

  it('counts what lies within the window alone: an error that is exactly as old is out', () => {
    const state = aState();
    charge(state, DEFAULT_BUDGET, { endpoint: 1, at: 0 });
    chargeTimes(state, 29, { from: SECOND });
    expect(charge(state, DEFAULT_BUDGET, { endpoint: 1, at: 1_800 * SECOND })?.kind).not.toBe('trip');
    expect(state.errors).toHaveLength(30);
  });

  it('disables whoever failed in the window and last of all, those with most errors first', () => {
    const state = aState();
    chargeTimes(state, 5, { endpoint: 1 });
    chargeTimes(state, 5, { endpoint: 2 });
    noteSuccess(state, 2);
    chargeTimes(state, 20, { endpoint: 3 });
    expect(charge(state, DEFAULT_BUDGET, { endpoint: 1, at: 60 * SECOND })).toMatchObject({
      kind: 'trip',
      errors: 31,
      endpoints: [
        { endpoint: 3, errors: 20 },
        { endpoint: 1, errors: 6 },
      ],
    });
    // The healthy one's errors are all that is left.
    expect(state.errors.map(({ endpoint }) => endpoint)).toEqual([2, 2, 2, 2, 2]);
  });

  it('warns once at 50 % and at 80 %, and again when a window has passed', () => {
    const state = aState();
    const levels = Array.from({ length: 30 }, (_, index) => {
      const verdict = charge(state, DEFAULT_BUDGET, { endpoint: 1, at: index * SECOND });
      return verdict?.kind === 'warning' ? [index + 1, verdict.level] : null;
    }).filter((level) => level !== null);
    expect(levels).toEqual([
      [15, 50],
      [24, 80],
    ]);
    const later = chargeTimes(state, 15, { from: 4_000 * SECOND });
    expect(later).toMatchObject({ kind: 'warning', level: 50, errors: 15 });
  });

  it('by endpoint, one never pays for another', () => {
    const policy: BudgetPolicy = { ...DEFAULT_BUDGET, scope: 'endpoint' };
    const state = aState();
    chargeTimes(state, 30, { endpoint: 1, policy });
    chargeTimes(state, 30, { endpoint: 2, policy });
    expect(charge(state, policy, { endpoint: 2, at: 31 * SECOND })).toMatchObject({
      kind: 'trip',
      endpoints: [{ endpoint: 2 }],
    });
    expect(state.failing).toEqual(new Set([1]));
  });

  it('a limit of 0 forgives nothing', () => {
    const policy: BudgetPolicy = { limit: 0, window_s: 60, scope: 'workspace' };
    expect(charge(aState(), policy, { endpoint: 1, at: 0 })?.kind).toBe('trip');
  });

  it('clearing an endpoint gives it a clean start', () => {
    const state = aState();
    chargeTimes(state, 30, {});
    clearEndpoint(state, 1);
    expect(chargeTimes(state, 14, { from: 60 * SECOND })).toBeNull();
  });

  it('never lets more errors stand than the limit, and disables only who has failed', () => {
    const step = fc.record({
      endpoint: fc.integer({ min: 1, max: 4 }),
      afterS: fc.integer({ min: 0, max: 400 }),
      fails: fc.boolean(),
    });
    const anyPolicy = fc.record({
      limit: fc.integer({ min: 0, max: 12 }),
      window_s: fc.integer({ min: 60, max: 3_600 }),
      scope: fc.constantFrom<BudgetPolicy['scope'][]>('workspace', 'endpoint'),
    });
    fc.assert(
      fc.property(anyPolicy, fc.array(step, { maxLength: 80 }), (policy, steps) => {
        const state = aState();
        const disabled = new Set<number>();
        let at = 0;
        for (const { endpoint, afterS, fails } of steps) {
          at += afterS * SECOND;
          if (disabled.has(endpoint)) continue;
          if (!fails) {
            noteSuccess(state, endpoint);
            continue;
          }
          const verdict = charge(state, policy, { endpoint, at });
          if (verdict?.kind === 'trip') {
            expect(verdict.errors).toBe(policy.limit + 1);
            expect(verdict.endpoints.map((culprit) => culprit.endpoint)).toContain(endpoint);
            for (const culprit of verdict.endpoints) disabled.add(culprit.endpoint);
          }
          const counted = state.errors.filter(
            (error) => policy.scope === 'workspace' || error.endpoint === endpoint,
          );
          expect(counted.length).toBeLessThanOrEqual(policy.limit);
          for (const error of state.errors) expect(disabled.has(error.endpoint)).toBe(false);
        }
      }),
    );
  });
});
