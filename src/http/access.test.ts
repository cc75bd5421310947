/** Who may do what: keys, scopes, workspaces; and what every route has in common. */

import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { formatId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
import { DEFAULT_SETTINGS } from '../store/records/settings.ts';
import { StoreUnavailable } from '../store/store.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const as = (key: string, method: string, url: string, body?: unknown, headers: Record<string, string> = {}) =>
  callApp(server.app, method, url, body, { authorization: `Bearer ${key}`, ...headers });

describe('a key', () => {
  test('that is missing, malformed or unknown is a 401 with a challenge', async () => {
    const bare = await callApp(server.app, 'GET', '/v1/events', undefined, {});
    expect(bare).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(bare.headers['www-authenticate']).toContain('Bearer');
    expect((await as('unknown-but-well-formed', 'GET', '/v1/events')).status).toBe(401);
    expect((await as('x', 'GET', '/v1/events')).status).toBe(401);
  });

  test('with a wrong checksum never reaches the store', async () => {
    const key = await server.key(['read']);
    server.store.findApiKey = async () => {
      throw new Error('The store was asked.');
    };
    const last = key.endsWith('a') ? 'b' : 'a';
    expect(await as(key.slice(0, -1) + last, 'GET', '/v1/events')).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  });

  test('needs the scope of what it does; manage may read', async () => {
    const refused = await as(await server.key(['publish']), 'GET', '/v1/events');
    expect(refused).toMatchObject({ status: 403, body: { code: 'scope_required' } });
    expect(refused.body.detail).toContain('"read"');
    expect((await as(await server.key(['read']), 'POST', '/v1/bins')).status).toBe(403);
    expect((await as(await server.key(['manage']), 'GET', '/v1/events')).status).toBe(200);
    expect((await as(await server.key(['manage']), 'POST', '/v1/events', {})).status).toBe(403);
  });

  test('is made once shown, listed by its prefix, and refused once revoked', async () => {
    const made = (await server.call('POST', '/v1/api-keys', { name: 'ci', scopes: ['read'] })).body;
    expect((await as(made.key, 'GET', '/v1/events')).status).toBe(200);
    const list = (await server.call('GET', '/v1/api-keys')).body.data;
    expect(list[0]).toEqual({
      id: made.id,
      name: 'ci',
      expires_at: null,
      prefix: made.prefix,
      scopes: ['read'],
      created_at: made.created_at,
    });
    expect((await server.call('DELETE', `/v1/api-keys/${made.id}`)).status).toBe(204);
    expect((await as(made.key, 'GET', '/v1/events')).status).toBe(401);
    expect((await server.call('DELETE', `/v1/api-keys/${made.id}`)).status).toBe(404);
  });
});

describe('a key that expires', () => {
  test('is refused from then on with a code of its own, and is still listed', async () => {
    const minute = 60_000;
    const expires_at = new Date(server.clock.now() + minute).toISOString();
    const body = { name: 'for a while', scopes: ['read'], expires_at };
    const made = await server.call('POST', '/v1/api-keys', body);
    expect(made).toMatchObject({ status: 201, body: { expires_at } });
    expect((await as(made.body.key, 'GET', '/v1/events')).status).toBe(200);
    server.clock.move(minute);
    const refused = await as(made.body.key, 'GET', '/v1/events');
    expect(refused).toMatchObject({ status: 401, body: { code: 'api_key_expired' } });
    expect(refused.body.detail).toContain(expires_at);
    expect((await server.call('GET', '/v1/api-keys')).body.data[0]).toMatchObject({ expires_at });
    const over = await server.call('POST', '/v1/api-keys', body);
    expect(over).toMatchObject({ status: 400, body: { errors: [{ field: '/expires_at' }] } });
  });
});

describe('an instance key', () => {
  test('makes workspaces, each with its first key, and acts in the one that it names', async () => {
    const instance = await server.key([], null);
    const made = await as(instance, 'POST', '/v1/workspaces', { name: 'Acme', settings: { language: 'ar' } });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'Acme', plan: 'self-hosted', settings: { language: 'ar' } },
    });
    const { id, api_key } = made.body;
    expect((await as(api_key.key, 'GET', '/v1/settings')).body.language).toBe('ar');
    const acting = { 'mirsal-workspace': id };
    const endpoint = await as(
      instance,
      'POST',
      '/v1/endpoints',
      { url: 'https://a.example', event_types: ['*'] },
      acting,
    );
    expect(endpoint.status).toBe(201);
    expect((await as(api_key.key, 'GET', '/v1/endpoints')).body.data).toHaveLength(1);
    expect((await server.call('GET', '/v1/endpoints')).body.data).toEqual([]);
    expect((await server.call('GET', `/v1/endpoints/${endpoint.body.id}`)).status).toBe(404);
    const patched = await as(instance, 'PATCH', `/v1/workspaces/${id}`, { plan: 'growth' });
    expect(patched.body).toMatchObject({ name: 'Acme', plan: 'growth' });
    expect((await as(instance, 'GET', '/v1/workspaces')).body.data[0].id).toBe(id);
    expect((await as(instance, 'GET', `/v1/workspaces/${id}`)).body.plan).toBe('growth');
  });

  test('must name a workspace that exists, for what belongs to one', async () => {
    const instance = await server.key([], null);
    expect((await as(instance, 'GET', '/v1/events')).body.code).toBe('workspace_required');
    expect(
      (await as(instance, 'GET', '/v1/events', undefined, { 'mirsal-workspace': 'ws_zzz' })).status,
    ).toBe(404);
    expect((await as(instance, 'GET', '/v1/meta')).body).toMatchObject({
      version: '0.0.0',
      source_ips: ['192.0.2.7'],
      plan: null,
    });
  });

  test('is needed for workspaces, and for another workspace than the key’s own', async () => {
    expect((await server.call('GET', '/v1/workspaces')).body.code).toBe('instance_key_required');
    const own = formatId('ws', support.WORKSPACE);
    expect((await server.call('GET', '/v1/events', undefined, { 'mirsal-workspace': own })).status).toBe(200);
    expect((await server.call('GET', '/v1/events', undefined, { 'mirsal-workspace': 'ws_zz' })).status).toBe(
      403,
    );
  });
});

