/** Sending again (P13): an event, or a range of what an endpoint was to get; and the jobs that do it. */

import { Type } from 'typebox';
import { formatId, parseId } from '../../core/ids.ts';
import type { EventReplayAnswer, Replay, ReplayFilter } from '../../store/records/replays.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage, readTime } from '../paging.ts';
import { faulty, notFound, Problem } from '../problem.ts';
import { showDeliveries } from '../shownDeliveries.ts';
import {
  type EventReplayView,
  type NewReplayInput,
  replayPreviewView,
  replayView,
} from '../views/history.ts';
import { findDelivery } from './deliveries.ts';
import { bodyExpired } from './deliveryActions.ts';
import { endpointOfId } from './endpoints.ts';

/** The node that sends them keeps their places in memory. */
const MAX_REPLAY = 500_000;

export function replayRoutes(app: App, deps: HttpDeps): void {
  eventRoute(app, deps);
  endpointRoute(app, deps);
  listRoute(app, deps);
  getRoute(app, deps);
  cancelRoute(app, deps);
}

function eventRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/events/:id/replay',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'replayEvent',
          summary: 'Send an event again to the endpoints that it was for',
          tag: 'Events',
          access: 'manage',
          description:
            "Each of the event's own deliveries that has ended is sent anew: a new delivery at the end of its " +
            "endpoint's lane, with `replay_of` and the same `webhook-id`. All of them or none.",
          answers: { 202: { schema: ref('EventReplay'), description: 'The deliveries that will be sent.' } },
          problems: ['nothing_to_replay', 'body_expired'],
          hasBody: true,
        }),
        params: idParams('event'),
        body: Type.Object(
          {
            endpoint_ids: Type.Optional(
              Type.Array(Type.String({ maxLength: 64 }), {
                minItems: 1,
                maxItems: 1_000,
                uniqueItems: true,
                description: 'Only to these; to all that it was for if absent.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const event = await deps.store.findEvent(workspace, request.params.id);
      if (!event) throw notFound('event', request.params.id);
      const { endpoint_ids } = request.body;
      const answer = await deps.store.replayEvent(workspace, event, {
        endpoints: endpoint_ids === undefined ? null : endpoint_ids.map(readEndpointId),
        nextKey: deps.engine.nextKey,
        now: deps.clock.now(),
        by: callerOf(request).by,
      });
      if (answer.made.length === 0) throw nothingToReplay(answer);
      await deps.engine.lanesChanged([...new Set(answer.made.map(({ lane }) => lane))]);
      return reply.code(202).send(await showEventReplay(deps, workspace, answer));
    },
  );
}

function readEndpointId(id: string, index: number): number {
  const key = parseId('ep', id);
  if (key !== null) return key;
  throw faulty('invalid_request', [
    { field: `/endpoint_ids/${index}`, message: 'is not the id of an endpoint (ep_…)' },
  ]);
}

function nothingToReplay({ open, withoutEndpoint, bodyGone }: EventReplayAnswer): Problem {
  if (bodyGone) return bodyExpired();
  if (open > 0)
    return new Problem('nothing_to_replay', 'None of its deliveries has ended yet: they are sent anyway.');
  if (withoutEndpoint > 0)
    return new Problem('nothing_to_replay', 'The endpoints that it was for were deleted.');
  return new Problem('nothing_to_replay', 'The event made no delivery to any of these endpoints.');
}

async function showEventReplay(
  deps: HttpDeps,
  workspace: number,
  { made, open, withoutEndpoint }: EventReplayAnswer,
): Promise<EventReplayView> {
  const rows = await Promise.all(made.map(({ key }) => findDelivery(deps, workspace, formatId('dlv', key))));
  return { data: await showDeliveries(deps, workspace, rows), open, without_endpoint: withoutEndpoint };
}

function endpointRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/endpoints/:id/replay',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'replayEndpoint',
          summary: 'Send a range of deliveries to an endpoint again',
          tag: 'Endpoints',
          access: 'manage',
          description:
            'Those that were made in the range and have ended so, without replays, in their order: new deliveries ' +
            "at the ends of the endpoint's lanes. A job does it; follow it under `/v1/replays/{id}`.",
          answers: {
            200: { schema: ref('ReplayPreview'), description: 'With `dry_run`: what it would do.' },
            202: { schema: ref('Replay'), description: 'The job.' },
          },
          problems: ['nothing_to_replay', 'replay_running'],
          hasBody: true,
        }),
        params: idParams('endpoint'),
        body: ref<NewReplayInput>('NewReplay'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const endpoint = await endpointOfId(deps, workspace, request.params.id);
      const createdAt = deps.clock.now();
      const filter = readFilter(request.body, createdAt);
      const asked = { workspace, endpoint: endpoint.key, filter, createdAt };
      const count = await deps.store.countOriginals(asked);
      if (request.body.dry_run === true) return reply.code(200).send(replayPreviewView(count));
      const { note } = replayPreviewView(count);
      if (count.total === 0)
        throw new Problem('nothing_to_replay', note ?? (count.resolved > 0 ? RESOLVED : NOTHING));
      if (count.total > MAX_REPLAY) throw tooMany(count.total);
      const replay: Replay = {
        ...asked,
        key: deps.engine.nextKey(),
        total: count.total,
        done: 0,
        gone: count.gone,
        state: 'running',
        reason: null,
        createdBy: callerOf(request).by,
        endedAt: null,
      };
      const answer = await deps.store.createReplay(replay);
      if (answer.kind === 'missing') throw notFound('endpoint', request.params.id);
      if (answer.kind === 'running') {
        throw new Problem('replay_running', `Wait for ${formatId('rpl', answer.key)} to end, or cancel it.`);
      }
      return reply.code(202).send(replayView(replay));
    },
  );
}

