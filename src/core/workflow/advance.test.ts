import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY, HOUR } from '../duration.ts';
import {
  type Advance,
  advance,
  inSentence,
  type RunContext,
  type RunSignal,
  type RunState,
} from './advance.ts';
import { parseWorkflow } from './parse.ts';
import { compileWorkflow, type Program } from './program.ts';
import {
  aBody,
  anEvent,
  anEventType,
  anyWorkflow,
  aRule,
  aWorkflow,
  context as checkedAgainst,
  decision,
  delay,
  email,
  exit,
  ruleProgram,
  wait,
  webhook,
  workflowProgram,
} from './testdata/definitions.ts';
import { judgeTriggers } from './trigger.ts';
import { wakeRun } from './wake.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const START: RunSignal = { kind: 'start' };
const TIMER: RunSignal = { kind: 'timer' };
const NEW: RunState = { status: 'new' };

const TAG_ADDED = anEventType('contact.tag.added').samples[0]?.body ?? '';

function aContext(overrides: Partial<RunContext> = {}): RunContext {
  return { runId: 'run_1', now: NOW, body: aBody(TAG_ADDED), ...overrides };
}

function started(steps: object[], overrides: object = {}, context: Partial<RunContext> = {}): Advance {
  return advance(workflowProgram(aWorkflow(steps, overrides)), NEW, START, aContext(context));
}

const stepsOf = (advanced: Advance) => advanced.effects.map(({ step }) => step);
const outcomes = (advanced: Advance) => advanced.history.map(({ step, outcome }) => `${step} ${outcome}`);

describe('webhook', () => {
  test('sends the trigger event’s body, a template’s or chosen members', () => {
    const actions = [
      { type: 'webhook', url: 'https://example.com/hook' },
      {
        type: 'webhook',
        endpoint_id: 'ep_1',
        template: { id: '{{data.contact.id}}', tag: '#{{data.tag.name}}' },
      },
      { type: 'webhook', url: 'https://example.com/hook', members: ['data.tag', 'type'] },
    ];
    const trigger = { event_type: 'contact.tag.added' };
    const { effects, next } = advance(ruleProgram(aRule({ trigger, actions })), NEW, START, aContext());
    expect(next).toEqual({ kind: 'finished', reason: 'end' });
    expect(effects).toMatchObject([
      { step: 'action_1', key: 'run_1:action_1', target: { url: 'https://example.com/hook' }, body: null },
      { step: 'action_2', target: { endpoint_id: 'ep_1' }, body: '{"id":29143587,"tag":"#MyAwesomeTag"}' },
      { step: 'action_3', key: 'run_1:action_3' },
    ]);
    const [, , members] = effects;
    expect(members?.kind === 'webhook' && JSON.parse(members.body ?? '')).toEqual({
      type: 'contact.tag.added',
      data: { tag: { id: 141002, name: 'MyAwesomeTag' } },
    });
  });

  test('a number beyond 2^53 reaches the receiver digit for digit', () => {
    const body = aBody('{"data":{"contact":{"id":9007199254740993}}}');
    const { effects } = started([webhook('w', { template: { id: '{{data.contact.id}}' } })], {}, { body });
    expect(effects).toMatchObject([{ body: '{"id":9007199254740993}' }]);
  });
});

describe('email', () => {
  const to = ['team@example.com', { field: 'data.contact.email' }, 'team@example.com'];

  test('goes to fixed addresses and members of the event, each once, subject and text rendered', () => {
    const step = email('m', { to, subject: '{{data.tag.name | upper}}', text: 'Tag: {{data.tag.name}}\n' });
    expect(started([step]).effects).toEqual([
      {
        kind: 'email',
        step: 'm',
        key: 'run_1:m',
        to: ['team@example.com', 'owner+lksdllfnsnkfdls@example.com'],
        subject: 'MYAWESOMETAG',
        text: 'Tag: MyAwesomeTag\n',
      },
    ]);
  });

  test.each([
    ['"a@example.com, b@example.com"', 'not_an_address'],
    ['"a@example.com\\nBcc: b@example.com"', 'not_an_address'],
    ['"Owner <a@example.com>"', 'not_an_address'],
    ['null', 'not_an_address'],
    ['["a@example.com"]', 'not_an_address'],
  ])('the member %s is no address: the step fails', (member, code) => {
    const body = aBody(`{"data":{"contact":{"email":${member}}}}`);
    expect(started([email('m', { to })], {}, { body }).next).toMatchObject({
      kind: 'failed',
      failure: { code },
    });
  });
});

