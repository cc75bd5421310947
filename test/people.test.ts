/** People over real HTTP and SMTP, on both databases, and over two nodes where the database admits that. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MailServer, startMailServer } from './support/mailServer.ts';
import { CHEAP_PASSWORDS } from './support/passwords.ts';
import { INSTANCE_KEY, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Served, startServed, until } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const PUBLIC_URL = 'https://hooks.example.com';
const PASSWORD = 'correct horse battery';
const OWNER = { name: 'سارة', email: 'sara@example.com', password: PASSWORD, language: 'ar' };

interface Told {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
  cookie: string;
}

/** As a browser on a page of this installation. */
async function ask(
  node: Pick<Served, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Told> {
  const answer = await fetch(node.url + path, {
    method,
    headers: {
      origin: PUBLIC_URL,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const cookie = answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text, cookie };
}

/** The parts of a mail as they were before they were made fit for transport. */
function decoded(raw: string): string {
  const parts = raw.split(/\r?\n\r?\n/);
  const texts = parts.map((part) => part.replace(/=\r?\n/g, '').replace(/=3D/g, '='));
  const unpacked = parts.map((part) => Buffer.from(part.replace(/\s/g, ''), 'base64').toString());
  return [...texts, ...unpacked].join('\n');
}

describe.each(STORES)('people on %s', (store) => {
  let mailServer: MailServer;
  let env: Record<string, string>;
  let nodes: Served[];
  let one: Served;
  let two: Served;

  beforeEach(async () => {
    mailServer = await startMailServer();
    env = {
      ...(await storeEnv(store)),
      MIRSAL_PUBLIC_URL: PUBLIC_URL,
      MIRSAL_SECRET: 'one secret for all nodes of the database',
      MIRSAL_SMTP_URL: mailServer.url,
    };
    const start = () => startServed({ env, parts: { passwords: CHEAP_PASSWORDS } });
    // SQLite's file is one process's.
    one = await start();
    two = store === 'SQLite' ? one : await start();
    nodes = one === two ? [one] : [one, two];
  });
  afterEach(async () => {
    for (const node of nodes) await node.close();
    await mailServer.close();
  });

  const setUp = (node: Served, over = {}) =>
    ask(node, 'POST', '/v1/setup', { ...OWNER, token: one.running.setupToken, ...over });
  const signIn = (node: Served, email = OWNER.email, password = PASSWORD) =>
    ask(node, 'POST', '/v1/sign-in', { email, password });

  test('one owner is made, whichever nodes are asked at once; a session holds at every node', async () => {
    expect(two.running.setupToken).toBe(one.running.setupToken);
    const emails = ['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'];
    const made = await Promise.all(
      emails.map((email, index) => setUp(index % 2 === 0 ? one : two, { email })),
    );
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const email = emails[made.findIndex(({ status }) => status === 201)] ?? '';
    const { cookie } = await signIn(one, email);
    expect(cookie).toMatch(/^__Host-mirsal_session=/);
    for (const node of nodes) {
      expect((await ask(node, 'GET', '/v1/me', undefined, { cookie })).body.person.email).toBe(email);
    }
    await ask(two, 'POST', '/v1/sign-out', undefined, { cookie });
    await until(
      () => ask(one, 'GET', '/v1/me', undefined, { cookie }),
      ({ status }) => status === 401,
    );
  });

  test('an invitation comes by mail in its language and is accepted; removal ends the sessions at every node', async () => {
    await setUp(one);
    const owner = { cookie: (await signIn(one)).cookie };
    const invited = await ask(
      one,
      'POST',
      '/v1/members/invitations',
      { email: 'omar@example.com', role: 'developer', language: 'ar' },
      owner,
    );
    expect(invited.body.mail).toBe('sent');
    await mailServer.count(1);
    const [mail] = mailServer.received;
    expect(mail?.to).toEqual(['omar@example.com']);
    const text = decoded(mail?.raw ?? '');
    expect(text).toContain(invited.body.link);
    expect(text).toContain('قبول الدعوة');
    const token = invited.body.link.split('/').at(-1);
    const accepting = { token, name: 'عمر', password: PASSWORD };
    const accepted = await Promise.all(
      [one, two, one].map((node) => ask(node, 'POST', '/v1/invitations/accept', accepting)),
    );
    expect(accepted.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const omar = { cookie: (await signIn(two, 'omar@example.com')).cookie };
    for (const node of nodes)
      expect((await ask(node, 'GET', '/v1/events', undefined, omar)).status).toBe(200);
    const { id } = (await ask(one, 'GET', '/v1/me', undefined, omar)).body.person;
    expect((await ask(one, 'DELETE', `/v1/members/${id}`, undefined, owner)).status).toBe(204);
    await until(
      () => ask(two, 'GET', '/v1/events', undefined, omar),
      ({ status }) => status === 401,
    );
  });

  test('of two owners who demote each other at once, each at a node, one stays', async () => {
    await setUp(one);
    const first = await signIn(one);
    const { link } = (
      await ask(
        one,
        'POST',
        '/v1/members/invitations',
        { email: 'b@example.com', role: 'owner' },
        {
          cookie: first.cookie,
        },
      )
    ).body;
    const token = link.split('/').at(-1);
    await ask(two, 'POST', '/v1/invitations/accept', { token, name: 'B', password: PASSWORD });
    const second = await signIn(two, 'b@example.com');
    const idOf = async ({ cookie }: Told) =>
      (await ask(one, 'GET', '/v1/me', undefined, { cookie })).body.person.id;
    const [a, b] = [await idOf(first), await idOf(second)];
    const demote = (node: Served, { cookie }: Told, id: string) =>
      ask(node, 'PATCH', `/v1/members/${id}`, { role: 'viewer' }, { cookie });
    const outcomes = await Promise.all([demote(one, first, b), demote(two, second, a)]);
    // Where the other's demotion was known already, it is the role that does not allow it.
    expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
    const instance = { authorization: `Bearer ${INSTANCE_KEY}`, 'mirsal-workspace': 'ws_1' };
    const { data } = (await ask(one, 'GET', '/v1/members', undefined, instance)).body;
    expect(data.filter(({ role }: { role: string }) => role === 'owner')).toHaveLength(1);
  });

  test('a new password comes by mail, works once, and ends the sessions', async () => {
    await setUp(one);
    const { cookie } = await signIn(one);
    expect((await ask(two, 'POST', '/v1/password-resets', { email: OWNER.email })).status).toBe(202);
    await mailServer.count(1);
    const token = /reset#([\w-]+)/.exec(decoded(mailServer.received[0]?.raw ?? ''))?.[1];
    const confirm = (node: Served, password: string) =>
      ask(node, 'POST', '/v1/password-resets/confirm', { token, password });
    const done = await Promise.all([confirm(one, 'horse battery one'), confirm(two, 'horse battery two')]);
    expect(done.map(({ status }) => status).sort()).toEqual([204, 409]);
    await until(
      () => ask(one, 'GET', '/v1/me', undefined, { cookie }),
      ({ status }) => status === 401,
    );
    expect((await signIn(one)).status).toBe(401);
    const password = done[0]?.status === 204 ? 'horse battery one' : 'horse battery two';
    expect((await signIn(two, OWNER.email, password)).status).toBe(200);
  });

  test('a portal link works at every node until it is revoked', async () => {
    const key = { authorization: `Bearer ${INSTANCE_KEY}`, 'mirsal-workspace': 'ws_1' };
    const link = { scopes: ['read'], expires_in_s: 600 };
    const made = await ask(one, 'POST', '/v1/portal-links', link, key);
    const portal = { authorization: `Bearer ${made.body.token}` };
    for (const node of nodes) {
      expect((await ask(node, 'GET', '/v1/me', undefined, portal)).body.kind).toBe('portal_link');
    }
    await ask(one, 'DELETE', `/v1/portal-links/${made.body.id}`, undefined, key);
    await until(
      () => ask(two, 'GET', '/v1/me', undefined, portal),
      ({ status }) => status === 401,
    );
  });
});

test('the token of the set-up stands in the data directory, for its owner only, until there is an owner', async () => {
  const directory = temporaryDirectory();
  const start = (env = {}) =>
    startServed({
      env: { MIRSAL_DATA_DIR: directory.path, MIRSAL_PUBLIC_URL: PUBLIC_URL, ...env },
      parts: { passwords: CHEAP_PASSWORDS },
    });
  const path = join(directory.path, 'setup-token');
  const node = await start();
  const token = node.running.setupToken;
  expect(readFileSync(path, 'utf8')).toBe(`${token}\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect((await ask(node, 'POST', '/v1/setup', { ...OWNER, token: 'a guess' })).status).toBe(403);
  expect((await ask(node, 'POST', '/v1/setup', { ...OWNER, token })).status).toBe(201);
  expect(existsSync(path)).toBe(false);
  await node.running.stop();
  const again = await start();
  expect(again.running.setupToken).toBeNull();
  expect(existsSync(path)).toBe(false);
  await again.running.stop();
  directory.remove();
});

test('a start prints the token while there is nobody; passwords and tokens never stand in what it says', async () => {
  const directory = temporaryDirectory();
  // At more than a loopback address, where others could be quicker.
  const env = { MIRSAL_HOST: '0.0.0.0', MIRSAL_LOG_LEVEL: 'debug' };
  const start = () => startMirsal({ directory: directory.path, env });
  const node = await start();
  const token = /set-up token {2}(\S+)/.exec(node.said())?.[1] ?? '';
  const page = { origin: node.url };
  const post = (path: string, body: unknown, headers = {}) =>
    ask(node, 'POST', path, body, { ...page, ...headers });
  expect((await post('/v1/setup', { ...OWNER, token })).status).toBe(201);
  const login = { email: OWNER.email, password: PASSWORD };
  const { cookie } = await post('/v1/sign-in', login);
  expect(cookie).toMatch(/^mirsal_session=/);
  expect((await post('/v1/sign-in', { ...login, password: 'a wrong battery' })).status).toBe(401);
  const somebody = { email: 'b@example.com', role: 'viewer' };
  const invited = await post('/v1/members/invitations', somebody, { cookie });
  const invitation = invited.body.link.split('/').at(-1);
  expect((await post('/v1/invitations/look', { token: invitation })).status).toBe(200);
  expect((await post('/v1/invitations/accept', { token: `${invitation}x` })).status).toBe(409);
  const link = { scopes: ['read'], expires_in_s: 600 };
  const portal = (await post('/v1/portal-links', link, { cookie })).body.token;
  const authorization = `Bearer ${portal}`;
  expect((await ask(node, 'GET', '/v1/me', undefined, { authorization })).status).toBe(200);
  expect(await node.stop()).toBe(0);
  // Where it is meant to stand: in the link, and by itself.
  const told = node.said().replace(`/setup#${token}`, '').replace(`set-up token  ${token}`, '');
  expect(told).toContain('/v1/sign-in');
  const session = cookie.slice('mirsal_session='.length, 40);
  for (const secret of [PASSWORD, 'a wrong battery', token, session, invitation, portal]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(told).not.toContain(secret);
  }
  const again = await start();
  expect(again.said()).not.toContain('set-up token');
  expect((await ask(again, 'GET', '/v1/me', undefined, { cookie })).body.person.email).toBe(OWNER.email);
  await again.stop();
  directory.remove();
});

test('on this machine alone no token is needed', async () => {
  const node = await startServed({ parts: { passwords: CHEAP_PASSWORDS } });
  expect(node.running.setupToken).toBeNull();
  const told = await ask(node, 'GET', '/v1/setup');
  expect(told.body).toEqual({ needed: true, token_required: false });
  const origin = { origin: node.url };
  expect((await ask(node, 'POST', '/v1/setup', OWNER, origin)).status).toBe(201);
  expect((await ask(node, 'POST', '/v1/sign-in', OWNER, origin)).status).toBe(400);
  // What changes is told to people, too.
  const login = { email: OWNER.email, password: PASSWORD };
  const { cookie } = await ask(node, 'POST', '/v1/sign-in', login, origin);
  const stream = await fetch(`${node.url}/v1/stream`, { headers: { cookie } });
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  await stream.body?.cancel();
  await node.close();
});
