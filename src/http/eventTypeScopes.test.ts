/** What a trigger can be narrowed to, out of what was seen (B2). */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { MINUTE } from '../core/duration.ts';
import { realRandom } from '../real.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };
const TYPE = 'contact.tag.added';

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

async function publish(tag: string): Promise<void> {
  const { tag: _tag, ...data } = support.aTagEvent(1).value as Record<string, unknown>;
  const text = JSON.stringify({ type: TYPE, data: { ...data, tag: 'TAG' } }).replace('"TAG"', tag);
  const { status, text: answer } = await server.call('POST', '/v1/events', text);
  expect(status, answer).toBe(202);
  server.clock.move(MINUTE);
}
const scopes = (type: string, headers = {}) =>
  server.call('GET', `/v1/event-types/${type}/scopes`, undefined, headers);

test('the values that events had are listed with their latest names, the latest first (B2)', async () => {
  const start = server.clock.now();
  await publish('{"id":5,"name":"Old name"}');
  await publish('{"id":7,"name":"VIP"}');
  await publish('{"id":5,"name":"New name"}');
  const { body } = await scopes(TYPE);
  expect(body).toEqual({
    data: [
      {
        name: 'tag',
        title: { en: expect.any(String), ar: expect.any(String) },
        values: [
          {
            id: 5,
            label: 'New name',
            last_seen_at: new Date(start + 2 * MINUTE).toISOString(),
            event_count: 2,
          },
          { id: 7, label: 'VIP', last_seen_at: new Date(start + MINUTE).toISOString(), event_count: 1 },
        ],
      },
    ],
    events_looked_at: 3,
  });
});

test('an id beyond what a double holds keeps its digits, and a trigger takes it as it is listed', async () => {
  await publish('{"id":7615917337495251231,"name":"Big"}');
  const { text } = await scopes(TYPE);
  const id = /"id":(\d+)/.exec(text)?.[1];
  expect(id).toBe('7615917337495251231');
  const rule = `{"name":"r","trigger":{"event_type":"${TYPE}","scope":{"tag":${id}}},"actions":[{"type":"webhook","url":"https://a.example/x"}],"enabled":true}`;
  expect((await server.call('POST', '/v1/rules', rule)).status).toBe(201);
  const data = { ...(support.aTagEvent(1).value as object), tag: 'TAG' };
  const event = JSON.stringify({ type: TYPE, data }).replace('"TAG"', `{"id":${id},"name":"Big"}`);
  expect((await server.call('POST', '/v1/events', event)).body).toMatchObject({ deliveries: 1 });
});

test('P11: a body of more than 64 KiB is passed over, however many there are', async () => {
  await publish(`{"id":8,"name":${JSON.stringify('x'.repeat(70_000))}}`);
  await publish('{"id":9,"name":"Small"}');
  const { body } = await scopes(TYPE);
  expect(body.events_looked_at).toBe(2);
  expect(body.data[0].values).toMatchObject([{ id: 9, label: 'Small' }]);
});

test('samples that were sent as tests are no values, and a type nobody published has none', async () => {
  const endpoint = { url: 'https://a.example/x', event_types: [TYPE] };
  const { id } = (await server.call('POST', '/v1/endpoints', endpoint)).body;
  expect((await server.call('POST', `/v1/endpoints/${id}/test`, { event_type: TYPE })).status).toBe(202);
  expect((await scopes(TYPE)).body.data).toMatchObject([{ name: 'tag', values: [] }]);
  expect((await scopes('conversation.opened')).body).toEqual({ data: [], events_looked_at: 0 });
});

test('a type that does not exist is named with one that does', async () => {
  const { status, body } = await scopes('contact.tag.aded');
  expect([status, body.code]).toEqual([404, 'not_found']);
  expect(body.detail).toContain(TYPE);
});
