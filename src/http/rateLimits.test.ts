/** Limits of requests: what is beyond them is a 429 that says when to come again; others are not touched. */

import { afterEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { rateLimitsOf } from './rateLimits.ts';
import { aServer, callApp, PUBLIC_URL, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };
const LIMITS = { key: 3, address: 4, bin: 2, wrong_keys: 2, waiting: 2 };

let server: TestServer;
afterEach(() => server.close());

const limited = async (limits: Partial<typeof LIMITS> = {}, trustedProxies: string[] = []) => {
  server = await aServer(parts, { rateLimits: { ...LIMITS, ...limits }, trustedProxies });
};
const from = (address: string) => ({ 'x-forwarded-for': address });
const keyless = (url: string, headers = {}) => callApp(server.app, 'GET', url, undefined, headers);

describe('requests', () => {
  test('of a key are counted together, and of no other key', async () => {
    await limited();
    const other = { authorization: `Bearer ${await server.key(['read'])}` };
    for (let left = 2; left >= 0; left -= 1) {
      const answer = await server.call('GET', left === 2 ? '/v1/endpoints' : '/v1/events');
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': String(left) });
      expect(Number(answer.headers['ratelimit-reset'])).toBeLessThanOrEqual(10);
    }
    const refused = await server.call('GET', '/v1/events');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.body.detail).toContain('3 requests of this API key in 10 s');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await callApp(server.app, 'GET', '/v1/events', undefined, other)).status).toBe(200);
  });

  test('with a wrong key are counted by address; a right key goes on', async () => {
    await limited({}, ['127.0.0.1']);
    const wrong = (address: string) => keyless('/v1/events', { authorization: 'Bearer x', ...from(address) });
    expect((await wrong('192.0.2.1')).status).toBe(401);
    expect((await wrong('192.0.2.1')).status).toBe(401);
    expect((await wrong('192.0.2.1')).status).toBe(429);
    expect((await wrong('192.0.2.2')).status).toBe(401);
    expect((await server.call('GET', '/v1/events', undefined, from('192.0.2.1'))).status).toBe(200);
  });

  test('without a key are counted by address, of which a proxy that is not trusted cannot make another', async () => {
    await limited();
    for (let n = 0; n < 4; n += 1) expect((await keyless('/healthz', from(`192.0.2.${n}`))).status).toBe(200);
    expect((await keyless('/healthz', from('192.0.2.9'))).status).toBe(429);
    expect((await keyless('/v1/openapi.json')).status).toBe(429);
    expect((await server.call('GET', '/v1/events')).status).toBe(200);
  });

  test('to a bin are counted by bin; what is refused is not captured', async () => {
    await limited({ key: 99, address: 99 });
    const bins = [(await server.call('POST', '/v1/bins')).body, (await server.call('POST', '/v1/bins')).body];
    const send = (bin: { url: string }) => keyless(bin.url.slice(PUBLIC_URL.length));
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await send(bins[0])).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await send(bins[1])).status).toBe(200);
    const { body } = await server.call('GET', `/v1/bins/${bins[0].id}/requests`);
    expect(body.data).toHaveLength(2);
  });

  test('that wait are counted while they do', async () => {
    await limited({ key: 99 });
    const { body: bin } = await server.call('POST', '/v1/bins');
    const wait = () => server.call('GET', `/v1/bins/${bin.id}/requests?wait=20`);
    const waiting = [wait(), wait()];
    await expect.poll(async () => (await wait()).status).toBe(429);
    expect((await server.call('GET', `/v1/bins/${bin.id}/requests`)).status).toBe(200);
    await keyless(bin.url.slice(PUBLIC_URL.length));
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    await expect.poll(async () => (await wait()).status).toBe(200);
  });

  test('have no limits where none are set', async () => {
    server = await aServer(parts, { rateLimits: rateLimitsOf(0) });
    const answer = await server.call('GET', '/v1/events');
    expect(answer.headers['ratelimit-limit']).toBeUndefined();
    expect(rateLimitsOf(50)).toEqual({ key: 500, address: 500, bin: 500, wrong_keys: 100, waiting: 20 });
  });
});
