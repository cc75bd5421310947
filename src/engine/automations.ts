/**
 * Rules and workflows as the engine acts on them: compiled once per routing version; an event's
 * activations, and a run's next stretch, as the store is to write them.
 */

import type { EventType } from '../core/catalog/eventType.ts';
import { chooseLane } from '../core/delivery/order.ts';
import { formatId, parseId } from '../core/ids.ts';
import { type EventBody, eventBody } from '../core/routing/body.ts';
import { type Advance, advance, nextOf } from '../core/workflow/advance.ts';
import { compileDefinition, type Program } from '../core/workflow/program.ts';
import type { Effect, WebhookEffect } from '../core/workflow/step.ts';
import { compileTriggers, type TriggerMatcher, type TriggersVerdict } from '../core/workflow/trigger.ts';
import type { Automation, NewActivation, RunAdvance, RunStep } from '../store/records/automation.ts';
import type { NewDelivery } from '../store/records/delivery.ts';
import type { Endpoint, VerdictRecord } from '../store/records.ts';

/** System events that a chain may pass through; what lies deeper sets nothing off (B7). */
export const MAX_DEPTH = 5;

export interface CompiledAutomations {
  matcher: TriggerMatcher<Automation>;
  program(automation: Automation): Program;
  /** Whether an enabled one is triggered by the type, or a run may wait for it. */
  names(eventType: string): boolean;
  /** Types that some workflow's step waits for. */
  awaited: ReadonlySet<string>;
}

/** `automations` in the order in which they act. */
export function compileAutomations(automations: readonly Automation[]): CompiledAutomations {
  const programs = new Map<number, Program>();
  const awaited = new Set<string>();
  for (const automation of automations) {
    const program = compileDefinition(automation.kind, automation.definition);
    programs.set(automation.key, program);
    // Disabled ones count, too: their runs wait on.
    for (const step of program.steps.values()) {
      if (step.type === 'wait_for_event') awaited.add(step.awaited.event_type);
    }
  }
  const programOf = (automation: Automation): Program => {
    const program = programs.get(automation.key);
    if (program === undefined) throw new Error(`Automation ${automation.key} was not compiled.`);
    return program;
  };
  const enabled = automations.filter(({ enabledAt }) => enabledAt !== null);
  const triggering = new Set(
    enabled.flatMap((owner) => programOf(owner).triggers.map(({ event_type }) => event_type)),
  );
  return {
    matcher: compileTriggers(enabled.map((owner) => ({ owner, program: programOf(owner) }))),
    program: programOf,
    names: (eventType) => awaited.has(eventType) || triggering.has(eventType),
    awaited,
  };
}

/** Where effects go: what the engine has at hand. */
export interface EffectPlaces {
  endpoints: ReadonlyMap<number, Endpoint>;
  language: 'ar' | 'en';
  nextKey(): number;
  /** What stands after the @ of Message-IDs; null where no mail server is set. */
  mailHost: string | null;
}

