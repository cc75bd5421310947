/** What is done to rows in steps, in the background: skips that are still to be written, and what is old. */

import type { ExpiredHeld, KeySpan, Purged } from '../records/retention.ts';

/** Skipping a long queue is one write; its rows are written afterwards. */
export interface SkipStore {
  /** Workspaces with deliveries that count as skipped while their rows do not say so yet. */
  workspacesToSkip(): Promise<number[]>;
  /** Writes the rows of some of those, at most `limit`; whether there may be more. */
  writeSkips(workspace: number, limit: number): Promise<boolean>;
}

/** What expires at a set time. */
export interface SweepStore {
  /** Deletes expired bins, idempotency keys and secrets, at most `limit` of each; returns how many went. */
  sweep(now: number, idempotencyBefore: number, limit: number): Promise<number>;
}

/** What each workspace keeps for as long as its plan and settings say. */
export interface RetentionStore {
  /** Likewise notices, mails, ended replays and counts that are older than anybody asks for, and counts that are over. */
  sweepOld(now: number, limit: number): Promise<number>;
  /** Attempts of deliveries that had ended before the span's end; the keys are deliveries'. */
  purgeAttempts(workspace: number, span: KeySpan): Promise<Purged>;
  /** Bodies of events that have no open delivery, and what these are found by; the keys are events'. */
  purgeBodies(workspace: number, span: KeySpan): Promise<Purged>;
  /** Such events themselves with their deliveries, which are counted. */
  purgeEvents(workspace: number, span: KeySpan): Promise<Purged>;
  /** Blocks of the index of which no event is left to be found; the keys are those of their last events. */
  purgeBlocks(workspace: number, span: KeySpan): Promise<Purged>;
  /** Notices for endpoints whose oldest held delivery expires within a day, once per disablement; how many. */
  warnOfExpiry(workspace: number, now: number, heldDays: number): Promise<number>;
  /** Skips what has been held for longer, at most `limit` of it. */
  expireHeld(workspace: number, now: number, heldDays: number, limit: number): Promise<ExpiredHeld>;
}
