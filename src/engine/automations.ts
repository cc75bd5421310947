/**
 * Rules and workflows as the engine acts on them: compiled once per routing version; an event's
 * activations, and a run's next stretch, as the store is to write them.
 */

import type { EventType } from '../core/catalog/eventType.ts';
import { chooseLane } from '../core/delivery/order.ts';
import { formatId, parseId } from '../core/ids.ts';
import type { EventBody } from '../core/routing/body.ts';
import { type Refusal, refusal } from '../core/routing/why.ts';
import { type Advance, advance, nextOf, type RunContext } from '../core/workflow/advance.ts';
import { addDuration } from '../core/workflow/isoDuration.ts';
import {
  type Awaited,
  compileDefinition,
  type Program,
  type WebhookTarget,
} from '../core/workflow/program.ts';
import { type Capabilities, type EmailEffect, sizeOf, type WebhookEffect } from '../core/workflow/step.ts';
import { type HappenedEvent, judgeTriggers, type TriggersVerdict } from '../core/workflow/trigger.ts';
import type {
  Automation,
  KeptDefinition,
  MailLimits,
  NewActivation,
  RunAdvance,
  RunFailure,
  RunStep,
  StepMail,
} from '../store/records/automation.ts';
import type { NewDelivery } from '../store/records/delivery.ts';
import { type Endpoint, typedEndpoint } from '../store/records/endpoints.ts';
import type { VerdictRecord } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';
import { MAX_DEPTH } from './engine.ts';

export interface CompiledAutomations {
  /** Verdicts of all enabled ones that the type concerns, in the order in which they act. */
  match(event: HappenedEvent): AutomationVerdict[];
  /** Whether an enabled one is triggered by the type, or a run may wait for it. */
  names(eventType: string): boolean;
  /** Types that runs may wait for: some step of a definition in force awaits them, or of one that runs stand on. */
  awaited: ReadonlySet<string>;
}

export type AutomationVerdict = { owner: Automation } & (
  | { kind: 'judged'; verdict: TriggersVerdict; program: Program }
  /** It cannot be read, and says so wherever it would have been asked. */
  | { kind: 'invalid'; reason: string }
);

/** Definitions that have been compiled, by kind and text. */
export type Programs = ReadonlyMap<string, Compiled>;

/**
 * The programs of a routing, one after the other, so that whoever compiles them may do something else in between. What
 * is in `known` already is taken from there: a change of one rule compiles no other.
 */
export function* compilePrograms(routing: Definitions, known: Programs): Generator<void, Programs> {
  const programs = new Map<string, Compiled>();
  for (const { kind, definition } of [...routing.automations, ...routing.keptDefinitions]) {
    const name = `${kind} ${definition}`;
    const before = programs.get(name) ?? known.get(name);
    programs.set(name, before ?? tryCompile(kind, definition));
    if (before === undefined) yield;
  }
  return programs;
}

type Definitions = Pick<Routing, 'automations' | 'keptDefinitions'>;

/** `automations` in the order in which they act. One that cannot be read takes nothing else along (W23). */
export function compileAutomations(
  { automations, keptDefinitions }: Definitions,
  programs: Programs,
): CompiledAutomations {
  const awaited = new Set<string>();
  const byType = new Map<string, Consider[]>();
  const compiledOf = ({ kind, definition }: KeptDefinition): Compiled =>
    programs.get(`${kind} ${definition}`) ?? tryCompile(kind, definition);
  for (const automation of automations) {
    const compiled = compiledOf(automation);
    // Disabled ones count, too: their runs wait on.
    if (compiled.ok) noteAwaited(compiled.program, awaited);
    if (automation.enabledAt === null) continue;
    for (const [type, consider] of considering(automation, compiled)) {
      const listed = byType.get(type);
      if (listed === undefined) byType.set(type, [consider]);
      else listed.push(consider);
    }
  }
  for (const kept of keptDefinitions) {
    const compiled = compiledOf(kept);
    if (compiled.ok) noteAwaited(compiled.program, awaited);
  }
  return {
    match: (event) => (byType.get(event.eventType.name) ?? []).flatMap((consider) => consider(event) ?? []),
    names: (eventType) => awaited.has(eventType) || byType.has(eventType),
    awaited,
  };
}

/** Null where it is not concerned. */
type Consider = (event: HappenedEvent) => AutomationVerdict | null;

export type Compiled = { ok: true; program: Program } | { ok: false; reason: string };

export const DEFINITION_INVALID = 'definition_invalid';

/** What is wrong with a definition that was saved under other rules than today's, in one sentence. */
export function invalidDefinition(error: unknown): string {
  return `${DEFINITION_INVALID}: ${error instanceof Error ? error.message : String(error)}; save it anew`;
}

function tryCompile(kind: Automation['kind'], definition: string): Compiled {
  try {
    return { ok: true, program: compileDefinition(kind, definition) };
  } catch (error) {
    return { ok: false, reason: invalidDefinition(error) };
  }
}

