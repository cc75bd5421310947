/** The client against a real HTTP server that answers as told: what it repeats, what it does not, and what it says of it. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Mirsal, MirsalError, type MirsalOptions } from './sdk.ts';

interface Got {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Answer = (response: ServerResponse) => void;

const got: Got[] = [];
let answers: Answer[] = [];
let waits: number[] = [];
let now = 0;
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  got.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
  (answers.shift() ?? good({ id: 'evt_1' }))(response);
});
let url = '';

beforeEach(async () => {
  got.length = 0;
  answers = [];
  waits = [];
  now = 1_000_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const good =
  (body: unknown): Answer =>
  (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/problem+json', 'x-request-id': 'r1', ...headers })
      .end(
        JSON.stringify({
          ...{ type: `urn:mirsal:problem:${code}`, title: 'T', status, code, detail: 'It went wrong.' },
          errors: [{ field: '/data/contact/email', message: 'is no address' }],
        }),
      );
const broken: Answer = (response) => response.socket?.destroy();

/** Its waits pass at once, and are noted; the limit of a try never comes. */
const clock = {
  now: () => now,
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal !== undefined) return new Promise(() => {});
    waits.push(ms);
    now += ms;
  },
};
const client = (over: Partial<MirsalOptions> = {}) =>
  new Mirsal({ url, apiKey: 'mirsal_key', clock, ...over });
const event = { type: 'lead.created', data: { email: 'layla@example.com' } };
const thrown = (promise: PromiseLike<unknown>): Promise<MirsalError> =>
  Promise.resolve(promise).then(
    () => {
      throw new Error('It did not fail.');
    },
    (error) => error,
  );

describe('what is tried again', () => {
  test.each<[string, Answer]>([
    ['a refusal for now', problem(429, 'rate_limited')],
    ['a node that is overloaded', problem(503, 'overloaded')],
    ['a fault', problem(500, 'internal_error')],
    ['a connection that breaks', broken],
    ['a gateway without a node', (response) => response.writeHead(502).end('Bad gateway')],
  ])('is an event after %s, under one idempotency key', async (_, answer) => {
    answers = [answer, answer];
    await client().events.publish(event);
    expect(got.map(({ method, url: path, body }) => `${method} ${path} ${body}`)).toEqual(
      Array.from({ length: 3 }, () => `POST /v1/events ${JSON.stringify(event)}`),
    );
    expect(new Set(got.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(got[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    expect(waits).toHaveLength(2);
    expect(waits[1]).toBeGreaterThan(249);
  });

  test('is tried after the wait that the answer names, in seconds or as a date', async () => {
    const date = new Date(now + 9000).toUTCString();
    answers = [
      problem(429, 'rate_limited', { 'retry-after': '7' }),
      problem(503, 'starting', { 'retry-after': new Date(Date.parse(date) + 7000).toUTCString() }),
    ];
    await client().events.publish(event);
    expect(waits).toEqual([7000, 9000]);
  });

  test('is no write of which nobody knows whether it was done, unless it was refused', async () => {
    answers = [broken];
    const input = { email: 'layla@example.com' };
    expect(await thrown(client().passwordResets.request(input))).toMatchObject({
      code: 'network_error',
      status: 0,
    });
    answers = [problem(503, 'starting')];
    await client().passwordResets.request(input);
    expect(got).toHaveLength(3);
  });

  test('ends with its tries, its deadline or its signal', async () => {
    answers = Array.from({ length: 9 }, () => problem(503, 'starting'));
    expect(await thrown(client({ retries: 2 }).events.publish(event))).toMatchObject({ code: 'starting' });
    expect(got).toHaveLength(3);
    answers = [problem(429, 'daily_limit_reached', { 'retry-after': '40000' })];
    expect(await thrown(client().events.publish(event))).toMatchObject({
      code: 'daily_limit_reached',
      retryAfterMs: 40_000_000,
    });
    expect(got).toHaveLength(4);
    answers = [broken, broken];
    expect(await thrown(client().events.publish(event, { deadlineMs: 100 }))).toMatchObject({
      code: 'deadline_exceeded',
    });
    const reason = new Error('enough');
    expect(await thrown(client().events.list({}, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});

describe('what went wrong', () => {
  test('is told with code, status, field and request', async () => {
    answers = [problem(422, 'schema_violation')];
    const error = await thrown(client().events.publish(event));
    expect(error).toBeInstanceOf(MirsalError);
    expect(error).toMatchObject({
      code: 'schema_violation',
      status: 422,
      field: '/data/contact/email',
      requestId: 'r1',
      message: 'It went wrong. (/data/contact/email is no address)',
    });
    answers = [(response) => response.writeHead(404).end('<html>')];
    expect(await thrown(client().meta.get())).toMatchObject({ code: 'unexpected_answer', status: 404 });
    answers = [(response) => response.writeHead(200).end('<html>')];
    expect(await thrown(client().meta.get())).toMatchObject({ code: 'unexpected_answer', status: 200 });
  });

  test('is a key or path that cannot be, before anything is sent', async () => {
    expect(() => client().events.get('')).toThrow('{id} takes a text');
    expect(got).toEqual([]);
  });
});

describe('a list', () => {
  test('is its first page when awaited, and all of it when iterated', async () => {
    const page = (data: number[], next_cursor: string | null) => good({ data, next_cursor });
    answers = [page([1, 2], 'c1')];
    const list = client().events.list({ limit: 2, type: 'lead.created' });
    expect(await list).toEqual({ data: [1, 2], next_cursor: 'c1' });
    answers = [page([1, 2], 'c1'), page([], 'c2'), page([3], null)];
    const all: unknown[] = [];
    for await (const one of list) all.push(one);
    expect(all).toEqual([1, 2, 3]);
    expect(got.slice(1).map(({ url: path }) => path)).toEqual([
      '/v1/events?limit=2&type=lead.created',
      '/v1/events?limit=2&type=lead.created&cursor=c1',
      '/v1/events?limit=2&type=lead.created&cursor=c2',
    ]);
  });
});

test('ids are put into paths so that they stay one part of them, and workspaces into their header', async () => {
  await client({ workspace: 'ws_1', language: 'ar' }).eventTypes.get('a/../b?c');
  await client({ workspace: 'ws_1' }).budget.get({ workspace: 'ws_2' });
  expect(got.map(({ url: path, headers }) => [path, headers['mirsal-workspace']])).toEqual([
    ['/v1/event-types/a%2F..%2Fb%3Fc', 'ws_1'],
    ['/v1/budget', 'ws_2'],
  ]);
  expect(got[0]?.headers).toMatchObject({ authorization: 'Bearer mirsal_key', 'accept-language': 'ar' });
});

test('data is of its type, and what is not is no TypeScript', () => {
  const mirsal = client();
  const neverCalled = () => [
    // @ts-expect-error: an opt-in has a funnel step.
    mirsal.events.publish({ type: 'contact.optin.completed', data: { contact: { id: 1 } } }),
    mirsal.events.publish({
      type: 'contact.tag.added',
      data: { tag: { id: 1, name: 'VIP' }, contact: { id: 1, email: 'a@example.com', fields: [] } },
    }),
    mirsal.events.publishBatch({
      events: [
        { type: 'lead.created', data: { anything: 1 } },
        // @ts-expect-error: a tag's id is a number.
        { type: 'contact.tag.added', data: { tag: { id: 'one', name: 'VIP' }, contact: {} } },
      ],
    }),
    // @ts-expect-error: a limit is a number.
    mirsal.deliveries.list({ limit: 'all' }),
  ];
  expect(neverCalled).toBeTypeOf('function');
});
