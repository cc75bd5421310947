/** What the API takes and answers. Made of the OpenAPI document by clients/typescript/generate.ts: `npm run sdk` makes it anew. */

/** An error (RFC 9457). */
export interface Problem {
  /** A URN that names the kind of problem: `urn:mirsal:problem:<code>`. */
  type: string;
  /** The kind of problem in a sentence, in the language of `Accept-Language` (ar or en); the same for every problem of this code. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** Stable; meant for programs. */
  code: "invalid_request" | "invalid_json" | "invalid_utf8" | "too_deep" | "duplicate_member" | "workspace_required" | "unauthenticated" | "api_key_expired" | "sign_in_failed" | "origin_refused" | "setup_token_required" | "person_required" | "role_required" | "portal_refused" | "wrong_password" | "invitation_for_other" | "scope_required" | "instance_key_required" | "plan_required" | "limit_reached" | "not_found" | "route_not_found" | "method_not_allowed" | "body_too_large" | "uri_too_long" | "unsupported_media_type" | "idempotency_conflict" | "request_running" | "outcome_unknown" | "event_type_exists" | "event_type_in_use" | "workspace_suspended" | "external_id_taken" | "first_workspace" | "endpoint_disabled" | "held_choice_required" | "delivery_not_retryable" | "body_expired" | "nothing_to_replay" | "replay_running" | "replay_ended" | "too_many_jobs" | "job_ended" | "job_not_cancellable" | "run_ended" | "delivery_not_skippable" | "answer_not_awaited" | "already_set_up" | "last_owner" | "already_member" | "email_taken" | "account_exists" | "invitation_used" | "invitation_void" | "reset_token_void" | "search_off" | "mail_not_set_up" | "changed_meanwhile" | "unknown_event_type" | "reserved_event_type" | "schema_violation" | "event_too_costly" | "duplicate_event_id" | "invalid_event_type" | "invalid_condition" | "invalid_definition" | "event_loop" | "target_refused" | "too_many" | "unknown_plan" | "rate_limited" | "daily_limit_reached" | "internal_error" | "store_unavailable" | "starting" | "stopping" | "overloaded";
  /** What happened this time, the limit or the value, and what to do next. */
  detail: string;
  /** Every field at fault (at most 100). */
  errors?: Array<{
    /** JSON pointer to the member at fault. */
    field: string;
    /** A sentence for people. */
    message: string;
    /** Where the field is, when it is not in the body. */
    in?: "query" | "path" | "header" | undefined;
  }> | undefined;
  /** With `held_choice_required`: how many deliveries are held. */
  held?: number | undefined;
  /** Likewise: when the oldest was made. */
  held_oldest_at?: string | undefined;
  /** With `plan_required`: the plan that would do. */
  plan?: string | undefined;
  /** With `limit_reached`: how many the plan allows. */
  limit?: number | undefined;
  /** Likewise: how many there are. */
  reached?: number | undefined;
  /** With `external_id_taken`: the workspace that has it. */
  workspace_id?: string | undefined;
}

export interface Fault {
  /** A JSON pointer into the request. */
  field: string;
  /** A sentence for people. */
  message: string;
}

export interface NewEvent {
  /** The name of an event type. */
  type: string;
  /** What happened, as the type's schema says. */
  data: Record<string, unknown>;
  /** Yours, unique in the workspace: repeating it is answered as the first time. Made for you if absent. */
  id?: string | undefined;
  /** When it happened (RFC 3339, or ISO 8601 in UTC); now if absent. */
  created_at?: string | undefined;
  /** Whose platform it happened in: `account` of marketing bodies. */
  account?: {
    /** An address. */
    email?: string | undefined;
    [other: string]: unknown;
  } | undefined;
}

export interface NewEvents {
  /** All of them are accepted, or none is. */
  events: Array<NewEvent>;
}

/** Stored durably, with all that follows of it. */
export interface AcceptedEvent {
  /** The event's id: the caller's, or one of ours. */
  id: string;
  /** How many deliveries it makes. */
  deliveries: number;
  /** How many workflow runs it starts. */
  runs: number;
  /** Where data does not fit its schema, in a workspace that accepts it all the same. */
  warnings?: Array<Fault> | undefined;
}

export interface AcceptedEvents {
  /** The events, in the order of the call. */
  events: Array<AcceptedEvent>;
}

/** Something that happened. */
export interface Event {
  /** Its id. */
  id: string;
  /** Which type it is. */
  type: string;
  /** The contact that it is about. */
  subject: string | null;
  /** When it happened. */
  created_at: string;
  /** When it was accepted. */
  accepted_at: string;
  /** Whether it is a sample sent as a test. */
  test: boolean;
  /** How many deliveries it has made. */
  delivery_count: number;
  /** When the data of the person that it was about were erased, and all that followed of it with them; null for never. */
  erased_at: string | null;
}

export interface EventPage {
  /** The rows of this page. */
  data: Array<Event>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
  /** With `text`: events accepted before it are found by what they hold. */
  indexed_until?: string | undefined;
}

/** What one subscription, rule or workflow said to the event (and why). */
export interface Verdict {
  source: Source;
  /** The endpoint. */
  endpoint_id: string | null;
  /** Whether it said yes. */
  matched: boolean;
  /** Why, in English. */
  reason: string;
  /** Why, in the language of `Accept-Language` (ar or en). */
  reason_text: string;
  /** The clause that failed. */
  clause?: unknown | undefined;
  /** What it found instead. */
  actual?: unknown | undefined;
}

/** An event with what became of it. */
export interface EventDetail {
  /** Its id. */
  id: string;
  /** Which type it is. */
  type: string;
  /** The contact that it is about. */
  subject: string | null;
  /** When it happened. */
  created_at: string;
  /** When it was accepted. */
  accepted_at: string;
  /** Whether it is a sample sent as a test. */
  test: boolean;
  /** How many deliveries it has made. */
  delivery_count: number;
  /** When the data of the person that it was about were erased, and all that followed of it with them; null for never. */
  erased_at: string | null;
  /** As it was posted; null once `body_expired`. */
  data: unknown;
  /** The body is no longer kept, nor who said no to the event: see `retention.bodies_days`. */
  body_expired: boolean;
  /** As it was posted; null for none. */
  account: unknown;
  /** To whom it went. */
  deliveries: Array<Delivery>;
  /** The rules and workflows that it has set off; those that said no stand in `verdicts`. */
  runs: Array<EventRun>;
  /** The runs that were waiting for it, and went on. */
  releases: Array<Release>;
  /** What each subscription, rule and workflow that considered it said. */
  verdicts: Array<Verdict>;
  /** Where it made no delivery: why, in English after a code. */
  reason: string | null;
  /** Likewise, in the language of `Accept-Language` (ar or en). */
  reason_text: string | null;
  /** Where data does not fit its schema, in a workspace that accepts it all the same. */
  warnings: Array<Fault>;
}

/** In both languages. */
export interface Texts {
  /** In English. */
  en: string;
  /** In Arabic. */
  ar: string;
}

/** A kind of event. */
export interface EventType {
  /** A name for people. */
  name: string;
  /** The form of the body that receivers get. */
  family: "messaging" | "marketing" | "custom";
  /** Whether it is the workspace's own. */
  custom: boolean;
  /** Whether Mirsal itself publishes it. `*` does not mean it: an endpoint names it. */
  system: boolean;
  title: Texts;
  description: Texts;
  /** What it is good for. */
  use_cases: {
    /** In English. */
    en: Array<string>;
    /** In Arabic. */
    ar: Array<string>;
  };
  /** JSON Schema (2020-12) of `data`. */
  schema: Record<string, unknown>;
  /** Bodies to try things on. */
  samples: Array<{
    /** A name for people. */
    name: string;
    title: Texts;
    /** The body as a receiver gets it. */
    body: unknown;
  }>;
  /** JSON pointer in the body to the contact it is about. */
  subject: string | null;
  /** What a rule can be narrowed to. */
  scopes: Array<{
    /** A name for people. */
    name: string;
    title: Texts;
    /** JSON pointer in the body. */
    pointer: string;
    /** JSON pointer in the body to its name for people. */
    label_pointer: string;
  }>;
  /** JSON pointers in the body to what events are found by; `*` is every member or element. */
  searchable: Array<string>;
}

