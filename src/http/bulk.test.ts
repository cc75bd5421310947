/** Retrying, skipping and replaying many deliveries through the API (P13). */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { SECOND } from '../core/duration.ts';
import { realRandom } from '../real.ts';
import { BULK_LIMITS } from '../store/records/bulk.ts';
import type { JobKind } from '../store/records/jobs.ts';
import { aResult, aServer, callApp, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
let endpoint: string;
beforeEach(async () => {
  server = await aServer(parts);
  const made = await server.call('POST', '/v1/endpoints', {
    ...{ url: 'https://a.example/hook', event_types: ['*'], retry: { preset: 'none' } },
  });
  endpoint = made.body.id;
  server.answerWith(() => aResult(500));
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

interface Listed {
  id: string;
  replay_of: string | null;
  webhook_id: string;
}

const deliveries = async (query = ''): Promise<Listed[]> =>
  (await server.call('GET', `/v1/deliveries?limit=100${query}`)).body.data.toReversed();
const makeDropped = async (...numbers: number[]): Promise<Listed[]> => {
  await server.call('POST', '/v1/events/batch', {
    events: numbers.map((n) => ({ type: 'contact.tag.added', data: support.aTagEvent(n).value })),
  });
  await expect.poll(async () => (await deliveries('&state=dropped')).length).toBe(numbers.length);
  // What happened so far lies before what is asked for next.
  server.clock.move(1);
  return deliveries('&state=dropped');
};
/** Lets the engine's rounds come until the job has ended. */
const ended = async (id: string) => {
  for (;;) {
    const { body } = await server.call('GET', `/v1/jobs/${id}`);
    if (body.state !== 'running') return body;
    server.clock.move(SECOND);
  }
};
const idsOf = (listed: Listed[]) => listed.map(({ id }) => id);

describe('many deliveries', () => {
  test('P13: a replay by filter counts first, then sends all again in order under the same webhook-ids', async () => {
    const dropped = await makeDropped(1, 2, 3);
    const filter = { endpoint_id: endpoint, states: ['dropped'], type: 'contact.tag.added' };
    const preview = await server.call('POST', '/v1/deliveries/replay', { filter, dry_run: true });
    expect([preview.status, preview.body]).toEqual([200, { total: 3, not_done: {} }]);
    expect((await server.call('GET', '/v1/jobs')).body.data).toEqual([]);
    server.answerWith(() => aResult(200));
    const { status, body } = await server.call('POST', '/v1/deliveries/replay', { filter });
    expect(status).toBe(202);
    expect(body).toMatchObject({ kind: 'replay_deliveries', state: 'running', total: null });
    expect(await ended(body.id)).toMatchObject({ done: 3, total: 3, report: { replayed: 3, not_done: {} } });
    await expect.poll(async () => (await deliveries('&state=delivered')).length).toBe(3);
    const again = await deliveries('&state=delivered');
    expect(again.map(({ replay_of }) => replay_of)).toEqual(idsOf(dropped));
    expect(again.map(({ webhook_id }) => webhook_id)).toEqual(dropped.map(({ webhook_id }) => webhook_id));
    const [entry] = (await server.call('GET', '/v1/audit?action=job.started')).body.data;
    expect(entry).toMatchObject({ target: body.id, details: { kind: 'replay_deliveries', filter } });
  });

  test('a retry of ids says how many were not done, and why', async () => {
    const [first] = await makeDropped(1, 2);
    const ids = [first?.id, 'dlv_1'];
    const { body } = await server.call('POST', '/v1/deliveries/retry', { ids });
    expect(body).toMatchObject({ total: 2 });
    expect(await ended(body.id)).toMatchObject({
      ...{ state: 'finished', done: 2, report: { retried: 0, resent: 1, not_done: { not_found: 1 } } },
    });
  });

  test('a skip ends what is held', async () => {
    await server.call('POST', `/v1/endpoints/${endpoint}/disable`);
    await server.call('POST', '/v1/events', { type: 'contact.tag.added', data: support.aTagEvent(1).value });
    expect(await deliveries('&state=held')).toHaveLength(1);
    server.clock.move(1);
    const filter = { states: ['held'] };
    const { body } = await server.call('POST', '/v1/deliveries/skip', { filter });
    expect(await ended(body.id)).toMatchObject({ report: { skipped: 1, not_done: {} } });
    expect(await deliveries('&state=skipped')).toHaveLength(1);
  });

  test('many endpoints are enabled in one call, which says what became of each', async () => {
    const other = await server.call('POST', '/v1/endpoints', {
      url: 'https://b.example/',
      event_types: ['*'],
    });
    await server.call('POST', `/v1/endpoints/${endpoint}/disable`);
    await server.call('POST', '/v1/events', { type: 'contact.tag.added', data: support.aTagEvent(1).value });
    const ids = [endpoint, other.body.id, 'ep_1', 'dlv_1'];
    expect((await server.call('POST', '/v1/endpoints/enable', { ids })).body.errors[0].field).toBe('/held');
    const { status, body } = await server.call('POST', '/v1/endpoints/enable', { ids, held: 'skip' });
    expect(status).toBe(200);
    expect(body.data).toEqual([
      { id: endpoint, outcome: 'enabled', held: 1 },
      { id: other.body.id, outcome: 'was_enabled', held: 0 },
      { id: 'ep_1', outcome: 'not_found', held: 0 },
      { id: 'dlv_1', outcome: 'not_found', held: 0 },
    ]);
    expect((await server.call('GET', `/v1/endpoints/${endpoint}`)).body.enabled).toBe(true);
    expect(await deliveries('&state=skipped')).toHaveLength(1);
  });

  test.each([
    ['nothing', {}, ''],
    ['both', { ids: ['dlv_1'], filter: { type: 'a' } }, ''],
    ['an empty filter', { filter: {} }, '/filter'],
    ['no ids', { ids: [] }, '/ids'],
    ['an id of something else', { ids: ['dlv_1', 'ep_1'] }, '/ids/1'],
    ['a state that this is not for', { filter: { states: ['dropped', 'pending'] } }, '/filter/states/1'],
    ['a time that is none', { filter: { since: 'noon' } }, '/filter/since'],
    ['an endpoint that is none', { filter: { endpoint_id: 'dlv_1' } }, '/filter/endpoint_id'],
  ])('%s is refused, the member named', async (_, body, field) => {
    const answer = await server.call('POST', '/v1/deliveries/retry', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].field).toBe(field);
  });

  test('are refused while as many jobs run as may, and say so', async () => {
    // Of a kind that only a later version does, so that they go on running.
    const kind = 'a_kind_of_later' as JobKind;
    const job = { kind, workspace: support.WORKSPACE, input: {}, total: null, report: {}, createdBy: 'me' };
    const keys = Array.from({ length: BULK_LIMITS.running.value }, (_unused, index) => index + 1);
    for (const key of keys) await server.store.createJob({ ...job, key, createdAt: server.clock.now() }, {});
    const ids = ['dlv_1'];
    const headers = { 'idempotency-key': 'one' };
    const refused = await server.call('POST', '/v1/deliveries/skip', { ids }, headers);
    expect([refused.status, refused.body.code]).toEqual([409, 'too_many_jobs']);
    await server.store.cancelJob(support.WORKSPACE, 1, server.clock.now(), 'me');
    expect((await server.call('POST', '/v1/deliveries/skip', { ids }, headers)).status).toBe(202);
  });

  test('need a key that may manage, and find nothing of another workspace', async () => {
    const [first] = await makeDropped(1);
    const ids = [first?.id];
    const post = async (key: string) =>
      callApp(server.app, 'POST', '/v1/deliveries/retry', { ids }, { authorization: `Bearer ${key}` });
    expect((await post(await server.key(['read']))).body.code).toBe('scope_required');
    await support.aWorkspace(server.store, 2);
    const { status } = await post(await server.key(['manage'], 2));
    expect(status).toBe(202);
    for (;;) {
      const [job] = await server.store.listJobs(2, {}, { limit: 1, before: null });
      if (job?.state === 'finished') {
        expect(job.report).toEqual({ retried: 0, resent: 0, not_done: { not_found: 1 } });
        break;
      }
      server.clock.move(SECOND);
    }
    expect((await deliveries()).length).toBe(1);
  });
});
