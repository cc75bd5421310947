/**
 * "The next 10:00 on weekdays in Riyadh". Pure; time zones are those of the runtime's Intl.
 *
 * Where clocks are put forward, a local time that does not exist moves on by what was skipped: 02:30
 * becomes 03:30. Where they are put back, a local time that comes twice means the first one. These are
 * the rules of RFC 5545 and of Temporal's "compatible".
 */
import { DAY } from '../duration.ts';

export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface LocalTime {
  /** "10:00", hours from 00 to 23. */
  time: string;
  weekdays: readonly Weekday[];
  /** A name of the IANA database, such as Asia/Riyadh, or UTC. */
  time_zone: string;
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;
/** Names only: an offset such as +03:00 would not follow a change of clocks. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

/** Formatters are costly to make; there are about 600 names, and letter case could multiply them. */
const MAX_FORMATTERS = 1000;
const formatters = new Map<string, Intl.DateTimeFormat>();

export function isTimeZone(name: string): boolean {
  return formatterOf(name) !== null;
}

/** Minutes since midnight of "10:00"; null for text that is no such time. */
export function minutesOf(time: string): number | null {
  const parts = TIME.exec(time);
  return parts === null ? null : Number(parts[1]) * 60 + Number(parts[2]);
}

/**
 * The first moment after `nowMs` at which clocks in the zone show the time on one of the weekdays, in
 * milliseconds since the epoch. Null where the time, the zone or the list of weekdays is not valid.
 */
export function nextLocalTime(nowMs: number, { time, weekdays, time_zone }: LocalTime): number | null {
  const formatter = formatterOf(time_zone);
  const minutes = minutesOf(time);
  if (formatter === null || minutes === null || weekdays.length === 0) return null;
  const today = Math.floor(localMs(nowMs, formatter) / DAY);
  // The day before, as a time that was skipped can move past midnight; a week and a day after it, as
  // today's may be over.
  for (let day = today - 1; day <= today + 8; day++) {
    const weekday = WEEKDAYS[new Date(day * DAY).getUTCDay()];
    if (weekday === undefined || !weekdays.includes(weekday)) continue;
    const at = momentOf(day * DAY + minutes * 60_000, formatter);
    if (at > nowMs) return at;
  }
  return null;
}

/** The moment at which clocks show `local`, given as though it were UTC. */
function momentOf(local: number, formatter: Intl.DateTimeFormat): number {
  const before = offsetAt(local - DAY, formatter);
  const after = offsetAt(local + DAY, formatter);
  const shown = [local - before, local - after].filter((at) => localMs(at, formatter) === local);
  return shown.length === 0 ? local - before : Math.min(...shown);
}

function offsetAt(atMs: number, formatter: Intl.DateTimeFormat): number {
  return localMs(atMs, formatter) - atMs;
}

/** What clocks show at `atMs`, as though it were UTC. Whole seconds. */
function localMs(atMs: number, formatter: Intl.DateTimeFormat): number {
  const parts = new Map(formatter.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const date = new Date(0);
  date.setUTCFullYear(part('year'), part('month') - 1, part('day'));
  return date.setUTCHours(
    part('hour'),
    part('minute'),
    part('second'),
    atMs - Math.floor(atMs / 1000) * 1000,
  );
}

function formatterOf(name: string): Intl.DateTimeFormat | null {
  const known = formatters.get(name);
  if (known !== undefined) return known;
  if (name.length > 64 || !ZONE_NAME.test(name)) return null;
  try {
    const formatter = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formatters.size >= MAX_FORMATTERS) formatters.clear();
    formatters.set(name, formatter);
    return formatter;
  } catch {
    return null;
  }
}
