/** What jobs do to many deliveries, some at a time. */

import type { StoredState } from '../../core/delivery/machine.ts';
import type { BulkAnswer, BulkFilter, BulkOutcome, BulkPage, BulkPlace, BulkStep } from '../records/bulk.ts';
import type { JobProgress, OwnedJob } from '../records/jobs.ts';
import type { Page } from '../records/log.ts';

export interface BulkWorkStore {
  /** Newest first, in bounded time. */
  scanPlaces(
    workspace: number,
    filter: BulkFilter & { state: StoredState | 'held' },
    page: Page,
  ): Promise<BulkPage>;
  /** In no order; those that are not there are left out. */
  findPlaces(workspace: number, deliveries: readonly number[]): Promise<BulkPlace[]>;
  /** Does one step of the job and notes, in the same transaction, where `progressOf` says that it stands. */
  changeMany(
    node: string,
    job: OwnedJob & { workspace: number },
    step: BulkStep,
    progressOf: (outcome: BulkOutcome) => JobProgress,
    now: number,
  ): Promise<BulkAnswer<JobProgress>>;
}
