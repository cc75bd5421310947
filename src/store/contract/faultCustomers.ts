/** The verbs of workspaces as customers, for faults.ts; see faultCases.ts. */

import { expect } from 'vitest';
import { DAY } from '../../core/duration.ts';
import type { JobKind, OwnedJob } from '../records/jobs.ts';
import type { Store } from '../store.ts';
import { aKey, anEvent, aWorkspace, publishAccepted, T0 } from './builders.ts';
import { aJob } from './faultJobs.ts';
import { aCase, NOW, REFUSED, SAME } from './faultScenes.ts';

/** Verbs that only read. */
export type CustomerReading = 'findByExternalId' | 'scanWorkspaces' | 'readUsage';

const SUSPENSION = { mode: 'hold', reason: 'unpaid', at: T0, by: 'me' } as const;

/** A job of the installation that `node-a` has taken up. */
async function owned(store: Store, kind: JobKind): Promise<OwnedJob> {
  // Of earlier scenes on the same store, too: the newest is this one's.
  const job = (await store.claimJobs('node-a', [kind], 1_000, NOW)).sort((a, b) => b.key - a.key)[0];
  if (job === undefined) throw new Error('The job does not run.');
  return job;
}

export const CUSTOMER_CASES = {
  createWorkspace: aCase(async ({ store }) => {
    const workspace = aWorkspace();
    return { call: () => store.createWorkspace(workspace), first: null, again: REFUSED };
  }),
  updateWorkspace: aCase(async ({ store, workspace }) => ({
    call: () => store.updateWorkspace(workspace, { name: 'Other' }, T0, 'me'),
    first: expect.objectContaining({ name: 'Other' }),
    again: SAME,
  })),
  identifyWorkspace: aCase(async ({ store, workspace }) => {
    const identity = { externalId: `cus_${workspace}`, metadata: { tier: 'gold' } };
    const call = () => store.identifyWorkspace(workspace, identity, T0, 'me');
    return { call, first: expect.objectContaining(identity), again: SAME };
  }),
  suspendWorkspace: aCase(async ({ store, workspace }) => ({
    call: () => store.suspendWorkspace(workspace, SUSPENSION),
    first: expect.objectContaining({ suspended: SUSPENSION }),
    again: SAME,
  })),
  resumeWorkspace: aCase(async ({ store, workspace }) => {
    await store.suspendWorkspace(workspace, SUSPENSION);
    const call = () => store.resumeWorkspace(workspace, T0 + 1, 'me');
    return { call, first: expect.objectContaining({ suspended: null }), again: SAME };
  }),
  deleteWorkspace: aCase(async ({ store, workspace }) => {
    const call = () => store.deleteWorkspace(workspace, { job: aKey(), at: T0, by: 'me' });
    return { call, first: true, again: false };
  }),
  deleteSome: aCase(async ({ store, workspace }) => {
    await store.deleteWorkspace(workspace, { job: aKey(), at: T0, by: 'me' });
    const job = await owned(store, 'delete_workspace');
    const call = async () => (await store.deleteSome('node-a', job, T0)) !== null;
    // The job has moved on since it was read: it is read again.
    return { call, first: true, again: false };
  }),
  eraseSome: aCase(async ({ store, workspace, endpoint }) => {
    await publishAccepted(store, workspace, [anEvent([endpoint], { subject: '4711' })]);
    const input = { subject: '4711', terms: [] };
    await store.createJob(aJob(workspace, { kind: 'erase', input, createdAt: T0 + DAY }), {});
    const job = await owned(store, 'erase');
    const call = async () => (await store.eraseSome('node-a', job, T0)) !== null;
    return { call, first: true, again: false };
  }),
};
