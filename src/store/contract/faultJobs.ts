/** The verbs of jobs, for faults.ts; see faultCases.ts. And jobs for the contract's tests. */

import type { NewJob, OwnedJob } from '../records/jobs.ts';
import type { Store } from '../store.ts';
import { aKey, T0 } from './builders.ts';
import { aCase, NOW, REFUSED } from './faultScenes.ts';

/** Verbs that only read. */
export type JobReading = 'findJob' | 'listJobs';

export function aJob(workspace: number | null, over: Partial<NewJob> = {}): NewJob {
  return {
    key: aKey(),
    workspace,
    kind: 'retry_deliveries',
    input: { ids: [1, 2] },
    total: null,
    report: {},
    createdBy: 'me',
    createdAt: T0,
    ...over,
  };
}

/** A job that `node-a` works on. */
export async function anOwnedJob(store: Store, job: NewJob): Promise<OwnedJob> {
  await store.createJob(job, {});
  const owned = (await store.claimJobs('node-a', [job.kind], 1_000, NOW)).find(({ key }) => key === job.key);
  if (owned === undefined) throw new Error('The job does not run.');
  return owned;
}

export const JOB_CASES = {
  createJob: aCase(async ({ store, workspace }) => {
    const job = aJob(workspace);
    return { call: () => store.createJob(job, {}), first: true, again: REFUSED };
  }),
  cancelJob: aCase(async ({ store, workspace }) => {
    const { key } = await anOwnedJob(store, aJob(workspace));
    return { call: () => store.cancelJob(workspace, key, NOW, 'me'), first: true, again: false };
  }),
  // One after the other, each by itself.
  claimJobs: aCase(
    async ({ store, workspace }) => {
      // Those of earlier scenes would be claimed along, each at a place of its own where the fault can strike.
      for (const job of await store.claimJobs('node-a', ['retry_deliveries'], 1_000, NOW))
        await store.cancelJob(job.workspace, job.key, NOW, 'me');
      const jobs = [aJob(workspace), aJob(null)];
      for (const job of jobs) await store.createJob(job, {});
      const call = async () =>
        (await store.claimJobs('node-a', ['retry_deliveries'], 100, NOW)).map(({ key }) => key).sort();
      const first = jobs.map(({ key }) => key).sort();
      return { call, first, again: first };
    },
    { inSteps: true },
  ),
  advanceJob: aCase(async ({ store, workspace }) => {
    const job = await anOwnedJob(store, aJob(workspace));
    const progress = { done: 1, total: 2, cursor: { after: 1 }, report: { done: 1 } };
    const call = () => store.advanceJob('node-a', job, progress, NOW);
    // The job has moved on since it was read: it is read again.
    return { call, first: true, again: false };
  }),
};
