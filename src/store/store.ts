/**
 * The store's port: everything the product asks of a database, in domain verbs. Two stores
 * implement it (sqlite/, postgres/); contract.ts is the suite that both pass.
 *
 * Conventions: keys are integers (core/ids.ts), times are milliseconds since the epoch, JSON
 * that a receiver will see is raw text and never re-encoded. Every verb that writes is one
 * transaction, durable when its promise resolves. A verb that takes `by`, who asked for it, writes
 * its entry of the audit log in that transaction. When the database cannot be reached or
 * cannot sync, verbs reject with StoreUnavailable and have changed nothing, or (where the
 * answer itself was lost) may have changed everything. What a verb then says when it is called again
 * stands in contract/faultCases.ts; either way the data are as if it had been called once.
 */

import type { BudgetError } from '../core/delivery/budget.ts';
import type {
  Automation,
  AutomationPatch,
  AutomationVersion,
  DueRun,
  DueRuns,
  NewAutomation,
  Run,
  RunAdvance,
  RunFilter,
  RunStep,
  WaitingRuns,
  WorkspacesWithRuns,
} from './records/automation.ts';
import type {
  Bin,
  BinAnswer,
  BinRequest,
  BinRequestPage,
  BinRoom,
  ListedBinRequest,
} from './records/bins.ts';
import type {
  AuditFilter,
  CreateReplayAnswer,
  EventReplayAnswer,
  Original,
  OwnedReplay,
  Replay,
  ReplayableState,
  ReplayBatchAnswer,
  ReplayCount,
  ReplayItem,
  ResendAnswer,
  StoredAuditEntry,
} from './records/history.ts';
import type { DeliveryPage, LaneHead } from './records/log.ts';
import type { ComposedMails, ComposeRules, DueMail, ListedNotice, MailSettlement } from './records/mails.ts';
import type { UnpublishedNotice } from './records/notices.ts';
import type { ExpiredHeld, KeySpan, Purged } from './records/retention.ts';
import type { SettingsPatch } from './records/settings.ts';
import type {
  ApiKey,
  AttemptResult,
  ChangeAnswer,
  CustomEventType,
  DeliveryFilter,
  DisabledReason,
  DrainedLane,
  EndpointPatch,
  EventFilter,
  Failing,
  HeldSlice,
  LaneItem,
  LaneState,
  NewApiKey,
  NewEndpoint,
  NodeRegistration,
  OpenCount,
  Page,
  PublishAnswer,
  PublishCall,
  Recipient,
  RecordAnswer,
  Routing,
  SealedSecret,
  SliceDigest,
  SliceView,
  StoredAttempt,
  StoredDelivery,
  StoredEvent,
  Workspace,
} from './records.ts';

// ---------------------------------------------------------------- errors

/** The database is away, full or refuses to sync. The caller answers 503 and may try again. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

// ---------------------------------------------------------------- signals between nodes

export type Signal =
  /** Something in these lanes changed: who works them is to look again. */
  | { kind: 'lanes'; lanes: readonly number[] }
  /** Slices have become free. */
  | { kind: 'slices' }
  | { kind: 'routing'; workspace: number }
  | { kind: 'bin'; bin: number }
  /** Signals may have been lost, or were too many: look at all you have. */
  | { kind: 'everything' };

// ---------------------------------------------------------------- the port

export interface WorkspacePatch {
  name?: string;
  plan?: string;
  /** Members that are named replace what is stored; in `budget` and `retention`, members of theirs. */
  settings?: SettingsPatch;
  owners?: readonly Recipient[];
}

export interface Store {
  /** Brings the schema to this version. Forward-only; each step is one transaction. Returns the names of steps done. */
  migrate(): Promise<string[]>;
  /** Resolves where the database can answer; rejects with StoreUnavailable otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;

  // the installation's secret
  /** What tells which secret this database is sealed with: the canary, and any endpoint's secret. */
  readSealed(): Promise<{ canary: Uint8Array | null; secret: Uint8Array | null }>;
  /** Keeps the canary unless there is one; resolves to the one that is kept. */
  keepCanary(sealed: Uint8Array): Promise<Uint8Array>;

  // administration
  createWorkspace(workspace: Omit<Workspace, 'routingVersion'>): Promise<void>;
  listWorkspaces(): Promise<Workspace[]>;
  findWorkspace(workspace: number): Promise<Workspace | null>;
  updateWorkspace(
    workspace: number,
    patch: WorkspacePatch,
    at: number,
    by: string,
  ): Promise<Workspace | null>;
  createApiKey(key: NewApiKey, by: string): Promise<void>;
  /** Null for an unknown or revoked key. */
  findApiKey(hash: string): Promise<ApiKey | null>;
  listApiKeys(workspace: number | null): Promise<ApiKey[]>;
  revokeApiKey(workspace: number | null, key: number, at: number, by: string): Promise<boolean>;
  /** False, and nothing is written, where `routingVersion` is given and routing has moved since. */
  putEventType(type: CustomEventType, routingVersion?: number): Promise<boolean>;
  deleteEventType(workspace: number, name: string): Promise<boolean>;

