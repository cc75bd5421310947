/** P8: a whole node behind an outgoing proxy that fails: deliveries wait for it, in order, and nobody is charged. */

import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aConnectProxy, type ConnectProxy } from '../src/net/testdata/connectProxy.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';

let receiver: Receiver;
let proxy: ConnectProxy;
let served: Served;

beforeEach(async () => {
  receiver = await startReceiver();
  proxy = aConnectProxy();
  await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.server.address() as AddressInfo;
  served = await startServed({ env: { MIRSAL_PROXY_URL: `http://user:p%40ss@127.0.0.1:${port}` } });
  await served.call('POST', '/v1/event-types', { name: 'proxy.test', schema: { type: 'object' } });
});

afterEach(async () => {
  await served.close();
  await receiver.close();
  await new Promise((resolve) => proxy.server.close(resolve));
});

test('a proxy that answers 502 costs no attempt and no budget; what waited arrives in order (P3)', async () => {
  proxy.mood = 502;
  const { body: endpoint } = await served.call('POST', '/v1/endpoints', {
    url: `${receiver.url}/in`,
    event_types: ['proxy.test'],
    retry: { preset: 'none' },
  });
  await served.call('POST', '/v1/events/batch', {
    events: [0, 1, 2].map((n) => ({ type: 'proxy.test', data: { n } })),
  });
  const oldest = async () => (await served.call('GET', '/v1/deliveries')).body.data.at(-1);
  const waiting = await until(oldest, (found) => found?.state === 'waiting' && found.attempt_count >= 2);
  expect(waiting.reason).toContain('own_outage');
  proxy.mood = 'open';
  const all = await until(
    async () => (await served.call('GET', '/v1/deliveries')).body.data,
    (found) => found.every(({ state }: { state: string }) => state === 'delivered'),
  );
  expect(all).toHaveLength(3);
  expect(receiver.received.map(({ body }) => JSON.parse(body).data.n)).toEqual([0, 1, 2]);
  const { body: delivery } = await served.call('GET', `/v1/deliveries/${waiting.id}`);
  expect(delivery.attempts[0]).toMatchObject({
    outcome: 'connect',
    error: expect.stringMatching(/^proxy_failed: .*Nothing is wrong with the endpoint/),
  });
  expect((await served.call('GET', '/v1/budget')).body).toMatchObject({ errors: 0 });
  const { body: shown } = await served.call('GET', `/v1/endpoints/${endpoint.id}`);
  expect(shown).toMatchObject({ enabled: true, failing: null });
  expect(proxy.heads[0]).toContain('proxy-authorization: Basic dXNlcjpwQHNz\r\n');
});
