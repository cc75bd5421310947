/**
 * The shapes of what a store keeps and is asked: the port's nouns, more of them in records/. store.ts
 * beside it has the verbs.
 * Keys are integers (core/ids.ts), times are milliseconds since the epoch, JSON that a receiver will
 * see is raw text.
 */

import { type BudgetPolicy, DEFAULT_BUDGET } from '../core/delivery/budget.ts';
import type { AttemptOutcome } from '../core/delivery/decide.ts';
import type { StoredState } from '../core/delivery/machine.ts';
import type { Ordering } from '../core/delivery/order.ts';
import type { RetryPolicy } from '../core/delivery/retry.ts';
import { DAY } from '../core/duration.ts';
import type { Slots } from '../core/ids.ts';
import type { Condition } from '../core/routing/condition.ts';
import type { Automation, KeptDefinition, NewActivation } from './records/automation.ts';
import type { DeliverySource, NewDelivery } from './records/delivery.ts';

// ---------------------------------------------------------------- administration

export interface WorkspaceSettings {
  /** `strict` refuses an event that its schema refuses; `warn` accepts it and says so. */
  validation: 'strict' | 'warn';
  language: 'ar' | 'en';
  /** `account.email` of marketing bodies where the publisher names none. */
  account_email: string | null;
  /** Failed attempts that disable endpoints (A11). */
  budget: BudgetPolicy;
  /** Who gets the mails; the workspace's owners where nobody is named. */
  notification_recipients: Recipient[];
  retention: Retention;
  /** What was held goes out at most this fast once its endpoint is enabled again (P9). */
  release_per_second: number;
}

export interface Recipient {
  email: string;
  language: 'ar' | 'en';
}

/** Days; what is older is deleted, or for `held_days` skipped. */
export interface Retention {
  events_days: number;
  bodies_days: number;
  attempts_days: number;
  held_days: number;
}

/** What a new workspace starts with. */
export const DEFAULT_SETTINGS: WorkspaceSettings = {
  validation: 'strict',
  language: 'en',
  account_email: null,
  budget: DEFAULT_BUDGET,
  notification_recipients: [],
  retention: { events_days: 90, bodies_days: 30, attempts_days: 30, held_days: 7 },
  release_per_second: 20,
};

export interface Workspace {
  key: number;
  name: string;
  plan: string;
  settings: WorkspaceSettings;
  /** Who gets the mails where the settings name nobody. */
  owners: readonly Recipient[];
  /** Grows with every change that routing or sending must see. */
  routingVersion: number;
  createdAt: number;
}

