/** The log of deliveries through the API: attempts in full, what is waited for, retrying and skipping. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import type { SendResult } from '../world.ts';
import { aResult, aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
  await server.call('POST', '/v1/endpoints', { url: 'https://a.example/hook', event_types: ['*'] });
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const publish = (...numbers: number[]) =>
  server.call('POST', '/v1/events/batch', {
    events: numbers.map((n) => ({
      type: 'contact.tag.added',
      id: `e${n}`,
      data: support.aTagEvent(n, n).value,
    })),
  });
/** Oldest first. */
const list = async (query = '') =>
  (await server.call('GET', `/v1/deliveries${query}`)).body.data.toReversed();
const states = async () => (await list()).map(({ state }: { state: string }) => state);
const act = (id: string, action: string) => server.call('POST', `/v1/deliveries/${id}/${action}`);

describe('a delivery', () => {
  test('shows each attempt exactly as sent and as answered', async () => {
    server.answerWith(() => aResult(201, 'thanks \u{1f42b}'));
    await publish(1);
    await expect.poll(states).toEqual(['delivered']);
    const [{ id }] = await list();
    const { body } = await server.call('GET', `/v1/deliveries/${id}`);
    expect(body).toMatchObject({
      event_id: 'e1',
      sequence: 1,
      attempt_count: 1,
      source: { kind: 'subscription' },
      replay_of: null,
    });
    expect(body.attempts).toHaveLength(1);
    expect(body.attempts[0]).toMatchObject({
      number: 1,
      outcome: 'success',
      status: 201,
      request: { url: 'https://a.example/hook', body: server.sent[0]?.body, truncated: false },
      response: { body: 'thanks \u{1f42b}', encoding: 'utf8', truncated: false },
      timings_ms: { response: 3 },
      address: '192.0.2.1',
    });
    expect(body.attempts[0].request.headers).toContainEqual(['webhook-id', body.webhook_id]);
  });

  test('shows an answer that is not text as base64', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    server.answerWith((): SendResult => {
      const result = aResult(200);
      return { ...result, response: result.response && { ...result.response, body: bytes } };
    });
    await publish(1);
    await expect.poll(states).toEqual(['delivered']);
    const { body } = await server.call('GET', `/v1/deliveries/${(await list())[0].id}`);
    expect(body.attempts[0].response).toMatchObject({ body: bytes.toString('base64'), encoding: 'base64' });
  });

  test('A15: says what it is waiting for', async () => {
    server.answerWith(() => aResult(500));
    await publish(1, 2, 3);
    await expect.poll(states).toEqual(['waiting', 'pending', 'pending']);
    const [first, , third] = await list();
    expect(first.waiting_for).toMatchObject({
      kind: 'retry',
      text: 'waiting for its retry, next attempt in 30 s',
    });
    expect(third.waiting_for).toEqual({
      kind: 'earlier_delivery',
      delivery_id: first.id,
      sequence: 1,
      ahead: 2,
      next_attempt_at: first.next_attempt_at,
      text: 'waiting for #1 ahead of it, next attempt in 30 s (2 are ahead in all)',
    });
  });
});

