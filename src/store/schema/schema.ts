/**
 * The tables, as Kysely sees them; migrations.ts makes them. Keys and times are integers,
 * booleans 0 or 1, JSON is text, on both databases, so that one query serves both.
 */

import type { Generated } from 'kysely';
import type { JobsTable, RequestKeysTable } from './jobsTables.ts';
import type { PeopleSchema } from './peopleTables.ts';
import type { SearchSchema } from './searchTables.ts';
import type { EndpointStatsTable, EventStatsTable } from './statsTables.ts';
import type {
  ApiKeyHashesTable,
  ApiKeysTable,
  ExternalIdsTable,
  WorkspacesTable,
} from './workspaceTables.ts';

/** In the place of a workspace, in rows that belong to the installation as a whole. */
export const INSTALLATION = 0;

/** One row for the whole installation. */
export interface InstallationTable {
  id: number;
  canary: Uint8Array;
}

export interface EventTypesTable {
  workspace: number;
  name: string;
  definition: string;
  created_at: number;
  updated_at: number;
}

export interface EndpointsTable {
  key: number;
  workspace: number;
  url: string;
  name: string;
  event_types: string;
  condition: string | null;
  ordering: string;
  retry: string;
  timeout_ms: number;
  sealed_headers: Uint8Array | null;
  signature: string;
  lanes: string;
  disabled_reason: string | null;
  disabled_at: number | null;
  disabled_by: string | null;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  recovery_since: Generated<number | null>;
  probing: Generated<number>;
  probe_lane: Generated<number | null>;
  release_per_second: Generated<number | null>;
  held_warned_at: Generated<number | null>;
  automation: Generated<number | null>;
  rate_limit: Generated<string | null>;
}

export interface SecretsTable {
  key: number;
  workspace: number;
  endpoint: number;
  kind: string;
  sealed: Uint8Array;
  created_at: number;
  expires_at: number | null;
}

/** One row per lane. */
export interface LanesTable {
  key: number;
  workspace: number;
  endpoint: number;
  /** The part of all lanes to which it belongs for ever: nodes hold slices (SlicesTable). */
  slice: number;
  last_sequence: number;
  /** Every delivery up to it has ended; written when the lane runs dry. */
  done_sequence: number;
  /** 1 from when it gets work until it has run dry. */
  open: Generated<number>;
  /** Moved by every change of what is queued. */
  revision: Generated<number>;
  /** Open deliveries up to it count as skipped (skips.ts); 0 for none. */
  skip_through: Generated<number>;
  skip_reason: Generated<string | null>;
  /** When they were skipped, ms. */
  skip_at: Generated<number | null>;
}

export interface NodesTable {
  node: string;
  slot: number;
  lease_until: number;
  sends: Generated<number>;
  listens: Generated<string>;
}

/** A fixed number of rows: which node works the lanes of which slice. */
export interface SlicesTable {
  slice: number;
  owner: string | null;
  epoch: number;
}

export interface EventsTable {
  key: number;
  workspace: number;
  id: string;
  type: string;
  subject: string | null;
  created_at: number;
  accepted_at: number;
  hash: string;
  test: number;
  deliveries: number;
  depth: Generated<number>;
  /** W3C `traceparent` of what published it. */
  trace: string | null;
  /** When a person's data in it were erased, ms. */
  erased_at: Generated<number | null>;
}

/** Apart from the small hot rows, with a retention of its own. */
export interface EventBodiesTable {
  event: number;
  workspace: number;
  body: string;
  account: string | null;
  verdicts: string | null;
  warnings: string | null;
}

export interface DeliveriesTable {
  key: number;
  workspace: number;
  event: number;
  endpoint: number;
  lane: number;
  sequence: number;
  message: number;
  source_kind: string;
  source_id: number | null;
  replay_of: number | null;
  state: string;
  reason: string | null;
  attempts: number;
  waited_ms: number;
  put_offs: Generated<number>;
  next_attempt_at: number | null;
  created_at: number;
  ended_at: number | null;
}

export interface AttemptsTable {
  workspace: number;
  delivery: number;
  number: number;
  started_at: number;
  duration_ms: number;
  outcome: string;
  status: number | null;
  error: string | null;
  note: string | null;
  address: string | null;
  timings: string;
  url: string;
  request_headers: string;
  response_headers: string | null;
  response_body: Uint8Array | null;
  truncated: number;
}

export interface IdempotencyKeysTable {
  workspace: number;
  idempotency_key: string;
  hash: string;
  answer: string;
  created_at: number;
}

export interface BinsTable {
  key: number;
  workspace: number;
  token: string;
  answer: string;
  created_at: number;
  expires_at: number;
}

/** Where the bin of a token stands: its address says the token alone. */
export interface BinTokensTable {
  token: string;
  workspace: number;
  bin: number;
}

export interface BinRequestsTable {
  key: number;
  workspace: number;
  bin: number;
  at: number;
  method: string;
  path: string;
  headers: string;
  body: Uint8Array;
  truncated: number;
  signature: string;
}

export interface BudgetErrorsTable {
  workspace: number;
  delivery: number;
  number: number;
  endpoint: number;
  at: number;
}

/** One row per endpoint whose latest attempt failed. */
export interface FailingTable {
  workspace: number;
  endpoint: number;
  since: number;
  last_at: number;
  failures: number;
  error: string;
}

export interface BudgetWarningsTable {
  workspace: number;
  /** 0 for the budget that all endpoints share. */
  endpoint: number;
  level: number;
  at: number;
}