export const API_KEY_SCOPES = ['publish', 'read', 'manage'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

export interface ApiKey {
  key: number;
  /** Null for an instance key. */
  workspace: number | null;
  name: string;
  /** The readable beginning of the key, to recognise it by. */
  prefix: string;
  scopes: readonly ApiKeyScope[];
  createdAt: number;
  revokedAt: number | null;
}

export interface NewApiKey extends Omit<ApiKey, 'revokedAt'> {
  /** SHA-256 of the whole key, lower-case hex. */
  hash: string;
}

export interface CustomEventType {
  workspace: number;
  name: string;
  /** The definition as JSON text: everything of an event type but its name. */
  definition: string;
  createdAt: number;
  updatedAt: number;
}

// ---------------------------------------------------------------- endpoints

export type DisabledReason = 'manual' | 'error_budget' | 'gone';

export interface SignatureSettings {
  /** Also send `v1a` (Ed25519). */
  v1a: boolean;
  /** The compatibility header `X-Webhook-Signature`, and how its HMAC is written. */
  compatibility: 'none' | 'base64' | 'hex';
}

export type SecretKind = 'v1' | 'v1a';

export interface SealedSecret {
  key: number;
  kind: SecretKind;
  /** AES-256-GCM, see core/sealing.ts. */
  sealed: Uint8Array;
  createdAt: number;
  /** Signs until then beside its successor; null for the one in force. */
  expiresAt: number | null;
}

export interface Endpoint {
  key: number;
  workspace: number;
  url: string;
  name: string;
  eventTypes: readonly string[];
  condition: Condition | null;
  ordering: Ordering;
  retry: RetryPolicy;
  timeoutMs: number;
  /** Custom headers as sealed JSON text (they often carry credentials); null for none. */
  sealedHeaders: Uint8Array | null;
  signature: SignatureSettings;
  /** Null while enabled. */
  disabled: { reason: DisabledReason; at: number; by: string } | null;
  /** Since it was last enabled; null where it never was disabled, or is. */
  recovery: Recovery | null;
  createdAt: number;
  updatedAt: number;
  /** The rule or workflow whose typed URL it is; null for one that a person connected. */
  automation: number | null;
  /** Keys of the lanes in use now, by place. */
  lanes: readonly number[];
  secrets: readonly SealedSecret[];
}

export type NewEndpoint = Omit<Endpoint, 'disabled' | 'recovery' | 'updatedAt'>;

/** How an endpoint comes back (P9): one delivery is tried alone, then what was held follows at a set rate. */
export interface Recovery {
  /** What was accepted before was held. */
  since: number;
  /** No delivery has arrived since. */
  probing: boolean;
  perSecond: number;
}

/** What is held at a disabled endpoint, or open at any. */
export interface OpenCount {
  count: number;
  /** When the oldest was made, ms. */
  oldestAt: number;
}

/** An endpoint's latest attempts have failed. */
export interface Failing {
  since: number;
  lastAt: number;
  failures: number;
  error: string;
}

export interface EndpointPatch {
  url?: string;
  name?: string;
  eventTypes?: readonly string[];
  condition?: Condition | null;
  /** New lanes replace the old ones; what is queued in those still goes out, in its own order. */
  ordering?: { ordering: Ordering; lanes: readonly number[] };
  retry?: RetryPolicy;
  timeoutMs?: number;
  sealedHeaders?: Uint8Array | null;
  /** Members that are named replace what is stored. */
  signature?: Partial<SignatureSettings>;
}

/** All that publishing and sending need to know of a workspace, as of one routing version. */
export interface Routing {
  workspace: Workspace;
  endpoints: readonly Endpoint[];
  eventTypes: readonly CustomEventType[];
  /** Enabled or not: rules by position, then workflows in the order in which they were made. */
  automations: readonly Automation[];
  /** Former versions that waiting runs stand on. */
  keptDefinitions: readonly KeptDefinition[];
}

// ---------------------------------------------------------------- publishing

/** How long a request under an idempotency key is answered as the first time; at this age the key is unused. */
export const IDEMPOTENCY_KEPT_MS = DAY;

export interface NewEvent {
  key: number;
  /** The caller's id, or ours; unique in the workspace. */
  id: string;
  type: string;
  subject: string | null;
  createdAt: number;
  /** The body that receivers get. */
  body: string;
  /** The caller's `account` as raw JSON text where the body does not carry it. */
  account: string | null;
  /** SHA-256 over type and data: tells a repeat from another event under the same id. */
  hash: string;
  /** What considered the event and said no, as JSON text (VerdictRecord[]); null for none. */
  verdicts: string | null;
  /** Validation faults let through by `warn`, as JSON text; null for none. */
  warnings: string | null;
  test: boolean;
  deliveries: readonly NewDelivery[];
  /** How many system events lie between it and what people published. */
  depth: number;
  /** What it sets off: rules by position, then workflows. */
  activations: readonly NewActivation[];
  /** Whether runs may wait for its type. */
  signals: boolean;
}

/** A "no" kept with its event (P12). */
export interface VerdictRecord {
  source: DeliverySource;
  clause: unknown;
  actual: unknown;
  reason: string;
}

export interface PublishCall {
  workspace: number;
  /** The routing version that the events were matched with. */
  routingVersion: number;
  acceptedAt: number;
  idempotency: { key: string; hash: string } | null;
  /** How many events the workspace may publish on that day (days since the epoch, UTC); null for any number. */
  quota: { limit: number; day: number } | null;
  events: readonly NewEvent[];
}

export interface AcceptedEvent {
  id: string;
  deliveries: number;
  runs: number;
}

/** A lane that a publish queued something in. */
export interface TouchedLane {
  lane: number;
  endpoint: number;
  revision: number;
  /** The first new sequence; the others follow without a gap, in the order of the call. */
  firstSequence: number;
  /** Every delivery up to this sequence has ended; later ones may have, too. */
  doneSequence: number;
}

export type PublishAnswer =
  /** `repeated` is true where every event had been accepted before; nothing was written then. */
  | {
      kind: 'accepted';
      accepted: AcceptedEvent[];
      repeated: boolean[];
      lanes: TouchedLane[];
      /** Activations that the loop brake stopped: their deliveries were not written. */
      braked: number[];
    }
  /** Routing has moved on: match again with this version or a later one. Nothing was written. */
  | { kind: 'stale'; routingVersion: number }
  /** More than the workspace's quota. `reached` is what was published before. Nothing was written. */
  | { kind: 'over_quota'; limit: number; reached: number }
  /** The id or idempotency key was used before for something else. Nothing was written. */
  | { kind: 'conflict'; what: 'event_id' | 'idempotency_key'; id: string };

// ---------------------------------------------------------------- nodes, slices and lanes

export interface NodeRegistration {
  /** Its part of the key space: no other living node has any of them. */
  slots: Slots;
  /** The largest key in the database. */
  largestKey: number;
  /** The store's own time, ms. */
  now: number;
}

/** A slice as its node holds it: under another epoch it is another's, or this node's anew. */
export interface HeldSlice {
  slice: number;
  epoch: number;
}

/** What the store says of the slices, as one node asks it. */
export interface SliceView {
  held: HeldSlice[];
  /** How many no living node has. */
  free: number;
  /** How many living nodes share the slices. */
  senders: number;
}

/** A lane as its row says, with the routing version that holds for what it sends next. */
export interface LaneState {
  lane: number;
  workspace: number;
  endpoint: number;
  slice: number;
  lastSequence: number;
  /** Every delivery up to this sequence has ended; later ones may have, too. */
  doneSequence: number;
  /** Moved by every change of what is queued in the lane: skipped, retried now. */
  revision: number;
  routingVersion: number;
}

/** Of a slice's lanes with work: equal digests, equal lanes. */
export interface SliceDigest {
  slice: number;
  lanes: number;
  /** The sum of their hashes (hashLane of core/delivery/slice.ts). */
  hashes: number;
}

/** A lane that memory knows nothing open of, as memory knows it. */
export interface DrainedLane {
  workspace: number;
  lane: number;
  lastSequence: number;
  revision: number;
}

/**
 * A body over this many characters is read when it is sent, once for all lanes that send it then, and not
 * kept with what waits in a lane: a lane may hold a hundred deliveries, and a node thousands of lanes.
 */
export const LARGE_BODY = 32 * 1024;

/** An open delivery as who works its lane needs it. */
export interface LaneItem {
  key: number;
  sequence: number;
  /** Root of the replay chain, the delivery itself where it is no replay: the `webhook-id`. */
  message: number;
  event: number;
  eventType: string;
  source: DeliverySource;
  replay: boolean;
  attempts: number;
  waitedMs: number;
  nextAttemptAt: number | null;
  /** Whether its message has a body of its own, in the place of its event's. */
  ownBody: boolean;
  /** UTF-8, shared by all deliveries of an event that were published here; null for one that is read when it is sent. */
  body: Uint8Array | null;
}

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
  /** JSON text: `[[name, value], …]` exactly as sent. */
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
  attempt: AttemptRecord;
  next:
    | { state: 'delivered'; endedAt: number; reason: string }
    | { state: 'dropped'; endedAt: number; reason: string }
    | { state: 'waiting'; nextAttemptAt: number; waitedMs: number; reason: string };
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

// ---------------------------------------------------------------- the log

export interface StoredEvent {
  key: number;
  id: string;
  type: string;
  subject: string | null;
  createdAt: number;
  acceptedAt: number;
  test: boolean;
  deliveries: number;
  /** Null once it is no longer kept; the members after it go with it. */
  body: string | null;
  account: string | null;
  verdicts: string | null;
  warnings: string | null;
}

export interface StoredDelivery {
  key: number;
  workspace: number;
  event: number;
  eventId: string;
  eventType: string;
  endpoint: number;
  endpointEnabled: boolean;
  lane: number;
  sequence: number;
  message: number;
  source: DeliverySource;
  replayOf: number | null;
  state: StoredState;
  reason: string | null;
  attempts: number;
  nextAttemptAt: number | null;
  createdAt: number;
  endedAt: number | null;
}

export interface StoredAttempt extends AttemptRecord {
  delivery: number;
}

/** Newest first. `before` is the key of the last row of the page before. Times are `[since, until)`. */
export interface Page {
  limit: number;
  before: number | null;
}

export interface EventFilter {
  type?: string;
  subject?: string;
  since?: number;
  until?: number;
}

export interface DeliveryFilter {
  endpoint?: number;
  event?: number;
  /** `held` is: open, of a disabled endpoint. `sending` is not stored: the caller filters it. */
  state?: StoredState | 'held';
  type?: string;
  subject?: string;
  since?: number;
  until?: number;
}

export type ChangeAnswer =
  | { kind: 'changed'; lane: number }
  | { kind: 'unchanged'; state: StoredState }
  | { kind: 'missing' };