describe('delay', () => {
  test.each([
    [{ for: 'P1DT2H' }, NOW + DAY + 2 * HOUR],
    [{ until: '2026-11-25T00:00:00+03:00' }, Date.UTC(2026, 10, 24, 21)],
    [{ until: { field: 'created_at' } }, Date.UTC(2026, 10, 26)],
    [
      { until_next: { time: '10:00', weekdays: ['wed'], time_zone: 'Asia/Riyadh' } },
      Date.UTC(2026, 10, 25, 7),
    ],
  ])('%j waits until its time, and then the run goes on', (rest, at) => {
    const program = workflowProgram(aWorkflow([delay('d', rest), webhook('w')]));
    const body = aBody('{"created_at":"2026-11-26T00:00:00Z"}');
    const first = advance(program, NEW, START, aContext({ body }));
    expect(first).toMatchObject({
      effects: [],
      next: { kind: 'wait_until', step: 'd', at },
      history: [{ step: 'd', at: NOW, outcome: 'waiting', until: at }],
      state: { status: 'waiting', step: 'd', for: 'time', entered_at: NOW, until: at },
    });
    expect(advance(program, first.state, TIMER, aContext({ body, now: at - 1 }))).toMatchObject({
      state: first.state,
      next: first.next,
      ignored: { code: 'not_due' },
    });
    const second = advance(program, first.state, TIMER, aContext({ body, now: at }));
    expect(outcomes(second)).toEqual(['d passed', 'w done']);
    expect(second.next).toEqual({ kind: 'finished', reason: 'end' });
  });

  test('until a time that has passed, or is now, does not wait', () => {
    expect(outcomes(started([delay('d', { until: '2026-11-24T09:00:00Z' })]))).toEqual(['d passed']);
    expect(outcomes(started([delay('d', { until: '2026-01-01' }), webhook('w')]))).toEqual([
      'd passed',
      'w done',
    ]);
  });

  test.each([
    ['"soon"', 'not_a_time'],
    ['"2028-01-01"', 'too_far'],
    ['1e400', 'not_a_time'],
    [undefined, 'missing_member'],
  ])('until a member that holds %s fails', (created, code) => {
    const body = aBody(created === undefined ? '{}' : `{"created_at":${created}}`);
    const steps = [delay('d', { until: { field: 'created_at' } }), webhook('w')];
    expect(started(steps, {}, { body })).toMatchObject({
      effects: [],
      next: { kind: 'failed', step: 'd', failure: { code } },
    });
  });

  test('a run that waits for a time takes no notice of events', () => {
    const program = workflowProgram(aWorkflow([delay('d')]));
    const { state } = advance(program, NEW, START, aContext());
    const signal: RunSignal = { kind: 'event', event: anEvent('contact.tag.added') };
    expect(advance(program, state, signal, aContext())).toMatchObject({
      state,
      ignored: { code: 'not_waiting_for_event' },
    });
  });
});

describe('decision', () => {
  const isVip = { field: 'data.tag.name', op: 'equals', value: 'vip' };

  test('takes one branch, and both rejoin', () => {
    const steps = (condition: object) => [
      decision('q', [webhook('y1'), webhook('y2')], [webhook('n')], condition),
      webhook('after'),
    ];
    expect(stepsOf(started(steps({ not: isVip })))).toEqual(['y1', 'y2', 'after']);
    expect(stepsOf(started(steps(isVip)))).toEqual(['n', 'after']);
  });

  test('a "no" keeps the clause that failed and the actual value (P12)', () => {
    expect(started([decision('q', [], [], { all: [isVip] })]).history).toMatchObject([
      { step: 'q', outcome: 'no', verdict: { clause: isVip, path: '/all/0', actual: 'MyAwesomeTag' } },
    ]);
  });

  test('nested decisions rejoin level by level; empty branches go on', () => {
    const steps = [
      decision('q1', [decision('q2', [], [webhook('n2')]), webhook('a')], []),
      decision('q3', [decision('q4', [decision('q5', [], [])], [])], [webhook('n3')]),
      webhook('b'),
    ];
    expect(outcomes(started(steps))).toEqual([
      'q1 yes',
      'q2 yes',
      'a done',
      'q3 yes',
      'q4 yes',
      'q5 yes',
      'b done',
    ]);
  });

  test('an exit inside a branch ends the run, not the branch', () => {
    const advanced = started([decision('q', [decision('r', [exit('x')], [])], []), webhook('w')]);
    expect(outcomes(advanced)).toEqual(['q yes', 'r yes', 'x ended']);
    expect(advanced.next).toEqual({ kind: 'finished', reason: 'exit' });
  });
});