describe('the list', () => {
  test('is filtered by endpoint, event, state, type, subject and time, and comes in pages', async () => {
    await publish(1, 2, 3);
    await expect.poll(states).toEqual(['delivered', 'delivered', 'delivered']);
    const all = await list();
    const ids = async (query: string) =>
      (await list(query)).map(({ event_id }: { event_id: string }) => event_id);
    expect(await ids(`?endpoint_id=${all[0].endpoint_id}`)).toEqual(['e1', 'e2', 'e3']);
    expect(await ids('?event_id=e2')).toEqual(['e2']);
    expect(await ids('?event_id=unknown')).toEqual([]);
    expect(await ids('?state=delivered&type=contact.tag.added')).toHaveLength(3);
    expect(await ids('?state=sending')).toEqual([]);
    expect(await ids('?subject=2')).toEqual(['e2']);
    expect(await ids('?until=2020-01-01T00:00:00%2B00:00')).toEqual([]);
    expect(await ids('?since=2020-01-01T00:00:00+00:00')).toHaveLength(3);
    const first = (await server.call('GET', '/v1/deliveries?limit=2')).body;
    expect(first.data).toHaveLength(2);
    const second = (await server.call('GET', `/v1/deliveries?limit=2&cursor=${first.next_cursor}`)).body;
    expect(second).toMatchObject({ data: [{ event_id: 'e1' }], next_cursor: null });
    const byState = (await server.call('GET', '/v1/deliveries?limit=2&state=delivered')).body;
    const rest = (
      await server.call('GET', `/v1/deliveries?limit=2&state=delivered&cursor=${byState.next_cursor}`)
    ).body;
    expect(rest).toMatchObject({ data: [{ event_id: 'e1' }], next_cursor: null });
  });

  test('has a delivery in flight under sending, not under pending', async () => {
    let finish: (result: SendResult) => void = () => undefined;
    server.answerWith(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    await publish(1);
    await expect.poll(states).toEqual(['sending']);
    expect(await list('?state=sending')).toHaveLength(1);
    expect(await list('?state=pending')).toHaveLength(0);
    const [{ id }] = await list();
    expect((await act(id, 'skip')).body.code).toBe('delivery_not_skippable');
    expect((await act(id, 'retry')).body.code).toBe('delivery_not_retryable');
    finish(aResult(200));
    await expect.poll(states).toEqual(['delivered']);
  });

  test.each([
    ...['state=gone', 'limit=0', 'limit=101', 'cursor=%20', 'since=now', 'endpoint_id=x', 'colour=red'],
    // Numbers and cursors in other words than ours.
    ...['limit=Infinity', 'limit=1e400', 'limit=-1', 'limit=0x10', 'limit=%205', 'limit=', 'limit=1.5'],
    ...['cursor=zzzzzz', 'cursor=1', 'cursor=0', 'cursor=zzzzzzzzzzzzzzz'],
  ])('refuses ?%s, naming it', async (query) => {
    const { status, body } = await server.call('GET', `/v1/deliveries?${query}`);
    expect(status).toBe(400);
    expect(body.errors[0]).toMatchObject({ field: `/${query.split('=')[0]}`, in: 'query' });
  });
});

describe('retrying', () => {
  test('a waiting delivery makes it due now', async () => {
    server.answerWith(() => aResult(500));
    await publish(1);
    await expect.poll(states).toEqual(['waiting']);
    server.answerWith(() => aResult(200));
    const [{ id }] = await list();
    expect((await act(id, 'retry')).status).toBe(202);
    await expect.poll(states).toEqual(['delivered']);
    expect((await list())[0].id).toBe(id);
  });

  test('P13: an ended delivery is a new one at the tail, under the same webhook-id', async () => {
    await publish(1);
    await expect.poll(states).toEqual(['delivered']);
    const [first] = await list();
    const answer = await act(first.id, 'retry');
    expect(answer).toMatchObject({
      status: 202,
      body: { replay_of: first.id, webhook_id: first.webhook_id, sequence: 2 },
    });
    await expect.poll(states).toEqual(['delivered', 'delivered']);
    const { body } = await server.call('GET', '/v1/events/e1');
    expect(body.deliveries).toHaveLength(2);
    expect(body.verdicts).toHaveLength(1);
  });

  test('one that stands behind another is refused, saying behind which', async () => {
    server.answerWith(() => aResult(500));
    await publish(1, 2);
    await expect.poll(states).toEqual(['waiting', 'pending']);
    const [, second] = await list();
    const answer = await act(second.id, 'retry');
    expect(answer).toMatchObject({ status: 409, body: { code: 'delivery_not_retryable' } });
    expect(answer.body.detail).toContain('#1');
  });
});

describe('skipping', () => {
  test('ends a delivery, saying by whom, and the next one follows', async () => {
    server.answerWith(({ body }) => aResult(body.includes('tag 1') ? 500 : 200));
    await publish(1, 2);
    await expect.poll(states).toEqual(['waiting', 'pending']);
    const [first] = await list();
    const { body } = await act(first.id, 'skip');
    expect(body).toMatchObject({ state: 'skipped' });
    expect(body.reason).toContain('key:mirsal_');
    await expect.poll(states).toEqual(['skipped', 'delivered']);
    expect(await act(first.id, 'skip')).toMatchObject({
      status: 409,
      body: { code: 'delivery_not_skippable' },
    });
  });

  test.each(['retry', 'skip'])('or retrying what does not exist is a 404: %s', async (action) => {
    expect(await act('dlv_1', action)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await act('nonsense', action)).status).toBe(404);
  });
});
