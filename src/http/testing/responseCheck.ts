/**
 * Holds a server to its own document: every JSON answer must have a status that is documented for its
 * route, and a body of the documented form, with no member that the document does not know. Tests
 * attach it to the servers they make.
 */

import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../deps.ts';

export interface ResponseCheck {
  /** What did not fit, in order; a test expects it to be empty. */
  readonly failures: string[];
}

/** Made once: all servers have the same document, which takes longer to make and to compile than most tests take. */
let validators: Validators | null = null;

/** To be called before the server is ready. A misfit is noted and thrown, so that the answer becomes a 500. */
export function attachResponseCheck(app: App): ResponseCheck {
  const failures: string[] = [];
  app.addHook('onSend', async (request, reply, sent) => {
    // Large pages are streams.
    const payload = sent instanceof Readable ? await text(sent) : sent;
    const route = request.routeOptions;
    const schema: { hide?: boolean } | undefined = route.schema;
    if (route.url === undefined || request.is404 || schema?.hide) return payload;
    validators ??= createValidators(app.swagger());
    const misfit = validators.check(request, reply, payload);
    if (misfit === null) return payload;
    failures.push(misfit);
    // The answer to a failure is checked as well; it must not fail again for ever.
    if (reply.statusCode >= 500) return payload;
    throw new Error(misfit);
  });
  return { failures };
}

interface Validators {
  check(request: FastifyRequest, reply: FastifyReply, payload: unknown): string | null;
}

type Json = Record<string, unknown>;

function createValidators(document: object): Validators {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
  addFormats.default(ajv);
  const closed = closeObjects(structuredClone(document));
  ajv.addSchema({ $id: 'openapi', ...asObject(closed) });
  const compiled = new Map<string, ValidateFunction>();
  return {
    check(request, reply, payload) {
      const path = (request.routeOptions.url ?? '').replace(/:([a-z_]+)/g, '{$1}');
      const where = `${request.method} ${path} ${reply.statusCode}`;
      const response = member(
        closed,
        'paths',
        path,
        request.method.toLowerCase(),
        'responses',
        String(reply.statusCode),
      );
      if (response === undefined) return `${where}: this status is not documented`;
      const content = Reflect.get(asObject(response), 'content');
      if (content === undefined) return payload ? `${where}: a body is not documented` : null;
      const type = String(reply.getHeader('content-type')).split(';', 1)[0] ?? '';
      if (!Object.hasOwn(asObject(content), type)) return `${where}: ${type} is not documented`;
      const pointer = [
        'paths',
        path,
        request.method.toLowerCase(),
        'responses',
        String(reply.statusCode),
        'content',
        type,
        'schema',
      ];
      const ref = `openapi#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
      const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref });
      compiled.set(ref, validate);
      if (validate(JSON.parse(String(payload)))) return null;
      return `${where}: ${ajv.errorsText(validate.errors)} in ${String(payload).slice(0, 500)}`;
    },
  };
}

/** Members beyond the documented ones are allowed to callers; here they would be something left undocumented. */
function closeObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closeObjects);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Json = Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, closeObjects(inner)]),
  );
  const isObjectSchema = copy.type === 'object' && typeof copy.properties === 'object';
  return isObjectSchema && copy.additionalProperties === undefined
    ? { ...copy, additionalProperties: false }
    : copy;
}

function member(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, name);
  }
  return current;
}

function asObject(value: unknown): object {
  if (typeof value !== 'object' || value === null)
    throw new TypeError('The document is not an object there.');
  return value;
}
