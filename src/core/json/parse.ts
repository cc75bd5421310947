/**
 * Parsing of posted JSON. Pure.
 *
 * The parsed value serves validation and conditions only; what travels to a receiver is the text
 * itself (slices.ts), because a JavaScript value cannot hold everything that JSON can say: member
 * order of integer-like names, numbers beyond 2^53, 1e400, repeated members.
 *
 * Limits of the parsed value, for whoever reads it: numbers are doubles (9007199254740993 reads as
 * 9007199254740992, 1e400 as Infinity), and of repeated members the last one counts.
 */

import { arraySlices, closingQuote, memberList, skipSpace } from './slices.ts';

/** Levels of arrays and objects that posted JSON may nest. No known platform's payloads come near it. */
export const MAX_JSON_DEPTH = 64;

export type JsonParsed =
  | { ok: true; value: unknown }
  | { ok: false; code: 'invalid_json' | 'too_deep'; message: string; position?: number };

/**
 * JSON.parse as a verdict instead of an exception. `__proto__` becomes an ordinary own member.
 * `maxDepth` levels of nesting are accepted; one more is `too_deep`. The depth is measured by a flat
 * scan first, so that hostile nesting costs neither stack nor memory. `position` counts UTF-16 units.
 */
export function parseJson(text: string, limits: { maxDepth: number }): JsonParsed {
  const { tooDeepAt, escapedName } = scan(text, limits.maxDepth);
  if (tooDeepAt !== -1) {
    return {
      ok: false,
      code: 'too_deep',
      message: `JSON is nested deeper than ${limits.maxDepth} levels at position ${tooDeepAt}; flatten it`,
      position: tooDeepAt,
    };
  }
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value: escapedName ? readByMember(text) : value };
  } catch (error) {
    return invalidJson(text, error);
  }
}

interface Scan {
  /** Position of the bracket that opens level `maxDepth + 1`, or -1. */
  tooDeepAt: number;
  /** True when some member's name is written with a backslash. */
  escapedName: boolean;
}

/** One flat pass over text that need not be valid JSON. */
function scan(text: string, maxDepth: number): Scan {
  const anyBackslash = text.includes('\\');
  let escapedName = false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const quote = closingQuote(text, at);
        if (quote === -1) return { tooDeepAt: -1, escapedName };
        if (anyBackslash && !escapedName && text.charCodeAt(skipSpace(text, quote + 1)) === 0x3a) {
          escapedName = text.slice(at, quote).includes('\\');
        }
        at = quote;
        break;
      }
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        if (depth > maxDepth) return { tooDeepAt: at, escapedName };
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return { tooDeepAt: -1, escapedName };
}

/**
 * Reads valid JSON name by name. V8 12.8 to at least 14.6 misreads an escaped member name when it has
 * met a longer one of the same beginning: after `{"a\\\\":1}`, the text `{"a\\n":1}` yields the name `a\\`
 * (https://github.com/nodejs/node/issues/63785). Strings and numbers on their own are read correctly.
 * Slower than JSON.parse by the depth of nesting, but names with escapes are rare.
 */
function readByMember(text: string): unknown {
  const first = text.charCodeAt(skipSpace(text, 0));
  if (first === 0x5b) return arraySlices(text).map(readByMember);
  if (first !== 0x7b) return JSON.parse(text);
  const object = {};
  for (const { name, value } of memberList(text)) {
    // Defined, not assigned: assigning to __proto__ would set the prototype.
    Object.defineProperty(object, name, {
      value: readByMember(value),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
}

/** Says what the engine says, which quotes the place; with the position where the engine knows it. */
function invalidJson(text: string, error: unknown): JsonParsed {
  if (text.trim() === '')
    return { ok: false, code: 'invalid_json', message: 'not valid JSON: the text is empty', position: 0 };
  const said = error instanceof Error ? error.message : String(error);
  if (said.includes('end of JSON input')) {
    return {
      ok: false,
      code: 'invalid_json',
      message: 'not valid JSON: the text ends too early',
      position: text.length,
    };
  }
  const message = `not valid JSON: ${said}`;
  const position = /at position (\d+)/.exec(said)?.[1];
  if (position === undefined) return { ok: false, code: 'invalid_json', message };
  return { ok: false, code: 'invalid_json', message, position: Number(position) };
}
