/**
 * The generated part of `mirsal/sdk`, made of the OpenAPI document alone: types of all schemas, types of what each event type holds,
 * and the API's operations as nouns and verbs. `npm run sdk` writes it; test/sdkGenerated.test.ts holds it to the document. Pure.
 */

import { comment, type Schema, typeOf } from './types.ts';

interface Parameter {
  name: string;
  in: 'query' | 'path' | 'header';
  required?: boolean;
  schema: Schema;
  description?: string;
}
interface Content {
  content?: Record<string, { schema?: Schema }>;
  required?: boolean;
}
interface Operation {
  operationId: string;
  summary: string;
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content>;
}
export interface Document {
  components: { schemas: Record<string, Schema> };
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<
    string,
    { post: { requestBody: { content: { 'application/json': { schema: Schema } } } } }
  >;
}

interface Verb {
  noun: string;
  name: string;
  method: string;
  path: string;
  operation: Operation;
}

/** What is read with `stream()`, not called. */
const APART = new Set(['streamChanges']);
/** Where the type of an event decides over the type of its data. */
const TYPED: Readonly<Record<string, { generic: string; body: string }>> = {
  publishEvent: { generic: '<const Type extends string>', body: 'NewEventOf<Type>' },
  publishEvents: {
    generic: '<const Types extends readonly string[]>',
    body: '{ events: readonly [...{ [Place in keyof Types]: NewEventOf<Types[Place]> }] }',
  },
};
const SAID = 'Made of the OpenAPI document by clients/typescript/generate.ts: `npm run sdk` makes it anew.';

/** By the file's name in src/sdk/generated. */
export function generateSdk(document: Document): Record<string, string> {
  const verbs = verbsOf(document);
  return {
    'schemas.ts': schemasFile(document),
    'events.ts': eventsFile(document),
    'nouns.ts': nounsFile(verbs),
    'operations.ts': operationsFile(verbs),
  };
}

// ---------------------------------------------------------------- names

/** `GET /v1/bins/{id}/requests`, listBinRequests, is `bins.listRequests`: the noun is the path's, and is not said twice. */
function verbsOf(document: Document): Verb[] {
  const verbs = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => !APART.has(operationId))
      .map(([method, operation]) => {
        const noun = camelCase(path.split('/')[2] ?? '');
        const name = verbName(noun, path, operation.operationId);
        return { noun, name, method: method.toUpperCase(), path, operation };
      }),
  );
  // Of two that do the same to one and to many of a noun.
  const named = verbs.map((verb) => {
    const hasTwin = verbs.some(
      (other) => other !== verb && other.noun === verb.noun && other.name === verb.name,
    );
    return hasTwin && !verb.path.includes('{') ? { ...verb, name: `${verb.name}Many` } : verb;
  });
  const names = named.map(({ noun, name }) => `${noun}.${name}`);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (twice.length > 0) throw new Error(`Several operations would be called ${twice.join(', ')}.`);
  return named;
}

function verbName(noun: string, path: string, operationId: string): string {
  const many = noun.charAt(0).toUpperCase() + noun.slice(1);
  const one = many.replace(/ies$/, 'y').replace(/s$/, '');
  const short = operationId.replace(new RegExp(`(?:${many}|${one})(?=[A-Z]|$)`), '');
  const name = short === '' || /^[A-Z]/.test(short) ? operationId : short;
  return path.endsWith('/batch') ? `${name}Batch` : name;
}

