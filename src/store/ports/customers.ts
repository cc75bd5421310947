/** Workspaces as the customers of a platform: found by what it calls them, suspended, and what they have used. */

import type { Suspension, Workspace, WorkspacePatch } from '../records/administration.ts';
import type { UsageQuery, UsageRow, WorkspaceFilter, WorkspaceIdentity } from '../records/customers.ts';
import type { JobProgress, OwnedJob } from '../records/jobs.ts';
import type { Page } from '../records/log.ts';

export interface CustomerStore {
  findByExternalId(externalId: string): Promise<Workspace | null>;
  /**
   * Newest first: as many as the page has, of those that fulfil the filter among the next so many. `next` is the key to go
   * on before; null where there are no more. A page may be short and still have a next.
   */
  scanWorkspaces(filter: WorkspaceFilter, page: Page): Promise<{ rows: Workspace[]; next: number | null }>;
  /** Changes all that is given at once. Null for an unknown workspace; the key of the one that has the external id already, and nothing is changed then. */
  identifyWorkspace(
    workspace: number,
    identity: WorkspaceIdentity & WorkspacePatch,
    at: number,
    by: string,
    routingVersion?: number,
  ): Promise<Workspace | { takenBy: number } | null>;
  /**
   * From then on nothing of it is sent: its enabled endpoints are disabled as `suspended`, its runs and the mails of its
   * automations wait. Suspended already, it gets this mode and reason. Null for an unknown workspace.
   */
  suspendWorkspace(workspace: number, suspension: Suspension): Promise<Workspace | null>;
  /** Enables what the suspension has disabled, as `enableEndpoint` does with what was held to be sent. */
  resumeWorkspace(workspace: number, at: number, by: string): Promise<Workspace | null>;
  /** One more than the limit where there are more. */
  readUsage(query: UsageQuery): Promise<UsageRow[]>;
}

/** Workspaces that go, and people whose data go: begun by somebody, done by jobs. */
export interface DeletionStore {
  /**
   * Nobody finds the workspace from then on; keys, members and links of it are gone. A job of the installation, under the
   * key given, deletes the rest. False for an unknown workspace.
   */
  deleteWorkspace(workspace: number, asked: { job: number; at: number; by: string }): Promise<boolean>;
  /** One step of such a job. Null where this node has it no longer; `later` where it waits for what is under way. */
  deleteSome(node: string, job: OwnedJob, now: number): Promise<JobProgress | 'later' | null>;
}

export interface ErasureStore {
  /** One step of a job that erases a person's data; `lanes` have had something skipped. Else as `deleteSome`. */
  eraseSome(
    node: string,
    job: OwnedJob,
    now: number,
  ): Promise<{ progress: JobProgress; lanes: number[] } | 'later' | null>;
}
