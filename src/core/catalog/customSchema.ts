/**
 * Which JSON Schemas (2020-12) a workspace may write. Pure. An allow-list of keywords, each with the
 * form of its value, so that checking an event stays cheap whatever the schema and the data:
 * - no regular expressions (pattern, patternProperties): some take time exponential in the text;
 * - no uniqueItems: comparing every element with every other one is quadratic;
 * - references only to `#/$defs/name`, without cycles; put in place, at most 2,000 subschemas, of which
 *   at most 50 apply to any one value;
 * - at most 5,000 values and names (enum, const, required, properties) to compare any one value with.
 */
import { inWords, kindOf } from '../json/excerpt.ts';
import { pointerToken } from '../json/pointer.ts';
import { SCHEMA_LIMITS, valuesOf } from '../limits.ts';
import { definitionName, isSchema, SCHEMA_KEYWORDS, SCHEMA_LIST_KEYWORDS } from './expandRefs.ts';
import { type Fault, FORMATS, MAX_FAULTS } from './fault.ts';
import type { JsonSchema } from './schema.ts';

export const CUSTOM_SCHEMA_LIMITS = valuesOf(SCHEMA_LIMITS);

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

type Form =
  | 'schema'
  | 'schemas'
  | 'members'
  | 'text'
  | 'number'
  | 'positive'
  | 'count'
  | 'boolean'
  | 'any'
  | 'values'
  | 'names'
  | 'type'
  | 'format'
  | 'reference'
  | 'dialect';

const KEYWORDS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...SCHEMA_KEYWORDS.map((keyword): [string, Form] => [keyword, 'schema']),
  ...SCHEMA_LIST_KEYWORDS.map((keyword): [string, Form] => [keyword, 'schemas']),
  ['properties', 'members'],
  ['$defs', 'members'],
  ['$ref', 'reference'],
  ['$schema', 'dialect'],
  ['type', 'type'],
  ['format', 'format'],
  ['required', 'names'],
  ['enum', 'values'],
  ['const', 'any'],
  ['minimum', 'number'],
  ['maximum', 'number'],
  ['exclusiveMinimum', 'number'],
  ['exclusiveMaximum', 'number'],
  ['multipleOf', 'positive'],
  ['minLength', 'count'],
  ['maxLength', 'count'],
  ['minItems', 'count'],
  ['maxItems', 'count'],
  ['minProperties', 'count'],
  ['maxProperties', 'count'],
  ['title', 'text'],
  ['description', 'text'],
  ['$comment', 'text'],
  ['default', 'any'],
  ['examples', 'values'],
  ['deprecated', 'boolean'],
]);

interface Checking {
  root: JsonSchema;
  faults: Fault[];
}

/** Faults of a schema that a workspace has written; `at` is its pointer. None when it may be used. */
export function checkCustomSchema(schema: unknown, at: string): Fault[] {
  if (!isSchema(schema)) return [fault(at, `must be an object, but is ${kindOf(schema)}`, 'type')];
  if (isTooDeep(schema, 2 * CUSTOM_SCHEMA_LIMITS.depth)) {
    return [
      fault(at, `is nested too deep; at most ${CUSTOM_SCHEMA_LIMITS.depth} levels of schemas`, 'depth'),
    ];
  }
  const bytes = byteLength(JSON.stringify(schema));
  if (bytes > CUSTOM_SCHEMA_LIMITS.bytes) {
    return [fault(at, `has ${bytes} bytes; at most ${CUSTOM_SCHEMA_LIMITS.bytes} are allowed`, 'size')];
  }
  const checking: Checking = { root: schema, faults: [] };
  checkSchema(schema, at, 1, checking);
  if (checking.faults.length === 0) checkCost(schema, at, checking);
  return checking.faults.slice(0, MAX_FAULTS);
}

function checkSchema(schema: unknown, at: string, level: number, checking: Checking): void {
  if (typeof schema === 'boolean' && level > 1) return;
  if (!isSchema(schema)) {
    checking.faults.push(fault(at, `must be a schema, but is ${kindOf(schema)}`, 'type'));
    return;
  }
  if (level > CUSTOM_SCHEMA_LIMITS.depth) {
    checking.faults.push(
      fault(at, `is deeper than ${CUSTOM_SCHEMA_LIMITS.depth} levels of schemas`, 'depth'),
    );
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) {
    const place = `${at}/${pointerToken(keyword)}`;
    const form = KEYWORDS.get(keyword);
    if (form === undefined) checking.faults.push(fault(place, refusal(keyword), keyword));
    else if (keyword === '$defs' && level > 1) {
      checking.faults.push(fault(place, 'may stand at the top of the schema only', keyword));
    } else checkKeyword(form, keyword, value, place, level, checking);
  }
}

