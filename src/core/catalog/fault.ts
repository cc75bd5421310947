/**
 * What is wrong with posted data, said so that a person can act on it. Pure. Made from the validator's
 * errors: alternatives that failed are summed up in one fault instead of one for each branch.
 */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { inWords, kindOf } from '../json/excerpt.ts';
import { pointerToken } from '../json/pointer.ts';

export interface Fault {
  /** JSON pointer of the member at fault; of the missing member where one is missing. */
  field: string;
  message: string;
  /** JSON Schema's keyword that was not met, or `reserved`, `name`, … for rules of ours. */
  keyword: string;
}

/** More would not be read; the first ones are fixed first. */
export const MAX_FAULTS = 20;

/** Keywords whose own error sums up the errors of the schemas under them. */
const SUMMING = new Set(['anyOf', 'oneOf', 'not', 'contains']);

/** `errors` come with their data (`verbose`); `at` is the pointer of the validated value. */
export function faultsFrom(errors: readonly ErrorObject[], at: string): Fault[] {
  const sums = errors.filter((error) => SUMMING.has(error.keyword));
  const kept = errors.filter((error) => error.keyword !== 'if' && !sums.some((sum) => isUnder(error, sum)));
  return kept.slice(0, MAX_FAULTS).map((error) => toFault(error, errors, at));
}

