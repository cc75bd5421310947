/** Jobs over many deliveries, on both stores: nothing twice, nothing left out, in order (P13), whatever happens amid them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import { createDatabase, MIGRATED } from '../../test/support/postgres.ts';
import { copyMigrated } from '../../test/support/sqlite.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import {
  ALL,
  aKey,
  anEvent,
  aResult,
  DELIVERED,
  DROPPED,
  publishAccepted,
  publishSome,
  seed,
  T0,
  WAITING,
} from '../store/contract/builders.ts';
import { openPostgres } from '../store/postgres/postgres.ts';
import { BULK_LIMITS, type BulkInput, type BulkKind } from '../store/records/bulk.ts';
import type { NewEndpoint } from '../store/records/endpoints.ts';
import type { Job, OwnedJob } from '../store/records/jobs.ts';
import { openSqlite } from '../store/sqlite/sqlite.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import { createBulkWorks } from './bulk.ts';
import { createPreviews } from './bulkPlaces.ts';
import { Overloaded } from './engine.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createLongWork, JOBS_AT_ONCE } from './longWork.ts';

let databases = 0;
const OPEN: Record<string, (clock: MovableClock) => Promise<{ store: Store; close(): Promise<void> }>> = {
  async SQLite(clock) {
    const directory = mkdtempSync(join(tmpdir(), 'mirsal-bulk-'));
    copyMigrated(directory);
    const store = openSqlite({ directory, clock });
    return {
      store,
      async close() {
        await store.close();
        rmSync(directory, { recursive: true });
      },
    };
  },
  async PostgreSQL(clock) {
    databases += 1;
    const url = await createDatabase(inject('postgresUrl'), `bulk_${process.pid}_${databases}`, MIGRATED);
    const store = openPostgres({ url, clock });
    return { store, close: () => store.close() };
  },
};

const ASKED_AT = T0 + MINUTE;

describe.each(Object.entries(OPEN))('on %s', (_, open) => {
  let clock: MovableClock;
  let store: Store;
  let close: () => Promise<void>;
  let nodes: Jobs[] = [];
  let told: number[] = [];

  beforeEach(async () => {
    clock = createMovableClock();
    ({ store, close } = await open(clock));
    told = [];
  });
  afterEach(async () => {
    for (const node of nodes) await node.stop();
    nodes = [];
    await close();
  });

  const aNode = async (
    node: string,
    { given = store, sending = [] }: { given?: Store; sending?: number[] } = {},
  ): Promise<Jobs> => {
    await store.registerNode(node, { leaseMs: 100 * MINUTE, sends: true });
    const works = createBulkWorks({
      store: given,
      nextKey: () => aKey(),
      isSending: (delivery) => sending.includes(delivery),
      lanesChanged: async (lanes) => void told.push(...lanes),
    });
    const jobs = createJobs({ clock, onError() {} }, [createLongWork({ store: given, clock, node, works })]);
    nodes.push(jobs);
    return jobs;
  };

  const ask = async (workspace: number, kind: BulkKind, input: BulkInput): Promise<number> => {
    const job = { key: aKey(), workspace, kind, input, total: null, report: {}, createdBy: 'me' };
    await store.createJob({ ...job, createdAt: ASKED_AT }, {});
    return job.key;
  };

  /** Lets rounds come until the job is as wanted. */
  const jobOnce = async (
    workspace: number,
    key: number,
    running: readonly Jobs[],
    ready: (job: Job) => boolean = ({ state }) => state !== 'running',
  ): Promise<Job> => {
    for (;;) {
      const job = await store.findJob(workspace, key);
      if (job === null) throw new Error('The job is gone.');
      if (ready(job)) return job;
      for (const node of running) node.tick();
      clock.move(SECOND);
    }
  };

  /** Deliveries of the endpoint that have been dropped, by their keys. */
  const makeDropped = async (endpoint: NewEndpoint, count: number): Promise<number[]> => {
    const items = await publishSome(store, endpoint, count);
    await store.record(
      'node-a',
      endpoint.workspace,
      items.map((item) => aResult(endpoint, 1, item, { next: DROPPED })),
    );
    return items.map(({ key }) => key);
  };
  /** Of the endpoint's lane, which originals its replays repeat, in their order. */
  const replaysOf = async ({ workspace, key }: NewEndpoint): Promise<Array<number | null>> => {
    const all = await store.listDeliveries(workspace, { endpoint: key }, ALL);
    const replays = all.filter(({ replayOf }) => replayOf !== null);
    return replays.sort((one, other) => one.sequence - other.sequence).map(({ replayOf }) => replayOf);
  };

  test('P13: a replay by filter sends all that match once and in order, though answers are lost and a node ends', async () => {
    const { workspace, endpoints } = await seed(store, { endpoints: 2 });
    const [one, other] = endpoints as [NewEndpoint, NewEndpoint];
    const dropped = [await makeDropped(one, 230), await makeDropped(other, 150)];
    let calls = 0;
    const changeMany: Store['changeMany'] = async (...parameters) => {
      calls += 1;
      if (calls % 3 === 0) throw new StoreUnavailable('away');
      const answer = await store.changeMany(...parameters);
      if (calls % 3 === 1) throw new StoreUnavailable('away on its way back');
      return answer;
    };
    const first = await aNode('a', { given: { ...store, changeMany } });
    const key = await ask(workspace, 'replay_deliveries', { filter: {}, states: ['dropped', 'skipped'] });
    await jobOnce(workspace, key, [first], ({ done }) => done >= 300);
    await first.stop();
    await store.unregisterNode('a');
    const job = await jobOnce(workspace, key, [await aNode('b')]);
    expect(job).toMatchObject({
      state: 'finished',
      done: 380,
      total: 380,
      report: { replayed: 380, not_done: {} },
    });
    expect([await replaysOf(one), await replaysOf(other)]).toEqual(dropped);
    expect(calls).toBeGreaterThan(2);
    expect(new Set(told)).toEqual(new Set(endpoints.flatMap(({ lanes }) => lanes)));
  });

  test('P13: a retry of ids makes waiting ones due and sends ended ones again, and says why others were not', async () => {
    const { workspace, endpoints } = await seed(store, { endpoints: 2 });
    const [endpoint, disabled] = endpoints as [NewEndpoint, NewEndpoint];
    const items = await publishSome(store, endpoint, 5);
    const [delivered, dropped, waiting, pending, busy] = items.map((item) => item.key);
    const ids = [delivered, dropped, waiting, pending, busy].map((id) => id ?? 0);
    const results = [
      DELIVERED,
      DROPPED,
      { ...WAITING, nextAttemptAt: clock.now() + MINUTE } as typeof WAITING,
    ];
    for (const [index, next] of results.entries())
      await store.record('node-a', workspace, [aResult(endpoint, 1, { key: ids[index] ?? 0 }, { next })]);
    const [held] = await publishSome(store, disabled, 1);
    await store.disableEndpoint(workspace, disabled.key, { reason: 'manual', at: T0, by: 'me' });
    const input = { ids: [...ids, held?.key ?? 0, aKey()] };
    const preview = { workspace, input, createdAt: ASKED_AT };
    expect(await createPreviews(store)('retry_deliveries', preview)).toEqual({
      total: 6,
      notDone: { not_found: 1 },
    });
    const node = await aNode('a', { sending: [busy ?? 0] });
    const job = await jobOnce(workspace, await ask(workspace, 'retry_deliveries', input), [node]);
    expect(job).toMatchObject({ state: 'finished', done: 7, total: 7 });
    expect(job.report).toEqual({
      ...{ retried: 1, resent: 2 },
      not_done: { not_found: 1, not_tried_yet: 1, held: 1, in_flight: 1 },
    });
    expect(await replaysOf(endpoint)).toEqual([delivered, dropped]);
    const due = await store.findDelivery(workspace, waiting ?? 0);
    expect(due?.nextAttemptAt).toBeLessThanOrEqual(clock.now());
  });

  test('a skip by filter ends what was open when it was asked for, and nothing that is being sent', async () => {
    const { workspace, endpoint } = await seed(store);
    const items = await publishSome(store, endpoint, 120);
    const busy = items[0]?.key ?? 0;
    const late = anEvent([endpoint]);
    await publishAccepted(store, workspace, [late], { acceptedAt: ASKED_AT + 1 });
    const input: BulkInput = { filter: { endpoint: endpoint.key }, states: ['pending', 'waiting', 'held'] };
    const node = await aNode('a', { sending: [busy] });
    const job = await jobOnce(workspace, await ask(workspace, 'skip_deliveries', input), [node]);
    expect(job).toMatchObject({
      state: 'finished',
      done: 120,
      report: { skipped: 119, not_done: { in_flight: 1 } },
    });
    const open = await store.listDeliveries(workspace, { state: 'pending' }, ALL);
    expect(open.map((row) => row.key).sort()).toEqual([busy, late.deliveries[0]?.key].sort());
  });

  test('a job that is cancelled stops where it is; what it has done stays done', async () => {
    const { workspace, endpoint } = await seed(store);
    const dropped = await makeDropped(endpoint, 350);
    const changeMany: Store['changeMany'] = async (...parameters) => {
      const answer = await store.changeMany(...parameters);
      if (answer.kind === 'noted' && answer.progress.done === 200)
        await store.cancelJob(workspace, parameters[1].key, ASKED_AT, 'you');
      return answer;
    };
    const node = await aNode('a', { given: { ...store, changeMany } });
    const key = await ask(workspace, 'retry_deliveries', { filter: {}, states: ['dropped'] });
    const job = await jobOnce(workspace, key, [node]);
    expect(job).toMatchObject({ state: 'cancelled', done: 200, total: 350, report: { resent: 200 } });
    expect(await replaysOf(endpoint)).toEqual(dropped.slice(0, 200));
  });

  test('P13: of deliveries of one message one is sent again, and none that ended after it was asked for', async () => {
    const { workspace, endpoint } = await seed(store);
    const [original = 0, late = 0] = await makeDropped(endpoint, 1).then(async ([key]) => {
      const [item] = await publishSome(store, endpoint, 1);
      const next = { ...DROPPED, endedAt: ASKED_AT + 1 } as typeof DROPPED;
      await store.record('node-a', workspace, [aResult(endpoint, 1, item ?? { key: 0 }, { next })]);
      return [key, item?.key];
    });
    const repeat = aKey();
    await store.replayDelivery(workspace, original, { key: repeat, now: T0, by: 'me' });
    await store.record('node-a', workspace, [aResult(endpoint, 1, { key: repeat }, { next: DROPPED })]);
    const filter: BulkInput = { filter: {}, states: ['dropped'] };
    const node = await aNode('a');
    const job = await jobOnce(workspace, await ask(workspace, 'replay_deliveries', filter), [node]);
    expect(job.report).toEqual({ replayed: 1, not_done: { same_message: 1 } });
    expect(await replaysOf(endpoint)).toEqual([original, original]);
    const ids = await ask(workspace, 'replay_deliveries', { ids: [late] });
    expect((await jobOnce(workspace, ids, [node])).report).toEqual({
      replayed: 0,
      not_done: { already_ended: 1 },
    });
  });

  test('P13: an endpoint that is full keeps no other of the job waiting, and its own come later, once and in order', async () => {
    const { workspace, endpoints } = await seed(store, { endpoints: 3 });
    const [one, other, third] = endpoints as [NewEndpoint, NewEndpoint, NewEndpoint];
    const dropped = [
      await makeDropped(one, 150),
      await makeDropped(other, 130),
      await makeDropped(third, 20),
    ];
    const full = new Set([one.key, third.key]);
    const changeMany: Store['changeMany'] = async (...parameters) => {
      const step = parameters[2];
      return step.act === 'resend' && full.has(step.endpoint)
        ? { kind: 'full' }
        : store.changeMany(...parameters);
    };
    const given = { ...store, changeMany };
    const first = await aNode('a', { given });
    const key = await ask(workspace, 'replay_deliveries', { filter: {}, states: ['dropped'] });
    await jobOnce(workspace, key, [first], ({ done }) => done >= 130);
    expect([await replaysOf(one), await replaysOf(other)]).toEqual([[], dropped[1]]);
    // Another node goes on; of what was put off, one endpoint ends before the other has begun.
    await first.stop();
    await store.unregisterNode('a');
    full.delete(third.key);
    const second = await aNode('b', { given });
    await jobOnce(workspace, key, [second], ({ done }) => done >= 150);
    await second.stop();
    await store.unregisterNode('b');
    full.clear();
    const job = await jobOnce(workspace, key, [await aNode('c', { given })]);
    expect(job).toMatchObject({ state: 'finished', done: 300, report: { replayed: 300, not_done: {} } });
    expect(await Promise.all(endpoints.map(replaysOf))).toEqual(dropped);
  });

  test('what is found by its events is found once, however many there are', async () => {
    const { workspace, endpoint } = await seed(store);
    const subject = 'contact-1';
    const events = Array.from({ length: 1_200 }, () => anEvent([endpoint], { subject }));
    await publishAccepted(store, workspace, events);
    const limits: number[] = [];
    const scanPlaces: Store['scanPlaces'] = (...parameters) => {
      limits.push(parameters[2].limit);
      return store.scanPlaces(...parameters);
    };
    const input: BulkInput = { filter: { subject }, states: ['pending'] };
    const asked = { workspace, input, createdAt: ASKED_AT };
    const preview = await createPreviews({ ...store, scanPlaces })('skip_deliveries', asked);
    expect(preview).toEqual({ total: 1_200, notDone: {} });
    expect(limits).toHaveLength(1);
  });

  test('a job that finds nothing is finished; one that finds too much fails and says so', async () => {
    const { workspace } = await seed(store);
    const input: BulkInput = { filter: {}, states: ['dropped'] };
    const empty = await jobOnce(workspace, await ask(workspace, 'retry_deliveries', input), [
      await aNode('a'),
    ]);
    expect(empty).toMatchObject({
      state: 'finished',
      total: 0,
      report: { retried: 0, resent: 0, not_done: {} },
    });
    await store.unregisterNode('a');
    const place = { key: 1, lane: 1, sequence: 1, endpoint: 1, message: 1, createdAt: 0, endedAt: 0 };
    const places = Array.from({ length: 1_000 }, () => ({ ...place, state: 'dropped' as const }));
    const scanPlaces: Store['scanPlaces'] = async () => ({ places, next: 1 });
    const node = await aNode('b', { given: { ...store, scanPlaces } });
    const full = await jobOnce(workspace, await ask(workspace, 'retry_deliveries', input), [node]);
    expect(full).toMatchObject({ state: 'failed', reason: expect.stringContaining('too_many') });
  });
});

