/** Numbers, times and counts in the words of a language. Pure. */

import { HOUR, MINUTE, SECOND } from '../core/duration.ts';
import { arabic } from './arabic.ts';
import { english } from './english.ts';
import { fill, type Line, type Piece } from './pieces.ts';
import type { Forms, MailTexts } from './texts.ts';

export interface Locale {
  language: 'ar' | 'en';
  texts: MailTexts;
  number(value: number): string;
  /** `percent(80)` is 80 % as the language writes it. */
  percent(value: number): string;
  time(at: number): string;
  /** One time where both are the same to the minute. */
  span(from: number, to: number): string;
  duration(ms: number): string;
  /** The form for `count`, `{n}` filled in. */
  counted(forms: Forms, count: number): string;
  fill(template: string, values?: Readonly<Record<string, Piece | string>>): Line;
}

const UNITS = [
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', SECOND],
] as const;

export function createLocale(language: 'ar' | 'en'): Locale {
  const texts = language === 'ar' ? arabic : english;
  const { locale } = texts;
  const numbers = new Intl.NumberFormat(locale);
  const percents = new Intl.NumberFormat(locale, { style: 'percent' });
  const plurals = new Intl.PluralRules(locale);
  const times = new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  return {
    language,
    texts,
    number: (value) => numbers.format(value),
    percent: (value) => percents.format(value / 100),
    time: (at) => times.format(at),
    span: (from, to) => times.formatRange(from, to),
    duration(ms) {
      const [unit, size] = UNITS.find(([, length]) => ms >= length && ms % length === 0) ?? UNITS[2];
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(ms / size);
    },
    counted(forms, count) {
      // English has no form of its own for none, but may have words for it.
      const form = count === 0 ? 'zero' : plurals.select(count);
      return forms[form].replaceAll('{n}', numbers.format(count));
    },
    fill,
  };
}
