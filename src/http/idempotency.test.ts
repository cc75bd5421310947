/** One rule for every POST: under one key a call is done once, and a repeat is answered as the first time (P1). */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY, MINUTE } from '../core/duration.ts';
import { realRandom } from '../real.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { TargetVerdict } from './deps.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

let server: TestServer;
/** Verbs in the place of the store's own. */
let faults: Partial<Store>;
let target: () => Promise<TargetVerdict>;

const parts = {
  ...support,
  ...{ workspace: support.WORKSPACE, random: realRandom, createMovableClock },
  async aSqliteStore(clock: Parameters<typeof support.aSqliteStore>[0]) {
    const opened = await support.aSqliteStore(clock);
    const store = new Proxy(opened.store, {
      get: (own, name: keyof Store) => faults[name] ?? own[name],
    });
    return { ...opened, store };
  },
};

beforeEach(async () => {
  faults = {};
  target = async () => ({ ok: true });
  server = await aServer(parts, { checkTarget: () => target() });
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const ENDPOINT = { url: 'https://a.example/hook', event_types: ['*'] };
const post = (url: string, body: unknown, key = 'k1', headers: Record<string, string> = {}) =>
  server.call('POST', url, body, { 'idempotency-key': key, ...headers });
const endpoints = async () => (await server.call('GET', '/v1/endpoints')).body.data.length;

describe('a call under a key', () => {
  test('is done once: its repeat has the same status and body, the secret that is shown once among it', async () => {
    const first = await post('/v1/endpoints', ENDPOINT);
    const again = await post('/v1/endpoints', ENDPOINT);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(first.status).toBe(201);
    expect(await endpoints()).toBe(1);
    expect((await post('/v1/endpoints', ENDPOINT, 'k2')).status).toBe(201);
    expect(await endpoints()).toBe(2);
  });

  test('leaves no secret in the database that is not sealed', async () => {
    const sealed: Uint8Array[] = [];
    const own = server.store.endRequest;
    faults.endRequest = (key, claim, end, at) => {
      if (end.sealed !== null) sealed.push(end.sealed);
      return own(key, claim, end, at);
    };
    const { body } = await post('/v1/api-keys', { name: 'ci', scopes: ['read'] });
    expect(body.key).toMatch(/^mirsal_/);
    expect(sealed.map((bytes) => Buffer.from(bytes).includes(body.key))).toEqual([false]);
    expect((await post('/v1/api-keys', { name: 'ci', scopes: ['read'] })).body).toEqual(body);
  });

  test('with another body, or to another address, is refused and changes nothing', async () => {
    const { id } = (await post('/v1/endpoints', ENDPOINT)).body;
    const bodies = [{ ...ENDPOINT, name: 'Another' }];
    for (const body of bodies) {
      const { status, body: problem } = await post('/v1/endpoints', body);
      expect([status, problem.code]).toEqual([409, 'idempotency_conflict']);
      expect(problem.errors).toMatchObject([{ field: '/idempotency-key', in: 'header' }]);
    }
    expect((await post(`/v1/endpoints/${id}/disable`, undefined)).body.code).toBe('idempotency_conflict');
    expect((await server.call('GET', `/v1/endpoints/${id}`)).body.enabled).toBe(true);
    expect(await endpoints()).toBe(1);
  });

  test('is another one for another caller and another workspace, and after a day', async () => {
    await post('/v1/endpoints', ENDPOINT);
    const other = await server.key(['manage']);
    const headers = { 'idempotency-key': 'k1', authorization: `Bearer ${other}` };
    expect((await callApp(server.app, 'POST', '/v1/endpoints', ENDPOINT, headers)).status).toBe(201);
    expect(await endpoints()).toBe(2);
    server.clock.move(DAY);
    expect((await post('/v1/endpoints', { ...ENDPOINT, name: 'Another' })).status).toBe(201);
    expect(await endpoints()).toBe(3);
  });

  test('that comes while the first is being done is told to come later', async () => {
    const gate = Promise.withResolvers<TargetVerdict>();
    const begun = Promise.withResolvers<void>();
    target = () => {
      begun.resolve();
      return gate.promise;
    };
    const first = post('/v1/endpoints', ENDPOINT);
    await begun.promise;
    const second = await post('/v1/endpoints', ENDPOINT);
    expect([second.status, second.body.code]).toEqual([409, 'request_running']);
    expect(second.headers['retry-after']).toBe('1');
    gate.resolve({ ok: true });
    expect((await first).status).toBe(201);
    expect((await post('/v1/endpoints', ENDPOINT)).text).toBe((await first).text);
    expect(await endpoints()).toBe(1);
  });

  test('that was refused leaves the key free', async () => {
    target = async () => ({ ok: false, code: 'address_forbidden', message: 'leads to 10.0.0.1' });
    expect((await post('/v1/endpoints', ENDPOINT)).body.code).toBe('target_refused');
    target = async () => ({ ok: true });
    expect((await post('/v1/endpoints', { ...ENDPOINT, name: 'Mended' })).status).toBe(201);
    expect((await post('/v1/endpoints', 'no JSON', 'k2')).status).toBe(400);
    expect((await post('/v1/endpoints', ENDPOINT, 'k2')).status).toBe(201);
  });

  test('whose answer was lost in the database is not done a second time', async () => {
    const own = server.store.createEndpoint;
    faults.createEndpoint = async (...parameters) => {
      await own(...parameters);
      throw new StoreUnavailable('The connection was lost.');
    };
    expect((await post('/v1/endpoints', ENDPOINT)).status).toBe(503);
    faults = {};
    const again = await post('/v1/endpoints', ENDPOINT);
    expect([again.status, again.body.code]).toEqual([409, 'outcome_unknown']);
    expect(await endpoints()).toBe(1);
  });

  test('whose answer could not be kept is answered all the same, and not done a second time', async () => {
    faults.endRequest = async () => {
      throw new StoreUnavailable('away');
    };
    expect((await post('/v1/endpoints', ENDPOINT)).status).toBe(201);
    expect((await post('/v1/endpoints', ENDPOINT)).body.code).toBe('request_running');
    server.clock.move(MINUTE);
    expect((await post('/v1/endpoints', ENDPOINT)).body.code).toBe('outcome_unknown');
    expect(await endpoints()).toBe(1);
  });

  test('is not begun where its key cannot be claimed', async () => {
    faults.claimRequest = async () => {
      throw new StoreUnavailable('away');
    };
    expect((await post('/v1/endpoints', ENDPOINT)).status).toBe(503);
    expect(await endpoints()).toBe(0);
  });

  test('without a body or an answer is repeated, too', async () => {
    const { id } = (await post('/v1/endpoints', ENDPOINT)).body;
    const first = await post(`/v1/endpoints/${id}/disable`, undefined, 'off');
    await server.call('POST', `/v1/endpoints/${id}/enable`);
    const again = await post(`/v1/endpoints/${id}/disable`, undefined, 'off');
    expect(again.text).toBe(first.text);
    expect((await server.call('GET', `/v1/endpoints/${id}`)).body.enabled).toBe(true);
  });

  test('needs a key that can be one', async () => {
    expect((await post('/v1/endpoints', ENDPOINT, 'é'.repeat(3))).status).toBe(400);
    expect((await post('/v1/endpoints', ENDPOINT, 'k'.repeat(256))).status).toBe(400);
  });
});

test('a POST that only reads is done anew under the same key, and nothing is kept of it', async () => {
  let claims = 0;
  const own = server.store.claimRequest;
  faults.claimRequest = (claim) => {
    claims += 1;
    return own(claim);
  };
  const rule = { name: 'A rule', trigger: { event_type: 'contact.tag.added' } };
  const body = {
    definition: { ...rule, actions: [{ type: 'webhook', url: 'https://a.example/secret' }] },
  };
  for (const _ of [1, 2]) {
    const { status, headers } = await post('/v1/rules/test', body);
    expect([status, headers['idempotent-replayed']]).toEqual([200, undefined]);
  }
  expect(claims).toBe(0);
  await post('/v1/endpoints', ENDPOINT);
  expect(claims).toBe(1);
});

test('every POST that says who calls and does something describes the header and its problems', async () => {
  const { paths } = (await server.call('GET', '/v1/openapi.json')).body as {
    paths: Record<string, Record<string, { parameters?: Array<{ name: string }>; security: object[] }>>;
  };
  const posts = Object.entries(paths).flatMap(([path, { post: operation }]) =>
    operation === undefined || operation.security.length === 0 || /^\/v1\/(rules|workflows)\/test$/.test(path)
      ? []
      : [{ path, operation }],
  );
  expect(posts.length).toBeGreaterThan(40);
  const without = posts.filter(
    ({ operation }) => !operation.parameters?.some(({ name }) => name === 'idempotency-key'),
  );
  expect(without.map(({ path }) => path)).toEqual([]);
  const ruled = posts.filter(({ path }) => !/^\/v1\/events(\/batch)?$/.test(path));
  expect(ruled.filter(({ operation }) => !JSON.stringify(operation).includes('outcome_unknown'))).toEqual([]);
});
