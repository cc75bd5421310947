/** Sending again, and the audit log, through the API. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY, HOUR, SECOND } from '../core/duration.ts';
import { firstKeyAt, parseId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
import { aResult, aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
let endpoint: string;
beforeEach(async () => {
  server = await aServer(parts);
  const made = await server.call('POST', '/v1/endpoints', {
    url: 'https://a.example/hook',
    event_types: ['*'],
    retry: { preset: 'none' },
  });
  endpoint = made.body.id;
  server.answerWith(() => aResult(500));
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
      data: support.aTagEvent(n).value,
    })),
  });
const deliveries = async (query = '') =>
  (await server.call('GET', `/v1/deliveries?limit=100${query}`)).body.data.toReversed();
const dropped = async (count: number) => {
  await expect.poll(async () => (await deliveries('&state=dropped')).length).toBe(count);
  // What happened so far lies before what is asked for next.
  server.clock.move(1);
};
const iso = (ms: number) => new Date(ms).toISOString();
const replay = (body: object) => server.call('POST', `/v1/endpoints/${endpoint}/replay`, body);
/** Lets the engine's rounds come until the job is as wanted. */
const jobOnce = async (id: string, state: string) => {
  for (;;) {
    const { body } = await server.call('GET', `/v1/replays/${id}`);
    if (body.state === state) return body;
    server.clock.move(SECOND);
  }
};

describe('an event', () => {
  test('P13: is sent again to the endpoints that it was for, under the same webhook-id', async () => {
    const second = await server.call('POST', '/v1/endpoints', {
      url: 'https://b.example/hook',
      event_types: ['*'],
      retry: { preset: 'none' },
    });
    await publish(1);
    await dropped(2);
    server.answerWith(() => aResult(200));
    const { status, body } = await server.call('POST', '/v1/events/e1/replay');
    expect(status).toBe(202);
    expect(body).toMatchObject({ open: 0, without_endpoint: 0 });
    const originals = await deliveries('&state=dropped');
    expect(body.data.map((d: { replay_of: string }) => d.replay_of)).toEqual(
      originals.map((d: { id: string }) => d.id),
    );
    await expect.poll(async () => (await deliveries('&state=delivered')).length).toBe(2);
    const one = await server.call('POST', '/v1/events/e1/replay', { endpoint_ids: [second.body.id] });
    expect(one.body.data.map((d: { endpoint_id: string }) => d.endpoint_id)).toEqual([second.body.id]);
    const ids = (await deliveries()).map((d: { webhook_id: string }) => d.webhook_id);
    expect(new Set(ids).size).toBe(2);
  });

  test('that cannot be sent again says why', async () => {
    expect((await server.call('POST', '/v1/events/none/replay')).body.code).toBe('not_found');
    await server.call('POST', `/v1/endpoints/${endpoint}/disable`);
    await publish(1);
    const open = await server.call('POST', '/v1/events/e1/replay');
    expect([open.status, open.body.code]).toEqual([409, 'nothing_to_replay']);
    expect(open.body.detail).toContain('sent anyway');
    const bad = await server.call('POST', '/v1/events/e1/replay', { endpoint_ids: ['x'] });
    expect(bad.body.errors[0].field).toBe('/endpoint_ids/0');
    await server.call('DELETE', `/v1/endpoints/${endpoint}`);
    expect((await server.call('POST', '/v1/events/e1/replay')).body.detail).toContain('deleted');
  });

  test('whose body is no longer kept is shown, says so, and is not sent again', async () => {
    await publish(1);
    await dropped(1);
    const span = { after: 0, before: firstKeyAt(server.clock.now() + DAY), limit: 10 };
    await server.store.purgeBodies(support.WORKSPACE, span);
    const { body } = await server.call('GET', '/v1/events/e1');
    expect(body).toMatchObject({ data: null, account: null, body_expired: true });
    expect(body.deliveries).toHaveLength(1);
    const [{ id }] = await deliveries();
    for (const url of ['/v1/events/e1/replay', `/v1/deliveries/${id}/retry`]) {
      const answer = await server.call('POST', url);
      expect([answer.status, answer.body.code]).toEqual([409, 'body_expired']);
    }
    expect((await server.call('GET', `/v1/deliveries/${id}`)).body.attempts[0].request.body).toBeNull();
    const preview = await replay({ since: iso(0), dry_run: true });
    expect(preview.body).toEqual({
      total: 0,
      resolved: 0,
      gone: 1,
      note: '1 more delivery of this range cannot be sent again: retention has deleted it or its body.',
      oldest_at: null,
      newest_at: null,
    });
    const refused = await replay({ since: iso(0) });
    expect([refused.status, refused.body.code]).toEqual([409, 'nothing_to_replay']);
  });
});

