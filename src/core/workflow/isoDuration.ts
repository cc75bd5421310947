/**
 * ISO 8601 durations: how long a delay lasts and how long is waited for an event. Pure.
 *
 *   P1DT2H   one day and two hours        P2W    two weeks        PT0.5S   half a second
 *   P1M      one calendar month           PT90M  ninety minutes   P1Y      one calendar year
 *
 * Whole numbers, but for seconds, which take up to three digits after the point. Weeks may stand beside
 * other parts. Days are 24 hours and months are counted in UTC; from 31 January a month leads to the
 * last day of February. No sign: time goes forward.
 */
import { DAY, HOUR, MINUTE, SECOND } from '../duration.ts';

export interface IsoDuration {
  /** Calendar months; a year is twelve. */
  months: number;
  /** Everything else. */
  ms: number;
}

const FORM =
  /^P(?!$)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?!$)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,3}))?S)?)?$/;

/** The longest month and year, for limits. */
const LONGEST_MONTH = 31 * DAY;
const LONGEST_YEAR = 366 * DAY;

/** Null for text that is no duration. */
export function parseIsoDuration(text: string): IsoDuration | null {
  const parts = FORM.exec(text);
  if (parts === null) return null;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1, 8)
    .map((part) => Number(part ?? 0));
  const milliseconds = Number((parts[8] ?? '').padEnd(3, '0'));
  return {
    months: years * 12 + months,
    ms: (weeks * 7 + days) * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds,
  };
}

/** The most milliseconds that it can last, whenever it begins. */
export function longestMs({ months, ms }: IsoDuration): number {
  return Math.floor(months / 12) * LONGEST_YEAR + (months % 12) * LONGEST_MONTH + ms;
}

/** The time at which a duration ends that begins at `atMs`. */
export function addDuration(atMs: number, { months, ms }: IsoDuration): number {
  return addMonths(atMs, months) + ms;
}

function addMonths(atMs: number, months: number): number {
  if (months === 0) return atMs;
  const date = new Date(atMs);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}
