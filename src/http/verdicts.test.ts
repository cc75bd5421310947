/** Verdicts as the API shows them: a reason in English, and a text in the language that is asked for (P12). */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, passUntil } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };
const ARABIC = { 'accept-language': 'ar' };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const post = async (path: string, body: object, headers = {}) => {
  const { status, body: answer } = await server.call('POST', path, body, headers);
  expect(status, JSON.stringify(answer)).toBeLessThan(300);
  return answer;
};
const publish = async (tag: number) =>
  post('/v1/events', { type: 'contact.tag.added', data: support.aTagEvent(tag).value });
const shown = async (id: string, headers = {}) =>
  (await server.call('GET', `/v1/events/${id}`, undefined, headers)).body;
/** Without the marks around what a machine reads. */
const plain = (text: string) => text.replaceAll(/[\u2068\u2069]/g, '');

const condition = { field: 'data.tag.id', op: 'equals', value: 7 };

describe('an event says why it was not for somebody', () => {
  test('in English and in the language that is asked for', async () => {
    await post('/v1/endpoints', {
      url: 'https://a.example/x',
      event_types: ['contact.tag.added'],
      condition,
    });
    const wanted = { event_type: 'contact.tag.added', scope: { tag: 9 } };
    await post('/v1/rules', {
      name: 'r',
      trigger: wanted,
      actions: [{ type: 'webhook', url: 'https://b.example/x' }],
    });
    const { id } = await publish(5);
    const [english, arabic] = [await shown(id), await shown(id, ARABIC)];
    const reasons = ['data.tag.id is 5; wanted: equals 7', 'tag is 5; wanted: 9'];
    expect(english.verdicts).toMatchObject(reasons.map((reason) => ({ reason, reason_text: reason })));
    expect(english.verdicts[0]).toMatchObject({ clause: condition, actual: 5 });
    expect(arabic.verdicts).toMatchObject(reasons.map((reason) => ({ reason })));
    expect(arabic.verdicts.map(({ reason_text }: { reason_text: string }) => plain(reason_text))).toEqual([
      'قيمة data.tag.id هي 5، والمطلوب أن تساوي 7',
      'قيمة tag هي 5، والمطلوب 9',
    ]);
    expect([english.reason, english.reason_text, arabic.reason_text]).toEqual([
      'nothing_wanted_it: all 2 endpoints, rules and workflows that take this type of event said no',
      'all 2 endpoints, rules and workflows that take this type of event said no',
      'لم يقبله أيّ من الاثنين المعنيّين بهذا النوع من الأحداث من وجهات وقواعد وسير عمل',
    ]);
  });

  test('and why it was for somebody, or for nobody at all', async () => {
    const { id: nobody } = await publish(5);
    expect(await shown(nobody, ARABIC)).toMatchObject({
      reason: expect.stringContaining('nothing_wanted_it: '),
      reason_text: 'لا تستقبل أيّ وجهة هذا النوع من الأحداث',
    });
    await post('/v1/endpoints', { url: 'https://a.example/x', event_types: ['contact.tag.added'] });
    const { id } = await publish(5);
    expect(await shown(id, ARABIC)).toMatchObject({
      reason: null,
      reason_text: null,
      verdicts: [{ matched: true, reason_text: 'تستقبل هذا النوع من الأحداث، وتحقّق شرطها إن كان لها شرط' }],
    });
  });

  test('a plan without webhooks is a reason of its own', async () => {
    await post('/v1/endpoints', { url: 'https://a.example/x', event_types: ['contact.tag.added'] });
    await server.store.updateWorkspace(support.WORKSPACE, { plan: 'starter' }, server.clock.now(), 'test');
    await server.engine.routingChanged(support.WORKSPACE);
    const { id } = await publish(5);
    const { verdicts } = await shown(id, ARABIC);
    expect(verdicts).toMatchObject([
      {
        matched: false,
        reason: "plan_without_webhooks: the workspace's plan does not include webhooks",
        reason_text: 'لا تشمل خطة مساحة العمل خطافات الويب.',
      },
    ]);
  });
});

describe('a decision says why it said no', () => {
  const workflow = {
    name: 'w',
    triggers: [{ event_type: 'contact.tag.added' }],
    steps: [{ id: 'is_seven', type: 'decision', condition, yes: [], no: [{ id: 'out', type: 'exit' }] }],
  };

  test('in a dry run', async () => {
    const input = { definition: workflow, event_type: 'contact.tag.added' };
    const { path } = await post('/v1/workflows/test', input, ARABIC);
    expect(path[0]).toMatchObject({ outcome: 'no', reason: expect.stringContaining('; wanted: equals 7') });
    expect(plain(path[0].reason_text)).toMatch(/^قيمة data\.tag\.id هي \d+، والمطلوب أن تساوي 7$/);
  });

  test('of a trigger, too', async () => {
    const triggers = [{ event_type: 'contact.tag.added', scope: { tag: 9 } }];
    const input = { definition: { ...workflow, triggers }, event_type: 'contact.tag.added' };
    const { verdict } = await post('/v1/workflows/test', input, ARABIC);
    expect(plain(verdict.reason_text)).toMatch(/^قيمة tag هي \d+، والمطلوب 9$/);
    expect(verdict.failures).toMatchObject([{ reason_text: verdict.reason_text }]);
  });

  test('in the history of a run', async () => {
    await post('/v1/workflows', { ...workflow, enabled: true });
    await publish(5);
    const runs = async () => (await server.call('GET', '/v1/runs?state=finished')).body.data;
    await passUntil(server.clock, async () => (await runs()).length === 1);
    const [{ id }] = await runs();
    const { steps } = (await server.call('GET', `/v1/runs/${id}`, undefined, ARABIC)).body;
    const { verdict } = steps[0].details;
    expect(verdict).toMatchObject({ matched: false, reason: 'data.tag.id is 5; wanted: equals 7' });
    expect(plain(verdict.reason_text)).toBe('قيمة data.tag.id هي 5، والمطلوب أن تساوي 7');
    expect(verdict).not.toHaveProperty('why');
  });
});
