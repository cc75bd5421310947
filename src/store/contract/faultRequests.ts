/** The verbs of calls under idempotency keys, for faults.ts; see faultCases.ts. */

import type { RequestClaim } from '../records/requests.ts';
import { aKey, T0 } from './builders.ts';
import { aCase, SAME } from './faultScenes.ts';

export function aClaim(workspace: number | null, over: Partial<RequestClaim> = {}): RequestClaim {
  const key = `key-${aKey()}`;
  return { workspace, caller: 'key:mirsal_1', key, hash: 'h', claim: `claim-${aKey()}`, at: T0, ...over };
}

export const REQUEST_CASES = {
  claimRequest: aCase(async ({ store, workspace }) => {
    const claim = aClaim(workspace);
    return { call: () => store.claimRequest(claim), first: { kind: 'claimed' }, again: SAME };
  }),
  endRequest: aCase(async ({ store, workspace }) => {
    const claim = aClaim(workspace);
    await store.claimRequest(claim);
    const end = { status: 201, sealed: new Uint8Array([1, 2]) };
    return { call: () => store.endRequest(claim, claim.claim, end, T0 + 1), first: true, again: SAME };
  }),
  releaseRequest: aCase(async ({ store, workspace }) => {
    const claim = aClaim(workspace);
    await store.claimRequest(claim);
    return { call: () => store.releaseRequest(claim, claim.claim), first: true, again: false };
  }),
};
