/** `GET /v1/search`: any id goes straight to its thing; words find events, their deliveries, and what has a name. */

import { Type } from 'typebox';
import { builtInEventTypes } from '../../core/catalog/catalog.ts';
import { maskUrl } from '../../core/egress/maskUrl.ts';
import { formatId, type IdPrefix, parseId } from '../../core/ids.ts';
import { freshFolding } from '../../core/routing/text.ts';
import { SEARCH_LIMITS } from '../../core/search/limits.ts';
import { wordsOf } from '../../core/search/terms.ts';
import type { StoredDelivery, StoredEvent } from '../../store/records/log.ts';
import type { Routing } from '../../store/records/routing.ts';
import { seesSecrets, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { eventTypesOf } from '../eventTypesOf.ts';
import { explainDelivery, languageOf } from '../failureTexts.ts';
import { describe, ref } from '../operation.ts';
import { readIndexedUntil } from '../searchText.ts';
import { showDeliveries } from '../shownDeliveries.ts';
import { automationId } from '../views/automation.ts';
import { eventView } from '../views/event.ts';
import type { SearchView, ThingKind, ThingView } from '../views/search.ts';
import { routingOf } from './endpoints.ts';

const MOST = 20;

const SearchQuery = Type.Object(
  {
    q: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'An id of any kind, or words: order numbers, e-mails, names.',
    }),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MOST, default: 10, description: 'Of each kind.' }),
    ),
  },
  { additionalProperties: false },
);

interface Asked {
  deps: HttpDeps;
  workspace: number;
  q: string;
  limit: number;
  routing: Routing;
  showSecrets: boolean;
}

interface Found {
  exact: ThingView | null;
  events: StoredEvent[];
  deliveries: StoredDelivery[];
}

export function searchRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/search',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'search',
          summary: 'Find anything by its id or by words',
          tag: 'Search',
          access: 'read',
          description:
            'An id of an event (yours or ours), delivery, message, endpoint, rule, workflow, run, bin or replay leads to ' +
            'that thing alone. Anything else is looked for in events and names. Older events: `GET /v1/events?text=`.',
          answers: { 200: { schema: ref('SearchResult'), description: 'What was found.' } },
        }),
        querystring: SearchQuery,
      },
    },
    async (request): Promise<SearchView> => {
      const workspace = workspaceOf(request);
      const { limit = 10 } = request.query;
      const asked: Asked = {
        ...{ deps, workspace, limit, q: request.query.q.trim() },
        routing: await routingOf(deps, workspace),
        showSecrets: seesSecrets(request),
      };
      // Before the events are looked for: what is indexed meanwhile is found, too.
      const until = deps.search ? await readIndexedUntil(deps, workspace) : null;
      const exact = await findExact(asked);
      const { events, deliveries } = exact ?? (await findByWords(asked));
      const shown = await showDeliveries(deps, workspace, deliveries);
      const language = languageOf(request);
      return {
        exact: exact?.exact ?? null,
        events: events.map(eventView),
        deliveries: shown.map((view) => explainDelivery(view, language)),
        ...(exact === null ? namesLike(asked) : { endpoints: [], automations: [], event_types: [] }),
        indexed_until: until,
      };
    },
  );
}

// ---------------------------------------------------------------- by id

async function findExact(asked: Asked): Promise<Found | null> {
  return (await findEventOf(asked)) ?? (await findDeliveryOf(asked)) ?? (await findThing(asked));
}

async function findEventOf({ deps, workspace, q, limit }: Asked): Promise<Found | null> {
  const event = await deps.store.findEvent(workspace, q);
  if (event === null) return null;
  const { rows } = await deps.store.scanDeliveries(workspace, { event: event.key }, { limit, before: null });
  return { exact: thing('event', event.id, null), events: [event], deliveries: rows };
}

/** A message's id is that of the delivery that sent it first. */
async function findDeliveryOf({ deps, workspace, q }: Asked): Promise<Found | null> {
  const key = parseId('dlv', q) ?? parseId('msg', q);
  const row = key === null ? null : await deps.store.findDelivery(workspace, key);
  if (row === null) return null;
  const event = await deps.store.findEvent(workspace, row.eventId);
  return {
    exact: thing('delivery', formatId('dlv', row.key), null),
    events: event === null ? [] : [event],
    deliveries: [row],
  };
}

