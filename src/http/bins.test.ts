/** Bins: what they capture, how they answer, what they show, and what they must not do. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { indentJson } from './pages/indentJson.ts';
import { pickLanguage } from './pages/languages.ts';
import { aServer, callApp, PUBLIC_URL, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
let bin: { id: string; url: string };
let path: string;
beforeEach(async () => {
  server = await aServer(parts);
  bin = (await server.call('POST', '/v1/bins')).body;
  path = bin.url.slice(PUBLIC_URL.length);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const send = (method: string, url: string, body?: string | Buffer, headers: Record<string, string> = {}) =>
  callApp(server.app, method, url, body, headers);
const requests = async (query = '?') =>
  (await server.call('GET', `/v1/bins/${bin.id}/requests${query}&bodies=true`)).body.data;

/** Moves the clock again and again until `promise` is done. */
async function movingUntil<T>(promise: Promise<T>, stepMs: number): Promise<T> {
  let done = false;
  const result = promise.finally(() => {
    done = true;
  });
  await expect
    .poll(() => {
      server.clock.move(stepMs);
      return done;
    })
    .toBe(true);
  return result;
}

describe('a bin', () => {
  test('is one of 50 at most; the next is refused until one goes', async () => {
    for (let n = 1; n < 50; n += 1) await server.call('POST', '/v1/bins');
    const refused = await server.call('POST', '/v1/bins');
    expect(refused).toMatchObject({ status: 403, body: { code: 'limit_reached' } });
    await server.call('DELETE', `/v1/bins/${bin.id}`);
    expect((await server.call('POST', '/v1/bins')).status).toBe(201);
  });

  test('lists bodies where they are asked for, as many as 4 MiB a page', async () => {
    for (let n = 0; n < 6; n += 1) await send('POST', path, Buffer.alloc(1024 * 1024, 65 + n));
    const url = `/v1/bins/${bin.id}/requests`;
    const bare = (await server.call('GET', url)).body;
    expect(bare.next_cursor).toBeNull();
    expect(bare.data).toHaveLength(6);
    expect(bare.data[0]).toMatchObject({ body: null, encoding: null, body_bytes: 1024 * 1024 });
    const first = (await server.call('GET', `${url}?bodies=true`)).body;
    expect(first.data.map(({ body }: { body: string }) => body[0])).toEqual(['F', 'E', 'D', 'C']);
    const rest = (await server.call('GET', `${url}?bodies=true&cursor=${first.next_cursor}`)).body;
    expect(rest.data.map(({ body }: { body: string }) => body[0])).toEqual(['B', 'A']);
    expect(rest.next_cursor).toBeNull();
  });

  test('is created with its addresses, and says its limits', async () => {
    const { status, body } = await server.call('POST', '/v1/bins', { answer: { status: 202 } });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      answer: { status: 202, headers: {}, body: '', delay_ms: 0, failure_rate: 0 },
      request_count: 0,
      limits: { bins: 50, requests: 500, request_bytes: 1_048_576, bytes: 16_777_216, days: 7 },
    });
    expect(body.url).toMatch(/^https:\/\/hooks\.test\/b\/[0-9A-Za-z]{22}$/);
    expect(body.inspect_url).toBe(`${body.url}?inspect`);
    expect((await server.call('GET', '/v1/bins')).body.data.map(({ id }: { id: string }) => id)).toEqual([
      body.id,
      bin.id,
    ]);
  });

  test.each([
    ['POST', '/any/path?x=1', 'application/json', '{not json'],
    ['PUT', '', 'no/such; type=;', 'x'],
    ['DELETE', '/', 'text/plain', 'body of a DELETE'],
    ['PROPFIND', '?inspect', 'application/xml', '<a/>'],
    ['GET', '?inspect&more=1', '', ''],
    ['POST', '/__proto__?inspect', 'application/json', '{"__proto__":1}'],
  ])('captures %s %s whatever it holds', async (method, below, type, body) => {
    const answer = await send(
      method,
      `${path}${below}`,
      body || undefined,
      type ? { 'content-type': type } : {},
    );
    expect(answer.status).toBe(200);
    const [captured] = await requests();
    expect(captured).toMatchObject({ method, path: below, body, encoding: 'utf8', truncated: false });
    if (type) expect(captured.headers).toContainEqual(['content-type', type]);
    expect(captured.signature.verdict).toBe('unsigned');
  });

  test('keeps bytes that are not text', async () => {
    const bytes = Buffer.from([0x00, 0xff, 0x10]);
    await send('POST', path, bytes, { 'content-type': 'application/octet-stream' });
    expect(await requests()).toMatchObject([{ body: bytes.toString('base64'), encoding: 'base64' }]);
  });

  test('answers as it is told, and browsers must not run it', async () => {
    const answer = {
      status: 418,
      headers: { 'Content-Type': 'text/html', 'x-a': 'b' },
      body: '<script>alert(1)</script>',
    };
    const changed = await server.call('PATCH', `/v1/bins/${bin.id}`, { answer });
    expect(changed.body.answer).toEqual({ ...answer, delay_ms: 0, failure_rate: 0, relay_ms: 0 });
    const got = await send('POST', path, 'x', { 'content-type': 'text/plain' });
    expect(got).toMatchObject({ status: 418, text: answer.body });
    expect(got.headers).toMatchObject({
      'x-a': 'b',
      'content-type': 'text/html',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    await server.call('PATCH', `/v1/bins/${bin.id}`, { answer: { failure_rate: 1 } });
    expect((await send('POST', path)).status).toBe(500);
  });

  test('waits before it answers', async () => {
    await server.call('PATCH', `/v1/bins/${bin.id}`, { answer: { delay_ms: 30_000 } });
    const pending = server.clock.now();
    const answer = send('POST', path, 'x', { 'content-type': 'text/plain' });
    await expect.poll(async () => (await requests()).length).toBe(1);
    expect(await movingUntil(answer, 30_000)).toMatchObject({ status: 200 });
    expect(server.clock.now()).toBeGreaterThanOrEqual(pending + 30_000);
  });

  test('that is to wait does not hold up a shutdown', async () => {
    await server.call('PATCH', `/v1/bins/${bin.id}`, { answer: { delay_ms: 30_000 } });
    const answer = send('POST', path);
    const waited = requests('?wait=30&after=req_2gosa7pa2gv');
    await expect.poll(async () => (await requests()).length).toBe(1);
    await server.app.close();
    expect((await answer).status).toBe(200);
    expect(await waited).toEqual([]);
  });

  test('cannot be told to set cookies', async () => {
    const { status, body } = await server.call('PATCH', `/v1/bins/${bin.id}`, {
      answer: { headers: { 'set-cookie': 'a=b' } },
    });
    expect(status).toBe(400);
    expect(body.errors[0].field).toBe('/answer/headers/set-cookie');
  });

  test('is gone after seven days, or when it is deleted', async () => {
    const other = (await server.call('POST', '/v1/bins')).body;
    expect((await server.call('DELETE', `/v1/bins/${other.id}`)).status).toBe(204);
    expect((await send('POST', other.url.slice(PUBLIC_URL.length))).status).toBe(404);
    server.clock.move(7 * 24 * 3_600_000);
    expect((await send('POST', path)).status).toBe(404);
    expect((await server.call('GET', `/v1/bins/${bin.id}`)).status).toBe(404);
  });
});

