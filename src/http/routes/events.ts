/** `GET /v1/events`: what was published, and what became of it (A14, P12). */

import { Type } from 'typebox';
import type { Run } from '../../store/records/automation.ts';
import type { Page, StoredDelivery } from '../../store/records/log.ts';
import { workspaceOf } from '../auth.ts';
import { automationIds } from '../automationIds.ts';
import type { App, HttpDeps } from '../deps.ts';
import { explainDelivery, explainRun, languageOf } from '../failureTexts.ts';
import { describe, idParams, ref } from '../operation.ts';
import { cursorOf, MAX_PAGE, pageFrom, pageQuery, readPage, readTimes, timeQuery } from '../paging.ts';
import { notFound } from '../problem.ts';
import { readIndexedUntil, readWords, textQuery } from '../searchText.ts';
import { showDeliveries } from '../shownDeliveries.ts';
import { eventDetailText, eventView } from '../views/event.ts';
import { type EventRunView, eventRunView, type ReleaseView, releaseView } from '../views/run.ts';

const EventQuery = Type.Object(
  {
    ...pageQuery,
    ...timeQuery,
    ...textQuery,
    type: Type.Optional(Type.String({ maxLength: 128, description: 'An event type.' })),
    subject: Type.Optional(
      Type.String({ maxLength: 1024, description: 'The contact that the event is about.' }),
    ),
  },
  { additionalProperties: false },
);

/** A workspace may have more endpoints than this; /v1/deliveries?event_id= and /v1/runs?event_id= have them all. */
const MAX_SHOWN = 1_000;

export function eventRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/events',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listEvents',
          summary: 'List events',
          tag: 'Events',
          access: 'read',
          description:
            'With `text`, a page may have fewer events than its limit, or none, and still a `next_cursor`; ' +
            '`indexed_until` says how far events are found by text.',
          answers: { 200: { schema: ref('EventPage'), description: 'Events, newest first.' } },
        }),
        querystring: EventQuery,
      },
    },
    async (request) => {
      const { type, subject, text } = request.query;
      const workspace = workspaceOf(request);
      const page = readPage(request.query);
      const filter = {
        ...readTimes(request.query),
        ...(type === undefined ? {} : { type }),
        ...(subject === undefined ? {} : { subject }),
      };
      if (text !== undefined) {
        const words = readWords(deps, workspace, text, 'text');
        const until = await readIndexedUntil(deps, workspace);
        const { rows, next } = await deps.store.findEvents(workspace, words, filter, page);
        const cursor = next === null ? null : cursorOf(next);
        return { data: rows.map(eventView), next_cursor: cursor, indexed_until: until };
      }
      const found = await deps.store.listEvents(workspace, filter, {
        ...page,
        limit: page.limit + 1,
      });
      const { rows, next } = pageFrom(found, page.limit);
      return { data: rows.map(eventView), next_cursor: next };
    },
  );

  app.get(
    '/v1/events/:id',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getEvent',
          summary: 'Get an event with its deliveries and every verdict on it',
          tag: 'Events',
          access: 'read',
          answers: { 200: { schema: ref('EventDetail'), description: 'The event.' } },
        }),
        params: idParams('event'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const event = await deps.store.findEvent(workspace, id);
      if (!event) throw notFound('event', id);
      const deliveries = await deliveriesOf(deps, workspace, event.key);
      const [shown, runs, releases] = await Promise.all([
        showDeliveries(deps, workspace, deliveries),
        runsOf(deps, workspace, event.key),
        releasesOf(deps, workspace, event.key),
      ]);
      const language = languageOf(request);
      const text = eventDetailText(
        event,
        shown.map((view) => explainDelivery(view, language)),
        runs.map((run) => explainRun(run, language)),
        releases,
        language,
      );
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
}

/** In the order in which they were made. */
async function deliveriesOf(deps: HttpDeps, workspace: number, event: number): Promise<StoredDelivery[]> {
  return allOf((page) => deps.store.listDeliveries(workspace, { event }, page));
}

/** Likewise. */
async function runsOf(deps: HttpDeps, workspace: number, event: number): Promise<EventRunView[]> {
  const runs = await allOf<Run>((page) => deps.store.listRuns(workspace, { event }, page));
  const ids = await automationIds(
    deps,
    workspace,
    runs.map(({ automation }) => automation),
  );
  return runs.map((run) => eventRunView(run, ids));
}

async function releasesOf(deps: HttpDeps, workspace: number, event: number): Promise<ReleaseView[]> {
  const releases = await deps.store.listReleases(workspace, event);
  const ids = await automationIds(
    deps,
    workspace,
    releases.map(({ run }) => run.automation),
  );
  return releases.map((release) => releaseView(release, ids));
}

async function allOf<Row extends { key: number }>(read: (page: Page) => Promise<Row[]>): Promise<Row[]> {
  const all: Row[] = [];
  let before: number | null = null;
  while (all.length < MAX_SHOWN) {
    const page: Row[] = await read({ limit: MAX_PAGE, before });
    all.push(...page);
    before = page.at(-1)?.key ?? null;
    if (page.length < MAX_PAGE) break;
  }
  return all.reverse();
}