const NOTHING = 'Nothing in this range ended so.';
const RESOLVED =
  'All of this range has arrived by a repeat since (`resolved_by`); ask for it with `include_resolved`.';

function readFilter(body: NewReplayInput, now: number): ReplayFilter {
  const since = readTime(body.since, '/since');
  const until = body.until === undefined ? now : readTime(body.until, '/until');
  if (until <= since) throw faulty('invalid_request', [{ field: '/until', message: 'is not after `since`' }]);
  const states = body.states ?? ['dropped', 'skipped'];
  return { since, until, states, includeResolved: body.include_resolved === true };
}

function tooMany(total: number): Problem {
  return faulty('invalid_request', [
    {
      field: '/since',
      message: `gives ${total} deliveries; at most ${MAX_REPLAY} at a time: take a shorter range`,
    },
  ]);
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/replays',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listReplays',
          summary: 'List replays',
          tag: 'Deliveries',
          access: 'read',
          answers: { 200: { schema: ref('ReplayPage'), description: 'Replays, newest first.' } },
        }),
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const page = readPage(request.query);
      const found = await deps.store.listReplays(workspaceOf(request), { ...page, limit: page.limit + 1 });
      const { rows, next } = pageFrom(found, page.limit);
      return { data: rows.map(replayView), next_cursor: next };
    },
  );
}

function getRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/replays/:id',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getReplay',
          summary: 'Get a replay with its progress',
          tag: 'Deliveries',
          access: 'read',
          answers: { 200: { schema: ref('Replay'), description: 'The replay.' } },
        }),
        params: idParams('replay'),
      },
    },
    async (request) => replayView(await replayOfId(deps, workspaceOf(request), request.params.id)),
  );
}

function cancelRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/replays/:id/cancel',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'cancelReplay',
          summary: 'Cancel a replay: what has joined the lanes is sent, the rest is not',
          tag: 'Deliveries',
          access: 'manage',
          answers: { 200: { schema: ref('Replay'), description: 'The replay as it is now.' } },
          problems: ['replay_ended'],
        }),
        params: idParams('replay'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const { key } = await replayOfId(deps, workspace, id);
      if (!(await deps.store.cancelReplay(workspace, key, deps.clock.now(), callerOf(request).by))) {
        const { state } = await replayOfId(deps, workspace, id);
        throw new Problem('replay_ended', `It is ${state}.`);
      }
      return replayView(await replayOfId(deps, workspace, id));
    },
  );
}

async function replayOfId(deps: HttpDeps, workspace: number, id: string): Promise<Replay> {
  const key = parseId('rpl', id);
  const replay = key === null ? null : await deps.store.findReplay(workspace, key);
  if (!replay) throw notFound('replay', id);
  return replay;
}
