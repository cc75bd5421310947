import { describe, expect, it } from 'vitest';
import { DEFAULT_PLAN, DEFAULT_PLANS, leastPlan, parsePlans, planFor, planOf } from './plan.ts';

describe('A1: plans', () => {
  it('webhooks begin with "advanced"; a self-hosted install allows everything, and mails within reason', () => {
    expect(leastPlan(DEFAULT_PLANS, ({ webhooks }) => webhooks)?.name).toBe('advanced');
    expect(planOf(DEFAULT_PLANS, 'growth').webhooks).toBe(false);
    expect(planOf(DEFAULT_PLANS, DEFAULT_PLAN).limits).toEqual({
      ...{ endpoints: null, rules: null, members: null, events_per_day: null, retention_days: null },
      ...{ mails_per_day: 10_000, mails_per_recipient_per_day: 500 },
    });
  });

  it('the least plan that allows so many is recommended', () => {
    expect(planFor(DEFAULT_PLANS, 'endpoints', 50)?.name).toBe('advanced');
    expect(planFor(DEFAULT_PLANS, 'endpoints', 51)?.name).toBe('enterprise');
    const few = [{ ...planOf(DEFAULT_PLANS, 'advanced') }];
    expect(planFor(few, 'endpoints', 51)).toBeNull();
  });

  it('a plan that is configured no more takes nothing away', () => {
    expect(planOf(DEFAULT_PLANS, 'legacy')).toMatchObject({ name: 'legacy', webhooks: true });
  });

  it('are read from JSON, absent limits being none, but for mails', () => {
    expect(parsePlans('[{"name":"a","webhooks":true,"limits":{"endpoints":3}}]')).toEqual({
      ok: true,
      plans: [
        {
          name: 'a',
          webhooks: true,
          limits: {
            ...{ endpoints: 3, rules: null, members: null, events_per_day: null, retention_days: null },
            ...{ mails_per_day: 10_000, mails_per_recipient_per_day: 500 },
          },
        },
      ],
    });
  });

  it.each([
    ['{', 'is not valid JSON'],
    ['[]', 'is a list of 1 to 50 plans'],
    ['[1]', 'plan 1 is no object'],
    ['[{"name":"A","webhooks":true}]', 'plan 1 needs a name'],
    ['[{"name":"a"}]', 'plan 1 ("a") says by "webhooks"'],
    ['[{"name":"a","webhooks":true,"price":1}]', 'plan 1 has an unknown member "price"'],
    ['[{"name":"a","webhooks":true,"limits":{"mails":1}}]', 'unknown limit "mails"'],
    ['[{"name":"a","webhooks":true,"limits":{"rules":-1}}]', 'limit "rules"'],
    ['[{"name":"a","webhooks":true},{"name":"a","webhooks":true}]', 'two plans named "a"'],
  ])('%s is refused with what is wrong', (text, message) => {
    const parsed = parsePlans(text);
    expect(parsed.ok ? '' : parsed.message).toContain(message);
  });
});
