/**
 * Whether a text tells of a person: what they are looked for by when their data are erased. Pure.
 *
 * A term (an e-mail, a phone number, a name) is found anywhere, whatever the letter case, also as JSON and URLs write it.
 * A subject is found as a whole word only: 1234 is not found in 91234.
 */

import type { Limit } from './limits.ts';

const INVALID = 'the request is refused, the member named';

export const ERASURE_LIMITS = {
  terms: { value: 10, unit: 'terms of one erasure', beyond: INVALID },
  term: { value: 256, unit: 'characters of a term or a subject', beyond: INVALID },
} as const satisfies Record<string, Limit>;

/** Shorter ones would be found in what tells of others. */
export const MIN_TERM_LENGTH = 4;

export interface Person {
  subject: string | null;
  terms: readonly string[];
}

/** As much of it as tells those apart who know whom it is about. */
export function maskPerson({ subject, terms }: Person): Person {
  return { subject: subject === null ? null : maskText(subject), terms: terms.map(maskText) };
}

function maskText(text: string): string {
  return text.length > 6 ? `${text.slice(0, 2)}…` : '…';
}

/** How JSON and URLs may write a text, in lower case. */
function writings(text: string): string[] {
  const inJson = JSON.stringify(text).slice(1, -1);
  const escaped = inJson.replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const inUrl = text.isWellFormed() ? [encodeURIComponent(text), encodeURI(text)] : [];
  return [...new Set([text, inJson, escaped, ...inUrl].map((form) => form.toLowerCase()))];
}

/** `subjectToo`: also where a text holds the subject as a word of its own. */
export function mentionsOf({ subject, terms }: Person): (text: string, subjectToo: boolean) => boolean {
  const wanted = terms.flatMap(writings);
  const words = subject !== null && subject.length >= MIN_TERM_LENGTH ? writings(subject) : [];
  return (text, subjectToo) => {
    const folded = text.toLowerCase();
    if (wanted.some((form) => folded.includes(form))) return true;
    return subjectToo && words.some((word) => holdsWord(folded, word));
  };
}

const isLetter = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}]/u.test(char);

function holdsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true;
  }
  return false;
}

/** Why a delivery was skipped whose event was erased. What was in flight then is not recorded. */
export const ERASED = 'erased: the data of the person that its event was about were erased';
