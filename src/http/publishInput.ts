/**
 * Events as they are posted. Pure. The raw text of `data` and `account` goes through as slices, the
 * parsed value serves for checking alone; no schema is run over the envelope, which this file reads
 * itself in one pass per event.
 *
 * All faults of all events are collected, each with a pointer from the request's root. The problem's
 * code is that of the first fault.
 */

import { bodyValue, buildBody } from '../core/catalog/envelope.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { subjectFault, subjectOf } from '../core/catalog/subject.ts';
import { isSystemEvent } from '../core/catalog/systemEvents.ts';
import { TOO_COSTLY, validateData } from '../core/catalog/validate.ts';
import { isObject, own } from '../core/json/object.ts';
import { MAX_JSON_DEPTH } from '../core/json/parse.ts';
import { pointerToken } from '../core/json/pointer.ts';
import { arraySlices, memberSlices } from '../core/json/slices.ts';
import { CHECK_LIMITS, LIGHT_LIMITS } from '../core/limits.ts';
import { type EventBody, eventBody } from '../core/routing/body.ts';
import { readIsoTime } from '../core/routing/time.ts';
import { Work } from '../core/work.ts';
import { type PostedText, type PublishEvent, TooHeavy } from '../engine/engine.ts';
import type { Routing } from '../store/records/routing.ts';
import { BATCH_DEPTH, EVENT_DEPTH, MAX_BATCH_EVENTS, MAX_EVENT_BYTES, parseBody, textOf } from './bodies.ts';
import type { Code } from './codes.ts';
import { eventTypesOf, type Suggestions, suggestionsFrom } from './eventTypesOf.ts';
import { type Fault, MAX_FAULTS, Problem } from './problem.ts';

const MEMBERS = ['type', 'data', 'id', 'created_at', 'account'];
const ID = /^[A-Za-z0-9_.:-]{1,128}$/;

/** What a workspace's events are checked against. */
export interface Rules {
  types: ReadonlyMap<string, EventType>;
  validation: 'strict' | 'warn';
}

export function rulesOf(routing: Routing): Rules {
  return { types: eventTypesOf(routing), validation: routing.workspace.settings.validation };
}

interface Reading {
  rules: Rules;
  unknown: Suggestions;
  /** Steps that checking the data of the call's events may still take. */
  steps: number;
  /** Whether only little is to be done: TooHeavy says that it does not suffice. */
  light: boolean;
  faults: Array<{ code: Code; fault: Fault }>;
}

function readingBy(rules: Rules, light: boolean): Reading {
  const steps = light ? LIGHT_LIMITS.check.value : CHECK_LIMITS.call.value;
  return { rules, unknown: suggestionsFrom(rules.types), steps, light, faults: [] };
}

/** The events of a body. Throws a Problem with the faults of all of them, at most 100. */
export function readPosted(posted: PostedText, rules: Rules): PublishEvent[] {
  return readEvents(posted.form, parsed(posted), readingBy(rules, false));
}

/**
 * Reads a body's events by the types and settings of a routing. Told to be `light`, it throws TooHeavy where checking
 * takes more than is done on the loop. Throws a Problem at once for a text that is no JSON.
 */
export function readerOf(posted: PostedText): (routing: Routing, light: boolean) => PublishEvent[] {
  // Bytes are read here only where there is no thread.
  let once = typeof posted.text === 'string' ? parsed(posted) : null;
  return (routing, light) => {
    once ??= parsed(posted);
    return readEvents(posted.form, once, readingBy(rulesOf(routing), light));
  };
}

interface ParsedText {
  text: string;
  value: unknown;
}

function parsed({ form, text: posted }: PostedText): ParsedText {
  const text = typeof posted === 'string' ? posted : textOf(posted);
  return { text, value: parseBody(text, form === 'single' ? EVENT_DEPTH : BATCH_DEPTH) };
}

function readEvents(form: PostedText['form'], { text, value }: ParsedText, reading: Reading): PublishEvent[] {
  return form === 'single' ? [readSingle(text, value, reading)] : readBatch(text, value, reading);
}

function readSingle(text: string, value: unknown, reading: Reading): PublishEvent {
  const event = readEvent(text, value, '', reading);
  if (!event || reading.faults.length > 0) throw problemFrom(reading);
  return event;
}

