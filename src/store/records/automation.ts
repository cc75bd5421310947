/** Rules and workflows as a store keeps them, and their runs. */

import type { NewDelivery } from './delivery.ts';

export type AutomationKind = 'rule' | 'workflow';

export interface Automation {
  key: number;
  workspace: number;
  kind: AutomationKind;
  name: string;
  /** Rules act in ascending order of it. */
  position: number;
  /** Events accepted from then on count; null while disabled. */
  enabledAt: number | null;
  /** 1 for the first; each saved change of the definition makes the next. */
  version: number;
  /** JSON text, as it was checked when it was saved. */
  definition: string;
  /** How often its loop brake was reset: counts of before are void. */
  brakeResets: number;
  createdAt: number;
  updatedAt: number;
}

export type NewAutomation = Omit<Automation, 'version' | 'updatedAt' | 'brakeResets'>;

export interface AutomationPatch {
  name?: string;
  position?: number;
  definition?: string;
}

/** What becomes of runs that wait when a new version is saved. */
export type WaitingRuns = 'keep' | 'cancel' | 'move';

/** A definition that waiting runs still stand on, beside the one in force. */
export type KeptDefinition = Pick<Automation, 'kind' | 'definition'>;

export interface AutomationVersion {
  version: number;
  definition: string;
  createdBy: string;
  createdAt: number;
}

export const RUN_STATES = ['waiting', 'finished', 'failed', 'cancelled', 'skipped'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** One entry of a run's history. `details` is JSON text. */
export interface RunStep {
  /** The step's id; null for what concerns the run as a whole. */
  step: string | null;
  kind: string;
  details: string;
  at: number;
}

/** How many mails a workspace's rules and workflows may send in a UTC day; null for any number. */
export interface MailLimits {
  perDay: number | null;
  /** Of these, to one address. */
  perRecipient: number | null;
}

/** A mail that a step sends. The Message-ID tells a repeat of the step from another mail. */
export interface StepMail {
  step: string;
  recipient: string;
  language: 'ar' | 'en';
  subject: string;
  text: string;
  messageId: string;
  limits: MailLimits;
}

/** A step that could not be done. */
export interface RunFailure {
  /** Null for what concerns the run as a whole. */
  step: string | null;
  code: string;
  message: string;
}

/** What a run has come to, to be written together. */
export interface RunAdvance {
  state: RunState;
  reason: string | null;
  /** JSON text: where it stands and what it carries along. */
  progress: string;
  dueAt: number | null;
  /** The event type it waits for; null for none. */
  waitsFor: string | null;
  /** Since when, ms, where it begins to wait for it now; null where it does not. */
  listensSince: number | null;
  /** The event that the wait `step` was for, where it has come now. */
  heard?: { step: string; event: number };
  deliveries: readonly NewDelivery[];
  mails: readonly StepMail[];
  steps: readonly RunStep[];
  /** The first of these that could not be done; null where all could. */
  failure: RunFailure | null;
}

/** A rule or workflow that an event sets off; written in the publish transaction. */
export interface NewActivation extends RunAdvance {
  run: number;
  automation: number;
  version: number;
  subject: string | null;
  /** How often its subject may set it off in a period; null for any number. */
  limit: number | null;
  /** When a period ends that begins with it, ms; null: the count is for ever. */
  periodEndsAt: number | null;
  /** The automation's resets as of the call's routing. */
  resets: number;
}

export interface Run {
  key: number;
  workspace: number;
  automation: number;
  version: number;
  event: number;
  eventId: string;
  eventType: string;
  subject: string | null;
  state: RunState;
  reason: string | null;
  progress: string;
  dueAt: number | null;
  waitsFor: string | null;
  createdAt: number;
  endedAt: number | null;
}

/** A run to be looked at, with what its next step needs. */
export interface DueRun extends Run {
  revision: number;
  depth: number;
  body: string | null;
  /** The definition of its version. */
  definition: string;
  /** Events of the awaited type that came since it began to wait, in the order of their acceptance. */
  signals: Array<{ event: number; id: string; type: string; acceptedAt: number; body: string | null }>;
  /** More have come than are listed. */
  moreSignals: boolean;
}

/** An event that a run has waited for. */
export interface HeardEvent {
  /** The wait. */
  step: string;
  type: string;
  /** Null once it is no longer kept. */
  body: string | null;
}

/** A run that went on because of an event, and the wait that the event was for. */
export interface Release {
  run: Run;
  step: string;
}

/** The run and step that asked for a delivery. */
export interface DeliveryOrigin {
  delivery: number;
  run: number;
  step: string;
}

/** What is due in a workspace. */
export interface DueRuns {
  /** Now, ms, by the clock that all nodes share. */
  now: number;
  /** Of enabled automations, the longest due first; fewer than asked for where their bodies are large. */
  runs: DueRun[];
  /** Whether more are due than these. */
  more: boolean;
  /** Due runs of disabled ones, to be set aside. */
  paused: number[];
}

export interface WorkspacesWithRuns {
  /** Where runs are due. */
  due: number[];
  /** Where an automation was enabled whose runs had been set aside. */
  resuming: number[];
}

export interface RunFilter {
  automation?: number;
  event?: number;
  state?: RunState;
}
