/**
 * What one step does when a run comes to it. Pure, and never throws, whatever the event holds. advance.ts
 * acts on the answer, explain.ts shows it.
 */
import { DAY } from '../duration.ts';
import { getPath } from '../json/pointer.ts';
import { readMailAddress } from '../mailAddress.ts';
import type { EventBody } from '../routing/body.ts';
import { evaluate, type Verdict } from '../routing/evaluate.ts';
import { readIsoTime, readTime } from '../routing/time.ts';
import { withinWork } from '../work.ts';
import { DEFINITION_LIMITS, type StepType } from './definition.ts';
import { addDuration } from './isoDuration.ts';
import { nextLocalTime } from './localTime.ts';
import { pickMembers } from './pick.ts';
import type { CompiledEmail, CompiledWebhook, Delay, ProgramStep, WebhookTarget } from './program.ts';
import {
  type RenderingFault,
  renderSubject,
  renderTemplate,
  renderText,
  TEMPLATE_LIMITS,
} from './template.ts';

/** Something to be done outside, once per `key`. */
export type Effect = WebhookEffect | EmailEffect;

export interface WebhookEffect {
  kind: 'webhook';
  step: string;
  /** The same for the same step of the same run, however often it is advanced. */
  key: string;
  target: WebhookTarget;
  /** JSON text; null for the trigger event's own body. */
  body: string | null;
}

export interface EmailEffect {
  kind: 'email';
  step: string;
  key: string;
  /** Each address once. */
  to: string[];
  /** One line. */
  subject: string;
  text: string;
}

export interface StepFailure {
  code:
    | RenderingFault['code']
    | 'not_an_address'
    | 'too_far'
    | 'step_gone'
    | 'endpoint_gone'
    | 'no_mail_server';
  message: string;
}

/**
 * How many characters of texts of their own (rendered bodies, chosen members, mails once per recipient) may
 * be made. A rendered body is as large as the largest event. All that one event sets off comes to 16 of
 * those; on its way to the store each character stands in memory some four times, so that an event costs
 * 128 MB at the worst. What one call publishes comes to twice as much.
 */
export const EFFECT_LIMITS = {
  body: TEMPLATE_LIMITS.renderedLength,
  event: 16 * TEMPLATE_LIMITS.renderedLength,
  call: 32 * TEMPLATE_LIMITS.renderedLength,
} as const;

/** The characters that an effect brings along. */
export function sizeOf(effect: Effect): number {
  if (effect.kind === 'webhook') return effect.body?.length ?? 0;
  return effect.to.length * (effect.subject.length + effect.text.length);
}

/** What can be done from here, whatever a definition asks for. */
export interface Capabilities {
  /** Whether there is an endpoint for the target; one that a definition names may have been deleted. */
  hasTarget(target: WebhookTarget): boolean;
  /** Whether a mail server is set. */
  sendsMail: boolean;
}

/** One line of a run's history. `at` is in ms; `until` too. */
export type HistoryEntry = { step: string; at: number } & (
  | { type: 'webhook' | 'email'; outcome: 'done' }
  | { type: 'delay'; outcome: 'waiting'; until: number }
  | { type: 'delay'; outcome: 'passed' }
  | { type: 'decision'; outcome: 'yes' | 'no'; verdict: Verdict }
  | { type: 'wait_for_event'; outcome: 'waiting'; until: number }
  | { type: 'wait_for_event'; outcome: 'received'; event_id: string | null }
  | { type: 'wait_for_event'; outcome: 'timed_out' }
  | { type: 'exit'; outcome: 'ended' }
  | { type: StepType; outcome: 'skipped'; reason: string }
  | { type: StepType | null; outcome: 'failed'; failure: StepFailure }
);

/** What follows from entering a step. */
export type Entered =
  | { kind: 'go'; entry: HistoryEntry; next: string | null; effect: Effect | null }
  | { kind: 'wait'; entry: HistoryEntry; for: 'time' | 'event'; until: number }
  | { kind: 'exit'; entry: HistoryEntry }
  | { kind: 'failed'; entry: HistoryEntry; failure: StepFailure };