function noteAwaited({ steps }: Program, awaited: Set<string>): void {
  for (const step of steps.values()) {
    if (step.type === 'wait_for_event') awaited.add(step.awaited.event_type);
  }
}

/** What the automation has to say of events, by their type. */
function considering(owner: Automation, compiled: Compiled): Array<[type: string, consider: Consider]> {
  if (!compiled.ok) {
    const { reason } = compiled;
    return namedTypes(owner).map((type) => [type, () => ({ owner, kind: 'invalid', reason })]);
  }
  const { program } = compiled;
  const types = new Set(program.triggers.map(({ event_type }) => event_type));
  const consider: Consider = (event) => {
    try {
      const verdict = judgeTriggers(program.triggers, event);
      return verdict === null ? null : { owner, kind: 'judged', verdict, program };
    } catch (error) {
      return { owner, kind: 'invalid', reason: invalidDefinition(error) };
    }
  };
  return [...types].map((type) => [type, consider]);
}

/** The types of the triggers of a definition that does not compile, as far as it can be read. */
function namedTypes({ definition }: Automation): string[] {
  try {
    const read = JSON.parse(definition) as { trigger?: unknown; triggers?: unknown };
    const triggers = Array.isArray(read.triggers) ? read.triggers : [read.trigger];
    return [...new Set(triggers.flatMap((trigger: unknown) => typeOf(trigger) ?? []))];
  } catch {
    return [];
  }
}

function typeOf(trigger: unknown): string | null {
  if (typeof trigger !== 'object' || trigger === null || !('event_type' in trigger)) return null;
  return typeof trigger.event_type === 'string' ? trigger.event_type : null;
}

/** Where effects go: what the engine has at hand. */
export interface EffectPlaces {
  endpoints: ReadonlyMap<number, Endpoint>;
  language: 'ar' | 'en';
  nextKey(): number;
  /** What stands after the @ of Message-IDs; null where no mail server is set. */
  mailHost: string | null;
  mailLimits: MailLimits;
}

/** What can be done from here. */
export function capabilitiesOf(places: EffectPlaces): Capabilities {
  return {
    hasTarget: (target) => targetOf(target, places) !== undefined,
    sendsMail: places.mailHost !== null,
  };
}

/** What a run has done, in the store's terms. Its effects can be done, as `capabilitiesOf` has told the run. */
export function toRunAdvance(
  automation: Pick<Automation, 'key' | 'kind'>,
  event: { id: string; subject: string | null; acceptedAt: number },
  done: Advance,
  program: Program,
  places: EffectPlaces,
): RunAdvance {
  const next = nextOf(program, done.state);
  const deliveries: NewDelivery[] = [];
  const mails: StepMail[] = [];
  for (const effect of done.effects) {
    if (effect.kind === 'webhook') deliveries.push(toDelivery(automation, event, effect, places));
    else mails.push(...toMails(effect, places));
  }
  // Each step is entered once at most.
  const idOf = new Map(deliveries.map(({ step, key }) => [step, formatId('dlv', key)]));
  const steps = done.history.map(({ step, at, type, ...rest }): RunStep => {
    const delivery_id = idOf.get(step);
    const details = delivery_id === undefined ? rest : { ...rest, delivery_id };
    return { step, kind: type ?? 'run', details: JSON.stringify(details), at };
  });
  const progress = JSON.stringify(done.state);
  const base = { progress, listensSince: null, deliveries, mails, steps, failure: firstFailure(done) };
  switch (next.kind) {
    case 'wait_until':
      return { ...base, state: 'waiting', reason: null, dueAt: next.at, waitsFor: null };
    case 'wait_event':
      return {
        ...base,
        state: 'waiting',
        reason: null,
        dueAt: next.until,
        waitsFor: next.awaited.event_type,
        listensSince:
          done.ignored === null && done.state.status === 'waiting'
            ? listensSince(next.awaited, { startedAt: event.acceptedAt, enteredAt: done.state.entered_at })
            : null,
      };
    case 'finished':
      return { ...base, state: 'finished', reason: next.reason, dueAt: null, waitsFor: null };
    case 'failed':
      return {
        ...base,
        state: 'failed',
        reason: `step_failed: ${next.step}: ${next.failure.code}: ${next.failure.message}`,
        dueAt: null,
        waitsFor: null,
      };
    case 'skipped':
      return {
        ...base,
        state: 'skipped',
        reason: `${next.code}: ${next.reason}`,
        dueAt: null,
        waitsFor: null,
      };
  }
  return next satisfies never;
}

function firstFailure({ history }: Advance): RunFailure | null {
  for (const entry of history) {
    if (entry.outcome === 'failed') return { step: entry.step, ...entry.failure };
  }
  return null;
}

/** From when on events count that a wait is for. */
export function listensSince(
  { fromStart }: Awaited,
  { startedAt, enteredAt }: { startedAt: number; enteredAt: number },
): number {
  return fromStart ? startedAt : enteredAt;
}

