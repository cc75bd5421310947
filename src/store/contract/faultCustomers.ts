/** The verbs of workspaces as customers, for faults.ts; see faultCases.ts. */

import { expect } from 'vitest';
import { aWorkspace, T0 } from './builders.ts';
import { aCase, REFUSED, SAME } from './faultScenes.ts';

/** Verbs that only read. */
export type CustomerReading = 'findByExternalId' | 'scanWorkspaces' | 'readUsage';

const SUSPENSION = { mode: 'hold', reason: 'unpaid', at: T0, by: 'me' } as const;

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
    const identity = { externalId: 'cus_42', metadata: { tier: 'gold' } };
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
};
