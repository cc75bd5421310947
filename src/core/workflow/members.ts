/**
 * Whether events of a type can have a member, as far as the catalog tells. Pure. A member that no
 * sample has and that the schema leaves no place for is taken for a slip of the pen, when a rule is
 * written; at run time nothing of this counts, only what the event has.
 *
 * Built-in types: an object's schema lists what it has, and other names are unknown; but the contact
 * of the messaging family holds custom fields, and an object without listed members may hold anything.
 * Custom types: other names are unknown only where the schema says "additionalProperties": false.
 */
import { builtInEventTypes } from '../catalog/catalog.ts';
import { RESERVED_MESSAGING_MEMBERS } from '../catalog/envelope.ts';
import type { EventType } from '../catalog/eventType.ts';
import { expandRefs, isSchema } from '../catalog/expandRefs.ts';
import type { JsonSchema } from '../catalog/schema.ts';
import { getPath } from '../json/pointer.ts';

export type MemberKnowledge = 'known' | 'unknown' | 'undecided';

/** `path` is unescaped member names and array indexes in the body. */
export function knowMember(eventType: EventType, path: readonly string[]): MemberKnowledge {
  if (bodiesOf(eventType).some((body) => getPath(body, path).found)) return 'known';
  const [first = '', ...rest] = path;
  const { family } = eventType;
  if (family === 'messaging') {
    if (RESERVED_MESSAGING_MEMBERS.includes(first)) return rest.length === 0 ? 'known' : 'unknown';
    return lookup(eventType, path, first === 'contact' ? 1 : Number.POSITIVE_INFINITY);
  }
  if (first === 'data') return lookup(eventType, rest, Number.POSITIVE_INFINITY);
  // The account of marketing bodies is whatever was published with the event.
  if (family === 'marketing' && first === 'account') return rest.length === 0 ? 'known' : 'undecided';
  const own = family === 'marketing' ? ['type', 'created_at'] : ['type', 'timestamp'];
  return own.includes(first) && rest.length === 0 ? 'known' : 'unknown';
}

function lookup(eventType: EventType, path: readonly string[], openFrom: number): MemberKnowledge {
  const open = !builtInEventTypes.has(eventType.name);
  return seek(schemaOf(eventType), path, { open, openFrom }) ?? 'undecided';
}

const parsedBodies = new WeakMap<EventType, readonly unknown[]>();

/** Of its samples. */
export function bodiesOf(eventType: EventType): readonly unknown[] {
  let bodies = parsedBodies.get(eventType);
  if (bodies === undefined) {
    bodies = eventType.samples.map(({ body }) => JSON.parse(body) as unknown);
    parsedBodies.set(eventType, bodies);
  }
  return bodies;
}

const expandedSchemas = new WeakMap<JsonSchema, JsonSchema>();

function schemaOf({ schema }: EventType): JsonSchema {
  let expanded = expandedSchemas.get(schema);
  if (expanded === undefined) {
    expanded = expandRefs(schema);
    expandedSchemas.set(schema, expanded);
  }
  return expanded;
}

interface Openness {
  /** Whether members that are not listed may be there. */
  open: boolean;
  /** From so many levels down, they may be there in any case. */
  openFrom: number;
}

/** Null where the schema says nothing of it. */
function seek(schema: unknown, path: readonly string[], openness: Openness): MemberKnowledge | null {
  if (!isSchema(schema)) return schema === false ? 'unknown' : null;
  const [name, ...rest] = path;
  if (name === undefined) return 'known';
  const alternatives = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list) ? list : [];
  });
  const said = [
    seekOwn(schema, name, rest, openness),
    ...[...alternatives, schema.then, schema.else].map((inner) => seek(inner, path, openness)),
  ];
  for (const answer of ['known', 'undecided', 'unknown'] as const) if (said.includes(answer)) return answer;
  return null;
}

function seekOwn(
  schema: JsonSchema,
  name: string,
  rest: readonly string[],
  openness: Openness,
): MemberKnowledge | null {
  const said = [
    seekInObject(schema, name, rest, openness),
    /^\d+$/.test(name) ? seekInArray(schema, Number(name), rest, openness) : null,
  ];
  for (const answer of ['known', 'undecided', 'unknown'] as const) if (said.includes(answer)) return answer;
  if (schema.type === undefined) return null;
  const types: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  const holds = types.includes('object') || (types.includes('array') && /^\d+$/.test(name));
  return holds ? 'undecided' : 'unknown';
}

function seekInObject(
  { properties, additionalProperties }: JsonSchema,
  name: string,
  rest: readonly string[],
  { open, openFrom }: Openness,
): MemberKnowledge | null {
  const below = { open, openFrom: openFrom - 1 };
  if (isSchema(properties) && Object.hasOwn(properties, name)) {
    return seek(properties[name], rest, below) ?? (rest.length === 0 ? 'known' : 'undecided');
  }
  if (additionalProperties === false) return 'unknown';
  if (additionalProperties !== undefined) return seek(additionalProperties, rest, below) ?? 'undecided';
  if (properties === undefined) return null;
  return open || openFrom <= 0 ? 'undecided' : 'unknown';
}

function seekInArray(
  { items, prefixItems }: JsonSchema,
  index: number,
  rest: readonly string[],
  openness: Openness,
): MemberKnowledge | null {
  const below = { ...openness, openFrom: openness.openFrom - 1 };
  const inner = Array.isArray(prefixItems) && index < prefixItems.length ? prefixItems[index] : items;
  return inner === undefined ? null : (seek(inner, rest, below) ?? 'undecided');
}