function toDelivery(
  automation: Pick<Automation, 'key' | 'kind'>,
  event: { id: string; subject: string | null },
  effect: WebhookEffect,
  places: EffectPlaces,
): NewDelivery {
  const endpoint = targetOf(effect.target, places);
  if (endpoint === undefined) throw new Error(`The step ${effect.step} was done without an endpoint.`);
  return {
    key: places.nextKey(),
    endpoint: endpoint.key,
    lane: chooseLane(endpoint, event),
    source: { kind: automation.kind, id: automation.key },
    body: effect.body,
    step: effect.step,
  };
}

function toMails(
  { key, step, to, subject, text }: EmailEffect,
  { mailHost, language, mailLimits: limits }: EffectPlaces,
): StepMail[] {
  if (mailHost === null) throw new Error('A mail was made without a mail server.');
  const place = key.replaceAll(/[^\w.-]/g, '-');
  return to.map((recipient, index) => {
    const messageId = `<mirsal-${place}-${index}@${mailHost}>`;
    return { step, recipient, language, subject, text, messageId, limits };
  });
}

function targetOf(target: WebhookTarget, places: EffectPlaces): Endpoint | undefined {
  if ('endpoint_id' in target) {
    const key = parseId('ep', target.endpoint_id);
    return key === null ? undefined : places.endpoints.get(key);
  }
  return typedEndpoint(places.endpoints.values(), target.url);
}

export interface AutomatedEvent {
  id: string;
  eventType: EventType;
  subject: string | null;
  depth: number;
  /** Its account pays for all that considers it. */
  body: EventBody;
}

export interface SetOff {
  activations: NewActivation[];
  /** What considered it and said no. */
  refusals: VerdictRecord[];
  /** The characters that the effects bring along. */
  size: number;
}

type Refused = Pick<VerdictRecord, 'clause' | 'actual'> & Refusal;

/** What the event sets off at `now`; `room` is how many characters its effects may bring along. */
export function activationsOf(
  automations: CompiledAutomations,
  event: AutomatedEvent,
  places: EffectPlaces,
  { now, room }: { now: number; room: number },
): SetOff {
  const setOff: SetOff = { activations: [], refusals: [], size: 0 };
  const { body } = event;
  const refuse = (owner: Automation, why: Refused): void => {
    setOff.refusals.push({ source: { kind: owner.kind, id: owner.key }, ...why });
  };
  for (const found of automations.match({ eventType: event.eventType, body })) {
    const { owner } = found;
    if (found.kind === 'invalid') {
      refuse(owner, { clause: undefined, actual: null, reason: found.reason });
    } else if (!found.verdict.matched) {
      refuse(owner, refusalOf(found.verdict));
    } else if (event.depth > MAX_DEPTH) {
      refuse(owner, { clause: undefined, actual: event.depth, reason: TOO_DEEP });
    } else {
      const context = { now, body, room: room - setOff.size };
      const begun = begin(owner, found.program, event, context, places);
      if (begun.ok) {
        setOff.activations.push(begun.activation);
        setOff.size += begun.size;
      } else {
        refuse(owner, { clause: undefined, actual: null, reason: begun.reason });
      }
    }
  }
  return setOff;
}

function begin(
  owner: Automation,
  program: Program,
  event: AutomatedEvent,
  context: Pick<RunContext, 'now' | 'body' | 'room'>,
  places: EffectPlaces,
): { ok: true; activation: NewActivation; size: number } | { ok: false; reason: string } {
  const run = places.nextKey();
  try {
    const can = capabilitiesOf(places);
    const start = { ...context, runId: formatId('run', run), can };
    const done = advance(program, { status: 'new' }, { kind: 'start' }, start);
    const activation: NewActivation = {
      ...toRunAdvance(owner, { ...event, acceptedAt: context.now }, done, program, places),
      run,
      automation: owner.key,
      version: owner.version,
      subject: event.subject,
      limit: program.max_activations_per_subject,
      periodEndsAt:
        program.activationPeriod === null ? null : addDuration(context.now, program.activationPeriod),
      resets: owner.brakeResets,
    };
    return { ok: true, activation, size: done.effects.reduce((sum, effect) => sum + sizeOf(effect), 0) };
  } catch (error) {
    return { ok: false, reason: invalidDefinition(error) };
  }
}

const TOO_DEEP = `causation_depth: more than ${MAX_DEPTH} events caused one another before this one; it may be a loop.`;

function refusalOf(verdict: TriggersVerdict & { matched: false }): Refused {
  const [first] = verdict.failures;
  if (first === undefined) return { clause: undefined, actual: null, reason: 'no trigger matched' };
  if (first.part === 'condition') {
    const { clause, actual } = first.verdict;
    return { clause, actual: actual ?? null, ...refusal(first.verdict) };
  }
  const { scope, wanted, actual } = first.verdict;
  return { clause: { scope: { [scope]: wanted } }, actual: actual ?? null, ...refusal(first.verdict) };
}
