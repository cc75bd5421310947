/**
 * What of an event is found by text, and what a search asks for. Pure.
 *
 *   event ─▶ members that its type marks as searchable ─▶ texts ─▶ terms ─▶ keys of terms
 *   search text ─────────────────────────────────────────────────▶ terms ─▶ keys, all of which an event must have
 *
 * Texts are folded as conditions fold them without regard to case and Arabic forms (routing/text.ts), so that ٦١٢٦٦١
 * finds 612661. An e-mail address is a term as a whole, and its parts are; a telephone number is its digits. What is
 * stored of a term is its key, a number made of its letters: an index of them is small, and shows no names.
 */

import type { EventType } from '../catalog/eventType.ts';
import { isObject } from '../json/object.ts';
import { parsePointer } from '../json/pointer.ts';
import type { EventBody } from '../routing/body.ts';
import { freshFolding } from '../routing/text.ts';
import { SEARCH_LIMITS } from './limits.ts';

/** Members and elements that are visited in one event: a list may have 100,000 elements. */
const MOST_VISITED = 2_000;
/** Longer ones are no words that somebody types: tokens, pictures as text. */
const LONGEST_TERM = 64;

/** Keys of the terms that an event of the workspace is found by. `value` and `slice` are those of its body. */
export function termsOf(
  workspace: number,
  { searchable, subject }: Pick<EventType, 'searchable' | 'subject'>,
  body: Pick<EventBody, 'value' | 'slice'>,
): number[] {
  const terms = new Set<string>();
  const account = { characters: SEARCH_LIMITS.text.value, visits: MOST_VISITED };
  for (const pointer of subject === null ? searchable : [subject, ...searchable]) {
    eachLeaf(body, pathOf(pointer), account, (text) => {
      const shown = text.slice(0, Math.min(SEARCH_LIMITS.value.value, account.characters));
      account.characters -= shown.length;
      addTerms(terms, shown);
    });
  }
  return [...terms].slice(0, SEARCH_LIMITS.terms.value).map((term) => keyOfTerm(workspace, term));
}

/** Keys of the terms that a search asks for, each once; none where the text has no letter and no digit. */
export function wordsOf(workspace: number, search: string): number[] {
  const words = new Set<string>();
  const text = fold(search.trim());
  const digits = phoneDigits(text);
  if (digits !== null) words.add(digits);
  else for (const chunk of text.split(SPACE)) addWords(words, chunk);
  return [...words].map((word) => keyOfTerm(workspace, word));
}

function addWords(words: Set<string>, chunk: string): void {
  const digits = phoneDigits(chunk);
  const whole = trimmed(chunk);
  if (digits !== null) words.add(digits);
  else if (/.@./.test(whole)) words.add(whole.slice(0, LONGEST_TERM));
  else for (const part of whole.split(NO_WORD)) if (part !== '') words.add(part.slice(0, LONGEST_TERM));
}

// ---------------------------------------------------------------- terms of a text

const SPACE = /\s+/u;
const NO_WORD = /[^\p{L}\p{N}\p{M}]+/u;
const EDGES = /^[^\p{L}\p{N}\p{M}]+|[^\p{L}\p{N}\p{M}]+$/gu;

const FOLDED = { ignoreCase: true, ignoreArabicForms: true };
/** Nothing but its case is folded. */
const PLAIN = /^[\x20-\x7e]*$/;

function fold(text: string): string {
  return PLAIN.test(text) ? text.toLowerCase() : freshFolding().fold(text, FOLDED);
}

function trimmed(chunk: string): string {
  return chunk.replace(EDGES, '');
}

function addTerms(terms: Set<string>, value: string): void {
  const text = fold(value.trim());
  if (text === '') return;
  if (addPhone(terms, text)) return;
  for (const chunk of text.split(SPACE)) {
    if (!addPhone(terms, chunk)) addChunk(terms, trimmed(chunk));
  }
}

