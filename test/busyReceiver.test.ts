/**
 * A real receiver that admits so many requests a second and answers `429` with `Retry-After` beyond that, a real
 * node, and real time: everything arrives, in order, and the endpoint is neither charged nor disabled (P3, P8).
 */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';

let receiver: Receiver;
let served: Served;

beforeEach(async () => {
  receiver = await startReceiver();
  served = await startServed();
  await served.call('POST', '/v1/event-types', { name: 'busy.test', schema: { type: 'object' } });
});

afterEach(async () => {
  await served.close();
  await receiver.close();
});

const publish = (count: number) =>
  served.call('POST', '/v1/events/batch', {
    events: Array.from({ length: count }, (_, n) => ({ type: 'busy.test', data: { n } })),
  });

const deliveries = async (): Promise<Array<{ state: string; id: string }>> =>
  (await served.call('GET', '/v1/deliveries?limit=100')).body.data;

test('N1, N2: an honest 429 costs neither attempts nor budget, and everything arrives in order (P3, P8)', async () => {
  const arrived: number[] = [];
  let isFull = false;
  receiver.answerWith(({ body }) => {
    // Two are taken, then one is sent away.
    isFull = arrived.length > 0 && arrived.length % 2 === 0 && !isFull;
    if (isFull) return { status: 429, headers: { 'retry-after': '1' } };
    arrived.push(JSON.parse(body).data.n);
    return 200;
  });
  const { body: endpoint } = await served.call('POST', '/v1/endpoints', {
    url: `${receiver.url}/busy`,
    event_types: ['busy.test'],
  });
  await publish(7);
  const all = await until(deliveries, (found) => found.every(({ state }) => state === 'delivered'));
  expect(all).toHaveLength(7);
  expect(arrived).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(receiver.received).toHaveLength(10);
  const { body: budget } = await served.call('GET', '/v1/budget');
  expect(budget).toMatchObject({ errors: 0 });
  const { body: shown } = await served.call('GET', `/v1/endpoints/${endpoint.id}`);
  expect(shown).toMatchObject({ enabled: true, failing: null, rate_limit: null });
  const put = await Promise.all(
    all.map(async ({ id }) => (await served.call('GET', `/v1/deliveries/${id}`)).body.attempts),
  );
  const notes = put.flat().filter(({ status }: { status: number }) => status === 429);
  expect(notes).toHaveLength(3);
  for (const { note } of notes) expect(note).toContain('no attempt is used up');
});

test('endpoints are found by exactly their URL', async () => {
  const urls = ['/a', '/a', '/a?x=1', '/ab'].map((path) => receiver.url + path);
  for (const url of urls) await served.call('POST', '/v1/endpoints', { url, event_types: ['busy.test'] });
  const find = async (url: string): Promise<string[]> => {
    const { body } = await served.call('GET', `/v1/endpoints?url=${encodeURIComponent(url)}`);
    return body.data.map((endpoint: { url: string }) => endpoint.url);
  };
  expect(await find(`${receiver.url}/a`)).toEqual([urls[0], urls[1]]);
  expect(await find(`${receiver.url}/a?x=1`)).toEqual([urls[2]]);
  expect(await find(`${receiver.url}/none`)).toEqual([]);
});

test('`rate_limit` is kept over real HTTP, is shown, changed and taken away again', async () => {
  const at: number[] = [];
  receiver.answerWith(() => {
    at.push(performance.now());
    return 200;
  });
  const { body: endpoint } = await served.call('POST', '/v1/endpoints', {
    url: `${receiver.url}/slow`,
    event_types: ['busy.test'],
    ordering: { by: 'none', lanes: 4 },
    rate_limit: { per_second: 10 },
  });
  expect(endpoint.rate_limit).toEqual({ per_second: 10 });
  await publish(8);
  await until(deliveries, (found) => found.length === 8 && found.every(({ state }) => state === 'delivered'));
  // Eight starts, 100 ms apart. Requests may be held up on their way by a busy machine, so their sum is looked at.
  expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(500);
  const path = `/v1/endpoints/${endpoint.id}`;
  const faster = await served.call('PATCH', path, { rate_limit: { per_second: 0.5 } });
  expect(faster.body.rate_limit).toEqual({ per_second: 0.5 });
  expect((await served.call('PATCH', path, { rate_limit: null })).body.rate_limit).toBeNull();
  for (const wrong of [{ per_second: 0 }, { per_second: 1001 }, { per_minute: 5 }, 5]) {
    expect((await served.call('PATCH', path, { rate_limit: wrong })).status).toBe(400);
  }
});
