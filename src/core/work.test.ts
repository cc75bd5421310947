/** What considers an event costs steps, which are counted and limited (P11); the same on every machine. */
import { describe, expect, test } from 'vitest';
import { builtInEventTypes } from './catalog/catalog.ts';
import { WORK_LIMITS } from './limits.ts';
import { type EventBody, eventBody } from './routing/body.ts';
import type { Condition } from './routing/condition.ts';
import { evaluate } from './routing/evaluate.ts';
import { compileSubscriptions } from './routing/match.ts';
import { Work, WorkLimitReached } from './work.ts';
import { advance } from './workflow/advance.ts';
import type { WebhookAction } from './workflow/definition.ts';
import { compileRule, type Program } from './workflow/program.ts';
import { compileTemplate } from './workflow/template.ts';
import { judgeTriggers } from './workflow/trigger.ts';

const LIMIT = WORK_LIMITS.event.value;

function aBody(data: unknown, work?: Work): EventBody {
  const raw = JSON.stringify({ type: 'contact.created', data });
  return eventBody(raw, JSON.parse(raw), work);
}

const contains = (value: string, options: object = {}): Condition =>
  ({ field: 'data.text', op: 'contains', value, ...options }) as Condition;

function aRule(template: unknown, condition: Condition | null = null): Program {
  const action: WebhookAction = { type: 'webhook', url: 'https://example.com/hook', template };
  return compileRule({
    name: 'Rule',
    enabled: true,
    trigger: { event_type: 'contact.created' },
    condition,
    actions: [action],
    max_activations_per_subject: 20,
    activation_period: 'P1D',
    on_error: 'continue',
  });
}

const start = (program: Program, body: EventBody) =>
  advance(program, { status: 'new' }, { kind: 'start' }, { runId: 'run_1', now: 0, body });

describe('an account of work', () => {
  test('a charge that does not fit takes nothing', () => {
    const work = new Work(10);
    work.charge(6);
    expect(() => work.charge(5)).toThrow(WorkLimitReached);
    work.charge(4);
    expect(work.used).toBe(10);
  });
});

describe('conditions', () => {
  test('a text is folded once for an event, however many clauses ask', () => {
    const used = (clauses: number) => {
      const body = aBody({ text: 'أحمد '.repeat(10_000) });
      const any = Array.from({ length: clauses }, (_, index) =>
        contains(`لا${index}`, { ignore_arabic_forms: true }),
      );
      evaluate({ any }, body.value, body.notes);
      return body.notes.work.used;
    };
    const [one, twenty] = [used(1), used(20)];
    // Folding takes eight steps a character, each search one.
    expect(one).toBeGreaterThan(9 * 50_000);
    expect(twenty - one).toBeLessThan(19 * 51_000);
  });

  test('what would take more says work_limit, whatever stands around it, and is the same each time', () => {
    const verdictOf = (condition: Condition) => {
      const body = aBody({ text: 'a'.repeat(1_000_000) }, new Work(500_000));
      return evaluate(condition, body.value, body.notes);
    };
    for (const condition of [contains('b'), { not: contains('b') }, { any: [contains('b')] }]) {
      const verdict = verdictOf(condition);
      expect(verdict).toMatchObject({ matched: false, code: 'work_limit' });
      expect(!verdict.matched && verdict.reason).toContain('work_limit: ');
      expect(verdictOf(condition)).toEqual(verdict);
    }
  });

  test('searching takes steps of both lengths added, for periodic texts as for others', () => {
    const body = aBody({ text: 'a'.repeat(100_000) });
    const wanted = `${'a'.repeat(500)}b${'a'.repeat(499)}`;
    expect(evaluate(contains(wanted), body.value, body.notes).matched).toBe(false);
    expect(body.notes.work.used).toBeLessThan(102_000);
    const found = aBody({ text: `${'ab'.repeat(1000)}${wanted}` });
    expect(evaluate(contains(wanted), found.value).matched).toBe(true);
  });

  test('those that come before the limit are served, and so are those after it that still fit', () => {
    const costly = { any: Array.from({ length: 90 }, (_, index) => contains(`b${index}`)) };
    const subscriptions = [null, contains('a'), costly, null, contains('a')];
    const matcher = compileSubscriptions(
      subscriptions.map((condition, index) => ({ id: index + 1, eventTypes: ['a'], condition })),
    );
    const body = aBody({ text: 'a'.repeat(1_000_000) });
    const verdicts = matcher.match('a', () => body).map(({ verdict }) => verdict);
    expect(verdicts.map(({ matched }) => matched)).toEqual([true, true, false, true, false]);
    expect(verdicts[2]).toMatchObject({ code: 'work_limit' });
    expect(body.notes.work.used).toBeLessThanOrEqual(LIMIT);
  });
});

