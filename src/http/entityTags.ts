/**
 * `ETag` and `If-Match` for what is edited, in one place. A thing's tag is a hash of what a GET of it shows, without
 * what changes by itself. A change that names a tag is compared with what is there, and then saved at the routing
 * version that was read before the comparison, or not at all: everything that is edited here moves that version, except
 * bins, for which the comparison is all there is.
 */

import { createHash } from 'node:crypto';
import type { FastifyRequest, RouteHandlerMethod } from 'fastify';
import { parseId } from '../core/ids.ts';
import { jsonText } from '../core/json/raw.ts';
import { callerOf } from './auth.ts';
import type { App, HttpDeps } from './deps.ts';
import { withHeaders, withProblems } from './operation.ts';
import { Problem } from './problem.ts';

/** By address, the members that change without being edited. Those of a change's answer alone are in no tag. */
const TAGGED: Readonly<Record<string, readonly string[]>> = {
  '/v1/endpoints/:id': ['used_by', 'held', 'held_oldest_at', 'failing', 'recovering', 'warnings'],
  '/v1/rules/:id': ['warnings'],
  '/v1/workflows/:id': ['warnings'],
  '/v1/event-types/:name': [],
  '/v1/settings': [],
  '/v1/workspaces/:id': [],
  '/v1/bins/:id': ['request_count'],
};

/** A POST that changes the thing as a whole is a change of it, too. */
function thingOf(url: string): string {
  return url.replace(/\/versions\/:version\/restore$/, '');
}

const IF_MATCH = {
  'if-match': {
    type: 'string',
    maxLength: 1_000,
    description: 'The `ETag` that was read: changed only if nobody has changed it since (412 otherwise).',
  },
};
const ETAG = {
  etag: { type: 'string', description: 'What it is now, for `If-Match` of the next change.' },
};

declare module 'fastify' {
  interface FastifyRequest {
    /** The routing version at which `If-Match` held; a change is made at it or not at all. */
    expectedVersion: number | undefined;
  }
}

/** Must come before the routes, and after who calls is known. */
export function tagThings(app: App, deps: HttpDeps): void {
  const shown = new Map<string, RouteHandlerMethod>();
  app.decorateRequest('expectedVersion', undefined);
  app.addHook('onRoute', (route) => {
    if (TAGGED[thingOf(route.url)] === undefined || !route.schema) return;
    if (route.method === 'GET') shown.set(route.url, route.handler as unknown as RouteHandlerMethod);
    else {
      const { properties } = (route.schema.headers ?? {}) as { properties?: object };
      route.schema.headers = { type: 'object', properties: { ...properties, ...IF_MATCH } };
      route.schema.response = withProblems(route.schema.response as Record<string, unknown>, [
        'changed_meanwhile',
      ]);
    }
    route.schema.response = withHeaders(route.schema.response as Record<string, unknown>, ETAG);
  });
  app.addHook('preHandler', async (request, reply) => {
    const named = request.headers['if-match'];
    const url = thingOf(request.routeOptions.url ?? '');
    const show = shown.get(url);
    if (named === undefined || request.method === 'GET' || show === undefined) return;
    const workspace = workspaceOf(request);
    const routing = workspace === null ? null : await deps.engine.freshRouting(workspace);
    const view: unknown = await show.call(app, request, reply);
    const tag = tagOf(url, view);
    if (!matches(named, tag)) {
      throw new Problem(
        'changed_meanwhile',
        `It is ${tag} by now. Read it anew, then send the change again.`,
      );
    }
    request.expectedVersion = routing?.workspace.routingVersion;
  });
  app.addHook('preSerialization', async (request, reply, payload: unknown) => {
    const url = thingOf(request.routeOptions.url ?? '');
    if (TAGGED[url] !== undefined && reply.statusCode < 300) reply.header('etag', tagOf(url, payload));
    return payload;
  });
}

/** The workspace whose routing the thing is part of. */
function workspaceOf(request: FastifyRequest): number | null {
  if (request.routeOptions.url !== '/v1/workspaces/:id') return callerOf(request).workspace;
  return parseId('ws', (request.params as { id: string }).id);
}

function tagOf(url: string, view: unknown): string {
  const own = TAGGED[url] ?? [];
  const members = Object.entries(view as Record<string, unknown>).filter(([name]) => !own.includes(name));
  const text = jsonText(Object.fromEntries(members));
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** A proxy that packs answers makes tags weak ones (`W/`): what they name is the same. */
function matches(named: string, tag: string): boolean {
  return named.split(',').some((one) => {
    const wanted = one.trim().replace(/^W\//, '');
    return wanted === '*' || wanted === tag;
  });
}