export interface EventTypePage {
  /** The rows of this page. */
  data: Array<EventType>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface NewEventType {
  /** Words of a–z, 0–9 and _ joined by dots. */
  name: string;
  /** `custom` if absent. */
  family?: "messaging" | "marketing" | "custom" | undefined;
  /** JSON Schema (2020-12) of `data`. */
  schema?: Record<string, unknown> | undefined;
  /** One language is enough; the other then shows the same. */
  title?: {
    /** In English. */
    en?: string | undefined;
    /** In Arabic. */
    ar?: string | undefined;
  } | undefined;
  /** One language is enough; the other then shows the same. */
  description?: {
    /** In English. */
    en?: string | undefined;
    /** In Arabic. */
    ar?: string | undefined;
  } | undefined;
  /** JSON pointer in the body to the contact that it is about. */
  subject?: string | null | undefined;
  /** What a rule can be narrowed to. */
  scopes?: Array<{
    /** A name for people. */
    name: string;
    /** One language is enough; the other then shows the same. */
    title?: {
      /** In English. */
      en?: string | undefined;
      /** In Arabic. */
      ar?: string | undefined;
    } | undefined;
    /** JSON pointer in the body. */
    pointer: string;
    /** JSON pointer in the body to its name for people. */
    label_pointer?: string | undefined;
  }> | undefined;
  /** JSON pointers in the body to what events are found by; `*` is every member or element. If absent, what stands in the two top levels of data. Events that were indexed before stay as they are. */
  searchable?: Array<string> | undefined;
  /** Bodies to try things on. */
  samples?: Array<{
    /** A name for people. */
    name: string;
    /** One language is enough; the other then shows the same. */
    title?: {
      /** In English. */
      en?: string | undefined;
      /** In Arabic. */
      ar?: string | undefined;
    } | undefined;
    /** As it would be published. */
    data: unknown;
  }> | undefined;
}

/** What is absent stays. Name and family are for good: events of the type are stored with them. */
export interface EventTypePatch {
  /** JSON Schema (2020-12) of `data`. */
  schema?: Record<string, unknown> | undefined;
  /** One language is enough; the other then shows the same. */
  title?: {
    /** In English. */
    en?: string | undefined;
    /** In Arabic. */
    ar?: string | undefined;
  } | undefined;
  /** One language is enough; the other then shows the same. */
  description?: {
    /** In English. */
    en?: string | undefined;
    /** In Arabic. */
    ar?: string | undefined;
  } | undefined;
  /** JSON pointer in the body to the contact that it is about; null for nobody. */
  subject?: string | null | undefined;
  /** What a rule can be narrowed to. */
  scopes?: Array<{
    /** A name for people. */
    name: string;
    /** One language is enough; the other then shows the same. */
    title?: {
      /** In English. */
      en?: string | undefined;
      /** In Arabic. */
      ar?: string | undefined;
    } | undefined;
    /** JSON pointer in the body. */
    pointer: string;
    /** JSON pointer in the body to its name for people. */
    label_pointer?: string | undefined;
  }> | undefined;
  /** JSON pointers in the body to what events are found by; `*` is every member or element. If absent, what stands in the two top levels of data. Events that were indexed before stay as they are. */
  searchable?: Array<string> | undefined;
  /** Bodies to try things on. */
  samples?: Array<{
    /** A name for people. */
    name: string;
    /** One language is enough; the other then shows the same. */
    title?: {
      /** In English. */
      en?: string | undefined;
      /** In Arabic. */
      ar?: string | undefined;
    } | undefined;
    /** As it would be published. */
    data: unknown;
  }> | undefined;
}

/** What events of a type had in one of the type's scopes. */
export interface SeenScope {
  /** The scope's name, as in `scope` of a trigger. */
  name: string;
  /** What it is called. */
  title: {
    /** In English. */
    en: string;
    /** In Arabic. */
    ar: string;
  };
  /** At most 200, the latest first. */
  values: Array<{
    /** As it stands in the body, and as a trigger takes it. */
    id: string | number;
    /** Its name at that time; null where the body has none. */
    label: string | null;
    /** When the latest event with it was accepted. */
    last_seen_at: string;
    /** In how many of the events looked at it was. */
    event_count: number;
  }>;
}

export interface SeenScopes {
  /** One of each of the type's scopes. */
  data: Array<SeenScope>;
  /** The latest events of the type, at most 1000. */
  events_looked_at: number;
}

/** What is asked of the body that the receiver gets. */
export type Condition = AllOf | AnyOf | NoneOf | Clause;

/** Holds where all of them hold. */
export interface AllOf {
  /** The parts. */
  all: Array<Condition>;
}

/** Holds where one of them holds. */
export interface AnyOf {
  /** The parts. */
  any: Array<Condition>;
}

/** Holds where the other does not. */
export interface NoneOf {
  not: Condition;
}

/** Compares a member of the body. */
export interface Clause {
  /** A path such as `data.contact.email`. */
  field: string;
  /** How it is compared. */
  op: "equals" | "not_equals" | "one_of" | "not_one_of" | "contains" | "not_contains" | "starts_with" | "ends_with" | "greater_than" | "greater_or_equal" | "less_than" | "less_or_equal" | "before" | "after" | "exists" | "is_empty" | "any_item" | "all_items" | "no_item";
  /** A text, number, boolean, null or a list of them, as the operator asks; of `any_item`, `all_items` and `no_item` a condition whose fields are paths within an item of the array. */
  value: unknown;
  /** Upper and lower case are the same. Of texts. */
  ignore_case?: boolean | undefined;
  /** Arabic letters are the same in all of their spellings (أ إ آ ا, ة ه, ى ي), and so are Arabic-Indic digits. Of texts. */
  ignore_arabic_forms?: boolean | undefined;
}

export interface NewEndpoint {
  /** Where it goes. */
  url: string;
  /** Names of event types; `["*"]` for all. The system events `endpoint.disabled`, `endpoint.enabled`, `delivery.dropped` and `budget.warning` are sent only where they are named: `*` does not mean them. */
  event_types: Array<string>;
  /** A name for people. */
  name?: string | undefined;
  /** Only where it holds; null for always. */
  condition?: Condition | null | undefined;
  /** Strict order over everything, strict per subject (contact), or none. `lanes` is how many requests may be in flight at a time. */
  ordering?: {
    /** What the order goes by. */
    by: "endpoint";
  } | {
    /** What the order goes by. */
    by: "subject";
    /** How many requests may be in flight at a time. */
    lanes: number;
  } | {
    /** What the order goes by. */
    by: "none";
    /** How many requests may be in flight at a time. */
    lanes: number;
  } | undefined;
  /** A preset, or the waits between attempts in seconds. */
  retry?: {
    /** A schedule with a name. */
    preset: "three-minutes" | "standard" | "none";
  } | {
    /** The waits between attempts, in seconds. */
    waits_s: Array<number>;
  } | undefined;
  /** For a whole attempt, from the name look-up to the head of the answer. */
  timeout_ms?: number | undefined;
  /** Headers of your own, sent with every request. */
  headers?: Record<string, string> | undefined;
  /** Which signatures are sent beside `v1`. */
  signature?: {
    /** Also sign with Ed25519 (`v1a`). */
    v1a?: boolean | undefined;
    /** The header `X-Webhook-Signature`, and how it is written. */
    compatibility?: "none" | "base64" | "hex" | undefined;
  } | undefined;
  /** The most that is sent in a second; null for no limit. */
  rate_limit?: {
    /** Requests started in a second; 0.1 is one in ten seconds. */
    per_second: number;
  } | null | undefined;
  /** A signing secret of your own (`whsec_…`); made for you if absent. */
  secret?: string | undefined;
}

/** What is absent stays as it is. */
export interface EndpointPatch {
  /** Where it goes. */
  url?: string | undefined;
  /** Names of event types; `["*"]` for all. The system events `endpoint.disabled`, `endpoint.enabled`, `delivery.dropped` and `budget.warning` are sent only where they are named: `*` does not mean them. */
  event_types?: Array<string> | undefined;
  /** A name for people. */
  name?: string | undefined;
  /** Only where it holds; null for always. */
  condition?: Condition | null | undefined;
  /** Strict order over everything, strict per subject (contact), or none. `lanes` is how many requests may be in flight at a time. */
  ordering?: {
    /** What the order goes by. */
    by: "endpoint";
  } | {
    /** What the order goes by. */
    by: "subject";
    /** How many requests may be in flight at a time. */
    lanes: number;
  } | {
    /** What the order goes by. */
    by: "none";
    /** How many requests may be in flight at a time. */
    lanes: number;
  } | undefined;
  /** A preset, or the waits between attempts in seconds. */
  retry?: {
    /** A schedule with a name. */
    preset: "three-minutes" | "standard" | "none";
  } | {
    /** The waits between attempts, in seconds. */
    waits_s: Array<number>;
  } | undefined;
  /** For a whole attempt, from the name look-up to the head of the answer. */
  timeout_ms?: number | undefined;
  /** Headers of your own, sent with every request. */
  headers?: Record<string, string> | undefined;
  /** Which signatures are sent beside `v1`. */
  signature?: {
    /** Also sign with Ed25519 (`v1a`). */
    v1a?: boolean | undefined;
    /** The header `X-Webhook-Signature`, and how it is written. */
    compatibility?: "none" | "base64" | "hex" | undefined;
  } | undefined;
  /** The most that is sent in a second; null for no limit. */
  rate_limit?: {
    /** Requests started in a second; 0.1 is one in ten seconds. */
    per_second: number;
  } | null | undefined;
}

/** Where webhooks go. */
export interface Endpoint {
  /** Its id. */
  id: string;
  /** Masked (`…`) where it may hold a secret, unless the key may manage. */
  url: string;
  /** A name for people. */
  name: string;
  /** Which events it gets; `["*"]` for all but system events. */
  event_types: Array<string>;
  /** Only where it holds; null for always. */
  condition: Condition | null;
  /** Whether it is in force. */
  enabled: boolean;
  /** Null while it is enabled. */
  disabled: {
    /** Why, beginning with a code; null where there is nothing to say. */
    reason: "manual" | "error_budget" | "gone" | "suspended";
    /** Since when. */
    at: string;
    /** Who did it. */
    by: string;
  } | null;
  /** Strict order over everything, strict per subject (contact), or none. `lanes` is how many requests may be in flight at a time. */
  ordering: {
    /** What the order goes by. */
    by: "endpoint";
  } | {
    /** What the order goes by. */
    by: "subject";
    /** How many requests may be in flight at a time. */
    lanes: number;
  } | {
    /** What the order goes by. */
    by: "none";
    /** How many requests may be in flight at a time. */
    lanes: number;
  };
  /** A preset, or the waits between attempts in seconds. */
  retry: {
    /** A schedule with a name. */
    preset: "three-minutes" | "standard" | "none";
  } | {
    /** The waits between attempts, in seconds. */
    waits_s: Array<number>;
  };
  /** How long an attempt may take. */
  timeout_ms: number;
  /** Values are `***` unless the key may manage. */
  headers: Record<string, string>;
  /** Which signatures are sent beside `v1`. */
  signature: {
    /** Whether Ed25519 signatures are sent, too. */
    v1a: boolean;
    /** How the HMAC of the header `X-Webhook-Signature` is written; `none` leaves it out. */
    compatibility: "none" | "base64" | "hex";
  };
  /** The most that is sent in a second; null for no limit. */
  rate_limit: {
    /** Requests started in a second; 0.1 is one in ten seconds. */
    per_second: number;
  } | null;
  /** The rule or workflow that first named its URL in an action; null for an endpoint that was connected by itself. */
  automation_id: string | null;
  /** Rules and workflows whose actions send to it now, by its URL or its id. */
  used_by: Array<string>;
  /** Deliveries held because the endpoint is disabled. */
  held: number;
  /** When the oldest of what is held was made; null where nothing is. */
  held_oldest_at: string | null;
  /** Null unless the latest attempt failed. */
  failing: {
    /** When the first of the attempts that failed in a row ended. */
    since: string;
    /** How many failed in a row. */
    failures: number;
    /** How the latest one failed. */
    last_error: string;
  } | null;
  /** Enabled lately, and its first delivery, tried alone, has not arrived yet. */
  recovering: boolean;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** In the answer to making or changing it alone. */
  warnings?: Array<Warning> | undefined;
}

/** The endpoint and, this once, its secret. */
export interface CreatedEndpoint {
  /** Its id. */
  id: string;
  /** Masked (`…`) where it may hold a secret, unless the key may manage. */
  url: string;
  /** A name for people. */
  name: string;
  /** Which events it gets; `["*"]` for all but system events. */
  event_types: Array<string>;
  /** Only where it holds; null for always. */
  condition: Condition | null;
  /** Whether it is in force. */
  enabled: boolean;
  /** Null while it is enabled. */
  disabled: {
    /** Why, beginning with a code; null where there is nothing to say. */
    reason: "manual" | "error_budget" | "gone" | "suspended";
    /** Since when. */
    at: string;
    /** Who did it. */
    by: string;
  } | null;
  /** Strict order over everything, strict per subject (contact), or none. `lanes` is how many requests may be in flight at a time. */
  ordering: {
    /** What the order goes by. */
    by: "endpoint";
  } | {
    /** What the order goes by. */
    by: "subject";
    /** How many requests may be in flight at a time. */
    lanes: number;
  } | {
    /** What the order goes by. */
    by: "none";
    /** How many requests may be in flight at a time. */
    lanes: number;
  };
  /** A preset, or the waits between attempts in seconds. */
  retry: {
    /** A schedule with a name. */
    preset: "three-minutes" | "standard" | "none";
  } | {
    /** The waits between attempts, in seconds. */
    waits_s: Array<number>;
  };
  /** How long an attempt may take. */
  timeout_ms: number;
  /** Values are `***` unless the key may manage. */
  headers: Record<string, string>;
  /** Which signatures are sent beside `v1`. */
  signature: {
    /** Whether Ed25519 signatures are sent, too. */
    v1a: boolean;
    /** How the HMAC of the header `X-Webhook-Signature` is written; `none` leaves it out. */
    compatibility: "none" | "base64" | "hex";
  };
  /** The most that is sent in a second; null for no limit. */
  rate_limit: {
    /** Requests started in a second; 0.1 is one in ten seconds. */
    per_second: number;
  } | null;
  /** The rule or workflow that first named its URL in an action; null for an endpoint that was connected by itself. */
  automation_id: string | null;
  /** Rules and workflows whose actions send to it now, by its URL or its id. */
  used_by: Array<string>;
  /** Deliveries held because the endpoint is disabled. */
  held: number;
  /** When the oldest of what is held was made; null where nothing is. */
  held_oldest_at: string | null;
  /** Null unless the latest attempt failed. */
  failing: {
    /** When the first of the attempts that failed in a row ended. */
    since: string;
    /** How many failed in a row. */
    failures: number;
    /** How the latest one failed. */
    last_error: string;
  } | null;
  /** Enabled lately, and its first delivery, tried alone, has not arrived yet. */
  recovering: boolean;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** In the answer to making or changing it alone. */
  warnings?: Array<Warning> | undefined;
  /** The signing secret (`whsec_…`). */
  secret: string;
  /** With `signature.v1a`: the key to verify with (`whpk_…`). */
  public_key?: string | undefined;
}

export interface EndpointPage {
  /** The rows of this page. */
  data: Array<Endpoint>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface EndpointSecret {
  /** The shared secret in force (`whsec_…`). */
  secret: string;
  /** The Ed25519 key to verify `v1a` with (`whpk_…`). */
  public_key?: string | undefined;
  /** Rotated out, but still signing beside the one in force. */
  previous: Array<{
    /** Which kind it is. */
    kind: "v1" | "v1a";
    /** The signing secret (`whsec_…`). */
    secret?: string | undefined;
    /** The Ed25519 key to verify `v1a` with (`whpk_…`). */
    public_key?: string | undefined;
    /** Until then it signs too. */
    expires_at: string;
  }>;
}

export interface RotatedSecret {
  /** Which kind it is. */
  kind: "v1" | "v1a";
  /** The new `whsec_…`. */
  secret?: string | undefined;
  /** The new `whpk_…`. */
  public_key?: string | undefined;
  /** Until then the one before signs too. */
  previous_expires_at: string;
}

/** What became of each endpoint that was to be enabled. */
export interface EnabledEndpoints {
  /** In the order of the ids. */
  data: Array<{
    /** Its id. */
    id: string;
    /** What became of it. */
    outcome: "enabled" | "was_enabled" | "not_found";
    /** How many deliveries were held. */
    held: number;
  }>;
}

/** What asked for the delivery. */
export interface Source {
  /** Which kind it is. */
  kind: "subscription" | "rule" | "workflow" | "test";
  /** The endpoint, rule or workflow; null for a test. */
  id: string | null;
  /** Of a delivery: the run that asked for it, if one did. */
  run_id: string | null;
  /** The run's step. */
  step: string | null;
}

/** One HTTP request of a delivery. */
export interface Attempt {
  /** From 1 on. */
  number: number;
  /** When the attempt began. */
  started_at: string;
  /** From its start to its end. */
  duration_ms: number;
  /** Success, or how it failed. */
  outcome: "success" | "http" | "timeout" | "connect" | "dns" | "tls" | "protocol" | "blocked";
  /** The answer's HTTP status; null where no answer came. */
  status: number | null;
  /** What went wrong: a code, and what to do in English. */
  error: string | null;
  /** What it means, in the language of `Accept-Language` (ar or en). */
  error_text?: string | null | undefined;
}

/** One HTTP request of a delivery, exactly as sent and as answered. */
export interface AttemptDetail {
  /** From 1 on. */
  number: number;
  /** When the attempt began. */
  started_at: string;
  /** From its start to its end. */
  duration_ms: number;
  /** Success, or how it failed. */
  outcome: "success" | "http" | "timeout" | "connect" | "dns" | "tls" | "protocol" | "blocked";
  /** The answer's HTTP status; null where no answer came. */
  status: number | null;
  /** What went wrong: a code, and what to do in English. */
  error: string | null;
  /** What it means, in the language of `Accept-Language` (ar or en). */
  error_text?: string | null | undefined;
  /** As it was sent. */
  request: {
    /** As it was sent: escaped, the host as punycode. Masked (`…`) unless the key may manage. */
    url: string;
    /** The same with the host in its own script; null where that makes no difference. */
    readable_url: string | null;
    /** Pairs of name and value, order and repeats kept. */
    headers: Array<Array<string>>;
    /** Exactly as sent; null where the event is no longer kept. */
    body: string | null;
    /** Whether there was more than is kept. */
    truncated: boolean;
  };
  /** As it came; of times, until the answer was there, ms. Null where there was none. */
  response: {
    /** Pairs of name and value, order and repeats kept. */
    headers: Array<Array<string>>;
    /** As text, or base64 where `encoding` says so. */
    body: string;
    /** `base64` where the bytes are not UTF-8. */
    encoding: "utf8" | "base64";
    /** True where less is kept than the receiver sent. */
    truncated: boolean;
  } | null;
  /** Where the time went. */
  timings_ms: {
    /** Looking the name up, ms; null where it was not needed. */
    dns?: number | undefined;
    /** Until the connection stood, ms; null where one was reused. */
    connect?: number | undefined;
    /** Until TLS stood, ms; null without TLS, and where a connection was reused. */
    tls?: number | undefined;
    /** As it came; of times, until the answer was there, ms. Null where there was none. */
    response?: number | undefined;
  };
  /** What was odd about the answer, though it was read; null for nothing. */
  note: string | null;
  /** The IP address that was connected to. */
  address: string | null;
}

/** What an open delivery is waiting for. */
export type WaitingFor = {
  /** Which kind it is. */
  kind: "earlier_delivery";
  /** The first open delivery of the lane. */
  delivery_id: string;
  /** Its number in the lane. */
  sequence: number;
  /** Open deliveries ahead of this one, exact up to 999; 1000 stands for that many or more. */
  ahead: number;
  /** When it is tried again; null where nothing is planned. */
  next_attempt_at: string | null;
  /** The same as a sentence, such as "waiting for #1041 ahead of it, next attempt in 42 s". */
  text: string;
} | {
  /** Which kind it is. */
  kind: "retry";
  /** When it is tried again. */
  next_attempt_at: string;
  /** The same as a sentence, such as "waiting for #1041 ahead of it, next attempt in 42 s". */
  text: string;
} | {
  /** Which kind it is. */
  kind: "endpoint_disabled";
  /** The same as a sentence, such as "waiting for #1041 ahead of it, next attempt in 42 s". */
  text: string;
};

/** One event for one endpoint. */
export interface Delivery {
  /** Its id. */
  id: string;
  /** The event. */
  event_id: string;
  /** The type of the event. */
  event_type: string;
  /** The endpoint. */
  endpoint_id: string;
  source: Source;
  /** The delivery that this one repeats. */
  replay_of: string | null;
  /** Of one that was dropped or skipped: the repeat of it that arrived. */
  resolved_by: string | null;
  /** Where it stands. */
  state: "pending" | "sending" | "waiting" | "held" | "delivered" | "dropped" | "skipped";
  /** Why it ended so, or why it waits. */
  reason: string | null;
  /** What it means, in the language of `Accept-Language` (ar or en). */
  reason_text?: string | null | undefined;
  /** Its number in its lane. */
  sequence: number;
  /** The `webhook-id` that the receiver sees; the same for every repeat. */
  webhook_id: string;
  /** How many requests there were. */
  attempt_count: number;
  /** When it is tried again; null where nothing is planned. */
  next_attempt_at: string | null;
  /** What it waits for; null where it has ended. */
  waiting_for: WaitingFor | null;
  /** When it was accepted. */
  created_at: string;
  /** When it ended; null before. */
  ended_at: string | null;
  /** The requests, the first one first. */
  attempts: Array<Attempt>;
}

/** One event for one endpoint, with every attempt in full. */
export interface DeliveryDetail {
  /** Its id. */
  id: string;
  /** The event. */
  event_id: string;
  /** The type of the event. */
  event_type: string;
  /** The endpoint. */
  endpoint_id: string;
  source: Source;
  /** The delivery that this one repeats. */
  replay_of: string | null;
  /** Of one that was dropped or skipped: the repeat of it that arrived. */
  resolved_by: string | null;
  /** Where it stands. */
  state: "pending" | "sending" | "waiting" | "held" | "delivered" | "dropped" | "skipped";
  /** Why it ended so, or why it waits. */
  reason: string | null;
  /** What it means, in the language of `Accept-Language` (ar or en). */
  reason_text?: string | null | undefined;
  /** Its number in its lane. */
  sequence: number;
  /** The `webhook-id` that the receiver sees; the same for every repeat. */
  webhook_id: string;
  /** How many requests there were. */
  attempt_count: number;
  /** When it is tried again; null where nothing is planned. */
  next_attempt_at: string | null;
  /** What it waits for; null where it has ended. */
  waiting_for: WaitingFor | null;
  /** When it was accepted. */
  created_at: string;
  /** When it ended; null before. */
  ended_at: string | null;
  /** The requests, the first one first. */
  attempts: Array<AttemptDetail>;
}

export interface DeliveryPage {
  /** The rows of this page. */
  data: Array<Delivery>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
  /** With `text`: events accepted before it are found by what they hold. */
  indexed_until?: string | undefined;
}

/** Who did what. Entries are never changed and never deleted. */
export interface AuditEntry {
  /** Its id. */
  id: string;
  /** When it was done. */
  at: string;
  /** Who did it: `person:` and the id of a person, `key:` and the beginning of an API key, `portal:` and the id of a portal link, or `system`. */
  actor: string;
  /** The name of the person; null for others. */
  actor_name: string | null;
  /** What was done, such as `endpoint.updated`. */
  action: "endpoint.created" | "endpoint.updated" | "endpoint.deleted" | "endpoint.enabled" | "endpoint.disabled" | "endpoint.secret_rotated" | "delivery.retried" | "delivery.skipped" | "delivery.replayed" | "event.replayed" | "replay.started" | "replay.cancelled" | "job.started" | "job.cancelled" | "settings.updated" | "workspace.updated" | "workspace.suspended" | "workspace.resumed" | "workspace.deleted" | "api_key.created" | "api_key.revoked" | "rule.created" | "rule.updated" | "rule.enabled" | "rule.disabled" | "rule.deleted" | "rule.brake_reset" | "workflow.created" | "workflow.updated" | "workflow.enabled" | "workflow.disabled" | "workflow.deleted" | "workflow.brake_reset" | "run.cancelled" | "member.joined" | "member.role_changed" | "member.removed" | "invitation.created" | "invitation.resent" | "invitation.revoked" | "portal_link.created" | "portal_link.revoked";
  /** The id of what it was done to. */
  target: string;
  /** What it was before and after, how many it concerned; never a secret. */
  details: Record<string, unknown>;
}

export interface AuditPage {
  /** The rows of this page. */
  data: Array<AuditEntry>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** A job that sends an endpoint's deliveries again, in their order. */
export interface Replay {
  /** Its id. */
  id: string;
  /** The endpoint. */
  endpoint_id: string;
  /** Which deliveries are sent again. */
  filter: {
    /** Deliveries made from this moment on … */
    since: string;
    /** … and before this one. */
    until: string;
    /** Only those in these states. */
    states: Array<"delivered" | "dropped" | "skipped">;
    /** Those, too, that a repeat of theirs has made good. */
    include_resolved: boolean;
  };
  /** Where it stands. */
  state: "running" | "finished" | "cancelled" | "failed";
  /** How many there are to send again. */
  total: number;
  /** How many have joined the tails of the endpoint's lanes. */
  done: number;
  /** How many of that range cannot be sent again: retention had deleted them or their bodies. */
  gone: number;
  /** How far it is. */
  progress: number;
  /** Why it was cancelled, or failed. */
  reason: string | null;
  /** Who asked for it. */
  created_by: string;
  /** When it was asked for. */
  created_at: string;
  /** When it ended; null before. */
  ended_at: string | null;
}

export interface ReplayPage {
  /** The rows of this page. */
  data: Array<Replay>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** What a replay would do. */
export interface ReplayPreview {
  /** How many would be sent again. */
  total: number;
  /** How many of that range are left out, since a repeat of theirs has arrived. */
  resolved: number;
  /** How many of that range cannot be any more. */
  gone: number;
  /** What `gone` means, where there are any. */
  note: string | null;
  /** When the oldest of them was made; null without any. */
  oldest_at: string | null;
  /** When the newest of them was made; null without any. */
  newest_at: string | null;
}

export interface NewReplay {
  /** Deliveries made from this moment on (RFC 3339) … */
  since: string;
  /** … and before this one; until now if absent. */
  until?: string | undefined;
  /** How they ended; `["dropped", "skipped"]` if absent. */
  states?: Array<"delivered" | "dropped" | "skipped"> | undefined;
  /** Send those again, too, that a repeat of theirs has made good (`resolved_by`). If absent, they are left out. */
  include_resolved?: boolean | undefined;
  /** Only count. */
  dry_run?: boolean | undefined;
}

/** An event sent again. */
export interface EventReplay {
  /** The new deliveries. */
  data: Array<Delivery>;
  /** Deliveries of the event that have not ended yet: they are sent anyway. */
  open: number;
  /** Deliveries whose endpoint was deleted. */
  without_endpoint: number;
}

/** Long work that goes on in steps, whatever becomes of a node, until it has ended. */
export interface Job {
  /** Its id. */
  id: string;
  /** What it does. */
  kind: "retry_deliveries" | "skip_deliveries" | "replay_deliveries" | "delete_workspace" | "erase";
  /** Where it stands. */
  state: "running" | "finished" | "cancelled" | "failed";
  /** How much of it is done. */
  done: number;
  /** How much there is to do; null while that is not known. */
  total: number | null;
  /** What came of it so far, in members of its kind: such as how many could not be done, by reason. */
  report: Record<string, unknown>;
  /** Why it was cancelled, or failed. */
  reason: string | null;
  /** Who asked for it. */
  created_by: string;
  /** When it was asked for. */
  created_at: string;
  /** When it ended; null before. */
  ended_at: string | null;
}

export interface JobPage {
  /** The rows of this page. */
  data: Array<Job>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** Which deliveries, as the list of deliveries has them; at least one member. */
export interface BulkFilter {
  /** The endpoint. */
  endpoint_id?: string | undefined;
  /** Deliveries of this event. */
  event_id?: string | undefined;
  /** How they stand. A retry is for `waiting`, `delivered`, `dropped`, `skipped` (the first and third if absent); a skip for `pending`, `waiting`, `held` (all if absent); a replay for `delivered`, `dropped`, `skipped` (the last two if absent). */
  states?: Array<"pending" | "waiting" | "held" | "delivered" | "dropped" | "skipped"> | undefined;
  /** An event type. */
  type?: string | undefined;
  /** The contact that the event is about. */
  subject?: string | undefined;
  /** Made from this moment on (RFC 3339). */
  since?: string | undefined;
  /** Made before this moment (RFC 3339). */
  until?: string | undefined;
}

/** Which deliveries: either `ids` or a `filter`. */
export interface ManyDeliveries {
  /** Ids of deliveries (`dlv_…`). */
  ids?: Array<string> | undefined;
  filter?: BulkFilter | undefined;
  /** Only count. */
  dry_run?: boolean | undefined;
}

/** What a job over many deliveries would do. */
export interface ManyDeliveriesPreview {
  /** How many deliveries it would be done to. */
  total: number;
  /** How many of those named it would not be done to, by reason: `not_found`, `already_ended`, `not_ended`, `same_message`. */
  not_done: Record<string, number>;
}

/** What is well formed, and yet would say no, in silence, to what is most likely meant. */
export interface Warning {
  /** A JSON pointer into the body. */
  field: string;
  /** Stable, for programs. */
  code: "scope_by_name" | "text_operator_on_number" | "number_for_text" | "arabic_digits" | "dollar_placeholder" | "member_in_no_sample";
  /** A sentence for people. */
  message: string;
}

/** The event that sets a rule off. */
export interface RuleTrigger {
  /** The type of the event. */
  event_type: string;
  /** Narrows it to one funnel step, tag, channel …: `{"tag": 141002}`. The event type says which there are. */
  scope?: Record<string, string | number> | undefined;
}

/** An event that starts a run. */
export interface WorkflowTrigger {
  /** The type of the event. */
  event_type: string;
  /** Narrows it to one funnel step, tag, channel …: `{"tag": 141002}`. The event type says which there are. */
  scope?: Record<string, string | number> | undefined;
  condition?: Condition | undefined;
}

/** What a rule does. */
export type Action = WebhookAction | EmailAction;

/** Sends a webhook. */
export interface WebhookAction {
  /** Sends a webhook. */
  type: "webhook";
  /** Where it goes. Actions of a workspace that name the same URL share an endpoint. Or `endpoint_id`. */
  url?: string | undefined;
  /** An endpoint that there is. Or `url`. */
  endpoint_id?: string | undefined;
  /** JSON with placeholders, sent in the place of the event's body. `{{steps.ID.…}}` reads the event that an earlier wait was for. */
  template?: unknown | undefined;
  /** Only these members of the event's body are sent. */
  members?: Array<string> | undefined;
}

/** Sends an e-mail. */
export interface EmailAction {
  /** Sends an e-mail. */
  type: "email";
  /** One recipient, or several. */
  to: string | {
    /** The path of a member that holds one. */
    field: string;
  } | Array<string | {
    /** The path of a member that holds one. */
    field: string;
  }>;
  /** A text with placeholders. */
  subject: string;
  /** A text with placeholders. */
  text: string;
}

/** A step of a workflow. */
export type Step = WebhookStep | EmailStep | DelayStep | DecisionStep | WaitStep | ExitStep;

/** Sends a webhook. */
export interface WebhookStep {
  /** A name of its own in the workflow; runs tell of steps by it. */
  id: string;
  /** Sends a webhook. */
  type: "webhook";
  /** Where it goes. Actions of a workspace that name the same URL share an endpoint. Or `endpoint_id`. */
  url?: string | undefined;
  /** An endpoint that there is. Or `url`. */
  endpoint_id?: string | undefined;
  /** JSON with placeholders, sent in the place of the event's body. `{{steps.ID.…}}` reads the event that an earlier wait was for. */
  template?: unknown | undefined;
  /** Only these members of the event's body are sent. */
  members?: Array<string> | undefined;
}

/** Sends an e-mail. */
export interface EmailStep {
  /** A name of its own in the workflow; runs tell of steps by it. */
  id: string;
  /** Sends an e-mail. */
  type: "email";
  /** One recipient, or several. */
  to: string | {
    /** The path of a member that holds one. */
    field: string;
  } | Array<string | {
    /** The path of a member that holds one. */
    field: string;
  }>;
  /** A text with placeholders. */
  subject: string;
  /** A text with placeholders. */
  text: string;
}

/** Waits for a time: one of `for`, `until` and `until_next`. */
export interface DelayStep {
  /** A name of its own in the workflow; runs tell of steps by it. */
  id: string;
  /** Waits for a time. */
  type: "delay";
  /** An ISO 8601 duration, such as `P1DT2H`. */
  for?: string | undefined;
  /** A time, or the path of a member that holds one. */
  until?: string | {
    /** The path of a member that holds one. */
    field: string;
  } | undefined;
  /** The next such time of day. */
  until_next?: {
    /** A time of day, such as `09:30`. */
    time: string;
    /** The days on which it may be. */
    weekdays: Array<"sun" | "mon" | "tue" | "wed" | "thu" | "fri" | "sat">;
    /** An IANA name, such as `Asia/Riyadh`. */
    time_zone: string;
  } | undefined;
}

/** Goes one of two ways. */
export interface DecisionStep {
  /** A name of its own in the workflow; runs tell of steps by it. */
  id: string;
  /** Goes one of two ways. */
  type: "decision";
  condition: Condition;
  /** The steps where it holds. */
  yes: Array<Step>;
  /** The steps where it does not. */
  no: Array<Step>;
}

/** Waits for an event about the same subject. */
export interface WaitStep {
  /** A name of its own in the workflow; runs tell of steps by it. */
  id: string;
  /** Waits for an event about the same subject. */
  type: "wait_for_event";
  /** The type of the event that is waited for. */
  event_type: string;
  /** Narrows it to one funnel step, tag, channel …: `{"tag": 141002}`. The event type says which there are. */
  scope?: Record<string, string | number> | undefined;
  condition?: Condition | undefined;
  /** `start` counts events from when the run began, so one that came during a delay before it, too. If absent, those that come from when the run waits. */
  since?: "start" | undefined;
  /** An ISO 8601 duration. */
  timeout: string;
  /** The steps where it came in time. */
  received: Array<Step>;
  /** The steps where it did not. */
  timed_out: Array<Step>;
}

/** Ends the run. */
export interface ExitStep {
  /** A name of its own in the workflow; runs tell of steps by it. */
  id: string;
  /** Ends the run. */
  type: "exit";
}

/** What follows of an event, at once. */
export interface Rule {
  /** Its id. */
  id: string;
  /** Each saved change of what it does makes the next. */
  version: number;
  /** The endpoints of typed URLs. Actions that name the same URL share one. */
  endpoints: Array<{
    /** Where it goes. */
    url: string;
    /** Null where the endpoint was deleted. */
    endpoint_id: string | null;
  }>;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** In the answer to making or changing it alone. */
  warnings?: Array<Warning> | undefined;
  /** A name for people. */
  name: string;
  /** Whether it is in force. */
  enabled: boolean;
  /** How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops. */
  max_activations_per_subject: number;
  /** ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. `ever` for one that does not end; `P1D` if absent. */
  activation_period: string;
  /** What follows where a step cannot be done; rules continue and workflows stop if absent. */
  on_error: "stop" | "continue";
  /** Rules act in ascending order of it, those of the same in the order in which they were made. */
  position: number;
  trigger: RuleTrigger;
  /** Only where it holds; null for always. */
  condition: Condition | null;
  /** What follows, in this order. */
  actions: Array<Action>;
}

/** What follows of an event, step by step. */
export interface Workflow {
  /** Its id. */
  id: string;
  /** Each saved change of what it does makes the next. */
  version: number;
  /** The endpoints of typed URLs. Actions that name the same URL share one. */
  endpoints: Array<{
    /** Where it goes. */
    url: string;
    /** Null where the endpoint was deleted. */
    endpoint_id: string | null;
  }>;
  /** When it was made. */
  created_at: string;
  /** When it was last changed. */
  updated_at: string;
  /** In the answer to making or changing it alone. */
  warnings?: Array<Warning> | undefined;
  /** A name for people. */
  name: string;
  /** Whether it is in force. */
  enabled: boolean;
  /** How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops. */
  max_activations_per_subject: number;
  /** ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. `ever` for one that does not end; `P1D` if absent. */
  activation_period: string;
  /** What follows where a step cannot be done; rules continue and workflows stop if absent. */
  on_error: "stop" | "continue";
  /** Any of them starts a run. */
  triggers: Array<WorkflowTrigger>;
  /** What happens, in this order. */
  steps: Array<Step>;
  /** ISO 8601 duration; a step that is later than this is skipped with its run. `P1D` if absent. */
  max_overdue: string;
}

export interface RulePage {
  /** The rows of this page. */
  data: Array<Rule>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface WorkflowPage {
  /** The rows of this page. */
  data: Array<Workflow>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface NewRule {
  /** A name for people. */
  name: string;
  trigger: RuleTrigger;
  /** What follows, in this order. */
  actions: Array<Action>;
  /** Whether it is in force. */
  enabled?: boolean | undefined;
  /** How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops. */
  max_activations_per_subject?: number | undefined;
  /** ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. `ever` for one that does not end; `P1D` if absent. */
  activation_period?: string | undefined;
  /** What follows where a step cannot be done; rules continue and workflows stop if absent. */
  on_error?: "stop" | "continue" | undefined;
  /** Rules act in ascending order of it, those of the same in the order in which they were made. */
  position?: number | undefined;
  /** Only where it holds; null for always. */
  condition?: Condition | null | undefined;
}

export interface NewWorkflow {
  /** A name for people. */
  name: string;
  /** Any of them starts a run. */
  triggers: Array<WorkflowTrigger>;
  /** What happens, in this order. */
  steps: Array<Step>;
  /** Whether it is in force. */
  enabled?: boolean | undefined;
  /** How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops. */
  max_activations_per_subject?: number | undefined;
  /** ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. `ever` for one that does not end; `P1D` if absent. */
  activation_period?: string | undefined;
  /** What follows where a step cannot be done; rules continue and workflows stop if absent. */
  on_error?: "stop" | "continue" | undefined;
  /** ISO 8601 duration; a step that is later than this is skipped with its run. `P1D` if absent. */
  max_overdue?: string | undefined;
}

/** What is absent stays as it is. */
export interface RulePatch {
  /** A name for people. */
  name?: string | undefined;
  /** Whether it is in force. */
  enabled?: boolean | undefined;
  /** How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops. */
  max_activations_per_subject?: number | undefined;
  /** ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. `ever` for one that does not end; `P1D` if absent. */
  activation_period?: string | undefined;
  /** What follows where a step cannot be done; rules continue and workflows stop if absent. */
  on_error?: "stop" | "continue" | undefined;
  /** Rules act in ascending order of it, those of the same in the order in which they were made. */
  position?: number | undefined;
  trigger?: RuleTrigger | undefined;
  /** Only where it holds; null for always. */
  condition?: Condition | null | undefined;
  /** What follows, in this order. */
  actions?: Array<Action> | undefined;
}

/** What is absent stays as it is. */
export interface WorkflowPatch {
  /** A name for people. */
  name?: string | undefined;
  /** Whether it is in force. */
  enabled?: boolean | undefined;
  /** How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops. */
  max_activations_per_subject?: number | undefined;
  /** ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. `ever` for one that does not end; `P1D` if absent. */
  activation_period?: string | undefined;
  /** What follows where a step cannot be done; rules continue and workflows stop if absent. */
  on_error?: "stop" | "continue" | undefined;
  /** Any of them starts a run. */
  triggers?: Array<WorkflowTrigger> | undefined;
  /** What happens, in this order. */
  steps?: Array<Step> | undefined;
  /** ISO 8601 duration; a step that is later than this is skipped with its run. `P1D` if absent. */
  max_overdue?: string | undefined;
  /** What becomes of runs that wait: they go on with the version that they began with (if absent), are cancelled, or go on with the new version. */
  waiting_runs?: "keep" | "cancel" | "move" | undefined;
}

/** May be left out. */
export type RuleRestore = Record<string, never>;

/** May be left out. */
export interface WorkflowRestore {
  /** What becomes of runs that wait: they go on with the version that they began with (if absent), are cancelled, or go on with the new version. */
  waiting_runs?: "keep" | "cancel" | "move" | undefined;
}

/** What it did from then on, as it was saved. */
export interface RuleVersion {
  /** From 1 on. */
  version: number;
  /** As it was written. */
  definition: {
    /** A name for people. */
    name: string;
    [other: string]: unknown;
  };
  /** Who saved it. */
  created_by: string;
  /** When it was saved. */
  created_at: string;
}

/** What it did from then on, as it was saved. */
export interface WorkflowVersion {
  /** From 1 on. */
  version: number;
  /** As it was written. */
  definition: {
    /** A name for people. */
    name: string;
    [other: string]: unknown;
  };
  /** Who saved it. */
  created_by: string;
  /** When it was saved. */
  created_at: string;
}

export interface RuleVersionPage {
  /** The rows of this page. */
  data: Array<RuleVersion>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface WorkflowVersionPage {
  /** The rows of this page. */
  data: Array<WorkflowVersion>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface RuleImport {
  /** The rules, in the order of their positions. */
  rules: Array<NewRule>;
}

export interface WorkflowImport {
  /** The workflows, in the order of their making. */
  workflows: Array<NewWorkflow>;
}

/** Fit for importing. */
export interface RuleExport {
  /** The rules, in the order of their positions. */
  rules: Array<NewRule>;
}

/** Fit for importing. */
export interface WorkflowExport {
  /** The workflows, in the order of their making. */
  workflows: Array<NewWorkflow>;
}

export interface DryRunInput {
  /** One that need not be stored. Or `id`. */
  definition?: Record<string, unknown> | undefined;
  /** One that is stored, enabled or not. */
  id?: string | undefined;
  /** Whose sample is taken; the first trigger's if absent. */
  event_type?: string | undefined;
  /** A sample's name; the type's first one if absent. */
  sample?: string | undefined;
  /** A past event, in the place of a sample. */
  event_id?: string | undefined;
  /** By ids of wait_for_event steps: how they end. Those that are not named are shown both ways. */
  waits?: Record<string, "received" | "timed_out"> | undefined;
}

/** A step that the run would come to. */
export interface DryRunStep {
  /** The step's id. */
  step: string;
  /** Which type it is. */
  type: "webhook" | "email" | "delay" | "decision" | "wait_for_event" | "exit" | null;
  /** When the run would come to it. */
  at: string;
  /** What became of the step. */
  outcome: string;
  /** Of a delay or a wait: when it would be over. */
  until?: string | undefined;
  /** Of a decision that says no: the clause and the value, in English. */
  reason?: string | undefined;
  /** Why, in the language of `Accept-Language` (ar or en). */
  reason_text?: string | undefined;
  /** The clause that failed. */
  clause?: unknown | undefined;
  /** What it found instead. */
  actual?: unknown | undefined;
  /** Why it could not be done; null where it could. */
  failure?: {
    /** Stable, for programs. */
    code: string;
    /** A sentence for people. */
    message: string;
  } | undefined;
  /** What would be sent. */
  sends?: {
    /** Which kind it is. */
    kind: "webhook" | "email";
    /** Where it goes. */
    url?: string | null | undefined;
    /** Null where it would be made for the URL. */
    endpoint_id?: string | null | undefined;
    /** JSON text, exactly as it would be sent. */
    body?: string | undefined;
    /** The recipients. */
    to?: Array<string> | undefined;
    /** The subject line. */
    subject?: string | undefined;
    /** The text. */
    text?: string | undefined;
  } | undefined;
  /** Of a wait: both ways, each up to where they rejoin. */
  branches?: {
    /** The steps where the event came. */
    received: Array<DryRunStep>;
    /** The steps where the event did not come in time. */
    timed_out: Array<DryRunStep>;
  } | undefined;
}

/** What would happen. Nothing is sent or stored. */
export interface DryRun {
  /** What it was tried on. */
  event: {
    /** Which type it is. */
    type: string;
    /** Null for a sample. */
    id: string | null;
    /** Null for a past event. */
    sample: string | null;
  };
  /** Whether the event would set it off; null where its type does not concern it. */
  verdict: {
    /** Whether it said yes. */
    matched: boolean;
    /** Index of the trigger that matched. */
    trigger: number | null;
    /** Why, beginning with a code; null where there is nothing to say. */
    reason: string;
    /** Why, in the language of `Accept-Language` (ar or en). */
    reason_text: string;
    /** Why each trigger of the event's type said no. */
    failures: Array<{
      /** Which of the triggers, from 0 on. */
      trigger: number;
      /** Whether the scope or the condition said no. */
      part: "scope" | "condition";
      /** Why, beginning with a code; null where there is nothing to say. */
      reason: string;
      /** Why, in the language of `Accept-Language` (ar or en). */
      reason_text: string;
      /** The part of the condition that said no. */
      clause?: unknown | undefined;
      /** What the body holds there. */
      actual?: unknown | undefined;
    }>;
  };
  /** What is well formed, and most likely not what is meant. */
  warnings: Array<Warning>;
  /** Empty where it did not match. */
  path: Array<DryRunStep>;
  /** Null where it did not match. */
  end: {
    /** Which kind it is. */
    kind: "finished" | "failed";
    /** Why, beginning with a code; null where there is nothing to say. */
    reason: string;
    /** When that would be. */
    at: string;
  } | null;
}

/** A rule or workflow at work on one event. */
export interface Run {
  /** Its id. */
  id: string;
  /** The rule or workflow. */
  automation_id: string;
  /** The version that it goes by. */
  version: number;
  /** The event that set it off. */
  event_id: string;
  /** The type of the event. */
  event_type: string;
  /** The contact that the event is about. */
  subject: string | null;
  /** Where it stands. */
  state: "waiting" | "finished" | "failed" | "cancelled" | "skipped";
  /** Why it ended so. */
  reason: string | null;
  /** What its code means, in the language of `Accept-Language` (ar or en); null where it begins with none. */
  reason_text?: string | null | undefined;
  /** When it goes on; with `waits_for`, when it stops waiting. Null where it waits for nothing. */
  due_at: string | null;
  /** The type of the event that it waits for. */
  waits_for: string | null;
  /** When it began. */
  created_at: string;
  /** When it ended; null before. */
  ended_at: string | null;
}

export interface RunPage {
  /** The rows of this page. */
  data: Array<Run>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** One entry of a run's history. */
export interface RunStep {
  /** The step's id; null for what concerns the run as a whole. */
  step: string | null;
  /** The step's type, or `run`. */
  kind: string;
  /** When it happened. */
  at: string;
  /** What came of it, and why; `delivery_id` of a webhook, `event_id` of the event that a wait was for. Of a step that failed, `failure` holds `code`, `message`, and as `text` what the code means in the language of `Accept-Language` (ar or en). */
  details: {
    /** Of an e-mail, as long as its mails are kept: `queued`, `sent`, `refused` by the mail server, or `dropped` because a limit was reached; the least good of its mails. */
    outcome?: string | undefined;
    /** Of an e-mail: what became of each of its mails. */
    mails?: Array<Mail> | undefined;
    [other: string]: unknown;
  };
}

/** A run with its history, oldest entry first. */
export interface RunDetail {
  /** Its id. */
  id: string;
  /** The rule or workflow. */
  automation_id: string;
  /** The version that it goes by. */
  version: number;
  /** The event that set it off. */
  event_id: string;
  /** The type of the event. */
  event_type: string;
  /** The contact that the event is about. */
  subject: string | null;
  /** Where it stands. */
  state: "waiting" | "finished" | "failed" | "cancelled" | "skipped";
  /** Why it ended so. */
  reason: string | null;
  /** What its code means, in the language of `Accept-Language` (ar or en); null where it begins with none. */
  reason_text?: string | null | undefined;
  /** When it goes on; with `waits_for`, when it stops waiting. Null where it waits for nothing. */
  due_at: string | null;
  /** The type of the event that it waits for. */
  waits_for: string | null;
  /** When it began. */
  created_at: string;
  /** When it ended; null before. */
  ended_at: string | null;
  /** What happens, in this order. */
  steps: Array<RunStep>;
}

/** A run that an event has set off. */
export interface EventRun {
  /** Its id. */
  id: string;
  /** The rule or workflow. */
  automation_id: string;
  /** Where it stands. */
  state: "waiting" | "finished" | "failed" | "cancelled" | "skipped";
  /** Why, beginning with a code; null where there is nothing to say. */
  reason: string | null;
  /** What its code means, in the language of `Accept-Language`. */
  reason_text?: string | null | undefined;
}

/** A run that went on because of an event. */
export interface Release {
  /** The run. */
  run_id: string;
  /** The rule or workflow. */
  automation_id: string;
  /** The wait that the event was for. */
  step: string;
}

/** How the bin answers. */
export interface BinAnswer {
  /** The HTTP status. */
  status: number;
  /** Names and values. */
  headers: Record<string, string>;
  /** A text; at most 64 KiB are shown of an answer. */
  body: string;
  /** How long the answer waits. */
  delay_ms: number;
  /** The share of requests that are answered 500 instead. */
  failure_rate: number;
  /** How long a request waits to be answered by a call of `answerBinRequest`; without one, the bin answers as it is told here. */
  relay_ms: number;
}

export interface BinInput {
  /** What is absent stays as it is. */
  answer?: {
    /** The HTTP status. */
    status?: number | undefined;
    /** Names and values. */
    headers?: Record<string, string> | undefined;
    /** A text; at most 64 KiB are shown of an answer. */
    body?: string | undefined;
    /** How long the answer waits. */
    delay_ms?: number | undefined;
    /** The share of requests that are answered 500 instead. */
    failure_rate?: number | undefined;
    /** How long a request waits to be answered by a call of `answerBinRequest`; without one, the bin answers as it is told here. */
    relay_ms?: number | undefined;
  } | undefined;
}

/** The answer to one request that waits for it. */
export interface BinReply {
  /** The HTTP status. */
  status: number;
  /** Names and values. */
  headers?: Record<string, string> | undefined;
  /** A text; at most 64 KiB are shown of an answer. */
  body?: string | undefined;
}

/** A test destination. It keeps the newest 500 requests, 1 MiB of each and 16 MiB of all, for 7 days. */
export interface Bin {
  /** Its id. */
  id: string;
  /** Captures everything that is sent to it or below it. */
  url: string;
  /** Shows what came, in a browser. */
  inspect_url: string;
  answer: BinAnswer;
  /** How many requests it holds. */
  request_count: number;
  /** When it was made. */
  created_at: string;
  /** When it and all it holds are deleted. */
  expires_at: string;
  /** What bins hold. */
  limits: {
    /** Bins of a workspace at one time. */
    bins: number;
    /** Requests that it keeps, the newest. */
    requests: number;
    /** What it keeps of the body of one. */
    request_bytes: number;
    /** What it keeps of all bodies; the oldest requests go first. */
    bytes: number;
    /** How long it lives. */
    days: number;
  };
}

export interface BinPage {
  /** The rows of this page. */
  data: Array<Bin>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** Whether an endpoint that points to this bin signed the request. */
export interface SignatureVerdict {
  /** Whether the signature is that of the endpoint. */
  verdict: "valid" | "invalid" | "unsigned" | "unknown_endpoint";
  /** Why, beginning with a code; null where there is nothing to say. */
  reason: string | null;
}

/** A captured request. */
export interface BinRequest {
  /** Its id. */
  id: string;
  /** When it came. */
  at: string;
  /** The HTTP method. */
  method: string;
  /** What follows the bin's own address: path and query. */
  path: string;
  /** Pairs of name and value, order and repeats kept. */
  headers: Array<Array<string>>;
  /** As text, or base64 where `encoding` says so; null where it was not asked for. */
  body: string | null;
  /** How `body` is written: as text, or base64 where it is no UTF-8. */
  encoding: "utf8" | "base64" | null;
  /** What is kept of the body. */
  body_bytes: number;
  /** True where more came than is kept. */
  truncated: boolean;
  signature: SignatureVerdict;
}

export interface BinRequestPage {
  /** The rows of this page. */
  data: Array<BinRequest>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** A mail to one address. */
export interface Mail {
  /** Its id. */
  id: string;
  /** `step` for a mail of a rule or workflow; else what its notices are mainly about. */
  kind: "step" | "disabled" | "expiring" | "warning" | "enabled" | "failed" | "refused" | "braked" | "dropped";
  /** To whom. */
  recipient: string;
  /** `pending` mails are tried again for three days. `refused`: the mail server turned it down for good, or could not be reached for those three days. `dropped`: rules and workflows had sent as many as the plan allows. */
  state: "pending" | "sent" | "refused" | "dropped";
  /** The mail server's last words where it did not take it, or the limit that was reached. */
  error: string | null;
  /** When the mail server took it; null before. */
  sent_at: string | null;
  /** The language of mails: Arabic or English. */
  language: "ar" | "en";
  /** Of a rule or workflow; null for a mail of notices. */
  subject: string | null;
  /** How often the mail server was asked to take it. */
  attempts: number;
  /** When it was made. */
  created_at: string;
  /** When it is tried again; null where nothing is planned. */
  next_attempt_at: string | null;
  /** When it ended; null before. */
  ended_at: string | null;
  /** The run that sent it. */
  run_id: string | null;
  /** The step of the run. */
  step: string | null;
  /** The notices that it tells of. */
  notice_ids: Array<string>;
}

export interface MailPage {
  /** The rows of this page. */
  data: Array<Mail>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** A mail that tells one person of a notice. */
export interface NoticeMail {
  /** To whom. */
  recipient: string;
  /** The language of mails: Arabic or English. */
  language: "ar" | "en";
  /** `pending` mails are tried again for three days. `refused`: the mail server turned it down for good, or could not be reached for those three days. `dropped`: rules and workflows had sent as many as the plan allows. */
  state: "pending" | "sent" | "refused" | "dropped";
  /** The mail server's last words where it did not take it. */
  error: string | null;
  /** When the mail server took it; null before. */
  sent_at: string | null;
}

/** Something that people and systems are told of. */
export interface Notice {
  /** Its id. */
  id: string;
  /** Which kind it is. */
  kind: "budget.warning" | "endpoint.disabled" | "endpoint.enabled" | "delivery.dropped" | "held.expiring" | "automation.failed" | "automation.braked" | "mail.refused";
  /** When it happened; where it is grouped, for the first time. */
  at: string;
  /** How often: `automation.failed`, `automation.braked` and `mail.refused` are grouped by rule or workflow and hour of the clock, and `details` tell of the first time. */
  count: number;
  /** The endpoint. */
  endpoint_id: string | null;
  /** The delivery that it is about; null for none. */
  delivery_id: string | null;
  /** By kind; names and URLs as they were at that moment. */
  details: Record<string, unknown>;
  /** Empty until a mail is made, and where nobody was to be told. */
  mails: Array<NoticeMail>;
}

export interface NoticePage {
  /** The rows of this page. */
  data: Array<Notice>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** Settings of a workspace. */
export interface Settings {
  /** `strict` refuses an event that its schema refuses; `warn` accepts it and says so. */
  validation: "strict" | "warn";
  /** The language of mails: Arabic or English. */
  language: "ar" | "en";
  /** `account.email` of marketing bodies where the publisher names none. */
  account_email: string | null;
  /** More than `limit` failed attempts within `window_s` seconds disable the endpoints at fault. */
  budget: {
    /** How many failed attempts are allowed; the next one disables. */
    limit: number;
    /** How long a failed attempt counts, in seconds. */
    window_s: number;
    /** One budget for all endpoints of the workspace, or one for each. */
    scope: "workspace" | "endpoint";
  };
  /** Who gets the mails; the workspace's owners where nobody is named. */
  notification_recipients: Array<{
    /** one e-mail address such as owner@example.com */
    email: string;
    /** The language of mails: Arabic or English. */
    language: "ar" | "en";
  }>;
  /** How long what is stored is kept, in days. */
  retention: {
    /** Events with their deliveries are kept so many days. */
    events_days: number;
    /** Bodies of events; without its body an event cannot be sent again are kept so many days. */
    bodies_days: number;
    /** Attempts with what was sent and answered are kept so many days. */
    attempts_days: number;
    /** Deliveries that are held; after that they are skipped are kept so many days. */
    held_days: number;
  };
  /** What was held goes out at most this fast once its endpoint is enabled again. */
  release_per_second: number;
}

/** What is absent stays as it is. */
export interface SettingsPatch {
  /** `strict` refuses an event that its schema refuses; `warn` accepts it and says so. */
  validation?: "strict" | "warn" | undefined;
  /** The language of mails: Arabic or English. */
  language?: "ar" | "en" | undefined;
  /** `account.email` of marketing bodies where the publisher names none. */
  account_email?: string | null | undefined;
  /** How many failed attempts are allowed within a window before the endpoints at fault are disabled. */
  budget?: {
    /** How many failed attempts are allowed; the next one disables. */
    limit?: number | undefined;
    /** How long a failed attempt counts, in seconds. */
    window_s?: number | undefined;
    /** One budget for all endpoints of the workspace, or one for each. */
    scope?: "workspace" | "endpoint" | undefined;
  } | undefined;
  /** Who gets the mails; the workspace's owners where nobody is named. */
  notification_recipients?: Array<{
    /** one e-mail address such as owner@example.com */
    email: string;
    /** The language of mails: Arabic or English. */
    language: "ar" | "en";
  }> | undefined;
  /** How long what is stored is kept, in days. */
  retention?: {
    /** Events with their deliveries are kept so many days. */
    events_days?: number | undefined;
    /** Bodies of events; without its body an event cannot be sent again are kept so many days. */
    bodies_days?: number | undefined;
    /** Attempts with what was sent and answered are kept so many days. */
    attempts_days?: number | undefined;
    /** Deliveries that are held; after that they are skipped are kept so many days. */
    held_days?: number | undefined;
  } | undefined;
  /** What was held goes out at most this fast once its endpoint is enabled again. */
  release_per_second?: number | undefined;
}

/** A tenant. */
export interface Workspace {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** The plan whose limits hold. */
  plan: string;
  settings: Settings;
  /** Who gets the mails where the settings name nobody. */
  owners: Array<{
    /** one e-mail address such as owner@example.com */
    email: string;
    /** The language of mails: Arabic or English. */
    language: "ar" | "en";
  }>;
  /** What your platform calls it; null for nothing. */
  external_id: string | null;
  /** What your platform notes of it. */
  metadata: Record<string, string>;
  /** Null for a workspace that is not suspended. */
  suspended: {
    /** `refuse`: no events are accepted; `hold`: they are, and wait. Either way nothing is sent. */
    mode: "refuse" | "hold";
    /** As whoever suspended it has put it; null for nothing. */
    reason: string | null;
    /** Since when. */
    at: string;
    /** Who did it. */
    by: string;
  } | null;
  /** When it was made. */
  created_at: string;
}

export interface WorkspacePage {
  /** The rows of this page. */
  data: Array<Workspace>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** The workspace and its first API key, which is shown this once. */
export interface CreatedWorkspace {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** The plan whose limits hold. */
  plan: string;
  settings: Settings;
  /** Who gets the mails where the settings name nobody. */
  owners: Array<{
    /** one e-mail address such as owner@example.com */
    email: string;
    /** The language of mails: Arabic or English. */
    language: "ar" | "en";
  }>;
  /** What your platform calls it; null for nothing. */
  external_id: string | null;
  /** What your platform notes of it. */
  metadata: Record<string, string>;
  /** Null for a workspace that is not suspended. */
  suspended: {
    /** `refuse`: no events are accepted; `hold`: they are, and wait. Either way nothing is sent. */
    mode: "refuse" | "hold";
    /** As whoever suspended it has put it; null for nothing. */
    reason: string | null;
    /** Since when. */
    at: string;
    /** Who did it. */
    by: string;
  } | null;
  /** When it was made. */
  created_at: string;
  api_key: CreatedApiKey;
}

/** A key that was not revoked. */
export interface ApiKey {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** The readable beginning, to recognise the key by. */
  prefix: string;
  /** What it may do. */
  scopes: Array<"publish" | "read" | "manage">;
  /** When it was made. */
  created_at: string;
  /** From then on it is refused with `api_key_expired`; null for never. */
  expires_at: string | null;
}

export interface ApiKeyPage {
  /** The rows of this page. */
  data: Array<ApiKey>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

/** The key and, this once, its text. */
export interface CreatedApiKey {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** The readable beginning, to recognise the key by. */
  prefix: string;
  /** What it may do. */
  scopes: Array<"publish" | "read" | "manage">;
  /** When it was made. */
  created_at: string;
  /** From then on it is refused with `api_key_expired`; null for never. */
  expires_at: string | null;
  /** The whole key. */
  key: string;
}

/** Somebody who can sign in. */
export interface Person {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** An address. */
  email: string;
  /** Of the mails about the account. */
  language: "ar" | "en";
  /** When the account was made. */
  created_at: string;
}

/** A workspace in which the caller may act. */
export interface MyWorkspace {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** Null for keys and portal links. */
  role: "owner" | "admin" | "developer" | "viewer" | null;
}

/** Who asks, and what they may do. */
export interface Me {
  /** Which kind it is. */
  kind: "person" | "api_key" | "instance_key" | "portal_link";
  /** The person's, or the name of the key or link. */
  name: string;
  /** Null for keys and portal links. */
  person: Person | null;
  /** The one that calls like this are about; null where `Mirsal-Workspace` must name it. */
  workspace: MyWorkspace | null;
  /** All in which the person is a member; of a key, its own. */
  workspaces: Array<MyWorkspace>;
  /** In that workspace. */
  scopes: Array<"publish" | "read" | "manage">;
  /** Roles that the caller may give to others there, change and take away. */
  gives_roles: Array<"owner" | "admin" | "developer" | "viewer">;
  /** Null for keys. */
  expires_at: string | null;
}

/** A browser in which the person is signed in. */
export interface Session {
  /** Its id. */
  id: string;
  /** Whether it is the one that asks. */
  current: boolean;
  /** The address that signed in. */
  address: string | null;
  /** What the browser called itself. */
  user_agent: string | null;
  /** When it began. */
  created_at: string;
  /** When it was last prolonged: within a day of its last use. */
  used_at: string;
  /** When it is over unless it is used. */
  expires_at: string;
}

/** A person in a workspace. */
export interface Member {
  person: Person;
  /** What they may do there. */
  role: "owner" | "admin" | "developer" | "viewer";
  /** When they joined. */
  since: string;
}

/** Somebody who is asked to become a member. */
export interface Invitation {
  /** Its id. */
  id: string;
  /** An address. */
  email: string;
  /** What they may do once they have accepted. */
  role: "owner" | "admin" | "developer" | "viewer";
  /** Of its mail. */
  language: "ar" | "en";
  /** Where it stands. */
  state: "open" | "expired";
  /** Who asked for it. */
  created_by: string;
  /** When it was made. */
  created_at: string;
  /** Until when it can be accepted. */
  expires_at: string;
}

/** An invitation and, this once, its link. */
export interface SentInvitation {
  /** Its id. */
  id: string;
  /** An address. */
  email: string;
  /** What they may do once they have accepted. */
  role: "owner" | "admin" | "developer" | "viewer";
  /** Of its mail. */
  language: "ar" | "en";
  /** Where it stands. */
  state: "open" | "expired";
  /** Who asked for it. */
  created_by: string;
  /** When it was made. */
  created_at: string;
  /** Until when it can be accepted. */
  expires_at: string;
  /** Who follows it can accept: shown this once. */
  link: string;
  /** What became of the mail. If it was not sent, hand the link on yourself. */
  mail: "sent" | "failed" | "not_set_up";
  /** What the mail server said, where it failed. */
  mail_error: string | null;
}

/** An invitation as whoever has its link sees it. */
export interface OfferedInvitation {
  /** Where the invitation leads. */
  workspace_name: string;
  /** An address. */
  email: string;
  /** What they may do there. */
  role: "owner" | "admin" | "developer" | "viewer";
  /** The language of mails: Arabic or English. */
  language: "ar" | "en";
  /** Until when it can be accepted. */
  expires_at: string;
  /** Whether the e-mail has an account: it must be signed in to accept, and needs no password. */
  has_account: boolean;
}

/** A link that lets others into the workspace for a while. */
export interface PortalLink {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** What it may do. */
  scopes: Array<"publish" | "read" | "manage">;
  /** Who asked for it. */
  created_by: string;
  /** When it was made. */
  created_at: string;
  /** When it is over. */
  expires_at: string;
}

/** A portal link and, this once, its token. */
export interface CreatedPortalLink {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** What it may do. */
  scopes: Array<"publish" | "read" | "manage">;
  /** Who asked for it. */
  created_by: string;
  /** When it was made. */
  created_at: string;
  /** When it is over. */
  expires_at: string;
  /** In the place of an API key: `Authorization: Bearer mirsalp_…`. */
  token: string;
  /** The page of the link. The token stands behind the #, which no server is sent and none logs. */
  url: string;
}

/** The error budget as it stands. */
export interface Budget {
  /** Errors that are allowed within the window; the next one trips. */
  limit: number;
  /** How long a failed attempt counts, in seconds. */
  window_s: number;
  /** Whether all endpoints of the workspace share it, or each has its own. */
  scope: "workspace" | "endpoint";
  /** Failed attempts within the window, of enabled endpoints. */
  errors: number;
  /** Who has caused them, most errors first. */
  endpoints: Array<{
    /** The endpoint. */
    endpoint_id: string;
    /** How many of them are charged to it. */
    errors: number;
    /** When the latest of them ended. */
    last_error_at: string;
    /** Null where the latest attempt succeeded. */
    last_error: string | null;
  }>;
}

/** What a workspace may use, and how much of it. */
export interface Plan {
  /** A name for people. */
  name: string;
  /** Whether webhooks, rules and workflows may be used at all. */
  webhooks: boolean;
  /** How many of each there may be; what is absent is not limited. */
  limits: {
    /** Endpoints; null for any number. */
    endpoints: number | null;
    /** Rules and workflows; null for any number. */
    rules: number | null;
    /** Members, with those who are invited; null for any number. */
    members: number | null;
    /** Events accepted per UTC day; null for any number. */
    events_per_day: number | null;
    /** Days that events are kept at most; null for any number. */
    retention_days: number | null;
    /** Mails that rules and workflows send per UTC day; null for any number. */
    mails_per_day: number | null;
    /** Of these, to one address; null for any number. */
    mails_per_recipient_per_day: number | null;
  };
}

/** How long attempts took that a receiver answered or let time out, ms. Taken from buckets with the bounds 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10000: off by less than the distance between the two around it. */
export interface Latency {
  /** Half of them took no longer. */
  p50: number;
  /** Of a hundred, 95 took no longer. */
  p95: number;
  /** Of a hundred, 99 took no longer. */
  p99: number;
}

/** How attempts ended, by the time at which they ended. */
export interface AttemptCounts {
  /** Those of repeats and tests, too. */
  attempts: number;
  /** Attempts that succeeded: each ends its delivery. */
  delivered: number;
  /** Attempts that failed, whether or not there was another. */
  failed: number;
  /** The failed ones by class. */
  failures: {
    /** The receiver answered, and not with a 2xx. */
    http: number;
    /** No answer in time. */
    timeout: number;
    /** No connection. */
    connect: number;
    /** The name did not resolve. */
    dns: number;
    /** No trusted, encrypted connection. */
    tls: number;
    /** The answer was no HTTP. */
    protocol: number;
    /** The address may not be sent to. */
    blocked: number;
  };
  /** Deliveries given up after their last attempt. */
  dropped: number;
  /** Null where no attempt says how fast the receiver is. */
  latency_ms: Latency | null;
}

export interface AttemptPoint {
  /** When the step begins. */
  at: string;
  /** Those of repeats and tests, too. */
  attempts: number;
  /** Attempts that succeeded: each ends its delivery. */
  delivered: number;
  /** Attempts that failed, whether or not there was another. */
  failed: number;
  /** The failed ones by class. */
  failures: {
    /** The receiver answered, and not with a 2xx. */
    http: number;
    /** No answer in time. */
    timeout: number;
    /** No connection. */
    connect: number;
    /** The name did not resolve. */
    dns: number;
    /** No trusted, encrypted connection. */
    tls: number;
    /** The answer was no HTTP. */
    protocol: number;
    /** The address may not be sent to. */
    blocked: number;
  };
  /** Deliveries given up after their last attempt. */
  dropped: number;
  /** Null where no attempt says how fast the receiver is. */
  latency_ms: Latency | null;
}

/** How attempts at one endpoint ended. */
export interface EndpointStats {
  /** The endpoint. */
  endpoint_id: string;
  /** As asked for. */
  range: "hour" | "day" | "week" | "month";
  /** How long each step is, seconds. */
  step_s: number;
  /** When the first step begins. */
  since: string;
  /** When the last step ends. */
  until: string;
  totals: AttemptCounts;
  /** One for each step, oldest first, zero where nothing was. */
  points: Array<AttemptPoint>;
}

export interface WorkspacePoint {
  /** When the step begins. */
  at: string;
  /** Accepted. */
  events: number;
  /** Those of repeats and tests, too. */
  attempts: number;
  /** Attempts that succeeded: each ends its delivery. */
  delivered: number;
  /** Attempts that failed, whether or not there was another. */
  failed: number;
  /** The failed ones by class. */
  failures: {
    /** The receiver answered, and not with a 2xx. */
    http: number;
    /** No answer in time. */
    timeout: number;
    /** No connection. */
    connect: number;
    /** The name did not resolve. */
    dns: number;
    /** No trusted, encrypted connection. */
    tls: number;
    /** The answer was no HTTP. */
    protocol: number;
    /** The address may not be sent to. */
    blocked: number;
  };
  /** Deliveries given up after their last attempt. */
  dropped: number;
  /** Null where no attempt says how fast the receiver is. */
  latency_ms: Latency | null;
}

export interface WorkspaceTotals {
  /** Accepted. */
  events: number;
  /** Those of repeats and tests, too. */
  attempts: number;
  /** Attempts that succeeded: each ends its delivery. */
  delivered: number;
  /** Attempts that failed, whether or not there was another. */
  failed: number;
  /** The failed ones by class. */
  failures: {
    /** The receiver answered, and not with a 2xx. */
    http: number;
    /** No answer in time. */
    timeout: number;
    /** No connection. */
    connect: number;
    /** The name did not resolve. */
    dns: number;
    /** No trusted, encrypted connection. */
    tls: number;
    /** The answer was no HTTP. */
    protocol: number;
    /** The address may not be sent to. */
    blocked: number;
  };
  /** Deliveries given up after their last attempt. */
  dropped: number;
  /** Null where no attempt says how fast the receiver is. */
  latency_ms: Latency | null;
}

export interface EventTypeSeries {
  /** Null for all but the 50 types with most events, together. */
  event_type: string | null;
  /** The events, in the order of the call. */
  events: number;
  /** Events of each step. */
  points: Array<number>;
}

/** What the workspace accepted, and how attempts at all its endpoints ended. */
export interface WorkspaceStats {
  /** As asked for. */
  range: "hour" | "day" | "week" | "month";
  /** How long each step is, seconds. */
  step_s: number;
  /** When the first step begins. */
  since: string;
  /** When the last step ends. */
  until: string;
  totals: WorkspaceTotals;
  /** One for each step, oldest first, zero where nothing was. */
  points: Array<WorkspacePoint>;
  /** Most events first; null unless asked for. */
  event_types: Array<EventTypeSeries> | null;
}

export interface Sparkline {
  /** The endpoint. */
  endpoint_id: string;
  /** Of each step, oldest first. */
  delivered: Array<number>;
  /** Likewise. */
  failed: Array<number>;
  /** Of the attempts of the whole time. */
  success_rate: number;
}

/** How attempts at all endpoints ended, in little. */
export interface Sparklines {
  /** As asked for. */
  range: "hour" | "day" | "week" | "month";
  /** How long each step is, seconds. */
  step_s: number;
  /** When the first step begins. */
  since: string;
  /** When the last step ends. */
  until: string;
  /** Endpoints to which nothing was sent in this time are absent. */
  data: Array<Sparkline>;
}

/** What a workspace has used of an event type on one day. */
export interface Usage {
  /** Whose usage it is. */
  workspace_id: string;
  /** What your platform calls the workspace. */
  external_id: string | null;
  /** The UTC day, such as 2026-05-04. */
  day: string;
  /** The type of the event. */
  event_type: string;
  /** Events accepted, tests and system events among them. */
  events: number;
  /** Requests that have ended on that day. */
  attempts: number;
  /** Deliveries that have arrived on that day. */
  delivered: number;
  /** Deliveries given up on that day. */
  dropped: number;
  /** Deliveries released unsent on that day. */
  skipped: number;
}

export interface UsagePage {
  /** The rows of this page. */
  data: Array<Usage>;
  /** For the next page; null on the last one. */
  next_cursor: string | null;
}

export interface OverviewDay {
  /** When it begins: midnight in UTC. */
  since: string;
  totals: WorkspaceTotals;
  /** Attempts that succeeded among all; null where there were none. */
  success_rate: number | null;
}

export interface OpenDeliveries {
  /** How many there are. */
  count: number;
  /** When the oldest of them was made; null without any. */
  oldest_at: string | null;
}

/** What a start page shows. `waiting` is open at enabled endpoints, `held` at disabled ones. */
export interface Overview {
  /** When it was so. */
  at: string;
  today: OverviewDay;
  yesterday: OverviewDay;
  /** How many endpoints there are. */
  endpoints: {
    /** All of them, those of rules and workflows among them. */
    total: number;
    /** Those that are sent to. */
    enabled: number;
    /** Those whose deliveries are held. */
    disabled: number;
    /** Enabled, and the latest attempt failed. */
    failing: number;
  };
  /** Endpoints that are disabled, but not by hand, then those that fail, then those disabled by hand; the latest first, and 20 at the most. */
  attention: Array<Endpoint>;
  waiting: OpenDeliveries;
  held: OpenDeliveries;
  budget: Budget;
  /** The latest five. */
  notices: Array<Notice>;
  /** What a new workspace has done already. */
  onboarding: {
    /** A bin was made. */
    has_bins: boolean;
    /** An endpoint was connected. */
    has_endpoints: boolean;
    /** An event was accepted. */
    has_events: boolean;
    /** Something in the log has arrived. */
    has_delivered: boolean;
  };
}

/** Something that a search has found, and where to ask for it. */
export interface FoundThing {
  /** What it is. */
  kind: "event" | "delivery" | "endpoint" | "rule" | "workflow" | "run" | "bin" | "replay" | "event_type";
  /** Its id; an event type's name. */
  id: string;
  /** Its name or URL; null where it has none. */
  name: string | null;
  /** Where the API has it, such as `/v1/endpoints/ep_…`. */
  path: string;
}

/** What a search has found, by kind. */
export interface SearchResult {
  /** What has exactly this id, message id or event id; null where nothing has. */
  exact: FoundThing | null;
  /** The newest events that hold all the words; the event itself, and that of a delivery, by their ids. */
  events: Array<Event>;
  /** The newest deliveries of such events, with what became of them. */
  deliveries: Array<Delivery>;
  /** By name and URL. */
  endpoints: Array<FoundThing>;
  /** Rules and workflows, by name. */
  automations: Array<FoundThing>;
  /** By name and title. */
  event_types: Array<FoundThing>;
  /** Events accepted before it are found by what they hold; null where search by text is off. */
  indexed_until: string | null;
}