describe('templates', () => {
  const filters = 'upper | lower | upper | lower | upper | lower | upper | lower';
  const members = Array.from({ length: 190 }, (_, index) => [
    `m${index}`,
    `{{data.text | ${filters} | date}}`,
  ]);

  test('more filters upon one placeholder than ten are refused', () => {
    const compiled = compileTemplate({ a: `{{type | ${filters} | trim | json | json}}` });
    expect(compiled).toEqual({
      ok: false,
      faults: [{ path: '/a', position: 0, message: expect.stringContaining('11') }],
    });
  });

  test('a template that takes too much is a failed step that says so', () => {
    const body = aBody({ text: 'é'.repeat(500_000) });
    const done = start(aRule(Object.fromEntries(members)), body);
    expect(done.effects).toEqual([]);
    expect(done.history).toMatchObject([{ outcome: 'failed', failure: { code: 'work_limit' } }]);
    expect(body.notes.work.used).toBeLessThanOrEqual(LIMIT);
  });

  test('filters that double a text come to an end', () => {
    const program = aRule({ a: `{{data.text | ${Array(10).fill('json').join(' | ')}}}` });
    const done = start(program, aBody({ text: '"'.repeat(200_000) }));
    expect(done.history).toMatchObject([{ failure: { code: 'work_limit' } }]);
  });

  test('a decision that cannot be made fails instead of taking a branch', () => {
    const step = {
      id: 'd',
      type: 'decision' as const,
      condition: contains('b'),
      yes: null,
      no: null,
      next: null,
    };
    const program = { ...aRule({}), entry: 'd', steps: new Map([['d', step]]), on_error: 'stop' as const };
    const done = start(program, aBody({ text: 'a'.repeat(1000) }, new Work(100)));
    expect(done.next).toMatchObject({ kind: 'failed', failure: { code: 'work_limit' } });
  });
});

describe('what is ordinary', () => {
  test('a sample of the catalog with ten rules takes less than a thousandth of the limit', () => {
    for (const { name, samples } of builtInEventTypes.values()) {
      for (const sample of samples) {
        const body = eventBody(sample.body, JSON.parse(sample.body));
        const condition = contains('x', { ignore_case: true, ignore_arabic_forms: true });
        for (let rule = 0; rule < 10; rule++) {
          const program = aRule({ id: '{{data.contact.id | default: 1}}', all: '{{data | default: ""}}' });
          judgeTriggers([{ event_type: name, condition }], { eventType: { name, scopes: [] }, body });
          start(program, body);
        }
        expect(body.notes.work.used).toBeLessThan(LIMIT / 1000);
      }
    }
  });

  test('an event of 1 MB, twenty subscriptions with three conditions and five rules with templates all get through', () => {
    const text = `${'an order of 1 MB, told at length; '.repeat(29_000)}رقم ١٢٣٤ من أحمد`;
    const body = aBody({
      id: 7,
      email: 'buyer@example.com',
      text,
      lines: Array.from({ length: 5_000 }, (_, n) => ({ n })),
    });
    const all: Condition = {
      all: [
        { field: 'data.id', op: 'equals', value: 7 },
        { field: 'data.email', op: 'ends_with', value: '@EXAMPLE.com', ignore_case: true },
        contains('1234 من احمد', { ignore_arabic_forms: true }),
      ],
    };
    const subscriptions = Array.from({ length: 20 }, (_, id) => ({ id, eventTypes: ['*'], condition: all }));
    const verdicts = compileSubscriptions(subscriptions).match('contact.created', () => body);
    expect(verdicts.filter(({ verdict }) => verdict.matched)).toHaveLength(20);
    for (let rule = 0; rule < 5; rule++) {
      const done = start(aRule({ to: '{{data.email | lower}}', text: 'Order: {{data.text | trim}}' }), body);
      expect(done.history).toMatchObject([{ outcome: 'done' }]);
    }
    expect(body.notes.work.used).toBeLessThan(LIMIT);
  });
});
