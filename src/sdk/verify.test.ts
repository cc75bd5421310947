/** Receivers verify what Mirsal signs: known answers, every way in which a request must not be acted on, and each framework's way in. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { describe, expect, test } from 'vitest';
import { prepareKey, standardHeaders } from '../core/signing/sign.ts';
import vectors from '../core/signing/vectors.json' with { type: 'json' };
import { receive, type VerifyOptions, verify, verifyIn, WebhookError, webhooks } from './sdk.ts';

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const OLD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOW_S = 1_714_000_000;
const BODY = '{"type":"contact.tag.added","name":"ليلى"}';
const options: VerifyOptions = { secrets: SECRET, now: () => NOW_S * 1000 };

function signed(body = BODY, over: Record<string, string> = {}, secret = SECRET): Record<string, string> {
  const content = { id: 'msg_1', timestampS: NOW_S, body };
  return {
    ...Object.fromEntries(standardHeaders([prepareKey(secret)], content)),
    'mirsal-event-type': 'contact.tag.added',
    'mirsal-sequence': '7',
    'mirsal-attempt': '2',
    ...over,
  };
}

async function faultOf(headers: Record<string, string>, body: string | Uint8Array = BODY, over = options) {
  const error = await verify({ headers, body }, over).catch((thrown: unknown) => thrown);
  return error instanceof WebhookError ? error.code : error;
}

describe('verify', () => {
  test.each(vectors.standard_webhooks)('takes $id of the known answers', async (vector) => {
    const { id, timestamp, payload, signature } = vector;
    const key = 'secret' in vector ? vector.secret : vector.public_key;
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    };
    const taken = await verify(
      { headers, body: payload },
      { secrets: String(key), now: () => timestamp * 1000 },
    );
    expect(taken).toEqual({
      ...{ id, sentAt: new Date(timestamp * 1000), type: null, sequence: null, attempt: null },
      event: JSON.parse(payload),
    });
    expect(await faultOf(headers, `${payload} `, { secrets: String(key), now: () => timestamp * 1000 })).toBe(
      'no_matching_signature',
    );
  });

  test('tells id, time, type, place and what was sent', async () => {
    for (const headers of [signed(), new Headers(signed()), { ...signed(), 'Webhook-Id': 'msg_1' }]) {
      expect(await verify({ headers, body: new TextEncoder().encode(BODY) }, options)).toEqual({
        id: 'msg_1',
        sentAt: new Date(NOW_S * 1000),
        type: 'contact.tag.added',
        sequence: 7,
        attempt: 2,
        event: JSON.parse(BODY),
      });
    }
  });

  test('takes the old and the new secret while they are rotated', async () => {
    const keys = [SECRET, OLD_SECRET].map(prepareKey);
    const both = Object.fromEntries(standardHeaders(keys, { id: 'msg_1', timestampS: NOW_S, body: BODY }));
    for (const secrets of [SECRET, OLD_SECRET, [SECRET, OLD_SECRET]]) {
      expect(await faultOf(both, BODY, { ...options, secrets })).toMatchObject({ id: 'msg_1' });
    }
    expect(
      await faultOf(signed(BODY, {}, OLD_SECRET), BODY, { ...options, secrets: [SECRET, OLD_SECRET] }),
    ).toMatchObject({
      id: 'msg_1',
    });
  });

  test.each<[string, Record<string, string>, string]>([
    ['no id', signed(BODY, { 'webhook-id': '' }), 'missing_header'],
    ['another id', signed(BODY, { 'webhook-id': 'msg_2' }), 'no_matching_signature'],
    ['another time', signed(BODY, { 'webhook-timestamp': String(NOW_S + 1) }), 'no_matching_signature'],
    ['a time that is none', signed(BODY, { 'webhook-timestamp': '1e9' }), 'invalid_timestamp'],
    ['a time long ago', signed(BODY, { 'webhook-timestamp': String(NOW_S - 301) }), 'too_old'],
    ['a time to come', signed(BODY, { 'webhook-timestamp': String(NOW_S + 301) }), 'too_new'],
    ['a signature of another secret', signed(BODY, {}, OLD_SECRET), 'no_matching_signature'],
    [
      'a signature of another version',
      signed(BODY, { 'webhook-signature': 'v2,aGk=' }),
      'no_matching_signature',
    ],
    [
      'a signature that is no base64',
      signed(BODY, { 'webhook-signature': 'v1,%%% v1' }),
      'no_matching_signature',
    ],
  ])('refuses %s', async (_, headers, code) => {
    expect(await faultOf(headers)).toBe(code);
  });

  test('says what is no JSON though it is signed, and what is no secret', async () => {
    expect(await faultOf(signed('{'), '{')).toBe('invalid_json');
    expect(await faultOf(signed(), BODY, { ...options, secrets: 'whsk_AAAA' })).toBeInstanceOf(TypeError);
    expect(await faultOf(signed(), BODY, { ...options, secrets: [] })).toBeInstanceOf(TypeError);
    const old = signed(BODY, { 'webhook-timestamp': String(NOW_S) });
    expect(await faultOf(old, BODY, { ...options, now: () => 0, toleranceS: 0 })).toMatchObject({
      id: 'msg_1',
    });
  });
});

type Ask = (headers: Record<string, string>, body: string) => Promise<{ status: number; text: string }>;

async function expectVerified(ask: Ask): Promise<void> {
  expect(await ask(signed(), BODY)).toEqual({ status: 200, text: 'msg_1 contact.tag.added' });
  const wrong = await ask(signed(BODY, {}, OLD_SECRET), BODY);
  expect([wrong.status, JSON.parse(wrong.text).code]).toEqual([401, 'no_matching_signature']);
  const late = await ask(signed(BODY, { 'webhook-timestamp': '1' }), BODY);
  expect([late.status, JSON.parse(late.text).code]).toEqual([400, 'too_old']);
}

describe('the way in of', () => {
  test('fetch-style handlers', async () => {
    const handler = receive(options, ({ id, type }) => new Response(`${id} ${type}`));
    await expectVerified(async (headers, body) => {
      const answer = await handler(
        new Request('https://example.com/hooks', { method: 'POST', headers, body }),
      );
      return { status: answer.status, text: await answer.text() };
    });
  });

  test('Fastify, for the routes of its scope alone', async () => {
    const app = fastify();
    app.register(async (scope) => {
      verifyIn(scope, options);
      scope.post('/hooks', async (request) => {
        const { webhook } = request as unknown as { webhook: { id: string; type: string } };
        return `${webhook.id} ${webhook.type}`;
      });
    });
    app.post('/other', async (request) => request.body);
    await expectVerified(async (headers, payload) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/hooks',
        headers: { ...headers, 'content-type': 'application/json' },
        payload,
      });
      return { status: answer.statusCode, text: answer.body };
    });
    const other = await app.inject({ method: 'POST', url: '/other', payload: { a: 1 } });
    expect(other.json()).toEqual({ a: 1 });
    await app.close();
  });

  test('Express and all that calls (request, response, next)', async () => {
    const middleware = webhooks(options);
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const withBody = Object.assign(request, {
        body: request.url === '/parsed' ? {} : Buffer.concat(chunks),
        webhook: undefined as unknown as { id: string; type: string },
      });
      const answer = {
        status: (code: number) => ({
          json: (body: object) => response.writeHead(code).end(JSON.stringify(body)),
        }),
      };
      await middleware(withBody as never, answer, (error) => {
        if (error instanceof Error) response.writeHead(500).end(error.message);
        else response.end(`${withBody.webhook.id} ${withBody.webhook.type}`);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const post = async (path: string, headers: Record<string, string>, body: string) => {
      const answer = await fetch(url + path, { method: 'POST', headers, body });
      return { status: answer.status, text: await answer.text() };
    };
    await expectVerified((headers, body) => post('/', headers, body));
    expect(await post('/parsed', signed(), BODY)).toMatchObject({
      status: 500,
      text: expect.stringContaining('express.raw'),
    });
    server.close();
  });
});