function readBatch(text: string, value: unknown, reading: Reading): PublishEvent[] {
  const posted = readEnvelope(text, value, reading);
  if (!posted) throw problemFrom(reading);
  const events: PublishEvent[] = [];
  const placeById = new Map<string, number>();
  for (const [index, slice] of posted.slices.entries()) {
    if (reading.faults.length >= MAX_FAULTS) break;
    const at = `/events/${index}`;
    const event = readEvent(slice, posted.values[index], at, reading);
    if (!event) continue;
    events.push(event);
    if (event.id === null) continue;
    const earlier = placeById.get(event.id);
    if (earlier === undefined) placeById.set(event.id, index);
    else refuse(reading, 'duplicate_event_id', `${at}/id`, `is also the id of /events/${earlier}`);
  }
  if (reading.faults.length > 0) throw problemFrom(reading);
  return events;
}

function readEnvelope(
  text: string,
  value: unknown,
  reading: Reading,
): { slices: string[]; values: readonly unknown[] } | null {
  if (!isObject(value)) {
    refuse(reading, 'invalid_request', '', 'must be an object: {"events": […]}');
    return null;
  }
  const { members, duplicates } = memberSlices(text);
  for (const name of duplicates)
    refuse(reading, 'duplicate_member', `/${pointerToken(name)}`, 'occurs more than once');
  for (const name of members.keys()) {
    if (name !== 'events')
      refuse(reading, 'invalid_request', `/${pointerToken(name)}`, 'is not a member known here');
  }
  const values: unknown = Object.hasOwn(value, 'events') ? Reflect.get(value, 'events') : undefined;
  if (!Array.isArray(values)) {
    refuse(
      reading,
      'invalid_request',
      '/events',
      values === undefined ? 'is missing' : 'must be an array of events',
    );
  } else if (values.length === 0 || values.length > MAX_BATCH_EVENTS) {
    refuse(
      reading,
      'invalid_request',
      '/events',
      `holds ${values.length} events; 1 to ${MAX_BATCH_EVENTS} are taken at a time`,
    );
  }
  if (reading.faults.length > 0 || !Array.isArray(values)) return null;
  return { slices: arraySlices(members.get('events') ?? '[]'), values };
}

/** Null where nothing can be made of it; else the event, which is good if no fault was added. */
function readEvent(text: string, value: unknown, at: string, reading: Reading): PublishEvent | null {
  if (!isObject(value)) {
    refuse(reading, 'invalid_request', at, 'must be an event: {"type": …, "data": {…}}');
    return null;
  }
  const { members, duplicates } = memberSlices(text);
  for (const name of duplicates) {
    refuse(reading, 'duplicate_member', `${at}/${pointerToken(name)}`, 'occurs more than once');
  }
  for (const name of members.keys()) {
    if (MEMBERS.includes(name)) continue;
    const message = `is not a member of an event; it has ${MEMBERS.join(', ')}`;
    refuse(reading, 'invalid_request', `${at}/${pointerToken(name)}`, message);
  }
  const type = readType(own(value, 'type'), at, reading);
  const id = readId(own(value, 'id'), at, reading);
  const createdAt = readCreatedAt(own(value, 'created_at'), at, reading);
  const account = readAccount(own(value, 'account'), members.get('account'), at, reading);
  const data = members.get('data');
  const parsed = own(value, 'data');
  if (data === undefined) {
    refuse(reading, 'invalid_request', `${at}/data`, 'is missing');
    return null;
  }
  const letThrough = checkData(data, parsed, type, at, reading);
  if (type !== null && isObject(parsed)) checkSubject(type, { data, parsed, account }, at, reading);
  return {
    id,
    type: type?.name ?? '',
    data,
    value: parsed,
    account,
    createdAt,
    warnings: letThrough.length === 0 ? null : JSON.stringify(letThrough),
  };
}

function readType(input: unknown, at: string, reading: Reading): EventType | null {
  const field = `${at}/type`;
  if (typeof input !== 'string') {
    refuse(reading, 'invalid_request', field, input === undefined ? 'is missing' : 'must be a string');
    return null;
  }
  if (isSystemEvent(input)) {
    refuse(reading, 'reserved_event_type', field, `${input} is published by Mirsal itself only`);
    return null;
  }
  const type = reading.rules.types.get(input);
  if (!type) refuse(reading, 'unknown_event_type', field, reading.unknown(input));
  return type ?? null;
}

