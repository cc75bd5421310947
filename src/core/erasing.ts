/**
 * Whether a text tells of a person: what they are looked for by when their data are erased. Pure.
 *
 * A term (an e-mail, a phone number, a name) is found anywhere, whatever the letter case, the digits (٣ and 3) and how
 * Unicode composes letters, also as JSON, URLs and forms write it.
 * A subject is found as a whole word only: 1234 is not found in 91234.
 */

import type { Limit } from './limits.ts';
import { compose } from './routing/text.ts';

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

/** Letter case, the kind of digits and how letters are composed make no difference. */
function fold(text: string): string {
  const digits = /[٠-٩۰-۹]/g;
  return compose(text)
    .toLowerCase()
    .replace(digits, (digit) => String(digit.charCodeAt(0) & 0xf));
}

/** Without the escapes of JSON, also of JSON within JSON, and of URLs. */
function withoutEscapes(text: string): string {
  return text
    .replace(/\\+u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\+[bfnrt]/g, ' ')
    .replace(/\\+(["\\/])/g, '$1')
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
}

/** What a text says, as it stands and without its escapes; forms write spaces as `+`. */
function readings(text: string): string[] {
  return [...new Set([text, withoutEscapes(text), withoutEscapes(text.replaceAll('+', ' '))])].map(fold);
}

/** A text, and how JSON writes it. */
function writings(text: string): string[] {
  return [...new Set([text, JSON.stringify(text).slice(1, -1)])].map(fold);
}

/** `subjectToo`: also where a text holds the subject as a word of its own. */
export function mentionsOf({ subject, terms }: Person): (text: string, subjectToo: boolean) => boolean {
  const wanted = terms.flatMap(writings);
  const words = subject !== null && subject.length >= MIN_TERM_LENGTH ? writings(subject) : [];
  return (text, subjectToo) => {
    const read = readings(text);
    if (wanted.some((form) => read.some((one) => one.includes(form)))) return true;
    return subjectToo && words.some((word) => read.some((one) => holdsWord(one, word)));
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
