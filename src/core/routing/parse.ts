/**
 * Reading a condition that a person or a program has written. Pure. All faults are reported at once;
 * what passes is within CONDITION_LIMITS and evaluates without ever throwing.
 */
import { isExactNumber } from '../json/exact.ts';
import { kindOf } from '../json/excerpt.ts';
import { isObject, own } from '../json/object.ts';
import {
  type Clause,
  type ClauseTextOptions,
  CONDITION_LIMITS,
  type Condition,
  type ItemsOperator,
  OPERATORS,
  type Operator,
  parseFieldPath,
  type Scalar,
  TEXT_OPTIONS,
  type ValueKind,
} from './condition.ts';
import {
  type InputFault,
  MAX_INPUT_FAULTS,
  type Reading,
  refuse,
  refuseUnknown,
  shortened,
} from './reading.ts';
import { readIsoTime } from './time.ts';

/** `path` is a JSON pointer into the condition. */
export type ConditionFault = InputFault;

export type ConditionParsed = { ok: true; condition: Condition } | { ok: false; faults: ConditionFault[] };

const FORMS =
  'write {"all": […]}, {"any": […]}, {"not": …} or {"field": "data.contact.email", "op": "equals", "value": …}';

interface ConditionReading extends Reading {
  clauses: number;
  /** Within how many conditions on items it reads. */
  items: number;
}

/** Checks `input` (parsed JSON) against the grammar in condition.ts and returns it rebuilt of known members only. */
export function parseCondition(input: unknown): ConditionParsed {
  const reading: ConditionReading = { faults: [], clauses: 0, items: 0 };
  const condition = readCondition(input, '', 1, reading);
  if (reading.clauses > CONDITION_LIMITS.clauses) {
    const message = `has more than ${CONDITION_LIMITS.clauses} clauses; use one_of instead of many equals`;
    reading.faults.unshift({ path: '', message });
  }
  if (condition === null || reading.faults.length > 0) return { ok: false, faults: reading.faults };
  return { ok: true, condition };
}

function readCondition(
  input: unknown,
  path: string,
  depth: number,
  reading: ConditionReading,
): Condition | null {
  if (!isObject(input)) return refuse(reading, path, `must be an object, but is ${kindOf(input)}; ${FORMS}`);
  if (depth > CONDITION_LIMITS.depth) {
    return refuse(reading, path, `is nested deeper than ${CONDITION_LIMITS.depth} levels; flatten it`);
  }
  const forms = ['all', 'any', 'not', 'field'].filter((form) => Object.hasOwn(input, form));
  const [form] = forms;
  if (form === undefined) return refuse(reading, path, `is not a condition; ${FORMS}`);
  if (forms.length > 1) {
    return refuse(reading, path, `mixes ${forms.join(' and ')}; one object holds one of them`);
  }
  if (form === 'field') return readClause(input, path, depth, reading);
  refuseUnknown(input, [form], path, reading);
  if (form === 'not') {
    const inner = readCondition(own(input, 'not'), `${path}/not`, depth + 1, reading);
    return inner === null ? null : { not: inner };
  }
  const items = readGroup(own(input, form), `${path}/${form}`, depth, reading);
  if (items === null) return null;
  return form === 'all' ? { all: items } : { any: items };
}

function readGroup(
  input: unknown,
  path: string,
  depth: number,
  reading: ConditionReading,
): Condition[] | null {
  if (!Array.isArray(input)) {
    return refuse(reading, path, `must be an array of conditions, but is ${kindOf(input)}`);
  }
  if (input.length === 0) return refuse(reading, path, 'must hold at least one condition');
  if (input.length > CONDITION_LIMITS.clauses) {
    return refuse(
      reading,
      path,
      `holds ${input.length} conditions; at most ${CONDITION_LIMITS.clauses} are allowed`,
    );
  }
  const conditions: Condition[] = [];
  for (const [index, item] of input.entries()) {
    // Enough is known by then, and a group within a group must not multiply the work.
    if (reading.clauses > CONDITION_LIMITS.clauses || reading.faults.length >= MAX_INPUT_FAULTS) return null;
    const condition = readCondition(item, `${path}/${index}`, depth + 1, reading);
    if (condition !== null) conditions.push(condition);
  }
  return conditions.length === input.length ? conditions : null;
}

function readClause(input: object, path: string, depth: number, reading: ConditionReading): Clause | null {
  reading.clauses++;
  const before = reading.faults.length;
  refuseUnknown(input, ['field', 'op', 'value', ...TEXT_OPTIONS], path, reading);
  const field = readField(own(input, 'field'), `${path}/field`, reading);
  const op = readOperator(own(input, 'op'), `${path}/op`, reading);
  const options = TEXT_OPTIONS.filter((option) => readTextOption(option, input, op, path, reading));
  if (op === null) return null;
  const value = isItems(op)
    ? readItemCondition(op, input, path, depth, reading)
    : readValue(op, input, `${path}/value`, reading);
  if (field === null || value === undefined || reading.faults.length > before) return null;
  // The table OPERATORS has just matched the value's kind to the operator, which is what Clause says.
  return { field, op, value, ...Object.fromEntries(options.map((option) => [option, true])) } as Clause;
}

function isItems(op: Operator): op is ItemsOperator {
  return OPERATORS[op] === 'condition';
}

