import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY } from '../duration.ts';
import { advance, type RunState } from './advance.ts';
import { dryRun, type ExplainedStep, explain } from './explain.ts';
import { parseWorkflow } from './parse.ts';
import { compileWorkflow } from './program.ts';
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

const NOW = Date.UTC(2026, 10, 24, 9);
const TAG_ADDED = anEventType('contact.tag.added').samples[0]?.body ?? '';
const context = { runId: 'run_1', now: NOW, body: aBody(TAG_ADDED) };

function shown(path: readonly ExplainedStep[]): unknown[] {
  return path.map(({ entry, branches }) => {
    const line = `${entry.step} ${entry.outcome} ${(entry.at - NOW) / DAY}`;
    return branches === undefined ? line : [line, shown(branches.received), shown(branches.timed_out)];
  });
}

describe('a dry run', () => {
  test('shows the way that would be taken, with delays passed and what would be sent', () => {
    const steps = [
      decision('q', [webhook('y', { template: '{{data.tag.id}}' })], [webhook('n')]),
      delay('d', { for: 'P2D' }),
      email('m'),
    ];
    const explained = explain(workflowProgram(aWorkflow(steps)), context);
    expect(shown(explained.path)).toEqual(['q yes 0', 'y done 0', 'd waiting 0', 'm done 2']);
    expect(explained.path.map(({ effect }) => effect?.kind ?? null)).toEqual([
      null,
      'webhook',
      null,
      'email',
    ]);
    expect(explained.path[1]?.effect).toMatchObject({ body: '141002' });
    expect(explained).toMatchObject({ end: { kind: 'finished', reason: 'end' }, endsAt: NOW + 2 * DAY });
  });

  const waiting = workflowProgram(
    aWorkflow([
      wait('v', [webhook('got'), wait('w', [], [exit('x')])], [delay('d'), webhook('late')]),
      webhook('after'),
    ]),
  );

  test('shows both ways where an event is waited for, and goes on from the later one', () => {
    const explained = explain(waiting, context);
    expect(shown(explained.path)).toEqual([
      ['v waiting 0', ['got done 0', ['w waiting 0', [], ['x ended 3']]], ['d waiting 3', 'late done 4']],
      'after done 4',
    ]);
    expect(explained.endsAt).toBe(NOW + 4 * DAY);
  });

  test('or the one that is chosen', () => {
    expect(shown(explain(waiting, context, { v: 'received', w: 'timed_out' }).path)).toEqual([
      'v received 0',
      'got done 0',
      'w waiting 0',
      'w timed_out 3',
      'x ended 3',
    ]);
    expect(shown(explain(waiting, context, { v: 'timed_out' }).path)).toEqual([
      'v waiting 0',
      'v timed_out 3',
      'd waiting 3',
      'late done 4',
      'after done 4',
    ]);
  });

  test('goes on from the branch that does when the other one ends', () => {
    const steps = (received: object[], timedOut: object[]) =>
      workflowProgram(aWorkflow([wait('v', received, timedOut), webhook('after')]));
    expect(shown(explain(steps([], [exit('x')]), context).path).at(-1)).toBe('after done 0');
    expect(shown(explain(steps([exit('x')], []), context).path).at(-1)).toBe('after done 3');
    const both = explain(workflowProgram(aWorkflow([wait('v', [exit('a')], [exit('b')])])), context);
    expect(both).toMatchObject({ end: { reason: 'exit' }, endsAt: NOW + 3 * DAY });
  });

  test('shows a step that would fail', () => {
    const steps = [webhook('a', { template: '{{data.contact.fields.city}}' }), webhook('b')];
    const stop = explain(workflowProgram(aWorkflow(steps)), context);
    expect(shown(stop.path)).toEqual(['a failed 0']);
    expect(stop.end).toMatchObject({ kind: 'failed', step: 'a', failure: { code: 'missing_member' } });
    const goOn = explain(workflowProgram(aWorkflow(steps, { on_error: 'continue' })), context);
    expect(shown(goOn.path)).toEqual(['a failed 0', 'b done 0']);
  });

  test('says of any workflow what the run then does', () => {
    fc.assert(
      fc.property(anyWorkflow, fc.oneof(fc.constant(TAG_ADDED), fc.json()), (workflow, raw) => {
        const parsed = parseWorkflow(workflow, checkedAgainst);
        if (!parsed.ok) return;
        const program = compileWorkflow(parsed.workflow);
        const body = aBody(raw);
        const ids = [...program.steps.keys()];
        const choices = Object.fromEntries(ids.map((id): [string, 'timed_out'] => [id, 'timed_out']));
        const explained = explain(program, { ...context, body }, choices);

        let now = NOW;
        let state: RunState = { status: 'new' };
        const effects: unknown[] = [];
        for (let calls = 0; state.status !== 'ended'; calls++) {
          expect(calls).toBeLessThanOrEqual(ids.length);
          const signal = { kind: state.status === 'new' ? ('start' as const) : ('timer' as const) };
          const advanced = advance(program, state, signal, { ...context, body, now });
          effects.push(...advanced.effects);
          state = advanced.state;
          if (state.status === 'waiting') now = state.until;
        }
        expect(explained.path.flatMap(({ effect }) => effect ?? [])).toEqual(effects);
        expect(explained.end).toEqual(state.end);
        expect(explained.endsAt).toBe(now);
        expect(shown(explain(program, { ...context, body }).path).flat(50).length).toBeLessThanOrEqual(
          ids.length,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('a test of a rule', () => {
  const program = ruleProgram(
    aRule({ trigger: { event_type: 'contact.tag.added', scope: { tag: 141002 } } }),
  );

  test('says whether the event would start it, and what it would do', () => {
    const matched = dryRun(program, anEvent('contact.tag.added'), NOW);
    expect(matched.verdict).toEqual({ matched: true, trigger: 0 });
    expect(matched.explanation?.path).toMatchObject([
      { entry: { step: 'action_1' }, effect: { kind: 'webhook' } },
    ]);
    expect(dryRun(program, anEvent('contact.tag.added', '{"data":{"tag":{"id":1}}}'), NOW)).toMatchObject({
      verdict: { matched: false, failures: [{ part: 'scope', verdict: { actual: 1 } }] },
      explanation: null,
    });
    expect(dryRun(program, anEvent('call.ended'), NOW)).toEqual({ verdict: null, explanation: null });
  });
});
