/**
 * Evaluating a condition against a body. Pure, and never throws, whatever the body holds.
 *
 * A "no" explains itself (P12): it names the clause that decided, where it stands in the condition,
 * and the value that the body had there. The verdict is plain JSON, small enough to be stored. What would take more
 * work than the event has left is a "no" that says work_limit, whatever stands around it (a `not`, too).
 */

import { inWords } from '../json/excerpt.ts';
import { type Found, getPath } from '../json/pointer.ts';
import { STEPS, withinWork } from '../work.ts';
import {
  type Clause,
  type Condition,
  type ItemsClause,
  isItemsClause,
  OPERATORS,
  parseFieldPath,
} from './condition.ts';
import { holds, isNoTime, type Place } from './holds.ts';
import { type BodyNotes, freshNotes, type Shown } from './notes.ts';

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
  /** Of all_items and no_item: which item decided, from 0. */
  item?: number;
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
    () => evaluateAt(condition, { body, at: [], notes }, ''),
    (reason) => ({ matched: false, clause: condition, path: '', missing: false, reason, code: 'work_limit' }),
  );
}

interface Evaluating {
  /** What fields are looked for in: the body, or an item of one of its arrays … */
  body: unknown;
  /** … and where that stands in the body. */
  at: readonly string[];
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
  const told = failures.slice(0, NAMED_ALTERNATIVES).map((failure) => failure.reason);
  const more = failures.length - told.length;
  const reason = `none of ${failures.length} alternatives matched: ${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  return { ...first, reason: cut(reason) };
}

function evaluateNot(condition: { not: Condition }, evaluating: Evaluating, path: string): Verdict {
  const inner = condition.not;
  const innerPath = `${path}/not`;
  if (!evaluateAt(inner, evaluating, innerPath).matched) return MATCHED;
  if (!isClause(inner)) {
    const reason = 'the condition under "not" matched';
    return { matched: false, clause: inner, path: innerPath, missing: false, reason };
  }
  const place = findField(inner, evaluating);
  const said = `${named(inner)} ${describe(place)}; excluded by "not": ${inner.op} ${inWords(inner.value)}`;
  return mismatch(inner, innerPath, place, said);
}

function evaluateClause(clause: Clause, evaluating: Evaluating, path: string): Verdict {
  if (isItemsClause(clause)) return evaluateItems(clause, evaluating, path);
  const place = findField(clause, evaluating);
  if (holds(clause, place)) return MATCHED;
  const noTime = isNoTime(clause, place.found) ? ', which is no time' : '';
  const said = `${named(clause)} ${describe(place)}${noTime}; wanted: ${clause.op} ${inWords(clause.value)}`;
  return mismatch(clause, path, place, said);
}

function describe(place: Place): string {
  const { found } = place;
  return found.found ? `is ${shownAt({ ...place, found }).words}` : 'is missing';
}

function mismatch(clause: Clause, path: string, place: Place, reason: string): Mismatch {
  const { found } = place;
  if (!found.found) return { matched: false, clause, path, missing: true, reason };
  const { excerpt } = shownAt({ ...place, found });
  return { matched: false, clause, path, missing: false, actual: excerpt, reason };
}

/** A value shortened; of a number, its digits. */
function shownAt({ found, path, notes }: Place & { found: Found & { found: true } }): Shown {
  const digits = typeof found.value === 'number' ? notes.digitsAt(path) : null;
  if (digits === null) return notes.shown(found.value);
  const words = digits.length > MOST_DIGITS ? `${digits.slice(0, MOST_DIGITS)}…` : digits;
  return { excerpt: words === digits ? JSON.rawJSON(digits) : words, words };
}

const MOST_DIGITS = 100;

// ---------------------------------------------------------------- items of arrays

function evaluateItems(clause: ItemsClause, evaluating: Evaluating, path: string): Verdict {
  const place = findField(clause, evaluating);
  const { found } = place;
  if (!found.found || !Array.isArray(found.value)) {
    if (clause.op === 'no_item') return MATCHED;
    const no = `${named(clause)} ${describe(place)}${found.found ? ', which is no array' : ''}; wanted: ${clause.op} ${inWords(clause.value)}`;
    return mismatch(clause, path, place, no);
  }
  const items: readonly unknown[] = found.value;
  evaluating.notes.work.charge(items.length * STEPS.member);
  const judge = (index: number): Verdict =>
    evaluateAt(
      clause.value,
      { ...evaluating, body: items[index], at: [...place.path, String(index)] },
      `${path}/value`,
    );
  if (clause.op === 'any_item') return anyItem(clause, items.length, judge, { place, path });
  for (const index of items.keys()) {
    const verdict = judge(index);
    if (verdict.matched === (clause.op === 'all_items')) continue;
    const item = {
      ...place,
      found: { found: true as const, value: items[index] },
      path: [...place.path, String(index)],
    };
    const why = verdict.matched
      ? `is ${shownAt(item).words} and matched`
      : `did not match: ${verdict.reason}`;
    return { ...mismatch(clause, path, item, cut(`item ${index} of ${named(clause)} ${why}`)), item: index };
  }
  return MATCHED;
}

function anyItem(
  clause: ItemsClause,
  count: number,
  judge: (index: number) => Verdict,
  { place, path }: { place: Place; path: string },
): Verdict {
  const told: string[] = [];
  for (let index = 0; index < count; index++) {
    const verdict = judge(index);
    if (verdict.matched) return verdict;
    if (told.length < NAMED_ALTERNATIVES) told.push(`item ${index}: ${verdict.reason}`);
  }
  if (count === 0) return mismatch(clause, path, place, `${named(clause)} has no items`);
  const more = count - told.length;
  const reason = `none of ${count} items of ${named(clause)} matched: ${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  return mismatch(clause, path, place, cut(reason));
}

/** The field, or the item itself. */
function named({ field }: Pick<Clause, 'field'>): string {
  return field === '' ? 'it' : field;
}

const LONGEST_REASON = 1000;

function cut(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON).toWellFormed()}…` : reason;
}

// ---------------------------------------------------------------- fields

/** Paths are split once per clause; a clause never changes after it was parsed. */
const splitPaths = new WeakMap<Clause, readonly string[]>();

function findField(clause: Clause, { body, at, notes }: Evaluating): Place {
  let path = splitPaths.get(clause);
  if (path === undefined) {
    const parsed = clause.field === '' ? [] : parseFieldPath(clause.field);
    if (parsed === null) return { found: { found: false }, path: at, notes };
    path = parsed;
    splitPaths.set(clause, path);
  }
  notes.work.charge(STEPS.clause + path.length * STEPS.member);
  return { found: getPath(body, path), path: at.length === 0 ? path : [...at, ...path], notes };
}

function isClause(condition: Condition): condition is Clause {
  return 'op' in condition && Object.hasOwn(OPERATORS, condition.op);
}
