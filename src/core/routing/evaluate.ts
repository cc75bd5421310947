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
import { sayWhy, toldOf, type Why } from './why.ts';

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
  /** What the sentence says, for any language; absent where nothing was decided. */
  why?: Why;
  /** Set where nothing was decided, since it would have taken more work than the event has left. */
  code?: 'work_limit';
}

const MATCHED: Verdict = Object.freeze({ matched: true });
/** More whys than are told of. */
const ENOUGH_TOLD = 3;

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
  if (first === undefined) return no(condition, path, { kind: 'no_alternative' });
  if (failures.length === 1) return first;
  const told = toldOf(failures.slice(0, ENOUGH_TOLD).flatMap(({ why }) => why ?? []));
  return explained(first, { kind: 'alternatives', count: failures.length, told });
}

function evaluateNot(condition: { not: Condition }, evaluating: Evaluating, path: string): Verdict {
  const inner = condition.not;
  const innerPath = `${path}/not`;
  if (!evaluateAt(inner, evaluating, innerPath).matched) return MATCHED;
  if (!isClause(inner)) return no(inner, innerPath, { kind: 'excluded_group' });
  const place = findField(inner, evaluating);
  return mismatch(inner, innerPath, place, { ...asValue(inner, place), excluded: true });
}

function evaluateClause(clause: Clause, evaluating: Evaluating, path: string): Verdict {
  if (isItemsClause(clause)) return evaluateItems(clause, evaluating, path);
  const place = findField(clause, evaluating);
  if (holds(clause, place)) return MATCHED;
  const why = asValue(clause, place);
  if (isNoTime(clause, place.found)) why.note = 'no_time';
  return mismatch(clause, path, place, why);
}

function asValue(clause: Clause, place: Place): Why & { kind: 'value' } {
  const { found } = place;
  const is = found.found ? shownAt({ ...place, found }).words : null;
  return { kind: 'value', field: clause.field, is, op: clause.op, wanted: inWords(clause.value) };
}

function no(clause: Condition, path: string, why: Why): Mismatch {
  return { matched: false, clause, path, missing: false, reason: sayWhy(why, 'en'), why };
}

function explained(verdict: Mismatch, why: Why): Mismatch {
  return { ...verdict, reason: sayWhy(why, 'en'), why };
}

function mismatch(clause: Clause, path: string, place: Place, why: Why): Mismatch {
  const { found } = place;
  if (!found.found) return { ...no(clause, path, why), missing: true };
  const { excerpt } = shownAt({ ...place, found });
  return { ...no(clause, path, why), actual: excerpt };
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
    const why = asValue(clause, place);
    if (found.found) why.note = 'no_array';
    return mismatch(clause, path, place, why);
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
    const why = verdict.matched ? null : (verdict.why ?? null);
    const is = shownAt(item).words;
    return {
      ...mismatch(clause, path, item, { kind: 'item', field: clause.field, index, is, why }),
      item: index,
    };
  }
  return MATCHED;
}

function anyItem(
  clause: ItemsClause,
  count: number,
  judge: (index: number) => Verdict,
  { place, path }: { place: Place; path: string },
): Verdict {
  const { field } = clause;
  const whys: Why[] = [];
  for (let index = 0; index < count; index++) {
    const verdict = judge(index);
    if (verdict.matched) return verdict;
    if (whys.length < ENOUGH_TOLD && verdict.why !== undefined) whys.push(verdict.why);
  }
  if (count === 0) return mismatch(clause, path, place, { kind: 'no_items', field });
  return mismatch(clause, path, place, { kind: 'items', field, count, told: toldOf(whys) });
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
