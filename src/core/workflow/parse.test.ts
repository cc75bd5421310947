import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonText } from '../json/raw.ts';
import { DEFINITION_LIMITS, STEP_TYPES } from './definition.ts';
import { parseRule, parseWorkflow } from './parse.ts';
import { readDefinition } from './raw.ts';
import {
  anyWorkflow,
  aRule,
  aWorkflow,
  context,
  decision,
  delay,
  email,
  exit,
  hasEmail,
  wait,
  webhook,
} from './testdata/definitions.ts';

function ruleFaults(overrides: object): string[] {
  const parsed = parseRule(aRule(overrides), context);
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
}

function workflowFaults(steps: object[], overrides: object = {}): string[] {
  const parsed = parseWorkflow(aWorkflow(steps, overrides), context);
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
}

function onlyMessage(input: object, read: typeof parseRule | typeof parseWorkflow = parseRule): string {
  const parsed = read(input, context);
  if (parsed.ok || parsed.faults.length !== 1) return expect.fail(JSON.stringify(parsed));
  return parsed.faults[0]?.message ?? '';
}

const nested = (levels: number): object =>
  levels === 1 ? webhook('w') : decision(`d${levels}`, [nested(levels - 1)], []);

describe('a rule', () => {
  test('gets every default', () => {
    expect(parseRule(aRule(), context)).toEqual({
      ok: true,
      warnings: [],
      rule: {
        name: 'Send webhook after opt-in',
        enabled: true,
        trigger: { event_type: 'contact.optin.completed' },
        condition: null,
        actions: [{ type: 'webhook', url: 'https://example.com/hook' }],
        max_activations_per_subject: 20,
        activation_period: 'P1D',
        on_error: 'continue',
      },
    });
  });

  test('keeps everything that it may have', () => {
    const rule = aRule({
      enabled: false,
      position: 3,
      trigger: { event_type: 'contact.optin.completed', scope: { funnel_step: 2102831 } },
      condition: { all: [hasEmail] },
      actions: [
        { type: 'webhook', endpoint_id: 'ep_1', template: { id: '{{data.contact.id}}' } },
        { type: 'webhook', url: 'https://example.com/', members: ['data.contact.email', 'type'] },
        { type: 'email', to: ['a@example.com', { field: 'data.contact.email' }], subject: 'S', text: 'T' },
      ],
      max_activations_per_subject: 1,
      activation_period: 'ever',
      on_error: 'stop',
    });
    const parsed = parseRule(rule, context);
    expect(parsed).toMatchObject({ ok: true, warnings: [] });
    expect(parsed.ok && JSON.parse(jsonText(parsed.rule))).toEqual(rule);
  });

  test('keeps addresses without the marks around them, and is told of a mark within one', () => {
    const mailTo = (to: string) =>
      parseRule({ ...aRule(), actions: [{ type: 'email', to, subject: 'S', text: 'T' }] }, context);
    expect(mailTo('\u200fa@example.com\u00a0')).toMatchObject({
      ok: true,
      rule: { actions: [{ to: 'a@example.com' }] },
    });
    expect(mailTo('a@exam\u200fple.com')).toMatchObject({
      ok: false,
      faults: [{ path: '/actions/0/to', message: expect.stringContaining('U+200F RIGHT-TO-LEFT MARK') }],
    });
  });

  test('is told all of its faults at once, each with its place', () => {
    expect(
      ruleFaults({
        name: ' ',
        enabled: 'yes',
        position: -1,
        colour: 'red',
        trigger: {
          event_type: 'contact.optin.completed',
          scope: { tag: 1, funnel_step: null },
          condition: hasEmail,
        },
        condition: { any: [{ field: 'data.contact.emial', op: 'equals', value: 'x' }] },
        max_activations_per_subject: 0,
        on_error: 'retry',
        actions: [
          { type: 'webhook' },
          { type: 'webhook', url: 'ftp://example.com', endpoint_id: undefined, retries: 3 },
          { type: 'webhook', url: 'https://example.com', endpoint_id: 'ep_1' },
          { type: 'webhook', url: 'https://example.com', template: { a: ['{{data.contact.name}}', '{{'] } },
          { type: 'webhook', url: 'https://example.com', template: { a: ['{{data.contact.name}}'] } },
          { type: 'webhook', url: 'https://example.com', template: {}, members: ['data'] },
          { type: 'webhook', url: 'https://example.com', members: ['data.contact.name', 'a..b'] },
          { type: 'email', to: 'nobody', subject: 'a\nb', text: '{{data.x}}' },
          { type: 'email', to: [{ field: 'data.mail' }, '{{data.contact.email}}'], subject: '', text: 5 },
          { type: 'delay', for: 'P1D' },
          null,
        ],
      }),
    ).toEqual([
      '/colour',
      '/name',
      '/enabled',
      '/max_activations_per_subject',
      '/on_error',
      '/position',
      '/trigger/condition',
      '/trigger/scope/tag',
      '/trigger/scope/funnel_step',
      '/condition/any/0/field',
      '/actions/0',
      '/actions/1/retries',
      '/actions/1/url',
      '/actions/2',
      '/actions/3/template/a/1',
      '/actions/4/template/a/0',
      '/actions/5',
      '/actions/6/members/0',
      '/actions/6/members/1',
      '/actions/7/to',
      '/actions/7/text',
      '/actions/7/subject',
      '/actions/8/to/0/field',
      '/actions/8/to/1',
      '/actions/8/subject',
      '/actions/8/text',
      '/actions/9/type',
      '/actions/10',
    ]);
  });

  test('an unknown event type, operator or endpoint is named', () => {
    expect(onlyMessage(aRule({ trigger: { event_type: 'contact.optin.complete' } }))).toBe(
      '"contact.optin.complete" is not an event type of this workspace',
    );
    expect(onlyMessage(aRule({ condition: { ...hasEmail, op: 'is' } }))).toContain('"is" is not an operator');
    const action = { type: 'webhook', endpoint_id: 'ep_9' };
    const parsed = parseRule(aRule({ actions: [action] }), { ...context, hasEndpoint: () => false });
    expect(parsed).toMatchObject({ ok: false, faults: [{ path: '/actions/0/endpoint_id' }] });
  });

  test('what is wrong with a URL is the caller’s to say', () => {
    const parsed = parseRule(aRule(), { ...context, urlFault: () => 'is not allowed here' });
    expect(parsed).toMatchObject({ faults: [{ path: '/actions/0/url', message: 'is not allowed here' }] });
  });

  test('a placeholder’s fault has its position in the text', () => {
    const actions = [{ type: 'webhook', url: 'https://example.com', template: { a: 'x {{data.typo}}' } }];
    expect(parseRule(aRule({ actions }), context)).toMatchObject({
      faults: [{ path: '/actions/0/template/a', position: 2 }],
    });
  });

  test('a member with a default need not be known, and open schemas leave members open', () => {
    const action = (template: unknown) => ({
      actions: [{ type: 'webhook', url: 'https://example.com', template }],
    });
    expect(ruleFaults(action('{{data.typo | default: ""}}'))).toEqual([]);
    expect(ruleFaults(action('{{data.contact.fields.city}}'))).toEqual([]);
    expect(ruleFaults({ ...action('{{data.anything.0.x}}'), trigger: { event_type: 'order.paid' } })).toEqual(
      [],
    );
  });

  test.each([undefined, null, 5, 'x', [], [[]]])('%j is none', (input) => {
    expect(parseRule(input, context)).toMatchObject({ ok: false, faults: [{ path: '' }] });
    expect(parseWorkflow(input, context)).toMatchObject({ ok: false, faults: [{ path: '' }] });
  });
});

