/** Jobs through the API: whose they are, and who may cancel them. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { formatId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
import { JOB_KINDS, type JobKind } from '../store/records/jobs.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
let instance: string;
beforeEach(async () => {
  server = await aServer(parts);
  await support.aWorkspace(server.store, 2);
  instance = await server.key([], null);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

/** A job that stays as it is. */
async function aJob(workspace: number | null, over: { kind?: JobKind } = {}): Promise<string> {
  const key = server.engine.nextKey();
  const job = {
    key,
    workspace,
    kind: 'retry_deliveries',
    input: { ids: [] },
    total: 3,
    report: {},
    ...over,
  } as const;
  // Taken by a node that lives, so that it stays as it is.
  await server.store.registerNode('another', { leaseMs: 1e9, sends: true });
  await server.store.createJob({ ...job, createdBy: 'me', createdAt: server.clock.now() }, {});
  await server.store.claimJobs('another', [job.kind], 100, 0);
  return formatId('job', key);
}

const as = (key: string, method: string, url: string, headers: Record<string, string> = {}) =>
  callApp(server.app, method, url, undefined, { authorization: `Bearer ${key}`, ...headers });
const idsOf = (body: { data: Array<{ id: string }> }) => body.data.map(({ id }) => id);

describe('jobs', () => {
  test('are listed by workspace, kind and state, and got one by one', async () => {
    const [first, second, other] = [await aJob(1), await aJob(1, { kind: 'skip_deliveries' }), await aJob(2)];
    const list = await server.call('GET', '/v1/jobs');
    expect(idsOf(list.body)).toEqual([second, first]);
    expect(list.body.data[1]).toMatchObject({
      kind: 'retry_deliveries',
      state: 'running',
      done: 0,
      total: 3,
    });
    const page = await server.call('GET', '/v1/jobs?limit=1');
    const next = await server.call('GET', `/v1/jobs?limit=1&cursor=${page.body.next_cursor}`);
    expect([...idsOf(page.body), ...idsOf(next.body)]).toEqual([second, first]);
    expect(idsOf((await server.call('GET', '/v1/jobs?kind=skip_deliveries')).body)).toEqual([second]);
    expect(idsOf((await server.call('GET', '/v1/jobs?state=finished')).body)).toEqual([]);
    expect((await server.call('GET', '/v1/jobs?state=over')).status).toBe(400);
    expect((await server.call('GET', `/v1/jobs/${first}`)).body).toMatchObject({ id: first, ended_at: null });
    expect((await server.call('GET', `/v1/jobs/${other}`)).body.code).toBe('not_found');
    expect((await server.call('GET', '/v1/jobs/rpl_1')).body.code).toBe('not_found');
  });

  test('of the installation are seen with an instance key that names no workspace, and by nobody else', async () => {
    const [own, tenants] = [await aJob(null), await aJob(2)];
    expect(idsOf((await as(instance, 'GET', '/v1/jobs')).body)).toEqual([own]);
    expect((await as(instance, 'GET', `/v1/jobs/${own}`)).status).toBe(200);
    const within = { 'mirsal-workspace': formatId('ws', 2) };
    expect(idsOf((await as(instance, 'GET', '/v1/jobs', within)).body)).toEqual([tenants]);
    expect((await as(instance, 'GET', `/v1/jobs/${own}`, within)).status).toBe(404);
    expect((await server.call('GET', `/v1/jobs/${own}`)).status).toBe(404);
    expect((await server.call('POST', `/v1/jobs/${own}/cancel`)).status).toBe(404);
    expect((await as(instance, 'POST', `/v1/jobs/${own}/cancel`)).body).toMatchObject({ state: 'cancelled' });
  });

  test('are cancelled once, by who may manage; what has ended says so', async () => {
    const id = await aJob(1);
    const reader = await server.key(['read']);
    expect((await as(reader, 'POST', `/v1/jobs/${id}/cancel`)).body.code).toBe('scope_required');
    expect((await as(reader, 'GET', `/v1/jobs/${id}`)).status).toBe(200);
    expect((await as(await server.key(['publish']), 'GET', '/v1/jobs')).body.code).toBe('scope_required');
    const { status, body } = await server.call('POST', `/v1/jobs/${id}/cancel`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ state: 'cancelled', reason: expect.stringContaining('key:') });
    expect((await server.call('POST', `/v1/jobs/${id}/cancel`)).body).toMatchObject({
      ...{ code: 'job_ended', detail: 'It is cancelled.' },
    });
  });

  test('of a kind that goes on to its end cannot be cancelled', async () => {
    const id = await aJob(1);
    const kinds = JOB_KINDS as Record<string, { cancellable: boolean }>;
    const before = kinds.retry_deliveries;
    kinds.retry_deliveries = { cancellable: false };
    try {
      const { status, body } = await server.call('POST', `/v1/jobs/${id}/cancel`);
      expect([status, body.code]).toEqual([409, 'job_not_cancellable']);
      expect((await server.call('GET', `/v1/jobs/${id}`)).body.state).toBe('running');
    } finally {
      if (before !== undefined) kinds.retry_deliveries = before;
    }
  });
});
