/**
 * Short ways to write the catalog's JSON Schemas (2020-12). Pure. Every member gets a title and, where
 * the title does not say it all, a description: the docs are generated from them (A7).
 *
 * Objects are open: platforms add members, and a receiver that ignores them is right to do so.
 */

export type JsonSchema = { readonly [keyword: string]: unknown };

type Members = Readonly<Record<string, JsonSchema>>;

interface Words {
  title: string;
  description?: string;
}

function words(title: string, description: string | undefined): Words {
  return description === undefined ? { title } : { title, description };
}

/** An object with `required` members; further members are allowed. */
export function object(
  title: string,
  members: Members,
  required: readonly string[],
  description?: string,
): JsonSchema {
  return { ...words(title, description), type: 'object', properties: members, required };
}

export function text(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: 'string' };
}

export function textOrNull(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: ['string', 'null'] };
}

export function choice(title: string, values: readonly string[], description?: string): JsonSchema {
  return { ...words(title, description), type: 'string', enum: values };
}

/** A whole number that identifies something. */
export function id(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: 'integer', minimum: 0 };
}

export function idOrNull(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: ['integer', 'null'], minimum: 0 };
}

/** Platforms number most things, and give a UUID to some. */
export function idOrText(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: ['integer', 'string'] };
}

export function count(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: 'integer', minimum: 0 };
}

export function countOrNull(title: string, description?: string): JsonSchema {
  return { ...words(title, description), type: ['integer', 'null'], minimum: 0 };
}

export function unixSeconds(title: string): JsonSchema {
  return { ...words(title, 'Unix time in whole seconds.'), type: 'integer', minimum: 0 };
}

export function unixSecondsOrNull(title: string): JsonSchema {
  return { ...words(title, 'Unix time in whole seconds, or null.'), type: ['integer', 'null'], minimum: 0 };
}

export function isoTime(title: string): JsonSchema {
  return {
    ...words(title, 'ISO 8601 with a zone, such as 2021-10-05T15:42:53+00:00.'),
    type: 'string',
    format: 'date-time',
  };
}

export function list(title: string, items: JsonSchema, description?: string): JsonSchema {
  return { ...words(title, description), type: 'array', items };
}

/** The same schema, null allowed as well. */
export function orNull(schema: JsonSchema): JsonSchema {
  const type = schema.type;
  return { ...schema, type: Array.isArray(type) ? [...type, 'null'] : [type, 'null'] };
}
