/** Publishing through the API: what is accepted, what is refused and how, and what comes out unharmed. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { Overloaded } from '../engine/engine.ts';
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

const tagEvent = (n = 1) => {
  const { type, value } = support.aTagEvent(n);
  return { type, data: value };
};
const publish = (body: unknown, headers?: Record<string, string>) =>
  server.call('POST', '/v1/events', body, headers);
const publishBatch = (body: unknown, headers?: Record<string, string>) =>
  server.call('POST', '/v1/events/batch', body, headers);
const anEndpoint = async (overrides: object = {}) =>
  (
    await server.call('POST', '/v1/endpoints', {
      url: 'https://a.example/hook',
      event_types: ['*'],
      ...overrides,
    })
  ).body;
const fieldsOf = (answer: { body: { errors: Array<{ field: string }> } }) =>
  answer.body.errors.map(({ field }) => field);
const customType = () => server.call('POST', '/v1/event-types', { name: 'thing.done' });

describe('an event that a delivery publishes', () => {
  const sentHeaders = () => Object.fromEntries(server.sent.at(-1)?.headers ?? []);

  test('is one deeper each time, and refused at the sixth: no loop has no end', async () => {
    await anEndpoint();
    let headers: Record<string, string> = {};
    for (let depth = 0; depth <= 5; depth += 1) {
      expect((await publish(tagEvent(depth), headers)).status).toBe(202);
      await expect.poll(() => server.sent.length).toBe(depth + 1);
      const sent = sentHeaders();
      expect(sent['mirsal-depth']).toBe(depth === 0 ? undefined : String(depth));
      headers = Object.fromEntries(Object.entries(sent).filter(([name]) => name.startsWith('mirsal-')));
    }
    const refused = await publish(tagEvent(6), headers);
    expect(refused).toMatchObject({ status: 422, body: { code: 'event_loop' } });
    const batch = await publishBatch({ events: [tagEvent(7)] }, headers);
    expect(batch).toMatchObject({ status: 422, body: { code: 'event_loop' } });
  });

  test.each([
    [{ 'mirsal-depth': '0' }, '1'],
    [{ 'mirsal-depth': '-9' }, '1'],
    [{ 'mirsal-depth': '1e9' }, '1'],
    [{ 'mirsal-attempt': '1', 'mirsal-depth': '' }, '1'],
    [{ 'mirsal-attempt': 'none' }, '1'],
    [{ 'mirsal-depth': '4' }, '5'],
  ])('by headers that somebody else wrote only ever counts as deeper: %j', async (headers, depth) => {
    await anEndpoint();
    await publish(tagEvent(), headers);
    await expect.poll(() => server.sent.length).toBe(1);
    expect(sentHeaders()['mirsal-depth']).toBe(depth);
  });
});

describe('work', () => {
  const codes = Array.from({ length: 4000 }, (_, index) => `code_${index}`);
  const schema = { type: 'object', properties: { list: { items: { enum: codes } } } };

  test('an event whose data takes too much to check is refused with its field; a smaller one is taken (P11)', async () => {
    expect((await server.call('POST', '/v1/event-types', { name: 'stock.counted', schema })).status).toBe(
      201,
    );
    const event = (count: number) => ({
      type: 'stock.counted',
      data: { list: Array(count).fill('code_3999') },
    });
    expect((await publish(event(100))).status).toBe(202);
    const refused = await publish(event(20_000));
    expect(refused).toMatchObject({ status: 422, body: { code: 'event_too_costly' } });
    expect(fieldsOf(refused)).toEqual(['/data']);
    const batch = await publishBatch({ events: [event(1), event(20_000)] });
    expect(batch).toMatchObject({ status: 422, body: { code: 'event_too_costly' } });
    expect(fieldsOf(batch)).toEqual(['/events/1/data']);
  });

  test('a condition that takes too much is a verdict that says so; the event is accepted, and others are served (P11, P12)', async () => {
    const { id: first } = await anEndpoint();
    const any = Array.from({ length: 90 }, (_, n) => ({
      field: 'data.text',
      op: 'contains',
      value: `b${n}`,
    }));
    const { id: costly } = await anEndpoint({ url: 'https://b.example/hook', condition: { any } });
    await customType();
    const answer = await publish({ type: 'thing.done', id: 'long', data: { text: 'a'.repeat(1_000_000) } });
    expect(answer).toMatchObject({ status: 202, body: { deliveries: 1 } });
    const { body } = await server.call('GET', '/v1/events/long');
    expect(body.deliveries).toMatchObject([{ endpoint_id: first }]);
    expect(body.verdicts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          source: expect.objectContaining({ id: costly }),
          reason: expect.stringMatching(/^work_limit: /),
        }),
      ]),
    );
  });
});

describe('an event', () => {
  test('is accepted with its counts, delivered, and shown with its deliveries and verdicts', async () => {
    const endpoint = await anEndpoint();
    const picky = await anEndpoint({ condition: { field: 'data.tag.name', op: 'equals', value: 'vip' } });
    const answer = await publish({ ...tagEvent(), id: 'order-1' });
    expect(answer).toMatchObject({ status: 202, body: { id: 'order-1', deliveries: 1, runs: 0 } });
    await expect.poll(() => server.sent.length).toBe(1);
    await expect
      .poll(async () => (await server.call('GET', '/v1/deliveries?state=delivered')).body.data.length)
      .toBe(1);
    const { body } = await server.call('GET', '/v1/events/order-1');
    expect(body).toMatchObject({
      id: 'order-1',
      type: 'contact.tag.added',
      reason: null,
      warnings: [],
      account: null,
    });
    expect(body.deliveries).toMatchObject([
      { endpoint_id: endpoint.id, state: 'delivered', attempts: [{ number: 1 }] },
    ]);
    expect(body.verdicts).toMatchObject([
      { endpoint_id: endpoint.id, matched: true },
      { endpoint_id: picky.id, matched: false, actual: 'tag 1' },
    ]);
  });

  test('P2: that nothing wanted is stored and says so', async () => {
    await publish({ ...tagEvent(), id: 'lonely' });
    const { body } = await server.call('GET', '/v1/events/lonely');
    expect(body).toMatchObject({ deliveries: [], verdicts: [] });
    expect(body.reason).toContain('nothing_wanted_it');
  });

  test('keeps its data unharmed: digits, member order, escapes, __proto__', async () => {
    await customType();
    await anEndpoint();
    const data = '{ "b":12345678901234567890.10, "1":"\\u00e9\\/", "a":1e400, "__proto__":{"x":[1,  2]} }';
    const account = '{"email":"o@example.com", "n":9007199254740993}';
    await publish(`{"type":"thing.done","id":"raw","data":${data},"account":${account}}`);
    const { text } = await server.call('GET', '/v1/events/raw');
    expect(text).toContain(`"data":${data},"account":${account}`);
    await expect.poll(() => server.sent.length).toBe(1);
    expect(server.sent[0]?.body).toContain(`"data":${data}`);
  });

  test('with several faults is refused with all of them', async () => {
    const answer = await publish({
      data: [],
      id: 'no spaces',
      created_at: 'yesterday',
      account: 'me',
      extra: 1,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(fieldsOf(answer).sort()).toEqual(['/account', '/created_at', '/data', '/extra', '/id', '/type']);
  });

  test.each([
    ['a\u0000b', 'U+0000'],
    ['x'.repeat(257), 'at most 256 characters'],
    ['x'.repeat(100_000), 'at most 256 characters'],
  ])('about %#, which no index can hold, is refused alone, its member named', async (id, message) => {
    const about = { name: 'thing.seen', subject: '/data/who/id', schema: { type: 'object' } };
    expect((await server.call('POST', '/v1/event-types', about)).status).toBe(201);
    const answer = await publish({ type: 'thing.seen', data: { who: { id } } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toEqual([
      { field: '/data/who/id', message: expect.stringContaining(message) },
    ]);
    const near = await publish(`{"type":"thing.seen","id":"near","data":{"who":{"id":7615917337495251231}}}`);
    expect(near.status).toBe(202);
    const found = await server.call('GET', '/v1/events?subject=7615917337495251231');
    expect(found.body.data.map((event: { id: string }) => event.id)).toEqual(['near']);
    expect((await server.call('GET', '/v1/events?subject=7615917337495251200')).body.data).toEqual([]);
  });

  test('of an unknown type is refused with the closest name', async () => {
    const answer = await publish({ type: 'contact.tag.add', data: {} });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'unknown_event_type', errors: [{ field: '/type' }] },
    });
    expect(answer.body.detail).toContain('"contact.tag.added"');
  });

  test('that its schema refuses is refused, or let through with warnings where the workspace warns', async () => {
    const strict = await publish({ type: 'contact.tag.added', data: {} });
    expect(strict).toMatchObject({ status: 422, body: { code: 'schema_violation' } });
    expect(fieldsOf(strict)).toContain('/data/tag');
    await server.call('PATCH', '/v1/settings', { validation: 'warn' });
    const warned = await publish({ type: 'contact.tag.added', id: 'odd', data: {} });
    expect(warned.status).toBe(202);
    expect(warned.body.warnings.map(({ field }: { field: string }) => field)).toContain('/data/tag');
    expect((await server.call('GET', '/v1/events/odd')).body.warnings).toEqual(warned.body.warnings);
  });

  test('with a member twice is refused, naming it', async () => {
    await customType();
    const answer = await publish('{"type":"thing.done","data":{"a":1},"data":{"a":2}}');
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'duplicate_member', errors: [{ field: '/data' }] },
    });
  });
});

describe('a repeat', () => {
  test('of an id is answered as the first time; another event under it is a conflict', async () => {
    await anEndpoint();
    const first = await publish({ ...tagEvent(), id: 'x' });
    const again = await publish({ ...tagEvent(), id: 'x' });
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    const other = await publish({ ...tagEvent(2), id: 'x' });
    expect(other).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict', errors: [{ field: '/id' }] },
    });
  });

  test('of an Idempotency-Key likewise', async () => {
    const headers = { 'idempotency-key': 'k 1' };
    const first = await publish(tagEvent(), headers);
    const again = await publish(tagEvent(), headers);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await publish(tagEvent(2), headers)).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
    expect(await publish(tagEvent(), { 'idempotency-key': 'é' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: '/idempotency-key', in: 'header' }] },
    });
  });
});

describe('a batch', () => {
  test('is accepted in order', async () => {
    await anEndpoint();
    const answer = await publishBatch({
      events: [{ ...tagEvent(1), id: 'a' }, tagEvent(2), { ...tagEvent(3), id: 'c' }],
    });
    expect(answer.status).toBe(202);
    expect(answer.body.events).toMatchObject([
      { id: 'a', deliveries: 1 },
      { deliveries: 1 },
      { id: 'c', deliveries: 1 },
    ]);
    await expect.poll(() => server.sent.map(({ body }) => JSON.parse(body).data.tag.id)).toEqual([1, 2, 3]);
  });

  test('with faults tells those of all events, and accepts none', async () => {
    const answer = await publishBatch({
      events: [
        tagEvent(),
        { ...tagEvent(), id: 'a' },
        { type: 'nope', data: {} },
        { ...tagEvent(), id: 'a' },
        { type: 'contact.tag.added', data: { tag: 1 } },
      ],
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'unknown_event_type' } });
    expect(fieldsOf(answer)).toEqual(
      expect.arrayContaining(['/events/2/type', '/events/3/id', '/events/4/data/contact']),
    );
    expect((await server.call('GET', '/v1/events')).body.data).toEqual([]);
  });

  test('with an id twice is refused', async () => {
    const answer = await publishBatch({
      events: [
        { ...tagEvent(), id: 'a' },
        { ...tagEvent(), id: 'a' },
      ],
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'duplicate_event_id', errors: [{ field: '/events/1/id' }] },
    });
  });

  test.each([
    [{}, '/events'],
    [{ events: [] }, '/events'],
    [{ events: Array(1001).fill({}) }, '/events'],
    [[], ''],
    [{ events: [1] }, '/events/0'],
  ])('that is none is refused: case %#', async (body, field) => {
    const answer = await publishBatch(body);
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)[0]).toBe(field);
  });

  test('may hold more than an event may, but no event that is too large', async () => {
    await customType();
    const event = (size: number) => ({ type: 'thing.done', data: { text: 'x'.repeat(size) } });
    expect((await publishBatch({ events: [event(900_000), event(900_000)] })).status).toBe(202);
    const large = await publishBatch({ events: [event(10), event(1_100_000)] });
    expect(large).toMatchObject({
      status: 413,
      body: { code: 'body_too_large', errors: [{ field: '/events/1/data' }] },
    });
  });
});

describe('a body', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  test.each([
    ['{', 400, 'invalid_json'],
    ['', 400, 'invalid_json'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'invalid_utf8'],
    [`{"type":"thing.done","data":{"a":${nested(64)}}}`, 400, 'too_deep'],
    [`{"type":"thing.done","data":{"a":"${'x'.repeat(1024 * 1024)}"}}`, 413, 'body_too_large'],
  ])('that cannot be taken is refused: case %#', async (body, status, code) => {
    await customType();
    expect(await publish(body)).toMatchObject({ status, body: { code } });
  });

  test('may nest its data 64 levels, in a batch as well', async () => {
    await customType();
    const event = `{"type":"thing.done","data":{"a":${nested(63)}}}`;
    expect((await publish(event)).status).toBe(202);
    expect((await publishBatch(`{"events":[${event}]}`)).status).toBe(202);
  });

  test('of another type is refused', async () => {
    const answer = await publish('a=b', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });
});

test('P14: overload is a 503 with Retry-After, before anything is accepted', async () => {
  server.engine.publish = async () => {
    throw new Overloaded('full');
  };
  const answer = await publish(tagEvent());
  expect(answer).toMatchObject({ status: 503, body: { code: 'overloaded' } });
  expect(answer.headers['retry-after']).toBe('1');
});
