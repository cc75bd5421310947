/** Every sample of the catalog, published and received over real HTTP (A6, A7, B6; Bodies, Signatures). */

import { createHmac, createPublicKey, randomUUID, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInEventTypes } from '../src/core/catalog/catalog.ts';
import type { Family } from '../src/core/catalog/eventType.ts';
import { isSystemEvent } from '../src/core/catalog/systemEvents.ts';
import { type Received, type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Publication {
  /** `contact.created default`. */
  name: string;
  type: string;
  family: Family;
  sample: string;
  /** What is posted. */
  posted: Record<string, unknown>;
  /** What a receiver must get, compact. */
  expected: string;
}

/** All samples but those of system events, in the catalog's order. An id may be used once: a sample whose id is taken or no UUID gets a new one. */
function publications(): Publication[] {
  const taken = new Set<string>();
  const types = [...builtInEventTypes.values()].filter(({ name }) => !isSystemEvent(name));
  return types.flatMap((type) =>
    type.samples.map((sample): Publication => {
      const named = {
        name: `${type.name} ${sample.name}`,
        type: type.name,
        family: type.family,
        sample: sample.name,
      };
      const body = JSON.parse(sample.body) as Record<string, unknown>;
      if (type.family === 'marketing') return { ...named, posted: body, expected: JSON.stringify(body) };
      const { event_type, event_id, ...data } = body;
      const isUsable = UUID.test(String(event_id)) && !taken.has(String(event_id));
      const id = isUsable ? String(event_id) : randomUUID();
      taken.add(id);
      const posted = { type: event_type, id, data };
      return { ...named, posted, expected: JSON.stringify({ ...body, event_id: id }) };
    }),
  );
}

const compact = ({ body }: Received): string => JSON.stringify(JSON.parse(body));
const headersOf = ({ headers }: Received): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
const header = ({ headers }: Received, name: string): string => String(headers[name]);

/** Throws where the receiver's library would. */
const verifyWith = (secret: string, request: Received): unknown =>
  new Webhook(secret).verify(request.body, headersOf(request));

/** As a receiver without any library checks `v1a`: Ed25519 over `id.timestamp.body`. */
function isSignedBy(publicKey: string, request: Received): boolean {
  const raw = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64');
  const head = Buffer.from('302a300506032b6570032100', 'hex');
  const key = createPublicKey({ key: Buffer.concat([head, raw]), format: 'der', type: 'spki' });
  const content = `${header(request, 'webhook-id')}.${header(request, 'webhook-timestamp')}.${request.body}`;
  const signatures = header(request, 'webhook-signature').split(' ');
  return signatures
    .filter((signature) => signature.startsWith('v1a,'))
    .some((signature) => verify(null, Buffer.from(content), key, Buffer.from(signature.slice(4), 'base64')));
}

test('the catalog has 28 samples: 11 of marketing, 17 of messaging', () => {
  const families = publications().map(({ family }) => family);
  expect(families.filter((family) => family === 'marketing')).toHaveLength(11);
  expect(families.filter((family) => family === 'messaging')).toHaveLength(17);
});

describe.each(STORES)('on %s', (store) => {
  const all = publications();
  let mirsal: Served;
  let receiver: Receiver;
  let id: string;
  let secret: string;
  let publicKey: string;
  let hexSecret: string;

  const connect = (path: string, members: object = {}) =>
    mirsal.call('POST', '/v1/endpoints', { url: receiver.url + path, event_types: ['*'], ...members });
  const got = async (path: string, count: number): Promise<Received[]> => {
    while (receiver.of(path).length < count) await receiver.count(receiver.received.length + 1);
    return receiver.of(path);
  };

  beforeAll(async () => {
    receiver = await startReceiver();
    mirsal = await startServed({ env: await storeEnv(store) });
    const both = await connect('/base64', { signature: { v1a: true, compatibility: 'base64' } });
    ({ id, secret, public_key: publicKey } = both.body);
    hexSecret = (await connect('/hex', { signature: { compatibility: 'hex' } })).body.secret;
    for (const { posted } of all) {
      const answer = await mirsal.call('POST', '/v1/events', posted);
      expect(answer.body).toMatchObject({ deliveries: 2 });
      expect(answer.status).toBe(202);
    }
    await receiver.count(2 * all.length);
  });
  afterAll(async () => {
    await mirsal.close();
    await receiver.close();
  });

  test('A7, B6: every sample arrives member for member as the catalog has it, in the order of publishing (P3)', () => {
    for (const path of ['/base64', '/hex']) {
      expect(receiver.of(path).map(compact)).toEqual(all.map(({ expected }) => expected));
    }
  });

  test('B1: as JSON, its type and its place said in headers; sequence numbers have no gap (P3)', () => {
    const requests = receiver.of('/base64');
    expect(requests.map((request) => header(request, 'content-type'))).toEqual(
      all.map(() => 'application/json'),
    );
    expect(requests.map((request) => header(request, 'mirsal-event-type'))).toEqual(
      all.map(({ type }) => type),
    );
    expect(requests.map((request) => header(request, 'mirsal-sequence'))).toEqual(
      all.map((_, index) => String(index + 1)),
    );
    expect(new Set(requests.map((request) => header(request, 'mirsal-attempt')))).toEqual(new Set(['1']));
    expect(new Set(requests.map((request) => header(request, 'webhook-id'))).size).toBe(all.length);
  });

  test('the library of Standard Webhooks verifies each with its endpoint’s secret, and with no other', () => {
    for (const [path, own, other] of [
      ['/base64', secret, hexSecret],
      ['/hex', hexSecret, secret],
    ] as const) {
      for (const request of receiver.of(path)) {
        expect(JSON.stringify(verifyWith(own, request))).toBe(compact(request));
        expect(() => verifyWith(other, request)).toThrow();
      }
    }
  });

  test('v1a: each carries an Ed25519 signature that the endpoint’s public key verifies', () => {
    expect(publicKey).toMatch(/^whpk_/);
    for (const request of receiver.of('/base64')) {
      expect(isSignedBy(publicKey, request)).toBe(true);
      expect(isSignedBy(publicKey, { ...request, body: `${request.body} ` })).toBe(false);
    }
    expect(receiver.of('/hex').some((request) => header(request, 'webhook-signature').includes('v1a'))).toBe(
      false,
    );
  });

  test('the compatibility header is HMAC-SHA256 of the raw body, in base64 or in hex', () => {
    for (const [path, own, encoding] of [
      ['/base64', secret, 'base64'],
      ['/hex', hexSecret, 'hex'],
    ] as const) {
      for (const request of receiver.of(path)) {
        expect(header(request, 'x-webhook-signature')).toBe(
          createHmac('sha256', own).update(request.body).digest(encoding),
        );
      }
    }
  });

  test('a sample sent as a test arrives as the catalog has it, but for its own id or time', async () => {
    await connect('/tests', { event_types: ['contact.created'] });
    const { body } = await mirsal.call('GET', '/v1/endpoints?limit=1');
    const variable = (text: string): string => {
      const { event_id: _id, created_at: _time, ...rest } = JSON.parse(text) as Record<string, unknown>;
      return JSON.stringify(rest);
    };
    for (const [index, { type, sample, expected }] of all.entries()) {
      const call = { event_type: type, sample };
      const answer = await mirsal.call('POST', `/v1/endpoints/${body.data[0].id}/test`, call);
      expect(answer.status).toBe(202);
      const arrived = (await got('/tests', index + 1)).at(-1)?.body ?? '';
      expect(variable(arrived)).toBe(variable(expected));
    }
    await mirsal.call('DELETE', `/v1/endpoints/${body.data[0].id}`);
  });

  test('a batch of all samples arrives in the order of the batch (P3)', async () => {
    const before = receiver.of('/hex').length;
    const events = all.map(({ posted }) => ({ ...posted, id: randomUUID() }));
    const answer = await mirsal.call('POST', '/v1/events/batch', { events });
    expect(answer.status).toBe(202);
    const arrived = (await got('/hex', before + all.length)).slice(before);
    expect(arrived.map((request) => header(request, 'mirsal-event-type'))).toEqual(
      all.map(({ type }) => type),
    );
    const data = arrived.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(data.map(({ data: inner }) => JSON.stringify(inner))).toEqual(
      all.map(({ expected }) => JSON.stringify((JSON.parse(expected) as { data?: unknown }).data)),
    );
  });

  test('while a secret is being rotated both verify; without overlap only the new one does', async () => {
    const newest = async (): Promise<Received> => {
      const before = receiver.of('/base64').length;
      await mirsal.call('POST', '/v1/events', { ...all[0]?.posted, id: randomUUID() });
      const request = (await got('/base64', before + 1)).at(-1);
      if (request === undefined) throw new Error('Nothing came.');
      return request;
    };
    const rotated = await mirsal.call('POST', `/v1/endpoints/${id}/secret/rotate`, { overlap_s: 60 });
    const overlapping = await newest();
    verifyWith(secret, overlapping);
    verifyWith(rotated.body.secret, overlapping);
    expect(isSignedBy(publicKey, overlapping)).toBe(true);
    expect(header(overlapping, 'x-webhook-signature')).toBe(
      createHmac('sha256', rotated.body.secret).update(overlapping.body).digest('base64'),
    );
    const last = await mirsal.call('POST', `/v1/endpoints/${id}/secret/rotate`, { overlap_s: 0 });
    const cut = await newest();
    verifyWith(last.body.secret, cut);
    expect(() => verifyWith(rotated.body.secret, cut)).toThrow();
  });
});
