/** `/v1/deliveries`: the log of what was sent, what was not, and why. */

import { Type } from 'typebox';
import { ATTEMPT_OUTCOMES, type AttemptOutcome } from '../../core/delivery/decide.ts';
import { DELIVERY_STATES, type DeliveryState } from '../../core/delivery/machine.ts';
import { parseId } from '../../core/ids.ts';
import type { DeliveryFilter, Page, StoredDelivery } from '../../store/records/log.ts';
import { seesSecrets, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { explainDelivery, languageOf } from '../failureTexts.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { cursorOf, pageQuery, readPage, readTimes, timeQuery } from '../paging.ts';
import { faulty, notFound } from '../problem.ts';
import { readIndexedUntil, readWords, textQuery } from '../searchText.ts';
import { showDeliveries, showDeliveryInFull, stateOf } from '../shownDeliveries.ts';

const SOURCES = ['subscription', 'rule', 'workflow', 'test', 'replay'] as const;

const DeliveryQuery = Type.Object(
  {
    ...pageQuery,
    ...timeQuery,
    endpoint_id: Type.Optional(Type.String({ maxLength: 64 })),
    event_id: Type.Optional(Type.String({ maxLength: 128 })),
    state: Type.Optional(
      Type.String({
        pattern: `^(${DELIVERY_STATES.join('|')})(,(${DELIVERY_STATES.join('|')}))*$`,
        description: `One of ${DELIVERY_STATES.join(', ')}, or several with commas: \`pending,waiting\`.`,
      }),
    ),
    status: Type.Optional(
      Type.String({
        pattern: '^[1-5](\\d\\d|xx)$',
        description: 'HTTP status of the last attempt, such as `503`, or a class of them, such as `5xx`.',
      }),
    ),
    outcome: Type.Optional(
      oneOf(ATTEMPT_OUTCOMES, {
        description: 'How the last attempt ended: which class of error, or success.',
      }),
    ),
    source: Type.Optional(
      Type.String({
        maxLength: 64,
        description: `What asked for it: ${SOURCES.join(', ')}, or the id of a rule, workflow or endpoint.`,
      }),
    ),
    ...textQuery,
    type: Type.Optional(Type.String({ maxLength: 128, description: 'An event type.' })),
    subject: Type.Optional(
      Type.String({ maxLength: 1024, description: 'The contact that the event is about.' }),
    ),
  },
  { additionalProperties: false },
);

export function deliveryRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/deliveries',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listDeliveries',
          summary: 'List deliveries',
          tag: 'Deliveries',
          access: 'read',
          description:
            'Where little matches, a page may have fewer deliveries than its limit, or none, and still a `next_cursor`.',
          answers: { 200: { schema: ref('DeliveryPage'), description: 'Deliveries, newest first.' } },
        }),
        querystring: DeliveryQuery,
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { state, type, subject, endpoint_id, event_id, text } = request.query;
      const page = readPage(request.query);
      const filter: DeliveryFilter = {
        ...readTimes(request.query),
        ...(type === undefined ? {} : { type }),
        ...(subject === undefined ? {} : { subject }),
        ...readDetails(request.query),
        ...(text === undefined ? {} : { words: readWords(deps, workspace, text, 'text') }),
      };
      const indexed = text === undefined ? {} : { indexed_until: await readIndexedUntil(deps, workspace) };
      if (endpoint_id !== undefined) filter.endpoint = readEndpointId(endpoint_id);
      if (event_id !== undefined) {
        const event = await deps.store.findEvent(workspace, event_id);
        if (!event) return { data: [], next_cursor: null, ...indexed };
        filter.event = event.key;
      }
      const { rows, next } = await scan(deps, workspace, filter, statesOf(state), page);
      const shown = await showDeliveries(deps, workspace, rows);
      const language = languageOf(request);
      return { data: shown.map((view) => explainDelivery(view, language)), next_cursor: next, ...indexed };
    },
  );

  app.get(
    '/v1/deliveries/:id',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getDelivery',
          summary: 'Get a delivery with every attempt in full',
          tag: 'Deliveries',
          access: 'read',
          description: "The values of an endpoint's own headers are masked unless the key may manage.",
          answers: { 200: { schema: ref('DeliveryDetail'), description: 'The delivery.' } },
        }),
        params: idParams('delivery'),
      },
    },
    async (request) => {
      const row = await findDelivery(deps, workspaceOf(request), request.params.id);
      const showSecrets = seesSecrets(request);
      const shown = await showDeliveryInFull(deps, workspaceOf(request), row, { showSecrets });
      return explainDelivery(shown, languageOf(request));
    },
  );
}