function refusal(keyword: string): string {
  if (keyword === 'pattern' || keyword === 'patternProperties') {
    return 'is not accepted: no regular expressions; use format, enum or lengths';
  }
  if (keyword === 'uniqueItems') return 'is not accepted: its cost grows with the square of the array';
  return `is not accepted; known keywords are ${[...KEYWORDS.keys()].join(', ')}`;
}

function checkKeyword(
  form: Form,
  keyword: string,
  value: unknown,
  at: string,
  level: number,
  checking: Checking,
): void {
  const wrong = wrongValue(form, value, checking.root);
  if (wrong !== null) {
    checking.faults.push(fault(at, `must be ${wrong}, but is ${inWords(value)}`, keyword));
  } else if (form === 'schema') {
    checkSchema(value, at, level + 1, checking);
  } else if ((form === 'schemas' || form === 'members') && typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      checkSchema(inner, `${at}/${pointerToken(name)}`, level + 1, checking);
    }
  }
}

/** What `value` should have been; null when it is so. */
function wrongValue(form: Form, value: unknown, root: JsonSchema): string | null {
  switch (form) {
    case 'schema':
    case 'any':
      return null;
    case 'schemas':
      return Array.isArray(value) && value.length > 0 ? null : 'an array of at least one schema';
    case 'members':
      return isSchema(value) ? null : 'an object of schemas';
    case 'text':
      return typeof value === 'string' ? null : 'a string';
    case 'number':
      return Number.isFinite(value) ? null : 'a number';
    case 'positive':
      return Number.isFinite(value) && Number(value) > 0 ? null : 'a number greater than 0';
    case 'count':
      return Number.isSafeInteger(value) && Number(value) >= 0 ? null : 'a whole number from 0';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'true or false';
    case 'values':
      return Array.isArray(value) && value.length > 0 ? null : 'an array of at least one value';
    case 'names':
      return isNameList(value) ? null : 'an array of strings, each once';
    case 'type':
      return isType(value) ? null : `one of ${TYPES.join(', ')}, or an array of them, each once`;
    case 'format':
      return typeof value === 'string' && FORMATS.includes(value) ? null : `one of ${FORMATS.join(', ')}`;
    case 'dialect':
      return value === DIALECT ? null : JSON.stringify(DIALECT);
    case 'reference':
      return refersToDefinition(value, root)
        ? null
        : 'a reference to one of its own $defs, such as "#/$defs/address"';
    default:
      return form satisfies never;
  }
}

function isNameList(value: unknown): boolean {
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) return false;
  return new Set(value).size === value.length;
}

function isType(value: unknown): boolean {
  const types = Array.isArray(value) ? value : [value];
  return types.length > 0 && isNameList(types) && types.every((type) => TYPES.includes(type));
}

function refersToDefinition(value: unknown, root: JsonSchema): boolean {
  const name = definitionName(value);
  return name !== null && isSchema(root.$defs) && Object.hasOwn(root.$defs, name);
}

/** After the form is right: no cycles, and not more work than the limits allow. */
function checkCost(root: JsonSchema, at: string, checking: Checking): void {
  const sizes = new Map<string, number | 'open'>();
  const size = (schema: unknown): number => {
    if (!isSchema(schema)) return 1;
    const name = definitionName(schema.$ref);
    const referred = name === null ? 0 : sizeOfDefinition(name);
    return subschemas(schema).reduce((sum: number, inner) => sum + size(inner), 1 + referred);
  };
  const sizeOfDefinition = (name: string): number => {
    const known = sizes.get(name);
    if (known === 'open') {
      sizes.set(name, Number.POSITIVE_INFINITY);
      checking.faults.push(
        fault(`${at}/$defs/${pointerToken(name)}`, 'refers to itself; cycles are not accepted', '$ref'),
      );
      return Number.POSITIVE_INFINITY;
    }
    if (known !== undefined) return known;
    sizes.set(name, 'open');
    const definitions = isSchema(root.$defs) ? root.$defs : {};
    const found = size(definitions[name]);
    sizes.set(name, found);
    return found;
  };
  for (const name of Object.keys(isSchema(root.$defs) ? root.$defs : {})) sizeOfDefinition(name);
  const total = size(root);
  if (checking.faults.length > 0) return;
  if (total > CUSTOM_SCHEMA_LIMITS.subschemas) {
    const message = `comes to ${total} subschemas with references put in place; at most ${CUSTOM_SCHEMA_LIMITS.subschemas}`;
    checking.faults.push(fault(at, message, 'size'));
    return;
  }
  const most = mostPerValue([{ schema: root, at }], { root, at });
  if (most.schemas > CUSTOM_SCHEMA_LIMITS.perValue) {
    const message = `lets ${most.schemas} subschemas apply to one value; at most ${CUSTOM_SCHEMA_LIMITS.perValue}; use fewer alternatives`;
    checking.faults.push(fault(at, message, 'size'));
  }
  if (most.names > CUSTOM_SCHEMA_LIMITS.namesPerValue) {
    const message = `takes part in comparing one value with ${most.names} values and names; at most ${CUSTOM_SCHEMA_LIMITS.namesPerValue}; shorten enum, const, required or properties`;
    checking.faults.push(fault(most.heaviest.at, message, 'size'));
  }
}