  // routing
  /** Null for an unknown workspace. Endpoints by ascending key. */
  routing(workspace: number): Promise<Routing | null>;
  routingVersions(workspaces: readonly number[]): Promise<Map<number, number>>;

  // endpoints (each change moves the workspace's routing version)
  createEndpoint(endpoint: NewEndpoint, by: string): Promise<void>;
  updateEndpoint(
    workspace: number,
    endpoint: number,
    patch: EndpointPatch,
    at: number,
    by: string,
  ): Promise<boolean>;
  /** Its open deliveries count as skipped from then on (`writeSkips`). */
  deleteEndpoint(workspace: number, endpoint: number, at: number, by: string): Promise<boolean>;
  disableEndpoint(
    workspace: number,
    endpoint: number,
    disabled: { reason: DisabledReason; at: number; by: string },
  ): Promise<boolean>;
  /**
   * Clears its errors from the budget and lets its first delivery be tried alone. After `skip`, what was
   * held counts as skipped (`writeSkips`), saying by whom. Returns how many were held, null if unknown.
   */
  enableEndpoint(
    workspace: number,
    endpoint: number,
    held: 'send' | 'skip',
    by: string,
    at: number,
  ): Promise<number | null>;
  /** Puts a new secret in force; those of the same kind before it expire at `overlapUntil`. */
  rotateSecret(
    workspace: number,
    endpoint: number,
    secret: SealedSecret,
    overlapUntil: number,
    by: string,
  ): Promise<boolean>;
  /** Open deliveries per endpoint; endpoints without any are absent. */
  countOpen(workspace: number, endpoints: readonly number[]): Promise<Map<number, OpenCount>>;
  /**
   * Whether this lane may try the first delivery of an endpoint that has just been enabled: the first
   * lane that asks, until it has nothing open.
   */
  claimProbe(workspace: number, endpoint: number, lane: number): Promise<boolean>;
  /** Endpoints whose latest attempt failed. */
  listFailing(workspace: number): Promise<Map<number, Failing>>;
  /** Errors charged to the budget that ended after `after`, ms, oldest first. */
  listBudgetErrors(workspace: number, after: number): Promise<BudgetError[]>;

  // publishing and lanes (the hot path)
  publish(call: PublishCall): Promise<PublishAnswer>;
  /**
   * Makes the node known for `leaseMs`. Whoever registers holds no slices: those it held before are free.
   * `sends`: whether it takes its share of the slices.
   */
  registerNode(node: string, options: { leaseMs: number; sends: boolean }): Promise<NodeRegistration>;
  /**
   * Prolongs the node's lease, and says whether it still takes its share of the slices; null where the node is
   * unknown by now and must register again. `now` is the store's time.
   */
  heartbeat(node: string, options: { leaseMs: number; sends: boolean }): Promise<{ now: number } | null>;
  /** Forgets the node and frees its slices. */
  unregisterNode(node: string): Promise<void>;
  readSlices(node: string): Promise<SliceView>;
  /** Takes up to `limit` slices that no living node has, each under a new epoch. Forgets nodes whose lease has run out. */
  takeSlices(node: string, limit: number): Promise<HeldSlice[]>;
  /** Frees those of these slices that the node has under that epoch. Its lanes there must have nothing in flight. */
  releaseSlices(node: string, slices: readonly HeldSlice[]): Promise<void>;
  /** Of each of these slices that has lanes with work: their digest. */
  digestSlices(slices: readonly number[]): Promise<SliceDigest[]>;
  /** The lanes of these slices that may have open deliveries. */
  listOpenLanes(slices: readonly number[]): Promise<LaneState[]>;
  readLanes(lanes: readonly number[]): Promise<LaneState[]>;
  /** The same of one workspace's lanes, with one statement: a few hundred at the most. */
  readLanesOf(workspace: number, lanes: readonly number[]): Promise<LaneState[]>;
  /**
   * Open deliveries of a lane after a sequence, in order, as far as their bodies come to `maxBytes`: at least
   * one. Bodies over LARGE_BODY (records.ts), or over `maxBytes`, are left to `readBody`.
   */
  loadLane(
    lane: { workspace: number; lane: number },
    afterSequence: number,
    limit: number,
    maxBytes: number,
  ): Promise<LaneItem[]>;
  /** UTF-8; null where it is gone. */
  readBody(
    workspace: number,
    item: Pick<LaneItem, 'event' | 'message' | 'ownBody'>,
  ): Promise<Uint8Array | null>;
  /** Notes of lanes that nothing is open in them, where that is so; answers for which it was. */
  settleLanes(lanes: readonly DrainedLane[]): Promise<number[]>;
  /**
   * The results of one workspace, in one transaction, with what follows for the endpoints: the error
   * budget, disabling, notices (budget.ts). A batch may be handed in again when its answer was lost: what
   * is recorded already stays as it is.
   */
  record(node: string, workspace: number, results: readonly AttemptResult[]): Promise<RecordAnswer>;
  /** How many results at most to hand in with one call of `record`, and how many calls at one time: in all, and of one workspace. */
  readonly recording: {
    readonly batch: number;
    readonly writers: number;
    readonly writersPerWorkspace: number;
  };

