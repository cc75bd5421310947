/**
 * Evaluating a condition against a body. Pure, and never throws, whatever the body holds.
 *
 * A "no" explains itself (P12): it names the clause that decided, where it stands in the condition,
 * and the value that the body had there. The verdict is plain JSON, small enough to be stored. What would take more
 * work than the event has left is a "no" that says work_limit, whatever stands around it (a `not`, too).
 */

import { inWords } from '../json/excerpt.ts';
import { getPath } from '../json/pointer.ts';
import { STEPS, withinWork } from '../work.ts';
import {
  type Clause,
  type ClauseTextOptions,
  type Condition,
  OPERATORS,
  parseFieldPath,
  type Scalar,
} from './condition.ts';
import { type BodyNotes, freshNotes } from './notes.ts';
import { compareText, type TextOptions, type TextRelation } from './text.ts';
import { readIsoTime, readTime } from './time.ts';

export type Verdict = { matched: true } | Mismatch;

export interface Mismatch {
  matched: false;
  /** The part of the condition that decided, as written: a clause, or what stands under a `not`. */
  clause: Condition;
  /** JSON pointer of `clause` in the condition. */
  path: string;
  /** True when the body has no such member. */
  missing: boolean;
  /** The value at the clause's field, shortened if large. Absent when missing or when `clause` is not a single clause. */
  actual?: unknown;
  /** One English sentence with both values. */
  reason: string;
  /** Set where nothing was decided, since it would have taken more work than the event has left. */
  code?: 'work_limit';
}

const MATCHED: Verdict = Object.freeze({ matched: true });
const NAMED_ALTERNATIVES = 3;

/**
 * Whether `body` (the parsed body as the receiver gets it) satisfies `condition`. `notes` are those of the event, with
 * the account that all conditions share; absent: an account of their own.
 */
export function evaluate(condition: Condition, body: unknown, notes: BodyNotes = freshNotes()): Verdict {
  return withinWork<Verdict>(
    () => evaluateAt(condition, { body, notes }, ''),
    (reason) => ({ matched: false, clause: condition, path: '', missing: false, reason, code: 'work_limit' }),
  );
}

interface Evaluating {
  body: unknown;
  notes: BodyNotes;
}

function evaluateAt(condition: Condition, evaluating: Evaluating, path: string): Verdict {
  if ('all' in condition) {
    for (const [index, part] of condition.all.entries()) {
      const verdict = evaluateAt(part, evaluating, `${path}/all/${index}`);
      if (!verdict.matched) return verdict;
    }
    return MATCHED;
  }
  if ('any' in condition) return evaluateAny(condition, evaluating, path);
  if ('not' in condition) return evaluateNot(condition, evaluating, path);
  return evaluateClause(condition, evaluating, path);
}

