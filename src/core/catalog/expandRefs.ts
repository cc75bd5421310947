/**
 * Replaces local references by what they refer to. Pure. The validator then sees plain schemas, whose
 * error paths tell which alternative an error belongs to. Only for schemas without cycles.
 */
import { isObject } from '../json/object.ts';
import { parsePointer } from '../json/pointer.ts';
import type { JsonSchema } from './schema.ts';

/** Keywords whose value is one schema. */
export const SCHEMA_KEYWORDS = [
  'items',
  'additionalProperties',
  'contains',
  'not',
  'if',
  'then',
  'else',
] as const;
/** Keywords whose value is an array of schemas. */
export const SCHEMA_LIST_KEYWORDS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const;

const single = new Set<string>(SCHEMA_KEYWORDS);
const listed = new Set<string>(SCHEMA_LIST_KEYWORDS);

/** Name of the definition that `#/$defs/name` refers to; null for any other reference. */
export function definitionName(reference: unknown): string | null {
  if (typeof reference !== 'string' || !/^#\/\$defs\/[^/]+$/.test(reference)) return null;
  return parsePointer(reference.slice(1))[1] ?? null;
}

/** `root` with every `$ref` to its `$defs` put in place, and without `$defs`. */
export function expandRefs(root: JsonSchema): JsonSchema {
  const definitions = new Map(Object.entries(isSchema(root.$defs) ? root.$defs : {}));
  const expanded = new Map<string, unknown>();
  const define = (name: string): unknown => {
    if (!expanded.has(name)) expanded.set(name, expand(definitions.get(name), define));
    return expanded.get(name);
  };
  return expandObject(root, define);
}

function expand(schema: unknown, define: (name: string) => unknown): unknown {
  return isSchema(schema) ? expandObject(schema, define) : schema;
}

function expandObject(schema: JsonSchema, define: (name: string) => unknown): JsonSchema {
  const entries: Array<[string, unknown]> = [];
  let referred: unknown[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$defs') continue;
    const name = keyword === '$ref' ? definitionName(value) : null;
    if (name !== null) referred = [define(name)];
    else entries.push([keyword, expandKeyword(keyword, value, define)]);
  }
  const result = Object.fromEntries(entries);
  if (referred.length === 0) return result;
  return { ...result, allOf: [...(Array.isArray(result.allOf) ? result.allOf : []), ...referred] };
}

function expandKeyword(keyword: string, value: unknown, define: (name: string) => unknown): unknown {
  if (single.has(keyword)) return expand(value, define);
  if (listed.has(keyword) && Array.isArray(value)) return value.map((item) => expand(item, define));
  if (keyword !== 'properties' || !isSchema(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member, define)]));
}

export function isSchema(value: unknown): value is JsonSchema {
  return isObject(value);
}