/** The outbox: see records/notices.ts. */
export interface NoticesTable {
  key: Generated<number>;
  workspace: number;
  kind: string;
  endpoint: number | null;
  delivery: number | null;
  details: string;
  at: number;
  published_at: number | null;
  mailed_at: number | null;
  depth: Generated<number>;
  /** The automation that a grouped notice is about (0 for mails of notices), and its hour since the epoch. */
  automation: Generated<number | null>;
  hour: Generated<number | null>;
  /** How often it happened in that hour. */
  count: Generated<number>;
}

export interface MailsTable {
  key: Generated<number>;
  workspace: number;
  recipient: string;
  language: string;
  message_id: string;
  kind: string;
  /** Keys of the notices it tells of, as JSON. */
  notices: string;
  state: string;
  attempts: number;
  next_attempt_at: number;
  error: string | null;
  created_at: number;
  ended_at: number | null;
  subject: Generated<string | null>;
  text: Generated<string | null>;
  /** The run and the step that it is of; null for a mail of notices. */
  run: Generated<number | null>;
  step: Generated<string | null>;
}

/** Mails of rules and workflows by UTC day. */
export interface MailCountsTable {
  workspace: number;
  day: number;
  /** In lower case; '' for all mails of the workspace. */
  recipient: string;
  count: number;
}

export interface ReplaysTable {
  /** When a node last took it up, ms. */
  taken_at: Generated<number>;
  key: number;
  workspace: number;
  endpoint: number;
  /** See records/replays.ts, ReplayFilter. */
  filter: string;
  total: number;
  done: number;
  gone: number;
  /** The original that was sent again last, by its place. */
  last_lane: number;
  last_sequence: number;
  /** The node that works on it. */
  owner: string | null;
  state: string;
  reason: string | null;
  created_by: string;
  created_at: number;
  ended_at: number | null;
}

export interface PurgedDeliveriesTable {
  workspace: number;
  endpoint: number;
  state: string;
  hour: number;
  count: number;
}

export interface AuditTable {
  key: Generated<number>;
  /** INSTALLATION for what was done to no workspace. */
  workspace: number;
  actor: string;
  action: string;
  target: string;
  details: string;
  at: number;
}

export interface UsageByDayTable {
  workspace: number;
  day: number;
  events: number;
}

export interface DeliveryBodiesTable {
  delivery: number;
  workspace: number;
  body: string;
}

export interface AutomationsTable {
  key: number;
  workspace: number;
  kind: string;
  name: string;
  position: number;
  enabled_at: number | null;
  version: number;
  definition: string;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  /** 1 where runs were set aside while it was disabled. */
  set_aside: Generated<number>;
  /** How often the loop brake's counts were reset. */
  brake_resets: Generated<number>;
  /** The reset of which the void counts are deleted. */
  brake_swept: Generated<number>;
}

export interface AutomationVersionsTable {
  workspace: number;
  automation: number;
  version: number;
  definition: string;
  created_by: string;
  created_at: number;
}

export interface ActivationsTable {
  workspace: number;
  automation: number;
  subject: string;
  count: number;
  /** Until when the count holds, ms; null for ever. */
  period_ends_at: number | null;
  /** The automation's resets when it was begun: void where there are more. */
  resets: Generated<number>;
}

export interface RunsTable {
  key: number;
  workspace: number;
  automation: number;
  version: number;
  event: number;
  subject: string | null;
  state: string;
  reason: string | null;
  revision: number;
  progress: string;
  due_at: number | null;
  wake_at: number | null;
  waits_for: string | null;
  created_at: number;
  ended_at: number | null;
}

export interface RunStepsTable {
  workspace: number;
  run: number;
  number: number;
  step: string | null;
  kind: string;
  details: string;
  at: number;
}

/** The events that a run's waits were for. */
export interface RunEventsTable {
  workspace: number;
  run: number;
  /** The wait. */
  step: string;
  event: number;
}

/** The run and step that asked for a delivery; its repeats have no row of their own. */
export interface RunDeliveriesTable {
  workspace: number;
  delivery: number;
  run: number;
  step: string;
}

export interface RunSignalsTable {
  workspace: number;
  run: number;
  event: number;
}

export interface Schema extends PeopleSchema, SearchSchema {
  workspaces: WorkspacesTable;
  external_ids: ExternalIdsTable;
  installation: InstallationTable;
  api_keys: ApiKeysTable;
  api_key_hashes: ApiKeyHashesTable;
  event_types: EventTypesTable;
  endpoints: EndpointsTable;
  secrets: SecretsTable;
  lanes: LanesTable;
  nodes: NodesTable;
  slices: SlicesTable;
  events: EventsTable;
  event_bodies: EventBodiesTable;
  deliveries: DeliveriesTable;
  attempts: AttemptsTable;
  idempotency_keys: IdempotencyKeysTable;
  bins: BinsTable;
  bin_tokens: BinTokensTable;
  bin_requests: BinRequestsTable;
  budget_errors: BudgetErrorsTable;
  failing: FailingTable;
  budget_warnings: BudgetWarningsTable;
  notices: NoticesTable;
  mails: MailsTable;
  mail_counts: MailCountsTable;
  replays: ReplaysTable;
  jobs: JobsTable;
  request_keys: RequestKeysTable;
  purged_deliveries: PurgedDeliveriesTable;
  audit: AuditTable;
  usage_by_day: UsageByDayTable;
  event_stats: EventStatsTable;
  endpoint_stats: EndpointStatsTable;
  delivery_bodies: DeliveryBodiesTable;
  automations: AutomationsTable;
  automation_versions: AutomationVersionsTable;
  activations: ActivationsTable;
  runs: RunsTable;
  run_steps: RunStepsTable;
  run_signals: RunSignalsTable;
  run_events: RunEventsTable;
  run_deliveries: RunDeliveriesTable;
}
