/**
 * Errors as `application/problem+json` (RFC 9457): the shape, the exception that carries one, and the
 * one mapper from whatever was thrown. Routes throw a Problem; nothing else writes an error answer.
 */

import type { FastifyError } from 'fastify';
import { Type } from 'typebox';
import { EventTypeGone, Overloaded, WorkspaceGone, WorkspaceSuspended } from '../engine/engine.ts';
import { HashingBusy } from '../identity/identity.ts';
import { RoutingMoved, StoreUnavailable } from '../store/store.ts';
import { CODE_NAMES, CODES, type Code } from './codes.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** One field at fault. `field` is a JSON pointer into the body, or into what `in` names. */
export interface Fault {
  field: string;
  message: string;
  in?: 'query' | 'path' | 'header';
}

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'A URN that names the kind of problem: `urn:mirsal:problem:<code>`.' }),
    title: Type.String({
      description:
        'The kind of problem in a sentence, in the language of `Accept-Language` (ar or en); the same for every problem of this code.',
    }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    code: Type.Unsafe<Code>({ type: 'string', enum: CODE_NAMES, description: 'Stable; meant for programs.' }),
    detail: Type.String({
      description: 'What happened this time, the limit or the value, and what to do next.',
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'JSON pointer to the member at fault.' }),
          message: Type.String(),
          in: Type.Optional(
            Type.Unsafe<'query' | 'path' | 'header'>({
              type: 'string',
              enum: ['query', 'path', 'header'],
              description: 'Where the field is, when it is not in the body.',
            }),
          ),
        }),
        { description: 'Every field at fault (at most 100).' },
      ),
    ),
    held: Type.Optional(
      Type.Integer({ description: 'With `held_choice_required`: how many deliveries are held.' }),
    ),
    held_oldest_at: Type.Optional(Type.String({ description: 'Likewise: when the oldest was made.' })),
    plan: Type.Optional(Type.String({ description: 'With `plan_required`: the plan that would do.' })),
    limit: Type.Optional(Type.Integer({ description: 'With `limit_reached`: how many the plan allows.' })),
    reached: Type.Optional(Type.Integer({ description: 'Likewise: how many there are.' })),
    workspace_id: Type.Optional(
      Type.String({ description: 'With `external_id_taken`: the workspace that has it.' }),
    ),
  },
  { $id: 'Problem', description: 'An error (RFC 9457).' },
);

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: Code;
  detail: string;
  errors?: readonly Fault[];
  held?: number;
  held_oldest_at?: string;
  plan?: string;
  limit?: number;
  reached?: number;
  workspace_id?: string;
}

/** Members that some codes have besides. */
type ProblemFacts = Pick<
  ProblemBody,
  'held' | 'held_oldest_at' | 'plan' | 'limit' | 'reached' | 'workspace_id'
>;

/** More faults than these help nobody. */
export const MAX_FAULTS = 100;

export interface ProblemOptions {
  errors?: readonly Fault[];
  headers?: Readonly<Record<string, string>>;
  facts?: ProblemFacts;
  cause?: unknown;
}

/** An answer that is an error. Thrown by routes and hooks, mapped once by `problemOf`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: Code;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemBody;

  constructor(code: Code, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    const { status, title } = CODES[code];
    this.code = code;
    this.headers = options.headers ?? {};
    this.body = { type: `urn:mirsal:problem:${code}`, title, status, code, detail: short(detail) };
    if (options.errors) this.body.errors = options.errors.slice(0, MAX_FAULTS).map(shortFault);
    Object.assign(this.body, options.facts);
  }
}

/** Names and values of the request stand in faults; an answer must not be as large as what it refuses. */
const MAX_TEXT_LENGTH = 1_000;

function short(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}

function shortFault(fault: Fault): Fault {
  return { ...fault, field: short(fault.field), message: short(fault.message) };
}

/** A Problem whose detail is made of its faults. */
export function faulty(code: Code, errors: readonly Fault[]): Problem {
  const first = errors[0];
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = first ? `${first.field || 'The body'}: ${first.message}${rest}` : CODES[code].title;
  return new Problem(code, detail, { errors });
}

