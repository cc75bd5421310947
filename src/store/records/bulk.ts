/** What a job does to many deliveries: which they are, and what came of one step. */

import type { StoredState } from '../../core/delivery/machine.ts';
import type { Limit } from '../../core/limits.ts';
import type { JobKind } from './jobs.ts';
import type { DeliveryFilter } from './log.ts';
import type { LanePlace } from './replays.ts';

/** The node that does it keeps their places in memory. */
export const BULK_LIMITS = {
  most: {
    value: 100_000,
    unit: 'deliveries of one job that retries, skips or replays them',
    beyond: 'the job fails and says too_many',
  },
  running: {
    value: 20,
    unit: 'jobs that run at one time in a workspace when one over deliveries is asked for',
    beyond: 'the call is refused as `too_many_jobs`',
  },
  dryRuns: {
    value: 5,
    unit: 'dry runs over deliveries of one workspace at one time at a node',
    beyond: 'the call is refused as `overloaded`',
  },
  ids: { value: 1_000, unit: 'deliveries that one call names', beyond: 'the call is refused' },
} as const satisfies Record<string, Limit>;

/** Of a delivery, what a job over many needs to know. */
export interface BulkPlace extends LanePlace {
  key: number;
  endpoint: number;
  message: number;
  state: StoredState;
  createdAt: number;
  endedAt: number | null;
}

/** Some that match. `next`: what is older than this key has not been looked at; null where nothing is left. */
export interface BulkPage {
  places: BulkPlace[];
  next: number | null;
}

export type BulkKind = Extract<JobKind, 'retry_deliveries' | 'skip_deliveries' | 'replay_deliveries'>;

export type BulkFilter = Omit<DeliveryFilter, 'state'>;

/** What a job is asked to do it to: the job's input. */
export type BulkInput =
  | { ids: readonly number[] }
  | { filter: BulkFilter; states: ReadonlyArray<StoredState | 'held'> };

/** What a job asked for now would do it to. */
export interface BulkPreview {
  total: number;
  notDone: Partial<Record<NotDone, number>>;
}

/** What is done to deliveries that are open, or to those that have ended. */
export type BulkStep =
  /** Waiting ones are due now. */
  | { act: 'retry'; deliveries: readonly number[] }
  | { act: 'skip'; deliveries: readonly number[]; reason: string }
  /** New ones at the tails of the lanes of one endpoint, in this order; no more of them than may be open there. */
  | {
      act: 'resend';
      endpoint: number;
      items: ReadonlyArray<{ original: number; key: number }>;
      maxOpen: number;
    };

/** How many it was done to, and how many it was not, by reason. */
export interface BulkOutcome {
  done: number;
  notDone: Partial<Record<NotDone, number>>;
}

export const NOT_DONE = [
  'not_found',
  'already_ended',
  'not_ended',
  'not_tried_yet',
  'held',
  'in_flight',
  'same_message',
  'endpoint_deleted',
  'body_expired',
] as const;
export type NotDone = (typeof NOT_DONE)[number];

export type BulkAnswer<Progress> =
  /** Lanes that were changed. */
  | { kind: 'noted'; progress: Progress; lanes: number[] }
  /** As many are open as may be in one of the endpoint's lanes. Nothing was done. */
  | { kind: 'full' }
  /** The job has ended, or another node has it. */
  | { kind: 'lost' };
