/** One attempt: the request as sent, and what is recorded of its end. */
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../core/duration.ts';
import { createSigningKeyPair, formatSecret } from '../core/signing/secret.ts';
import { prepareKey, signV1 } from '../core/signing/sign.ts';
import { verify } from '../core/signing/verify.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { LaneItem } from '../store/records/lanes.ts';
import type { SendOutcome, SendRequest, SendResponse, SendResult } from '../world.ts';
import { buildRequest, concludeAttempt } from './attempt.ts';
import type { Destination } from './directory.ts';

const NOW = Date.UTC(2026, 0, 5, 9, 0, 0, 700);
const LANE = 501;
const SECRET = formatSecret(new Uint8Array(32).fill(1));
const OLD_SECRET = formatSecret(new Uint8Array(32).fill(2));
const BODY = '{"type":"contact.tag.added","data":{"n":12345678901234567890,"name":"مرسال"}}';

const BYTES = Buffer.from(BODY);

function anEndpoint(overrides: Partial<Endpoint> = {}): Endpoint {
  return {
    key: 500,
    workspace: 1,
    url: 'https://hooks.example.com/in?a=1',
    name: '',
    eventTypes: ['*'],
    condition: null,
    ordering: { by: 'endpoint' },
    retry: { preset: 'three-minutes' },
    timeoutMs: 5 * SECOND,
    rateLimit: null,
    sealedHeaders: null,
    signature: { v1a: false, compatibility: 'none' },
    disabled: null,
    recovery: null,
    createdAt: 0,
    updatedAt: 0,
    automation: null,
    lanes: [LANE],
    secrets: [],
    ...overrides,
  };
}

function aDestination(overrides: Partial<Destination> = {}): Destination {
  return {
    endpoint: anEndpoint(),
    keys: [{ key: prepareKey(SECRET), expiresAt: null }],
    secret: SECRET,
    headers: [],
    ...overrides,
  };
}

function anItem(overrides: Partial<LaneItem> = {}): LaneItem {
  return {
    key: 42,
    sequence: 7,
    message: 42,
    event: 41,
    eventType: 'contact.tag.added',
    source: { kind: 'subscription', id: 500 },
    replay: false,
    attempts: 0,
    putOffs: 0,
    waitedMs: 0,
    nextAttemptAt: null,
    depth: 0,
    trace: null,
    ownBody: false,
    body: BYTES,
    ...overrides,
  };
}

const bodyOf = (request: SendRequest): string => Buffer.from(request.body).toString();
const headersOf = (request: SendRequest): Record<string, string> => Object.fromEntries(request.headers);

describe('the record', () => {
  it('keeps the endpoint’s own headers sealed, as the endpoint does, and nothing of them openly', () => {
    const sealed = new Uint8Array([1, 2, 250]);
    const headers = [['Authorization', 'Bearer of-a-secret'] as const];
    const destination = aDestination({ endpoint: anEndpoint({ sealedHeaders: sealed }), headers });
    const request = buildRequest(anItem(), BYTES, LANE, destination, NOW);
    expect(request.headers.at(-1)).toEqual(headers[0]);
    const place = { workspace: 1, slice: 2, epoch: 3 };
    const span = { startedAt: NOW, endedAt: NOW + 13 };
    const { attempt } = concludeAttempt(
      place,
      anItem(),
      destination,
      { request, result: aResult(aResponse(200)), isAccepting: false },
      span,
    );
    expect(attempt.requestHeaders).not.toContain('secret');
    const open = request.headers.slice(0, -1);
    expect(JSON.parse(attempt.requestHeaders)).toEqual([...open, { sealed: 'AQL6' }]);
  });
});