function evaluateAny(
  condition: { any: readonly Condition[] },
  evaluating: Evaluating,
  path: string,
): Verdict {
  const failures: Mismatch[] = [];
  for (const [index, part] of condition.any.entries()) {
    const verdict = evaluateAt(part, evaluating, `${path}/any/${index}`);
    if (verdict.matched) return verdict;
    failures.push(verdict);
  }
  const [first] = failures;
  if (first === undefined) {
    return {
      matched: false,
      clause: condition,
      path,
      missing: false,
      reason: 'there is no alternative to match',
    };
  }
  if (failures.length === 1) return first;
  const named = failures.slice(0, NAMED_ALTERNATIVES).map((failure) => failure.reason);
  const more = failures.length - named.length;
  const reason = `none of ${failures.length} alternatives matched: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  return { ...first, reason: reason.length > 1000 ? `${reason.slice(0, 1000).toWellFormed()}…` : reason };
}

function evaluateNot(condition: { not: Condition }, evaluating: Evaluating, path: string): Verdict {
  const inner = condition.not;
  const innerPath = `${path}/not`;
  if (!evaluateAt(inner, evaluating, innerPath).matched) return MATCHED;
  if (!isClause(inner)) {
    const reason = 'the condition under "not" matched';
    return { matched: false, clause: inner, path: innerPath, missing: false, reason };
  }
  const found = findField(inner, evaluating);
  const said = `${inner.field} ${describe(found, evaluating)}; excluded by "not": ${inner.op} ${inWords(inner.value)}`;
  return mismatch(inner, innerPath, { found, evaluating }, said);
}

function evaluateClause(clause: Clause, evaluating: Evaluating, path: string): Verdict {
  const found = findField(clause, evaluating);
  if (holds(clause, found, evaluating.notes)) return MATCHED;
  return mismatch(
    clause,
    path,
    { found, evaluating },
    `${clause.field} ${describe(found, evaluating)}${isNoTime(clause, found) ? ', which is no time' : ''}; wanted: ${clause.op} ${inWords(clause.value)}`,
  );
}

function describe(found: Found, { notes }: Evaluating): string {
  return found.found ? `is ${notes.shown(found.value).words}` : 'is missing';
}

type Found = ReturnType<typeof getPath>;

function mismatch(
  clause: Clause,
  path: string,
  { found, evaluating }: { found: Found; evaluating: Evaluating },
  reason: string,
): Mismatch {
  if (!found.found) return { matched: false, clause, path, missing: true, reason };
  return {
    matched: false,
    clause,
    path,
    missing: false,
    actual: evaluating.notes.shown(found.value).excerpt,
    reason,
  };
}

/** Paths are split once per clause; a clause never changes after it was parsed. */
const splitPaths = new WeakMap<Clause, readonly string[]>();

function findField(clause: Clause, { body, notes }: Evaluating): Found {
  let path = splitPaths.get(clause);
  if (path === undefined) {
    const parsed = parseFieldPath(clause.field);
    if (parsed === null) return { found: false };
    path = parsed;
    splitPaths.set(clause, path);
  }
  notes.work.charge(STEPS.clause + path.length * STEPS.member);
  return getPath(body, path);
}

function holds(clause: Clause, found: Found, notes: BodyNotes): boolean {
  const actual = found.found ? found.value : undefined;
  switch (clause.op) {
    case 'equals':
      return found.found && isEqual(actual, clause.value, comparingBy(clause, notes));
    case 'not_equals':
      return !(found.found && isEqual(actual, clause.value, comparingBy(clause, notes)));
    case 'one_of':
      return found.found && isOneOf(actual, clause.value, comparingBy(clause, notes));
    case 'not_one_of':
      return !(found.found && isOneOf(actual, clause.value, comparingBy(clause, notes)));
    case 'contains':
      return contains(actual, clause.value, comparingBy(clause, notes));
    case 'not_contains':
      return !contains(actual, clause.value, comparingBy(clause, notes));
    case 'starts_with':
    case 'ends_with':
      return relates(clause.op, actual, clause.value, comparingBy(clause, notes));
    case 'greater_than':
    case 'greater_or_equal':
    case 'less_than':
    case 'less_or_equal':
      return isOrdered(clause.op, actual, clause.value);
    case 'before':
    case 'after':
      return isOnSide(clause.op, actual, clause.value);
    case 'exists':
      return found.found === clause.value;
    case 'is_empty':
      return isEmpty(actual, notes) === clause.value;
    default:
      return clause satisfies never;
  }
}

interface Comparing {
  options: TextOptions;
  notes: BodyNotes;
}

function comparingBy(clause: ClauseTextOptions, notes: BodyNotes): Comparing {
  const options = {
    ignoreCase: clause.ignore_case === true,
    ignoreArabicForms: clause.ignore_arabic_forms === true,
  };
  return { options, notes };
}

/** Same kind, same value. Arrays and objects equal no scalar. */
function isEqual(actual: unknown, wanted: Scalar, comparing: Comparing): boolean {
  if (typeof wanted === 'string') return relates('equals', actual, wanted, comparing);
  return actual === wanted;
}

function isOneOf(actual: unknown, wanted: readonly Scalar[], comparing: Comparing): boolean {
  comparing.notes.work.charge(wanted.length);
  if (typeof actual !== 'string') return wanted.some((value) => actual === value);
  return compareText(
    'equals',
    actual,
    wanted.filter((value) => typeof value === 'string'),
    comparing.options,
    comparing.notes,
  );
}

function contains(actual: unknown, wanted: Scalar, comparing: Comparing): boolean {
  if (!Array.isArray(actual)) {
    return typeof wanted === 'string' && relates('contains', actual, wanted, comparing);
  }
  comparing.notes.work.charge(actual.length * STEPS.member);
  return actual.some((element) => isEqual(element, wanted, comparing));
}

function relates(relation: TextRelation, actual: unknown, wanted: string, comparing: Comparing): boolean {
  return (
    typeof actual === 'string' && compareText(relation, actual, [wanted], comparing.options, comparing.notes)
  );
}

function isOrdered(op: string, value: unknown, wanted: number): boolean {
  const actual = readNumber(value);
  if (actual === null) return false;
  if (op === 'greater_than') return actual > wanted;
  if (op === 'greater_or_equal') return actual >= wanted;
  return op === 'less_than' ? actual < wanted : actual <= wanted;
}

function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.length > 40) return null;
  return /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : null;
}

/** A value that a time is compared with, and that is none. */
function isNoTime({ op }: Clause, found: Found): boolean {
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

function isClause(condition: Condition): condition is Clause {
  return 'op' in condition && Object.hasOwn(OPERATORS, condition.op);
}