describe('wait_for_event', () => {
  const condition = { field: 'data.tag.id', op: 'equals', value: 141002 };
  const step = wait('v', [webhook('got')], [webhook('late')], {
    condition,
    timeout: 'P3D',
    scope: { tag: 141002 },
  });
  const program = workflowProgram(aWorkflow([step, webhook('after')]));
  const first = advance(program, NEW, START, aContext());
  const came = (raw: string, type = 'contact.tag.removed', acceptedAt = NOW + DAY, now = acceptedAt) => {
    const signal: RunSignal = { kind: 'event', event: anEvent(type, raw, acceptedAt) };
    return advance(program, first.state, signal, aContext({ now }));
  };
  const WANTED = '{"data":{"tag":{"id":141002}}}';

  test('waits for its event until its timeout', () => {
    expect(first).toMatchObject({
      effects: [],
      next: {
        kind: 'wait_event',
        step: 'v',
        awaited: { event_type: 'contact.tag.removed', scope: { tag: 141002 }, condition },
        until: NOW + 3 * DAY,
      },
    });
  });

  test('the event leads to one branch, the timeout to the other, and both rejoin', () => {
    expect(stepsOf(came(WANTED))).toEqual(['got', 'after']);
    expect(came(WANTED).history[0]).toMatchObject({ outcome: 'received', event_id: 'evt_1' });
    const late = advance(program, first.state, TIMER, aContext({ now: NOW + 3 * DAY }));
    expect(stepsOf(late)).toEqual(['late', 'after']);
    expect(outcomes(late)[0]).toBe('v timed_out');
  });

  test('W8: an event accepted at the timeout or after it is late, whatever wakes the run', () => {
    expect(stepsOf(came(WANTED, 'contact.tag.removed', NOW + 3 * DAY))).toEqual(['late', 'after']);
    expect(stepsOf(came(WANTED, 'contact.tag.removed', NOW + 3 * DAY - 1))).toEqual(['got', 'after']);
    // Another node's clock may be ahead by a little.
    const early = came(WANTED, 'contact.tag.removed', NOW + 3 * DAY, NOW + 3 * DAY - 1);
    expect(early.ignored).toEqual({ code: 'not_due' });
  });

  test('another event changes nothing and is told why', () => {
    expect(came(WANTED, 'contact.tag.added')).toMatchObject({
      state: first.state,
      next: first.next,
      history: [],
      ignored: { code: 'other_event_type' },
    });
    expect(came('{"data":{"tag":{"id":7}}}').ignored).toMatchObject({
      code: 'not_matched',
      failure: { part: 'scope', verdict: { actual: 7 } },
    });
    expect(came('{"data":{"tag":{"id":"141002"}}}').ignored).toMatchObject({
      failure: { part: 'condition' },
    });
  });

  test('what follows reads the body of the event that triggered', () => {
    const steps = [wait('v', [webhook('w', { template: '{{data.tag.name}}' })], [])];
    const other = workflowProgram(aWorkflow(steps));
    const { state } = advance(other, NEW, START, aContext());
    const signal: RunSignal = { kind: 'event', event: anEvent('contact.tag.removed', '{"data":{}}') };
    expect(advance(other, state, signal, aContext()).effects).toMatchObject([{ body: '"MyAwesomeTag"' }]);
  });
});

