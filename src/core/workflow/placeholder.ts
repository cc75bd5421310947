/**
 * Placeholders in the texts of templates and mails: reading and rendering. Pure.
 *
 *   {{data.contact.email}}                             a member of the body, by the path that conditions use
 *   {{ data.contact.fields.first_name | default: "friend" }}
 *   {{data.contact.email | trim | lower}}              filters, from left to right
 *   {{"{{"}}                                           a text of its own, here two braces
 *
 * | filter | what comes of the value |
 * |---|---|
 * | default: x | x (a JSON string, number, true, false or null) where it is missing, null or "" |
 * | upper, lower, trim | its text in upper case, in lower case, without white space around it |
 * | json | its JSON as a text |
 * | date | the time that it is (ISO 8601 text, Unix seconds or milliseconds) as 2026-01-31T08:00:00.000Z |
 *
 * As text, a string is itself, null is nothing, everything else is its JSON as the body has it. A
 * missing member without `default` is a fault. Only members that the JSON has itself are found.
 */
import { closingQuote } from '../json/slices.ts';
import type { EventBody } from '../routing/body.ts';
import { parseFieldPath } from '../routing/condition.ts';
import { readTime } from '../routing/time.ts';
import { STEPS } from '../work.ts';

export type Filter =
  | { name: 'default'; value: string | number | boolean | null }
  | { name: 'upper' | 'lower' | 'trim' | 'json' | 'date' };

export const FILTERS = ['default', 'upper', 'lower', 'trim', 'json', 'date'] as const;

export interface Placeholder {
  /** Where it begins in its text, in UTF-16 units. */
  position: number;
  source: { field: string; names: readonly string[] } | { text: string };
  filters: readonly Filter[];
}

export type TextPart = string | Placeholder;

export interface TextFault {
  /** In the text, in UTF-16 units. */
  position: number;
  message: string;
}

export interface TextParsed {
  parts: TextPart[];
  faults: TextFault[];
}

/** Reads a text with placeholders. With faults, `parts` is what could be read. */
export function parsePlaceholders(text: string): TextParsed {
  const parts: TextPart[] = [];
  const faults: TextFault[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{{', at);
    if (open !== at) parts.push(text.slice(at, open === -1 ? undefined : open));
    if (open === -1) break;
    const read = readPlaceholder(text, open);
    if (typeof read.found === 'string') faults.push({ position: read.end, message: read.found });
    else parts.push(read.found);
    if (typeof read.found === 'string') {
      const close = text.indexOf('}}', read.end);
      if (close === -1) break;
      at = close + 2;
    } else {
      at = read.end;
    }
  }
  return { parts, faults };
}

/** `end` is where it ends, or the place of the fault that `found` tells. */
interface Read<T> {
  found: T | string;
  end: number;
}

function readPlaceholder(text: string, open: number): Read<Placeholder> {
  const source = readSource(text, skipBlank(text, open + 2), open);
  if (typeof source.found === 'string') return { found: source.found, end: source.end };
  const filters: Filter[] = [];
  let at = skipBlank(text, source.end);
  while (!text.startsWith('}}', at)) {
    if (at >= text.length) return { found: 'the placeholder is not closed; write }} after it', end: open };
    if (text[at] !== '|') return { found: 'a filter begins with |, and a placeholder ends with }}', end: at };
    const filter = readFilter(text, skipBlank(text, at + 1));
    if (typeof filter.found === 'string') return { found: filter.found, end: filter.end };
    filters.push(filter.found);
    at = skipBlank(text, filter.end);
  }
  return { found: { position: open, source: source.found, filters }, end: at + 2 };
}

function readSource(text: string, at: number, open: number): Read<Placeholder['source']> {
  if (text[at] === '"') {
    const literal = readString(text, at);
    return literal === null
      ? { found: 'the text is not closed; write " after it', end: at }
      : { found: { text: literal.value }, end: literal.end };
  }
  let end = at;
  while (end < text.length && text[end] !== '|' && !text.startsWith('}}', end)) {
    end += text[end] === '\\' ? 2 : 1;
  }
  if (end >= text.length) return { found: 'the placeholder is not closed; write }} after it', end: open };
  const field = text.slice(at, end).trim();
  if (field === '') {
    return { found: 'the placeholder is empty; write a path such as data.contact.email', end: at };
  }
  const names = parseFieldPath(field);
  if (names !== null) return { found: { field, names }, end };
  const message = `${JSON.stringify(field.slice(0, 60))} is not a path; write member names joined by dots, a dot within a name as \\.`;
  return { found: message, end: at };
}

function readFilter(text: string, at: number): Read<Filter> {
  const name = /^[a-z_]*/.exec(text.slice(at, at + 40))?.[0] ?? '';
  const known = FILTERS.find((filter) => filter === name);
  if (known === undefined) {
    return { found: `${JSON.stringify(name)} is not a filter; known are ${FILTERS.join(', ')}`, end: at };
  }
  const afterName = skipBlank(text, at + name.length);
  const takesValue = text[afterName] === ':';
  if (known !== 'default') {
    return takesValue
      ? { found: `the filter ${known} takes no value`, end: afterName }
      : { found: { name: known }, end: at + name.length };
  }
  const value = takesValue ? readValue(text, skipBlank(text, afterName + 1)) : null;
  if (value !== null) return { found: { name: known, value: value.value }, end: value.end };
  const message =
    'default needs a value: a text in quotes, a number, true, false or null; {{a | default: "b"}}';
  return { found: message, end: afterName };
}

type Literal<T> = { value: T; end: number } | null;

function readValue(text: string, at: number): Literal<string | number | boolean | null> {
  if (text[at] === '"') return readString(text, at);
  const word = /^[^|}\s]*/.exec(text.slice(at, at + 40))?.[0] ?? '';
  if (!/^(?:true|false|null|-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?)$/.test(word)) return null;
  return { value: JSON.parse(word), end: at + word.length };
}

function readString(text: string, at: number): Literal<string> {
  const quote = closingQuote(text, at);
  if (quote === -1) return null;
  try {
    return { value: JSON.parse(text.slice(at, quote + 1)), end: quote + 1 };
  } catch {
    return null;
  }
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] ?? '')) at++;
  return at;
}

