/** Rules and workflows, and their runs. */

import type {
  Automation,
  AutomationPatch,
  AutomationVersion,
  DeliveryOrigin,
  DueRun,
  DueRuns,
  HeardEvent,
  NewAutomation,
  Release,
  Run,
  RunAdvance,
  RunFilter,
  RunStep,
  WaitingRuns,
  WorkspacesWithRuns,
} from '../records/automation.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { Page } from '../records/log.ts';

/** What people define; each change of it moves the routing version. */
export interface AutomationStore {
  /** Rules by position, then workflows in the order in which they were made. */
  listAutomations(workspace: number): Promise<Automation[]>;
  /** `endpoints` are those of its typed URLs; one whose URL has such an endpoint by now is left out. */
  createAutomation(automation: NewAutomation, endpoints: readonly NewEndpoint[], by: string): Promise<void>;
  /**
   * A changed definition makes the next version; null if unknown. `stale`, and nothing is written, where a
   * `routingVersion` is given and routing has moved since.
   */
  updateAutomation(
    workspace: number,
    automation: number,
    patch: AutomationPatch,
    saving: {
      endpoints: readonly NewEndpoint[];
      waiting: WaitingRuns;
      /** Its trigger is another, so what was counted of the loop brake is void. */
      resetsBrake?: boolean;
      routingVersion?: number;
      by: string;
      at: number;
    },
  ): Promise<Automation | 'stale' | null>;
  /** Disabling pauses the runs that wait. */
  enableAutomation(
    workspace: number,
    automation: number,
    enabled: boolean,
    by: string,
    at: number,
    routingVersion?: number,
  ): Promise<Automation | null>;
  /** Cancels the runs that wait. */
  deleteAutomation(
    workspace: number,
    automation: number,
    by: string,
    at: number,
    routingVersion?: number,
  ): Promise<boolean>;
  /**
   * Lets one subject, or with null all of them, set it off anew as often as is allowed. Answers how often the subject
   * had set it off in the period that was running; null if the automation is unknown.
   */
  resetBrake(
    workspace: number,
    automation: number,
    subject: string | null,
    by: string,
    at: number,
  ): Promise<{ activations: number | null } | null>;
  /** Newest first. */
  listAutomationVersions(workspace: number, automation: number): Promise<AutomationVersion[]>;
}

/** Runs as people see them. */
export interface RunStore {
  listRuns(workspace: number, filter: RunFilter, page: Page): Promise<Run[]>;
  findRun(workspace: number, run: number): Promise<Run | null>;
  /** In the order in which they happened. */
  listRunSteps(workspace: number, run: number): Promise<RunStep[]>;
  /** Runs that went on because of the event, the first first. */
  listReleases(workspace: number, event: number): Promise<Release[]>;
  /** Of those of these deliveries that runs asked for; a repeat is asked about by the delivery that it repeats. */
  findOrigins(workspace: number, deliveries: readonly number[]): Promise<DeliveryOrigin[]>;
  /** Cancels what waits; returns how many. */
  cancelRuns(
    workspace: number,
    which: { run: number } | { automation: number },
    by: string,
    at: number,
  ): Promise<number>;
}

/** Runs that wait, as the nodes see that carry them on. */
export interface RunWorkStore {
  /** Where there may be something to do for runs, each workspace once. */
  workspacesWithRuns(): Promise<WorkspacesWithRuns>;
  /** Runs to be looked at: their time has come, or an event that they may wait for. */
  dueRuns(workspace: number, limit: number): Promise<DueRuns>;
  /** The events that these waits of the run were for, as far as they have come. */
  readHeard(workspace: number, run: number, steps: readonly string[]): Promise<HeardEvent[]>;
  /** Takes those of these runs out of sight whose automation is disabled, or whose workspace is suspended, until that is over and they are resumed. */
  setAsideRuns(workspace: number, runs: readonly number[]): Promise<void>;
  /** Lets a run rest that cannot be worked on: it is not due before `until`. */
  postponeRun(workspace: number, run: number, until: number): Promise<void>;
  /** Makes due what was set aside and belongs to enabled automations now; whether there may be more than the limit. */
  resumeRuns(workspace: number, limit: number): Promise<boolean>;
  /**
   * Writes the next steps of a workspace's runs with their effects, each whole or not at all; the lanes that got
   * something, null for a run that has moved on since it was read, or whose step was computed by another routing.
   */
  advanceRuns(
    routingVersion: number,
    steps: ReadonlyArray<{ run: DueRun; next: RunAdvance }>,
    now: number,
  ): Promise<Array<number[] | null>>;
}
