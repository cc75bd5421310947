/** W8, W13: a run that is looked at late goes by when its events were accepted. */

import { expect, test } from 'vitest';
import { DAY } from '../duration.ts';
import { type Advance, advance, type RunContext } from './advance.ts';
import {
  aBody,
  anEvent,
  anEventType,
  aWorkflow,
  delay,
  wait,
  webhook,
  workflowProgram,
} from './testdata/definitions.ts';
import { lookAtRun } from './wake.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const WANTED = '{"data":{"tag":{"id":141002}}}';

function aContext(over: Partial<RunContext> = {}): RunContext {
  const body = aBody(anEventType('contact.tag.added').samples[0]?.body ?? '');
  return { runId: 'run_1', now: NOW, body, ...over };
}

const step = wait('v', [webhook('got')], [webhook('late')], {
  condition: { field: 'data.tag.id', op: 'equals', value: 141002 },
});
const first = advance(
  workflowProgram(aWorkflow([step, webhook('after')])),
  { status: 'new' },
  { kind: 'start' },
  aContext(),
);
const stepsOf = (advanced: Advance) => advanced.effects.map((effect) => effect.step);

test('W13: an event that came before the wait began is not late by that', () => {
  const program = workflowProgram(aWorkflow([delay('d', { for: 'P3D' }), { ...step, since: 'start' }]));
  const begun = advance(program, { status: 'new' }, { kind: 'start' }, aContext());
  const at = NOW + 3 * DAY;
  const waiting = advance(program, begun.state, { kind: 'timer' }, aContext({ now: at }));
  const events = [{ ...anEvent('contact.tag.removed', WANTED, NOW + 1), id: 'evt_0' }];
  const look = (now: number) => lookAtRun(program, waiting.state, events, aContext({ now }), 'enabled');
  expect(look(at + DAY).history[0]).toMatchObject({ outcome: 'received', event_id: 'evt_0' });
  expect(look(at + DAY + 1).next).toMatchObject({ kind: 'skipped', code: 'overdue' });
});

test('W8: looked at late, the first event in time that matches decides, and only then the timer', () => {
  const other = '{"data":{"tag":{"id":7}}}';
  const look = (events: Array<[raw: string, acceptedAt: number]>, now = NOW + 4 * DAY) =>
    lookAtRun(
      workflowProgram(aWorkflow([step, webhook('after')], { max_overdue: 'P2D' })),
      first.state,
      events.map(([raw, at], n) => ({ ...anEvent('contact.tag.removed', raw, at), id: `evt_${n}` })),
      aContext({ now }),
      'enabled',
    );
  const inTime = NOW + 3 * DAY - 1;
  expect(look([[WANTED, inTime]]).history[0]).toMatchObject({ outcome: 'received', event_id: 'evt_0' });
  expect(
    look([
      [other, NOW + DAY],
      [WANTED, inTime],
      [WANTED, inTime],
    ]).history[0],
  ).toMatchObject({ event_id: 'evt_1' });
  expect(stepsOf(look([[other, inTime]]))).toEqual(['late', 'after']);
  expect(
    stepsOf(
      look([
        [other, inTime],
        [WANTED, NOW + 3 * DAY],
      ]),
    ),
  ).toEqual(['late', 'after']);
  expect(look([[other, NOW + DAY]], NOW + 2 * DAY).ignored).toEqual({ code: 'not_due' });
  expect(look([]).history[0]).toMatchObject({ outcome: 'timed_out' });
  // W13: counted from the event that is acted on.
  expect(look([[WANTED, inTime]], inTime + 2 * DAY).history[0]).toMatchObject({ outcome: 'received' });
  expect(look([[WANTED, inTime]], inTime + 2 * DAY + 1)).toMatchObject({
    effects: [],
    next: { kind: 'skipped', code: 'overdue' },
  });
});
