/**
 * Templates of bodies and mails. Pure.
 *
 * A body's template is JSON whose strings may hold placeholders (placeholder.ts). A string that is one
 * placeholder and nothing else becomes the value itself, kind and digits kept: {"id": "{{data.contact.id}}"}
 * gives {"id":29142804}. Within other text it becomes text. All else stands as written: member names and their order,
 * the digits of numbers, texts without placeholders.
 *
 * Nothing here throws over what a person wrote or a body holds: faults are data, all of them at once.
 */
import { kindOf } from '../json/excerpt.ts';
import { MAX_JSON_DEPTH, parseJson } from '../json/parse.ts';
import { pointerToken } from '../json/pointer.ts';
import { RawJson } from '../json/raw.ts';
import { arraySlices, memberList } from '../json/slices.ts';
import type { EventBody } from '../routing/body.ts';
import { STEPS, withinWork } from '../work.ts';
import {
  type Placeholder,
  parsePlaceholders,
  type Rendered,
  type RenderFault,
  renderValue,
  type TextFault,
  type TextPart,
  textOf,
} from './placeholder.ts';

/** Generous for a body that a person writes; the last one bounds what a placeholder can blow up. */
export const TEMPLATE_LIMITS = {
  length: 64 * 1024,
  depth: 20,
  placeholders: 200,
  /** Of one placeholder: each kind once, and room. */
  filters: 10,
  renderedLength: 1024 * 1024,
} as const;

export interface TemplateFault {
  /** JSON pointer into the template. */
  path: string;
  /** Where in that string, or, with the path "", in the template's text; UTF-16 units. */
  position?: number;
  message: string;
}

type Segment = string | { value: Placeholder } | { text: readonly TextPart[] };

/** A body's template, ready for rendering. */
export interface JsonTemplate {
  segments: readonly Segment[];
  /** Every placeholder with the pointer of the string it stands in. */
  placeholders: ReadonlyArray<{ path: string; placeholder: Placeholder }>;
  /** Every text with `${` in it, likewise. */
  dollars: ReadonlyArray<{ path: string; text: string }>;
}

export type TemplateCompiled = { ok: true; template: JsonTemplate } | { ok: false; faults: TemplateFault[] };

/** A template as text, which may not even be JSON yet. */
export function compileTemplateText(text: string): TemplateCompiled {
  const parsed = parseJson(text, { maxDepth: MAX_JSON_DEPTH });
  if (parsed.ok) return compileTemplate(new RawJson(text));
  const { message, position } = parsed;
  return { ok: false, faults: [{ path: '', message, ...(position === undefined ? {} : { position }) }] };
}

/** `template` is raw, or JSON that was parsed, whose digits and order are then those that it has left. */
export function compileTemplate(template: unknown): TemplateCompiled {
  const compiling: Compiling = { segments: [], placeholders: [], dollars: [], faults: [] };
  const raw = template instanceof RawJson ? template.text : JSON.stringify(template);
  if (typeof raw === 'string') compileValue(raw.trim(), '', 1, compiling);
  else compiling.faults.push({ path: '', message: `must be JSON, but is ${kindOf(template)}` });
  const { segments, placeholders, dollars, faults } = compiling;
  const length = segments.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
  if (length > TEMPLATE_LIMITS.length) {
    faults.push({
      path: '',
      message: `has ${length} characters; at most ${TEMPLATE_LIMITS.length} are allowed`,
    });
  }
  if (placeholders.length > TEMPLATE_LIMITS.placeholders) {
    const message = `has ${placeholders.length} placeholders; at most ${TEMPLATE_LIMITS.placeholders} are allowed`;
    faults.push({ path: '', message });
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, template: { segments, placeholders, dollars } };
}

interface Compiling {
  segments: Segment[];
  placeholders: Array<{ path: string; placeholder: Placeholder }>;
  dollars: Array<{ path: string; text: string }>;
  faults: TemplateFault[];
}

/** `raw` is valid JSON without white space around it. What is no text stands as it is written. */
function compileValue(raw: string, path: string, depth: number, compiling: Compiling): void {
  if (depth > TEMPLATE_LIMITS.depth) {
    compiling.faults.push({
      path,
      message: `is nested deeper than ${TEMPLATE_LIMITS.depth} levels; flatten it`,
    });
  } else if (raw.startsWith('"')) {
    compileString(raw, path, compiling);
  } else if (raw.startsWith('[')) {
    const items = arraySlices(raw).map((item, index): Item => ({ prefix: '', name: String(index), item }));
    compileItems('[', items, ']', path, depth, compiling);
  } else if (raw.startsWith('{')) {
    const items = memberList(raw).map(
      ({ rawName, name, value }): Item => ({ prefix: `${rawName}:`, name, item: value }),
    );
    compileItems('{', items, '}', path, depth, compiling);
  } else {
    compiling.segments.push(raw);
  }
}

interface Item {
  prefix: string;
  name: string;
  item: string;
}

function compileItems(
  open: '[' | '{',
  items: readonly Item[],
  close: ']' | '}',
  path: string,
  depth: number,
  compiling: Compiling,
): void {
  compiling.segments.push(open);
  for (const [index, { prefix, name, item }] of items.entries()) {
    compiling.segments.push(`${index === 0 ? '' : ','}${prefix}`);
    compileValue(item, `${path}/${pointerToken(name)}`, depth + 1, compiling);
  }
  compiling.segments.push(close);
}

