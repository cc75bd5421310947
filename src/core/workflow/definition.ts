/**
 * Rules and workflows as people and programs write them (B2, B3, B7). Pure data; parse.ts checks it,
 * program.ts compiles both to the same thing. SPEC.md says what they mean.
 *
 * Conditions, templates and fields read the body of the event that triggered, as a receiver gets it, and after a wait
 * the event that was waited for (awaited.ts); the condition of `wait_for_event` reads the event that is waited for.
 */
import type { EventType } from '../catalog/eventType.ts';
import type { Condition } from '../routing/condition.ts';
import type { InputFault } from '../routing/reading.ts';
import type { TriggerScope } from '../routing/scope.ts';
import type { Weekday } from './localTime.ts';

export interface Rule {
  name: string;
  enabled: boolean;
  /** Place in the list of rules; absent: the end. */
  position?: number;
  trigger: { event_type: string; scope?: TriggerScope };
  condition: Condition | null;
  actions: readonly Action[];
  max_activations_per_subject: number;
  activation_period: string;
  on_error: OnError;
}

export interface Workflow {
  name: string;
  enabled: boolean;
  /** Any of them starts a run; of several that match one event, the first. */
  triggers: readonly Trigger[];
  steps: readonly Step[];
  max_activations_per_subject: number;
  /** ISO 8601 duration within which activations are counted; or FOR_EVER. */
  activation_period: string;
  on_error: OnError;
  /** ISO 8601 duration: a step that is due is skipped, and its run with it, when it is later than this. */
  max_overdue: string;
}

export interface Trigger {
  event_type: string;
  scope?: TriggerScope;
  condition?: Condition;
}

/** What becomes of the run when a step cannot be done: it ends as failed, or goes on without the step. */
export type OnError = 'stop' | 'continue';

export type Action = WebhookAction | EmailAction;

/** Sends the trigger event's body; or what the template makes of it; or the chosen members alone. */
export interface WebhookAction {
  type: 'webhook';
  /** One of `url` and `endpoint_id`. */
  url?: string;
  endpoint_id?: string;
  /** JSON with placeholders: see template.ts. At most one of `template` and `members`. */
  template?: unknown;
  /** Paths, as in conditions. */
  members?: readonly string[];
}

export interface EmailAction {
  type: 'email';
  to: Recipient | readonly Recipient[];
  /** Texts with placeholders: see placeholder.ts. */
  subject: string;
  text: string;
}

/** An address, or the path of a member that holds one. */
export type Recipient = string | { field: string };

export type Step =
  | ({ id: string } & WebhookAction)
  | ({ id: string } & EmailAction)
  | DelayStep
  | DecisionStep
  | WaitStep
  | { id: string; type: 'exit' };

/** One of `for`, `until` and `until_next`. */
export type DelayStep = { id: string; type: 'delay' } & (
  | { for: string }
  | { until: string | { field: string } }
  | { until_next: { time: string; weekdays: readonly Weekday[]; time_zone: string } }
);

export interface DecisionStep {
  id: string;
  type: 'decision';
  condition: Condition;
  yes: readonly Step[];
  no: readonly Step[];
}

/** Waits for an event about the same subject. */
export interface WaitStep {
  id: string;
  type: 'wait_for_event';
  event_type: string;
  scope?: TriggerScope;
  condition?: Condition;
  /** Events count from when the wait begins; or, with `start`, from when the run did. */
  since?: 'start';
  /** ISO 8601 duration. */
  timeout: string;
  received: readonly Step[];
  timed_out: readonly Step[];
}

export const STEP_TYPES = ['webhook', 'email', 'delay', 'decision', 'wait_for_event', 'exit'] as const;
export type StepType = (typeof STEP_TYPES)[number];

export const DEFAULTS = {
  enabled: true,
  max_activations_per_subject: 20,
  activation_period: 'P1D',
  /** The actions of a rule stand beside each other; the steps of a workflow build on each other. */
  on_error: { rule: 'continue', workflow: 'stop' },
  max_overdue: 'P1D',
} as const;

/** A period that does not end. */
export const FOR_EVER = 'ever';

export const DEFINITION_LIMITS = {
  steps: 100,
  /** The steps of a workflow are at depth 1, those of a branch one deeper than its decision. */
  depth: 10,
  actions: 20,
  triggers: 20,
  delayDays: 366,
  recipients: 10,
  members: 100,
  nameLength: 200,
  subjectLength: 300,
  textLength: 20_000,
  scopeIdLength: 200,
  activations: 1_000_000,
} as const;

/** What a definition is checked against. */
export interface DefinitionContext {
  /** The event type of that name in this workspace, built-in or its own; undefined when there is none. */
  eventType(name: string): EventType | undefined;
  /** What is wrong with a URL, null when webhooks may be sent there. Absent: its form alone is checked. */
  urlFault?(url: string): string | null;
  /** Absent: endpoints are not looked up. */
  hasEndpoint?(id: string): boolean;
}

/** `path` is a JSON pointer into the definition. */
export type DefinitionFault = InputFault;