function isUnder(error: ErrorObject, sum: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${sum.schemaPath}/`);
}

function toFault(error: ErrorObject, all: readonly ErrorObject[], at: string): Fault {
  const { keyword, params } = error;
  const member = params.missingProperty ?? params.additionalProperty;
  const field = `${at}${error.instancePath}${member === undefined ? '' : `/${pointerToken(String(member))}`}`;
  return { field, message: messageFor(error, all, at), keyword };
}

function messageFor(error: ErrorObject, all: readonly ErrorObject[], at: string): string {
  const { keyword, params, data } = error;
  const actual = `but is ${inWords(data)}`;
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return 'is not known here; take it out, or check how it is written';
    case 'type':
      return `must be ${typesInWords(params.type)}, but is ${kindOf(data)}`;
    case 'enum':
      return `must be one of ${params.allowedValues.slice(0, 20).map(inWords).join(', ')}, ${actual}`;
    case 'const':
      return `must be ${inWords(params.allowedValue)}, ${actual}`;
    case 'format':
      return `must be ${FORMAT_WORDS[String(params.format)] ?? `of the format ${params.format}`}, ${actual}`;
    case 'pattern':
      return `${hint(error) ?? `must match ${params.pattern}`}, ${actual}`;
    case 'minimum':
      return `must be at least ${params.limit}, ${actual}`;
    case 'maximum':
      return `must be at most ${params.limit}, ${actual}`;
    case 'exclusiveMinimum':
      return `must be greater than ${params.limit}, ${actual}`;
    case 'exclusiveMaximum':
      return `must be less than ${params.limit}, ${actual}`;
    case 'multipleOf':
      return `must be a multiple of ${params.multipleOf}, ${actual}`;
    case 'oneOf':
    case 'anyOf':
      return alternativesMessage(error, all, at);
    case 'not':
      return 'is what the schema excludes under "not"';
    case 'contains':
      return 'has no element of the kind that the schema asks for under "contains"';
    case 'false schema':
      return 'is not allowed here';
    default:
      return sizeMessage(error);
  }
}

const SIZES: Readonly<Record<string, string>> = {
  minLength: 'at least # characters',
  maxLength: 'at most # characters',
  minItems: 'at least # elements',
  maxItems: 'at most # elements',
  minProperties: 'at least # members',
  maxProperties: 'at most # members',
};

function sizeMessage(error: ErrorObject): string {
  const wanted = SIZES[error.keyword];
  if (wanted === undefined) return `does not satisfy the schema’s keyword ${error.keyword}`;
  if (error.keyword === 'maxItems' && error.params.limit === 0) return 'must be empty where it is an array';
  return `must have ${wanted.replace('#', String(error.params.limit))}, but has ${sizeOf(error.data)}`;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return [...value].length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** Alternatives that only ask for members are told by those names; of others, the closest one is told. */
function alternativesMessage(error: ErrorObject, all: readonly ErrorObject[], at: string): string {
  const branches: readonly unknown[] = Array.isArray(error.schema) ? error.schema : [];
  const names = branches.map(onlyRequired);
  if (!names.includes(null)) {
    const exactly = error.keyword === 'oneOf' ? 'exactly' : 'at least';
    const given = names.filter((name) => name !== null && hasMembers(error.data, name));
    const has = given.length === 0 ? 'has none of them' : `has ${given.map(joined).join(' and ')}`;
    return `must have ${exactly} one of ${names.map(joined).join(', ')}, but ${has}`;
  }
  if (Array.isArray(error.params.passingSchemas)) {
    return `must match exactly one of ${branches.length} alternatives, but matches more than one`;
  }
  const closest = closestBranch(error, all);
  const said = closest.slice(0, 3).map((inner) => {
    const fault = toFault(inner, all, at);
    return `${fault.field} ${fault.message}`;
  });
  const detail = said.length === 0 ? '' : `; closest: ${said.join('; ')}`;
  return `matches none of ${branches.length} alternatives${detail}`;
}

function onlyRequired(branch: unknown): string[] | null {
  if (typeof branch !== 'object' || branch === null || Object.keys(branch).join() !== 'required') return null;
  const names: unknown = Reflect.get(branch, 'required');
  return Array.isArray(names) ? names : null;
}

function hasMembers(data: unknown, names: readonly string[]): boolean {
  return typeof data === 'object' && data !== null && names.every((name) => Object.hasOwn(data, name));
}

function joined(names: readonly string[] | null): string {
  return (names ?? []).join(' with ');
}

/** Whether the error is about the value that `sum` is about, or one in it: element 10 is not in element 1. */
function isWithin({ instancePath }: ErrorObject, sum: ErrorObject): boolean {
  return instancePath === sum.instancePath || instancePath.startsWith(`${sum.instancePath}/`);
}

/** The alternative with the fewest direct errors; a wrong kind of value counts as farthest. */
function closestBranch(sum: ErrorObject, all: readonly ErrorObject[]): ErrorObject[] {
  const byBranch = new Map<string, ErrorObject[]>();
  for (const error of all) {
    if (!isUnder(error, sum) || !isWithin(error, sum)) continue;
    const branch = error.schemaPath.slice(sum.schemaPath.length + 1).split('/')[0] ?? '';
    const listed = byBranch.get(branch);
    if (listed === undefined) byBranch.set(branch, [error]);
    else listed.push(error);
  }
  const direct = [...byBranch.values()].map((errors) => {
    const inner = errors.filter((error) => SUMMING.has(error.keyword));
    return errors.filter((error) => error.keyword !== 'if' && !inner.some((other) => isUnder(error, other)));
  });
  const distance = (errors: readonly ErrorObject[]) =>
    errors.length +
    (errors.some((error) => error.keyword === 'type' && error.instancePath === sum.instancePath) ? 1000 : 0);
  return direct.toSorted((one, other) => distance(one) - distance(other))[0] ?? [];
}

/** A member's own description says better than an expression what is wanted. */
function hint(error: ErrorObject): string | null {
  const description: unknown = error.parentSchema?.description;
  return typeof description === 'string' ? `must be written so: ${description.replace(/\.$/, '')}` : null;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};

function typesInWords(types: unknown): string {
  const list: unknown[] = Array.isArray(types) ? types : [types];
  return list.map((type) => TYPE_WORDS[String(type)] ?? String(type)).join(' or ');
}

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  'date-time': 'a time such as 2026-01-31T08:00:00+00:00',
  date: 'a date such as 2026-01-31',
  time: 'a time of day such as 08:00:00Z',
  duration: 'a duration such as P1DT2H',
  email: 'an e-mail address',
  hostname: 'a host name',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  uri: 'a URL such as https://example.com/path',
  uuid: 'a UUID',
};

/** Formats that schemas may name. */
export const FORMATS: readonly string[] = Object.keys(FORMAT_WORDS);
