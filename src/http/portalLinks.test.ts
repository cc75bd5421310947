/** Portal links: what their tokens do, and never do. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { HOUR, SECOND } from '../core/duration.ts';
import { parseId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
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

const LINK = { scopes: ['read', 'manage'], expires_in_s: 3_600, name: 'Customer 4711' };

async function aLink(over: object = {}) {
  const { status, body } = await server.call('POST', '/v1/portal-links', { ...LINK, ...over });
  expect(status).toBe(201);
  const call = (method: string, url: string, given?: unknown, headers = {}) =>
    callApp(server.app, method, url, given, { authorization: `Bearer ${body.token}`, ...headers });
  return { body, call };
}

test('a link does in its workspace what its scopes say, until it is over', async () => {
  const { body, call } = await aLink();
  expect(body.url).toBe(`https://hooks.test/portal#${body.token}`);
  expect((await call('GET', '/v1/me')).body).toMatchObject({
    ...{ kind: 'portal_link', name: 'Customer 4711', person: null, gives_roles: [], scopes: LINK.scopes },
    ...{ workspace: { id: 'ws_1', role: null }, expires_at: body.expires_at },
  });
  const endpoint = { url: 'https://a.example', event_types: ['*'] };
  expect((await call('POST', '/v1/endpoints', endpoint)).status).toBe(201);
  expect((await call('POST', '/v1/events', {})).body.code).toBe('scope_required');
  expect((await call('GET', '/v1/events', undefined, { 'mirsal-workspace': 'ws_25' })).status).toBe(403);
  expect((await server.call('GET', '/v1/audit')).body.data[0].actor).toBe(`portal:${body.id}`);
  server.clock.move(HOUR);
  expect(await call('GET', '/v1/events')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
});

test('a link lets nobody else in: no keys, no members, no further links', async () => {
  const { body, call } = await aLink({ scopes: ['publish', 'read', 'manage'] });
  for (const [method, url, given] of [
    ['POST', '/v1/api-keys', { name: 'k', scopes: ['read'] }],
    ['GET', '/v1/api-keys', undefined],
    ['DELETE', '/v1/api-keys/key_1', undefined],
    ['POST', '/v1/portal-links', LINK],
    ['GET', '/v1/portal-links', undefined],
    ['DELETE', `/v1/portal-links/${body.id}`, undefined],
  ] as const) {
    expect(await call(method, url, given), `${method} ${url}`).toMatchObject({
      ...{ status: 403, body: { code: 'portal_refused' } },
    });
  }
  for (const [method, url, given] of [
    ['GET', '/v1/members', undefined],
    ['POST', '/v1/members/invitations', { email: 'a@example.com', role: 'viewer' }],
    ['GET', '/v1/members/invitations', undefined],
    ['PATCH', '/v1/me', { name: 'x' }],
    ['GET', '/v1/me/sessions', undefined],
  ] as const) {
    expect(await call(method, url, given), `${method} ${url}`).toMatchObject({
      ...{ status: 403, body: { code: 'person_required' } },
    });
  }
  expect((await call('GET', '/v1/workspaces')).body.code).toBe('instance_key_required');
});

test('a link is listed without its token, and ends at once where it is revoked, within a second elsewhere', async () => {
  const [one, two] = [await aLink(), await aLink({ name: 'Another' })];
  const listed = await server.call('GET', '/v1/portal-links');
  expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([two.body.id, one.body.id]);
  const told = listed.text + (await server.call('GET', '/v1/audit')).text;
  for (const { body } of [one, two]) expect(told).not.toContain(body.token.slice(-32));
  expect((await one.call('GET', '/v1/events')).status).toBe(200);
  expect((await server.call('DELETE', `/v1/portal-links/${one.body.id}`)).status).toBe(204);
  expect((await server.call('DELETE', `/v1/portal-links/${one.body.id}`)).status).toBe(404);
  expect((await one.call('GET', '/v1/events')).status).toBe(401);
  expect((await two.call('GET', '/v1/events')).status).toBe(200);
  // As another node does it: this one is not told.
  const key = parseId('ptl', two.body.id) ?? 0;
  await server.store.revokePortalLink(support.WORKSPACE, key, server.clock.now(), 'me');
  server.clock.move(SECOND);
  expect((await two.call('GET', '/v1/events')).status).toBe(401);
});

test('a token that is changed anywhere is none', async () => {
  const { body } = await aLink();
  const [kind, workspace, key, secret] = body.token.split('_');
  for (const token of [
    [kind, '2', key, secret],
    [kind, workspace, `${key}0`, secret],
    [kind, workspace, key, `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`],
    ['inv', workspace, key, secret],
  ]) {
    const headers = { authorization: `Bearer ${token.join('_')}` };
    expect(await callApp(server.app, 'GET', '/v1/me', undefined, headers)).toMatchObject({ status: 401 });
  }
});

test.each([
  [{ expires_in_s: 59 }, '/expires_in_s'],
  [{ expires_in_s: 31 * 86_400 }, '/expires_in_s'],
  [{ scopes: [] }, '/scopes'],
  [{ scopes: ['people'] }, '/scopes/0'],
])('a link of %o is not made', async (over, field) => {
  const refused = await server.call('POST', '/v1/portal-links', { ...LINK, ...over });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ field }] } });
});

test('only who may manage makes links', async () => {
  const key = await server.key(['read', 'publish']);
  const refused = await callApp(server.app, 'POST', '/v1/portal-links', LINK, {
    authorization: `Bearer ${key}`,
  });
  expect(refused).toMatchObject({ status: 403, body: { code: 'scope_required' } });
});
