/**
 * The one place where two texts are compared for a condition. Pure. A further way of folding texts
 * is one more option here and nothing elsewhere.
 */

export type TextRelation = 'equals' | 'contains' | 'starts_with' | 'ends_with';

export interface TextOptions {
  /** Letter case makes no difference; Unicode's language-neutral lower case. */
  ignoreCase: boolean;
  /** Ways of writing the same Arabic make no difference: see foldArabic. */
  ignoreArabicForms: boolean;
}

/**
 * Whether `actual` stands in `relation` to one of `wanted`: compareText('contains', 'abc', ['b'], …) is
 * true. It takes all wanted texts at once so that a long `actual` is folded once only.
 */
export function compareText(
  relation: TextRelation,
  actual: string,
  wanted: readonly string[],
  options: TextOptions,
): boolean {
  const left = foldText(actual, options);
  return wanted.some((text) => relates(relation, left, foldText(text, options)));
}

function relates(relation: TextRelation, left: string, right: string): boolean {
  switch (relation) {
    case 'equals':
      return left === right;
    case 'contains':
      return left.includes(right);
    case 'starts_with':
      return left.startsWith(right);
    case 'ends_with':
      return left.endsWith(right);
    default:
      return relation satisfies never;
  }
}

function foldText(text: string, options: TextOptions): string {
  const folded = options.ignoreArabicForms ? foldArabic(text) : text;
  return options.ignoreCase ? folded.toLowerCase() : folded;
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
const FOLDED_LETTERS = new RegExp(`[${[...LETTERS.keys()].join('')}]`, 'g');

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
  return text
    .replace(PRESENTATION_FORMS, (forms) => forms.normalize('NFKC'))
    .normalize('NFC')
    .replace(MARKS, '')
    .replace(FOLDED_LETTERS, (letter) => LETTERS.get(letter) ?? letter);
}
