/**
 * Checking data against a schema that a workspace has written. Pure. The schema is read as it stands, keyword by
 * keyword, and every visit is charged before it is made: checking stops where the account ends, on every machine at the
 * same place. Nothing is compiled, so a change of routing, which brings new schemas, makes nothing anew: compiling a
 * schema of 64 KB takes ajv seconds. What it says is what ajv says (checkSchema.test.ts).
 *
 * Two passes: a quick one that only asks whether all is well, and, where it is not, one that collects errors in ajv's
 * form, for fault.ts. Only for schemas that checkCustomSchema has passed.
 */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { pointerToken } from '../json/pointer.ts';
import { CHECK_LIMITS } from '../limits.ts';
import { STEPS, type Work } from '../work.ts';
import { definitionName, isSchema } from './expandRefs.ts';
import type { JsonSchema } from './schema.ts';

/** Where a value stands, as links upwards: no text is made of it before there is an error. */
interface Place {
  above: Place | null;
  token: string | number;
}

interface Checking {
  root: JsonSchema;
  formats: ReadonlyMap<string, (text: string) => boolean>;
  work: Work;
  /** Null while it only matters whether there are any. */
  errors: ErrorObject[] | null;
}

/** A schema, and the value that it is applied to. */
interface At {
  schema: JsonSchema;
  value: unknown;
  place: Place | null;
  /** Where the schema stands, as ajv writes it. */
  path: string;
}

export interface SchemaChecker {
  /** Errors of `value`, none when it is valid. Throws WorkLimitReached where it takes more than `work` has left. */
  check(schema: JsonSchema, value: unknown, work: Work): ErrorObject[];
}

export function schemaChecker(formats: Checking['formats']): SchemaChecker {
  return {
    check(schema, value, work) {
      const checking: Checking = { root: schema, formats, work, errors: null };
      if (fits(schema, value, null, '#', checking)) return [];
      const errors: ErrorObject[] = [];
      fits(schema, value, null, '#', { ...checking, errors });
      return errors;
    },
  };
}

function fits(
  schema: unknown,
  value: unknown,
  place: Place | null,
  path: string,
  checking: Checking,
): boolean {
  if (!isSchema(schema)) {
    if (schema !== false) return true;
    return fail('false schema', {}, { schema: {}, value, place, path }, checking);
  }
  checking.work.charge(STEPS.applied);
  const at: At = { schema, value, place, path };
  let good = true;
  // A value of another type says so; what else it lacks follows from that.
  if (schema.type !== undefined && !isOfType(value, schema.type)) {
    return fail('type', { type: schema.type }, at, checking);
  }
  for (const keyword of Object.keys(schema)) {
    if (keyword === 'type' || (KEYWORDS[keyword]?.(schema[keyword], at, checking) ?? true)) continue;
    good = false;
    if (checking.errors === null || isFull(checking)) break;
  }
  return good;
}

function isFull({ errors }: Checking): boolean {
  return errors !== null && errors.length >= CHECK_LIMITS.errors.value;
}

function fail(
  keyword: string,
  params: object,
  { schema, value, place, path }: At,
  checking: Checking,
): false {
  checking.errors?.push({
    keyword,
    params,
    instancePath: pointerOf(place),
    schemaPath: `${path}/${keyword}`,
    schema: schema[keyword],
    parentSchema: schema,
    data: value,
  });
  return false;
}

function pointerOf(place: Place | null): string {
  const tokens: string[] = [];
  for (let at = place; at !== null; at = at.above) tokens.unshift(`/${pointerToken(at.token)}`);
  return tokens.join('');
}

type Check = (wanted: unknown, at: At, checking: Checking) => boolean;

function numberCheck(params: (limit: number) => object, holds: (value: number, limit: number) => boolean) {
  return (keyword: string): Check =>
    (wanted, at, checking) => {
      const { value } = at;
      if (typeof value !== 'number' || !Number.isFinite(value) || holds(value, Number(wanted))) return true;
      return fail(keyword, params(Number(wanted)), at, checking);
    };
}

const bound = (comparison: string, holds: (value: number, limit: number) => boolean) =>
  numberCheck((limit) => ({ comparison, limit }), holds);