describe('a bin that relays', () => {
  const answerOf = (id: string, body: unknown) =>
    server.call('POST', `/v1/bins/${bin.id}/requests/${id}/answer`, body);
  const relaying = (answer = {}) =>
    server.call('PATCH', `/v1/bins/${bin.id}`, { answer: { relay_ms: 4000, status: 504, ...answer } });
  const next = async (after = '') => (await requests(`?wait=5${after}`))[0];

  test('has each request wait for its own answer, and shows nothing of those on their way', async () => {
    expect((await relaying()).body.answer).toMatchObject({ status: 504, relay_ms: 4000 });
    const one = send('POST', `${path}/one`, 'first');
    const first = await next();
    const other = send('POST', `${path}/two`, 'second');
    const second = await next(`&after=${first.id}`);
    const headers = { 'x-from': 'here', 'content-type': 'application/json' };
    expect((await answerOf(second.id, { status: 201, headers, body: '{"two":2}' })).status).toBe(204);
    expect((await server.call('GET', `/v1/bins/${bin.id}`)).body.answer).toEqual({
      ...{ status: 504, headers: {}, body: '', delay_ms: 0, failure_rate: 0, relay_ms: 4000 },
    });
    expect(await other).toMatchObject({ status: 201, body: { two: 2 }, headers: { 'x-from': 'here' } });
    await answerOf(first.id, { status: 418 });
    expect(await one).toMatchObject({ status: 418, text: '' });
    const stored = await server.store.findBin({ token: path.slice(3) });
    expect(Object.keys(stored?.answer ?? {}).filter((name) => name.startsWith('reply_'))).toEqual([]);
  });

  test('answers by itself where nobody does in time, and refuses what comes too late or was not asked for', async () => {
    await relaying();
    const sent = send('POST', path, 'x');
    const { id } = await next();
    expect(await movingUntil(sent, 500)).toMatchObject({ status: 504 });
    const refused = { status: 409, body: { code: 'answer_not_awaited' } };
    expect(await answerOf(id, { status: 200 })).toMatchObject(refused);
    expect(await answerOf('req_zzz', { status: 200 })).toMatchObject(refused);
    expect(await answerOf('evt_1', { status: 200 })).toMatchObject({ status: 404 });
    const cookie = await answerOf(id, { status: 200, headers: { 'set-cookie': 'a=b' } });
    expect(cookie).toMatchObject({ status: 400, body: { errors: [{ field: '/headers/set-cookie' }] } });
  });

  test('does not hold up a shutdown', async () => {
    await relaying();
    const sent = send('POST', path, 'x');
    await next();
    await Promise.all([server.close(), sent]);
    server = await aServer(parts);
  });
});

