/** Reading times out of bodies and conditions. Pure: the clock is never asked. */

const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2}))?)?$/;

/** Unix seconds reach 10^11 in the year 5138, milliseconds passed it in 1973. */
const FIRST_MILLISECONDS = 1e11;

/** Milliseconds since the Unix epoch of an ISO 8601 text or a Unix number; null when it is no time. */
export function readTime(value: unknown): number | null {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null;
    return Math.abs(value) < FIRST_MILLISECONDS ? value * 1000 : value;
  }
  return typeof value === 'string' ? readIsoTime(value) : null;
}

/** ISO 8601: a date, or date and time; without a zone it is UTC. 30 February is no time. */
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