describe('the request', () => {
  it('is a POST of the body as it is, to the endpoint’s URL, within its deadline (B1, P7)', () => {
    expect(buildRequest(anItem(), BYTES, LANE, aDestination(), NOW)).toMatchObject({
      url: 'https://hooks.example.com/in?a=1',
      method: 'POST',
      body: Buffer.from(BODY),
      timeoutMs: 5 * SECOND,
    });
  });

  it('has exactly these headers, in this order', () => {
    const signature = signV1({
      secret: SECRET,
      id: 'msg_16',
      timestampS: Math.floor(NOW / SECOND),
      body: BODY,
    });
    expect(buildRequest(anItem(), BYTES, LANE, aDestination(), NOW).headers).toEqual([
      ['content-type', 'application/json'],
      ['user-agent', 'Mirsal/1'],
      ['accept', '*/*'],
      ['webhook-id', 'msg_16'],
      ['webhook-timestamp', '1767603600'],
      ['webhook-signature', signature],
      ['mirsal-event-type', 'contact.tag.added'],
      ['mirsal-sequence', '7'],
      ['mirsal-attempt', '1'],
    ]);
  });

  it('sends the endpoint’s own headers after those', () => {
    const headers = [['authorization', 'Bearer x'] as const, ['x-team', 'a'] as const];
    expect(buildRequest(anItem(), BYTES, LANE, aDestination({ headers }), NOW).headers.slice(-2)).toEqual(
      headers,
    );
  });

  it('sends the endpoint’s own user-agent and accept instead of its own', () => {
    const headers = [['User-Agent', 'Shop/2'] as const, ['accept', 'text/plain'] as const];
    const sent = buildRequest(anItem(), BYTES, LANE, aDestination({ headers }), NOW).headers;
    expect(sent.filter(([name]) => /^(user-agent|accept)$/i.test(name))).toEqual(headers);
  });

  it('P5: a repeat has the same webhook-id, a new timestamp and signature, and counts its attempt', () => {
    const first = headersOf(buildRequest(anItem(), BYTES, LANE, aDestination(), NOW));
    const second = headersOf(
      buildRequest(anItem({ attempts: 2 }), BYTES, LANE, aDestination(), NOW + 30 * SECOND),
    );
    expect(second['webhook-id']).toBe(first['webhook-id']);
    expect(second['mirsal-attempt']).toBe('3');
    expect(Number(second['webhook-timestamp'])).toBe(Number(first['webhook-timestamp']) + 30);
    expect(second['webhook-signature']).not.toBe(first['webhook-signature']);
  });

  it('P13: a replay says so, and has the webhook-id of what it replays', () => {
    const headers = headersOf(
      buildRequest(anItem({ key: 99, replay: true }), BYTES, LANE, aDestination(), NOW),
    );
    expect(headers).toMatchObject({ 'mirsal-replay': 'true', 'webhook-id': 'msg_16' });
    expect(headersOf(buildRequest(anItem(), BYTES, LANE, aDestination(), NOW))).not.toHaveProperty(
      'mirsal-replay',
    );
  });

  it('P3: names its lane where the endpoint has several', () => {
    const endpoint = anEndpoint({ ordering: { by: 'subject', lanes: 3 }, lanes: [LANE, LANE + 1, LANE + 2] });
    const destination = aDestination({ endpoint });
    expect(headersOf(buildRequest(anItem(), BYTES, LANE + 2, destination, NOW))['mirsal-lane']).toBe('2');
    expect(headersOf(buildRequest(anItem(), BYTES, LANE, destination, NOW))['mirsal-lane']).toBe('0');
    expect(headersOf(buildRequest(anItem(), BYTES, LANE, aDestination(), NOW))).not.toHaveProperty(
      'mirsal-lane',
    );
  });

  it('P3: names a lane of a former ordering as such, so that its count is not taken for another’s', () => {
    const former = headersOf(buildRequest(anItem(), BYTES, 36, aDestination(), NOW));
    expect(former['mirsal-lane']).toBe('former-10');
  });
});

