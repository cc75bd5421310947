/** Rules and workflows through the API: definitions as they are written, the loop brake, and what a run leaves behind. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY, SECOND } from '../core/duration.ts';
import { realRandom } from '../real.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const URL_OF_RULE = 'https://rules.example/hook';
const rule = (overrides: object = {}) => ({
  name: 'Tell the CRM',
  trigger: { event_type: 'contact.tag.added', scope: { tag: 5 } },
  condition: null,
  actions: [{ type: 'webhook', url: URL_OF_RULE, template: { tag: '{{data.tag.id}}' } }],
  ...overrides,
});
const create = (path: 'rules' | 'workflows', body: object) => server.call('POST', `/v1/${path}`, body);
const list = async (path: string) => (await server.call('GET', `/v1/${path}`)).body.data;
const fieldsOf = ({ body }: { body: { errors: Array<{ field: string }> } }) =>
  body.errors.map(({ field }) => field);

describe('a rule', () => {
  test('W19: keeps its template as it was typed, in every answer and in what is sent', async () => {
    const template = '{"10":1.10,"9":[-0,7615917337495251231],"x":"{{data.tag.id}}"}';
    const condition = '{"field":"data.tag.id","op":"less_than","value":7615917337495251231}';
    const written = JSON.stringify(rule({ condition: 'C' }))
      .replace('{"tag":"{{data.tag.id}}"}', template)
      .replace('"C"', condition);
    const authorization = `Bearer ${await server.key(['read', 'manage'])}`;
    const call = (method: 'POST' | 'PATCH' | 'GET', path: string, payload?: string) =>
      server.app.inject({
        method,
        url: path,
        headers:
          payload === undefined ? { authorization } : { authorization, 'content-type': 'application/json' },
        ...(payload === undefined ? {} : { payload }),
      });
    const made = await call('POST', '/v1/rules', written);
    expect(made.statusCode, made.body).toBe(201);
    const { id } = made.json();
    const answers = [
      made,
      await call('GET', `/v1/rules/${id}`),
      await call('GET', '/v1/rules'),
      await call('PATCH', `/v1/rules/${id}`, '{"name":"Other"}'),
      await call('POST', `/v1/rules/${id}/duplicate`),
      await call('GET', `/v1/rules/${id}/versions`),
      await call('GET', '/v1/rules/export'),
      await call('POST', '/v1/rules/import', `{"rules":[${written}]}`),
    ];
    for (const { body } of answers) {
      expect(body).toContain(`"template":${template}`);
      expect(body).toContain(condition);
    }
    const tried = await call(
      'POST',
      '/v1/rules/test',
      `{"definition":${written.replace(',"scope":{"tag":5}', '')}}`,
    );
    expect(tried.json().path[0].sends.body).toMatch(/^{"10":1\.10,"9":\[-0,7615917337495251231\],"x":\d+}$/);
  });

  test('P12: tells of what would say no in silence when it is made, changed or tried, and saves it all the same', async () => {
    const slip = { trigger: { event_type: 'contact.tag.added', scope: { tag: 'VIP' } } };
    const warning = (field: string) => ({
      warnings: [{ field, code: 'scope_by_name', message: expect.any(String) }],
    });
    const made = (await create('rules', rule(slip))).body;
    expect(made).toMatchObject(warning('/trigger/scope/tag'));
    const patched = await server.call('PATCH', `/v1/rules/${made.id}`, { name: 'Other' });
    expect(patched).toMatchObject({ status: 200, body: warning('/trigger/scope/tag') });
    const tried = await server.call('POST', '/v1/rules/test', { definition: rule(slip) });
    expect(tried.body).toMatchObject(warning('/definition/trigger/scope/tag'));
    const stored = await server.call('POST', '/v1/rules/test', { id: made.id });
    expect(stored.body).toMatchObject(warning('/definition/trigger/scope/tag'));
    const imported = await server.call('POST', '/v1/rules/import', { rules: [rule(), rule(slip)] });
    expect(imported.body.data).toMatchObject([{ warnings: [] }, warning('/rules/1/trigger/scope/tag')]);
    expect((await server.call('PATCH', `/v1/rules/${made.id}`, rule())).body.warnings).toEqual([]);
    expect((await server.call('GET', `/v1/rules/${made.id}`)).body).not.toHaveProperty('warnings');
  });
});

describe('runs', () => {
  test('that stop at a failed step say which, why, and what it means in both languages', async () => {
    const { body } = await create('rules', rule({ on_error: 'stop' }));
    await server.call('DELETE', `/v1/endpoints/${body.endpoints[0].endpoint_id}`);
    const event = { type: 'contact.tag.added', data: support.aTagEvent(5).value };
    expect((await server.call('POST', '/v1/events', event)).body.runs).toBe(1);
    const [run] = (await server.call('GET', '/v1/runs', undefined, { 'accept-language': 'ar' })).body.data;
    expect(run).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^step_failed: [^:]+: endpoint_gone: /),
      reason_text: expect.stringMatching(/^فشلت الخطوة .+ حُذفت الوجهة التي تُرسِل إليها\.$/),
    });
  });

  test('name what they heard and sent, and these name them (P12)', async () => {
    const reply = { id: 'reply', type: 'wait_for_event', event_type: 'contact.tag.removed', timeout: 'PT2H' };
    const thanks = { id: 'thanks', type: 'webhook', url: URL_OF_RULE };
    const { id } = (
      await create('workflows', {
        name: 'Welcome',
        triggers: [{ event_type: 'contact.tag.added' }],
        steps: [{ ...reply, received: [thanks], timed_out: [] }],
      })
    ).body;
    await server.call('POST', '/v1/events', {
      type: 'contact.tag.added',
      data: support.aTagEvent(1).value,
    });
    const [{ id: run_id }] = await list('runs');
    const removed = { type: 'contact.tag.removed', data: support.aTagEvent(1).value, id: 'my-event' };
    await server.call('POST', '/v1/events', removed);
    // Each round of the engine comes a second after the last one.
    while ((await list('runs'))[0].state !== 'finished') server.clock.move(SECOND);
    const [waited, heard, sent] = (await server.call('GET', `/v1/runs/${run_id}`)).body.steps;
    expect([waited.details.outcome, heard.details]).toEqual([
      'waiting',
      { outcome: 'received', event_id: 'my-event' },
    ]);
    const delivery = (await server.call('GET', `/v1/deliveries/${sent.details.delivery_id}`)).body;
    expect(delivery.source).toEqual({ kind: 'workflow', id, run_id, step: 'thanks' });
    expect((await list('deliveries'))[0].source).toEqual(delivery.source);
    const event = (await server.call('GET', '/v1/events/my-event')).body;
    expect(event.releases).toEqual([{ run_id, automation_id: id, step: 'reply' }]);
    expect(event.reason).toMatch(/^run_released: /);
    const again = await server.call('POST', `/v1/deliveries/${delivery.id}/retry`);
    expect(again.body.source).toEqual(delivery.source);
  });
});

describe('the loop brake', () => {
  const once = (overrides: object = {}) =>
    rule({ max_activations_per_subject: 1, trigger: TAGGED, ...overrides });
  const TAGGED = { event_type: 'contact.tag.added' };
  const publishOf = async (contact: number) =>
    (
      await server.call('POST', '/v1/events', {
        type: 'contact.tag.added',
        data: support.aTagEvent(5, contact).value,
      })
    ).body.runs;

  test('B7: counts within a day, or another period, or for ever', async () => {
    await create('rules', once({ condition: null }));
    await create('rules', once({ condition: null, activation_period: 'PT1H' }));
    await create('rules', once({ condition: null, activation_period: 'ever' }));
    const counts = [await publishOf(1), await publishOf(1)];
    server.clock.move(DAY / 2);
    counts.push(await publishOf(1));
    server.clock.move(DAY / 2);
    counts.push(await publishOf(1));
    expect(counts).toEqual([3, 0, 1, 2]);
    expect(fieldsOf(await create('rules', once({ activation_period: 'daily' })))).toEqual([
      '/activation_period',
    ]);
  });

  test('B7: is reset by a person, for one contact or all, and by a change of the trigger alone', async () => {
    const { id } = (await create('rules', once({ condition: null }))).body;
    const reset = async (body: object) =>
      (await server.call('POST', `/v1/rules/${id}/reset-brake`, body)).body;
    const patch = (body: object) => server.call('PATCH', `/v1/rules/${id}`, body);
    expect([await publishOf(1), await publishOf(1), await publishOf(2)]).toEqual([1, 0, 1]);
    expect(await reset({ subject: '1' })).toEqual({ activations: 2 });
    expect([await publishOf(1), await publishOf(1), await publishOf(2)]).toEqual([1, 0, 0]);
    expect(await reset({})).toEqual({ activations: null });
    expect([await publishOf(1), await publishOf(2), await publishOf(2)]).toEqual([1, 1, 0]);
    await patch({ name: 'other', max_activations_per_subject: 2 });
    expect([await publishOf(1), await publishOf(1)]).toEqual([1, 0]);
    await patch({ trigger: { ...TAGGED, scope: { tag: 5 } } });
    expect([await publishOf(1), await publishOf(1), await publishOf(1)]).toEqual([1, 1, 0]);
    const audited = await list('audit?action=rule.brake_reset');
    expect(audited).toMatchObject([{ target: id, details: {} }, { details: { subject: '1' } }]);
    expect((await server.call('POST', '/v1/rules/rule_1/reset-brake', {})).status).toBe(404);
  });
});