function camelCase(text: string): string {
  return text.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

// ---------------------------------------------------------------- files

function schemasFile(document: Document): string {
  const types = Object.entries(document.components.schemas).map(([name, schema]) => {
    const type = typeOf(schema);
    const said = comment(schema.description);
    return schema.type === 'object' && type.startsWith('{')
      ? `${said}export interface ${name} ${type}\n`
      : `${said}export type ${name} = ${type};\n`;
  });
  return `/** What the API takes and answers. ${SAID} */\n\n${types.join('\n')}`;
}

function eventsFile(document: Document): string {
  const webhooks = Object.entries(document.webhooks).map(([name, { post }]) => {
    const schema = post.requestBody.content['application/json'].schema;
    return { name, schema, data: dataSchema(schema) };
  });
  const line = (name: string, schema: Schema): string =>
    `${comment(schema.description, '  ')}  ${JSON.stringify(name)}: ${typeOf(schema, '', '  ')};\n`;
  const data = webhooks.flatMap(({ name, data }) => (data === null ? [] : [line(name, data)]));
  return `/** What events of each type hold. ${SAID} */

/** \`data\` of each event type that can be published, as it is published. */
export interface EventData {
${data.join('')}}

/** The body of each webhook, as a receiver gets it. */
export interface WebhookBodies {
${webhooks.map(({ name, schema }) => line(name, schema)).join('')}}
`;
}

/** Of the body that receivers get; null for what Mirsal alone publishes (its envelope has a timestamp). */
function dataSchema(body: Schema): Schema | null {
  const { properties, required, ...rest } = body as {
    properties: Record<string, Schema>;
    required: string[];
  };
  if ('timestamp' in properties) return null;
  const { data } = properties;
  if (properties.account !== undefined && data !== undefined) {
    return { ...data, description: body.description };
  }
  const own = ['event_type', 'event_id'];
  return {
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !own.includes(name))),
    required: required.filter((name) => !own.includes(name)),
  };
}

function nounsFile(verbs: readonly Verb[]): string {
  const nouns = [...Map.groupBy(verbs, ({ noun }) => noun)].map(
    ([noun, all]) => `  readonly ${noun}: {\n${all.map(signature).join('')}  };\n`,
  );
  return `/** Every operation of the API, by noun and verb. ${SAID} */

import type { CallOptions, NewEventOf, Pages } from '../calls.ts';
import type * as S from './schemas.ts';

export interface Nouns {
${nouns.join('')}}
`;
}

function signature({ name, path, operation }: Verb): string {
  const { operationId, summary, parameters = [] } = operation;
  const typed = TYPED[operationId];
  const places = namesIn(path).map((place) => `${place}: string`);
  const body = bodyOf(operation);
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const rest = [
    ...(body === undefined ? [] : [`body: ${typed?.body ?? typeOf(body, 'S.', '    ')}`]),
    ...(query.length === 0
      ? []
      : [`${query.some(({ required }) => required) ? 'query' : 'query?'}: ${queryType(query)}`]),
    'options?: CallOptions',
  ];
  const answer = answerOf(operation);
  return `${comment(`${summary}.`, '    ')}    ${name}${typed?.generic ?? ''}(${[...places, ...rest].join(', ')}): ${answer};\n`;
}

function queryType(query: readonly Parameter[]): string {
  const properties = query.map(
    ({ name, schema, description }) => [name, { ...schema, description }] as const,
  );
  const required = query.filter(({ required }) => required).map(({ name }) => name);
  return typeOf({ type: 'object', properties: Object.fromEntries(properties), required }, 'S.', '    ');
}

function answerOf(operation: Operation): string {
  const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
  const schemas = good
    .map(([, { content }]) => content?.['application/json']?.schema)
    .filter((schema) => schema !== undefined);
  if (schemas.length === 0) return 'Promise<void>';
  const type = [...new Set(schemas.map((schema) => typeOf(schema, 'S.', '    ')))].join(' | ');
  return isPage(operation) ? `Pages<${type}>` : `Promise<${type}>`;
}

/** A list that goes on behind a cursor. */
function isPage({ parameters = [] }: Operation): boolean {
  return parameters.some(({ name }) => name === 'cursor');
}

function bodyOf({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content?.['application/json']?.schema;
}

function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

function operationsFile(verbs: readonly Verb[]): string {
  const nouns = [...Map.groupBy(verbs, ({ noun }) => noun)].map(([noun, all]) => {
    const lines = all.map(({ name, method, path, operation }) => {
      const marks = [
        ...(bodyOf(operation) === undefined ? [] : ['b']),
        ...(operation.parameters?.some(({ in: place }) => place === 'query') ? ['q'] : []),
        ...(isPage(operation) ? ['p'] : []),
        ...(operation.parameters?.some((one) => one.name.toLowerCase() === 'idempotency-key') ? ['i'] : []),
      ];
      return `    ${name}: [${[method, path, marks.join('')].map((text) => JSON.stringify(text)).join(', ')}],\n`;
    });
    return `  ${noun}: {\n${lines.join('')}  },\n`;
  });
  return `/** Every operation's method, path, and whether it has a body (b), a query (q), pages (p), an idempotency key (i). ${SAID} */

export const OPERATIONS: Readonly<Record<string, Readonly<Record<string, readonly [string, string, string]>>>> = {
${nouns.join('')}};
`;
}