describe('a workflow', () => {
  test('keeps every kind of step', () => {
    const steps = [
      delay('d1', { for: 'P1DT2H' }),
      delay('d2', { until: '2026-01-31T08:00:00Z' }),
      delay('d3', { until: { field: 'created_at' } }),
      delay('d4', { until_next: { time: '10:00', weekdays: ['sun', 'mon'], time_zone: 'Asia/Riyadh' } }),
      decision('q', [webhook('w'), exit('x')], []),
      wait('e', [email('m')], [], { scope: { tag: 141002 }, condition: hasEmail }),
    ];
    const parsed = parseWorkflow(aWorkflow(steps), context);
    expect(parsed).toMatchObject({ ok: true, workflow: { steps, on_error: 'stop', max_overdue: 'P1D' } });
    const kinds = JSON.stringify(steps);
    for (const type of STEP_TYPES) expect(kinds).toContain(`"type":"${type}"`);
  });

  test('is told all of its faults at once, each with its place', () => {
    expect(
      workflowFaults(
        [
          { type: 'exit', id: 'not an id' },
          webhook('w'),
          webhook('w'),
          { id: 'x1', type: 'email_all' },
          delay('d1', {}),
          delay('d2', { for: 'P1D', until: '2026-01-01' }),
          delay('d3', { for: '1 day' }),
          delay('d4', { for: 'P367D' }),
          delay('d5', { for: 'PT0S' }),
          delay('d6', { until: 'tomorrow' }),
          delay('d7', { until: { field: 'data.when' } }),
          delay('d8', { until_next: { time: '10', weekdays: ['friday'], time_zone: 'Riyadh' } }),
          decision('q', [exit('e1'), webhook('after')], [{}]),
          { id: 'q2', type: 'decision', condition: hasEmail, yes: [] },
          wait('v', [], [], { event_type: 'order.paid', timeout: 'P400D', scope: { tag: 1 } }),
          { ...webhook('j'), goto: 'w' },
        ],
        { triggers: [{ event_type: 'contact.tag.added', scope: { tag: true } }, {}], max_overdue: '' },
      ),
    ).toEqual([
      '/max_overdue',
      '/triggers/0/scope/tag',
      '/triggers/1/event_type',
      '/steps/0/id',
      '/steps/2/id',
      '/steps/3/type',
      '/steps/4',
      '/steps/5',
      '/steps/6/for',
      '/steps/7/for',
      '/steps/8/for',
      '/steps/9/until',
      '/steps/10/until/field',
      '/steps/11/until_next/time',
      '/steps/11/until_next/time_zone',
      '/steps/11/until_next/weekdays/0',
      '/steps/12/yes/1',
      '/steps/12/no/0/id',
      '/steps/12/no/0/type',
      '/steps/13/no',
      '/steps/14/event_type',
      '/steps/14/scope/tag',
      '/steps/14/timeout',
      '/steps/15/goto',
    ]);
  });

  test('a branch without end is refused: both branches must be there', () => {
    const { no: _, ...halved } = decision('q', [], []);
    expect(onlyMessage(aWorkflow([halved]), parseWorkflow)).toContain('every branch is a list of steps');
  });

  test('a step that can never be reached is refused', () => {
    expect(workflowFaults([exit('x'), webhook('w')])).toEqual(['/steps/1']);
    expect(
      workflowFaults([decision('q', [exit('a')], [wait('v', [exit('b')], [exit('c')])]), webhook('w')]),
    ).toEqual(['/steps/1']);
    expect(workflowFaults([decision('q', [exit('a')], []), webhook('w')])).toEqual([]);
  });

  test(`has at most ${DEFINITION_LIMITS.steps} steps, branches counted`, () => {
    const many = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, index) => webhook(`${prefix}${index}`));
    expect(workflowFaults(many(100, 'a'))).toEqual([]);
    expect(workflowFaults(many(101, 'a'))).toEqual(['/steps']);
    expect(workflowFaults([decision('q', many(49, 'a'), many(50, 'b'))])).toEqual([]);
    expect(workflowFaults([decision('q', many(50, 'a'), many(50, 'b'))])).toEqual(['/steps']);
    expect(workflowFaults([])).toEqual(['/steps']);
  });

  test(`is at most ${DEFINITION_LIMITS.depth} levels deep`, () => {
    expect(workflowFaults([nested(10)])).toEqual([]);
    expect(workflowFaults([nested(11)])).toEqual([`/steps/0${'/yes/0'.repeat(9)}/yes`]);
  });

  test('a circle of objects is refused for its depth, not followed', () => {
    const circle = decision('q', [], []);
    circle.yes.push(circle);
    const faults = workflowFaults([circle]);
    expect(faults.length).toBeLessThan(15);
    expect(faults.at(-1)).toMatch(/\/yes$/);
  });

  test('a template must do for every trigger, a condition for one of them', () => {
    const triggers = [{ event_type: 'contact.tag.added' }, { event_type: 'customer.sale.completed' }];
    const template = webhook('w', { template: '{{data.contact.email}}' });
    expect(workflowFaults([template], { triggers })).toEqual(['/steps/0/template']);
    expect(workflowFaults([decision('q', [], [])], { triggers })).toEqual([]);
    const members = (...paths: string[]) => webhook('w', { members: paths });
    expect(workflowFaults([members('data.contact.email', 'data.customer.email')], { triggers })).toEqual([]);
    expect(workflowFaults([members('type', 'data.contact.mail')], { triggers })).toEqual([
      '/steps/0/members/1',
    ]);
  });

  test('cannot wait for an event about a subject that there is not', () => {
    expect(workflowFaults([wait('v', [], [])], { triggers: [{ event_type: 'order.paid' }] })).toEqual([
      '/steps/0/event_type',
    ]);
  });
});