// ---------------------------------------------------------------- rendering

/** Why a placeholder has no value. */
export interface RenderFault {
  code: 'missing_member' | 'not_a_time';
  /** The member's path, as written. */
  field: string;
  message: string;
}

export type Rendered = { ok: true; raw: string } | { ok: false; fault: RenderFault };

/**
 * The value of a placeholder as raw JSON text; without filters, the very text that the body has. Throws
 * WorkLimitReached where it takes more than the event has left.
 */
export function renderValue({ source, filters }: Placeholder, body: EventBody): Rendered {
  const { work } = body.notes;
  work.charge(STEPS.clause + ('names' in source ? source.names.length * STEPS.member : 0));
  const field = 'field' in source ? source.field : JSON.stringify(source.text);
  let raw = 'field' in source ? body.slice(source.names) : JSON.stringify(source.text);
  for (const filter of filters) {
    if (filter.name === 'default') {
      if (raw === null || raw === 'null' || raw === '""') raw = JSON.stringify(filter.value);
      continue;
    }
    if (raw === null) continue;
    work.charge(STEPS.clause + raw.length * STEPS.filtered);
    const filtered = applyFilter(filter.name, raw);
    if (filtered === null) {
      const message = `${field} is no time: ${raw.slice(0, 100).toWellFormed()}`;
      return { ok: false, fault: { code: 'not_a_time', field, message } };
    }
    raw = filtered;
  }
  if (raw !== null) return { ok: true, raw };
  const message = `${field} is missing in the event; give it a default: {{${field} | default: "…"}}`;
  return { ok: false, fault: { code: 'missing_member', field, message } };
}

/** Raw JSON to raw JSON; null where the value is of no use to the filter. */
function applyFilter(name: Exclude<Filter['name'], 'default'>, raw: string): string | null {
  switch (name) {
    case 'upper':
      return JSON.stringify(textOf(raw).toUpperCase());
    case 'lower':
      return JSON.stringify(textOf(raw).toLowerCase());
    case 'trim':
      return JSON.stringify(textOf(raw).trim());
    case 'json':
      return JSON.stringify(raw);
    case 'date':
      return isoTime(raw);
    default:
      return name satisfies never;
  }
}

/** The latest time that a Date can hold. */
const MAX_TIME = 8.64e15;

function isoTime(raw: string): string | null {
  if (!/^["\d-]/.test(raw)) return null;
  const time = readTime(JSON.parse(raw));
  if (time === null || Math.abs(time) > MAX_TIME) return null;
  return JSON.stringify(new Date(time).toISOString());
}

/** Raw JSON as it reads within a text. */
export function textOf(raw: string): string {
  if (raw.startsWith('"')) return JSON.parse(raw);
  return raw === 'null' ? '' : raw;
}