describe('signatures', () => {
  it('are what the library of Standard Webhooks verifies', () => {
    // The library compares with the machine's clock.
    const request = buildRequest(anItem(), BYTES, LANE, aDestination(), Date.now());
    expect(new Webhook(SECRET).verify(bodyOf(request), headersOf(request))).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(OLD_SECRET).verify(bodyOf(request), headersOf(request))).toThrow();
    expect(() => new Webhook(SECRET).verify(`${bodyOf(request)} `, headersOf(request))).toThrow();
  });

  it('while a secret is being rotated, both sign, the new one first, and either verifies', () => {
    const now = Date.now();
    const keys = [
      { key: prepareKey(SECRET), expiresAt: null },
      { key: prepareKey(OLD_SECRET), expiresAt: now + 1 },
    ];
    const request = buildRequest(anItem(), BYTES, LANE, aDestination({ keys }), now);
    const content = { id: 'msg_16', timestampS: Math.floor(now / SECOND), body: BODY };
    expect(headersOf(request)['webhook-signature']).toBe(
      `${signV1({ secret: SECRET, ...content })} ${signV1({ secret: OLD_SECRET, ...content })}`,
    );
    for (const secret of [SECRET, OLD_SECRET]) {
      expect(() => new Webhook(secret).verify(bodyOf(request), headersOf(request))).not.toThrow();
    }
  });

  it('an expired secret signs no more', () => {
    const keys = [
      { key: prepareKey(SECRET), expiresAt: null },
      { key: prepareKey(OLD_SECRET), expiresAt: NOW },
    ];
    const signature = headersOf(buildRequest(anItem(), BYTES, LANE, aDestination({ keys }), NOW))[
      'webhook-signature'
    ];
    expect(signature).toMatch(/^v1,[^ ]+$/);
  });

  it('with v1a switched on, an Ed25519 signature stands beside the shared secret’s', () => {
    const { privateKey, publicKey } = createSigningKeyPair(new Uint8Array(32).fill(3));
    const keys = [
      { key: prepareKey(SECRET), expiresAt: null },
      { key: prepareKey(privateKey), expiresAt: null },
    ];
    const headers = headersOf(buildRequest(anItem(), BYTES, LANE, aDestination({ keys }), NOW));
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1a,\S+$/);
    const verdict = verify({
      id: headers['webhook-id'] ?? '',
      timestamp: headers['webhook-timestamp'] ?? '',
      signature: headers['webhook-signature'] ?? '',
      body: BODY,
      keys: [publicKey],
      nowS: Math.floor(NOW / SECOND),
    });
    expect(verdict).toEqual({ kind: 'valid' });
  });

  it.each(['base64', 'hex'] as const)(
    'the compatibility header is the raw body’s HMAC in %s',
    (compatibility) => {
      const endpoint = anEndpoint({ signature: { v1a: false, compatibility } });
      const headers = headersOf(buildRequest(anItem(), BYTES, LANE, aDestination({ endpoint }), NOW));
      expect(headers['x-webhook-signature']).toBe(
        createHmac('sha256', SECRET).update(BODY).digest(compatibility),
      );
    },
  );

  it('the compatibility header is absent unless asked for', () => {
    expect(headersOf(buildRequest(anItem(), BYTES, LANE, aDestination(), NOW))).not.toHaveProperty(
      'x-webhook-signature',
    );
  });
});

const PLACE = { workspace: 1, slice: 77, epoch: 3 };
const SPAN = { startedAt: NOW, endedAt: NOW + 1_200 };

function aResponse(status: number, overrides: Partial<SendResponse> = {}): SendResponse {
  return {
    status,
    headers: [['content-type', 'text/plain']],
    body: Buffer.from('ok'),
    truncated: false,
    ...overrides,
  };
}

function aResult(response: SendResponse | null, overrides: Partial<SendResult> = {}): SendResult {
  return {
    outcome: { kind: 'answered' },
    response,
    note: null,
    durationMs: 12.6,
    timings: { connect: 3, response: 9 },
    address: '192.0.2.7',
    ...overrides,
  };
}

function conclude(
  result: SendResult,
  item: LaneItem = anItem(),
  destination: Destination = aDestination(),
  isAccepting = false,
) {
  const request = buildRequest(item, BYTES, LANE, destination, NOW);
  return concludeAttempt(PLACE, item, destination, { request, result, isAccepting }, SPAN);
}

