/** W22: what a step asks for and cannot be done, or for which there is no room. */

import { describe, expect, test } from 'vitest';
import { type Advance, advance, type RunContext } from './advance.ts';
import { sizeOf } from './step.ts';
import {
  aBody,
  anEventType,
  aWorkflow,
  email,
  exit,
  webhook,
  workflowProgram,
} from './testdata/definitions.ts';

const BODY = anEventType('contact.tag.added').samples[0]?.body ?? '';

function started(steps: object[], overrides: object = {}, over: Partial<RunContext> = {}): Advance {
  const context = { runId: 'run_1', now: 0, body: aBody(BODY), ...over };
  return advance(workflowProgram(aWorkflow(steps, overrides)), { status: 'new' }, { kind: 'start' }, context);
}

const outcomes = (advanced: Advance) => advanced.history.map(({ step, outcome }) => `${step} ${outcome}`);

describe('what cannot be done', () => {
  const can = { hasTarget: () => false, sendsMail: false };

  test.each([
    [webhook('a'), 'endpoint_gone'],
    [email('a'), 'no_mail_server'],
  ])('W22: %j fails once, with the reason; under "stop" the run ends there', (step, code) => {
    const stopped = started([step, exit('b')], {}, { can });
    expect(stopped.next).toMatchObject({ kind: 'failed', step: 'a', failure: { code } });
    expect(outcomes(stopped)).toEqual(['a failed']);
    const on = started([step, exit('b')], { on_error: 'continue' }, { can });
    expect(outcomes(on)).toEqual(['a failed', 'b ended']);
    expect([...stopped.effects, ...on.effects]).toEqual([]);
  });

  test.each([
    [webhook('a', { template: { tag: '{{data.tag.name}}' } })],
    [webhook('a', { members: ['data.tag.name'] })],
    [email('a', { text: '{{data.tag.name}}' })],
  ])('W22: %j fails where there is no room left, and what fits is done', (step) => {
    const fitting = started([step], {}, { room: 10_000 });
    expect(fitting.next).toMatchObject({ kind: 'finished' });
    const size = fitting.effects.reduce((sum, effect) => sum + sizeOf(effect), 0);
    expect(size).toBeGreaterThan(0);
    expect(started([step], {}, { room: size }).effects).toHaveLength(1);
    expect(started([step], {}, { room: size - 1 }).next).toMatchObject({ failure: { code: 'too_large' } });
    const twice = started([step, { ...step, id: 'b' }], {}, { room: 2 * size - 1 });
    expect(outcomes(twice)).toEqual(['a done', 'b failed']);
  });
});

describe('the address in an event', () => {
  const to = (address: unknown): Advance =>
    started(
      [email('a', { to: { field: 'data.contact.email' } })],
      {},
      { body: aBody(JSON.stringify({ type: 'contact.tag.added', data: { contact: { email: address } } })) },
    );

  test('is used without the marks and spaces around it', () => {
    expect(to('\u200e sam@example.com\u00a0').effects).toMatchObject([{ to: ['sam@example.com'] }]);
  });

  test.each([
    ['sam@exam\u200eple.com', 'U+200E LEFT-TO-RIGHT MARK'],
    ['sam\u00a0b@example.com', 'U+00A0 NO-BREAK SPACE'],
    ['sam', 'must be one e-mail address'],
    [5, 'no e-mail address'],
  ])('%j fails the step, and what is wrong with it is named', (address, message) => {
    expect(to(address).next).toMatchObject({
      failure: { code: 'not_an_address', message: expect.stringContaining(message) },
    });
  });
});
