/** Every operation of the API, by noun and verb. Made of the OpenAPI document by clients/typescript/generate.ts: `npm run sdk` makes it anew. */

import type { CallOptions, NewEventOf, Pages } from '../calls.ts';
import type * as S from './schemas.ts';

export interface Nouns {
  readonly plans: {
    /** List plans, from the least to the most. */
    list(options?: CallOptions): Promise<{
      /** The rows of this page. */
      data: Array<S.Plan>;
    }>;
  };
  readonly events: {
    /** Publish an event. */
    publish<const Type extends string>(body: NewEventOf<Type>, options?: CallOptions): Promise<S.AcceptedEvent>;
    /** List events. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** From this moment on (RFC 3339). */
      since?: string | undefined;
      /** Before this moment (RFC 3339). */
      until?: string | undefined;
      /** Words, numbers and addresses, all of which the event holds: order numbers, e-mails, names. Case, the ways of writing Arabic and its digits make no difference. */
      text?: string | undefined;
      /** An event type. */
      type?: string | undefined;
      /** The contact that the event is about. */
      subject?: string | undefined;
    }, options?: CallOptions): Pages<S.EventPage>;
    /** Publish up to 1000 events, all or none. */
    publishBatch<const Types extends readonly string[]>(body: { events: readonly [...{ [Place in keyof Types]: NewEventOf<Types[Place]> }] }, options?: CallOptions): Promise<S.AcceptedEvents>;
    /** Get an event with its deliveries and every verdict on it. */
    get(id: string, options?: CallOptions): Promise<S.EventDetail>;
    /** Send an event again to the endpoints that it was for. */
    replay(id: string, body: {
      /** Only to these; to all that it was for if absent. */
      endpoint_ids?: Array<string> | undefined;
    }, options?: CallOptions): Promise<S.EventReplay>;
  };
  readonly eventTypes: {
    /** List all event types. */
    list(options?: CallOptions): Promise<S.EventTypePage>;
    /** Define an event type. */
    create(body: S.NewEventType, options?: CallOptions): Promise<S.EventType>;
    /** Get an event type: schema, samples, texts. */
    get(name: string, options?: CallOptions): Promise<S.EventType>;
    /** Change one of the workspace's event types. */
    update(name: string, body: S.EventTypePatch, options?: CallOptions): Promise<S.EventType>;
    /** Delete one of the workspace's event types. */
    delete(name: string, options?: CallOptions): Promise<void>;
    /** List what a trigger can be narrowed to: the funnel steps, tags, … seen lately. */
    listScopes(name: string, options?: CallOptions): Promise<S.SeenScopes>;
  };
  readonly endpoints: {
    /** Connect an endpoint. */
    create(body: S.NewEndpoint, options?: CallOptions): Promise<S.CreatedEndpoint>;
    /** List endpoints. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** Only those of exactly this URL. */
      url?: string | undefined;
    }, options?: CallOptions): Pages<S.EndpointPage>;
    /** Get an endpoint. */
    get(id: string, options?: CallOptions): Promise<S.Endpoint>;
    /** Change an endpoint. */
    update(id: string, body: S.EndpointPatch, options?: CallOptions): Promise<S.Endpoint>;
    /** Delete an endpoint. */
    delete(id: string, options?: CallOptions): Promise<void>;
    /** Disable an endpoint: its deliveries are held from now on. */
    disable(id: string, options?: CallOptions): Promise<S.Endpoint>;
    /** Enable an endpoint, and decide what becomes of what was held. */
    enable(id: string, body: {
      /** What becomes of what was held: sent in order, or skipped. */
      held?: "send" | "skip" | undefined;
    }, options?: CallOptions): Promise<S.Endpoint>;
    /** Enable many endpoints, and decide what becomes of what was held. */
    enableMany(body: {
      /** Ids of endpoints (`ep_…`). */
      ids: Array<string>;
      /** Whether what was held is sent in order, or skipped. */
      held: "send" | "skip";
    }, options?: CallOptions): Promise<S.EnabledEndpoints>;
    /** Send a sample event to this endpoint alone. */
    test(id: string, body: {
      /** The type of the event. */
      event_type: string;
      /** A sample's name; the type's first one if absent. */
      sample?: string | undefined;
    }, options?: CallOptions): Promise<{
      /** The event. */
      event_id: string;
      /** The delivery that it is about; null for none. */
      delivery_id: string;
    }>;
    /** Get an endpoint's signing secret. */
    getSecret(id: string, options?: CallOptions): Promise<S.EndpointSecret>;
    /** Put a new signing secret in force. */
    rotateSecret(id: string, body: {
      /** How long both secrets sign, in seconds. */
      overlap_s?: number | undefined;
      /** `v1` if absent. */
      kind?: "v1" | "v1a" | undefined;
    }, options?: CallOptions): Promise<S.RotatedSecret>;
    /** Get an endpoint's statistics. */
    getStats(id: string, query?: {
      /** `hour`: 60 steps of a minute; `day`: 24 of an hour; `week`: 168 of an hour; `month`: 31 of a day. Steps are those of UTC, and the last one is still going on. */
      range?: "hour" | "day" | "week" | "month" | undefined;
    }, options?: CallOptions): Promise<S.EndpointStats>;
    /** Get the last day of all endpoints in little. */
    getSparklines(options?: CallOptions): Promise<S.Sparklines>;
    /** Send a range of deliveries to an endpoint again. */
    replay(id: string, body: S.NewReplay, options?: CallOptions): Promise<S.ReplayPreview | S.Replay>;
  };
  readonly budget: {
    /** Get the error budget as it stands. */
    get(options?: CallOptions): Promise<S.Budget>;
  };
  readonly stats: {
    /** Get the workspace's statistics. */
    get(query?: {
      /** `hour`: 60 steps of a minute; `day`: 24 of an hour; `week`: 168 of an hour; `month`: 31 of a day. Steps are those of UTC, and the last one is still going on. */
      range?: "hour" | "day" | "week" | "month" | undefined;
      /** Adds a series of events for each type. */
      by?: "event_type" | undefined;
    }, options?: CallOptions): Promise<S.WorkspaceStats>;
  };
  readonly overview: {
    /** Get what a start page shows. */
    get(options?: CallOptions): Promise<S.Overview>;
  };
  readonly deliveries: {
    /** List deliveries. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** From this moment on (RFC 3339). */
      since?: string | undefined;
      /** Before this moment (RFC 3339). */
      until?: string | undefined;
      /** The endpoint. */
      endpoint_id?: string | undefined;
      /** The event. */
      event_id?: string | undefined;
      /** One of pending, sending, waiting, held, delivered, dropped, skipped, or several with commas: `pending,waiting`. */
      state?: string | undefined;
      /** HTTP status of the last attempt, such as `503`, or a class of them, such as `5xx`. */
      status?: string | undefined;
      /** How the last attempt ended: which class of error, or success. */
      outcome?: "success" | "http" | "timeout" | "connect" | "dns" | "tls" | "protocol" | "blocked" | undefined;
      /** What asked for it: subscription, rule, workflow, test, replay, or the id of a rule, workflow or endpoint. */
      source?: string | undefined;
      /** Words, numbers and addresses, all of which the event holds: order numbers, e-mails, names. Case, the ways of writing Arabic and its digits make no difference. */
      text?: string | undefined;
      /** An event type. */
      type?: string | undefined;
      /** The contact that the event is about. */
      subject?: string | undefined;
    }, options?: CallOptions): Pages<S.DeliveryPage>;
    /** Get a delivery with every attempt in full. */
    get(id: string, options?: CallOptions): Promise<S.DeliveryDetail>;
    /** Retry a waiting delivery now, or resend one that has ended. */
    retry(id: string, options?: CallOptions): Promise<S.Delivery>;
    /** Skip a delivery: it is not sent, and the next in its lane follows. */
    skip(id: string, options?: CallOptions): Promise<S.Delivery>;
    /** Retry many waiting deliveries now, and resend many that have ended. */
    retryMany(body: S.ManyDeliveries, options?: CallOptions): Promise<S.ManyDeliveriesPreview | S.Job>;
    /** Skip many deliveries: they are not sent, and what follows in their lanes is. */
    skipMany(body: S.ManyDeliveries, options?: CallOptions): Promise<S.ManyDeliveriesPreview | S.Job>;
    /** Send many deliveries that have ended again. */
    replay(body: S.ManyDeliveries, options?: CallOptions): Promise<S.ManyDeliveriesPreview | S.Job>;
  };
  readonly replays: {
    /** List replays. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
    }, options?: CallOptions): Pages<S.ReplayPage>;
    /** Get a replay with its progress. */
    get(id: string, options?: CallOptions): Promise<S.Replay>;
    /** Cancel a replay: what has joined the lanes is sent, the rest is not. */
    cancel(id: string, options?: CallOptions): Promise<S.Replay>;
  };
  readonly jobs: {
    /** List jobs. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** Only jobs of this kind. */
      kind?: "retry_deliveries" | "skip_deliveries" | "replay_deliveries" | "delete_workspace" | "erase" | undefined;
      /** Only jobs in this state. */
      state?: "running" | "finished" | "cancelled" | "failed" | undefined;
    }, options?: CallOptions): Pages<S.JobPage>;
    /** Get a job with its progress. */
    get(id: string, options?: CallOptions): Promise<S.Job>;
    /** Cancel a job: what it has done stays done, the rest is not done. */
    cancel(id: string, options?: CallOptions): Promise<S.Job>;
  };
  readonly rules: {
    /** Make a rule. */
    create(body: S.NewRule, options?: CallOptions): Promise<S.Rule>;
    /** List rules. */
    list(options?: CallOptions): Promise<S.RulePage>;
    /** Get a rule. */
    get(id: string, options?: CallOptions): Promise<S.Rule>;
    /** Change a rule. */
    update(id: string, body: S.RulePatch, options?: CallOptions): Promise<S.Rule>;
    /** Delete a rule. */
    delete(id: string, options?: CallOptions): Promise<void>;
    /** Enable a rule. */
    enable(id: string, options?: CallOptions): Promise<S.Rule>;
    /** Disable a rule. */
    disable(id: string, options?: CallOptions): Promise<S.Rule>;
    /** Copy a rule. */
    duplicate(id: string, options?: CallOptions): Promise<S.Rule>;
    /** List the versions of a rule. */
    listVersions(id: string, options?: CallOptions): Promise<S.RuleVersionPage>;
    /** Have a rule do again what an older version of it did. */
    restoreVersion(id: string, version: string, body: S.RuleRestore, options?: CallOptions): Promise<S.Rule>;
    /** Cancel all runs of a rule that wait. */
    cancelRuns(id: string, options?: CallOptions): Promise<{
      /** How many there were. */
      cancelled: number;
    }>;
    /** Let subjects set a rule off again that have done so as often as is allowed. */
    resetBrake(id: string, body: {
      /** The contact, as its events and runs name it; all if absent. */
      subject?: string | undefined;
    }, options?: CallOptions): Promise<{
      /** How often the subject had set it off in its period, braked times included; null where all subjects were reset. */
      activations: number | null;
    }>;
    /** Export all rules. */
    export(options?: CallOptions): Promise<S.RuleExport>;
    /** Import rules. */
    import(body: S.RuleImport, options?: CallOptions): Promise<S.RulePage>;
    /** See what a rule would do, and why. */
    test(body: S.DryRunInput, options?: CallOptions): Promise<S.DryRun>;
  };
  readonly workflows: {
    /** Make a workflow. */
    create(body: S.NewWorkflow, options?: CallOptions): Promise<S.Workflow>;
    /** List workflows. */
    list(options?: CallOptions): Promise<S.WorkflowPage>;
    /** Get a workflow. */
    get(id: string, options?: CallOptions): Promise<S.Workflow>;
    /** Change a workflow. */
    update(id: string, body: S.WorkflowPatch, options?: CallOptions): Promise<S.Workflow>;
    /** Delete a workflow. */
    delete(id: string, options?: CallOptions): Promise<void>;
    /** Enable a workflow. */
    enable(id: string, options?: CallOptions): Promise<S.Workflow>;
    /** Disable a workflow. */
    disable(id: string, options?: CallOptions): Promise<S.Workflow>;
    /** Copy a workflow. */
    duplicate(id: string, options?: CallOptions): Promise<S.Workflow>;
    /** List the versions of a workflow. */
    listVersions(id: string, options?: CallOptions): Promise<S.WorkflowVersionPage>;
    /** Have a workflow do again what an older version of it did. */
    restoreVersion(id: string, version: string, body: S.WorkflowRestore, options?: CallOptions): Promise<S.Workflow>;
    /** Cancel all runs of a workflow that wait. */
    cancelRuns(id: string, options?: CallOptions): Promise<{
      /** How many there were. */
      cancelled: number;
    }>;
    /** Let subjects set a workflow off again that have done so as often as is allowed. */
    resetBrake(id: string, body: {
      /** The contact, as its events and runs name it; all if absent. */
      subject?: string | undefined;
    }, options?: CallOptions): Promise<{
      /** How often the subject had set it off in its period, braked times included; null where all subjects were reset. */
      activations: number | null;
    }>;
    /** Export all workflows. */
    export(options?: CallOptions): Promise<S.WorkflowExport>;
    /** Import workflows. */
    import(body: S.WorkflowImport, options?: CallOptions): Promise<S.WorkflowPage>;
    /** See what a workflow would do, and why. */
    test(body: S.DryRunInput, options?: CallOptions): Promise<S.DryRun>;
  };
  readonly runs: {
    /** List runs of rules and workflows. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** A rule or workflow. */
      automation_id?: string | undefined;
      /** The event. */
      event_id?: string | undefined;
      /** Where it stands. */
      state?: "waiting" | "finished" | "failed" | "cancelled" | "skipped" | undefined;
    }, options?: CallOptions): Pages<S.RunPage>;
    /** Get a run with its history. */
    get(id: string, options?: CallOptions): Promise<S.RunDetail>;
    /** Cancel a run that waits. */
    cancel(id: string, options?: CallOptions): Promise<S.RunDetail>;
  };
  readonly bins: {
    /** Create a test destination. */
    create(body: S.BinInput, options?: CallOptions): Promise<S.Bin>;
    /** List bins. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
    }, options?: CallOptions): Pages<S.BinPage>;
    /** Get a bin. */
    get(id: string, options?: CallOptions): Promise<S.Bin>;
    /** Script how a bin answers. */
    update(id: string, body: S.BinInput, options?: CallOptions): Promise<S.Bin>;
    /** Delete a bin and what it captured. */
    delete(id: string, options?: CallOptions): Promise<void>;
    /** List what a bin captured, or wait for the next request. */
    listRequests(id: string, query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** Seconds. */
      wait?: number | undefined;
      /** The id of a request (req_…). */
      after?: string | undefined;
      /** With the bodies. */
      bodies?: boolean | undefined;
    }, options?: CallOptions): Pages<S.BinRequestPage>;
    /** Answer a request that waits for it. */
    answerRequest(id: string, request_id: string, body: S.BinReply, options?: CallOptions): Promise<void>;
  };
  readonly mails: {
    /** List mails. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** Where it stands. */
      state?: "pending" | "sent" | "refused" | "dropped" | undefined;
      /** An address, as the mail has it. */
      recipient?: string | undefined;
      /** Those that a run has sent. */
      run_id?: string | undefined;
      /** Those that tell of a notice. */
      notice_id?: string | undefined;
    }, options?: CallOptions): Pages<S.MailPage>;
  };
  readonly notices: {
    /** List notices. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** Only those of this kind. */
      kind?: "budget.warning" | "endpoint.disabled" | "endpoint.enabled" | "delivery.dropped" | "held.expiring" | "automation.failed" | "automation.braked" | "mail.refused" | undefined;
    }, options?: CallOptions): Pages<S.NoticePage>;
  };
  readonly search: {
    /** Find anything by its id or by words. */
    search(query: {
      /** An id of any kind, or words: order numbers, e-mails, names. */
      q: string;
      /** Of each kind. */
      limit?: number | undefined;
    }, options?: CallOptions): Promise<S.SearchResult>;
  };
  readonly workspaces: {
    /** Create a workspace and its first API key. */
    create(body: {
      /** A name for people. */
      name: string;
      /** The plan whose limits hold. */
      plan?: string | undefined;
      settings?: S.SettingsPatch | undefined;
      /** Who gets the mails where the settings name nobody. */
      owners?: Array<{
        /** one e-mail address such as owner@example.com */
        email: string;
        /** The language of mails: Arabic or English. */
        language: "ar" | "en";
      }> | undefined;
      /** What your platform calls it; no two workspaces have the same. */
      external_id?: string | undefined;
      /** What your platform notes of it. */
      metadata?: Record<string, string> | undefined;
    }, options?: CallOptions): Promise<S.CreatedWorkspace>;
    /** List workspaces. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** The one that your platform calls so. */
      external_id?: string | undefined;
      /** Part of the name or the external id, whatever the letter case and the Arabic forms. */
      search?: string | undefined;
      /** Where it stands. */
      state?: "active" | "suspended" | undefined;
      /** Members of the metadata, all of them: `tier:gold`, or `tier:gold,region:eu`. */
      metadata?: string | undefined;
    }, options?: CallOptions): Pages<S.WorkspacePage>;
    /** Get a workspace. */
    get(id: string, options?: CallOptions): Promise<S.Workspace>;
    /** Change a workspace's name, plan, owners, external id or metadata. */
    update(id: string, body: {
      /** A name for people. */
      name?: string | undefined;
      /** The plan whose limits hold. */
      plan?: string | undefined;
      /** Who gets the mails where the settings name nobody. */
      owners?: Array<{
        /** one e-mail address such as owner@example.com */
        email: string;
        /** The language of mails: Arabic or English. */
        language: "ar" | "en";
      }> | undefined;
      /** What your platform calls it; null for nothing. */
      external_id?: string | null | undefined;
      /** It replaces all that was noted. */
      metadata?: Record<string, string> | undefined;
    }, options?: CallOptions): Promise<S.Workspace>;
    /** Delete a workspace and all that is of it. */
    delete(id: string, options?: CallOptions): Promise<S.Job>;
    /** Suspend a workspace: nothing of it is sent any more. */
    suspend(id: string, body: {
      /** What becomes of events that are published. */
      mode: "refuse" | "hold";
      /** Whoever reads or publishes in the workspace is told so. */
      reason?: string | undefined;
    }, options?: CallOptions): Promise<S.Workspace>;
    /** Resume a suspended workspace. */
    resume(id: string, options?: CallOptions): Promise<S.Workspace>;
  };
  readonly usage: {
    /** What was used, by UTC day and event type. */
    list(query: {
      /** The first day, such as 2026-05-01. */
      from: string;
      /** The last day; the first one where it is absent, such as 2026-05-01. */
      to?: string | undefined;
      /** With an instance key. */
      workspace_id?: string | undefined;
      /** With an instance key. */
      external_id?: string | undefined;
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
    }, options?: CallOptions): Pages<S.UsagePage>;
  };
  readonly erasures: {
    /** Erase a person's data. */
    eraseData(body: {
      /** The contact that events are about. */
      subject?: string | undefined;
      /** What tells of the person wherever it stands, such as an e-mail; whatever the letter case. */
      terms?: Array<string> | undefined;
    }, options?: CallOptions): Promise<S.Job>;
  };
  readonly apiKeys: {
    /** Create an API key. */
    create(body: {
      /** A name for people. */
      name: string;
      /** What it may do. */
      scopes: Array<"publish" | "read" | "manage">;
      /** From then on it is refused (RFC 3339). */
      expires_at?: string | undefined;
    }, options?: CallOptions): Promise<S.CreatedApiKey>;
    /** List the API keys in force. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
    }, options?: CallOptions): Pages<S.ApiKeyPage>;
    /** Revoke an API key. */
    revoke(id: string, options?: CallOptions): Promise<void>;
  };
  readonly settings: {
    /** Get the workspace's settings. */
    get(options?: CallOptions): Promise<S.Settings>;
    /** Change the workspace's settings. */
    update(body: S.SettingsPatch, options?: CallOptions): Promise<S.Settings>;
  };
  readonly meta: {
    /** Get version, source addresses, limits and plan. */
    get(options?: CallOptions): Promise<{
      /** From 1 on. */
      version: string;
      /** Where this installation is reached from outside. */
      public_url: string;
      /** Where deliveries come from, for allow-lists. */
      source_ips: Array<string>;
      /** How many of each there may be. */
      limits: Record<string, number>;
      /** The workspace's; null for an instance key that names none. */
      plan: string | null;
    }>;
  };
  readonly audit: {
    /** List who changed what. */
    list(query?: {
      /** Rows on a page. */
      limit?: number | undefined;
      /** `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** The id of an endpoint, a delivery, a key … */
      target?: string | undefined;
      /** What was done. */
      action?: "endpoint.created" | "endpoint.updated" | "endpoint.deleted" | "endpoint.enabled" | "endpoint.disabled" | "endpoint.secret_rotated" | "delivery.retried" | "delivery.skipped" | "delivery.replayed" | "event.replayed" | "replay.started" | "replay.cancelled" | "job.started" | "job.cancelled" | "settings.updated" | "workspace.updated" | "workspace.suspended" | "workspace.resumed" | "workspace.deleted" | "api_key.created" | "api_key.revoked" | "rule.created" | "rule.updated" | "rule.enabled" | "rule.disabled" | "rule.deleted" | "rule.brake_reset" | "workflow.created" | "workflow.updated" | "workflow.enabled" | "workflow.disabled" | "workflow.deleted" | "workflow.brake_reset" | "run.cancelled" | "member.joined" | "member.role_changed" | "member.removed" | "invitation.created" | "invitation.resent" | "invitation.revoked" | "portal_link.created" | "portal_link.revoked" | undefined;
    }, options?: CallOptions): Pages<S.AuditPage>;
  };
  readonly setup: {
    /** Whether the first owner is still to be made. */
    get(options?: CallOptions): Promise<{
      /** True while there is nobody who can sign in. */
      needed: boolean;
      /** Whether that needs the token that the start has printed. */
      token_required: boolean;
    }>;
    /** Make the first owner. */
    setUp(body: {
      /** As it was printed, or stands in the link. */
      token?: string | undefined;
      /** A name for people. */
      name: string;
      /** one e-mail address such as owner@example.com; upper and lower case are the same. */
      email: string;
      /** 10 to 128 characters, whichever they are. */
      password: string;
      /** The language of mails: Arabic or English. */
      language?: "ar" | "en" | undefined;
      /** Of the first workspace from now on. */
      workspace_name?: string | undefined;
    }, options?: CallOptions): Promise<S.Person>;
  };
  readonly signIn: {
    /** Sign in. */
    signIn(body: {
      /** one e-mail address such as owner@example.com; upper and lower case are the same. */
      email: string;
      /** The password that the account has. */
      password: string;
    }, options?: CallOptions): Promise<S.Person>;
  };
  readonly signOut: {
    /** Sign out. */
    signOut(options?: CallOptions): Promise<void>;
  };
  readonly passwordResets: {
    /** Ask for a mail with a link to a new password. */
    request(body: {
      /** one e-mail address such as owner@example.com; upper and lower case are the same. */
      email: string;
    }, options?: CallOptions): Promise<void>;
    /** Set a new password by the token of a mail. */
    resetPassword(body: {
      /** As it was printed, or stands in the link. */
      token: string;
      /** 10 to 128 characters, whichever they are. */
      password: string;
    }, options?: CallOptions): Promise<void>;
  };
  readonly me: {
    /** Who asks, where, and what they may do. */
    get(options?: CallOptions): Promise<S.Me>;
    /** Change one's name, e-mail or language. */
    update(body: {
      /** A name for people. */
      name?: string | undefined;
      /** The language of mails: Arabic or English. */
      language?: "ar" | "en" | undefined;
      /** one e-mail address such as owner@example.com; upper and lower case are the same. */
      email?: string | undefined;
      /** The password that the account has. */
      current_password?: string | undefined;
    }, options?: CallOptions): Promise<S.Person>;
    /** Change one's password. */
    changePassword(body: {
      /** The password that the account has. */
      current_password: string;
      /** 10 to 128 characters, whichever they are. */
      new_password: string;
    }, options?: CallOptions): Promise<void>;
    /** List the browsers in which one is signed in. */
    listSessions(options?: CallOptions): Promise<{
      /** The rows of this page. */
      data: Array<S.Session>;
    }>;
    /** Sign out in one browser. */
    endSession(id: string, options?: CallOptions): Promise<void>;
    /** Sign out everywhere else. */
    endOtherSessions(options?: CallOptions): Promise<{
      /** How many sessions have ended. */
      ended: number;
    }>;
  };
  readonly members: {
    /** List the members of the workspace. */
    list(options?: CallOptions): Promise<{
      /** The rows of this page. */
      data: Array<S.Member>;
    }>;
    /** Change a member's role. */
    update(id: string, body: {
      /** What they may do: docs/people.md has the table. */
      role: "owner" | "admin" | "developer" | "viewer";
    }, options?: CallOptions): Promise<S.Member>;
    /** Remove a member, or leave. */
    remove(id: string, options?: CallOptions): Promise<void>;
    /** Invite somebody. */
    invite(body: {
      /** one e-mail address such as owner@example.com; upper and lower case are the same. */
      email: string;
      /** What they may do: docs/people.md has the table. */
      role: "owner" | "admin" | "developer" | "viewer";
      /** The language of mails: Arabic or English. */
      language?: "ar" | "en" | undefined;
    }, options?: CallOptions): Promise<S.SentInvitation>;
    /** List invitations that nobody has accepted. */
    listInvitations(options?: CallOptions): Promise<{
      /** The rows of this page. */
      data: Array<S.Invitation>;
    }>;
    /** Send an invitation again. */
    resendInvitation(id: string, options?: CallOptions): Promise<S.SentInvitation>;
    /** Take an invitation back. */
    revokeInvitation(id: string, options?: CallOptions): Promise<void>;
  };
  readonly invitations: {
    /** What an invitation offers. */
    lookAt(body: {
      /** As it was printed, or stands in the link. */
      token: string;
    }, options?: CallOptions): Promise<S.OfferedInvitation>;
    /** Accept an invitation. */
    accept(body: {
      /** As it was printed, or stands in the link. */
      token: string;
      /** A name for people. */
      name?: string | undefined;
      /** 10 to 128 characters, whichever they are. */
      password?: string | undefined;
      /** The language of mails: Arabic or English. */
      language?: "ar" | "en" | undefined;
    }, options?: CallOptions): Promise<S.MyWorkspace>;
  };
  readonly portalLinks: {
    /** Make a portal link. */
    create(body: {
      /** What it may do. */
      scopes: Array<"publish" | "read" | "manage">;
      /** It is over after so many seconds. */
      expires_in_s: number;
      /** Whom it is for; in the list and the audit log. */
      name?: string | undefined;
    }, options?: CallOptions): Promise<S.CreatedPortalLink>;
    /** List the portal links in force. */
    list(options?: CallOptions): Promise<{
      /** The rows of this page. */
      data: Array<S.PortalLink>;
    }>;
    /** Revoke a portal link. */
    revoke(id: string, options?: CallOptions): Promise<void>;
  };
}
