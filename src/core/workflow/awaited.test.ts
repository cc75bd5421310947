/** W7: steps after a wait read the event that it was for. */

import { describe, expect, test } from 'vitest';
import type { EventBody } from '../routing/body.ts';
import { advance, type RunContext, type RunState } from './advance.ts';
import { withAwaited } from './awaited.ts';
import { explain } from './explain.ts';
import { parseRule, parseWorkflow } from './parse.ts';
import {
  aBody,
  anEvent,
  aRule,
  aWorkflow,
  context,
  decision,
  delay,
  email,
  exit,
  wait,
  webhook,
  workflowProgram,
} from './testdata/definitions.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const TRIGGER = '{"data":{"tag":{"id":1,"name":"first"},"contact":{"email":"a@example.com"}}}';
const AWAITED =
  '{"data":{"tag":{"id":7615917337495251231,"name":"second"},"contact":{"email":"b@example.com"}}}';
const START: RunContext = { runId: 'run_1', now: NOW, body: aBody(TRIGGER) };

function released(steps: object[]) {
  const program = workflowProgram(aWorkflow(steps));
  const { state } = advance(program, { status: 'new' }, { kind: 'start' }, START);
  const event = anEvent('contact.tag.removed', AWAITED, NOW + 1);
  return advance(program, state, { kind: 'event', event }, { ...START, now: NOW + 2 });
}

const faultsOf = (steps: object[]) => {
  const parsed = parseWorkflow(aWorkflow(steps), context);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path} ${message}`);
};
const reads = (field: string) => webhook('w', { template: { x: `{{${field}}}` } });

describe('W7: steps under received and after it', () => {
  test('read the awaited event in templates, mails and delays, digit for digit, and the trigger as before', () => {
    const template = { was: '{{data.tag.id}}', is: '{{steps.v.data.tag.id}}', whole: '{{steps.v}}' };
    const to = { field: 'steps.v.data.contact.email' };
    const { effects } = released([
      wait('v', [webhook('w', { template }), email('m', { to, subject: '{{steps.v.data.tag.name}}' })], []),
      webhook('plain'),
      webhook('some', { members: ['data.tag.name'] }),
    ]);
    expect(effects).toMatchObject([
      { body: `{"was":1,"is":7615917337495251231,"whole":${AWAITED}}` },
      { to: ['b@example.com'], subject: 'second' },
      { step: 'plain', body: null },
      { body: '{"data":{"tag":{"name":"first"}}}' },
    ]);
  });

  test('decide by it, and a no names its member and value', () => {
    const is = (value: string) => ({ field: 'steps.v.data.tag.name', op: 'equals', value });
    const { history } = released([
      wait('v', [decision('one', [], [], is('second')), decision('two', [], [], is('third'))], []),
    ]);
    expect(history).toMatchObject([
      { outcome: 'received' },
      { outcome: 'yes' },
      { outcome: 'no', verdict: { reason: expect.stringContaining('steps.v.data.tag.name is "second"') } },
    ]);
  });

  test('read each wait’s own event', () => {
    const template = ['{{steps.one.data.tag.name}}', '{{steps.two.data.tag.name}}'];
    const program = workflowProgram(
      aWorkflow([wait('one', [wait('two', [webhook('w', { template })], [])], [])]),
    );
    const hear = (state: RunState, body: EventBody, name: string) => {
      const event = anEvent('contact.tag.removed', `{"data":{"tag":{"name":"${name}"}}}`, NOW + 1);
      return advance(program, state, { kind: 'event', event }, { ...START, body, now: NOW + 2 });
    };
    const { state } = advance(program, { status: 'new' }, { kind: 'start' }, START);
    const first = hear(state, START.body, 'a');
    const body = withAwaited(START.body, 'one', aBody('{"data":{"tag":{"name":"a"}}}'));
    expect(hear(first.state, body, 'b').effects).toMatchObject([{ body: '["a","b"]' }]);
    expect([...program.readsAwaited].sort()).toEqual(['one', 'two']);
  });
});

describe('W17: a path into an awaited event is refused', () => {
  test.each([
    ['before the wait', [reads('steps.v.data.tag.id'), wait('v', [], [])], 'names no wait_for_event'],
    ['where the wait timed out', [wait('v', [], [reads('steps.v.data.tag.id')])], 'names no wait_for_event'],
    ['of another kind of step', [delay('v'), reads('steps.v.data.tag.id')], 'names no wait_for_event'],
    [
      'that its type does not have',
      [wait('v', [reads('steps.v.data.tga')], [])],
      'is not a member of contact.tag.removed',
    ],
    ['where it may not have come', [wait('v', [], []), reads('steps.v.data.tag.id')], 'may not have come'],
    [
      'after a branch in which it may have come',
      [decision('d', [wait('v', [], [exit('e')])], []), reads('steps.v.data.tag.id')],
      'may not have come',
    ],
    [
      'in a condition that cannot ever see it',
      [decision('d', [], [], { field: 'steps.v.data.tag.id', op: 'exists', value: true })],
      'names no wait_for_event',
    ],
  ])('%s', (_, steps, message) => {
    expect(faultsOf(steps)).toEqual([expect.stringContaining(message)]);
  });

  test('and taken where it is sure to have come, or where there is a default or a condition', () => {
    const sure = [wait('v', [], [exit('e')]), reads('steps.v.data.tag.id')];
    const optional = [wait('v', [], []), reads('steps.v.data.tag.id | default: 0')];
    const asked = [
      wait('v', [], []),
      decision('d', [], [], { field: 'steps.v.data.tag.id', op: 'exists', value: true }),
    ];
    const both = [decision('d', [wait('v', [], [exit('e')])], [exit('f')]), reads('steps.v.data.tag.id')];
    for (const steps of [sure, optional, asked, both]) expect(faultsOf(steps)).toEqual([]);
  });

  test('in a rule, whose actions have waited for nothing', () => {
    const actions = [{ type: 'webhook', url: 'https://example.com/', template: '{{steps.v.data.tag.id}}' }];
    expect(parseRule(aRule({ actions }), context)).toMatchObject({ ok: false });
  });
});

test('W24: a dry run takes a sample of the awaited type in its place, on the way on which it comes', () => {
  const program = workflowProgram(
    aWorkflow([wait('v', [webhook('w', { template: '{{steps.v.data.tag.name}}' })], [])]),
  );
  const explanation = explain(program, START, {}, () => aBody(AWAITED));
  expect(explanation.path).toMatchObject([
    { branches: { received: [{ effect: { body: '"second"' } }], timed_out: [] } },
  ]);
});