/** What a run has done, in the store's terms. */
export function toRunAdvance(
  automation: Pick<Automation, 'key' | 'kind'>,
  event: { id: string; subject: string | null },
  done: Advance,
  program: Program,
  places: EffectPlaces,
  now: number,
): RunAdvance {
  const next = nextOf(program, done.state);
  const steps: RunStep[] = done.history.map(({ step, at, type, ...details }) => ({
    step,
    kind: type ?? 'run',
    details: JSON.stringify(details),
    at,
  }));
  const deliveries: NewDelivery[] = [];
  const mails: RunAdvance['mails'][number][] = [];
  const undone = (effect: Effect, reason: string): void => {
    steps.push({
      step: effect.step,
      kind: effect.kind,
      details: JSON.stringify({ outcome: 'failed', failure: { code: 'not_sent', message: reason } }),
      at: now,
    });
  };
  for (const effect of done.effects) {
    if (effect.kind === 'webhook') {
      const endpoint = targetOf(automation.key, effect, places);
      if (endpoint === undefined) undone(effect, 'Its endpoint was deleted.');
      else {
        deliveries.push({
          key: places.nextKey(),
          endpoint: endpoint.key,
          lane: chooseLane(endpoint, event),
          source: { kind: automation.kind, id: automation.key },
          body: effect.body,
        });
      }
    } else if (places.mailHost === null) {
      undone(effect, 'No mail server is set (MIRSAL_SMTP_URL).');
    } else {
      for (const [index, recipient] of effect.to.entries()) {
        const place = effect.key.replaceAll(/[^\w.-]/g, '-');
        const messageId = `<mirsal-${place}-${index}@${places.mailHost}>`;
        const { subject, text } = effect;
        mails.push({ recipient, language: places.language, subject, text, messageId });
      }
    }
  }
  const base = { progress: JSON.stringify(done.state), deliveries, mails, steps };
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
      };
    case 'finished':
      return { ...base, state: 'finished', reason: next.reason, dueAt: null, waitsFor: null };
    case 'failed':
      return {
        ...base,
        state: 'failed',
        reason: `${next.step}: ${next.failure.message}`,
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

function targetOf(automation: number, { target }: WebhookEffect, places: EffectPlaces): Endpoint | undefined {
  if ('endpoint_id' in target) {
    const key = parseId('ep', target.endpoint_id);
    return key === null ? undefined : places.endpoints.get(key);
  }
  return places.endpoints
    .values()
    .find((endpoint) => endpoint.automation === automation && endpoint.url === target.url);
}

export interface AutomatedEvent {
  id: string;
  eventType: EventType;
  subject: string | null;
  depth: number;
  /** Raw text and what it reads as. */
  body: string;
  value: unknown;
}

/** What the event sets off, and what considered it and said no. */
export function activationsOf(
  automations: CompiledAutomations,
  event: AutomatedEvent,
  places: EffectPlaces,
  now: number,
): { activations: NewActivation[]; refusals: VerdictRecord[] } {
  const activations: NewActivation[] = [];
  const refusals: VerdictRecord[] = [];
  let body: EventBody | null = null;
  const happened = () => {
    body ??= eventBody(event.body, event.value);
    return { eventType: event.eventType, body };
  };
  for (const { owner, verdict } of automations.matcher.match(event.eventType.name, happened)) {
    const source = { kind: owner.kind, id: owner.key } as const;
    if (!verdict.matched) {
      refusals.push({ source, ...refusalOf(verdict) });
      continue;
    }
    if (event.depth > MAX_DEPTH) {
      refusals.push({ source, clause: undefined, actual: event.depth, reason: TOO_DEEP });
      continue;
    }
    const program = automations.program(owner);
    const run = places.nextKey();
    const context = { runId: formatId('run', run), now, body: happened().body };
    const done = advance(program, { status: 'new' }, { kind: 'start' }, context);
    activations.push({
      ...toRunAdvance(owner, event, done, program, places, now),
      run,
      automation: owner.key,
      version: owner.version,
      subject: event.subject,
      limit: program.max_activations_per_subject,
    });
  }
  return { activations, refusals };
}

const TOO_DEEP = `causation_depth: more than ${MAX_DEPTH} system events lie between this event and what was published; it may be a loop.`;

function refusalOf(verdict: TriggersVerdict & { matched: false }): Omit<VerdictRecord, 'source'> {
  const [first] = verdict.failures;
  if (first === undefined) return { clause: undefined, actual: null, reason: 'no trigger matched' };
  if (first.part === 'condition') {
    const { clause, actual, reason } = first.verdict;
    return { clause, actual: actual ?? null, reason };
  }
  const { scope, wanted, actual, reason } = first.verdict;
  return { clause: { scope: { [scope]: wanted } }, actual: actual ?? null, reason };
}
