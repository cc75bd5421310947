/** The stream of changes: on one node, on two, and what becomes of those who come back, are slow, or may not watch any more. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { API_KEY, callsTo, INSTANCE_KEY } from './support/process.ts';
import { type Served, startServed, until } from './support/served.ts';
import { storeEnv } from './support/stores.ts';
import { readStream, type StreamReader, tells } from './support/stream.ts';

const open: StreamReader[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.close();
});

async function watch(served: Served, options: Parameters<typeof readStream>[1] = {}): Promise<StreamReader> {
  const stream = await readStream(served.url, options);
  open.push(stream);
  expect(stream.status).toBe(200);
  await stream.find(({ event }) => event === 'ready' || event === 'reset');
  return stream;
}

let types = 0;

/** An own event type, and an endpoint of this node's bin that wants it. */
async function aBinned({ call }: Served): Promise<{ type: string; endpoint: string; bin: string }> {
  types += 1;
  const type = `custom.t${types}`;
  expect((await call('POST', '/v1/event-types', { name: type })).status).toBe(201);
  const bin = (await call('POST', '/v1/bins', {})).body;
  const made = await call('POST', '/v1/endpoints', { url: bin.url, event_types: [type] });
  expect(made.status).toBe(201);
  return { type, endpoint: made.body.id, bin: bin.id };
}

async function publish({ call }: Served, type: string): Promise<void> {
  expect((await call('POST', '/v1/events', { type, data: {} })).status).toBe(202);
}

describe('on one node', () => {
  let served: Served;
  beforeAll(async () => {
    served = await startServed();
  });
  afterAll(() => served.close());

  test('tells of what was accepted, delivered, captured, changed and noticed, and of nothing else', async () => {
    const { type, endpoint, bin } = await aBinned(served);
    const stream = await watch(served);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    expect(stream.text()).toMatch(/^retry: \d+\n\n/);
    await publish(served, type);
    for (const kind of ['event', 'delivery', 'bin']) await stream.find(tells(kind));
    // From its second change on, a thing is told by its id.
    await publish(served, type);
    await stream.find(tells('delivery', endpoint));
    await stream.find(tells('bin', bin));
    await served.call('POST', `/v1/endpoints/${endpoint}/disable`);
    await stream.find(tells('endpoint'));
    await served.call('POST', `/v1/endpoints/${endpoint}/enable`, { held: 'send' });
    await stream.find(tells('endpoint', endpoint));
    await stream.find(tells('notice'));
    await served.call('PATCH', '/v1/settings', { language: 'ar' });
    await stream.find(tells('settings'));
    for (const { data } of stream.messages) {
      const things = (data.hints ?? []).map((hint: object) => JSON.stringify(hint));
      expect(new Set(things).size).toBe(things.length);
    }
  });

  test('tells of runs, replays and jobs', async () => {
    const { type, endpoint } = await aBinned(served);
    const stream = await watch(served);
    const rule = {
      name: 'Tell',
      trigger: { event_type: type },
      actions: [{ type: 'webhook', endpoint_id: endpoint }],
    };
    expect((await served.call('POST', '/v1/rules', rule)).status).toBe(201);
    await publish(served, type);
    await stream.find(tells('run'));
    await until(
      async () =>
        (await served.call('GET', `/v1/deliveries?endpoint_id=${endpoint}&state=delivered`)).body.data,
      (deliveries) => deliveries.length === 2,
    );
    const replay = await served.call('POST', `/v1/endpoints/${endpoint}/replay`, {
      since: '2020-01-01T00:00:00Z',
      states: ['delivered'],
    });
    expect(replay.status).toBeLessThan(300);
    await stream.find(tells('replay'));
    const filter = { states: ['delivered'] };
    const job = await served.call('POST', '/v1/deliveries/replay', { filter });
    await stream.find(tells('job', job.body.id));
  });

  test('gathers: many events at once are few messages, and their last state is told', async () => {
    const { type } = await aBinned(served);
    const stream = await watch(served, { path: '/v1/stream?kinds=event' });
    const startedAt = performance.now();
    for (let count = 0; count < 60; count += 1) await publish(served, type);
    await stream.find(tells('event'));
    const last = stream.messages.length;
    await publish(served, type);
    await until(
      async () => stream.messages.length,
      (length) => length > last,
    );
    const quarters = (performance.now() - startedAt) / 250;
    expect(stream.messages.length).toBeLessThanOrEqual(quarters + 3);
    expect(
      stream.messages.flatMap(({ data }) => data.hints ?? []).every(({ kind }) => kind === 'event'),
    ).toBe(true);
  });

  test('who comes back is told what has changed since, at once, and of nothing where nothing has', async () => {
    const { type } = await aBinned(served);
    const before = await watch(served);
    await publish(served, type);
    await before.find(tells('bin'));
    before.close();
    await publish(served, type);
    await until(
      async () => (await served.call('GET', `/v1/deliveries?type=${type}&state=delivered`)).body.data,
      (deliveries) => deliveries.length === 2,
    );
    const lastId = before.messages.at(-1)?.id ?? '';
    const after = await watch(served, { lastId });
    const missed = await after.find(({ event }) => event === 'changed');
    const kinds = missed.data.hints.map(({ kind }: { kind: string }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['event', 'delivery', 'bin']));
    expect(kinds).not.toContain('settings');
    const path = '/v1/stream?kinds=event,settings';
    const again = await watch(served, { path, lastId: after.messages.at(-1)?.id ?? '' });
    await served.call('PATCH', '/v1/settings', { language: 'en' });
    const first = await again.find(({ event }) => event === 'changed');
    expect(first.data.hints).toEqual([{ kind: 'settings', id: null }]);
  });

  test.each(['17', '0.1.2', '1.x.y', '1.1.2.3.4.5.6.7.8.9.-1'])(
    'an id that is none of ours (%s) is answered by a reset',
    async (lastId) => {
      const stream = await watch(served, { lastId });
      expect(stream.messages[0]).toMatchObject({ event: 'reset' });
      const back = await watch(served, { lastId: stream.messages[0]?.id ?? '' });
      expect(back.messages[0]).toMatchObject({ event: 'ready' });
    },
  );

  test('a hint of another workspace is never seen', async () => {
    const asInstance = { authorization: `Bearer ${INSTANCE_KEY}` };
    const other = (await served.call('POST', '/v1/workspaces', { name: 'Other' }, asInstance)).body.id;
    const made = await served.call(
      'POST',
      '/v1/api-keys',
      { name: 'Other', scopes: ['read', 'manage', 'publish'] },
      { ...asInstance, 'mirsal-workspace': other },
    );
    const stream = await watch(served, { key: made.body.key });
    const mine = await watch(served);
    const { type } = await aBinned(served);
    await publish(served, type);
    await mine.find(tells('bin'));
    // What is told of next is its own: had the other's been told, it would have come first.
    const change = { authorization: `Bearer ${made.body.key}` };
    await served.call('PATCH', '/v1/settings', { language: 'ar' }, change);
    const [, first] = (await stream.find(tells('settings'))) && stream.messages;
    expect(first?.data.hints).toEqual(expect.arrayContaining([{ kind: 'settings', id: null }]));
    expect(stream.messages.some(tells('event'))).toBe(false);
  });

  test('ends when its key is revoked, and not for other keys', async () => {
    const made = (await served.call('POST', '/v1/api-keys', { name: 'Page', scopes: ['read'] })).body;
    const stream = await watch(served, { key: made.key });
    const other = await watch(served);
    expect((await served.call('DELETE', `/v1/api-keys/${made.id}`)).status).toBe(204);
    await stream.ended;
    const { type } = await aBinned(served);
    await publish(served, type);
    await other.find(tells('event'));
  });

  test('ends when its workspace is deleted', async () => {
    const body = { name: 'Going' };
    const asInstance = { authorization: `Bearer ${INSTANCE_KEY}` };
    const made = (await served.call('POST', '/v1/workspaces', body, asInstance)).body;
    const stream = await watch(served, { key: made.api_key.key });
    expect((await served.call('DELETE', `/v1/workspaces/${made.id}`, undefined, asInstance)).status).toBe(
      202,
    );
    await stream.ended;
  });

  test('needs the scope read, known kinds, and a key that has not too many of them', async () => {
    const made = (await served.call('POST', '/v1/api-keys', { name: 'P', scopes: ['publish'] })).body;
    expect((await readStream(served.url, { key: made.key })).status).toBe(403);
    const unknown = await readStream(served.url, { path: '/v1/stream?kinds=event,weather' });
    expect(unknown.status).toBe(400);
    const reader = (await served.call('POST', '/v1/api-keys', { name: 'R', scopes: ['read'] })).body;
    const streams = await Promise.all(Array.from({ length: 50 }, () => watch(served, { key: reader.key })));
    const refused = await readStream(served.url, { key: reader.key });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('5');
    streams[0]?.close();
    await until(
      async () => {
        const again = await readStream(served.url, { key: reader.key });
        open.push(again);
        return again.status;
      },
      (status) => status === 200,
    );
  });
});

