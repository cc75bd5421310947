/** JSON Schema (2020-12), as the OpenAPI document has it, in the words of TypeScript. Pure. */

export type Schema = Readonly<Record<string, unknown>>;

const COMPONENT = '#/components/schemas/';
const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** `prefix` stands before names of components, such as `S.`. */
export function typeOf(schema: Schema, prefix = '', indent = ''): string {
  const { $ref, const: constant, enum: values, anyOf, oneOf, type } = schema;
  if (typeof $ref === 'string') return `${prefix}${$ref.slice(COMPONENT.length)}`;
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(values)) return union(values.map((value) => JSON.stringify(value)));
  const branches = oneOf ?? anyOf;
  if (Array.isArray(branches) && 'properties' in schema) {
    return union(branches.map((branch: Schema) => typeOf(together(schema, branch), prefix, indent)));
  }
  if (Array.isArray(branches)) return union(branches.map((branch) => typeOf(branch, prefix, indent)));
  if (Array.isArray(type))
    return union(type.map((kind) => typeOf({ ...schema, type: kind }, prefix, indent)));
  if (type === 'array') return `Array<${typeOf((schema.items ?? {}) as Schema, prefix, indent)}>`;
  if (type === 'object') return objectType(schema, prefix, indent);
  return PLAIN[String(type)] ?? 'unknown';
}

/** An object's own members, with what one of its branches asks on top. */
function together({ oneOf: _one, anyOf: _any, ...own }: Schema, branch: Schema): Schema {
  const required = [own, branch].flatMap((part) => (part.required as string[] | undefined) ?? []);
  return {
    ...own,
    properties: { ...(own.properties as object), ...(branch.properties as object) },
    required,
  };
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  return distinct.includes('unknown') ? 'unknown' : distinct.join(' | ');
}

function objectType(schema: Schema, prefix: string, indent: string): string {
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
    additionalProperties?: boolean | Schema;
  };
  const members = Object.entries(properties);
  if (members.length === 0) {
    const value =
      typeof additionalProperties === 'object' ? typeOf(additionalProperties, prefix, indent) : 'unknown';
    return additionalProperties === false ? 'Record<string, never>' : `Record<string, ${value}>`;
  }
  const inner = `${indent}  `;
  const lines = members.map(([name, member]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const type = typeOf(member, prefix, inner);
    const optional = !required.includes(name);
    return `${comment(member.description, inner)}${inner}${key}${optional ? '?' : ''}: ${type}${optional ? ' | undefined' : ''};\n`;
  });
  if (additionalProperties === true) lines.push(`${inner}[other: string]: unknown;\n`);
  return `{\n${lines.join('')}${indent}}`;
}

/** A doc comment with its line's end; nothing where there is nothing to say. */
export function comment(text: unknown, indent = ''): string {
  if (typeof text !== 'string' || text === '') return '';
  const said = text.replaceAll('*/', '*\\/').split('\n');
  if (said.length === 1) return `${indent}/** ${said[0]} */\n`;
  return `${indent}/**\n${said.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}