  // the log
  listEvents(workspace: number, filter: EventFilter, page: Page): Promise<StoredEvent[]>;
  findEvent(workspace: number, id: string): Promise<StoredEvent | null>;
  /** Newest first; whole pages, however many deliveries have to be looked at. */
  listDeliveries(workspace: number, filter: DeliveryFilter, page: Page): Promise<StoredDelivery[]>;
  /** Likewise, in bounded time: what matches among those looked at, and where to go on. */
  scanDeliveries(workspace: number, filter: DeliveryFilter, page: Page): Promise<DeliveryPage>;
  findDelivery(workspace: number, delivery: number): Promise<StoredDelivery | null>;
  /** What a message sends in the place of its event's body; null for that. */
  findOwnBody(workspace: number, message: number): Promise<string | null>;
  /** Attempts of these deliveries, by delivery and number. `full` adds headers and bodies. */
  listAttempts(
    workspace: number,
    deliveries: readonly number[],
    options: { full: boolean },
  ): Promise<StoredAttempt[]>;
  /** Of each: the first open delivery of its lane; null where it is that one, or nothing is open before it. */
  laneHeads(
    workspace: number,
    deliveries: ReadonlyArray<{ lane: number; sequence: number }>,
  ): Promise<Array<LaneHead | null>>;
  /** Makes a waiting delivery due now. */
  retryNow(workspace: number, delivery: number, now: number, by: string): Promise<ChangeAnswer>;
  skipDelivery(workspace: number, delivery: number, by: string, now: number): Promise<ChangeAnswer>;

  // sending again (P13): new deliveries at the tails of the endpoints' lanes, under the same messages
  replayDelivery(
    workspace: number,
    delivery: number,
    replay: { key: number; now: number; by: string },
  ): Promise<ResendAnswer>;
  /** All of the event's originals that have ended, or those of the endpoints named. */
  replayEvent(
    workspace: number,
    event: { key: number; id: string },
    replay: { endpoints: readonly number[] | null; nextKey: () => number; now: number; by: string },
  ): Promise<EventReplayAnswer>;
  /** What a replay made now would send. */
  countOriginals(
    replay: Pick<Replay, 'workspace' | 'endpoint' | 'filter' | 'createdAt'>,
  ): Promise<ReplayCount>;
  createReplay(replay: Replay): Promise<CreateReplayAnswer>;
  findReplay(workspace: number, key: number): Promise<Replay | null>;
  listReplays(workspace: number, page: Page): Promise<Replay[]>;
  /** False where it does not run. */
  cancelReplay(workspace: number, key: number, at: number, by: string): Promise<boolean>;
  /**
   * Running replays that this node takes up: of those it has, and those that no living node has. Workspaces take
   * turns, and within each those come first that were taken up the longest ago.
   */
  claimReplays(node: string, limit: number, now: number): Promise<OwnedReplay[]>;
  /** What is still to be sent of those that ended so, by key. */
  listOriginals(
    replay: OwnedReplay,
    state: ReplayableState,
    afterKey: number,
    limit: number,
  ): Promise<Original[]>;
  /** Sends some, in order, and notes the last one's place. A disabled endpoint holds any number of them. */
  sendReplayBatch(
    node: string,
    replay: OwnedReplay,
    batch: readonly ReplayItem[],
    options: { now: number; maxOpen: number },
  ): Promise<ReplayBatchAnswer>;
  /** False where it has ended otherwise, or is another node's. */
  finishReplay(node: string, replay: OwnedReplay, now: number): Promise<boolean>;

  // the audit log: each change writes its own entry
  listAudit(workspace: number, filter: AuditFilter, page: Page): Promise<StoredAuditEntry[]>;

