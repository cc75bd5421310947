/**
 * What an event is about: the value at its type's `subject` pointer, as text. It names the contact in lanes, brakes,
 * waiting runs and lists, so two subjects are the same where their texts are. Pure.
 */

import { getPath, parsePointer } from '../json/pointer.ts';
import type { EventBody } from '../routing/body.ts';
import type { EventType } from './eventType.ts';

/** In UTF-16 units. Both databases index it; PostgreSQL refuses rows of an index over 2,704 bytes. */
export const MAX_SUBJECT_LENGTH = 256;

/**
 * Null where the body names none. Of a number its digits count: beyond 2^53 they are those of the raw text, since two
 * contacts' numbers may be one double; up to there `1.0` and `1` are one.
 */
export function subjectOf(
  type: Pick<EventType, 'subject'>,
  body: Pick<EventBody, 'value' | 'slice'>,
): string | null {
  if (type.subject === null) return null;
  const path = parsePointer(type.subject);
  const found = getPath(body.value, path);
  if (!found.found) return null;
  if (typeof found.value === 'string') return found.value;
  if (typeof found.value !== 'number') return null;
  return Number.isSafeInteger(found.value) ? String(found.value) : body.slice(path);
}

/** Why a text cannot be a subject; null where it can. */
export function subjectFault(subject: string): string | null {
  if (subject.length > MAX_SUBJECT_LENGTH) {
    return `is what the event is about: at most ${MAX_SUBJECT_LENGTH} characters, not ${subject.length}`;
  }
  if (subject.includes('\0')) return 'is what the event is about: it cannot hold the character U+0000';
  return subject.isWellFormed() ? null : 'is what the event is about: it cannot hold half a surrogate pair';
}
