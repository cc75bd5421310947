/**
 * Conditions: what an endpoint, a rule or a decision asks of an event's body (A3, B2). Pure data.
 *
 *   {"all": [c, …]}   every one matches
 *   {"any": [c, …]}   at least one matches
 *   {"not": c}        c does not match
 *   {"field": "data.contact.email", "op": "ends_with", "value": "@example.com", "ignore_case": true}
 *
 *   {"field": "data.order.items", "op": "any_item", "value": c}   c matches an item of the array
 *
 * `field` is a path in the body that the receiver gets: member names joined by dots, a number for an
 * array's element ("data.order_item.resources.0.type"). A dot or a backslash inside a member's name is
 * written with a backslash before it ("data.fields.a\.b"). Only members that the JSON has itself are
 * found, never those of a prototype.
 *
 * What the operators mean:
 * - equals, one_of: same kind and same value; the text "5" is not the number 5.
 * - contains: a text contains the value, or an array has an element that equals it.
 * - greater_than … less_or_equal: numbers; a text that is a plain decimal numeral counts as its number
 *   (webinar.duration is "7200"). A text that is no numeral never matches.
 * - before, after: times; ISO 8601 text (without a zone: UTC), Unix seconds, or, from 10^11 on, milliseconds.
 * - any_item, all_items: the array has an item, has no item but such, that its condition matches; an empty array has
 *   no item, so all_items holds. no_item: the exact opposite of any_item. The condition's fields are paths within the
 *   item; "" is the item itself: {"field": "data.tags", "op": "any_item", "value": {"field": "", "op": "starts_with", …}}.
 * - exists: the member is there, null included. is_empty: missing, null, "", [] or {}.
 * - not_equals, not_one_of, not_contains, no_item: the exact opposites, so a missing member matches them. Every
 *   other operator fails on a missing member.
 * - ignore_case (texts only) compares without regard to letter case, in no particular language.
 * - ignore_arabic_forms (texts only) compares without regard to how the same Arabic is written: digits,
 *   marks, tatweel, forms of alef, ya, ha and kaf (text.ts lists them).
 *
 * Texts that Unicode takes for the same (é in one character or two, marks in another order) are the same. Numbers
 * compare by their digits, however many there are: 7615917337495251231 is not …200, 1.10 is 1.1.
 */

import type { ExactNumber } from '../json/exact.ts';

export type Scalar = string | number | ExactNumber | boolean | null;

/** How texts are compared. Absent is false. */
export interface ClauseTextOptions {
  ignore_case?: boolean;
  ignore_arabic_forms?: boolean;
}

export const TEXT_OPTIONS = ['ignore_case', 'ignore_arabic_forms'] as const;

export type Clause =
  | ({ field: string; op: TextOrScalarOperator; value: Scalar } & ClauseTextOptions)
  | ({ field: string; op: ListOperator; value: readonly Scalar[] } & ClauseTextOptions)
  | ({ field: string; op: TextOperator; value: string } & ClauseTextOptions)
  | { field: string; op: NumberOperator; value: number | ExactNumber }
  | { field: string; op: TimeOperator; value: string }
  | { field: string; op: PresenceOperator; value: boolean }
  | ItemsClause;

/** The condition is asked of an array's items. */
export interface ItemsClause {
  field: string;
  op: ItemsOperator;
  value: Condition;
}

export type Condition =
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition }
  | Clause;

export type TextOrScalarOperator = 'equals' | 'not_equals' | 'contains' | 'not_contains';
export type ListOperator = 'one_of' | 'not_one_of';
export type TextOperator = 'starts_with' | 'ends_with';
export type NumberOperator = 'greater_than' | 'greater_or_equal' | 'less_than' | 'less_or_equal';
export type TimeOperator = 'before' | 'after';
export type PresenceOperator = 'exists' | 'is_empty';
export type ItemsOperator = 'any_item' | 'all_items' | 'no_item';
export type Operator = Clause['op'];

/** What an operator takes as its `value`. */
export type ValueKind = 'scalar' | 'list' | 'text' | 'number' | 'time' | 'boolean' | 'condition';

/** Every operator with the kind of its value, in the order in which they are offered. */
export const OPERATORS: Readonly<Record<Operator, ValueKind>> = {
  equals: 'scalar',
  not_equals: 'scalar',
  one_of: 'list',
  not_one_of: 'list',
  contains: 'scalar',
  not_contains: 'scalar',
  starts_with: 'text',
  ends_with: 'text',
  greater_than: 'number',
  greater_or_equal: 'number',
  less_than: 'number',
  less_or_equal: 'number',
  before: 'time',
  after: 'time',
  exists: 'boolean',
  is_empty: 'boolean',
  any_item: 'condition',
  all_items: 'condition',
  no_item: 'condition',
};

export function isItemsClause(clause: Clause): clause is ItemsClause {
  return OPERATORS[clause.op] === 'condition';
}

/** Generous for what a person builds in a form, small enough that evaluating costs microseconds. */
export const CONDITION_LIMITS = { depth: 10, clauses: 100, textLength: 1000, listLength: 100 } as const;

/** The member names of a field path, unescaped: "a\.b.0" is ["a.b", "0"]. Null when it is malformed. */
export function parseFieldPath(field: string): string[] | null {
  const names: string[] = [];
  let name = '';
  for (let at = 0; at < field.length; at++) {
    const character = field[at];
    if (character === '.') {
      if (name === '') return null;
      names.push(name);
      name = '';
    } else if (character === '\\') {
      at++;
      if (field[at] !== '.' && field[at] !== '\\') return null;
      name += field[at];
    } else {
      name += character;
    }
  }
  if (name === '') return null;
  return [...names, name];
}
