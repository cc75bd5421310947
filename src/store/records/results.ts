/** Attempts, and what follows from each, as the engine hands them in. */

import type { AttemptOutcome } from '../../core/delivery/decide.ts';
import type { DisabledReason } from './endpoints.ts';

export interface AttemptRecord {
  number: number;
  startedAt: number;
  durationMs: number;
  outcome: AttemptOutcome;
  status: number | null;
  /** Error code and message for a person; null on success. */
  error: string | null;
  note: string | null;
  address: string | null;
  /** JSON text: `{dns, connect, tls, response}` in ms. */
  timings: string;
  /** JSON text: `[[name, value], …]` exactly as sent; the endpoint's own as one `{"sealed": base64}` at the end. */
  requestHeaders: string;
  responseHeaders: string | null;
  responseBody: Uint8Array | null;
  truncated: boolean;
  url: string;
}

export interface AttemptResult {
  workspace: number;
  slice: number;
  /** Of the slice, when the attempt began. */
  epoch: number;
  delivery: number;
  endpoint: number;
  /** Of its event. */
  eventType: string;
  attempt: AttemptRecord;
  next:
    | { state: 'delivered'; endedAt: number; reason: string }
    | { state: 'dropped'; endedAt: number; reason: string }
    | { state: 'waiting'; nextAttemptAt: number; waitedMs: number; putOffs: number; reason: string };
  /** Disables the endpoint in the same transaction. */
  disable: { reason: DisabledReason; at: number; by: string } | null;
  /** A failure that counts against the error budget (A11). */
  charged: boolean;
  /** The first delivery since its endpoint was enabled, tried alone; its success lets the rest follow. */
  probe: boolean;
}

/** `fenced`: the lane's slice is another node's by now; nothing of this result was written. */
export type RecordVerdict = 'recorded' | 'fenced';

export interface RecordAnswer {
  /** One per result, in order. */
  verdicts: RecordVerdict[];
  /** Workspaces to look at anew: the results have changed their endpoints, or found them changed. */
  moved: number[];
}