  // notices and mails
  /** Workspaces that have unpublished notices. */
  workspacesToPublish(): Promise<number[]>;
  /** Those after a key, in the order in which they were written. */
  listUnpublishedNotices(workspace: number, after: number, limit: number): Promise<UnpublishedNotice[]>;
  markPublished(workspace: number, notices: readonly number[], at: number): Promise<void>;
  /** Newest first, with the mails that told of them. */
  listNotices(workspace: number, page: Page): Promise<ListedNotice[]>;
  /** Workspaces with notices that have waited long enough for a mail. */
  workspacesToTell(rules: Pick<ComposeRules, 'now' | 'groupMs' | 'droppedMs'>): Promise<number[]>;
  /**
   * Makes one mail per recipient of what the workspace has to tell, and none within `groupMs` of the one before. A
   * notice is mailed about once, whichever nodes call this at once.
   */
  composeMails(workspace: number, rules: ComposeRules): Promise<ComposedMails>;
  /** Workspaces with mails due by `now`. */
  workspacesToMail(now: number): Promise<number[]>;
  /** A workspace's mails due by `now`, oldest first; no other call gets them until the lease is over. */
  claimDueMails(workspace: number, now: number, limit: number, leaseMs: number): Promise<DueMail[]>;
  /** Does nothing to a mail that was settled for good before. */
  settleMail(workspace: number, mail: number, settlement: MailSettlement): Promise<void>;

  // automation
  /** Rules by position, then workflows in the order in which they were made. */
  listAutomations(workspace: number): Promise<Automation[]>;
  /** `endpoints` are those of its typed URLs. */
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
  ): Promise<Automation | null>;
  /** Cancels the runs that wait. */
  deleteAutomation(workspace: number, automation: number, by: string, at: number): Promise<boolean>;
  /** Newest first. */
  listAutomationVersions(workspace: number, automation: number): Promise<AutomationVersion[]>;
  listRuns(workspace: number, filter: RunFilter, page: Page): Promise<Run[]>;
  findRun(workspace: number, run: number): Promise<Run | null>;
  /** In the order in which they happened. */
  listRunSteps(workspace: number, run: number): Promise<RunStep[]>;
  /** Cancels what waits; returns how many. */
  cancelRuns(
    workspace: number,
    which: { run: number } | { automation: number },
    by: string,
    at: number,
  ): Promise<number>;
  /** Where there may be something to do for runs, each workspace once. */
  workspacesWithRuns(): Promise<WorkspacesWithRuns>;
  /** Runs to be looked at: their time has come, or an event that they may wait for. */
  dueRuns(workspace: number, limit: number): Promise<DueRuns>;
  /** Takes those of these runs out of sight whose automation is disabled, until it is enabled and they are resumed. */
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

  // bins
  /** False, and nothing is made, where the workspace has `most` living ones already. */
  createBin(bin: Omit<Bin, 'requests'>, most: number): Promise<boolean>;
  findBin(by: { workspace: number; key: number } | { token: string }): Promise<Bin | null>;
  listBins(workspace: number): Promise<Bin[]>;
  /** Members that are named replace what is stored. */
  updateBinAnswer(workspace: number, bin: number, patch: Partial<BinAnswer>): Promise<boolean>;
  deleteBin(workspace: number, bin: number): Promise<boolean>;
  /** Keeps it, and of those before it as many as there is room for. */
  captureRequest(request: BinRequest, room: BinRoom): Promise<void>;
  listBinRequests(workspace: number, bin: number, page: BinRequestPage): Promise<ListedBinRequest[]>;

  // housekeeping
  /** Workspaces with deliveries that count as skipped while their rows do not say so yet. */
  workspacesToSkip(): Promise<number[]>;
  /** Writes the rows of some of those, at most `limit`; whether there may be more. */
  writeSkips(workspace: number, limit: number): Promise<boolean>;
  /** Deletes expired bins, idempotency keys and secrets, at most `limit` of each; returns how many went. */
  sweep(now: number, idempotencyBefore: number, limit: number): Promise<number>;
  /** Likewise notices, mails, ended replays and counts that are older than anybody asks for. */
  sweepOld(now: number, limit: number): Promise<number>;
  /** Attempts of deliveries that had ended before the span's end; the keys are deliveries'. */
  purgeAttempts(workspace: number, span: KeySpan): Promise<Purged>;
  /** Bodies of events that have no open delivery; the keys are events'. */
  purgeBodies(workspace: number, span: KeySpan): Promise<Purged>;
  /** Such events themselves with their deliveries, which are counted. */
  purgeEvents(workspace: number, span: KeySpan): Promise<Purged>;
  /** Notices for endpoints whose oldest held delivery expires within a day, once per disablement; how many. */
  warnOfExpiry(workspace: number, now: number, heldDays: number): Promise<number>;
  /** Skips what has been held for longer, at most `limit` of it. */
  expireHeld(workspace: number, now: number, heldDays: number, limit: number): Promise<ExpiredHeld>;

  // signals
  /** Tells the other nodes when it can: never waits, never fails. Signals are merged on the way. */
  notify(signal: Signal): void;
  /**
   * Calls back for signals of other nodes. Whenever some may have been missed, `everything` says so; what is missed
   * all the same is made good by polling.
   */
  listen(receive: (signal: Signal) => void): void;
}
