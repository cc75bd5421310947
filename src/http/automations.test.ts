/** Rules, workflows and their runs through the API. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY } from '../core/duration.ts';
import { DEFAULT_PLANS, planOf } from '../core/plan.ts';
import { realRandom } from '../real.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };
const ONE_RULE = {
  name: 'one-rule',
  webhooks: true,
  limits: { ...planOf([], 'any').limits, endpoints: 1, rules: 1 },
};
const plans = [...DEFAULT_PLANS.slice(0, 2), ONE_RULE, ...DEFAULT_PLANS.slice(2)];

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts, { plans });
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const URL_OF_RULE = 'https://rules.example/hook';
const rule = (overrides: object = {}) => ({
  name: 'Tell the CRM',
  trigger: { event_type: 'contact.tag.added', scope: { tag: 5 } },
  condition: { field: 'data.contact.email', op: 'ends_with', value: '@example.com' },
  actions: [{ type: 'webhook', url: URL_OF_RULE, template: { tag: '{{data.tag.id}}' } }],
  ...overrides,
});
const workflow = (overrides: object = {}) => ({
  name: 'Welcome',
  triggers: [{ event_type: 'contact.tag.added' }],
  steps: [
    { id: 'first', type: 'webhook', url: URL_OF_RULE },
    { id: 'pause', type: 'delay', for: 'P1D' },
    {
      id: 'reply',
      type: 'wait_for_event',
      event_type: 'contact.tag.removed',
      timeout: 'PT2H',
      received: [{ id: 'thanks', type: 'webhook', url: 'https://rules.example/thanks' }],
      timed_out: [],
    },
    { id: 'last', type: 'exit' },
  ],
  ...overrides,
});
const create = (path: 'rules' | 'workflows', body: object) => server.call('POST', `/v1/${path}`, body);
const list = async (path: string) => (await server.call('GET', `/v1/${path}`)).body.data;
const publish = async (n: number) =>
  (
    await server.call('POST', '/v1/events', {
      type: 'contact.tag.added',
      data: support.aTagEvent(n).value,
    })
  ).body;
const fieldsOf = ({ body }: { body: { errors: Array<{ field: string }> } }) =>
  body.errors.map(({ field }) => field);

describe('a rule', () => {
  test('is made with defaults, with an endpoint for its typed URL', async () => {
    const { status, body } = await create('rules', rule());
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...rule(),
      enabled: true,
      position: 0,
      version: 1,
      max_activations_per_subject: 20,
      activation_period: 'P1D',
      on_error: 'continue',
    });
    expect(body.id).toMatch(/^rule_/);
    const [endpoint] = await list('endpoints');
    expect(endpoint).toMatchObject({
      url: URL_OF_RULE,
      name: rule().name,
      automation_id: body.id,
      used_by: [body.id],
    });
    expect(body.endpoints).toEqual([{ url: URL_OF_RULE, endpoint_id: endpoint.id }]);
    const { warnings, ...shown } = body;
    expect(warnings).toEqual([]);
    expect(await list('rules')).toEqual([shown]);
    expect((await server.call('GET', `/v1/rules/${body.id}`)).body).toEqual(shown);
    expect((await server.call('GET', `/v1/workflows/${body.id}`)).status).toBe(404);
    const moved = await server.call('PATCH', `/v1/endpoints/${endpoint.id}`, { url: 'https://b.example/' });
    expect(fieldsOf(moved)).toEqual(['/url']);
  });

  test('shares the endpoint of a URL with all others of its workspace that name it: one secret, one order', async () => {
    const other = 'https://other.example/';
    await server.call('POST', '/v1/endpoints', { url: URL_OF_RULE, event_types: ['contact.tag.removed'] });
    const made = await Promise.all([
      ...[1, 2].map((n) => create('rules', rule({ name: `Rule ${n}` }))),
      create('workflows', {
        name: 'Flow',
        triggers: [{ event_type: 'contact.tag.added' }],
        steps: [
          {
            id: 'either',
            type: 'decision',
            condition: { field: 'data', op: 'exists', value: true },
            yes: [
              { id: 'tell', type: 'webhook', url: URL_OF_RULE, template: { type: 'webhook', url: other } },
            ],
            no: [],
          },
        ],
      }),
    ]);
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
    const found = (await server.call('GET', `/v1/endpoints?url=${encodeURIComponent(URL_OF_RULE)}`)).body
      .data;
    expect(found).toHaveLength(2);
    const [shared, connected] = found;
    expect(connected).toMatchObject({ automation_id: null, used_by: [] });
    expect(shared.used_by.toSorted()).toEqual(made.map(({ body }) => body.id).toSorted());
    for (const { body } of made) {
      expect(body.endpoints).toEqual([{ url: URL_OF_RULE, endpoint_id: shared.id }]);
    }
    const { secret } = (await server.call('GET', `/v1/endpoints/${shared.id}/secret`)).body;
    expect(secret).toMatch(/^whsec_/);
    const event = (await publish(5)).id;
    const { deliveries } = (await server.call('GET', `/v1/events/${event}`)).body;
    expect(deliveries.map(({ endpoint_id }: { endpoint_id: string }) => endpoint_id)).toEqual([
      shared.id,
      shared.id,
      shared.id,
    ]);
    expect(deliveries.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1, 2, 3]);
  });

  test('with faults tells all of them at once, URLs among them, each with its pointer', async () => {
    const answer = await create('rules', {
      trigger: { event_type: 'contact.tag.added', scope: { funnel: 1 } },
      condition: { field: 'data.contact.email', op: 'nope', value: 1 },
      actions: [
        { type: 'webhook', url: 'https://forbidden.example/' },
        { type: 'webhook', endpoint_id: 'ep_1' },
        { type: 'email', to: 'nobody', subject: 'x', text: '{{data.nothing}}' },
      ],
      colour: 'red',
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_definition' } });
    expect(fieldsOf(answer).sort()).toEqual([
      '/actions/0/url',
      '/actions/1/endpoint_id',
      '/actions/2/text',
      '/actions/2/to',
      '/colour',
      '/condition/op',
      '/name',
      '/trigger/scope/funnel',
    ]);
    expect(await list('rules')).toEqual([]);
    expect((await create('rules', {})).body.code).toBe('invalid_definition');
  });

  test('whose only fault is where its webhook goes is refused as such', async () => {
    const answer = await create('rules', rule({ actions: [{ type: 'webhook', url: 'http://forbidden/' }] }));
    expect(answer).toMatchObject({ status: 422, body: { code: 'target_refused' } });
    expect(fieldsOf(answer)).toEqual(['/actions/0/url']);
    expect(await list('endpoints')).toEqual([]);
  });

  test('is changed by what is named alone; what it does makes versions, being enabled does not', async () => {
    const { id } = (await create('rules', rule())).body;
    const actions = [{ type: 'webhook', url: 'https://other.example/' }];
    const changed = await server.call('PATCH', `/v1/rules/${id}`, { actions, condition: null, position: 7 });
    expect(changed.body).toMatchObject({
      id,
      name: rule().name,
      condition: null,
      actions,
      position: 7,
      version: 2,
    });
    expect(changed.body.endpoints).toMatchObject([{ url: 'https://other.example/' }]);
    const off = (await server.call('PATCH', `/v1/rules/${id}`, { enabled: false })).body;
    expect([off.enabled, off.version]).toEqual([false, 2]);
    const versions = await list(`rules/${id}/versions`);
    expect(versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
    expect(versions[1]).toMatchObject({ definition: rule(), created_by: expect.stringMatching(/^key:/) });
    expect(fieldsOf(await server.call('PATCH', `/v1/rules/${id}`, { actions: [] }))).toEqual(['/actions']);
    const waiting = await server.call('PATCH', `/v1/rules/${id}`, { waiting_runs: 'cancel' });
    expect(fieldsOf(waiting)).toEqual(['/waiting_runs']);
    expect(await list('endpoints')).toHaveLength(2);
  });

  test('keeps different members that are changed at once', async () => {
    const { body } = await create('rules', rule());
    const parts = [
      { name: 'Another' },
      { condition: null },
      { trigger: { event_type: 'contact.tag.removed' } },
    ];
    const answers = await Promise.all(
      parts.map((part) => server.call('PATCH', `/v1/rules/${body.id}`, part)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const kept = (await server.call('GET', `/v1/rules/${body.id}`)).body;
    expect(kept).toMatchObject({ name: 'Another', trigger: { event_type: 'contact.tag.removed' } });
    expect(kept.condition ?? null).toBeNull();
  });

  test('whose endpoint was deleted gets it anew when it is saved', async () => {
    const { id, endpoints } = (await create('rules', rule())).body;
    await server.call('DELETE', `/v1/endpoints/${endpoints[0].endpoint_id}`);
    const shown = (await server.call('GET', `/v1/rules/${id}`)).body;
    expect(shown.endpoints).toEqual([{ url: URL_OF_RULE, endpoint_id: null }]);
    const saved = (await server.call('PATCH', `/v1/rules/${id}`, {})).body;
    expect(saved.endpoints).toEqual([{ url: URL_OF_RULE, endpoint_id: (await list('endpoints'))[0].id }]);
    expect(saved.version).toBe(1);
  });

  test('is disabled, enabled, copied and deleted', async () => {
    const { id } = (await create('rules', rule())).body;
    const act = (action: string) => server.call('POST', `/v1/rules/${id}/${action}`);
    expect((await act('disable')).body.enabled).toBe(false);
    expect((await publish(5)).runs).toBe(0);
    expect((await act('enable')).body.enabled).toBe(true);
    const copy = await act('duplicate');
    expect(copy.status).toBe(201);
    expect(copy.body).toMatchObject({ name: 'Tell the CRM (copy)', enabled: false, position: 1, version: 1 });
    expect(await list('endpoints')).toMatchObject([{ automation_id: id, used_by: [id, copy.body.id] }]);
    expect((await server.call('DELETE', `/v1/rules/${id}`)).status).toBe(204);
    expect((await act('enable')).body.code).toBe('not_found');
    expect((await list('rules')).map((one: { id: string }) => one.id)).toEqual([copy.body.id]);
    // Who named its URL first stays known.
    expect(await list('endpoints')).toMatchObject([{ automation_id: id, used_by: [copy.body.id] }]);
  });

  test('acts where it stands in the list', async () => {
    await create('rules', rule({ name: 'b' }));
    await create('rules', rule({ name: 'c', position: 5 }));
    await create('rules', rule({ name: 'a', position: 0 }));
    await create('rules', rule({ name: 'd' }));
    expect((await list('rules')).map(({ name }: { name: string }) => name)).toEqual(['b', 'a', 'c', 'd']);
  });

  test('P12: fires on an event; its delivery says so, and a refusal says why not', async () => {
    const { id } = (await create('rules', rule())).body;
    const { body: other } = await create(
      'workflows',
      workflow({ triggers: [{ event_type: 'contact.tag.added', scope: { tag: 6 } }] }),
    );
    const accepted = await publish(5);
    expect(accepted).toMatchObject({ deliveries: 1, runs: 1 });
    await expect
      .poll(() => server.sent.map(({ url, body }) => [url, JSON.parse(body)]))
      .toEqual([[URL_OF_RULE, { tag: 5 }]]);
    const { body } = await server.call('GET', `/v1/events/${accepted.id}`);
    expect(body.deliveries).toMatchObject([{ source: { kind: 'rule', id } }]);
    expect(body.runs).toMatchObject([{ automation_id: id, state: 'finished' }]);
    expect(body.verdicts).toMatchObject([
      {
        matched: false,
        source: { kind: 'workflow', id: other.id },
        clause: { scope: { tag: 6 } },
        actual: 5,
      },
    ]);
    const none = await server.call('GET', `/v1/events/${(await publish(4)).id}`);
    expect(none.body.runs).toEqual([]);
    expect(none.body.verdicts).toHaveLength(2);
    expect(none.body.reason).toContain('all 2 endpoints, rules and workflows');
  });
});

describe('rules as a document', () => {
  test('go out and in again, disabled and without their ids', async () => {
    await create('rules', rule({ name: 'one' }));
    await create('rules', rule({ name: 'two', position: 9 }));
    const exported = (await server.call('GET', '/v1/rules/export')).body;
    expect(exported.rules.map(({ name }: { name: string }) => name)).toEqual(['one', 'two']);
    for (const one of await list('rules')) await server.call('DELETE', `/v1/rules/${one.id}`);
    const imported = await server.call('POST', '/v1/rules/import', exported);
    expect(imported.status).toBe(201);
    const expected = exported.rules.map((one: object, position: number) => ({
      ...one,
      enabled: false,
      position,
    }));
    expect(imported.body.data).toMatchObject(expected);
    expect((await server.call('GET', '/v1/rules/export')).body).toEqual({ rules: expected });
    expect((await publish(5)).runs).toBe(0);
  });

  test('come in all or none, with the faults of all', async () => {
    const faulty = [
      rule(),
      rule({ name: '' }),
      rule({ actions: [{ type: 'webhook', url: 'https://forbidden/' }] }),
    ];
    const answer = await server.call('POST', '/v1/rules/import', { rules: faulty });
    expect(answer.body.code).toBe('invalid_definition');
    expect(fieldsOf(answer)).toEqual(['/rules/1/name', '/rules/2/actions/0/url']);
    expect(await list('rules')).toEqual([]);
    expect((await server.call('POST', '/v1/rules/import', { rules: [] })).status).toBe(400);
    expect((await server.call('POST', '/v1/workflows/import', { workflows: [workflow()] })).status).toBe(201);
  });
});

describe('a dry run', () => {
  test('of a rule with a sample shows what would be sent, and sends nothing', async () => {
    const definition = rule({ trigger: { event_type: 'contact.tag.added' }, condition: null });
    const { status, body } = await server.call('POST', '/v1/rules/test', { definition });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      event: { type: 'contact.tag.added', id: null },
      verdict: { matched: true, trigger: 0 },
      path: [
        {
          step: 'action_1',
          outcome: 'done',
          sends: { kind: 'webhook', url: URL_OF_RULE, endpoint_id: null },
        },
      ],
      end: { kind: 'finished', reason: 'end' },
    });
    expect(JSON.parse(body.path[0].sends.body).tag).toEqual(expect.any(Number));
    expect([await list('rules'), await list('runs'), await list('events')]).toEqual([[], [], []]);
    expect(server.sent).toEqual([]);
  });

  test('with a past event gives the verdict, and its reason where it is no', async () => {
    const { id, endpoints } = (await create('rules', rule({ enabled: false }))).body;
    const [yes, no] = [await publish(5), await publish(4)];
    const matched = (await server.call('POST', '/v1/rules/test', { id, event_id: yes.id })).body;
    expect(matched.path).toMatchObject([
      { sends: { body: '{"tag":5}', endpoint_id: endpoints[0].endpoint_id } },
    ]);
    const refused = (await server.call('POST', '/v1/rules/test', { id, event_id: no.id })).body;
    expect(refused).toMatchObject({
      verdict: { matched: false, failures: [{ part: 'scope', actual: 4, clause: { scope: { tag: 5 } } }] },
      path: [],
      end: null,
    });
  });

  test('of a workflow shows delays with their times, and waits both ways', async () => {
    const { id } = (await create('workflows', workflow())).body;
    const now = server.clock.now();
    const at = (ms: number) => new Date(now + ms).toISOString();
    const { body } = await server.call('POST', '/v1/workflows/test', { id });
    expect(body.path).toMatchObject([
      { step: 'first', at: at(0) },
      { step: 'pause', outcome: 'waiting', until: at(DAY) },
      { step: 'reply', at: at(DAY), branches: { received: [{ step: 'thanks' }], timed_out: [] } },
      { step: 'last', type: 'exit' },
    ]);
    expect(body.end.kind).toBe('finished');
    const waits = { reply: 'received' };
    const chosen = (await server.call('POST', '/v1/workflows/test', { id, waits })).body;
    expect(chosen.path.map(({ step }: { step: string }) => step)).toEqual([
      'first',
      'pause',
      'reply',
      'thanks',
      'last',
    ]);
  });

  test.each([
    [{}, '/definition'],
    [{ id: 'rule_1', definition: rule() }, '/id'],
    [{ definition: rule(), event_id: 'x', sample: 'y' }, '/event_id'],
    [{ definition: rule({ name: 5 }) }, '/definition/name'],
    [{ definition: rule(), event_type: 'contact.tag.aded' }, '/event_type'],
    [{ definition: rule(), sample: 'x' }, '/sample'],
  ])('that is asked for wrongly is refused, naming the member: %j', async (body, field) => {
    expect(fieldsOf(await server.call('POST', '/v1/rules/test', body))).toEqual([field]);
  });

  test('needs no more than the right to read', async () => {
    const authorization = `Bearer ${await server.key(['read'])}`;
    const call = (path: string, body: object) => callApp(server.app, 'POST', path, body, { authorization });
    expect((await call('/v1/rules/test', { definition: rule() })).status).toBe(200);
    expect((await call('/v1/rules', rule())).body.code).toBe('scope_required');
  });
});

describe('runs', () => {
  test('are listed, shown with their history, and cancelled', async () => {
    const { id } = (await create('workflows', workflow())).body;
    expect(id).toMatch(/^wf_/);
    const event = await publish(1);
    const started = server.clock.now();
    const [run] = await list('runs');
    expect(run).toMatchObject({
      automation_id: id,
      version: 1,
      event_id: event.id,
      event_type: 'contact.tag.added',
      subject: '1',
      state: 'waiting',
      due_at: new Date(started + DAY).toISOString(),
      waits_for: null,
    });
    const shown = (await server.call('GET', `/v1/runs/${run.id}`)).body;
    expect(shown.steps).toMatchObject([
      { step: 'first', kind: 'webhook', details: { outcome: 'done' } },
      { step: 'pause', kind: 'delay', details: { outcome: 'waiting', until: run.due_at } },
    ]);
    for (const [query, count] of [
      [`automation_id=${id}`, 1],
      ['automation_id=rule_1', 0],
      [`event_id=${event.id}`, 1],
      ['event_id=none', 0],
      ['state=waiting', 1],
      ['state=failed', 0],
    ] as const) {
      expect(await list(`runs?${query}`), query).toHaveLength(count);
    }
    expect((await server.call('GET', '/v1/runs?automation_id=ep_1')).status).toBe(400);
    const cancelled = await server.call('POST', `/v1/runs/${run.id}/cancel`);
    expect(cancelled.body).toMatchObject({ id: run.id, state: 'cancelled', due_at: null });
    const again = await server.call('POST', `/v1/runs/${run.id}/cancel`);
    expect(again).toMatchObject({ status: 409, body: { code: 'run_ended' } });
  });

  test('of one workflow are cancelled together, by hand or by a new version', async () => {
    const { id } = (await create('workflows', workflow())).body;
    await publish(1);
    await publish(2);
    const cancel = () => server.call('POST', `/v1/workflows/${id}/cancel-runs`);
    expect([(await cancel()).body, (await cancel()).body]).toEqual([{ cancelled: 2 }, { cancelled: 0 }]);
    await publish(3);
    const patch = (body: object) => server.call('PATCH', `/v1/workflows/${id}`, body);
    await patch({ name: 'kept' });
    expect(await list('runs?state=waiting')).toMatchObject([{ version: 1 }]);
    await patch({ name: 'moved', waiting_runs: 'move' });
    expect(await list('runs?state=waiting')).toMatchObject([{ version: 3 }]);
    await patch({ name: 'cancelled', waiting_runs: 'cancel' });
    expect(await list('runs?state=waiting')).toEqual([]);
    expect(fieldsOf(await patch({ waiting_runs: 'drop' }))).toEqual(['/waiting_runs']);
  });

  test('of a deleted workflow still say whose they are', async () => {
    const { id } = (await create('workflows', workflow())).body;
    await publish(1);
    await server.call('DELETE', `/v1/workflows/${id}`);
    expect(await list('runs')).toMatchObject([{ automation_id: id, state: 'cancelled' }]);
  });
});

describe('the plan', () => {
  const take = async (plan: string) => {
    await server.store.updateWorkspace(support.WORKSPACE, { plan }, server.clock.now(), 'test');
    await server.engine.routingChanged(support.WORKSPACE);
  };

  test('bounds rules and workflows together, also those that are copied or imported', async () => {
    await take('one-rule');
    const two = await server.call('POST', '/v1/rules/import', { rules: [rule(), rule()] });
    expect(two.body).toMatchObject({ code: 'limit_reached', limit: 1, reached: 0, plan: 'advanced' });
    const { id } = (await create('rules', rule())).body;
    const refused = await create('workflows', workflow());
    expect(refused).toMatchObject({ status: 403, body: { code: 'limit_reached', limit: 1, reached: 1 } });
    expect((await server.call('POST', `/v1/rules/${id}/duplicate`)).body.code).toBe('limit_reached');
    // Endpoints of rules leave room for others.
    const endpoint = { url: 'https://a.example/', event_types: ['*'] };
    expect((await server.call('POST', '/v1/endpoints', endpoint)).status).toBe(201);
  });

  test('without webhooks shows everything and changes nothing', async () => {
    const { id } = (await create('rules', rule())).body;
    await take('growth');
    for (const [method, path, body] of [
      ['POST', '/v1/rules', rule()],
      ['PATCH', `/v1/rules/${id}`, { name: 'x' }],
      ['POST', `/v1/rules/${id}/enable`, undefined],
      ['POST', `/v1/rules/${id}/duplicate`, undefined],
      ['POST', '/v1/rules/import', { rules: [rule()] }],
    ] as const) {
      expect((await server.call(method, path, body)).body.code, path).toBe('plan_required');
    }
    expect(await list('rules')).toHaveLength(1);
    expect((await server.call('POST', `/v1/rules/${id}/disable`)).status).toBe(200);
    expect((await server.call('DELETE', `/v1/rules/${id}`)).status).toBe(204);
  });
});