function addChunk(terms: Set<string>, chunk: string): void {
  if (chunk === '') return;
  const at = chunk.indexOf('@');
  if (at > 0) {
    add(terms, chunk.slice(0, LONGEST_TERM));
    add(terms, chunk.slice(0, at));
    add(terms, chunk.slice(at + 1));
  }
  for (const part of chunk.split(NO_WORD)) add(terms, part.slice(0, LONGEST_TERM));
}

function add(terms: Set<string>, term: string): void {
  if (term !== '' && term.length <= LONGEST_TERM) terms.add(term);
}

// ---------------------------------------------------------------- telephone numbers

const PHONE = /^[+(]?\d[\d\s().\-/]*$/;
const DATE = /^\d{4}-\d\d-\d\d/;
const FEWEST_DIGITS = 7;
const MOST_DIGITS = 18;
/** Digits of a number within its country, as people there write it with a 0 before it. */
const NATIONAL_DIGITS = [8, 9, 10];

/** The digits of what looks like a telephone number, without the 00 that some write for +; null for anything else. */
function phoneDigits(text: string): string | null {
  if (!PHONE.test(text) || DATE.test(text)) return null;
  const digits = text.replaceAll(/\D/g, '');
  if (digits.length < FEWEST_DIGITS || digits.length > MOST_DIGITS) return null;
  return digits.replace(/^00/, '');
}

/** Whether it was one. */
function addPhone(terms: Set<string>, text: string): boolean {
  const digits = phoneDigits(text);
  if (digits === null) return false;
  terms.add(digits);
  if (!/^(?:\+|00)/.test(text)) return true;
  for (const count of NATIONAL_DIGITS) {
    if (digits.length > count) terms.add(`0${digits.slice(-count)}`);
  }
  return true;
}

// ---------------------------------------------------------------- members

interface Account {
  characters: number;
  visits: number;
}

const paths = new Map<string, string[]>();
/** Types have some ten each; beyond that many, what was read is forgotten. */
const KEPT_PATHS = 5_000;

function pathOf(pointer: string): string[] {
  let path = paths.get(pointer);
  if (path === undefined) {
    path = parsePointer(pointer);
    if (paths.size >= KEPT_PATHS) paths.clear();
    paths.set(pointer, path);
  }
  return path;
}

/** Says each text and number that the path leads to; `*` in it is every member or element. */
function eachLeaf(
  body: Pick<EventBody, 'value' | 'slice'>,
  path: readonly string[],
  account: Account,
  say: (text: string) => void,
): void {
  const visit = (value: unknown, at: number, taken: readonly string[]): void => {
    account.visits -= 1;
    if (account.visits < 0 || account.characters <= 0) return;
    const token = path[at];
    if (token === undefined) {
      if (typeof value === 'string') say(value);
      else if (typeof value === 'number') say(digitsOf(value, body, taken));
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if (token !== '*') {
      if (Object.hasOwn(value, token)) visit(Reflect.get(value, token), at + 1, [...taken, token]);
      return;
    }
    if (!Array.isArray(value) && !isObject(value)) return;
    for (const name of Object.keys(value)) {
      if (account.visits < 0) return;
      visit(Reflect.get(value, name), at + 1, [...taken, name]);
    }
  };
  visit(body.value, 0, []);
}

/** A number that a double rounds is its digits in the body's text. */
function digitsOf(value: number, body: Pick<EventBody, 'slice'>, path: readonly string[]): string {
  const isExact = Number.isSafeInteger(value) || (!Number.isInteger(value) && Number.isFinite(value));
  return isExact ? String(value) : (body.slice(path) ?? String(value));
}

// ---------------------------------------------------------------- keys

/**
 * 53 bits of a term's letters, by two multiplications a letter, other ones in each workspace. Among a hundred million
 * terms, one search in a hundred million finds an event by a term that it does not have.
 */
export function keyOfTerm(workspace: number, term: string): number {
  let high = 0xdeadbeef ^ (workspace >>> 0);
  let low = 0x41c6ce57 ^ Math.floor(workspace / 2 ** 32);
  for (let at = 0; at < term.length; at += 1) {
    const code = term.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 2 ** 32 * (0x1fffff & low) + (high >>> 0);
}
