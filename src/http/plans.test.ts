/** A1: what a workspace's plan lets it do, through the API. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY, HOUR } from '../core/duration.ts';
import { DEFAULT_PLANS, planOf } from '../core/plan.ts';
import { realRandom } from '../real.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

const TIGHT = {
  name: 'tight',
  webhooks: true,
  limits: { ...planOf([], 'any').limits, endpoints: 2, rules: 0, events_per_day: 5, retention_days: 7 },
};
const plans = [...DEFAULT_PLANS.slice(0, 2), TIGHT, ...DEFAULT_PLANS.slice(2)];

let server: TestServer;
beforeEach(async () => {
  server = await aServer(
    {
      ...parts,
      anEngine: (store, clock, overrides) => support.anEngine(store, clock, { ...overrides, plans }),
    },
    { plans },
  );
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

async function take(plan: string): Promise<void> {
  await server.store.updateWorkspace(support.WORKSPACE, { plan }, server.clock.now(), 'test');
  await server.engine.routingChanged(support.WORKSPACE);
}

const create = () =>
  server.call('POST', '/v1/endpoints', { url: 'https://a.example/hook', event_types: ['*'] });
const publish = (count: number, key?: string) =>
  server.call(
    'POST',
    '/v1/events/batch',
    {
      events: Array.from({ length: count }, (_, n) => ({
        type: 'contact.tag.added',
        data: support.aTagEvent(n).value,
      })),
    },
    key === undefined ? {} : { 'idempotency-key': key },
  );

describe('a plan without webhooks', () => {
  test('shows everything and changes nothing, and says which plan would do', async () => {
    const { body: endpoint } = await create();
    await take('growth');
    const refused = await create();
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'plan_required', plan: 'tight' });
    expect(refused.body.detail).toContain('The plan "tight" does.');
    for (const [method, path, body] of [
      ['PATCH', `/v1/endpoints/${endpoint.id}`, { name: 'x' }],
      ['POST', `/v1/endpoints/${endpoint.id}/enable`, {}],
      ['POST', `/v1/endpoints/${endpoint.id}/test`, { event_type: 'contact.created' }],
    ] as const) {
      expect((await server.call(method, path, body)).body.code).toBe('plan_required');
    }
    expect((await server.call('GET', '/v1/endpoints')).body.data).toHaveLength(1);
    expect((await server.call('POST', `/v1/endpoints/${endpoint.id}/disable`)).status).toBe(200);
    expect((await server.call('DELETE', `/v1/endpoints/${endpoint.id}`)).status).toBe(204);
  });

  test('events are taken and kept, delivered nowhere, and say why', async () => {
    await create();
    await take('growth');
    const { status, body } = await publish(1);
    expect([status, body.events[0].deliveries]).toEqual([202, 0]);
    const { verdicts } = (await server.call('GET', `/v1/events/${body.events[0].id}`)).body;
    expect(verdicts).toMatchObject([{ matched: false, reason: expect.stringContaining('plan') }]);
  });
});

describe('limits', () => {
  test('of endpoints answer with what was reached, and with the plan that allows more', async () => {
    await take('tight');
    await create();
    await create();
    const refused = await create();
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'limit_reached', limit: 2, reached: 2, plan: 'advanced' });
  });

  test('of events count what was accepted that day; a repeat is free, a batch all or nothing', async () => {
    await take('tight');
    server.clock.move(DAY - (server.clock.now() % DAY) - HOUR);
    expect((await publish(4, 'a')).status).toBe(202);
    expect((await publish(4, 'a')).headers['idempotent-replayed']).toBe('true');
    const refused = await publish(2);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('3600');
    expect(refused.body).toMatchObject({ code: 'daily_limit_reached', limit: 5, reached: 4 });
    expect((await publish(1)).status).toBe(202);
    expect((await publish(1)).status).toBe(429);
    server.clock.move(HOUR);
    expect((await publish(5)).status).toBe(202);
  });

  test('of retention bound the settings', async () => {
    await take('tight');
    const refused = await server.call('PATCH', '/v1/settings', { retention: { bodies_days: 8 } });
    expect(refused.body).toMatchObject({
      code: 'limit_reached',
      errors: [{ field: '/retention/bodies_days' }],
    });
    expect((await server.call('PATCH', '/v1/settings', { retention: { bodies_days: 7 } })).status).toBe(200);
  });

  test('are listed, from the least plan to the most', async () => {
    const { data } = (await server.call('GET', '/v1/plans')).body;
    expect(data.map(({ name }: { name: string }) => name)).toEqual(plans.map(({ name }) => name));
    expect(data[2]).toEqual(TIGHT);
  });
});

test('the budget is shown with who has used it', async () => {
  server.answerWith(() => {
    throw new Error('not asked');
  });
  const { body } = await server.call('GET', '/v1/budget');
  expect(body).toEqual({ limit: 30, window_s: 1_800, scope: 'workspace', errors: 0, endpoints: [] });
});
