/**
 * The one place where two texts are compared for a condition. Pure. A further way of folding texts
 * is one more option here and nothing elsewhere.
 */

import { STEPS, Work } from '../work.ts';
import { holdsText } from './search.ts';

export type TextRelation = 'equals' | 'contains' | 'starts_with' | 'ends_with';

export interface TextOptions {
  /** Letter case makes no difference; Unicode's language-neutral lower case. */
  ignoreCase: boolean;
  /** Ways of writing the same Arabic make no difference: see foldArabic. */
  ignoreArabicForms: boolean;
}

/** How a text is folded; it may keep what it has folded, and charges what it costs. */
export interface Folding {
  work: Work;
  fold(text: string, options: TextOptions): string;
}

/** Whether `actual` stands in `relation` to one of `wanted`: compareText('contains', 'abc', ['b'], …) is true. */
export function compareText(
  relation: TextRelation,
  actual: string,
  wanted: readonly string[],
  options: TextOptions,
  folding: Folding = freshFolding(),
): boolean {
  const left = folding.fold(actual, options);
  return wanted.some((text) => relates(relation, left, folding.fold(text, options), folding.work));
}

function relates(relation: TextRelation, left: string, right: string, work: Work): boolean {
  switch (relation) {
    case 'equals':
      if (left.length !== right.length) return false;
      work.charge(left.length * STEPS.copied);
      return left === right;
    case 'contains':
      work.charge((left.length + right.length) * STEPS.searched);
      return holdsText(left, right);
    case 'starts_with':
      work.charge(right.length * STEPS.copied);
      return left.startsWith(right);
    case 'ends_with':
      work.charge(right.length * STEPS.copied);
      return left.endsWith(right);
    default:
      return relation satisfies never;
  }
}

/**
 * Folds each text once and keeps the result: for one event, whose texts are compared with those of many conditions.
 * A folded text may be 18 times as long (ﷺ is a sentence), which is charged when it is known.
 */
export function freshFolding(work: Work = new Work()): Folding {
  const kept = new Map<string, string>();
  const keptPlain = new Map<string, string>();
  const keptLower = new Map<string, string>();
  const once = (text: string, found: Map<string, string>, fold: (text: string) => string): string => {
    const known = found.get(text);
    if (known !== undefined) return known;
    work.charge(text.length * STEPS.folded);
    const folded = fold(text);
    work.charge(Math.max(0, folded.length - text.length) * STEPS.folded);
    found.set(text, folded);
    return folded;
  };
  /** What ASCII and Latin letters alone make up is in its form already. */
  const plain = (text: string): string => {
    const known = keptPlain.get(text);
    if (known !== undefined) return known;
    if (!BEYOND_LATIN.test(text)) return text;
    return once(text, keptPlain, compose);
  };
  return {
    work,
    fold(text, { ignoreCase, ignoreArabicForms }) {
      const folded = ignoreArabicForms ? once(text, kept, foldArabic) : plain(text);
      return ignoreCase ? once(folded, keptLower, (mixed) => mixed.toLowerCase()) : folded;
    },
  };
}

/** Arabic letters as shapes of their own (ﻻ, ﷲ), as old documents have them. */
const PRESENTATION_FORMS = /[\uFB50-\uFDFF\uFE70-\uFEFC]+/g;

/** Vowel and Quranic marks, tatweel, and what is invisible: joiners and marks of direction. */
const MARKS =
  /[\u0610-\u061A\u061C\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u08CA-\u08E1\u08E3-\u08FF\u200C-\u200F\u202A-\u202E\u2066-\u2069]+/g;

const LETTERS: ReadonlyMap<string, string> = new Map([
  ...[...'آأإٱٲٳٵ'].map((alef): [string, string] => [alef, 'ا']),
  ...[...'ىی'].map((ya): [string, string] => [ya, 'ي']),
  ['ة', 'ه'],
  ['ک', 'ك'],
  ...[...'٠١٢٣٤٥٦٧٨٩'].map((digit, index): [string, string] => [digit, String(index)]),
  ...[...'۰۱۲۳۴۵۶۷۸۹'].map((digit, index): [string, string] => [digit, String(index)]),
]);

/** What each UTF-16 unit becomes. A callback of replace costs 187 ns a letter, this 5. */
const FOLDED = Uint16Array.from({ length: 0x10000 }, (_, code) => code);
for (const [letter, folded] of LETTERS) FOLDED[letter.charCodeAt(0)] = folded.charCodeAt(0);

/** Below this no text is changed by foldArabic: what comes first are combining marks. */
const BEYOND_LATIN = /[\u0300-\uffff]/;

/**
 * Normalization sorts the marks upon one letter in quadratic time: 500,000 pairs of them took minutes. Unicode's
 * stream-safe format (UAX #15) allows 30 in a row; after so many a joiner is put in.
 */
const MANY_MARKS = /\p{M}{30}/gu;
const GRAPHEME_JOINER = '\u034f';

/** One form for what Unicode takes for the same: composed letters, marks in its order. */
export function compose(text: string): string {
  return text.replace(MANY_MARKS, `$&${GRAPHEME_JOINER}`).normalize('NFC');
}

/**
 * One form for what is customarily searched for as the same:
 * - Arabic-Indic (٠–٩) and Persian (۰–۹) digits become 0–9;
 * - alef with hamza, madda or wasla becomes bare alef; alef maqsura and Persian ya become ya; ta
 *   marbuta becomes ha; Persian kaf becomes kaf;
 * - diacritics, Quranic marks, tatweel, joiners and marks of direction are left out;
 * - presentation forms become the letters that they stand for.
 *
 * Hamza on waw or ya (ؤ, ئ) is kept, as it tells words apart. Other scripts stay as they are, up to
 * Unicode's canonical equivalence (é written as one character or two).
 */
function foldArabic(text: string): string {
  if (!BEYOND_LATIN.test(text)) return text;
  const letters = text.replace(PRESENTATION_FORMS, (forms) => forms.normalize('NFKC'));
  return mapUnits(compose(letters).replace(MARKS, ''));
}

const CHUNK = 4096;

function mapUnits(text: string): string {
  const units = new Uint16Array(Math.min(text.length, CHUNK));
  let mapped = '';
  for (let start = 0; start < text.length; start += CHUNK) {
    const length = Math.min(CHUNK, text.length - start);
    for (let at = 0; at < length; at++) units[at] = FOLDED[text.charCodeAt(start + at)] ?? 0;
    mapped += String.fromCharCode(...units.subarray(0, length));
  }
  return mapped;
}
