/** `/v1/endpoints`: where webhooks go (A3, A5). */

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseId } from '../../core/ids.ts';
import { parseSecret } from '../../core/signing/secret.ts';
import type { Endpoint, EndpointPatch, NewEndpoint } from '../../store/records/endpoints.ts';
import type { Routing } from '../../store/records/routing.ts';
import { callerOf, seesSecrets, workspaceOf } from '../auth.ts';
import { automationIds } from '../automationIds.ts';
import type { App, HttpDeps } from '../deps.ts';
import { checkEndpointInput, endpointWarnings, newLanes, withExactCondition } from '../endpointInput.ts';
import { type MadeSecret, makeSecret, openHeaders, sealHeaders } from '../endpointSecrets.ts';
import { usersOfEndpoints } from '../endpointUsers.ts';
import { describe, idParams, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { faulty, notFound, Problem } from '../problem.ts';
import {
  DEFAULT_TIMEOUT_MS,
  type EndpointPatchInput,
  type EndpointView,
  endpointView,
  type NewEndpointInput,
} from '../views/endpoint.ts';
import { requireRoom } from './plans.ts';

export function endpointRoutes(app: App, deps: HttpDeps): void {
  createRoute(app, deps);
  listRoute(app, deps);
  getRoute(app, deps);
  patchRoute(app, deps);
  deleteRoute(app, deps);
}

function createRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints',
    {
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: 'createEndpoint',
          summary: 'Connect an endpoint',
          tag: 'Endpoints',
          access: 'manage',
          description: 'The answer holds the signing secret, this once.',
          answers: { 201: { schema: ref('CreatedEndpoint'), description: 'The endpoint and its secret.' } },
          problems: [
            'plan_required',
            'limit_reached',
            'unknown_event_type',
            'invalid_condition',
            'target_refused',
          ],
          hasBody: true,
        }),
        body: ref<NewEndpointInput>('NewEndpoint'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const given = request.body.secret;
      if (given !== undefined) checkGivenSecret(given);
      const routing = await routingOf(deps, workspace);
      // Those of rules and workflows count as part of these.
      const own = routing.endpoints.filter(({ automation }) => automation === null);
      await requireRoom(deps, workspace, 'endpoints', own.length);
      const { condition } = await checkEndpointInput(deps, routing, withExactCondition(request));
      const endpoint = endpointFrom(deps, workspace, request.body);
      const shared = makeSecret(deps, 'v1', given ?? null);
      const pair = endpoint.signature.v1a ? makeSecret(deps, 'v1a') : null;
      const secrets = [shared, pair].filter((secret): secret is MadeSecret => secret !== null);
      const row = {
        ...endpoint,
        condition: condition ?? null,
        secrets: secrets.map(({ sealed }) => sealed),
      };
      await deps.store.createEndpoint(row, callerOf(request).by);
      await deps.engine.routingChanged(workspace);
      const stored = await findEndpoint(deps, workspace, endpoint.key);
      return reply.code(201).send({
        ...(await showEndpoint(deps, request, stored)),
        secret: shared.text,
        ...(pair?.publicKey ? { public_key: pair.publicKey } : {}),
        warnings: endpointWarnings(routing, stored),
      });
    },
  );
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/endpoints',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listEndpoints',
          summary: 'List endpoints',
          tag: 'Endpoints',
          access: 'read',
          answers: { 200: { schema: ref('EndpointPage'), description: 'Endpoints, newest first.' } },
        }),
        querystring: Type.Object(
          {
            ...pageQuery,
            url: Type.Optional(Type.String({ description: 'Only those of exactly this URL.' })),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { limit, before } = readPage(request.query);
      const { endpoints } = await routingOf(deps, workspaceOf(request));
      const { url } = request.query;
      const newestFirst = endpoints
        .filter((endpoint) => before === null || endpoint.key < before)
        .filter((endpoint) => url === undefined || endpoint.url === url)
        .toReversed();
      const { rows, next } = pageFrom(newestFirst, limit);
      return { data: await showEndpoints(deps, request, rows), next_cursor: next };
    },
  );
}

function getRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/endpoints/:id',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getEndpoint',
          summary: 'Get an endpoint',
          tag: 'Endpoints',
          access: 'read',
          answers: { 200: { schema: ref('Endpoint'), description: 'The endpoint.' } },
        }),
        params: idParams('endpoint'),
      },
    },
    async (request) =>
      showEndpoint(deps, request, await endpointOfId(deps, workspaceOf(request), request.params.id)),
  );
}