describe('any JSON', () => {
  const word = fc.constantFrom(
    ...[
      'name',
      'steps',
      'triggers',
      'trigger',
      'actions',
      'type',
      'id',
      'webhook',
      'decision',
      'delay',
      'yes',
    ],
    ...[
      'no',
      'for',
      'until',
      'to',
      'field',
      '__proto__',
      'constructor',
      'contact.tag.added',
      'event_type',
      'P1D',
    ],
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      word,
      fc.constantFrom(null, true, 1),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(word, tie('value'), { maxKeys: 6 }),
    ),
  })).value;

  test('is refused with faults or passes, and never throws', () => {
    fc.assert(
      fc.property(json, json, (value, inner) => {
        for (const input of [value, aRule({ actions: [inner] }), aWorkflow([inner as object])]) {
          for (const parsed of [parseRule(input, context), parseWorkflow(input, context)]) {
            if (!parsed.ok) expect(parsed.faults.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a workflow that passes is as it was written, and passes again', () => {
    let passed = 0;
    fc.assert(
      fc.property(anyWorkflow, (workflow) => {
        const parsed = parseWorkflow(workflow, context);
        if (!parsed.ok) return;
        passed++;
        const stored = jsonText(parsed.workflow);
        expect(JSON.parse(stored)).toMatchObject(workflow);
        expect(parseWorkflow(readDefinition(stored), context)).toEqual(parsed);
      }),
    );
    expect(passed).toBeGreaterThan(20);
  });
});