describe('settings', () => {
  test('are changed by what is named alone', async () => {
    const { body } = await server.call('PATCH', '/v1/settings', { account_email: 'owner@example.com' });
    expect(body).toEqual({ ...DEFAULT_SETTINGS, account_email: 'owner@example.com' });
    const { body: budget } = await server.call('PATCH', '/v1/settings', { budget: { limit: 5 } });
    expect(budget).toEqual({ ...body, budget: { ...DEFAULT_SETTINGS.budget, limit: 5 } });
    expect((await server.call('GET', '/v1/settings')).body).toEqual(budget);
    const injected = { email: 'a@example.com\r\nBcc: b@example.com', language: 'en' };
    expect(
      (await server.call('PATCH', '/v1/settings', { notification_recipients: [injected] })).body.errors[0]
        .field,
    ).toBe('/notification_recipients/0/email');
    expect((await server.call('PATCH', '/v1/settings', { language: 'fr' })).body.errors[0].field).toBe(
      '/language',
    );
    expect((await server.call('GET', '/v1/meta')).body).toMatchObject({
      plan: 'self-hosted',
      limits: { batch_events: 1000 },
    });
  });
});

describe('event types', () => {
  test('are listed, the catalog first, each with schema and samples', async () => {
    await server.call('POST', '/v1/event-types', { name: 'order.paid', title: { en: 'Order paid' } });
    const { data } = (await server.call('GET', '/v1/event-types')).body;
    expect(data).toHaveLength(29);
    expect(data[0]).toMatchObject({ name: 'conversation.closed', family: 'messaging', custom: false });
    expect(data[0].samples.length).toBeGreaterThan(0);
    expect(data.at(-1)).toMatchObject({
      name: 'order.paid',
      family: 'custom',
      custom: true,
      title: { ar: 'Order paid' },
    });
  });

  test('of one’s own are checked, changed and deleted, but not while in use', async () => {
    const bad = await server.call('POST', '/v1/event-types', {
      name: 'Order',
      schema: { pattern: '(a+)+' },
      scopes: [{ name: 'shop', pointer: '/a', label_pointer: 'b' }],
    });
    expect(bad).toMatchObject({ status: 422, body: { code: 'invalid_event_type' } });
    const fields = bad.body.errors.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(expect.arrayContaining(['/name', '/schema/pattern', '/scopes/0/label_pointer']));
    const definition = {
      name: 'order.paid',
      scopes: [{ name: 'shop', pointer: '/data/shop' }],
      samples: [{ name: 'a', data: { shop: 1 } }],
    };
    expect((await server.call('POST', '/v1/event-types', definition)).status).toBe(201);
    expect((await server.call('POST', '/v1/event-types', definition)).body.code).toBe('event_type_exists');
    const schema = { type: 'object', required: ['shop'] };
    const changed = await server.call('PATCH', '/v1/event-types/order.paid', { schema });
    expect(changed.body).toMatchObject({
      schema,
      scopes: [{ label_pointer: '/data/shop' }],
      samples: [{ name: 'a' }],
    });
    expect((await server.call('GET', '/v1/event-types/order.paid')).body).toEqual(changed.body);
    expect((await server.call('POST', '/v1/events', { type: 'order.paid', data: {} })).body.code).toBe(
      'schema_violation',
    );
    const parts = [{ subject: '/shop' }, { schema: { type: 'object' } }, { samples: [] }, { scopes: [] }];
    const answers = await Promise.all(
      parts.map((part) => server.call('PATCH', '/v1/event-types/order.paid', part)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await server.call('GET', '/v1/event-types/order.paid')).body).toMatchObject(
      Object.assign({}, ...parts),
    );
    const endpoint = await server.call('POST', '/v1/endpoints', {
      url: 'https://a.example',
      event_types: ['order.paid'],
    });
    expect((await server.call('DELETE', '/v1/event-types/order.paid')).body.code).toBe('event_type_in_use');
    await server.call('DELETE', `/v1/endpoints/${endpoint.body.id}`);
    expect((await server.call('DELETE', '/v1/event-types/order.paid')).status).toBe(204);
    expect((await server.call('GET', '/v1/event-types/order.paid')).status).toBe(404);
    expect((await server.call('DELETE', '/v1/event-types/contact.created')).body.code).toBe(
      'event_type_exists',
    );
  });
});

