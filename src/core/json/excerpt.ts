/**
 * JSON values in words, for verdicts and faults: they show what a body had, not all of it. Pure;
 * bounded in depth and width, so any value costs little.
 */

const MAX_TEXT = 200;
const MAX_WIDTH = 10;
const MAX_DEPTH = 3;

import { isExactNumber } from './exact.ts';

/** `value` as plain JSON with long texts, wide containers and deep levels cut; "…" marks a cut. */
export function excerpt(value: unknown): unknown {
  return excerptAt(value, MAX_DEPTH);
}

/** The excerpt as one line of JSON for a sentence. */
export function inWords(value: unknown): string {
  const text = JSON.stringify(excerpt(value)) ?? 'nothing';
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text;
}

/** What kind of JSON value it is, as the end of a sentence: "a string", "an array", "null", "missing". */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'missing';
    case 'string':
      return 'a string';
    case 'number':
      return Number.isFinite(value) ? 'a number' : 'a number beyond 1e308';
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      if (isExactNumber(value)) return 'a number';
      return Array.isArray(value) ? 'an array' : 'an object';
  }
}

function excerptAt(value: unknown, depth: number): unknown {
  // 1e400 reads as Infinity, which JSON cannot say.
  if (typeof value === 'number' && !Number.isFinite(value)) return `${value < 0 ? '-' : ''}1e309 or beyond`;
  if (typeof value === 'string') {
    return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT).toWellFormed()}…` : value;
  }
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_WIDTH).map((item) => excerptAt(item, depth - 1));
    return value.length > MAX_WIDTH ? [...shown, `… ${value.length - MAX_WIDTH} more`] : shown;
  }
  const names = Object.keys(value);
  const shown = names
    .slice(0, MAX_WIDTH)
    .map((name): [string, unknown] => [excerptName(name), excerptAt(Reflect.get(value, name), depth - 1)]);
  if (names.length > MAX_WIDTH) shown.push(['…', `${names.length - MAX_WIDTH} more`]);
  return Object.fromEntries(shown);
}

function excerptName(name: string): string {
  return name.length > MAX_TEXT ? `${name.slice(0, MAX_TEXT).toWellFormed()}…` : name;
}
