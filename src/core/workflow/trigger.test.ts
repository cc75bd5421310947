import { describe, expect, test } from 'vitest';
import { advance } from './advance.ts';
import {
  aBody,
  anEvent,
  aRule,
  aWorkflow,
  ruleProgram,
  webhook,
  workflowProgram,
} from './testdata/definitions.ts';
import { judgeTriggers } from './trigger.ts';

const optin = anEvent('contact.optin.completed');
const inScope = (funnel_step: number) => ({ event_type: 'contact.optin.completed', scope: { funnel_step } });
const fromIp = (value: string) => ({ field: 'data.contact.ip', op: 'equals', value });

describe('triggers', () => {
  test('a rule matches by type, scope and condition', () => {
    const { triggers } = ruleProgram(
      aRule({ trigger: inScope(2102831), condition: fromIp('203.0.113.109') }),
    );
    expect(judgeTriggers(triggers, optin)).toEqual({ matched: true, trigger: 0 });
    expect(judgeTriggers(triggers, anEvent('contact.tag.added'))).toBeNull();
  });

  test('a "no" names what failed, of every trigger of the type (P12)', () => {
    const triggers = [
      { event_type: 'contact.tag.added' },
      inScope(7),
      { event_type: 'contact.optin.completed', condition: fromIp('192.0.2.1') },
    ];
    const program = workflowProgram(aWorkflow([webhook('w')], { triggers }));
    expect(judgeTriggers(program.triggers, optin)).toMatchObject({
      matched: false,
      failures: [
        { trigger: 1, part: 'scope', verdict: { scope: 'funnel_step', wanted: 7, actual: 2102831 } },
        { trigger: 2, part: 'condition', verdict: { actual: '203.0.113.109' } },
      ],
    });
  });

  test('the first of several that match is named', () => {
    const triggers = [inScope(7), inScope(2102831), { event_type: 'contact.optin.completed' }];
    const program = workflowProgram(aWorkflow([webhook('w')], { triggers }));
    expect(judgeTriggers(program.triggers, optin)).toEqual({ matched: true, trigger: 1 });
  });
});

test('a rule and a workflow of the same actions do the same', () => {
  const action = { type: 'webhook', url: 'https://example.com/hook', members: ['data.contact'] };
  const trigger = { event_type: 'contact.tag.added' };
  const workflow = aWorkflow([{ id: 'action_1', ...action }], { on_error: 'continue' });
  const context = { runId: 'run_1', now: 0, body: aBody('{"data":{"contact":{"id":1}}}') };
  const run = (program: ReturnType<typeof ruleProgram>) =>
    advance(program, { status: 'new' }, { kind: 'start' }, context);
  expect(run(ruleProgram(aRule({ trigger, actions: [action] })))).toEqual(run(workflowProgram(workflow)));
});
