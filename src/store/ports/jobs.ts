/** Jobs (records/jobs.ts): as people ask for them, watch and cancel them, and as the nodes see them that do them. */

import type { Job, JobFilter, JobKind, JobProgress, NewJob, OwnedJob } from '../records/jobs.ts';
import type { Page } from '../records/log.ts';

/** The workspace is null for what belongs to the installation. */
export interface JobStore {
  /**
   * `said` is what the audit log tells of it beside its kind. False, and nothing is made, where `most` of its workspace
   * run already.
   */
  createJob(job: NewJob, said: Readonly<Record<string, unknown>>, most?: number): Promise<boolean>;
  findJob(workspace: number | null, key: number): Promise<Job | null>;
  listJobs(workspace: number | null, filter: JobFilter, page: Page): Promise<Job[]>;
  /** False where it does not run. What it has done stays done. */
  cancelJob(workspace: number | null, key: number, at: number, by: string): Promise<boolean>;
}

export interface JobWorkStore {
  /**
   * Running jobs of these kinds that this node takes up: of those it has, and those that no living node has.
   * Workspaces take turns, and within each those come first that were taken up the longest ago.
   */
  claimJobs(node: string, kinds: readonly JobKind[], limit: number, now: number): Promise<OwnedJob[]>;
  /**
   * Notes what a step has done. False where the job has ended, or stands elsewhere than `job` says. Kinds whose steps
   * must be done exactly once note it in the transaction of what they write (queries/jobs.ts).
   */
  advanceJob(node: string, job: OwnedJob, progress: JobProgress, now: number): Promise<boolean>;
}