describe('a step that fails', () => {
  const steps = [webhook('a'), webhook('b', { template: '{{data.contact.fields.city}}' }), webhook('c')];

  test('ends the run under "stop"; what was done before stays done', () => {
    const advanced = started(steps, { on_error: 'stop' });
    expect(outcomes(advanced)).toEqual(['a done', 'b failed']);
    expect(stepsOf(advanced)).toEqual(['a']);
    expect(advanced.next).toMatchObject({ kind: 'failed', step: 'b', failure: { code: 'missing_member' } });
    expect(advanced.state).toEqual({ status: 'ended', end: advanced.next });
  });

  test('is passed over under "continue"', () => {
    const advanced = started(steps, { on_error: 'continue' });
    expect(outcomes(advanced)).toEqual(['a done', 'b failed', 'c done']);
    expect(advanced.next).toEqual({ kind: 'finished', reason: 'end' });
  });
});

describe('a run', () => {
  test('that stands at a step which the workflow has no more ends as failed', () => {
    const { state } = started([delay('d')]);
    for (const steps of [[delay('other')], [webhook('d')]]) {
      const advanced = advance(workflowProgram(aWorkflow(steps)), state, TIMER, aContext({ now: NOW + DAY }));
      expect(advanced.next).toMatchObject({ kind: 'failed', step: 'd', failure: { code: 'step_gone' } });
    }
  });

  test('takes no signal that does not fit', () => {
    const program = workflowProgram(aWorkflow([delay('d')]));
    const waiting = advance(program, NEW, START, aContext());
    const done = advance(program, waiting.state, TIMER, aContext({ now: NOW + DAY }));
    expect(advance(program, NEW, TIMER, aContext())).toMatchObject({
      state: NEW,
      ignored: { code: 'not_started' },
    });
    expect(advance(program, waiting.state, START, aContext()).ignored).toEqual({ code: 'not_new' });
    expect(advance(program, done.state, TIMER, aContext()).ignored).toEqual({ code: 'ended' });
    expect(inSentence({ code: 'not_due' })).toBe('it is not due yet');
  });

  test('that was switched off, deleted or is overdue is skipped with its reason', () => {
    const program = workflowProgram(aWorkflow([delay('d'), webhook('w')], { max_overdue: 'PT1H' }));
    const { state } = advance(program, NEW, START, aContext());
    const due = NOW + DAY;
    const wake = (now: number, standing: 'enabled' | 'disabled' | 'deleted') =>
      wakeRun(program, state, TIMER, aContext({ now }), standing);
    expect(wake(due + HOUR, 'enabled').next).toEqual({ kind: 'finished', reason: 'end' });
    expect(wake(due + HOUR + 1, 'enabled')).toMatchObject({
      effects: [],
      next: { kind: 'skipped', code: 'overdue', reason: expect.stringContaining('2026-11-25T09:00:00.000Z') },
      history: [{ step: 'd', type: 'delay', outcome: 'skipped' }],
    });
    expect(wake(due, 'disabled').next).toMatchObject({ kind: 'skipped', code: 'disabled' });
    expect(wake(due, 'deleted').next).toMatchObject({ kind: 'skipped', code: 'deleted' });
    expect(wakeRun(program, NEW, START, aContext(), 'disabled').next).toMatchObject({ code: 'disabled' });
    expect(wakeRun(program, state, TIMER, aContext({ now: due - 1 }), 'enabled').ignored).toEqual({
      code: 'not_due',
    });
  });
});

