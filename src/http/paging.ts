/**
 * Pages and time filters of lists. A cursor is the public form of the last row's key with a check, so that one that
 * was cut, mistyped or made up is refused rather than answered with an empty page.
 */

import { Type } from 'typebox';
import { readIsoTime } from '../core/routing/time.ts';
import type { Page } from '../store/records/log.ts';
import { type Fault, faulty } from './problem.ts';

export const DEFAULT_PAGE = 25;
export const MAX_PAGE = 100;

export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE, description: 'Rows on a page.' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next_cursor` of the page before.' })),
};

export const timeQuery = {
  since: Type.Optional(Type.String({ maxLength: 64, description: 'From this moment on (RFC 3339).' })),
  until: Type.Optional(Type.String({ maxLength: 64, description: 'Before this moment (RFC 3339).' })),
};

/** Throws a Problem for a cursor that is none of ours. */
export function readPage(query: { limit?: number; cursor?: string }): Page {
  const limit = query.limit ?? DEFAULT_PAGE;
  if (query.cursor === undefined) return { limit, before: null };
  const before = readCursor(query.cursor);
  if (before === null) {
    throw faulty('invalid_request', [
      { field: '/cursor', message: 'is not a cursor of this list', in: 'query' },
    ]);
  }
  return { limit, before };
}

const CHECK_CHARS = 3;
const CHECKS = 36 ** CHECK_CHARS;

/** Of every digit and its place. */
function checkOf(digits: string): string {
  let check = 7;
  for (const digit of digits) check = (check * 131 + digit.charCodeAt(0)) % CHECKS;
  return check.toString(36).padStart(CHECK_CHARS, '0');
}

export function cursorOf(key: number): string {
  const digits = key.toString(36);
  return digits + checkOf(digits);
}

/** Null for what is no cursor of ours. */
function readCursor(cursor: string): number | null {
  if (!/^[0-9a-z]{4,14}$/.test(cursor)) return null;
  const digits = cursor.slice(0, -CHECK_CHARS);
  const key = Number.parseInt(digits, 36);
  return checkOf(digits) === cursor.slice(-CHECK_CHARS) && Number.isSafeInteger(key) ? key : null;
}

/** Cuts one row too many off a page and tells the cursor of the next. `rows` were asked for with `limit + 1`. */
export function pageFrom<Row extends { key: number }>(
  rows: readonly Row[],
  limit: number,
): { rows: readonly Row[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last ? cursorOf(last.key) : null };
}

/** `since` and `until` in milliseconds. Throws a Problem that names the one at fault. */
export function readTimes(query: { since?: string; until?: string }): { since?: number; until?: number } {
  const times: { since?: number; until?: number } = {};
  const faults: Fault[] = [];
  for (const name of ['since', 'until'] as const) {
    const text = query[name];
    if (text === undefined) continue;
    // A plus sign that was not escaped arrives as a space.
    const at = readIsoTime(text.replace(/ (?=\d{2}:?\d{2}$)/, '+'));
    if (at === null)
      faults.push({ field: `/${name}`, message: 'is not a time such as 2026-01-31T12:00:00Z', in: 'query' });
    else times[name] = at;
  }
  if (faults.length > 0) throw faulty('invalid_request', faults);
  return times;
}

/** A time in a body, in milliseconds. Throws a Problem that names the member. */
export function readTime(text: string, field: string): number {
  const at = readIsoTime(text);
  if (at === null) {
    throw faulty('invalid_request', [{ field, message: 'is not a time such as 2026-01-31T12:00:00Z' }]);
  }
  return at;
}

/** Milliseconds as RFC 3339 in UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function formatTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : formatTime(ms);
}
