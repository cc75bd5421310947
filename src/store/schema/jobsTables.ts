/** The tables of jobs and of calls under idempotency keys as Kysely sees them; the step 0016 makes them. */

export interface JobsTable {
  key: number;
  /** INSTALLATION for what belongs to no workspace. */
  workspace: number;
  kind: string;
  /** What was asked for, as JSON. */
  input: string;
  state: string;
  done: number;
  /** Null while it is not known. */
  total: number | null;
  /** What came of it so far, as JSON. */
  report: string;
  reason: string | null;
  /** Where it stands, as JSON; `null` before its first step. */
  cursor: string;
  /** Moved by every change of it. */
  revision: number;
  created_by: string;
  created_at: number;
  ended_at: number | null;
  /** The node that works on it. */
  taken_by: string | null;
  /** When a node last took it up, ms. */
  taken_at: number;
}

export interface RequestKeysTable {
  /** INSTALLATION for calls that are for no workspace. */
  workspace: number;
  caller: string;
  idempotency_key: string;
  hash: string;
  /** Who has begun it. */
  claim: string;
  claimed_at: number;
  /** When it was answered; null while nobody knows. */
  ended_at: number | null;
  /** Null where nobody knows what came of it. */
  status: number | null;
  /** The answer; null where it is not kept. */
  sealed: Uint8Array | null;
}
