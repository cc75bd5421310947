/**
 * What the OpenAPI document says beyond the routes: a webhook for each event type of the catalog, and an example for every
 * schema, body and answer. Pure.
 */

import { bodySchema } from '../core/catalog/bodySchema.ts';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { CODES, type Code } from './codes.ts';
import { type Components, exampleOf } from './examples.ts';
import { describeMembers, textOf } from './memberTexts.ts';
import { PROBLEM_TYPE } from './problem.ts';

type Json = Record<string, unknown>;
interface MediaType extends Json {
  schema?: Json;
}
interface Content {
  content?: Record<string, MediaType>;
  description?: string;
}
interface DocumentedOperation extends Json {
  operationId: string;
  parameters?: Array<{ name: string; description?: string | undefined }>;
  requestBody?: Content;
  responses: Record<string, Content>;
}
export interface OpenApi extends Json {
  components: { schemas: Record<string, Json> };
  paths: Record<string, Record<string, DocumentedOperation>>;
}

export function completeDocument(document: OpenApi): OpenApi {
  const types = [...builtInEventTypes.values()];
  const schemas = Object.fromEntries(
    Object.entries(document.components.schemas).map(([name, schema]) => [
      name,
      describeMembers(schema, name),
    ]),
  );
  const exemplified = Object.entries(schemas).map(([name, schema]) => [
    name,
    { ...schema, examples: [exampleOf(schema, schemas, name)] },
  ]);
  return {
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(exemplified) },
    paths: Object.fromEntries(
      Object.entries(document.paths).map(([path, methods]) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [
            method,
            withExamples(described(operation), schemas),
          ]),
        ),
      ]),
    ),
    webhooks: Object.fromEntries(types.map((type) => [type.name, { post: webhookOf(type) }])),
  };
}

/** Its parameters, and members of bodies that are no component's. */
function described(operation: DocumentedOperation): DocumentedOperation {
  const { operationId, parameters = [], requestBody, responses } = operation;
  return {
    ...operation,
    ...(parameters.length === 0
      ? {}
      : {
          parameters: parameters.map((parameter) =>
            'description' in parameter
              ? parameter
              : { ...parameter, description: textOf(operationId, parameter.name) },
          ),
        }),
    ...(requestBody === undefined ? {} : { requestBody: describeMembers(requestBody, operationId) }),
    responses: describeMembers(responses, operationId),
  };
}

function withExamples(operation: DocumentedOperation, schemas: Components): DocumentedOperation {
  const { requestBody, responses, operationId } = operation;
  const complete = (content: Content): Content => ({
    ...content,
    ...(content.content === undefined
      ? {}
      : {
          content: Object.fromEntries(
            Object.entries(content.content).map(([type, media]) => [
              type,
              { ...media, example: exampleFor(type, media, content, { schemas, operationId }) },
            ]),
          ),
        }),
  });
  return {
    ...operation,
    ...(requestBody === undefined ? {} : { requestBody: complete(requestBody) }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, answer]) => [status, complete(answer)]),
    ),
  };
}

function exampleFor(
  type: string,
  { schema = {} }: MediaType,
  { description = '' }: Content,
  { schemas, operationId }: { schemas: Components; operationId: string },
): unknown {
  if (type !== PROBLEM_TYPE) return exampleOf(schema, schemas, operationId);
  // The first of those that the answer lists.
  const code = (/^`(\w+)`/.exec(description)?.[1] ?? 'internal_error') as Code;
  const { status, title } = CODES[code];
  return { type: `urn:mirsal:problem:${code}`, title, status, code, detail: title };
}

export const WEBHOOK_HEADERS = {
  'webhook-id': 'The message: the same for every retry and replay of it.',
  'webhook-timestamp': 'Unix seconds of this attempt.',
  'webhook-signature':
    '`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several, separated by spaces.',
  'mirsal-event-type': 'The event type.',
  'mirsal-sequence': 'Grows by one with each delivery of the lane.',
  'mirsal-attempt': 'From 1 on.',
} as const;

function webhookOf(type: EventType): Json {
  const { name, title, description, samples } = type;
  return {
    operationId: `on${inCamelCase(name)}`,
    summary: title.en,
    description: description.en,
    tags: ['Webhooks'],
    security: [],
    parameters: Object.entries(WEBHOOK_HEADERS).map(([header, said]) => ({
      name: header,
      in: 'header',
      required: true,
      description: said,
      schema: { type: 'string' },
    })),
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: forGenerators(bodySchema(type)),
          examples: Object.fromEntries(
            samples.map((sample) => [
              sample.name,
              { summary: sample.title.en, value: JSON.parse(sample.body) },
            ]),
          ),
        },
      },
    },
    responses: {
      '2XX': { description: 'It has arrived.' },
      '410': { description: 'No more of these: the endpoint is disabled at once.' },
      default: { description: 'It is sent again, after the waits of the endpoint.' },
    },
  };
}

/** `contact.tag.added` is `ContactTagAdded`. */
function inCamelCase(eventType: string): string {
  const words = eventType.split(/[^a-zA-Z0-9]+/);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/**
 * The same schema as generators for languages with types take it: `anyOf` in the place of `type: ['integer', 'string']` (null
 * beside one type is known to them), and no list that does not say of what.
 */
function forGenerators<Part>(schema: Part): Part {
  if (Array.isArray(schema)) return schema.map(forGenerators) as Part;
  if (typeof schema !== 'object' || schema === null) return schema;
  const plain: Json = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, forGenerators(value)]),
  );
  const { type, title, description, ...rest } = plain;
  if (type === 'array' && !('items' in plain)) return { ...plain, items: {} } as Part;
  if (!Array.isArray(type) || type.filter((kind) => kind !== 'null').length < 2) return plain as Part;
  const said = {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
  };
  return { ...said, anyOf: type.map((kind) => ({ type: kind, ...(kind === 'object' ? rest : {}) })) } as Part;
}