test('dry runs are made few at once, and a workspace that has asked for many is refused alone', async () => {
  const scanning: Array<() => void> = [];
  const scanPlaces: Store['scanPlaces'] = () =>
    new Promise((resolve) => scanning.push(() => resolve({ places: [], next: null })));
  const preview = createPreviews({
    ...{ scanPlaces, findPlaces: async () => [] },
    changeMany: async () => ({ kind: 'lost' }),
  });
  const input: BulkInput = { filter: {}, states: ['dropped'] };
  const ask = (workspace: number) => preview('retry_deliveries', { workspace, input, createdAt: T0 });
  const asked = Array.from({ length: BULK_LIMITS.dryRuns.value }, () => ask(1));
  await expect(ask(1)).rejects.toThrow(Overloaded);
  asked.push(ask(2));
  for (const [made] of asked.entries()) {
    await expect.poll(() => scanning.length).toBe(Math.min(2, asked.length - made));
    scanning.shift()?.();
  }
  expect(await Promise.all(asked)).toEqual(asked.map(() => ({ total: 0, notDone: {} })));
  const later = ask(1);
  await expect.poll(() => scanning.length).toBe(1);
  scanning.shift()?.();
  expect(await later).toEqual({ total: 0, notDone: {} });
});

test('as many large jobs as are worked on at once list what they do once each', async () => {
  const most = 100_000;
  const place = { lane: 1, endpoint: 1, createdAt: 0, endedAt: 0, state: 'dropped' as const };
  let scans = 0;
  const scanPlaces: Store['scanPlaces'] = async (_workspace, _filter, { before }) => {
    scans += 1;
    const top = before ?? most;
    const places = Array.from({ length: 10_000 }, (_unused, index) => {
      const key = top - index;
      return { ...place, key, sequence: key, message: key };
    });
    return { places, next: top > 10_000 ? top - 10_000 : null };
  };
  const changeMany: Store['changeMany'] = async (_node, _job, _step, progressOf) => {
    return { kind: 'noted', progress: progressOf({ done: 100, notDone: {} }), lanes: [] };
  };
  const works = createBulkWorks({
    store: { scanPlaces, changeMany, findPlaces: async () => [], workspacesToSkip: async () => [] },
    ...{ nextKey: () => aKey(), isSending: () => false, lanesChanged: async () => {} },
  });
  const step = async (job: OwnedJob): Promise<OwnedJob> => {
    const stepped = await works.find(({ kind }) => kind === job.kind)?.step(job, { node: 'a', now: T0 });
    if (stepped?.kind !== 'done' && stepped?.kind !== 'noted') throw new Error('It did not go on.');
    return { ...job, ...stepped.progress, revision: job.revision + 1 };
  };
  let jobs = Array.from(
    { length: JOBS_AT_ONCE },
    (_unused, index): OwnedJob => ({
      ...{ key: index + 1, workspace: 1, state: 'running', done: 0, total: null, report: {}, reason: null },
      kind: index % 2 === 0 ? 'replay_deliveries' : 'retry_deliveries',
      input: { filter: {}, states: ['dropped'] } satisfies BulkInput,
      ...{ createdBy: 'me', createdAt: ASKED_AT, endedAt: null, cursor: null, revision: 0 },
    }),
  );
  for (let turns = 0; turns < 4; turns += 1) {
    const stepped: OwnedJob[] = [];
    for (const job of jobs) stepped.push(await step(job));
    jobs = stepped;
  }
  expect(jobs.map(({ done }) => done)).toEqual(jobs.map(() => 300));
  expect(scans).toBe(10 * JOBS_AT_ONCE);
});
