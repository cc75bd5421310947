/** Endpoints through the API: connecting, changing, secrets, switching off and on, testing. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { verify } from '../core/signing/verify.ts';
import { realRandom } from '../real.ts';
import { aResult, aServer, callApp, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const create = (overrides: object = {}) =>
  server.call('POST', '/v1/endpoints', { url: 'https://a.example/hook', event_types: ['*'], ...overrides });
const act = (id: string, action: string, body?: unknown) =>
  server.call('POST', `/v1/endpoints/${id}/${action}`, body);
const publish = (...numbers: number[]) =>
  server.call('POST', '/v1/events/batch', {
    events: numbers.map((n) => ({ type: 'contact.tag.added', data: support.aTagEvent(n).value })),
  });
const statesOf = async () =>
  (await server.call('GET', '/v1/deliveries')).body.data
    .map(({ state }: { state: string }) => state)
    .toReversed();

describe('an endpoint', () => {
  test('is created with defaults, and its secret is shown this once', async () => {
    const { status, body } = await create();
    expect(status).toBe(201);
    expect(body).toMatchObject({
      url: 'https://a.example/hook',
      name: '',
      event_types: ['*'],
      condition: null,
      enabled: true,
      disabled: null,
      ordering: { by: 'endpoint' },
      retry: { preset: 'three-minutes' },
      timeout_ms: 5000,
      headers: {},
      signature: { v1a: false, compatibility: 'none' },
      held: 0,
    });
    expect(body.id).toMatch(/^ep_/);
    expect(body.secret).toMatch(/^whsec_/);
    const shown = (await server.call('GET', `/v1/endpoints/${body.id}`)).body;
    expect(shown.secret).toBeUndefined();
    expect((await server.call('GET', '/v1/endpoints')).body).toEqual({ data: [shown], next_cursor: null });
  });

  test.each([
    [{ event_types: ['contact.created', 'contact.craeted'] }, 422, 'unknown_event_type', '/event_types/1'],
    [{ event_types: ['*', 'contact.created'] }, 422, 'unknown_event_type', '/event_types/0'],
    [{ event_types: [] }, 400, 'invalid_request', '/event_types'],
    [{ url: 'http://forbidden.example/' }, 422, 'target_refused', '/url'],
    [{ condition: { all: [{ field: 'a', op: 'nope' }] } }, 422, 'invalid_condition', '/condition/all/0/op'],
    [{ condition: 5 }, 400, 'invalid_request', '/condition'],
    [{ headers: { Host: 'b' } }, 400, 'invalid_request', '/headers/Host'],
    [{ ordering: { by: 'subject', lanes: 65 } }, 400, 'invalid_request', '/ordering/lanes'],
    [{ timeout_ms: 99 }, 400, 'invalid_request', '/timeout_ms'],
    [{ timeout_ms: '500' }, 400, 'invalid_request', '/timeout_ms'],
    [{ secret: 'whsec_short' }, 400, 'invalid_request', '/secret'],
    [{ colour: 'red' }, 400, 'invalid_request', '/colour'],
  ])('with a fault is refused, naming the field: %j', async (overrides, status, code, field) => {
    const answer = await create(overrides);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test('with several faults tells all of them', async () => {
    const { body } = await server.call('POST', '/v1/endpoints', { name: 5, timeout_ms: 1 });
    const fields = body.errors.map(({ field }: { field: string }) => field).sort();
    expect(fields).toEqual(['/event_types', '/name', '/timeout_ms', '/url']);
  });

  test('keeps all digits of its condition, and takes events by them', async () => {
    const condition = '{"field":"data.contact.id","op":"equals","value":7615917337495251231}';
    const made = await server.call(
      'POST',
      '/v1/endpoints',
      `{"url":"https://a.example/","event_types":["*"],"condition":${condition}}`,
    );
    expect(made.text).toContain(condition);
    const { text } = await server.call('PATCH', `/v1/endpoints/${made.body.id}`, { name: 'Other' });
    expect(text).toContain(condition);
    const publish = async (contact: string) => {
      const data = JSON.stringify(support.aTagEvent(2).value).replace('"id":1', `"id":${contact}`);
      const event = `{"type":"contact.tag.added","data":${data}}`;
      return (await server.call('POST', '/v1/events', event)).body.deliveries;
    };
    expect([await publish('7615917337495251231'), await publish('7615917337495251200')]).toEqual([1, 0]);
    const other = condition.replace('231}', '200}');
    const changed = await server.call('PATCH', `/v1/endpoints/${made.body.id}`, `{"condition":${other}}`);
    expect(changed.text).toContain(other);
    expect([await publish('7615917337495251231'), await publish('7615917337495251200')]).toEqual([0, 1]);
  });

  test('tells of a condition that would say no in silence, when it is made or changed, and keeps it', async () => {
    const condition = { any: [{ field: 'data.contact.emial', op: 'ends_with', value: '@example.com' }] };
    const codes = ({ body }: { body: { warnings: Array<{ field: string; code: string }> } }) =>
      body.warnings.map(({ field, code }) => [field, code]);
    const made = await create({ event_types: ['contact.tag.added'], condition });
    const told = [['/condition/any/0/field', 'member_in_no_sample']];
    expect([made.status, codes(made)]).toEqual([201, told]);
    const path = `/v1/endpoints/${made.body.id}`;
    expect(codes(await server.call('PATCH', path, { name: 'Other' }))).toEqual(told);
    expect((await server.call('GET', path)).body).not.toHaveProperty('warnings');
    expect(codes(await server.call('PATCH', path, { event_types: ['*'] }))).toEqual(told);
    const right = { field: 'data.contact.email', op: 'ends_with', value: '@example.com' };
    expect(codes(await server.call('PATCH', path, { condition: right }))).toEqual([]);
    expect(codes(await server.call('PATCH', path, { condition: null }))).toEqual([]);
  });

  test('is changed by what is named alone, and routing follows at once', async () => {
    const { id } = (await create({ headers: { 'X-Key': 's3cret' } })).body;
    const { body } = await server.call('PATCH', `/v1/endpoints/${id}`, {
      name: 'crm',
      event_types: ['contact.created'],
      condition: { field: 'data.a', op: 'exists', value: true },
      ordering: { by: 'subject', lanes: 4 },
      signature: { v1a: true },
    });
    expect(body).toMatchObject({
      id,
      name: 'crm',
      headers: { 'X-Key': 's3cret' },
      ordering: { by: 'subject', lanes: 4 },
    });
    expect((await publish(1)).body.events[0].deliveries).toBe(0);
    expect(
      (await server.call('PATCH', `/v1/endpoints/${id}`, { condition: null })).body.condition,
    ).toBeNull();
    expect((await server.call('GET', `/v1/endpoints/${id}/secret`)).body.public_key).toMatch(/^whpk_/);
  });

  test('shows the values of its headers to those who manage alone', async () => {
    const { id } = (await create({ headers: { 'X-Key': 's3cret' } })).body;
    await publish(1);
    await expect.poll(statesOf).toEqual(['delivered']);
    expect(server.sent[0]?.headers).toContainEqual(['X-Key', 's3cret']);
    const [delivery] = (await server.call('GET', '/v1/deliveries')).body.data;
    const authorization = `Bearer ${await server.key(['read'])}`;
    const read = (url: string) => callApp(server.app, 'GET', url, undefined, { authorization });
    expect((await read(`/v1/endpoints/${id}`)).body.headers).toEqual({ 'X-Key': '***' });
    const seen = await read(`/v1/deliveries/${delivery.id}`);
    expect(seen.text).not.toContain('s3cret');
    expect(seen.text).toContain('webhook-signature');
    expect((await server.call('GET', `/v1/deliveries/${delivery.id}`)).text).toContain('s3cret');
  });

  test('is deleted; what was on its way ends as skipped', async () => {
    server.answerWith(() => aResult(500));
    const { id } = (await create()).body;
    await publish(1);
    await expect.poll(statesOf).toEqual(['waiting']);
    expect((await server.call('DELETE', `/v1/endpoints/${id}`)).status).toBe(204);
    expect(await statesOf()).toEqual(['skipped']);
    expect((await server.call('GET', `/v1/endpoints/${id}`)).status).toBe(404);
    expect((await server.call('DELETE', `/v1/endpoints/${id}`)).body.code).toBe('not_found');
  });
});

describe('a secret', () => {
  test('may be given, and is rotated with an overlap in which both sign', async () => {
    const given = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
    const { id, secret } = (await create({ secret: given })).body;
    expect(secret).toBe(given);
    const rotated = (await act(id, 'secret/rotate', { overlap_s: 60 })).body;
    expect(rotated.previous_expires_at).toBe(new Date(server.clock.now() + 60_000).toISOString());
    expect((await server.call('GET', `/v1/endpoints/${id}/secret`)).body).toEqual({
      secret: rotated.secret,
      previous: [{ kind: 'v1', secret: given, expires_at: rotated.previous_expires_at }],
    });
    await publish(1);
    await expect.poll(() => server.sent.length).toBe(1);
    const headers = new Map(server.sent[0]?.headers);
    for (const key of [given, rotated.secret]) {
      const verdict = verify({
        id: headers.get('webhook-id'),
        timestamp: headers.get('webhook-timestamp'),
        signature: headers.get('webhook-signature'),
        body: server.sent[0]?.body ?? '',
        keys: [key],
        nowS: server.clock.now() / 1000,
      });
      expect(verdict).toEqual({ kind: 'valid' });
    }
    server.clock.move(60_000);
    expect((await server.call('GET', `/v1/endpoints/${id}/secret`)).body.previous).toEqual([]);
  });
});

describe('P9: a disabled endpoint', () => {
  const held = async (): Promise<string> => {
    const { id } = (await create()).body;
    await act(id, 'disable');
    await publish(1, 2);
    return id;
  };

  test('holds its deliveries, says who disabled it, and wants a decision', async () => {
    const id = await held();
    const { body } = await server.call('GET', `/v1/endpoints/${id}`);
    expect(body).toMatchObject({ enabled: false, held: 2, disabled: { reason: 'manual' } });
    expect(body.disabled.by).toMatch(/^key:mirsal_/);
    expect(await statesOf()).toEqual(['held', 'held']);
    const [delivery] = (await server.call('GET', '/v1/deliveries?state=held')).body.data;
    expect(delivery.waiting_for).toMatchObject({ kind: 'endpoint_disabled' });
    const refused = await act(id, 'enable');
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'held_choice_required', held: 2, errors: [{ field: '/held' }] },
    });
  });

  test('once enabled sends what was held, in order', async () => {
    const id = await held();
    expect((await act(id, 'enable', { held: 'send' })).body).toMatchObject({
      enabled: true,
      disabled: null,
      held: 0,
    });
    await expect.poll(statesOf).toEqual(['delivered', 'delivered']);
    expect(support.numbersOf(server.sent)).toEqual([1, 2]);
  });

  test('once enabled skips what was held, saying by whom', async () => {
    const id = await held();
    await act(id, 'enable', { held: 'skip' });
    expect(await statesOf()).toEqual(['skipped', 'skipped']);
    expect((await server.call('GET', '/v1/deliveries')).body.data[0].reason).toContain('key:mirsal_');
  });

  test('takes no test', async () => {
    const id = await held();
    const answer = await act(id, 'test', { event_type: 'contact.tag.added' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'endpoint_disabled' } });
  });
});

describe('a test', () => {
  test.each(['contact.tag.added', 'message.received'])(
    'sends a sample of %s to this endpoint alone',
    async (event_type) => {
      const { id } = (await create({ event_types: ['contact.created'] })).body;
      await create({ url: 'https://other.example/' });
      const answer = await act(id, 'test', { event_type });
      expect(answer.status).toBe(202);
      await expect.poll(() => server.sent.length).toBe(1);
      expect(server.sent[0]?.url).toBe('https://a.example/hook');
      const { body } = await server.call('GET', `/v1/events/${answer.body.event_id}`);
      expect(body).toMatchObject({
        test: true,
        deliveries: [{ id: answer.body.delivery_id, source: { kind: 'test', id: null } }],
      });
    },
  );

  test('of an unknown type or sample is refused', async () => {
    const { id } = (await create()).body;
    expect((await act(id, 'test', { event_type: 'x' })).body.code).toBe('unknown_event_type');
    const answer = await act(id, 'test', { event_type: 'contact.tag.added', sample: 'x' });
    expect(answer.body.errors[0].field).toBe('/sample');
  });
});