async function findThing(asked: Asked): Promise<Found | null> {
  const exact = namedThing(asked) ?? (await storedThing(asked));
  return exact === null ? null : { exact, events: [], deliveries: [] };
}

function namedThing(asked: Asked): ThingView | null {
  const { endpoints, automations, eventTypes } = things(asked);
  return [...endpoints, ...automations, ...eventTypes].find(({ id }) => id === asked.q) ?? null;
}

async function storedThing({ deps: { store }, workspace, q }: Asked): Promise<ThingView | null> {
  const ways: ReadonlyArray<[IdPrefix, ThingKind, (key: number) => Promise<unknown>]> = [
    ['run', 'run', (key) => store.findRun(workspace, key)],
    ['bin', 'bin', (key) => store.findBin({ workspace, key })],
    ['rpl', 'replay', (key) => store.findReplay(workspace, key)],
  ];
  for (const [prefix, kind, find] of ways) {
    const key = parseId(prefix, q);
    if (key !== null && (await find(key)) !== null) return thing(kind, q, null);
  }
  return null;
}

const PATHS: Readonly<Record<ThingKind, string>> = {
  event: 'events',
  delivery: 'deliveries',
  endpoint: 'endpoints',
  rule: 'rules',
  workflow: 'workflows',
  run: 'runs',
  bin: 'bins',
  replay: 'replays',
  event_type: 'event-types',
};

function thing(kind: ThingKind, id: string, name: string | null): ThingView {
  return { kind, id, name, path: `/v1/${PATHS[kind]}/${encodeURIComponent(id)}` };
}

// ---------------------------------------------------------------- by words

async function findByWords({ deps, workspace, q, limit }: Asked): Promise<Omit<Found, 'exact'>> {
  const words = deps.search ? wordsOf(workspace, q) : [];
  if (words.length === 0 || words.length > SEARCH_LIMITS.words.value) return { events: [], deliveries: [] };
  const page = { limit, before: null };
  const [events, deliveries] = await Promise.all([
    deps.store.findEvents(workspace, words, {}, page),
    deps.store.scanDeliveries(workspace, { words }, page),
  ]);
  return { events: events.rows, deliveries: deliveries.rows };
}

/** What has a name, as it is shown to the caller: nothing is found by what is masked. */
function things({ routing, showSecrets }: Pick<Asked, 'routing' | 'showSecrets'>) {
  const shownUrl = (url: string): string => (showSecrets ? url : maskUrl(url));
  const own = routing.eventTypes.map(({ name }) => name);
  const types = eventTypesOf(routing);
  return {
    endpoints: routing.endpoints.map((endpoint) => ({
      ...thing('endpoint', formatId('ep', endpoint.key), endpoint.name || shownUrl(endpoint.url)),
      texts: [endpoint.name, shownUrl(endpoint.url)],
    })),
    automations: routing.automations.map(({ kind, key, name }) => ({
      ...thing(kind, automationId(kind, key), name),
      texts: [name],
    })),
    eventTypes: [...new Set([...builtInEventTypes.keys(), ...own])].map((name) => {
      const title = types.get(name)?.title;
      return {
        ...thing('event_type', name, title?.en ?? name),
        texts: [name, title?.en ?? '', title?.ar ?? ''],
      };
    }),
  };
}

function namesLike(asked: Asked): Pick<SearchView, 'endpoints' | 'automations' | 'event_types'> {
  const { fold } = freshFolding();
  const options = { ignoreCase: true, ignoreArabicForms: true };
  const wanted = fold(asked.q, options);
  const like = (all: ReadonlyArray<ThingView & { texts: readonly string[] }>): ThingView[] =>
    all
      .filter(({ texts }) => texts.some((text) => fold(text, options).includes(wanted)))
      .slice(0, asked.limit)
      .map(({ texts: _texts, ...shown }) => shown);
  const { endpoints, automations, eventTypes } = things(asked);
  return { endpoints: like(endpoints), automations: like(automations), event_types: like(eventTypes) };
}