describe('every route', () => {
  test('that does not exist is a 404, and a method that it does not take a 405 naming those it takes', async () => {
    expect((await server.call('GET', '/v1/nothing')).body.code).toBe('route_not_found');
    const answer = await server.call('PUT', '/v1/endpoints/ep_1');
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(answer.headers.allow).toBe('DELETE, GET, PATCH');
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect((await server.call('GET', '/v1/events/%zz')).status).toBe(400);
    expect((await server.call('GET', `/v1/events/${'x'.repeat(2000)}`)).status).toBe(414);
  });

  test('answers 503 with Retry-After where the database is away', async () => {
    server.store.listEvents = async () => {
      throw new StoreUnavailable('away');
    };
    server.store.ping = server.store.listEvents as never;
    const answer = await server.call('GET', '/v1/events');
    expect(answer).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
    expect(answer.headers['retry-after']).toBe('5');
    expect((await server.call('GET', '/readyz')).status).toBe(503);
    expect((await server.call('GET', '/healthz')).status).toBe(200);
  });

  test('answers nonsense with a 4xx: its schemas can be compiled, which is done on the first call', async () => {
    const instance = await server.key([], null);
    const workspace = { 'mirsal-workspace': formatId('ws', support.WORKSPACE) };
    for (const route of server.routes) {
      const [method = '', path = ''] = route.split(' ');
      if (path === '/v1/openapi.json') continue;
      const url = `${path.replace(/:\w+/g, 'nonsense')}?nonsense=1&limit=nonsense`;
      const answer = await as(
        instance,
        method,
        url,
        method === 'GET' ? undefined : { nonsense: 1 },
        workspace,
      );
      expect([route, answer.status < 500]).toEqual([route, true]);
    }
  });

  test('takes no number for a limit or a wait that is none', async () => {
    const instance = await server.key([], null);
    const workspace = { 'mirsal-workspace': formatId('ws', support.WORKSPACE) };
    const bin = (await as(instance, 'POST', '/v1/bins', {}, workspace)).body;
    const lists = server.routes
      .filter((route) => /^GET \/v1\/[\w/-]+$/.test(route))
      .map((route) => route.slice(4));
    lists.push(`/v1/bins/${bin.id}/requests`);
    let refused = 0;
    for (const list of lists) {
      for (const value of ['Infinity', '1e400', '-Infinity', 'NaN']) {
        const answer = await as(instance, 'GET', `${list}?limit=${value}`, undefined, workspace);
        expect([list, value, answer.status < 500]).toEqual([list, value, true]);
        if (answer.status === 400) refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(7 * 4);
    const waiting = await as(
      instance,
      'GET',
      `/v1/bins/${bin.id}/requests?wait=Infinity`,
      undefined,
      workspace,
    );
    expect(waiting).toMatchObject({ status: 400, body: { errors: [{ field: '/wait', in: 'query' }] } });
  });

  test.each([
    [{ 'content-encoding': 'gzip' }, 'packed'],
    [{ 'content-encoding': 'br, gzip' }, 'packed'],
    [{ 'content-type': 'application/json; charset=windows-1256' }, 'windows-1256'],
    [{ 'content-type': 'application/json; charset="utf-16le"' }, 'utf-16le'],
  ])('refuses a body in %o', async (headers, word) => {
    const instance = await server.key([], null);
    const answer = await as(instance, 'POST', '/v1/workspaces', { name: 'x' }, headers);
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    expect(answer.body.detail).toContain(word);
  });

  test('says of each answer that it is what it says', async () => {
    const answer = await server.call('GET', '/v1/endpoints');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect((await server.call('GET', '/nothing')).headers['x-content-type-options']).toBe('nosniff');
  });

  test('has an id of its own in every answer, which what is logged of it names', async () => {
    await server.close();
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    server = await aServer(parts, { logger: pino({ level: 'debug' }, sink) });
    const ids = [];
    for (const path of ['/v1/endpoints', '/v1/endpoints', '/nothing']) {
      const id = String((await server.call('GET', path)).headers['x-request-id']);
      expect(lines.filter((line) => line.includes(id)).length).toBeGreaterThan(0);
      ids.push(id);
    }
    expect(new Set(ids).size).toBe(3);
  });

  test('answers 500 without a word of the cause, which is logged once', async () => {
    await server.close();
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    server = await aServer(parts, { logger: pino({ level: 'info' }, sink) });
    server.store.listEvents = async () => {
      throw new Error('the secret cause');
    };
    const answer = await server.call('GET', '/v1/events');
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(answer.text).not.toContain('secret');
    expect(lines.filter((line) => line.includes('the secret cause'))).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });
});

test('the page at / leads to the API', async () => {
  const page = await callApp(server.app, 'GET', '/', undefined, {});
  expect(page.status).toBe(200);
  expect(page.text).toContain('/v1/openapi.json');
});
