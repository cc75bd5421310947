/**
 * A mail as data, before it is HTML or plain text: both are made from the same pieces, so they never say
 * different things. Pure.
 */

/** A run of text. What people or machines wrote stands isolated, so that it cannot turn the line around. */
export type Piece =
  /** From the language files. */
  | { kind: 'text'; text: string }
  /** By a person, in whatever direction: a name. */
  | { kind: 'name'; text: string }
  /** Left to right whatever surrounds it: a URL, an id, an error of a machine. */
  | { kind: 'code'; text: string };

export type Line = readonly Piece[];

export type Block =
  | { kind: 'paragraph'; line: Line }
  | { kind: 'heading'; line: Line }
  /** Endpoints: name, URL, then facts about it. */
  | { kind: 'cards'; cards: readonly Card[] }
  /** A cause and what to check. */
  | { kind: 'advice'; title: Line; line: Line }
  | { kind: 'command'; text: string }
  | { kind: 'button'; label: string; url: string };

export interface Card {
  name: string;
  url: string;
  facts: readonly Line[];
  /** Null for nothing. */
  error: ErrorLine | null;
}

export type ErrorLine =
  /** What a machine reported, verbatim. */
  | { kind: 'recorded'; text: string }
  /** What it means, in the mail's language. */
  | { kind: 'meant'; line: Line };

export type Tone = 'alert' | 'caution' | 'good';

export interface MailContent {
  language: 'ar' | 'en';
  tone: Tone;
  subject: string;
  /** Above the title: from whom, for which workspace. */
  kicker: Line;
  title: Line;
  blocks: readonly Block[];
  footer: readonly Line[];
}

/** For our own words and what Intl writes: its marks of direction stay. */
export function textPiece(text: string): Piece {
  return { kind: 'text', text };
}
export function namePiece(text: string): Piece {
  return { kind: 'name', text: visible(text) };
}
export function codePiece(text: string): Piece {
  return { kind: 'code', text: visible(text) };
}

/** `fill('Endpoint {name} …', {name: namePiece('CRM')})`. A string stands for text. */
export function fill(template: string, values: Readonly<Record<string, Piece | string>> = {}): Piece[] {
  return template.split(/(\{\w+\})/).flatMap((part): Piece[] => {
    if (part === '') return [];
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    const value = name === undefined ? part : values[name];
    if (value === undefined) throw new Error(`The text "${template}" needs a value for ${part}.`);
    return [typeof value === 'string' ? textPiece(value) : value];
  });
}

/** Without control characters, line ends and characters that turn the direction of what follows. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** At most `max` characters as people count them. */
export function shorten(text: string, max: number): string {
  const characters = [...new Intl.Segmenter().segment(text)];
  if (characters.length <= max) return text;
  return `${characters
    .slice(0, max - 1)
    .map(({ segment }) => segment)
    .join('')}…`;
}

const LRI = '\u2066';
const FSI = '\u2068';
const PDI = '\u2069';

/** For plain text and headers. Isolates only in a right-to-left mail: elsewhere they would be clutter. */
export function plainLine(line: Line, language: 'ar' | 'en'): string {
  return line
    .map(({ kind, text }) => {
      if (kind === 'text' || language === 'en') return text;
      return `${kind === 'code' ? LRI : FSI}${text}${PDI}`;
    })
    .join('');
}