describe('any workflow that validates', () => {
  const programs = anyWorkflow.map((workflow): Program | null => {
    const parsed = parseWorkflow(workflow, checkedAgainst);
    return parsed.ok ? compileWorkflow(parsed.workflow) : null;
  });
  const hostile = fc.object({
    key: fc.constantFrom(
      'data',
      'contact',
      'email',
      'tag',
      'id',
      '__proto__',
      'constructor',
      'created_at',
      'fields',
    ),
    values: [fc.constantFrom('a@example.com', '2026-12-24', 'x', 1, null, -0, 1e300), fc.string()],
    maxDepth: 4,
  });
  const bodies = fc.oneof(
    fc.constant(TAG_ADDED),
    hostile.map((value) => JSON.stringify(value)),
    fc.json(),
  );

  test('leads from every step to later ones alone', () => {
    fc.assert(
      fc.property(programs, (program) => {
        if (program === null) return;
        const order = [...program.steps.keys()];
        for (const [index, step] of [...program.steps.values()].entries()) {
          const branches =
            step.type === 'decision'
              ? [step.yes, step.no]
              : step.type === 'wait_for_event'
                ? [step.received, step.timed_out]
                : [];
          for (const to of [step.next, ...branches])
            if (to !== null) expect(order.indexOf(to)).toBeGreaterThan(index);
        }
      }),
    );
  });

  test('always ends, enters no step twice, never throws, and does the same when asked again', () => {
    let ended = 0;
    fc.assert(
      fc.property(programs, bodies, fc.infiniteStream(fc.boolean()), (program, raw, chance) => {
        if (program === null) return;
        const body = aBody(raw);
        const entered: string[] = [];
        const keys = new Set<string>();
        let now = NOW;
        let state: RunState = NEW;
        let signal: RunSignal = START;
        for (let calls = 0; state.status !== 'ended'; calls++) {
          expect(calls).toBeLessThanOrEqual(program.steps.size);
          const advanced: Advance = advance(program, state, signal, aContext({ now, body }));
          expect(advance(program, state, signal, aContext({ now, body: aBody(raw) }))).toEqual(advanced);
          expect(JSON.parse(JSON.stringify(advanced.state))).toEqual(advanced.state);
          entered.push(
            ...advanced.history
              .filter((one) => !isResumed(one.outcome, one.step, state))
              .map((one) => one.step),
          );
          for (const { key } of advanced.effects) {
            expect(keys.has(key)).toBe(false);
            keys.add(key);
          }
          state = advanced.state;
          const { next } = advanced;
          if (next.kind === 'wait_event' && chance.next().value) {
            signal = { kind: 'event', event: anEvent(next.awaited.event_type) };
          } else {
            signal = TIMER;
            if (next.kind === 'wait_until') now = next.at;
            if (next.kind === 'wait_event') now = next.until;
          }
        }
        expect(new Set(entered).size).toBe(entered.length);
        ended++;
      }),
      { numRuns: 1000 },
    );
    expect(ended).toBeGreaterThan(200);
  });
});

test('no prototype is ever touched, whatever the paths are', () => {
  let touched = 0;
  const trap = { configurable: true, get: () => touched++ };
  for (const of of [Object.prototype, Array.prototype, String.prototype])
    Object.defineProperty(of, 'trap', trap);
  try {
    const field = 'data.any.trap';
    const steps = [
      decision('q', [], [], {
        any: [{ field, op: 'contains', value: 1 }, { not: { field, op: 'exists', value: true } }],
      }),
      webhook('w', { template: { a: '{{data.any.trap}}', b: '{{data.any.trap | json | default: 1}} x' } }),
      webhook('m', { members: [field, 'data.any.trap.trap'] }),
      email('e', { to: { field }, subject: '{{data.any.trap}}' }),
      delay('d', { until: { field } }),
    ];
    const triggers = [{ event_type: 'order.paid', condition: { field, op: 'equals', value: 1 } }];
    const program = workflowProgram(aWorkflow(steps, { triggers, on_error: 'continue' }));
    for (const any of ['{}', '[]', '"x"', '5', 'null']) {
      const event = anEvent('order.paid', `{"data":{"any":${any}}}`);
      expect(judgeTriggers(program.triggers, event)).toMatchObject({ matched: false });
      const { history } = advance(program, NEW, START, aContext({ body: event.body }));
      expect(history.map(({ outcome }) => outcome)).toEqual(['yes', 'failed', 'done', 'failed', 'failed']);
    }
    expect(touched).toBe(0);
  } finally {
    for (const of of [Object.prototype, Array.prototype, String.prototype])
      Reflect.deleteProperty(of, 'trap');
  }
});

/** The line by which a run goes on from the step at which it waited. */
function isResumed(outcome: string, step: string, state: RunState): boolean {
  return state.status === 'waiting' && state.step === step && outcome !== 'waiting';
}
