/** What a person can do to an endpoint: switch it off and on (A13), rotate its secret, test it. */

import { Type } from 'typebox';
import { DAY, SECOND } from '../../core/duration.ts';
import { formatId, parseId } from '../../core/ids.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { makeSecret, secretView } from '../endpointSecrets.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { notFound, Problem } from '../problem.ts';
import { sampleEvent } from '../samples.ts';
import type { EnabledEndpointsView, RotatedSecretView } from '../views/endpoint.ts';
import { endpointOfId, findEndpoint, routingOf, showEndpoint } from './endpoints.ts';

/** Time for a receiver to take up the new secret. */
const DEFAULT_OVERLAP_S = DAY / SECOND;
const MAX_OVERLAP_S = (30 * DAY) / SECOND;

export function endpointActionRoutes(app: App, deps: HttpDeps): void {
  disableRoute(app, deps);
  enableRoute(app, deps);
  enableManyRoute(app, deps);
  testRoute(app, deps);
  showSecretRoute(app, deps);
  rotateRoute(app, deps);
}

function disableRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints/:id/disable',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'disableEndpoint',
          summary: 'Disable an endpoint: its deliveries are held from now on',
          tag: 'Endpoints',
          access: 'manage',
          answers: { 200: { schema: ref('Endpoint'), description: 'The endpoint as it is now.' } },
        }),
        params: idParams('endpoint'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const endpoint = await endpointOfId(deps, workspace, request.params.id);
      // Disabled already: the first reason and time stay; resuming the workspace would end only its own.
      if (endpoint.disabled === null || endpoint.disabled.reason === 'suspended') {
        const disabled = { reason: 'manual' as const, at: deps.clock.now(), by: callerOf(request).by };
        await deps.store.disableEndpoint(workspace, endpoint.key, disabled);
        await deps.engine.routingChanged(workspace);
        await deps.engine.lanesChanged(endpoint.lanes);
      }
      return showEndpoint(deps, request, await endpointOfId(deps, workspace, request.params.id));
    },
  );
}

function enableRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints/:id/enable',
    {
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: 'enableEndpoint',
          summary: 'Enable an endpoint, and decide what becomes of what was held',
          tag: 'Endpoints',
          access: 'manage',
          description: 'With deliveries held, `held` must say whether they are sent in order or skipped.',
          answers: { 200: { schema: ref('Endpoint'), description: 'The endpoint as it is now.' } },
          problems: ['plan_required', 'held_choice_required', 'workspace_suspended'],
          hasBody: true,
        }),
        params: idParams('endpoint'),
        body: Type.Object(
          { held: Type.Optional(oneOf(['send', 'skip'] as const)) },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const endpoint = await endpointOfId(deps, workspace, id);
      if (endpoint.disabled === null) return showEndpoint(deps, request, endpoint);
      if (endpoint.disabled.reason === 'suspended') throw suspended();
      const { held } = request.body;
      if (held === undefined) await refuseSilentChoice(deps, workspace, endpoint.key);
      const { by } = callerOf(request);
      const released = await deps.store.enableEndpoint(
        workspace,
        endpoint.key,
        held ?? 'send',
        by,
        deps.clock.now(),
      );
      if (released === null) throw notFound('endpoint', id);
      if (released === 'suspended') throw suspended();
      await deps.engine.routingChanged(workspace);
      const enabled = await findEndpoint(deps, workspace, endpoint.key);
      await deps.engine.lanesChanged(enabled.lanes);
      return showEndpoint(deps, request, enabled);
    },
  );
}

const MAX_ENABLED = 100;

function enableManyRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints/enable',
    {
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: 'enableEndpoints',
          summary: 'Enable many endpoints, and decide what becomes of what was held',
          tag: 'Endpoints',
          access: 'manage',
          description:
            'One after the other: where the call fails amid them, the same call again does the rest.',
          answers: { 200: { schema: ref('EnabledEndpoints'), description: 'What became of each.' } },
          problems: ['plan_required', 'workspace_suspended'],
          hasBody: true,
        }),
        body: Type.Object(
          {
            ids: Type.Array(Type.String({ maxLength: 64 }), {
              minItems: 1,
              maxItems: MAX_ENABLED,
              uniqueItems: true,
              description: 'Ids of endpoints (`ep_…`).',
            }),
            held: oneOf(['send', 'skip'] as const, {
              description: 'Whether what was held is sent in order, or skipped.',
            }),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { ids, held } = request.body;
      const known = new Map((await routingOf(deps, workspace)).endpoints.map((each) => [each.key, each]));
      const data: EnabledEndpointsView['data'] = [];
      const lanes: number[] = [];
      for (const id of ids) {
        const key = parseId('ep', id);
        const endpoint = key === null ? undefined : known.get(key);
        const wasDisabled = endpoint !== undefined && endpoint.disabled !== null;
        const released = wasDisabled
          ? await deps.store.enableEndpoint(
              workspace,
              endpoint.key,
              held,
              callerOf(request).by,
              deps.clock.now(),
            )
          : null;
        if (released === 'suspended') throw suspended();
        if (released !== null) lanes.push(...(endpoint?.lanes ?? []));
        const outcome =
          released !== null ? 'enabled' : wasDisabled || !endpoint ? 'not_found' : 'was_enabled';
        data.push({ id, outcome, held: released ?? 0 });
      }
      if (lanes.length > 0) {
        await deps.engine.routingChanged(workspace);
        await deps.engine.lanesChanged(lanes);
      }
      return { data };
    },
  );
}

