/** Reading times out of bodies and conditions. Pure: the clock is never asked. */

const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]| ?UTC| ?([+-])(\d{2})(?::?(\d{2}))?)?)?$/;

/** From nine digits on, so that neither a year nor a day such as 20260131 is taken for one. */
const UNIX_TEXT = /^\d{9,14}(?:\.\d{1,9})?$/;

/** Unix seconds reach 10^11 in the year 5138, milliseconds passed it in 1973. */
const FIRST_MILLISECONDS = 1e11;

/**
 * Milliseconds since the Unix epoch; null when it is no time. A number, or a text of nine digits or more, is Unix
 * seconds below 10^11 and milliseconds from there on; any other text is read as `readIsoTime` does.
 */
export function readTime(value: unknown): number | null {
  if (typeof value === 'string') return UNIX_TEXT.test(value) ? readUnix(Number(value)) : readIsoTime(value);
  return typeof value === 'number' && Number.isFinite(value) ? readUnix(value) : null;
}

function readUnix(value: number): number {
  return Math.abs(value) < FIRST_MILLISECONDS ? value * 1000 : value;
}

/**
 * ISO 8601 and its kin: a date, or date and time with T or a space between; `Z`, `UTC`, `+03:00`, `+0300` or `+03`
 * behind, and UTC where nothing is. 30 February is no time.
 */
export function readIsoTime(text: string): number | null {
  const parts = ISO_TIME.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  if (year === undefined || month === undefined || day === undefined) return null;
  if (hour === undefined || minute === undefined || second === undefined) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second, Math.floor(Number(`0.${parts[7] ?? 0}`) * 1000));
  const zoneHours = Number(parts[9] ?? 0);
  const zoneMinutes = Number(parts[10] ?? 0);
  if (zoneHours > 23 || zoneMinutes > 59) return null;
  const offsetMs = (zoneHours * 60 + zoneMinutes) * 60_000;
  return date.getTime() - (parts[8] === '-' ? -offsetMs : offsetMs);
}