function subschemas(schema: JsonSchema): unknown[] {
  return [
    ...SCHEMA_KEYWORDS.filter((keyword) => Object.hasOwn(schema, keyword)).map((keyword) => schema[keyword]),
    ...SCHEMA_LIST_KEYWORDS.flatMap((keyword) => listOf(schema[keyword])),
    ...Object.values(isSchema(schema.properties) ? schema.properties : {}),
  ];
}

/** A subschema with its pointer in what was posted. */
interface Placed {
  schema: unknown;
  at: string;
}

/** What is applied to one value, at the worst. */
interface Applied {
  schemas: number;
  /** Values and names that it is compared with. */
  names: number;
  /** The keyword that brings most of them. */
  heaviest: { at: string; names: number };
}

const NOTHING: Applied = { schemas: 0, names: 0, heaviest: { at: '', names: 0 } };

/** Upper bound of how many of `schemas` and those under them apply to any one value, and of what they compare it with. */
function mostPerValue(schemas: readonly Placed[], from: { root: JsonSchema; at: string }): Applied {
  const here = appliedHere(schemas, from);
  if (here.length === 0) return NOTHING;
  const under = (keywords: readonly string[]): Placed[] =>
    here.flatMap((placed) => keywords.flatMap((keyword) => placedUnder(placed, keyword)));
  const members = new Map<string, Placed[]>();
  for (const { schema, at } of here) {
    for (const [name, inner] of Object.entries(isSchema(schema.properties) ? schema.properties : {})) {
      const listed = members.get(name) ?? [];
      listed.push({ schema: inner, at: `${at}/properties/${pointerToken(name)}` });
      members.set(name, listed);
    }
  }
  const named = [...members.values()].map((placed) => mostPerValue(placed, from)).reduce(worse, NOTHING);
  const others = mostPerValue(under(['additionalProperties']), from);
  const elements = mostPerValue(under(['items', 'contains', 'prefixItems']), from);
  return [appliedOf(here), elements, added(named, others)].reduce(worse);
}

/** The subschemas that apply to the very value that `schemas` apply to. */
function appliedHere(
  schemas: readonly Placed[],
  from: { root: JsonSchema; at: string },
): Array<{ schema: JsonSchema; at: string }> {
  const here: Array<{ schema: JsonSchema; at: string }> = [];
  const open = [...schemas];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { schema, at } = next;
    if (!isSchema(schema)) continue;
    const placed = { schema, at };
    here.push(placed);
    for (const keyword of ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else']) {
      open.push(...placedUnder(placed, keyword));
    }
    const name = definitionName(schema.$ref);
    const definitions = isSchema(from.root.$defs) ? from.root.$defs : {};
    if (name !== null) open.push({ schema: definitions[name], at: `${from.at}/$defs/${pointerToken(name)}` });
  }
  return here;
}

function placedUnder({ schema, at }: { schema: JsonSchema; at: string }, keyword: string): Placed[] {
  const value = schema[keyword];
  if (Array.isArray(value)) {
    return value.map((inner, index) => ({ schema: inner, at: `${at}/${keyword}/${index}` }));
  }
  return isSchema(value) ? [{ schema: value, at: `${at}/${keyword}` }] : [];
}

function appliedOf(here: ReadonlyArray<{ schema: JsonSchema; at: string }>): Applied {
  const keywords = here.flatMap(({ schema, at }) =>
    ['enum', 'const', 'required', 'properties']
      .filter((keyword) => Object.hasOwn(schema, keyword))
      .map((keyword) => ({
        at: `${at}/${keyword}`,
        names:
          keyword === 'properties' ? Object.keys(Object(schema[keyword])).length : valuesIn(schema[keyword]),
      })),
  );
  return {
    schemas: here.length,
    names: keywords.reduce((sum, { names }) => sum + names, 0),
    heaviest: keywords.reduce((one, other) => (other.names > one.names ? other : one), NOTHING.heaviest),
  };
}

/** How many values `value` is made of, itself included. */
function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + valuesIn(inner), 1);
}

function worse(one: Applied, other: Applied): Applied {
  return {
    schemas: Math.max(one.schemas, other.schemas),
    names: Math.max(one.names, other.names),
    heaviest: other.names > one.names ? other.heaviest : one.heaviest,
  };
}

function added(one: Applied, other: Applied): Applied {
  return {
    schemas: one.schemas + other.schemas,
    names: one.names + other.names,
    heaviest: other.heaviest.names > one.heaviest.names ? other.heaviest : one.heaviest,
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}

function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function fault(field: string, message: string, keyword: string): Fault {
  return { field, message, keyword };
}
