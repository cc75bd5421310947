/**
 * Lossless slicing of JSON text. Pure.
 *
 * A slice is the very text of a value as it was sent, without the white space around it. Bodies are
 * put together from slices and never re-serialised, so that member order, digits and escapes reach
 * the receiver unharmed. One pass; strings are skipped from quote to quote.
 *
 * All functions expect valid JSON (parseJson has accepted it) and throw a TypeError when the text is
 * not of the kind they slice: that is a bug of the caller.
 */
/** One member as it stands in the text. `rawName` keeps its quotes and escapes, `name` is unescaped. */
export interface MemberSlice {
  name: string;
  rawName: string;
  value: string;
}

/** Members by name, in order of first appearance; of a repeated name the last value counts, as with JSON.parse. */
export interface MemberSlices {
  members: Map<string, string>;
  /** Names that occur more than once, each listed once. */
  duplicates: string[];
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The top-level members of an object's text, repeated ones included, in order. */
export function memberList(text: string): MemberSlice[] {
  const list: MemberSlice[] = [];
  let at = skipSpace(text, expectOpening(text, OPEN_BRACE, 'object') + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameEnd = closingQuote(text, at) + 1;
    if (nameEnd === 0) throw notSliceable('object');
    const rawName = text.slice(at, nameEnd);
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = valueEnd(text, start);
    list.push({ name: unescapeName(rawName), rawName, value: text.slice(start, end) });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) break;
    at = skipSpace(text, at + 1);
  }
  if (text.charCodeAt(at) !== CLOSE_BRACE) throw notSliceable('object');
  return list;
}

/** The raw values of an object's top-level members. */
export function memberSlices(text: string): MemberSlices {
  const members = new Map<string, string>();
  const duplicates = new Set<string>();
  for (const { name, value } of memberList(text)) {
    if (members.has(name)) duplicates.add(name);
    members.set(name, value);
  }
  return { members, duplicates: [...duplicates] };
}

/** The raw elements of an array's text. */
export function arraySlices(text: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, expectOpening(text, OPEN_BRACKET, 'array') + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = valueEnd(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) break;
    at = skipSpace(text, at + 1);
  }
  if (text.charCodeAt(at) !== CLOSE_BRACKET) throw notSliceable('array');
  return elements;
}

/** The text between an object's outermost braces, trimmed; empty for an empty object. */
export function objectInner(text: string): string {
  const open = expectOpening(text, OPEN_BRACE, 'object');
  const close = text.lastIndexOf('}');
  if (close <= open) throw notSliceable('object');
  return text.slice(open + 1, close).trim();
}

/** Index just after the value that starts at `start`. */
function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) {
    const quote = closingQuote(text, start);
    if (quote === -1) throw notSliceable('value');
    return quote + 1;
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return containerEnd(text, start);
  let at = start;
  while (at < text.length && !endsScalar(text.charCodeAt(at))) at++;
  if (at === start) throw notSliceable('value');
  return at;
}

function containerEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = closingQuote(text, at);
      if (at === -1) break;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  throw notSliceable('value');
}

/** Index of the quote that closes the string opened at `open`, or -1. A quote after an odd number of backslashes is escaped. */
export function closingQuote(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1);
  while (quote !== -1) {
    let slash = quote - 1;
    while (text.charCodeAt(slash) === 0x5c) slash--;
    if ((quote - slash) % 2 === 1) return quote;
    quote = text.indexOf('"', quote + 1);
  }
  return -1;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || isSpace(code);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Index of the first character at or after `from` that is not JSON white space. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function expectOpening(text: string, opening: number, kind: string): number {
  const at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== opening) throw notSliceable(kind);
  return at;
}

function unescapeName(rawName: string): string {
  return rawName.includes('\\') ? JSON.parse(rawName) : rawName.slice(1, -1);
}

function notSliceable(kind: string): TypeError {
  return new TypeError(`the text is not a valid JSON ${kind}; check it with parseJson before slicing it`);
}