describe('a range of an endpoint', () => {
  test('is counted first, and what is counted is what is sent', async () => {
    await publish(1, 2, 3);
    await dropped(3);
    const since = iso(server.clock.now() - HOUR);
    const preview = await replay({ since, dry_run: true });
    expect(preview).toMatchObject({ status: 200, body: { total: 3, gone: 0, note: null } });
    server.answerWith(() => aResult(200));
    const started = await replay({ since });
    expect(started.status).toBe(202);
    expect(started.body).toMatchObject({ endpoint_id: endpoint, state: 'running', total: 3, progress: 0 });
    expect(started.body.created_by).toMatch(/^key:/);
    const again = await replay({ since });
    expect([again.status, again.body.code]).toEqual([409, 'replay_running']);
    const done = await jobOnce(started.body.id, 'finished');
    expect(done).toMatchObject({ total: 3, done: 3, gone: 0, progress: 1, reason: null });
    await expect.poll(async () => (await deliveries('&state=delivered')).length).toBe(3);
    const list = await server.call('GET', '/v1/replays');
    expect(list.body).toMatchObject({ data: [{ id: started.body.id }], next_cursor: null });
    const cancel = await server.call('POST', `/v1/replays/${started.body.id}/cancel`);
    expect([cancel.status, cancel.body.code]).toEqual([409, 'replay_ended']);
    expect((await server.call('GET', '/v1/replays/rpl_1')).status).toBe(404);
  });

  test('P13: leaves out what a repeat has made good, which says by which, unless it is asked for', async () => {
    await publish(1, 2, 3);
    await dropped(3);
    const [first, second] = await deliveries('&state=dropped');
    server.answerWith(() => aResult(200));
    const good = (await server.call('POST', `/v1/deliveries/${first.id}/retry`)).body;
    await expect.poll(async () => (await deliveries('&state=delivered')).length).toBe(1);
    server.clock.move(1);
    const resolvedBy = async (id: string) =>
      (await server.call('GET', `/v1/deliveries/${id}`)).body.resolved_by;
    expect([await resolvedBy(first.id), await resolvedBy(second.id), await resolvedBy(good.id)]).toEqual([
      good.id,
      null,
      null,
    ]);
    const listed = await deliveries('&state=dropped');
    expect(listed.map((d: { resolved_by: string | null }) => d.resolved_by)).toEqual([good.id, null, null]);
    const count = async (body: object = {}) => (await replay({ since: iso(0), dry_run: true, ...body })).body;
    expect(await count()).toMatchObject({ total: 2, resolved: 1, gone: 0 });
    expect(await count({ include_resolved: true })).toMatchObject({ total: 3, resolved: 0, gone: 0 });
    const started = await replay({ since: iso(0) });
    expect(started.body.filter.include_resolved).toBe(false);
    expect(await jobOnce(started.body.id, 'finished')).toMatchObject({ total: 2, done: 2, gone: 0 });
    await expect.poll(async () => (await deliveries('&state=delivered')).length).toBe(3);
    server.clock.move(1);
    const nothing = await replay({ since: iso(0) });
    expect(nothing.body).toMatchObject({
      code: 'nothing_to_replay',
      detail: expect.stringContaining('include_resolved'),
    });
    const all = await replay({ since: iso(0), include_resolved: true });
    expect(await jobOnce(all.body.id, 'finished')).toMatchObject({ total: 3, done: 3 });
  });

  test('is chosen by time and state; what is delivered only where that is asked for', async () => {
    await publish(1);
    await dropped(1);
    server.clock.move(2 * HOUR);
    server.answerWith(() => aResult(200));
    await publish(2);
    await expect.poll(async () => (await deliveries('&state=delivered')).length).toBe(1);
    server.clock.move(1);
    const count = async (body: object) =>
      (await replay({ since: iso(0), dry_run: true, ...body })).body.total;
    expect(await count({})).toBe(1);
    expect(await count({ states: ['delivered'] })).toBe(1);
    expect(await count({ states: ['delivered', 'dropped'] })).toBe(2);
    expect(await count({ since: iso(server.clock.now() - HOUR) })).toBe(0);
    expect(await count({ until: iso(server.clock.now() - HOUR), states: ['delivered'] })).toBe(0);
  });

  test.each([
    [{ since: 'yesterday' }, '/since'],
    [{}, '/since'],
    [{ since: '2026-01-01T00:00:00Z', until: '2025-01-01T00:00:00Z' }, '/until'],
    [{ since: '2026-01-01T00:00:00Z', states: ['pending'] }, '/states/0'],
  ])('%o is refused, naming %s', async (body, field) => {
    const answer = await replay(body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].field).toBe(field);
  });

  test('can be cancelled; another workspace sees nothing of it', async () => {
    await publish(1, 2);
    await dropped(2);
    const { body } = await replay({ since: iso(0) });
    const cancelled = await server.call('POST', `/v1/replays/${body.id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled', done: 0 } });
    expect(cancelled.body.reason).toMatch(/^cancelled_by: key:/);
    await support.aWorkspace(server.store, 77);
    const key = await server.key(['manage'], 77);
    const headers = { authorization: `Bearer ${key}` };
    expect((await server.call('GET', `/v1/replays/${body.id}`, undefined, headers)).status).toBe(404);
    expect((await server.call('POST', `/v1/replays/${body.id}/cancel`, {}, headers)).status).toBe(404);
    expect((await server.call('GET', '/v1/replays', undefined, headers)).body.data).toEqual([]);
  });
});

describe('the audit log', () => {
  test('tells who changed what, newest first, page by page, by target and action', async () => {
    await server.call('PATCH', `/v1/endpoints/${endpoint}`, { url: 'https://c.example/' });
    await server.call('POST', `/v1/endpoints/${endpoint}/disable`);
    await server.call('POST', `/v1/endpoints/${endpoint}/enable`);
    await server.call('POST', `/v1/endpoints/${endpoint}/secret/rotate`);
    await server.call('PATCH', '/v1/settings', { language: 'ar' });
    const made = await server.call('POST', '/v1/api-keys', { name: 'ci', scopes: ['read'] });
    await server.call('DELETE', `/v1/api-keys/${made.body.id}`);
    await publish(1);
    await dropped(1);
    const [{ id }] = await deliveries();
    await server.call('POST', `/v1/deliveries/${id}/retry`);
    const { body } = await server.call('GET', '/v1/audit?limit=100');
    const actions = body.data.map(({ action }: { action: string }) => action);
    expect(actions.slice(0, 9)).toEqual([
      'delivery.replayed',
      'api_key.revoked',
      'api_key.created',
      'settings.updated',
      'endpoint.secret_rotated',
      'endpoint.enabled',
      'endpoint.disabled',
      'endpoint.updated',
      'endpoint.created',
    ]);
    expect(body.data.every(({ actor }: { actor: string }) => /^key:|^test$/.test(actor))).toBe(true);
    const ofEndpoint = await server.call('GET', `/v1/audit?target=${endpoint}&limit=2`);
    expect(ofEndpoint.body.data).toHaveLength(2);
    const next = await server.call(
      'GET',
      `/v1/audit?target=${endpoint}&cursor=${ofEndpoint.body.next_cursor}`,
    );
    expect(next.body.data.map(({ action }: { action: string }) => action)).toEqual([
      'endpoint.disabled',
      'endpoint.updated',
      'endpoint.created',
    ]);
    const [updated] = (await server.call('GET', '/v1/audit?action=endpoint.updated')).body.data;
    expect(updated.details.url).toEqual({ from: 'https://a.example/hook', to: 'https://c.example/' });
    expect(parseId('aud', updated.id)).not.toBeNull();
    const secret = (await server.call('GET', `/v1/endpoints/${endpoint}/secret`)).text;
    for (const [found] of secret.matchAll(/whsec_[A-Za-z0-9+/=]+/g))
      expect(JSON.stringify(body)).not.toContain(found);
    expect(JSON.stringify(body)).not.toContain(made.body.key);
  });
});