/** How many characters, elements or members a value has; null where it is of another kind. */
function sizeCheck(keyword: string, kind: 'string' | 'array' | 'object', isMaximum: boolean): Check {
  return (wanted, at, checking) => {
    const size = sizeOf(at.value, kind, checking);
    if (size === null || (isMaximum ? size <= Number(wanted) : size >= Number(wanted))) return true;
    return fail(keyword, { limit: Number(wanted) }, at, checking);
  };
}

function sizeOf(value: unknown, kind: 'string' | 'array' | 'object', { work }: Checking): number | null {
  if (kind === 'string') {
    if (typeof value !== 'string') return null;
    work.charge(value.length * STEPS.searched);
    let length = 0;
    for (const _character of value) length++;
    return length;
  }
  if (kind === 'array') return Array.isArray(value) ? value.length : null;
  return isSchema(value) ? namesOf(value, work).length : null;
}

/** Listing names costs by their number, which is known only then. */
function namesOf(value: object, work: Work): string[] {
  const names = Object.keys(value);
  work.charge(names.length * STEPS.member);
  return names;
}

function inner(keyword: string, schema: unknown, at: At, checking: Checking): boolean {
  return fits(schema, at.value, at.place, `${at.path}/${keyword}`, checking);
}

/** Whether it holds, with no errors collected. */
function quietly(keyword: string, schema: unknown, at: At, checking: Checking): boolean {
  return inner(keyword, schema, at, { ...checking, errors: null });
}

const KEYWORDS: Readonly<Record<string, Check | undefined>> = Object.assign(Object.create(null), {
  minimum: bound('>=', (value, limit) => value >= limit)('minimum'),
  maximum: bound('<=', (value, limit) => value <= limit)('maximum'),
  exclusiveMinimum: bound('>', (value, limit) => value > limit)('exclusiveMinimum'),
  exclusiveMaximum: bound('<', (value, limit) => value < limit)('exclusiveMaximum'),
  multipleOf: numberCheck(
    (multipleOf) => ({ multipleOf }),
    (value, of) => Number.isInteger(value / of),
  )('multipleOf'),
  minLength: sizeCheck('minLength', 'string', false),
  maxLength: sizeCheck('maxLength', 'string', true),
  minItems: sizeCheck('minItems', 'array', false),
  maxItems: sizeCheck('maxItems', 'array', true),
  minProperties: sizeCheck('minProperties', 'object', false),
  maxProperties: sizeCheck('maxProperties', 'object', true),
  format: ((wanted, at, checking) => {
    if (typeof at.value !== 'string') return true;
    checking.work.charge(at.value.length * STEPS.folded);
    return (
      (checking.formats.get(String(wanted))?.(at.value) ?? true) ||
      fail('format', { format: wanted }, at, checking)
    );
  }) satisfies Check,
  const: ((wanted, at, checking) =>
    isEqual(at.value, wanted, checking.work) ||
    fail('const', { allowedValue: wanted }, at, checking)) satisfies Check,
  enum: ((wanted, at, checking) => {
    const allowed = listOf(wanted);
    return (
      allowed.some((one) => isEqual(at.value, one, checking.work)) ||
      fail('enum', { allowedValues: allowed }, at, checking)
    );
  }) satisfies Check,
  required: ((wanted, at, checking) => {
    const { value } = at;
    const names = listOf(wanted);
    if (!isSchema(value)) return true;
    checking.work.charge(names.length * STEPS.compared);
    const missing = names.filter((name) => !Object.hasOwn(value, String(name)));
    const told = checking.errors === null ? missing.slice(0, 1) : missing;
    for (const name of told) fail('required', { missingProperty: name }, at, checking);
    return told.length === 0;
  }) satisfies Check,
  properties: ((wanted, at, checking) => {
    const { value, place } = at;
    if (!isSchema(value) || !isSchema(wanted)) return true;
    const names = Object.keys(wanted);
    checking.work.charge(names.length * STEPS.compared);
    return every(names, checking, (name) => {
      if (!Object.hasOwn(value, name)) return true;
      const path = `${at.path}/properties/${pointerToken(name)}`;
      return fits(wanted[name], value[name], { above: place, token: name }, path, checking);
    });
  }) satisfies Check,
  additionalProperties: ((wanted, at, checking) => {
    const { schema, value, place } = at;
    if (!isSchema(value) || wanted === true) return true;
    const known = isSchema(schema.properties) ? schema.properties : {};
    return every(namesOf(value, checking.work), checking, (name) => {
      if (Object.hasOwn(known, name)) return true;
      if (wanted === false) return fail('additionalProperties', { additionalProperty: name }, at, checking);
      const path = `${at.path}/additionalProperties`;
      return fits(wanted, value[name], { above: place, token: name }, path, checking);
    });
  }) satisfies Check,
  prefixItems: ((wanted, at, checking) => {
    const { value, place } = at;
    if (!Array.isArray(value)) return true;
    return every(listOf(wanted).slice(0, value.length), checking, (schema, index) =>
      fits(schema, value[index], { above: place, token: index }, `${at.path}/prefixItems/${index}`, checking),
    );
  }) satisfies Check,
  items: ((wanted, at, checking) => {
    const { schema, value, place, path } = at;
    if (!Array.isArray(value)) return true;
    const first = listOf(schema.prefixItems).length;
    return every(value, checking, (element, index) => {
      if (index < first) return true;
      return fits(wanted, element, { above: place, token: index }, `${path}/items`, checking);
    });
  }) satisfies Check,
  contains: ((wanted, at, checking) => {
    const { value } = at;
    if (!Array.isArray(value)) return true;
    const found = value.some((element) => quietly('contains', wanted, { ...at, value: element }, checking));
    return found || fail('contains', { minContains: 1 }, at, checking);
  }) satisfies Check,
  not: ((wanted, at, checking) =>
    !quietly('not', wanted, at, checking) || fail('not', {}, at, checking)) satisfies Check,
  if: ((wanted, at, checking) => {
    const next = quietly('if', wanted, at, checking) ? 'then' : 'else';
    return at.schema[next] === undefined || inner(next, at.schema[next], at, checking);
  }) satisfies Check,
  allOf: ((wanted, at, checking) =>
    every(listOf(wanted), checking, (schema, index) =>
      inner(`allOf/${index}`, schema, at, checking),
    )) satisfies Check,
  anyOf: ((wanted, at, checking) => {
    const schemas = listOf(wanted);
    if (schemas.some((schema, index) => quietly(`anyOf/${index}`, schema, at, checking))) return true;
    if (checking.errors === null) return false;
    every(schemas, checking, (schema, index) => inner(`anyOf/${index}`, schema, at, checking));
    return fail('anyOf', {}, at, checking);
  }) satisfies Check,
  oneOf: ((wanted, at, checking) => {
    const schemas = listOf(wanted);
    const passing: number[] = [];
    for (const [index, schema] of schemas.entries()) {
      if (passing.length < 2 && quietly(`oneOf/${index}`, schema, at, checking)) passing.push(index);
    }
    if (passing.length === 1) return true;
    if (checking.errors !== null && passing.length === 0) {
      every(schemas, checking, (schema, index) => inner(`oneOf/${index}`, schema, at, checking));
    }
    return fail('oneOf', { passingSchemas: passing.length === 0 ? null : passing }, at, checking);
  }) satisfies Check,
  $ref: ((wanted, at, checking) => {
    const name = definitionName(wanted);
    const definitions = isSchema(checking.root.$defs) ? checking.root.$defs : {};
    return name === null || inner('$ref', definitions[name], at, checking);
  }) satisfies Check,
});