describe('a large upload', () => {
  test('is read to the limit, answered and closed; what is kept says that it is not all', async () => {
    await server.app.listen({ port: 0, host: '127.0.0.1' });
    const address = server.app.server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${1024 ** 3}\r\n\r\n`);
    socket.write(Buffer.alloc(1024 * 1024 + 1, 'a'));
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    const [captured] = await requests();
    expect(captured).toMatchObject({ truncated: true });
    expect(captured.body).toHaveLength(1024 * 1024);
  });
});

describe('waiting for a request', () => {
  test('ends when one comes', async () => {
    const waited = requests('?wait=30');
    await send('POST', path, 'first', { 'content-type': 'text/plain' });
    const [first] = await waited;
    expect(first.body).toBe('first');
    const next = requests(`?wait=30&after=${first.id}`);
    await send('POST', path, 'second', { 'content-type': 'text/plain' });
    expect(await next).toMatchObject([{ body: 'second' }]);
  });

  test('ends when the time is over, or the server closes', async () => {
    const waited = requests('?wait=2');
    expect(await movingUntil(waited, 500)).toEqual([]);
  });
});

test('a request from an endpoint that points here is shown with its signature’s verdict', async () => {
  await server.call('POST', '/v1/endpoints', { url: bin.url, event_types: ['*'] });
  const { value } = support.aTagEvent(1);
  await server.call('POST', '/v1/events', { type: 'contact.tag.added', data: value });
  await expect.poll(() => server.sent.length).toBe(1);
  const sent = server.sent[0];
  const headers = Object.fromEntries(sent?.headers ?? []);
  await send('POST', path, sent?.body, headers);
  await send('POST', path, `${sent?.body} `, headers);
  const other = (await server.call('POST', '/v1/bins')).body;
  await send('POST', other.url.slice(PUBLIC_URL.length), sent?.body, headers);
  expect((await requests()).map(({ signature }: { signature: object }) => signature)).toMatchObject([
    { verdict: 'invalid' },
    { verdict: 'valid', reason: null },
  ]);
  const elsewhere = await server.call('GET', `/v1/bins/${other.id}/requests`);
  expect(elsewhere.body.data[0].signature.verdict).toBe('unknown_endpoint');
});

describe('the inspect page', () => {
  test('shows what came as escaped text, runs nothing, and says its limits', async () => {
    await send(
      'POST',
      `${path}/<img src=x>`.replaceAll(' ', '%20'),
      '{"a":"<script>alert(1)</script>","n":12345678901234567890}',
      {
        'content-type': 'application/json',
        'x-evil': '"><b>',
      },
    );
    const page = await send('GET', `${path}?inspect`);
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.text).not.toMatch(/<script|<img|<b>/);
    expect(page.text).toContain('&lt;script&gt;');
    expect(page.text).toContain('12345678901234567890');
    expect(page.text).toContain('500');
    expect(page.text).toContain('<html lang="en" dir="ltr">');
    // Looking is not a request.
    expect(await requests()).toHaveLength(1);
  });

  test('is in Arabic for those who ask for it', async () => {
    const arabic = '<html lang="ar" dir="rtl">';
    expect((await send('GET', `${path}?inspect&lang=ar`)).text).toContain(arabic);
    expect(
      (await send('GET', `${path}?inspect`, undefined, { 'accept-language': 'ar-EG,en;q=0.5' })).text,
    ).toContain(arabic);
    expect((await send('GET', `${path}?inspect&lang=en&live=off`)).text).not.toContain('http-equiv');
  });

  test.each([
    ['', 'en'],
    ['fr', 'en'],
    ['fr,ar;q=0.3,en;q=0.2', 'ar'],
    ['en;q=0.9,ar', 'ar'],
    ['ar;q=0,en;q=0.1', 'en'],
    ['ar-SA', 'ar'],
  ])('takes the language from %j', (asked, language) => {
    expect(pickLanguage(asked)).toBe(language);
  });

  test.each(['"\\'.repeat(20_000), `[${'"\\'.repeat(9)}`, `["${'x'.repeat(99)}`, '"a\\', '"a\\\n"', ''])(
    'takes a string that never closes for one token (%#)',
    (text) => {
      // What is outside of strings is laid out; nothing is lost or looked at twice.
      expect(indentJson(text).replace(/^\[\n {2}/, '[')).toBe(text);
    },
  );

  test('shows what is cut in the middle of a character, and no more than a page may hold', async () => {
    const body = `x${'م'.repeat(40 * 1024)}`;
    for (let n = 0; n < 12; n += 1) await send('POST', path, body, { 'content-type': 'text/plain' });
    const page = (await send('GET', `${path}?inspect&lang=en`)).text;
    expect(page.match(/<article>/g)).toHaveLength(8);
    expect(page).toContain(`x${'م'.repeat(32 * 1024 - 1)}</pre>`);
    expect(page).not.toContain('م'.repeat(32 * 1024));
  });

  test('indents JSON without changing a token', () => {
    expect(indentJson('{"a" : [1.0,{}, []],"b":"x, {y"}')).toBe(
      '{\n  "a": [\n    1.0,\n    {},\n    []\n  ],\n  "b": "x, {y"\n}',
    );
  });
});
