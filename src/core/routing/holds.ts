/**
 * Whether one clause holds for the value that its field has. Pure, and never throws but for WorkLimitReached. Texts
 * are compared in text.ts, numbers by their digits (json/exact.ts).
 */

import { compareDigits, digitsOf, type ExactNumber, isExactNumber } from '../json/exact.ts';
import type { Found } from '../json/pointer.ts';
import { STEPS } from '../work.ts';
import type { Clause, ItemsClause, Scalar } from './condition.ts';
import type { BodyNotes } from './notes.ts';
import { compareText, type TextOptions, type TextRelation } from './text.ts';
import { readIsoTime, readTime } from './time.ts';

/** What was found at a field, and where it stands in the body. */
export interface Place {
  found: Found;
  path: readonly string[];
  notes: BodyNotes;
}

export function holds(clause: Exclude<Clause, ItemsClause>, place: Place): boolean {
  const { found } = place;
  const actual = found.found ? found.value : undefined;
  const comparing = { place, options: textOptionsOf(clause) };
  switch (clause.op) {
    case 'equals':
      return found.found && isEqual(actual, clause.value, comparing);
    case 'not_equals':
      return !(found.found && isEqual(actual, clause.value, comparing));
    case 'one_of':
      return found.found && isOneOf(actual, clause.value, comparing);
    case 'not_one_of':
      return !(found.found && isOneOf(actual, clause.value, comparing));
    case 'contains':
      return contains(actual, clause.value, comparing);
    case 'not_contains':
      return !contains(actual, clause.value, comparing);
    case 'starts_with':
    case 'ends_with':
      return relates(clause.op, actual, clause.value, comparing);
    case 'greater_than':
    case 'greater_or_equal':
    case 'less_than':
    case 'less_or_equal':
      return isOrdered(clause.op, actual, clause.value, place);
    case 'before':
    case 'after':
      return isOnSide(clause.op, actual, clause.value);
    case 'exists':
      return found.found === clause.value;
    case 'is_empty':
      return isEmpty(actual, place.notes) === clause.value;
    default:
      return clause satisfies never;
  }
}

interface Comparing {
  place: Place;
  options: TextOptions;
}

function textOptionsOf(clause: Clause): TextOptions {
  return {
    ignoreCase: 'ignore_case' in clause && clause.ignore_case === true,
    ignoreArabicForms: 'ignore_arabic_forms' in clause && clause.ignore_arabic_forms === true,
  };
}

/** Same kind, same value. Arrays and objects equal no scalar. */
function isEqual(actual: unknown, wanted: Scalar, { place, options }: Comparing): boolean {
  if (typeof wanted === 'string') return relates('equals', actual, wanted, { place, options });
  if (typeof actual !== 'number') return actual === wanted;
  return isNumber(wanted) && compareNumbers(actual, wanted, place) === 0;
}

function isOneOf(actual: unknown, wanted: readonly Scalar[], { place, options }: Comparing): boolean {
  place.notes.work.charge(wanted.length);
  if (typeof actual !== 'string') return wanted.some((value) => isEqual(actual, value, { place, options }));
  const texts = wanted.filter((value) => typeof value === 'string');
  return compareText('equals', actual, texts, options, place.notes);
}

function contains(actual: unknown, wanted: Scalar, { place, options }: Comparing): boolean {
  if (!Array.isArray(actual)) {
    return typeof wanted === 'string' && relates('contains', actual, wanted, { place, options });
  }
  place.notes.work.charge(actual.length * STEPS.member);
  return actual.some((element, index) => {
    const at = typeof element === 'number' ? { ...place, path: [...place.path, String(index)] } : place;
    return isEqual(element, wanted, { place: at, options });
  });
}

function relates(
  relation: TextRelation,
  actual: unknown,
  wanted: string,
  { place, options }: Comparing,
): boolean {
  return typeof actual === 'string' && compareText(relation, actual, [wanted], options, place.notes);
}

function isOrdered(op: string, value: unknown, wanted: number | ExactNumber, place: Place): boolean {
  const order = typeof value === 'string' ? compareNumeral(value, wanted) : orderOf(value, wanted, place);
  if (order === null) return false;
  if (op === 'greater_than') return order > 0;
  if (op === 'greater_or_equal') return order >= 0;
  return op === 'less_than' ? order < 0 : order <= 0;
}

function orderOf(value: unknown, wanted: number | ExactNumber, place: Place): number | null {
  return typeof value === 'number' ? compareNumbers(value, wanted, place) : null;
}

const LONGEST_NUMERAL = 40;

/** Null where the text is no plain decimal numeral. */
function compareNumeral(text: string, wanted: number | ExactNumber): number | null {
  if (text.length > LONGEST_NUMERAL || !/^-?\d+(?:\.\d+)?$/.test(text)) return null;
  return compareDigits(text, digitsOf(wanted));
}

function isNumber(value: Scalar): value is number | ExactNumber {
  return typeof value === 'number' || isExactNumber(value);
}

/** Doubles are in the order of the numbers that they stand for; only where two are one, the digits decide. */
function compareNumbers(actual: number, wanted: number | ExactNumber, { path, notes }: Place): number {
  const double = typeof wanted === 'number' ? wanted : Number(wanted.rawJSON);
  if (actual !== double) return actual < double ? -1 : 1;
  const digits = notes.digitsAt(path);
  if (digits === null && typeof wanted === 'number') return 0;
  const own = digits ?? digitsOf(actual);
  notes.work.charge(own.length * STEPS.compared);
  return compareDigits(own, digitsOf(wanted));
}

/** A value that a time is compared with, and that is none. */
export function isNoTime({ op }: Pick<Clause, 'op'>, found: Found): boolean {
  return (op === 'before' || op === 'after') && found.found && readTime(found.value) === null;
}

function isOnSide(op: 'before' | 'after', value: unknown, wanted: string): boolean {
  const actual = readTime(value);
  const limit = readIsoTime(wanted);
  if (actual === null || limit === null) return false;
  return op === 'before' ? actual < limit : actual > limit;
}

function isEmpty(value: unknown, notes: BodyNotes): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && notes.isEmpty(value);
}