function patchRoute(app: App, deps: HttpDeps): void {
  app.patch(
    '/v1/endpoints/:id',
    {
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: 'updateEndpoint',
          summary: 'Change an endpoint',
          tag: 'Endpoints',
          access: 'manage',
          description: 'Applies to every event that is submitted from then on.',
          answers: { 200: { schema: ref('Endpoint'), description: 'The endpoint as it is now.' } },
          problems: ['plan_required', 'unknown_event_type', 'invalid_condition', 'target_refused'],
          hasBody: true,
        }),
        params: idParams('endpoint'),
        body: ref<EndpointPatchInput>('EndpointPatch'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const endpoint = await endpointOfId(deps, workspace, request.params.id);
      refuseOtherUrl(endpoint, request.body);
      const { condition } = await checkEndpointInput(
        deps,
        await routingOf(deps, workspace),
        withExactCondition(request),
      );
      const patch = patchFrom(deps, endpoint, request.body);
      if (condition !== undefined) patch.condition = condition;
      const now = deps.clock.now();
      const { by } = callerOf(request);
      const { expectedVersion } = request;
      if (!(await deps.store.updateEndpoint(workspace, endpoint.key, patch, now, by, expectedVersion))) {
        throw notFound('endpoint', request.params.id);
      }
      if (patch.signature?.v1a && !endpoint.secrets.some(({ kind }) => kind === 'v1a')) {
        await deps.store.rotateSecret(workspace, endpoint.key, makeSecret(deps, 'v1a').sealed, now, by);
      }
      await deps.engine.routingChanged(workspace);
      const changed = await findEndpoint(deps, workspace, endpoint.key);
      const view = await showEndpoint(deps, request, changed);
      return { ...view, warnings: endpointWarnings(await routingOf(deps, workspace), changed) };
    },
  );
}

/** Rules and workflows find the endpoint by its URL. */
function refuseOtherUrl({ automation, url }: Endpoint, input: EndpointPatchInput): void {
  if (automation === null || input.url === undefined || input.url === url) return;
  throw faulty('invalid_request', [
    { field: '/url', message: 'stands in rules or workflows (`used_by`); change it there' },
  ]);
}

function deleteRoute(app: App, deps: HttpDeps): void {
  app.delete(
    '/v1/endpoints/:id',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'deleteEndpoint',
          summary: 'Delete an endpoint',
          tag: 'Endpoints',
          access: 'manage',
          description: 'What is still to be sent to it ends as skipped, and stays in the log.',
          answers: { 204: { schema: null, description: 'It is gone.' } },
        }),
        params: idParams('endpoint'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const endpoint = await endpointOfId(deps, workspace, request.params.id);
      const { by } = callerOf(request);
      const { expectedVersion } = request;
      if (
        !(await deps.store.deleteEndpoint(workspace, endpoint.key, deps.clock.now(), by, expectedVersion))
      ) {
        throw notFound('endpoint', request.params.id);
      }
      await deps.engine.routingChanged(workspace);
      await deps.engine.lanesChanged(endpoint.lanes);
      return reply.code(204).send();
    },
  );
}

/**
 * The routing of a caller's workspace, which exists. As of now: whoever has made something through
 * another node finds it here with the next call.
 */
export async function routingOf(deps: Pick<HttpDeps, 'engine'>, workspace: number): Promise<Routing> {
  const routing = await deps.engine.freshRouting(workspace);
  if (!routing) throw new Error(`Workspace ${workspace} of a valid API key is gone.`);
  return routing;
}

/** Times that a change is checked anew because others change the workspace at the same time. */
const MOST_TRIES = 10;

/**
 * Has `change` check and save on the routing of now, and again where it answers null: that routing had moved when it
 * was saved. So two people who change different members at once keep both. Where a version is expected, at that one alone.
 */
export async function changeOnRouting<Done>(
  deps: Pick<HttpDeps, 'engine'>,
  workspace: number,
  change: (routing: Routing) => Promise<Done | null>,
  expectedVersion?: number,
): Promise<Done> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const routing = await routingOf(deps, workspace);
    if (expectedVersion !== undefined && routing.workspace.routingVersion !== expectedVersion) break;
    const done = await change(routing);
    if (done !== null) return done;
  }
  throw new Problem('changed_meanwhile', 'Nothing was changed. Read it anew, then send the change again.');
}

