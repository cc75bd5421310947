/** Who may not manage sees no secret that stands in a URL, wherever that URL is kept. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { type Served, startServed, until } from '../../test/support/served.ts';

const SECRET = 's3cr3tT0ken99';
let served: Served;
let receiver: Receiver;
let reading: { authorization: string };

beforeEach(async () => {
  receiver = await startReceiver();
  served = await startServed();
  const { body } = await served.call('POST', '/v1/api-keys', { name: 'reads', scopes: ['read'] });
  reading = { authorization: `Bearer ${body.key}` };
  await served.call('POST', '/v1/event-types', { name: 'mask.test', schema: { type: 'object' } });
});

afterEach(async () => {
  await served.close();
  await receiver.close();
});

test('endpoints, rules, versions, exports, dry runs, attempts, notices, system events and the audit log', async () => {
  const path = `/in/${SECRET}?token=${SECRET}`;
  const url = receiver.url + path;
  receiver.answerWith((request) => (request.path === '/told' ? 200 : 410));
  const told = { url: `${receiver.url}/told`, event_types: ['endpoint.disabled'] };
  await served.call('POST', '/v1/endpoints', told);
  const { body: endpoint } = await served.call('POST', '/v1/endpoints', { url, event_types: ['mask.test'] });
  expect(endpoint.url).toBe(url);
  const actions = [{ type: 'webhook', url: `${receiver.url}/typed/${SECRET}` }];
  const { body: rule } = await served.call('POST', '/v1/rules', {
    name: 'r',
    trigger: { event_type: 'mask.test' },
    actions,
  });
  expect(rule.actions[0].url).toContain(SECRET);
  await served.call('PATCH', `/v1/endpoints/${endpoint.id}`, { url: `${url}&b=2` });
  await served.call('POST', '/v1/events', { type: 'mask.test', data: {} });
  const { body: listed } = await until(
    () => served.call('GET', '/v1/deliveries'),
    ({ body }) => body.data.filter((one: { ended_at: string | null }) => one.ended_at !== null).length === 4,
  );
  const paths = [
    '/v1/endpoints',
    `/v1/endpoints/${endpoint.id}`,
    '/v1/rules',
    `/v1/rules/${rule.id}`,
    `/v1/rules/${rule.id}/versions`,
    '/v1/rules/export',
    ...listed.data.map(({ id }: { id: string }) => `/v1/deliveries/${id}`),
    '/v1/notices',
    '/v1/events?type=endpoint.disabled',
    '/v1/audit',
  ];
  for (const where of paths) {
    const shown = await served.call('GET', where, undefined, reading);
    expect(shown.status, where).toBe(200);
    expect(JSON.stringify(shown.body), where).not.toContain(SECRET);
  }
  const events = (await served.call('GET', '/v1/events?type=endpoint.disabled', undefined, reading)).body
    .data;
  for (const { id } of events) {
    const event = await served.call('GET', `/v1/events/${id}`, undefined, reading);
    expect(JSON.stringify(event.body)).not.toContain(SECRET);
  }
  const dry = await served.call('POST', '/v1/rules/test', { id: rule.id, event_type: 'mask.test' }, reading);
  expect(JSON.stringify(dry.body)).not.toContain(SECRET);

  // The audit log hides it from everybody; a key that may manage sees the rest.
  expect(JSON.stringify((await served.call('GET', '/v1/audit')).body)).not.toContain(SECRET);
  expect((await served.call('GET', `/v1/endpoints/${endpoint.id}`)).body.url).toBe(`${url}&b=2`);
  expect((await served.call('GET', `/v1/rules/${rule.id}`)).body.actions).toEqual(actions);
  const attempts = await Promise.all(
    listed.data.map(({ id }: { id: string }) => served.call('GET', `/v1/deliveries/${id}`)),
  );
  expect(attempts.filter(({ body }) => body.attempts[0].request.url.includes(SECRET))).toHaveLength(2);
  // What was sent is whole, of course; but a system event is for everybody who subscribes to it.
  const sent = receiver.received.map((request) => request.path).filter((to) => to !== '/told');
  expect(sent.sort()).toEqual([`${path}&b=2`, `/typed/${SECRET}`].sort());
  expect(
    receiver
      .of('/told')
      .map(({ body }) => body)
      .join(),
  ).not.toContain(SECRET);

  const { body: masked } = await served.call('GET', '/v1/rules/export', undefined, reading);
  const imported = await served.call('POST', '/v1/rules/import', masked);
  expect(imported.status).toBeGreaterThanOrEqual(400);
  expect(JSON.stringify(imported.body)).toContain('masked');
});