export interface StepContext {
  runId: string;
  /** The trigger event's body, with the events that were waited for (awaited.ts). */
  body: EventBody;
  /** Absent: everything can be done, as a dry run takes it to be. */
  can?: Capabilities;
  /** How many characters the effects may still bring along; absent: those of one event. */
  room?: number;
}

/** The run comes to `step` at `at` (ms). */
export function enterStep(step: ProgramStep, at: number, context: StepContext): Entered {
  const { id } = step;
  switch (step.type) {
    case 'webhook':
      return act(step, at, webhookEffect(id, step, context));
    case 'email':
      return act(step, at, emailEffect(id, step, context));
    case 'delay':
      return enterDelay(step, at, delayUntil(step.delay, at, context.body));
    case 'decision': {
      const verdict = evaluate(step.condition, context.body.value, context.body.notes);
      if (!verdict.matched && verdict.code !== undefined) {
        return failure(step, at, { code: verdict.code, message: verdict.reason });
      }
      const outcome = verdict.matched ? 'yes' : 'no';
      const entry: HistoryEntry = { step: id, at, type: 'decision', outcome, verdict };
      return { kind: 'go', entry, next: step[outcome], effect: null };
    }
    case 'wait_for_event': {
      const until = addDuration(at, step.timeout);
      return {
        kind: 'wait',
        entry: { step: id, at, type: step.type, outcome: 'waiting', until },
        for: 'event',
        until,
      };
    }
    case 'exit':
      return { kind: 'exit', entry: { step: id, at, type: 'exit', outcome: 'ended' } };
    default:
      return step satisfies never;
  }
}

type Attempted<T> = { ok: true; value: T } | { ok: false; failure: StepFailure };

function failed<T>(code: StepFailure['code'], message: string): Attempted<T> {
  return { ok: false, failure: { code, message } };
}

function failure(step: ProgramStep, at: number, failure: StepFailure): Entered {
  return {
    kind: 'failed',
    entry: { step: step.id, at, type: step.type, outcome: 'failed', failure },
    failure,
  };
}

function act(
  step: ProgramStep & { type: 'webhook' | 'email' },
  at: number,
  attempted: Attempted<Effect>,
): Entered {
  if (!attempted.ok) return failure(step, at, attempted.failure);
  const entry: HistoryEntry = { step: step.id, at, type: step.type, outcome: 'done' };
  return { kind: 'go', entry, next: step.next, effect: attempted.value };
}

function webhookEffect(
  step: string,
  { target, sends }: CompiledWebhook,
  { runId, body, can, room = EFFECT_LIMITS.event }: StepContext,
): Attempted<WebhookEffect> {
  if (can?.hasTarget(target) === false) return failed('endpoint_gone', 'Its endpoint was deleted.');
  const effect = { kind: 'webhook' as const, step, key: `${runId}:${step}`, target };
  switch (sends.kind) {
    case 'body':
      return { ok: true, value: { ...effect, body: null } };
    case 'members':
      return withinWork<Attempted<WebhookEffect>>(
        () => {
          const picked = pickMembers(sends.paths, body.slice([]) ?? 'null', body.notes.work);
          return picked.length > room ? noRoom() : { ok: true, value: { ...effect, body: picked } };
        },
        (message) => failed('work_limit', message),
      );
    case 'template': {
      if (room <= 0) return noRoom();
      const rendered = renderTemplate(sends.template, body, Math.min(EFFECT_LIMITS.body, room));
      if (rendered.ok) return { ok: true, value: { ...effect, body: rendered.text } };
      return isTooLarge(rendered.faults) && room < EFFECT_LIMITS.body
        ? noRoom()
        : { ok: false, failure: summed(rendered.faults) };
    }
    default:
      return sends satisfies never;
  }
}

const MEGA = 1024 * 1024;

function noRoom<T>(): Attempted<T> {
  const { event, call } = EFFECT_LIMITS;
  const message =
    `all that an event sets off may come to ${event / MEGA} Mi characters, and to ${call / MEGA} Mi with the ` +
    'others of its call; choose fewer or smaller members, or publish fewer events in one call';
  return failed('too_large', message);
}