function readId(input: unknown, at: string, reading: Reading): string | null {
  if (input === undefined) return null;
  if (typeof input === 'string' && ID.test(input)) return input;
  refuse(reading, 'invalid_request', `${at}/id`, 'must be 1 to 128 characters of A-Z a-z 0-9 _ - . :');
  return null;
}

function readCreatedAt(input: unknown, at: string, reading: Reading): number | null {
  if (input === undefined) return null;
  const time = typeof input === 'string' ? readIsoTime(input) : null;
  if (time !== null && time >= 0) return time;
  refuse(
    reading,
    'invalid_request',
    `${at}/created_at`,
    'must be a time from 1970 on such as "2026-01-31T08:00:00+00:00"',
  );
  return null;
}

function readAccount(input: unknown, raw: string | undefined, at: string, reading: Reading): string | null {
  if (input === undefined || raw === undefined) return null;
  if (isObject(input)) return raw;
  refuse(
    reading,
    'invalid_request',
    `${at}/account`,
    'must be an object such as {"email": "owner@example.com"}',
  );
  return null;
}

/** The schema's faults where the workspace lets them through; else they are refused here. */
function checkData(
  raw: string,
  value: unknown,
  type: EventType | null,
  at: string,
  reading: Reading,
): readonly Fault[] {
  const field = `${at}/data`;
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so that short texts need no counting.
  if (raw.length > MAX_EVENT_BYTES / 3 && Buffer.byteLength(raw) > MAX_EVENT_BYTES) {
    refuse(
      reading,
      'body_too_large',
      field,
      `takes more than ${MAX_EVENT_BYTES} bytes, the limit for one event`,
    );
    return [];
  }
  if (!isObject(value)) {
    refuse(reading, 'invalid_request', field, 'must be an object');
    return [];
  }
  if (!type) return [];
  const work = new Work(Math.min(CHECK_LIMITS.event.value, reading.steps));
  const found = validateData(type, value, work);
  reading.steps -= work.used;
  if (found.length === 0) return found;
  const [first] = found;
  if (first?.keyword === TOO_COSTLY) {
    if (reading.light) throw new TooHeavy();
    refuse(reading, 'event_too_costly', `${at}${first.field}`, first.message);
    return [];
  }
  // What the envelope reserves cannot be let through: the body would say two things.
  const reserved = found.some(({ keyword }) => keyword === 'reserved' || keyword === 'family');
  // Kept with the event, so the pointers start at the event, not at the batch.
  if (reading.rules.validation === 'warn' && !reserved) {
    return found.map(({ field: inEvent, message }) => ({ field: inEvent, message }));
  }
  for (const { field: inEvent, message } of found)
    refuse(reading, 'schema_violation', `${at}${inEvent}`, message);
  return [];
}

/** What an event is about is indexed, so it is bounded whatever the type's schema says. */
function checkSubject(
  type: EventType,
  { data, parsed, account }: { data: string; parsed: object; account: string | null },
  at: string,
  reading: Reading,
): void {
  if (type.subject === null) return;
  const parts = { eventType: type, eventId: '', createdAt: 0, account };
  const value = bodyValue(parts, parsed);
  // The text is put together for a number of more than 15 digits only.
  const slice: EventBody['slice'] = (path) => eventBody(buildBody({ ...parts, data }), value).slice(path);
  const subject = subjectOf(type, { value, slice });
  const fault = subject === null ? null : subjectFault(subject);
  if (fault === null) return;
  const field = type.family === 'messaging' ? `/data${type.subject}` : type.subject;
  refuse(reading, 'invalid_request', `${at}${field}`, fault);
}

function refuse(reading: Reading, code: Code, field: string, message: string): void {
  reading.faults.push({ code, fault: { field, message } });
}

function problemFrom(reading: Reading): Problem {
  const [first] = reading.faults;
  if (!first) throw new Error('An event without faults was refused.');
  const count = reading.faults.length;
  const rest = count > 1 ? ` (and ${count - 1} more)` : '';
  const detail = `${first.fault.field || 'The body'} ${first.fault.message}${rest}. Nothing was accepted.`;
  return new Problem(first.code, detail, { errors: reading.faults.map(({ fault }) => fault) });
}

/** Said in the document; bodies.ts enforces it. */
export const DATA_RULES = `\`data\` may nest ${MAX_JSON_DEPTH} levels and take ${MAX_EVENT_BYTES} bytes; it reaches receivers as it was posted.`;
