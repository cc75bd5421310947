/**
 * How routes describe themselves: the OpenAPI side of a route in one call, so that access, the errors
 * that any route may give and the header that instance keys need are never written by hand.
 */

import { Type } from 'typebox';
import type { Access } from './auth.ts';
import { CODES, type Code } from './codes.ts';
import { PROBLEM_TYPE } from './problem.ts';

export const TAGS = {
  Events: 'What happened: publish it, and see what became of it.',
  'Event types': 'The catalog of events, and your own additions to it.',
  Endpoints: 'Where webhooks go: destinations, their secrets and their state.',
  Deliveries: 'Each event on its way to each endpoint, with every attempt.',
  Jobs: 'Long work with its progress: sending many deliveries again, and the like.',
  Automation: 'Rules and workflows: what follows of events by your own conditions, and their runs.',
  Search: 'Anything by its id, and events by what they hold.',
  Statistics: 'How much was accepted and delivered, how fast, and what needs attention.',
  Notices: 'What there was to tell people of, and who was told.',
  Bins: 'Built-in test destinations that show what they received.',
  Webhooks: 'What endpoints get: a webhook for each event type of the catalog.',
  People: 'Sign-in, members, roles, invitations, and links that let others into a workspace.',
  Administration: 'Workspaces, API keys, settings and facts about the installation.',
} as const;

export interface Operation {
  id: string;
  summary: string;
  tag: keyof typeof TAGS;
  access: Access;
  description?: string;
  /** By status: what a good answer holds; null for no body. */
  answers: Readonly<Record<number, Answer>>;
  /** Codes beyond those that follow from the access and the body. */
  problems?: readonly Code[];
  hasBody?: boolean;
}

export type Answer = { schema: unknown; description: string } | { schema: null; description: string };

const ACCESS_TEXT: Record<Access, string> = {
  publish: 'Needs the scope `publish`.',
  read: 'Needs the scope `read` (or `manage`).',
  manage: 'Needs the scope `manage`.',
  instance: 'Needs an instance key.',
  key: 'Any valid API key or session will do.',
  person: 'Needs a session.',
  metrics: 'Needs an instance key, or the token of `MIRSAL_METRICS_TOKEN`.',
  team: 'Needs the session of a member, or an instance key.',
  public: 'Open to everybody.',
};

/** The parts of a Fastify route that come of its description. */
export function describe(operation: Operation): {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Array<Record<string, string[]>>;
  response: Record<string, unknown>;
} {
  const description = [operation.description, ACCESS_TEXT[operation.access]].filter(Boolean).join('\n\n');
  return {
    operationId: operation.id,
    summary: operation.summary,
    description,
    tags: [operation.tag],
    security: securityOf(operation.access),
    response: { ...goodAnswers(operation.answers), ...problemAnswers(codesOf(operation)) },
  };
}

function securityOf(access: Access): Array<Record<string, string[]>> {
  if (access === 'public') return [];
  if (access === 'instance' || access === 'metrics') return [{ apiKey: [] }];
  return access === 'person' ? [{ session: [] }] : [{ apiKey: [] }, { session: [] }];
}

function goodAnswers(answers: Operation['answers']): Record<string, unknown> {
  const responses: Record<string, unknown> = {};
  for (const [status, { schema, description }] of Object.entries(answers)) {
    responses[status] =
      schema === null
        ? { description, type: 'null' }
        : { description, content: { 'application/json': { schema } } };
  }
  return responses;
}

function codesOf(operation: Operation): Code[] {
  const codes = new Set<Code>(['invalid_request', 'rate_limited', 'internal_error', 'store_unavailable']);
  if (operation.access !== 'public') {
    for (const code of ['unauthenticated', 'api_key_expired', 'origin_refused', 'not_found'] as const)
      codes.add(code);
  }
  if (operation.access === 'instance') codes.add('instance_key_required');
  if (['publish', 'read', 'manage'].includes(operation.access)) {
    for (const code of [
      'scope_required',
      'instance_key_required',
      'workspace_required',
      'not_found',
    ] as const)
      codes.add(code);
  }
  if (operation.access === 'person') codes.add('person_required');
  if (operation.access === 'team') {
    for (const code of ['person_required', 'role_required', 'workspace_required'] as const) codes.add(code);
  }
  if (operation.hasBody) {
    for (const code of [
      'invalid_json',
      'invalid_utf8',
      'too_deep',
      'body_too_large',
      'unsupported_media_type',
    ] as const) {
      codes.add(code);
    }
  }
  for (const code of operation.problems ?? []) codes.add(code);
  return [...codes];
}

/** The good answers of a route with headers that they have. */
export function withHeaders(
  response: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(response).map(([status, answer]) => [
      status,
      status === '200' ? { ...(answer as object), headers } : answer,
    ]),
  );
}

/** The answers of a route with further problems that it may have. */
export function withProblems(
  response: Readonly<Record<string, unknown>>,
  codes: readonly Code[],
): Record<string, unknown> {
  const all: Record<string, unknown> = { ...response };
  for (const [status, answer] of Object.entries(problemAnswers(codes))) {
    const before = all[status] as { description: string } | undefined;
    const added = answer as { description: string };
    const lines = [...(before?.description.split('\n\n') ?? []), ...added.description.split('\n\n')];
    all[status] = { ...added, description: [...new Set(lines)].join('\n\n') };
  }
  return all;
}

function problemAnswers(codes: readonly Code[]): Record<string, unknown> {
  const byStatus = Map.groupBy(codes, (code) => CODES[code].status);
  const responses: Record<string, unknown> = {};
  for (const status of [...byStatus.keys()].sort((one, other) => one - other)) {
    const names = (byStatus.get(status) ?? []).map((code) => `\`${code}\`: ${CODES[code].title}`);
    responses[status] = {
      description: names.join('\n\n'),
      content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
    };
  }
  return responses;
}

// ---------------------------------------------------------------- schemas that many routes share

/** A reference to a component; `T` is the type that it stands for. */
export function ref<T>(id: string): Type.TUnsafe<T> {
  return Type.Unsafe<T>({ $ref: `${id}#` });
}

/** One of some texts. */
export function oneOf<const T extends readonly string[]>(
  values: T,
  options: Record<string, unknown> = {},
): Type.TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });
}

export function nullable<T extends Type.TSchema>(
  schema: T,
  options: Type.TSchemaOptions = {},
): Type.TUnion<[T, Type.TNull]> {
  return Type.Union([schema, Type.Null()], options);
}

export function time(description: string): Type.TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'date-time', description });
}

/** Of pages that may be asked for by text. */
export const indexedUntil = {
  indexed_until: Type.Optional(time('With `text`: events accepted before it are found by what they hold.')),
};

/** A list's page: newest first. */
export function pageOf(schema: Type.TSchema, id: string, further: Type.TProperties = {}): Type.TSchema {
  return Type.Object(
    {
      data: Type.Array(schema),
      next_cursor: nullable(Type.String(), { description: 'For the next page; null on the last one.' }),
      ...further,
    },
    { $id: id },
  );
}

export const idParams = (what: string): Type.TObject<{ id: Type.TString }> =>
  Type.Object({ id: Type.String({ minLength: 1, maxLength: 200, description: `The ${what}'s id.` }) });
