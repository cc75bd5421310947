/**
 * What rules and workflows compile to. Pure.
 *
 * A program is a list of steps in which every step names the one that follows it; the steps of a branch
 * lead back to what follows the branching step, so branches rejoin. A step leads to later ones alone:
 * that is why every run ends (SPEC.md, W1).
 *
 *   decision ─ yes ─▶ a ─▶ b ─┐
 *       └───── no ──▶ c ──────┴─▶ next
 */
import { type Condition, parseFieldPath } from '../routing/condition.ts';
import type { TriggerScope } from '../routing/scope.ts';
import { STEPS_MEMBER } from './awaited.ts';
import {
  type Action,
  DEFAULTS,
  type DelayStep,
  type EmailAction,
  FOR_EVER,
  type OnError,
  type Rule,
  type Step,
  type Trigger,
  type WaitStep,
  type WebhookAction,
  type Workflow,
} from './definition.ts';
import { addDuration, type IsoDuration, parseIsoDuration } from './isoDuration.ts';
import type { LocalTime } from './localTime.ts';
import { parsePlaceholders, type TextPart } from './placeholder.ts';
import { readDefinition } from './raw.ts';
import { compileTemplate, type JsonTemplate } from './template.ts';

export interface Program {
  triggers: readonly Trigger[];
  /** In their order; a step leads to later ones alone. */
  steps: ReadonlyMap<string, ProgramStep>;
  /** Ids of waits whose events later steps read. */
  readsAwaited: ReadonlySet<string>;
  /** Where a run begins; null: it ends at once. */
  entry: string | null;
  on_error: OnError;
  max_activations_per_subject: number;
  /** Within which activations are counted; null: for ever. */
  activationPeriod: IsoDuration | null;
  /** How late a step may be; null for no limit. */
  maxOverdueMs: number | null;
}

/** `next` and branches are ids of steps; null ends the run. */
export type ProgramStep = { id: string; next: string | null } & (
  | ({ type: 'webhook' } & CompiledWebhook)
  | ({ type: 'email' } & CompiledEmail)
  | { type: 'delay'; delay: Delay }
  | { type: 'decision'; condition: Condition; yes: string | null; no: string | null }
  | {
      type: 'wait_for_event';
      awaited: Awaited;
      timeout: IsoDuration;
      received: string | null;
      timed_out: string | null;
    }
  | { type: 'exit' }
);

export interface CompiledWebhook {
  target: WebhookTarget;
  sends:
    | { kind: 'body' }
    | { kind: 'template'; template: JsonTemplate }
    | { kind: 'members'; paths: string[][] };
}

export type WebhookTarget = { url: string } | { endpoint_id: string };

export interface CompiledEmail {
  to: ReadonlyArray<{ address: string } | { field: string; names: readonly string[] }>;
  subject: readonly TextPart[];
  text: readonly TextPart[];
}

export type Delay =
  | { kind: 'for'; duration: IsoDuration }
  | { kind: 'until'; time: string }
  | { kind: 'until_member'; field: string; names: readonly string[] }
  | { kind: 'until_next'; local: LocalTime };

/** The event that is waited for; about the run's subject, which is the caller's to see to. */
export interface Awaited {
  event_type: string;
  scope: TriggerScope | null;
  condition: Condition | null;
  /** Whether it counts from when the run began. */
  fromStart: boolean;
}

/** The program of a definition's JSON text, as parse.ts has passed it. */
export function compileDefinition(kind: 'rule' | 'workflow', text: string): Program {
  const checked = readDefinition(text);
  return kind === 'rule' ? compileRule(checked as Rule) : compileWorkflow(checked as Workflow);
}

/** A rule is a workflow of depth one: its actions are steps `action_1`, `action_2`, …, none of which waits. */
export function compileRule(rule: Rule): Program {
  const { trigger, condition, actions, on_error, max_activations_per_subject, activation_period } = rule;
  const steps = actions.map((action: Action, index): Step => ({ id: `action_${index + 1}`, ...action }));
  return {
    triggers: [condition === null ? trigger : { ...trigger, condition }],
    ...compileSteps(steps),
    on_error,
    max_activations_per_subject,
    activationPeriod: periodOf(activation_period),
    maxOverdueMs: null,
  };
}

/** For a workflow that parse.ts has passed; throws a TypeError on another one. */
export function compileWorkflow(workflow: Workflow): Program {
  const { triggers, steps, on_error, max_activations_per_subject, max_overdue } = workflow;
  const activationPeriod = periodOf(workflow.activation_period);
  const maxOverdueMs = addDuration(0, durationOf(max_overdue));
  const brake = { max_activations_per_subject, activationPeriod };
  return { triggers, ...compileSteps(steps), on_error, ...brake, maxOverdueMs };
}

/** Definitions of before have none: the default is theirs, too. */
function periodOf(period: string = DEFAULTS.activation_period): IsoDuration | null {
  return period === FOR_EVER ? null : durationOf(period);
}

function compileSteps(steps: readonly Step[]): Pick<Program, 'steps' | 'entry' | 'readsAwaited'> {
  const compiled = new Map<string, ProgramStep>();
  const entry = compileList(steps, null, compiled);
  return { steps: compiled, entry, readsAwaited: awaitedOf(compiled.values()) };
}