function suspended(): Problem {
  return new Problem(
    'workspace_suspended',
    'Whoever runs the platform has suspended the workspace. Endpoints are enabled when it is resumed.',
  );
}

/** P9: a person decides what becomes of what was held. */
async function refuseSilentChoice(deps: HttpDeps, workspace: number, endpoint: number): Promise<void> {
  const held = (await deps.store.countOpen(workspace, [endpoint])).get(endpoint);
  if (held === undefined) return;
  const { count, oldestAt } = held;
  const what = count === 1 ? 'delivery is' : 'deliveries are';
  const detail = `${count} ${what} held, the oldest from ${formatTime(oldestAt)}. Say {"held": "send"} to send in order, or {"held": "skip"}.`;
  throw new Problem('held_choice_required', detail, {
    errors: [{ field: '/held', message: 'is needed: "send" or "skip"' }],
    facts: { held: count, held_oldest_at: formatTime(oldestAt) },
  });
}

function testRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints/:id/test',
    {
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: 'testEndpoint',
          summary: 'Send a sample event to this endpoint alone',
          tag: 'Endpoints',
          access: 'manage',
          answers: {
            202: {
              schema: Type.Object({ event_id: Type.String(), delivery_id: Type.String() }),
              description: 'The sample is on its way.',
            },
          },
          problems: ['plan_required', 'endpoint_disabled', 'workspace_suspended', 'unknown_event_type'],
          hasBody: true,
        }),
        params: idParams('endpoint'),
        body: Type.Object(
          {
            event_type: Type.String({ minLength: 1, maxLength: 128 }),
            sample: Type.Optional(
              Type.String({
                maxLength: 128,
                description: "A sample's name; the type's first one if absent.",
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const endpoint = await endpointOfId(deps, workspace, request.params.id);
      const routing = await routingOf(deps, workspace);
      const event = sampleEvent(routing, request.body.event_type, request.body.sample ?? null);
      if (endpoint.disabled?.reason === 'suspended') throw suspended();
      if (endpoint.disabled !== null) {
        throw new Problem('endpoint_disabled', 'Enable the endpoint first; a test would only be held.');
      }
      const sent = await deps.engine.sendTest(workspace, endpoint, event);
      return reply.code(202).send({ event_id: sent.event, delivery_id: formatId('dlv', sent.delivery) });
    },
  );
}

function showSecretRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/endpoints/:id/secret',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'getEndpointSecret',
          summary: "Get an endpoint's signing secret",
          tag: 'Endpoints',
          access: 'manage',
          answers: {
            200: { schema: ref('EndpointSecret'), description: 'The secret in force and those before it.' },
          },
        }),
        params: idParams('endpoint'),
      },
    },
    async (request, reply) => {
      const endpoint = await endpointOfId(deps, workspaceOf(request), request.params.id);
      reply.header('cache-control', 'no-store');
      return secretView(deps.sealer, endpoint, deps.clock.now());
    },
  );
}

function rotateRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints/:id/secret/rotate',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'rotateEndpointSecret',
          summary: 'Put a new signing secret in force',
          tag: 'Endpoints',
          access: 'manage',
          description: 'Until the overlap is over, both the old and the new one sign.',
          answers: { 200: { schema: ref('RotatedSecret'), description: 'The new secret.' } },
          hasBody: true,
        }),
        params: idParams('endpoint'),
        body: Type.Object(
          {
            overlap_s: Type.Optional(
              Type.Integer({ minimum: 0, maximum: MAX_OVERLAP_S, default: DEFAULT_OVERLAP_S }),
            ),
            kind: Type.Optional(oneOf(['v1', 'v1a'] as const, { description: '`v1` if absent.' })),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const endpoint = await endpointOfId(deps, workspace, request.params.id);
      const { overlap_s = DEFAULT_OVERLAP_S, kind = 'v1' } = request.body;
      const made = makeSecret(deps, kind);
      const until = deps.clock.now() + overlap_s * SECOND;
      if (
        !(await deps.store.rotateSecret(workspace, endpoint.key, made.sealed, until, callerOf(request).by))
      ) {
        throw notFound('endpoint', request.params.id);
      }
      await deps.engine.routingChanged(workspace);
      reply.header('cache-control', 'no-store');
      const text = made.publicKey === null ? { secret: made.text } : { public_key: made.publicKey };
      const view: RotatedSecretView = { kind, ...text, previous_expires_at: formatTime(until) };
      return view;
    },
  );
}
