/** `/v1/deliveries`: the log of what was sent, what was not, and why. */

import { Type } from 'typebox';
import { DELIVERY_STATES, type DeliveryState } from '../../core/delivery/machine.ts';
import { parseId } from '../../core/ids.ts';
import type { DeliveryFilter, Page, StoredDelivery } from '../../store/records/log.ts';
import { seesSecrets, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { explainDelivery, languageOf } from '../failureTexts.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { cursorOf, pageQuery, readPage, readTimes, timeQuery } from '../paging.ts';
import { faulty, notFound } from '../problem.ts';
import { showDeliveries, showDeliveryInFull, stateOf } from '../shownDeliveries.ts';

const DeliveryQuery = Type.Object(
  {
    ...pageQuery,
    ...timeQuery,
    endpoint_id: Type.Optional(Type.String({ maxLength: 64 })),
    event_id: Type.Optional(Type.String({ maxLength: 128 })),
    state: Type.Optional(oneOf(DELIVERY_STATES)),
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
      const { state, type, subject, endpoint_id, event_id } = request.query;
      const page = readPage(request.query);
      const filter: DeliveryFilter = {
        ...readTimes(request.query),
        ...(type === undefined ? {} : { type }),
        ...(subject === undefined ? {} : { subject }),
      };
      if (endpoint_id !== undefined) filter.endpoint = readEndpointId(endpoint_id);
      if (event_id !== undefined) {
        const event = await deps.store.findEvent(workspace, event_id);
        if (!event) return { data: [], next_cursor: null };
        filter.event = event.key;
      }
      const { rows, next } = await scan(deps, workspace, filter, state, page);
      const shown = await showDeliveries(deps, workspace, rows);
      const language = languageOf(request);
      return { data: shown.map((view) => explainDelivery(view, language)), next_cursor: next };
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

/** Reading further would make one call cost many; the cursor lets the caller go on. */
const MAX_SCANS = 2;

/** Stored states that may show as `state`. `sending` is not stored: both kinds of open ones may be in flight. */
function storedStates(state: DeliveryState | undefined): ReadonlyArray<DeliveryFilter['state']> {
  return state === 'sending' ? ['pending', 'waiting'] : [state];
}

/**
 * A page of one visible state, or of all. What is stored differs from what shows (a pending delivery of a
 * disabled endpoint is held, one in flight is sending), so rows are judged one by one. A page may be
 * shorter than its limit and still have a next.
 */
async function scan(
  deps: HttpDeps,
  workspace: number,
  filter: DeliveryFilter,
  state: DeliveryState | undefined,
  page: Page,
): Promise<{ rows: StoredDelivery[]; next: string | null }> {
  const found: StoredDelivery[] = [];
  let before = page.before;
  for (let scans = 0; scans < MAX_SCANS && found.length < page.limit; scans += 1) {
    const from: Page = { limit: page.limit, before };
    const lists = await Promise.all(
      storedStates(state).map((stored) =>
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
    found.push(...rows.filter((row) => state === undefined || stateOf(row, deps) === state));
    if (found.length > page.limit) {
      const shown = found.slice(0, page.limit);
      return { rows: shown, next: cursorOf(shown.at(-1)?.key ?? 0) };
    }
    if (end === null) return { rows: found, next: null };
    before = end;
  }
  return { rows: found, next: before === null ? null : cursorOf(before) };
}
