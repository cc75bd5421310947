/** Calls under idempotency keys (records/requests.ts); publishing has its own, in its own transaction. */

import type { ClaimAnswer, RequestClaim, RequestEnd, RequestKey } from '../records/requests.ts';

export interface RequestStore {
  claimRequest(claim: RequestClaim): Promise<ClaimAnswer>;
  /** Keeps what came of it. False where the claim is another's. */
  endRequest(key: RequestKey, claim: string, end: RequestEnd, at: number): Promise<boolean>;
  /** Gives the key back: nothing was done. False where the claim is another's, or it has ended. */
  releaseRequest(key: RequestKey, claim: string): Promise<boolean>;
}