describe('the end of an attempt', () => {
  it('A8, A14: a 2xx delivers, and everything about it is kept', () => {
    const request = buildRequest(anItem(), BYTES, LANE, aDestination(), NOW);
    expect(conclude(aResult(aResponse(204), { note: 'a note' }))).toEqual({
      ...PLACE,
      delivery: 42,
      endpoint: 500,
      eventType: 'contact.tag.added',
      attempt: {
        number: 1,
        startedAt: NOW,
        durationMs: 13,
        outcome: 'success',
        status: 204,
        error: null,
        note: 'a note',
        address: '192.0.2.7',
        timings: '{"connect":3,"response":9}',
        url: 'https://hooks.example.com/in?a=1',
        requestHeaders: JSON.stringify(request.headers),
        responseHeaders: '[["content-type","text/plain"]]',
        responseBody: Buffer.from('ok'),
        truncated: false,
      },
      next: { state: 'delivered', endedAt: SPAN.endedAt, reason: 'HTTP 204' },
      disable: null,
      charged: false,
      probe: false,
    });
  });

  it('A10: a failure waits from the attempt’s end, and adds to the time waited', () => {
    const { attempt, next, disable } = conclude(
      aResult(aResponse(500)),
      anItem({ attempts: 1, waitedMs: 30 * SECOND }),
    );
    expect(attempt).toMatchObject({ number: 2, outcome: 'http', status: 500, error: null });
    expect(next).toEqual({
      state: 'waiting',
      nextAttemptAt: SPAN.endedAt + 60 * SECOND,
      waitedMs: 90 * SECOND,
      putOffs: 0,
      reason: 'HTTP 500',
    });
    expect(disable).toBeNull();
  });

  it('A8: a redirect is a failure', () => {
    const { attempt, next } = conclude(
      aResult(aResponse(302, { headers: [['location', 'https://example.com']] })),
    );
    expect(attempt.outcome).toBe('http');
    expect(next).toMatchObject({ state: 'waiting', reason: 'HTTP 302' });
  });

  it('A10: the fourth failure drops', () => {
    const item = anItem({ attempts: 3, waitedMs: 180 * SECOND });
    expect(conclude(aResult(aResponse(500)), item).next).toEqual({
      state: 'dropped',
      endedAt: SPAN.endedAt,
      reason: 'retries_exhausted: 4 attempts, the last: HTTP 500',
    });
  });

  it('410 drops and disables the endpoint, by the receiver', () => {
    const { next, disable } = conclude(aResult(aResponse(410)));
    expect(next).toEqual({ state: 'dropped', endedAt: SPAN.endedAt, reason: 'gone: HTTP 410' });
    expect(disable).toEqual({ reason: 'gone', at: SPAN.endedAt, by: 'receiver' });
  });

  it('P6: the endpoint’s policy and the receiver’s Retry-After decide on the wait', () => {
    const destination = aDestination({ endpoint: anEndpoint({ retry: { waits_s: [10, 100] } }) });
    const response = aResponse(429, { headers: [['retry-after', '25']] });
    expect(conclude(aResult(response), anItem(), destination).next).toMatchObject({
      nextAttemptAt: SPAN.endedAt + 25 * SECOND,
      waitedMs: 25 * SECOND,
    });
  });

  it('an honest “not now” waits as asked, is charged to nobody, and says so (P8, T1)', () => {
    const response = aResponse(429, { headers: [['retry-after', '25']] });
    const item = anItem({ attempts: 2, putOffs: 1, waitedMs: 30 * SECOND });
    const { attempt, next, charged } = conclude(aResult(response), item, aDestination(), true);
    expect(next).toEqual({
      state: 'waiting',
      nextAttemptAt: SPAN.endedAt + 25 * SECOND,
      waitedMs: 55 * SECOND + 13,
      putOffs: 2,
      reason: 'put_off: HTTP 429',
    });
    expect(charged).toBe(false);
    expect(attempt).toMatchObject({
      number: 3,
      outcome: 'http',
      note: expect.stringContaining('put this delivery off'),
    });
  });

  const failures: Array<Exclude<SendOutcome, { kind: 'answered' }>['kind']> = [
    'timeout',
    'connect',
    'dns',
    'tls',
    'protocol',
    'blocked',
  ];
  it.each(failures)('a failure by %s has no status, says its code and message, and is retried', (kind) => {
    const outcome: SendOutcome = { kind, code: 'some_code', message: 'What happened.' };
    const { attempt, next } = conclude(aResult(null, { outcome, address: null }));
    expect(attempt).toMatchObject({
      outcome: kind,
      status: null,
      error: 'some_code: What happened.',
      responseHeaders: null,
      responseBody: null,
      truncated: false,
      address: null,
    });
    expect(next).toMatchObject({ state: 'waiting', reason: kind, nextAttemptAt: SPAN.endedAt + 30 * SECOND });
  });

  it('a body that was cut is marked, an empty one is none', () => {
    expect(conclude(aResult(aResponse(200, { truncated: true }))).attempt.truncated).toBe(true);
    expect(conclude(aResult(aResponse(200, { body: new Uint8Array() }))).attempt.responseBody).toBeNull();
  });
});