function isTooLarge(faults: readonly RenderingFault[]): boolean {
  return faults.every(({ code }) => code === 'too_large');
}

const NAMED_FAULTS = 3;

function summed(faults: readonly RenderingFault[]): StepFailure {
  const named = faults.slice(0, NAMED_FAULTS).map(({ message }) => message);
  const more = faults.length - named.length;
  return {
    code: faults[0]?.code ?? 'missing_member',
    message: `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
  };
}

function emailEffect(
  step: string,
  email: CompiledEmail,
  { runId, body, can, room = EFFECT_LIMITS.event }: StepContext,
): Attempted<EmailEffect> {
  if (can?.sendsMail === false) return failed('no_mail_server', 'No mail server is set (MIRSAL_SMTP_URL).');
  const to = new Set<string>();
  for (const recipient of email.to) {
    const address = 'address' in recipient ? recipient.address : addressAt(recipient, body);
    if (typeof address !== 'string') return { ok: false, failure: address };
    to.add(address);
  }
  const subject = renderSubject(email.subject, body);
  const text = renderText(email.text, body);
  const faults = [subject, text].flatMap((rendered) => (rendered.ok ? [] : rendered.faults));
  if (!subject.ok || !text.ok) return { ok: false, failure: summed(faults) };
  const value: EmailEffect = {
    kind: 'email',
    step,
    key: `${runId}:${step}`,
    to: [...to],
    subject: subject.text,
    text: text.text,
  };
  return sizeOf(value) > room ? noRoom() : { ok: true, value };
}

function addressAt(
  { field, names }: { field: string; names: readonly string[] },
  body: EventBody,
): string | StepFailure {
  const found = getPath(body.value, names);
  if (!found.found) return { code: 'missing_member', message: `${field} is missing in the event` };
  const shown = body.notes.shown(found.value).words;
  if (typeof found.value !== 'string') {
    return { code: 'not_an_address', message: `${field} is no e-mail address: ${shown}` };
  }
  const read = readMailAddress(found.value);
  if (read.ok) return read.address;
  return { code: 'not_an_address', message: `${field} is no e-mail address: ${shown}; it ${read.message}` };
}

function enterDelay(step: ProgramStep & { type: 'delay' }, at: number, until: Attempted<number>): Entered {
  if (!until.ok) return failure(step, at, until.failure);
  if (until.value <= at) {
    const entry: HistoryEntry = { step: step.id, at, type: 'delay', outcome: 'passed' };
    return { kind: 'go', entry, next: step.next, effect: null };
  }
  const entry: HistoryEntry = { step: step.id, at, type: 'delay', outcome: 'waiting', until: until.value };
  return { kind: 'wait', entry, for: 'time', until: until.value };
}

function delayUntil(delay: Delay, at: number, body: EventBody): Attempted<number> {
  switch (delay.kind) {
    case 'for':
      return { ok: true, value: addDuration(at, delay.duration) };
    case 'until':
      return within(at, readIsoTime(delay.time), delay.time);
    case 'until_member': {
      const found = getPath(body.value, delay.names);
      if (!found.found) return failed('missing_member', `${delay.field} is missing in the event`);
      return within(
        at,
        readTime(found.value),
        `${delay.field}, which is ${body.notes.shown(found.value).words},`,
      );
    }
    case 'until_next':
      return within(
        at,
        nextLocalTime(at, delay.local),
        `the next ${delay.local.time} in ${delay.local.time_zone}`,
      );
    default:
      return delay satisfies never;
  }
}

/** A time may lie in the past, and then the run goes on at once; not further ahead than the longest delay. */
function within(at: number, time: number | null, what: string): Attempted<number> {
  if (time === null) return failed('not_a_time', `${what} is no time to wait for`);
  if (time - at <= DEFINITION_LIMITS.delayDays * DAY) return { ok: true, value: Math.ceil(time) };
  const message = `${what} lies more than ${DEFINITION_LIMITS.delayDays} days ahead, which is the longest delay`;
  return failed('too_far', message);
}
