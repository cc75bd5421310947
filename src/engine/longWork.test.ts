/** Jobs with a real store and a clock that is moved: whose turn it is, and what is left when a node ends amid one. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import { aSqliteStore, aWorkspace, WORKSPACE } from '../../test/support/engine.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import type { Job, OwnedJob } from '../store/records/jobs.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createLongWork, type LongWork, type Stepped } from './longWork.ts';

const OTHER = 2;

let clock: MovableClock;
let store: Store;
let dispose: () => Promise<void>;
let nodes: Jobs[] = [];
let errors: unknown[] = [];
let keys = 0;

beforeEach(async () => {
  clock = createMovableClock();
  ({ store, dispose } = await aSqliteStore(clock));
  await aWorkspace(store, OTHER);
  errors = [];
});
afterEach(async () => {
  for (const node of nodes) await node.stop();
  nodes = [];
  await dispose();
});

/** A job of `total` steps. */
async function aJob(total: number, workspace = WORKSPACE): Promise<number> {
  keys += 1;
  const job = { key: keys, workspace, kind: 'retry_deliveries', input: {}, total, report: {} } as const;
  await store.createJob({ ...job, createdBy: 'me', createdAt: clock.now() }, {});
  return keys;
}

/** What a step leaves: one more is done, and the last one ends it. */
function oneMore(job: OwnedJob): Stepped {
  const done = job.done + 1;
  const end = { state: 'finished', reason: null } as const;
  const progress = { done, total: job.total, cursor: { done }, report: { steps: done } };
  return { kind: 'done', progress: done === job.total ? { ...progress, end } : progress };
}

async function aNode(node: string, step: LongWork['step'], given: Store = store): Promise<Jobs> {
  await store.registerNode(node, { leaseMs: 100 * MINUTE, sends: true });
  const works: LongWork[] = [{ kind: 'retry_deliveries', step }];
  const work = createLongWork({ store: given, clock, node, works });
  const jobs = createJobs({ clock, onError: (error) => errors.push(error) }, [work]);
  nodes.push(jobs);
  return jobs;
}

/** Lets rounds come until the job is as wanted. */
async function jobOnce(key: number, running: readonly Jobs[], ready: (job: Job) => boolean, of = WORKSPACE) {
  for (;;) {
    const job = await store.findJob(of, key);
    if (job === null) throw new Error('The job is gone.');
    if (ready(job)) return job;
    for (const node of running) node.tick();
    clock.move(SECOND);
  }
}
const isOver = ({ state }: Job): boolean => state !== 'running';

describe('a job', () => {
  test('is done step by step, and tells meanwhile how far it is', async () => {
    const seen: unknown[] = [];
    const node = await aNode('a', async (job) => {
      seen.push([job.done, job.cursor, (await store.findJob(WORKSPACE, job.key))?.done]);
      return oneMore(job);
    });
    const key = await aJob(3);
    const job = await jobOnce(key, [node], isOver);
    expect(job).toMatchObject({ state: 'finished', done: 3, report: { steps: 3 } });
    expect(seen).toEqual([
      [0, null, 0],
      [1, { done: 1 }, 1],
      [2, { done: 2 }, 2],
    ]);
  });

  test('that its node leaves amid a step goes on at another one where it was', async () => {
    const begun = Promise.withResolvers<void>();
    const steps: string[] = [];
    const hanging = await aNode('a', async (job) => {
      steps.push(`a${job.done}`);
      if (job.done < 2) return oneMore(job);
      begun.resolve();
      return new Promise<Stepped>(() => {});
    });
    const key = await aJob(4);
    const isBegun = begun.promise.then(() => 'begun');
    while ((await Promise.race([isBegun, Promise.resolve()])) !== 'begun') {
      hanging.tick();
      clock.move(SECOND);
      await store.findJob(WORKSPACE, key);
    }
    const other = await aNode('b', async (job) => {
      steps.push(`b${job.done}`);
      return oneMore(job);
    });
    other.tick();
    await store.unregisterNode('a');
    expect(await jobOnce(key, [other], isOver)).toMatchObject({ state: 'finished', done: 4 });
    expect(steps).toEqual(['a0', 'a1', 'a2', 'b2', 'b3']);
    // The node that hangs has nothing to be waited for.
    nodes = [other];
  });

  test('that is cancelled amid a step notes nothing of it and does no further one', async () => {
    let steps = 0;
    const node = await aNode('a', async (job) => {
      steps += 1;
      if (job.done === 1) await store.cancelJob(WORKSPACE, job.key, clock.now(), 'you');
      return oneMore(job);
    });
    const key = await aJob(9);
    expect(await jobOnce(key, [node], isOver)).toMatchObject({ state: 'cancelled', done: 1 });
    await jobOnce(await aJob(1), [node], isOver);
    expect(steps).toBe(3);
  });

  test('whose step fails rests and is tried again, and holds up no other', async () => {
    let isDown = true;
    const failing = await aJob(1);
    const node = await aNode('a', async (job) => {
      if (isDown && job.key === failing) throw new Error('It cannot be done.');
      return oneMore(job);
    });
    const other = await aJob(2, OTHER);
    expect(await jobOnce(other, [node], isOver, OTHER)).toMatchObject({ state: 'finished' });
    expect(errors.length).toBeGreaterThan(0);
    expect(await store.findJob(WORKSPACE, failing)).toMatchObject({ state: 'running', done: 0 });
    isDown = false;
    expect(await jobOnce(failing, [node], isOver)).toMatchObject({ state: 'finished' });
  });

  test('goes on after the database was away, whether a step was noted or not', async () => {
    let calls = 0;
    const advanceJob: Store['advanceJob'] = async (...parameters) => {
      calls += 1;
      // Every second one is lost on its way, every third one on its way back.
      if (calls % 2 === 0) throw new StoreUnavailable('away');
      const noted = await store.advanceJob(...parameters);
      if (calls % 3 === 0) throw new StoreUnavailable('away');
      return noted;
    };
    const node = await aNode('a', async (job) => oneMore(job), { ...store, advanceJob });
    const job = await jobOnce(await aJob(7), [node], isOver);
    expect(job).toMatchObject({ state: 'finished', done: 7, report: { steps: 7 } });
    expect(calls).toBeGreaterThan(7);
  });

  test('that cannot go on now gives way to others and comes up again', async () => {
    let isFull = true;
    const first = await aJob(1);
    const node = await aNode('a', async (job) =>
      isFull && job.key === first ? { kind: 'later' } : oneMore(job),
    );
    const second = await aJob(3);
    await jobOnce(second, [node], isOver);
    expect(await store.findJob(WORKSPACE, first)).toMatchObject({ state: 'running' });
    isFull = false;
    expect(await jobOnce(first, [node], isOver)).toMatchObject({ state: 'finished' });
  });
});
