/** The contract's part on jobs: who works on them, and that no step is noted twice. */

import { describe, expect, test } from 'vitest';
import { DAY } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { JobKind } from '../records/jobs.ts';
import type { Store } from '../store.ts';
import { ALL, aKey, type OpenStore, seed, T0, useStore } from './builders.ts';
import { aJob, anOwnedJob } from './faultJobs.ts';
import { NOW } from './faultScenes.ts';

const KIND = 'retry_deliveries';

async function claim(store: Store, node: string, now: number, limit = 100): Promise<number[]> {
  return (await store.claimJobs(node, [KIND], limit, now)).map(({ key }) => key);
}

export function jobsContract(open: OpenStore): void {
  describe('jobs', () => {
    const opened = useStore(open);

    test('a job is found and listed in its own workspace alone, newest first', async () => {
      const { store } = opened();
      const [one, other] = [await seed(store), await seed(store)];
      const jobs = [
        aJob(one.workspace),
        aJob(one.workspace, { kind: 'skip_deliveries', total: 3, input: { filter: { type: 'نوع' } } }),
      ] as const;
      const own = aJob(null);
      for (const job of [...jobs, own]) await store.createJob(job, {});
      await store.cancelJob(one.workspace, jobs[0].key, NOW, 'me');
      const keysOf = async (
        ...[workspace, filter = {}, page = ALL]: Partial<Parameters<Store['listJobs']>>
      ) => (await store.listJobs(workspace ?? null, filter, page)).map(({ key }) => key);
      const [first, second] = jobs.map(({ key }) => key);
      expect(await keysOf(one.workspace)).toEqual([second, first]);
      expect(await keysOf(one.workspace, {}, { limit: 5, before: second ?? 0 })).toEqual([first]);
      expect(await keysOf(one.workspace, { kind: 'skip_deliveries' })).toEqual([second]);
      expect(await keysOf(one.workspace, { state: 'cancelled' })).toEqual([first]);
      expect(await keysOf(one.workspace, { state: 'cancelled', kind: 'skip_deliveries' })).toEqual([]);
      expect(await keysOf(other.workspace)).toEqual([]);
      expect(await keysOf(null)).toEqual([own.key]);
      expect(await store.findJob(one.workspace, jobs[1].key)).toEqual({
        ...jobs[1],
        ...{ state: 'running', done: 0, reason: null, endedAt: null },
      });
      expect(await store.findJob(null, jobs[1].key)).toBeNull();
      expect(await store.findJob(other.workspace, own.key)).toBeNull();
      expect(await store.findJob(null, own.key)).toMatchObject({ workspace: null });
    });

    test('of a workspace no more jobs run at one time than may, however many are asked for at once', async () => {
      const { store } = opened();
      const [one, other] = [await seed(store), await seed(store)];
      const ask = (workspace: number) => store.createJob(aJob(workspace), {}, 3);
      const made = await Promise.all(Array.from({ length: 8 }, () => ask(one.workspace)));
      expect(made.filter((isMade) => isMade)).toHaveLength(3);
      const running = await store.listJobs(one.workspace, {}, ALL);
      expect(running).toHaveLength(3);
      expect(await ask(other.workspace)).toBe(true);
      await store.cancelJob(one.workspace, running[0]?.key ?? 0, NOW, 'me');
      expect([await ask(one.workspace), await ask(one.workspace)]).toEqual([true, false]);
    });

    test('a node takes up jobs that are free, of kinds that it knows, and keeps its own', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      await store.registerNode('node-b', { leaseMs: DAY, sends: true });
      const job = aJob(workspace);
      await store.createJob(job, {});
      await store.createJob(aJob(workspace, { kind: 'a_kind_of_later' as JobKind }), {});
      expect(await store.claimJobs('node-a', [], 100, NOW)).toEqual([]);
      expect(await claim(store, 'node-a', NOW)).toEqual([job.key]);
      expect(await claim(store, 'node-b', NOW + 1)).toEqual([]);
      expect(await claim(store, 'node-a', NOW + 2)).toEqual([job.key]);
      await store.unregisterNode('node-a');
      expect(await claim(store, 'node-b', NOW + 3)).toEqual([job.key]);
    });

    test('workspaces take turns, and of each the job that was taken up the longest ago comes first', async () => {
      const { store } = opened();
      const [one, other] = [await seed(store), await seed(store)];
      const many = [aJob(one.workspace), aJob(one.workspace), aJob(one.workspace)];
      const few = [aJob(other.workspace), aJob(null)];
      for (const job of [...many, ...few]) await store.createJob(job, {});
      const firsts = [many[0], ...few].map((job) => job?.key ?? 0);
      expect((await claim(store, 'node-a', NOW, 3)).sort()).toEqual(firsts.sort());
      // Now the others of the first workspace have waited longer.
      expect(await claim(store, 'node-a', NOW + 1, 1)).toEqual([many[1]?.key]);
      expect(await claim(store, 'node-a', NOW + 2, 1)).toEqual([many[2]?.key]);
    });

    test('a step is noted once: who stands elsewhere, has ended or is another node notes nothing', async () => {
      const { store, another } = opened();
      const { workspace } = await seed(store);
      await store.registerNode('node-b', { leaseMs: DAY, sends: true });
      const job = await anOwnedJob(store, aJob(workspace, { total: 2 }));
      expect(job).toMatchObject({ cursor: null, revision: 0, workspace });
      const progress = { done: 1, total: 2, cursor: { after: 7 }, report: { done: 1, لغة: 'عربي' } };
      expect(await store.advanceJob('node-b', job, progress, NOW)).toBe(false);
      const both = [store, await another()].map((each) => each.advanceJob('node-a', job, progress, NOW));
      expect((await Promise.all(both)).sort()).toEqual([false, true]);
      const [again] = await store.claimJobs('node-a', [KIND], 100, NOW);
      expect(again).toMatchObject({ ...progress, revision: 1, state: 'running' });
      if (again === undefined) throw new Error('It runs no more.');
      const end = { state: 'finished', reason: null } as const;
      const last = { ...progress, done: 2, input: {}, end };
      expect(await store.advanceJob('node-a', job, last, NOW)).toBe(false);
      expect(await store.advanceJob('node-a', again, last, NOW + 5)).toBe(true);
      expect(await store.findJob(workspace, job.key)).toMatchObject({
        ...{ state: 'finished', done: 2, input: {}, endedAt: NOW + 5, report: progress.report },
      });
      expect(await claim(store, 'node-a', NOW)).toEqual([]);
      expect(await store.cancelJob(workspace, job.key, NOW, 'me')).toBe(false);
    });

    test('a cancelled job does no further step, and the audit log tells who asked for it and who cancelled it', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const other = await seed(store);
      const job = await anOwnedJob(store, aJob(workspace, { total: 9 }));
      expect(await store.cancelJob(other.workspace, job.key, NOW, 'me')).toBe(false);
      expect(await store.cancelJob(workspace, aKey(), NOW, 'me')).toBe(false);
      expect(await store.cancelJob(workspace, job.key, NOW, 'you')).toBe(true);
      const progress = { done: 1, total: 9, cursor: 1, report: {} };
      expect(await store.advanceJob('node-a', job, progress, NOW)).toBe(false);
      expect(await store.findJob(workspace, job.key)).toMatchObject({
        ...{ state: 'cancelled', reason: 'cancelled_by: you', done: 0, endedAt: NOW },
      });
      const target = formatId('job', job.key);
      expect(await store.listAudit(workspace, { target }, ALL)).toMatchObject([
        { action: 'job.cancelled', actor: 'you', details: { kind: KIND, done: 0, total: 9 } },
        { action: 'job.started', actor: 'me', details: { kind: KIND, total: 9 } },
      ]);
    });

    test('jobs that ended 90 days ago are deleted; those that run are kept', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const [ended, recent, running] = [aJob(workspace), aJob(null), aJob(workspace)];
      for (const job of [ended, recent, running]) await store.createJob(job, {});
      await store.cancelJob(workspace, ended.key, T0, 'me');
      await store.cancelJob(null, recent.key, T0 + 2, 'me');
      expect(await store.sweepOld(T0 + 90 * DAY + 1, 100)).toBe(1);
      expect(await store.findJob(workspace, ended.key)).toBeNull();
      expect(await store.findJob(null, recent.key)).not.toBeNull();
      expect(await store.findJob(workspace, running.key)).not.toBeNull();
    });
  });
}
