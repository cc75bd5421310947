/**
 * Calls of the API that are done once however often they are made: under an idempotency key of the caller's. The key is
 * claimed before the call is done, and its answer is kept afterwards. Where a node ends in between, nobody knows whether
 * it was done: the key stays claimed, so that it is not done a second time.
 */

import { SECOND } from '../../core/duration.ts';

/** A call that was begun so long ago and has no answer will have none. */
export const REQUEST_PATIENCE_MS = 60 * SECOND;

export interface RequestKey {
  /** Null for calls that are for no workspace. */
  workspace: number | null;
  caller: string;
  key: string;
}

export interface RequestClaim extends RequestKey {
  /** Of the address and the body. */
  hash: string;
  /** Of this attempt alone. */
  claim: string;
  at: number;
}

export type ClaimAnswer =
  /** It is to be done now. */
  | { kind: 'claimed' }
  /** It was done; `sealed` is null where the answer is not kept. */
  | { kind: 'done'; status: number; sealed: Uint8Array | null }
  /** It is being done at this moment. */
  | { kind: 'running' }
  /** It was begun then, and nobody knows what came of it. */
  | { kind: 'unknown'; at: number }
  /** The key was used for another call. */
  | { kind: 'conflict' };

/** What came of a call; `status` is null where nobody knows. */
export interface RequestEnd {
  status: number | null;
  sealed: Uint8Array | null;
}