test('a node that stops ends its streams at once, and says to come back', async () => {
  const served = await startServed();
  try {
    const stream = await watch(served);
    const stopped = served.running.stop();
    await stream.ended;
    expect(stream.text()).toMatch(/retry: 1000\n\n$/);
    await stopped;
  } finally {
    await served.close();
  }
});

test('a connection that is gone is forgotten, and costs the others nothing', async () => {
  const served = await startServed();
  try {
    const socket = connect(served.running.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`GET /v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    const stream = await watch(served);
    const { type } = await aBinned(served);
    await publish(served, type);
    await stream.find(tells('event'));
  } finally {
    await served.close();
  }
});

describe('on two nodes of one PostgreSQL', () => {
  let one: Served;
  let other: Served;
  beforeAll(async () => {
    const env = {
      ...(await storeEnv('PostgreSQL')),
      MIRSAL_SECRET: 'one secret for all nodes of the database',
    };
    one = await startServed({ env });
    other = await startServed({ env });
  });
  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
  });

  test('what happens at one is told at the other, and who changes nodes is told what it has missed', async () => {
    const { type, endpoint } = await aBinned(one);
    const stream = await watch(other);
    const call = callsTo(one.url);
    await publish(one, type);
    for (const kind of ['event', 'delivery']) await stream.find(tells(kind));
    await publish(one, type);
    await stream.find(tells('delivery', endpoint));
    const bin = (await call('POST', '/v1/bins', {})).body;
    await fetch(bin.url, { method: 'POST', body: '{}' });
    await stream.find(tells('bin', bin.id));
    const lastId = stream.messages.at(-1)?.id ?? '';
    stream.close();
    await call('POST', `/v1/endpoints/${endpoint}/disable`);
    const moved = await watch(one, { lastId });
    await moved.find(tells('endpoint'));
  });

  test('a key that is revoked at one ends its streams at the other', async () => {
    const made = (await one.call('POST', '/v1/api-keys', { name: 'Page', scopes: ['read'] })).body;
    const stream = await watch(other, { key: made.key });
    expect((await one.call('DELETE', `/v1/api-keys/${made.id}`)).status).toBe(204);
    await stream.ended;
  });
});