function readItemCondition(
  op: ItemsOperator,
  input: object,
  path: string,
  depth: number,
  reading: ConditionReading,
): Condition | undefined {
  if (!Object.hasOwn(input, 'value')) {
    refuse(reading, `${path}/value`, `is missing; ${op} needs ${VALUE_WANTED.condition}`);
    return undefined;
  }
  reading.items++;
  const condition = readCondition(own(input, 'value'), `${path}/value`, depth + 1, reading);
  reading.items--;
  return condition ?? undefined;
}

function readField(input: unknown, path: string, reading: ConditionReading): string | null {
  if (typeof input !== 'string') {
    return refuse(reading, path, `must be a path such as "data.contact.email", but is ${kindOf(input)}`);
  }
  if (input.length > CONDITION_LIMITS.textLength) return refuse(reading, path, tooLong(input));
  // The item itself.
  if (input === '' && reading.items > 0) return input;
  if (parseFieldPath(input) === null) {
    return refuse(
      reading,
      path,
      `${JSON.stringify(input)} is not a path; write member names joined by dots, a dot within a name as \\.`,
    );
  }
  return input;
}

function readOperator(input: unknown, path: string, reading: ConditionReading): Operator | null {
  const valid = Object.keys(OPERATORS);
  if (typeof input === 'string' && isOperator(input)) return input;
  const given = typeof input === 'string' ? JSON.stringify(shortened(input)) : kindOf(input);
  return refuse(reading, path, `${given} is not an operator; use one of ${valid.join(', ')}`);
}

function readTextOption(
  option: keyof ClauseTextOptions,
  input: object,
  op: Operator | null,
  path: string,
  reading: ConditionReading,
): boolean {
  if (!Object.hasOwn(input, option)) return false;
  const given = own(input, option);
  if (typeof given !== 'boolean') {
    refuse(reading, `${path}/${option}`, `must be true or false, but is ${kindOf(given)}`);
    return false;
  }
  if (given && op !== null && !['scalar', 'list', 'text'].includes(OPERATORS[op])) {
    refuse(
      reading,
      `${path}/${option}`,
      `has no meaning with ${op}; it is for operators that compare strings`,
    );
  }
  return given;
}

/** Undefined means refused: JSON has no undefined. */
function readValue(
  op: Exclude<Operator, ItemsOperator>,
  input: object,
  path: string,
  reading: ConditionReading,
): Clause['value'] | undefined {
  const kind = OPERATORS[op] as Exclude<ValueKind, 'condition'>;
  if (!Object.hasOwn(input, 'value')) {
    refuse(reading, path, `is missing; ${op} needs ${VALUE_WANTED[kind]}`);
    return undefined;
  }
  const value = own(input, 'value');
  const wrong = () => {
    refuse(reading, path, `must be ${VALUE_WANTED[kind]} for ${op}, but is ${kindOf(value)}`);
    return undefined;
  };
  switch (kind) {
    case 'scalar':
      return isScalar(value) ? checkedScalar(value, path, reading) : wrong();
    case 'list':
      return Array.isArray(value) ? readList(value, path, reading) : wrong();
    case 'text':
      return typeof value === 'string' ? checkedScalar(value, path, reading) : wrong();
    case 'number':
      return typeof value === 'number' || isExactNumber(value)
        ? checkedScalar(value, path, reading)
        : wrong();
    case 'boolean':
      return typeof value === 'boolean' ? value : wrong();
    case 'time':
      if (typeof value !== 'string') return wrong();
      if (readIsoTime(value) !== null) return value;
      refuse(
        reading,
        path,
        `${JSON.stringify(shortened(value))} is not an ISO 8601 time; write "2026-01-31T08:00:00Z"`,
      );
      return undefined;
    default:
      return kind satisfies never;
  }
}

function readList(items: readonly unknown[], path: string, reading: ConditionReading): Scalar[] | undefined {
  if (items.length === 0 || items.length > CONDITION_LIMITS.listLength) {
    refuse(reading, path, `holds ${items.length} values; 1 to ${CONDITION_LIMITS.listLength} are allowed`);
    return undefined;
  }
  const values: Scalar[] = [];
  for (const [index, item] of items.entries()) {
    const at = `${path}/${index}`;
    if (!isScalar(item)) {
      refuse(reading, at, `must be ${VALUE_WANTED.scalar}, but is ${kindOf(item)}`);
      continue;
    }
    const value = checkedScalar(item, at, reading);
    if (value !== undefined) values.push(value);
  }
  return values;
}

function checkedScalar(value: Scalar, path: string, reading: ConditionReading): Scalar | undefined {
  if (typeof value === 'string' && value.length > CONDITION_LIMITS.textLength) {
    refuse(reading, path, tooLong(value));
    return undefined;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    refuse(reading, path, 'is a number beyond 1e308 whose digits were lost on the way');
    return undefined;
  }
  if (isExactNumber(value) && value.rawJSON.length > CONDITION_LIMITS.textLength) {
    refuse(reading, path, tooLong(value.rawJSON));
    return undefined;
  }
  return value;
}

const VALUE_WANTED = {
  scalar: 'a string, a number, true, false or null',
  list: 'an array of strings, numbers, true, false or null',
  text: 'a string',
  number: 'a number',
  time: 'an ISO 8601 time in a string',
  boolean: 'true or false',
  condition: 'a condition on the items',
} as const;

function tooLong(text: string): string {
  return `has ${text.length} characters; at most ${CONDITION_LIMITS.textLength} are allowed`;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || isExactNumber(value) || ['string', 'number', 'boolean'].includes(typeof value);
}

function isOperator(text: string): text is Operator {
  return Object.hasOwn(OPERATORS, text);
}