/** Answers where the list begins: its first step, or what follows it when it is empty. */
function compileList(
  steps: readonly Step[],
  after: string | null,
  compiled: Map<string, ProgramStep>,
): string | null {
  for (const [index, step] of steps.entries()) compileStep(step, steps[index + 1]?.id ?? after, compiled);
  return steps[0]?.id ?? after;
}

function compileStep(step: Step, next: string | null, compiled: Map<string, ProgramStep>): void {
  const { id } = step;
  if (compiled.has(id)) throw unchecked(`two steps are called ${id}`);
  switch (step.type) {
    case 'webhook':
      compiled.set(id, { id, next, type: 'webhook', ...compileWebhook(step) });
      return;
    case 'email':
      compiled.set(id, { id, next, type: 'email', ...compileEmail(step) });
      return;
    case 'delay':
      compiled.set(id, { id, next, type: 'delay', delay: compileDelay(step) });
      return;
    case 'exit':
      compiled.set(id, { id, next: null, type: 'exit' });
      return;
    case 'decision': {
      const { condition } = step;
      const decision = { id, next, type: 'decision' as const, condition, yes: next, no: next };
      compiled.set(id, decision);
      decision.yes = compileList(step.yes, next, compiled);
      decision.no = compileList(step.no, next, compiled);
      return;
    }
    case 'wait_for_event': {
      const wait = { ...compileWait(id, step), next, received: next, timed_out: next };
      compiled.set(id, wait);
      wait.received = compileList(step.received, next, compiled);
      wait.timed_out = compileList(step.timed_out, next, compiled);
      return;
    }
    default:
      step satisfies never;
  }
}

function compileWait(id: string, { event_type, scope, condition, since, timeout }: WaitStep) {
  const awaited: Awaited = {
    event_type,
    scope: scope ?? null,
    condition: condition ?? null,
    fromStart: since === 'start',
  };
  return { id, type: 'wait_for_event' as const, awaited, timeout: durationOf(timeout) };
}

function compileWebhook({ url, endpoint_id, template, members }: WebhookAction): CompiledWebhook {
  const target = url === undefined ? { endpoint_id: endpoint_id ?? '' } : { url };
  if (members !== undefined) return { target, sends: { kind: 'members', paths: members.map(namesOf) } };
  if (template === undefined) return { target, sends: { kind: 'body' } };
  const compiled = compileTemplate(template);
  if (!compiled.ok) throw unchecked(compiled.faults[0]?.message ?? 'a template');
  return { target, sends: { kind: 'template', template: compiled.template } };
}

function compileEmail({ to, subject, text }: EmailAction): CompiledEmail {
  const recipients = Array.isArray(to) ? to : [to];
  return {
    to: recipients.map((recipient) => {
      return typeof recipient === 'string'
        ? { address: recipient }
        : { field: recipient.field, names: namesOf(recipient.field) };
    }),
    subject: parsePlaceholders(subject).parts,
    text: parsePlaceholders(text).parts,
  };
}

function compileDelay(step: DelayStep): Delay {
  if ('for' in step) return { kind: 'for', duration: durationOf(step.for) };
  if ('until_next' in step) return { kind: 'until_next', local: step.until_next };
  if (typeof step.until === 'string') return { kind: 'until', time: step.until };
  return { kind: 'until_member', field: step.until.field, names: namesOf(step.until.field) };
}

function namesOf(field: string): string[] {
  return parseFieldPath(field) ?? fail(`${field} is not a path`);
}

function durationOf(text: string): IsoDuration {
  return parseIsoDuration(text) ?? fail(`${text} is not a duration`);
}

function fail(what: string): never {
  throw unchecked(what);
}

function unchecked(what: string): TypeError {
  return new TypeError(`the definition was not checked before it was compiled: ${what}`);
}

/** The waits whose events some step reads, by their ids. */
function awaitedOf(steps: Iterable<ProgramStep>): Set<string> {
  const read = new Set<string>();
  for (const step of steps) {
    for (const [first, id] of pathsOf(step)) if (first === STEPS_MEMBER && id !== undefined) read.add(id);
  }
  return read;
}

type Path = readonly string[];

function pathsOf(step: ProgramStep): Path[] {
  switch (step.type) {
    case 'webhook':
      if (step.sends.kind !== 'template') return [];
      return step.sends.template.placeholders.flatMap(({ placeholder }) => pathsIn([placeholder]));
    case 'email':
      return [
        ...step.to.flatMap((recipient) => ('names' in recipient ? [recipient.names] : [])),
        ...pathsIn(step.subject),
        ...pathsIn(step.text),
      ];
    case 'delay':
      return step.delay.kind === 'until_member' ? [step.delay.names] : [];
    case 'decision':
      return pathsOfCondition(step.condition);
    case 'wait_for_event':
    case 'exit':
      return [];
    default:
      return step satisfies never;
  }
}

function pathsIn(parts: readonly TextPart[]): Path[] {
  return parts.flatMap((part) =>
    typeof part !== 'string' && 'names' in part.source ? [part.source.names] : [],
  );
}

function pathsOfCondition(condition: Condition): Path[] {
  if ('all' in condition) return condition.all.flatMap(pathsOfCondition);
  if ('any' in condition) return condition.any.flatMap(pathsOfCondition);
  if ('not' in condition) return pathsOfCondition(condition.not);
  // Of a clause on items, the array alone is a path from the body's root.
  return [parseFieldPath(condition.field) ?? []];
}