/** Throws a Problem where there is none of this id. */
export async function findDelivery(
  deps: Pick<HttpDeps, 'store'>,
  workspace: number,
  id: string,
): Promise<StoredDelivery> {
  const key = parseId('dlv', id);
  const row = key === null ? null : await deps.store.findDelivery(workspace, key);
  if (!row) throw notFound('delivery', id);
  return row;
}

function readEndpointId(id: string): number {
  const key = parseId('ep', id);
  if (key === null) {
    throw faulty('invalid_request', [
      { field: '/endpoint_id', message: 'is not the id of an endpoint (ep_…)', in: 'query' },
    ]);
  }
  return key;
}

function statesOf(state: string | undefined): DeliveryState[] {
  return state === undefined ? [] : ([...new Set(state.split(','))] as DeliveryState[]);
}

/** What is asked of its last attempt, and of who asked for it. */
function readDetails({
  status,
  outcome,
  source,
}: {
  status?: string;
  outcome?: AttemptOutcome;
  source?: string;
}): Pick<DeliveryFilter, 'status' | 'outcome' | 'source'> {
  const from = status === undefined ? null : Number(status.replace('xx', '00'));
  return {
    ...(from === null ? {} : { status: { from, through: status?.endsWith('xx') ? from + 99 : from } }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(source === undefined ? {} : { source: readSource(source) }),
  };
}

const SOURCE_IDS = { ep: 'subscription', rule: 'rule', wf: 'workflow' } as const;

function readSource(text: string): NonNullable<DeliveryFilter['source']> {
  const kind = SOURCES.find((known) => known === text);
  if (kind !== undefined) return { kind, id: null };
  for (const prefix of ['ep', 'rule', 'wf'] as const) {
    const id = parseId(prefix, text);
    if (id !== null) return { kind: SOURCE_IDS[prefix], id };
  }
  throw faulty('invalid_request', [
    { field: '/source', message: `is none of ${SOURCES.join(', ')}, nor an id`, in: 'query' },
  ]);
}

/** Reading further would make one call cost many; the cursor lets the caller go on. */
const MAX_SCANS = 2;

/** Stored states that may show as one of these. `sending` is not stored: both kinds of open ones may be in flight. */
function storedStates(states: readonly DeliveryState[]): ReadonlyArray<DeliveryFilter['state']> {
  if (states.length === 0) return [undefined];
  return [...new Set(states.flatMap((state) => (state === 'sending' ? OPEN : [state])))];
}

const OPEN = ['pending', 'waiting'] as const;

/**
 * A page of the visible states, or of all. What is stored differs from what shows (a pending delivery of a
 * disabled endpoint is held, one in flight is sending), so rows are judged one by one. A page may be
 * shorter than its limit and still have a next.
 */
async function scan(
  deps: HttpDeps,
  workspace: number,
  filter: DeliveryFilter,
  states: readonly DeliveryState[],
  page: Page,
): Promise<{ rows: StoredDelivery[]; next: string | null }> {
  const found: StoredDelivery[] = [];
  let before = page.before;
  for (let scans = 0; scans < MAX_SCANS && found.length < page.limit; scans += 1) {
    const from: Page = { limit: page.limit, before };
    const lists = await Promise.all(
      storedStates(states).map((stored) =>
        deps.store.scanDeliveries(
          workspace,
          stored === undefined ? filter : { ...filter, state: stored },
          from,
        ),
      ),
    );
    const ends = lists.flatMap(({ next }) => next ?? []);
    // As far as each of the lists has been looked at.
    const end = ends.length === 0 ? null : Math.max(...ends);
    const rows = lists
      .flatMap((list) => list.rows)
      .filter(({ key }) => end === null || key >= end)
      .sort((one, other) => other.key - one.key);
    found.push(...rows.filter((row) => states.length === 0 || states.includes(stateOf(row, deps))));
    if (found.length > page.limit) {
      const shown = found.slice(0, page.limit);
      return { rows: shown, next: cursorOf(shown.at(-1)?.key ?? 0) };
    }
    if (end === null) return { rows: found, next: null };
    before = end;
  }
  return { rows: found, next: before === null ? null : cursorOf(before) };
}
