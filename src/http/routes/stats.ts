/** `/v1/stats`, and what endpoints have of them: how much was accepted and delivered, and how fast. */

import { Type } from 'typebox';
import { ALL_ENDPOINTS } from '../../core/stats/counts.ts';
import { STATS_LIMITS, spanOf } from '../../core/stats/series.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import {
  type EndpointStatsView,
  endpointStatsView,
  rangeQuery,
  type SparklinesView,
  sparklinesView,
  type WorkspaceStatsView,
  workspaceStatsView,
} from '../views/stats.ts';
import { endpointOfId, routingOf } from './endpoints.ts';

const EXACT =
  'Events and attempts are counted in the transaction that stores them: each once, whatever crashes. Percentiles are taken from ' +
  'buckets. What was counted stays when events and attempts are deleted for their age, and for 400 days.';

export function statsRoutes(app: App, deps: HttpDeps): void {
  workspaceRoute(app, deps);
  endpointRoute(app, deps);
  sparklinesRoute(app, deps);
}

function workspaceRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/stats',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getStats',
          summary: "Get the workspace's statistics",
          tag: 'Statistics',
          access: 'read',
          description: EXACT,
          answers: { 200: { schema: ref<WorkspaceStatsView>('WorkspaceStats'), description: 'The series.' } },
        }),
        querystring: Type.Object(
          {
            ...rangeQuery,
            by: Type.Optional(
              oneOf(['event_type'] as const, { description: 'Adds a series of events for each type.' }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { range = 'day', by } = request.query;
      const workspace = workspaceOf(request);
      const span = spanOf(range, deps.clock.now());
      const [points, events] = await Promise.all([
        deps.store.readAttemptStats(workspace, ALL_ENDPOINTS, span),
        deps.store.readEventStats(workspace, span),
      ]);
      return workspaceStatsView(range, span, { points, events, byType: by === 'event_type' });
    },
  );
}

function endpointRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/endpoints/:id/stats',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getEndpointStats',
          summary: "Get an endpoint's statistics",
          tag: 'Statistics',
          access: 'read',
          description: EXACT,
          answers: { 200: { schema: ref<EndpointStatsView>('EndpointStats'), description: 'The series.' } },
        }),
        params: idParams('endpoint'),
        querystring: Type.Object(rangeQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { range = 'day' } = request.query;
      const workspace = workspaceOf(request);
      const { key } = await endpointOfId(deps, workspace, request.params.id);
      const span = spanOf(range, deps.clock.now());
      return endpointStatsView(key, range, span, await deps.store.readAttemptStats(workspace, key, span));
    },
  );
}

const { sparklines: MOST } = STATS_LIMITS;

function sparklinesRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/endpoints/sparklines',
    {
      config: { access: 'read' },
      schema: describe({
        id: 'getSparklines',
        summary: 'Get the last day of all endpoints in little',
        tag: 'Statistics',
        access: 'read',
        description: `24 steps of an hour, of ${MOST.value.toLocaleString('en')} ${MOST.unit}; ${MOST.beyond}.`,
        answers: { 200: { schema: ref<SparklinesView>('Sparklines'), description: 'A line an endpoint.' } },
      }),
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { endpoints } = await routingOf(deps, workspace);
      const newest = endpoints.slice(-MOST.value).map(({ key }) => key);
      const span = spanOf('day', deps.clock.now());
      return sparklinesView('day', span, await deps.store.readSparklines(workspace, newest, span));
    },
  );
}