export function notFound(what: string, id: string): Problem {
  return new Problem('not_found', `There is no ${what} ${JSON.stringify(id)} in this workspace.`);
}

/** Seconds after which a client may try again. */
const STORE_RETRY_AFTER_S = '5';
const OVERLOAD_RETRY_AFTER_S = '1';

/** Pure. The one mapper from thrown errors to problems. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof RoutingMoved) {
    return new Problem('changed_meanwhile', 'Nothing was changed. Read it anew, then send the change again.');
  }
  if (error instanceof StoreUnavailable) {
    return new Problem(
      'store_unavailable',
      'The database cannot be reached or cannot write. Try again soon.',
      {
        headers: { 'retry-after': STORE_RETRY_AFTER_S },
        cause: error,
      },
    );
  }
  if (error instanceof Overloaded) {
    return new Problem('overloaded', 'Nothing was accepted. Send it again after the time in Retry-After.', {
      headers: { 'retry-after': OVERLOAD_RETRY_AFTER_S },
      cause: error,
    });
  }
  if (error instanceof HashingBusy) {
    return new Problem(
      'overloaded',
      'Many are signing in at this moment. Nothing was done; try again soon.',
      {
        headers: { 'retry-after': OVERLOAD_RETRY_AFTER_S },
        cause: error,
      },
    );
  }
  if (error instanceof WorkspaceSuspended) return new Problem('workspace_suspended', error.message);
  if (error instanceof WorkspaceGone) return new Problem('not_found', 'The workspace was deleted.');
  if (error instanceof EventTypeGone) return new Problem('unknown_event_type', `${error.message}.`);
  if (isFastifyError(error)) return problemOfFastify(error);
  return internalError(error);
}

function internalError(cause: unknown): Problem {
  return new Problem('internal_error', 'The failure is in the log. Trying again may help.', { cause });
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'statusCode' in error;
}

function problemOfFastify(error: FastifyError): Problem {
  if (error.validation) return faulty('invalid_request', validationFaults(error));
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem('body_too_large', `${error.message}. Send less in one request.`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem(
        'unsupported_media_type',
        'Send the body as JSON, with "Content-Type: application/json".',
      );
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Problem('uri_too_long', 'A part of the address is longer than any id.');
    default:
      if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
        return new Problem('invalid_request', error.message, { cause: error });
      }
      return internalError(error);
  }
}

/** What ajv found, with a pointer to the very member: a missing or unknown one is named by the pointer too. */
function validationFaults(error: FastifyError): Fault[] {
  const place = placeOf(error.validationContext);
  const faults = (error.validation ?? []).map((found): Fault => {
    const { field, message } = describeViolation(
      found.instancePath,
      found.keyword,
      found.params,
      found.message,
    );
    return place === null ? { field, message } : { field, message, in: place };
  });
  // A union reports every branch that failed beside the union itself; one entry per field and text is enough.
  const seen = new Set<string>();
  return faults.filter(({ field, message }) => {
    const key = `${field}\n${message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

function placeOf(context: string | undefined): 'query' | 'path' | 'header' | null {
  switch (context) {
    case 'querystring':
      return 'query';
    case 'params':
      return 'path';
    case 'headers':
      return 'header';
    default:
      return null;
  }
}

function describeViolation(
  path: string,
  keyword: string,
  params: Record<string, unknown>,
  message: string | undefined,
): { field: string; message: string } {
  const under = (name: unknown): string =>
    `${path}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
  switch (keyword) {
    case 'required':
      return { field: under(params.missingProperty), message: 'is missing' };
    case 'additionalProperties':
      return { field: under(params.additionalProperty), message: 'is not a member known here' };
    case 'enum':
      return {
        field: path,
        message: Array.isArray(params.allowedValues)
          ? `must be one of ${params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`
          : (message ?? 'is not valid'),
      };
    case 'const':
      return { field: path, message: `must be ${JSON.stringify(params.allowedValue)}` };
    default:
      return { field: path, message: message ?? 'is not valid' };
  }
}