/** Throws a Problem where there is none of this id. */
export async function endpointOfId(
  deps: Pick<HttpDeps, 'engine'>,
  workspace: number,
  id: string,
): Promise<Endpoint> {
  const key = parseId('ep', id);
  const { endpoints } = await routingOf(deps, workspace);
  const endpoint = endpoints.find((candidate) => candidate.key === key);
  if (!endpoint) throw notFound('endpoint', id);
  return endpoint;
}

/** An endpoint that is known to exist. */
export async function findEndpoint(
  deps: Pick<HttpDeps, 'engine'>,
  workspace: number,
  key: number,
): Promise<Endpoint> {
  const { endpoints } = await routingOf(deps, workspace);
  const endpoint = endpoints.find((candidate) => candidate.key === key);
  if (!endpoint) throw new Error(`Endpoint ${key} is not in the routing that was read after its change.`);
  return endpoint;
}

export async function showEndpoints(
  deps: HttpDeps,
  request: FastifyRequest,
  endpoints: readonly Endpoint[],
): Promise<EndpointView[]> {
  const disabled = endpoints.filter((endpoint) => endpoint.disabled !== null).map(({ key }) => key);
  const owners = endpoints.flatMap(({ automation }) => (automation === null ? [] : [automation]));
  const [open, failing, ids, routing] = await Promise.all([
    disabled.length === 0 ? null : deps.store.countOpen(workspaceOf(request), disabled),
    deps.store.listFailing(workspaceOf(request)),
    automationIds(deps, workspaceOf(request), owners),
    routingOf(deps, workspaceOf(request)),
  ]);
  const users = usersOfEndpoints(routing);
  const showSecrets = seesSecrets(request);
  return endpoints.map((endpoint) =>
    endpointView(endpoint, {
      held: open?.get(endpoint.key) ?? null,
      failing: failing.get(endpoint.key) ?? null,
      headers: openHeaders(deps.sealer, endpoint.sealedHeaders, showSecrets),
      showSecrets,
      automationId: endpoint.automation === null ? null : (ids.get(endpoint.automation) ?? null),
      usedBy: users.get(endpoint.key) ?? [],
    }),
  );
}

export async function showEndpoint(
  deps: HttpDeps,
  request: FastifyRequest,
  endpoint: Endpoint,
): Promise<EndpointView> {
  const [view] = await showEndpoints(deps, request, [endpoint]);
  if (!view) throw new Error('One endpoint in, one endpoint out.');
  return view;
}

function checkGivenSecret(text: string): void {
  const parsed = parseSecret(text);
  if (!parsed.ok) throw faulty('invalid_request', [{ field: '/secret', message: parsed.message }]);
}

function endpointFrom(deps: HttpDeps, workspace: number, input: NewEndpointInput): NewEndpoint {
  const ordering = input.ordering ?? { by: 'endpoint' };
  return {
    key: deps.engine.nextKey(),
    workspace,
    url: input.url,
    name: input.name ?? '',
    eventTypes: input.event_types,
    condition: null,
    automation: null,
    ordering,
    retry: input.retry ?? { preset: 'three-minutes' },
    timeoutMs: input.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    rateLimit: input.rate_limit ?? null,
    sealedHeaders: sealHeaders(deps.sealer, input.headers ?? {}),
    signature: {
      v1a: input.signature?.v1a ?? false,
      compatibility: input.signature?.compatibility ?? 'none',
    },
    createdAt: deps.clock.now(),
    lanes: newLanes(deps, ordering),
    secrets: [],
  };
}

function patchFrom(deps: HttpDeps, endpoint: Endpoint, input: EndpointPatchInput): EndpointPatch {
  const patch: EndpointPatch = {};
  if (input.url !== undefined) patch.url = input.url;
  if (input.name !== undefined) patch.name = input.name;
  if (input.event_types !== undefined) patch.eventTypes = input.event_types;
  if (input.retry !== undefined) patch.retry = input.retry;
  if (input.timeout_ms !== undefined) patch.timeoutMs = input.timeout_ms;
  if (input.rate_limit !== undefined) patch.rateLimit = input.rate_limit;
  if (input.headers !== undefined) patch.sealedHeaders = sealHeaders(deps.sealer, input.headers);
  if (input.signature !== undefined) patch.signature = input.signature;
  const { ordering } = input;
  // The same ordering again must not cost the order between what is queued and what follows.
  if (ordering !== undefined && JSON.stringify(ordering) !== JSON.stringify(endpoint.ordering)) {
    patch.ordering = { ordering, lanes: newLanes(deps, ordering) };
  }
  return patch;
}