/** All of them, or, where errors are collected, as many as have room; in the quick pass up to the first that fails. */
function every<T>(
  items: readonly T[],
  checking: Checking,
  holds: (item: T, index: number) => boolean,
): boolean {
  let good = true;
  for (let index = 0; index < items.length && !isFull(checking); index++) {
    if (holds(items[index] as T, index)) continue;
    good = false;
    if (checking.errors === null) break;
  }
  return good;
}

/** JSON's equality; each value that is looked at is charged, and each text by its length. */
function isEqual(one: unknown, other: unknown, work: Work): boolean {
  work.charge(STEPS.compared);
  if (typeof one === 'string' && typeof other === 'string') {
    if (one.length !== other.length) return false;
    work.charge(one.length * STEPS.copied);
    return one === other;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return one === other;
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = namesOf(one, work);
  if (names.length !== namesOf(other, work).length) return false;
  return names.every(
    (name) => Object.hasOwn(other, name) && isEqual(Reflect.get(one, name), Reflect.get(other, name), work),
  );
}

function isOfType(value: unknown, types: unknown): boolean {
  return Array.isArray(types) ? types.some((type) => isOne(value, type)) : isOne(value, types);
}

function isOne(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'object':
      return isSchema(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      // Infinity, which 1e400 reads as, is no number of JSON Schema.
      return Number.isFinite(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