function compileString(raw: string, path: string, compiling: Compiling): void {
  const text = textOf(raw);
  const { parts, faults } = parsePlaceholders(text);
  if (text.includes('${')) compiling.dollars.push({ path, text });
  for (const { position, message } of faults) compiling.faults.push({ path, position, message });
  const found = parts.filter((part) => typeof part !== 'string');
  compiling.faults.push(...tooManyFilters(found).map((fault) => ({ path, ...fault })));
  for (const placeholder of found) compiling.placeholders.push({ path, placeholder });
  const [first] = found;
  if (first === undefined) compiling.segments.push(raw);
  else compiling.segments.push(parts.length === 1 ? { value: first } : { text: parts });
}

/** Placeholders whose filters are more than a limit, for templates and mails. */
export function tooManyFilters(placeholders: readonly Placeholder[]): TextFault[] {
  const limit = TEMPLATE_LIMITS.filters;
  return placeholders.flatMap(({ position, filters }) => {
    if (filters.length <= limit) return [];
    return [{ position, message: `has ${filters.length} filters; at most ${limit} are allowed` }];
  });
}

export type TemplateChecked = { ok: true; body: string } | { ok: false; faults: TemplateFault[] };

/** A template as it is typed, against a sample: the body that it gives, or every fault with its place. */
export function checkTemplateText(text: string, sample: EventBody): TemplateChecked {
  const compiled = compileTemplateText(text);
  if (!compiled.ok) return compiled;
  const faults = compiled.template.placeholders.flatMap(({ path, placeholder }): TemplateFault[] => {
    const rendered = withinWork<Rendered | { ok: false; fault: RenderingFault }>(
      () => renderValue(placeholder, sample),
      (message) => ({ ok: false, fault: { code: 'work_limit', message } }),
    );
    return rendered.ok ? [] : [{ path, position: placeholder.position, message: rendered.fault.message }];
  });
  if (faults.length > 0) return { ok: false, faults };
  const rendered = renderTemplate(compiled.template, sample);
  if (rendered.ok) return { ok: true, body: rendered.text };
  return { ok: false, faults: rendered.faults.map(({ message }) => ({ path: '', message })) };
}

// ---------------------------------------------------------------- rendering

export type TextRendered = { ok: true; text: string } | { ok: false; faults: RenderingFault[] };

export type RenderingFault = RenderFault | { code: 'too_large' | 'work_limit'; message: string };

/**
 * The body that the template gives for an event, as JSON text of `limit` characters at most. Never throws.
 * Every fault is told; what is too large, or more work than the event has left, is given up as soon as that shows.
 */
export function renderTemplate(
  template: JsonTemplate,
  body: EventBody,
  limit: number = TEMPLATE_LIMITS.renderedLength,
): TextRendered {
  const rendering: Rendering = { body, limit, out: [], length: 0, faults: [] };
  return withinWork(() => {
    for (const segment of template.segments) {
      if (rendering.length > limit) break;
      if (typeof segment === 'string') put(segment, rendering);
      else if ('value' in segment) put(rawOf(segment.value, rendering), rendering);
      else put(JSON.stringify(joined(segment.text, rendering)), rendering);
    }
    return finish(rendering);
  }, tooMuchWork);
}

function tooMuchWork(message: string): TextRendered {
  return { ok: false, faults: [{ code: 'work_limit', message }] };
}

/** A mail's text. Control characters other than line ends and tabs are left out. */
export function renderText(parts: readonly TextPart[], body: EventBody): TextRendered {
  const limit = TEMPLATE_LIMITS.renderedLength;
  const rendering: Rendering = { body, limit, out: [], length: 0, faults: [] };
  const rendered = withinWork(() => {
    put(joined(parts, rendering), rendering);
    return finish(rendering);
  }, tooMuchWork);
  if (!rendered.ok) return rendered;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  const unseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
  return { ok: true, text: rendered.text.replace(/\r\n?/g, '\n').replace(unseen, '').toWellFormed() };
}

/** RFC 5322 allows 998 characters to a line; what people read ends long before. */
const MAX_SUBJECT_LENGTH = 500;

/** A mail's subject: one line, whatever the event holds, so that no header can be smuggled in. */
export function renderSubject(parts: readonly TextPart[], body: EventBody): TextRendered {
  const rendered = renderText(parts, body);
  if (!rendered.ok) return rendered;
  const line = rendered.text.replace(/[\n\t\u0080-\u009f\u2028\u2029]+/g, ' ').trim();
  return { ok: true, text: line.slice(0, MAX_SUBJECT_LENGTH).toWellFormed() };
}

interface Rendering {
  body: EventBody;
  /** How long the whole may become, in characters. */
  limit: number;
  out: string[];
  length: number;
  faults: RenderingFault[];
}

function put(text: string, rendering: Rendering): void {
  rendering.body.notes.work.charge(text.length * STEPS.copied);
  rendering.length += text.length;
  if (rendering.length <= rendering.limit) rendering.out.push(text);
}

/** Raw JSON; null in place of a value that is at fault, as the whole is refused anyway. */
function rawOf(placeholder: Placeholder, rendering: Rendering): string {
  const rendered = renderValue(placeholder, rendering.body);
  if (rendered.ok) return rendered.raw;
  rendering.faults.push(rendered.fault);
  return 'null';
}

function joined(parts: readonly TextPart[], rendering: Rendering): string {
  let text = '';
  for (const part of parts) {
    if (text.length > rendering.limit) break;
    const piece = typeof part === 'string' ? part : rawOf(part, rendering);
    // Read from its JSON, joined, and written as JSON again.
    rendering.body.notes.work.charge(piece.length * STEPS.filtered);
    text += typeof part === 'string' ? piece : textOf(piece);
  }
  return text;
}

function finish({ out, length, limit, faults }: Rendering): TextRendered {
  if (faults.length > 0) return { ok: false, faults };
  if (length <= limit) return { ok: true, text: out.join('') };
  const message = `it comes to more than ${limit} characters; choose fewer or smaller members`;
  return { ok: false, faults: [{ code: 'too_large', message }] };
}
