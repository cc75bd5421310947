/** Numbers, times and durations as a reader's language writes them. Digits are Latin unless a reader prefers others. */

import { DIGITS } from '../preferences.ts';

export type Language = 'en' | 'ar';

/** The page's own, as the server has set it. */
export const LANGUAGE: Language = document.documentElement.lang === 'ar' ? 'ar' : 'en';

const LOCALE = `${LANGUAGE === 'ar' ? 'ar-SA-u-ca-gregory' : 'en-GB-u-ca-gregory'}-nu-${DIGITS}`;
export const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const number = new Intl.NumberFormat(LOCALE);
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 });
const full = new Intl.DateTimeFormat(LOCALE, {
  dateStyle: 'medium',
  timeStyle: 'medium',
});
const zone = new Intl.DateTimeFormat(LOCALE, { timeZoneName: 'short' });
const clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: 'short' });
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto', style: 'short' });

export const formatNumber = (value: number): string => number.format(value);
export const formatPercent = (share: number): string => percent.format(share);
export const formatClock = (at: number): string => clock.format(at);
export const formatDay = (at: number): string => day.format(at);

/** With the zone, so that nobody has to guess. */
export function formatTime(at: number): string {
  const name = zone.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? TIME_ZONE;
  return `${full.format(at)} ${name}`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** "4 sec. ago", "in 2 days". */
export function formatRelative(at: number, now: number): string {
  const ms = at - now;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(ms) >= length) ?? ['second', 1_000];
  return relative.format(Math.round(ms / size), unit);
}

/** How long something took: "340 ms", "4.2 s", "3 min". */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return unit('millisecond', Math.round(ms));
  if (ms < 60_000) return unit('second', Math.round(ms / 100) / 10);
  if (ms < 3_600_000) return unit('minute', Math.round(ms / 60_000));
  if (ms < 86_400_000) return unit('hour', Math.round(ms / 3_600_000));
  return unit('day', Math.round(ms / 86_400_000));
}

function unit(name: string, value: number): string {
  return new Intl.NumberFormat(LOCALE, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
}
