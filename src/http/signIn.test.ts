/** The first owner, signing in and out, and what a session may do. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY, MINUTE, SECOND } from '../core/duration.ts';
import { HashingBusy } from '../identity/identity.ts';
import { realRandom } from '../real.ts';
import { ROLE_RIGHTS, ROLES } from '../store/records/people.ts';
import { aMember, asNobody, cookieOf, PASSWORD, signIn, theOwner } from './testing/people.ts';
import { aServer, callApp, PUBLIC_URL, SETUP_TOKEN, type TestServer } from './testing/server.ts';
import { TRY_LIMITS } from './throttle.ts';

// The identity library goes by the real clock where it compares times.
const parts = {
  ...support,
  workspace: support.WORKSPACE,
  random: realRandom,
  createMovableClock: () => createMovableClock(Date.now()),
};

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const SETUP = { token: SETUP_TOKEN, name: 'سارة', email: 'Sara@Example.com', password: PASSWORD };

describe('the first owner', () => {
  test('is made once, with the token; then the installation says that it needs none', async () => {
    const call = asNobody(server);
    expect((await call('GET', '/v1/setup')).body).toEqual({ needed: true, token_required: true });
    for (const token of [undefined, 'a guess']) {
      const refused = await call('POST', '/v1/setup', { ...SETUP, token });
      expect(refused).toMatchObject({ status: 403, body: { code: 'setup_token_required' } });
    }
    const made = await call('POST', '/v1/setup', { ...SETUP, language: 'ar', workspace_name: 'ورشة' });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'سارة', email: 'sara@example.com', language: 'ar' },
    });
    // The answer was lost, and it is asked again:
    const again = await call('POST', '/v1/setup', SETUP);
    expect(again).toMatchObject({ status: 409, body: { code: 'already_set_up' } });
    expect((await call('GET', '/v1/setup')).body.needed).toBe(false);
    const owner = await signIn(server, SETUP.email);
    const me = await owner.call('GET', '/v1/me');
    expect(me.body).toMatchObject({
      kind: 'person',
      workspace: { name: 'ورشة', role: 'owner' },
      scopes: ['publish', 'read', 'manage'],
      gives_roles: [...ROLES],
    });
    expect((await owner.call('GET', '/v1/members')).body.data).toHaveLength(1);
  });

  test('of several at once is one', async () => {
    const call = asNobody(server);
    const answers = await Promise.all(
      [1, 2, 3, 4].map((number) => call('POST', '/v1/setup', { ...SETUP, email: `o${number}@example.com` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  test('needs no token where only this machine can ask, under its own name', async () => {
    const local = await aServer(parts, { setup: { token: null, done() {} } });
    const ask = (host: string) =>
      callApp(local.app, 'POST', '/v1/setup', { ...SETUP, token: undefined }, { host });
    expect((await ask('rebound.example.com:8080')).body.code).toBe('setup_token_required');
    expect((await ask('localhost:8080')).status).toBe(201);
    await local.close();
  });

  test.each([
    [{ password: 'short' }, '/password'],
    [{ email: 'nobody' }, '/email'],
    [{ name: ' ' }, '/name'],
    [{ role: 'owner' }, '/role'],
  ])('is refused for %o', async (over, field) => {
    const refused = await asNobody(server)('POST', '/v1/setup', { ...SETUP, ...over });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });
});

describe('signing in', () => {
  test('gives a cookie that no script reads, for this host alone; signing out ends the session', async () => {
    const { cookie } = await theOwner(server);
    const answer = await asNobody(server)('POST', '/v1/sign-in', {
      email: ' OWNER@example.com',
      password: PASSWORD,
    });
    const header = String(answer.headers['set-cookie']);
    expect(header).toMatch(
      /^__Host-mirsal_session=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(answer.text).not.toContain(cookieOf(answer).split('=')[1]);
    const call = (method: string, url: string) => asNobody(server)(method, url, undefined, { cookie });
    expect((await call('GET', '/v1/me')).status).toBe(200);
    const out = await call('POST', '/v1/sign-out');
    expect(out.status).toBe(204);
    expect(String(out.headers['set-cookie'])).toContain('Max-Age=0');
    expect(await call('GET', '/v1/me')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });

  test('says the same of a wrong password and of an e-mail that nobody has', async () => {
    await theOwner(server);
    const call = asNobody(server);
    const wrong = await call('POST', '/v1/sign-in', { email: 'owner@example.com', password: 'wrong' });
    const nobody = await call('POST', '/v1/sign-in', { email: 'nobody@example.com', password: PASSWORD });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'sign_in_failed' } });
    expect(nobody.body).toEqual(wrong.body);
  });

  test.each([
    [
      'e-mail',
      'sign_in_email',
      (number: number) => ({ email: 'owner@example.com', ip: `192.0.2.${number}` }),
    ],
    [
      'address',
      'sign_in_address',
      (number: number) => ({ email: `p${number}@example.com`, ip: '192.0.2.1' }),
    ],
  ] as const)('is throttled by %s, and goes on when its time is over', async (_, limit, of) => {
    await server.close();
    server = await aServer(parts, { trustedProxies: ['127.0.0.1'] });
    await theOwner(server);
    const tryIt = (number: number, password = 'wrong') => {
      const { email, ip } = of(number);
      return asNobody(server)('POST', '/v1/sign-in', { email, password }, { 'x-forwarded-for': ip });
    };
    for (let number = 1; number <= TRY_LIMITS[limit].value; number += 1) {
      expect((await tryIt(number)).status).toBe(401);
    }
    const refused = await tryIt(99);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(200);
    server.clock.move(5 * MINUTE);
    expect((await tryIt(99)).status).toBe(401);
  });

  test('is refused at once, with nothing done, where too many passwords wait to be hashed', async () => {
    const busy = async () => Promise.reject(new HashingBusy('Too many.'));
    await theOwner(server);
    const { identity } = server;
    identity.signIn = busy;
    const refused = await asNobody(server)('POST', '/v1/sign-in', { email: 'a@example.com', password: 'x' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    expect(refused.headers['retry-after']).toBe('1');
  });
});

describe('a session', () => {
  test('may do in its workspace what a key with the scopes of the role may', async () => {
    const owner = await theOwner(server);
    for (const role of ROLES) {
      const { call } = await aMember(server, owner, role);
      const { scopes } = ROLE_RIGHTS[role];
      expect((await call('GET', '/v1/me')).body).toMatchObject({ scopes, workspace: { role } });
      expect((await call('GET', '/v1/events')).status).toBe(200);
      const made = await call('POST', '/v1/api-keys', { name: 'k', scopes: ['read'] });
      expect(made.status).toBe(scopes.includes('manage') ? 201 : 403);
      const published = await call('POST', '/v1/events', {});
      expect(published.status).toBe(scopes.includes('publish') ? 400 : 403);
      if (role === 'viewer') {
        expect(made.body).toMatchObject({
          code: 'scope_required',
          detail: expect.stringContaining('viewer'),
        });
      }
    }
  });

  test('never manages workspaces, and sees none of others', async () => {
    const owner = await theOwner(server);
    expect((await owner.call('GET', '/v1/workspaces')).body.code).toBe('instance_key_required');
    await support.aWorkspace(server.store, 77);
    const named = { 'mirsal-workspace': 'ws_25' };
    expect(await owner.call('GET', '/v1/events', undefined, named)).toMatchObject({ status: 404 });
    const instance = await server.key([], null);
    const asInstance = (method: string, url: string, body: unknown) =>
      callApp(server.app, method, url, body, { authorization: `Bearer ${instance}`, ...named });
    const invited = await asInstance('POST', '/v1/members/invitations', {
      email: owner.email,
      role: 'viewer',
    });
    const token = invited.body.link.split('/').at(-1);
    expect((await owner.call('POST', '/v1/invitations/accept', { token })).body).toMatchObject({
      role: 'viewer',
    });
    // Of two workspaces one must be named.
    expect((await owner.call('GET', '/v1/events')).body.code).toBe('workspace_required');
    const me = (await owner.call('GET', '/v1/me')).body;
    expect(me).toMatchObject({ workspace: null, scopes: [] });
    expect(me.workspaces.map(({ role }: { role: string }) => role)).toEqual(['owner', 'viewer']);
    expect((await owner.call('GET', '/v1/events', undefined, named)).status).toBe(200);
    expect((await owner.call('POST', '/v1/bins', {}, named)).body.code).toBe('scope_required');
    expect((await owner.call('POST', '/v1/bins', {}, { 'mirsal-workspace': 'ws_1' })).status).toBe(201);
  });

  test.each([
    ['another Origin', { origin: 'https://evil.example' }],
    ['another host of the same site', { origin: 'https://evil.hooks.test' }],
    ['an Origin of no page', { origin: 'null' }],
    ['what the browser calls another site', { 'sec-fetch-site': 'cross-site' }],
    ['what the browser calls the same site', { 'sec-fetch-site': 'same-site' }],
    ['nowhere that it says', {}],
  ])('writes nothing for a request from %s', async (_, headers) => {
    const { cookie } = await theOwner(server);
    const call = (method: string, url: string) =>
      callApp(server.app, method, url, undefined, { cookie, ...headers });
    for (const [method, url] of [
      ['POST', '/v1/bins'],
      ['POST', '/v1/sign-out'],
      ['DELETE', '/v1/api-keys/key_1'],
      ['PATCH', '/v1/settings'],
    ] as const) {
      expect(await call(method, url)).toMatchObject({ status: 403, body: { code: 'origin_refused' } });
    }
    expect((await call('GET', '/v1/me')).status).toBe(200);
  });

  test.each([
    ['this Origin', { origin: PUBLIC_URL }],
    ['the host that it is sent to', { origin: 'http://10.0.0.9:8080', host: '10.0.0.9:8080' }],
    ['what the browser calls the same origin', { 'sec-fetch-site': 'same-origin' }],
  ])('writes for a request from %s', async (_, headers) => {
    const { cookie } = await theOwner(server);
    expect((await callApp(server.app, 'POST', '/v1/bins', {}, { cookie, ...headers })).status).toBe(201);
  });

  test('of a form of another site is never begun', async () => {
    await theOwner(server);
    const body = { email: 'owner@example.com', password: PASSWORD };
    const answer = await callApp(server.app, 'POST', '/v1/sign-in', body, { origin: 'https://evil.example' });
    expect(answer).toMatchObject({ status: 403, body: { code: 'origin_refused' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('with a forged, foreign or cut cookie is none', async () => {
    const { cookie } = await theOwner(server);
    const [name = '', value = ''] = cookie.split('=');
    const [token = ''] = decodeURIComponent(value).split('.');
    for (const forged of [token, `${token}.`, `${token}.AAAA`, '%', `x${value}`, value.slice(0, -4)]) {
      const answer = await asNobody(server)('GET', '/v1/me', undefined, { cookie: `${name}=${forged}` });
      expect(answer).toMatchObject({ status: 401 });
    }
    // A key is looked at first: whoever sends one means it.
    const key = await server.key(['read']);
    const both = await callApp(server.app, 'GET', '/v1/me', undefined, {
      cookie,
      authorization: `Bearer ${key}`,
    });
    expect(both.body).toMatchObject({ kind: 'api_key', person: null });
  });

  test('is over after seven days without use, and prolonged where it is used', async () => {
    const owner = await theOwner(server);
    server.clock.move(2 * DAY);
    const prolonged = await owner.call('GET', '/v1/me');
    expect(cookieOf(prolonged)).toBe(owner.cookie);
    server.clock.move(6 * DAY);
    expect((await owner.call('GET', '/v1/me')).status).toBe(200);
    // What was known of it a second ago is asked anew.
    server.clock.move(SECOND);
    expect(cookieOf(await owner.call('GET', '/v1/me'))).toBe('');
    server.clock.move(7 * DAY);
    expect(await owner.call('GET', '/v1/events')).toMatchObject({ status: 401 });
  });

  test('is listed without its token, and ends alone or with all others', async () => {
    const owner = await theOwner(server);
    const [second, third] = [await signIn(server, owner.email), await signIn(server, owner.email)];
    const listed = await owner.call('GET', '/v1/me/sessions', undefined, { 'user-agent': 'x' });
    expect(listed.body.data).toHaveLength(3);
    expect(listed.body.data.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
    for (const { cookie } of [owner, second]) {
      const token = decodeURIComponent(cookie.split('=')[1] ?? '').split('.')[0];
      expect(listed.text).not.toContain(token);
    }
    const seen = (await second.call('GET', '/v1/me/sessions')).body.data;
    const own = seen.find(({ current }: { current: boolean }) => current);
    expect((await owner.call('DELETE', `/v1/me/sessions/${own.id}`)).status).toBe(204);
    expect((await owner.call('DELETE', `/v1/me/sessions/${own.id}`)).status).toBe(404);
    expect((await second.call('GET', '/v1/me')).status).toBe(401);
    expect((await owner.call('POST', '/v1/me/sessions/end-others')).body).toEqual({ ended: 1 });
    expect((await third.call('GET', '/v1/me')).status).toBe(401);
    expect((await owner.call('GET', '/v1/me')).status).toBe(200);
  });

  test('of another person cannot be ended, nor seen', async () => {
    const owner = await theOwner(server);
    const viewer = await aMember(server, owner, 'viewer');
    const [{ id }] = (await owner.call('GET', '/v1/me/sessions')).body.data;
    expect((await viewer.call('DELETE', `/v1/me/sessions/${id}`)).status).toBe(404);
    expect((await owner.call('GET', '/v1/me')).status).toBe(200);
  });

  test('ends within a second at another node when its person is removed', async () => {
    const owner = await theOwner(server);
    const member = await aMember(server, owner, 'developer');
    expect((await member.call('GET', '/v1/events')).status).toBe(200);
    // As another node does it: this one is not told.
    await server.store.removeMember(support.WORKSPACE, member.id, server.clock.now(), 'me');
    server.clock.move(SECOND);
    expect((await member.call('GET', '/v1/events')).status).toBe(401);
  });
});

describe('a key', () => {
  test('is nobody: what is about a person or the team is not for it', async () => {
    expect((await server.call('GET', '/v1/me')).body).toMatchObject({
      kind: 'api_key',
      name: 'Test',
      person: null,
    });
    for (const url of ['/v1/me/sessions', '/v1/members', '/v1/members/invitations']) {
      expect(await server.call('GET', url)).toMatchObject({ status: 403, body: { code: 'person_required' } });
    }
    const instance = await server.key([], null);
    const asInstance = (url: string, headers = {}) =>
      callApp(server.app, 'GET', url, undefined, { authorization: `Bearer ${instance}`, ...headers });
    expect((await asInstance('/v1/me')).body).toMatchObject({ kind: 'instance_key', workspaces: [] });
    expect((await asInstance('/v1/members')).body.code).toBe('workspace_required');
    expect((await asInstance('/v1/members', { 'mirsal-workspace': 'ws_1' })).status).toBe(200);
  });
});

test('the audit log names the person', async () => {
  const owner = await theOwner(server);
  await owner.call('POST', '/v1/api-keys', { name: 'ci', scopes: ['read'] });
  const [entry] = (await owner.call('GET', '/v1/audit')).body.data;
  expect(entry).toMatchObject({ action: 'api_key.created', actor: `person:${owner.id}`, actor_name: 'مالك' });
  expect((await owner.call('GET', '/v1/audit')).text).not.toContain('cheap:');
});
