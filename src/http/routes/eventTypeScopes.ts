/** `/v1/event-types/{name}/scopes`: what a rule's trigger can be narrowed to, out of what was seen (B2). */

import type { EventType } from '../../core/catalog/eventType.ts';
import { isExactNumber, readExact } from '../../core/json/exact.ts';
import { getPath, parsePointer } from '../../core/json/pointer.ts';
import type { StoredEvent } from '../../store/records/log.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { eventTypesOf } from '../eventTypesOf.ts';
import { describe, ref } from '../operation.ts';
import {
  MAX_SEEN_EVENTS,
  MAX_SEEN_VALUES,
  type SeenId,
  type SeenScope,
  seenScopeView,
} from '../views/seenScope.ts';
import { routingOf } from './endpoints.ts';
import { eventTypeNameParams, unknownType } from './eventTypes.ts';

const EVENTS_AT_ONCE = 20;
/** Characters of a body that is looked into: a page of them takes the loop some 15 ms. A larger one is passed over. */
const MAX_BODY = 64 * 1024;
/** Characters of bodies: a type of large events is looked through less far. */
const MAX_READ = 8 * 1024 * 1024;

export function eventTypeScopesRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/event-types/:name/scopes',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listEventTypeScopes',
          summary: 'List what a trigger can be narrowed to: the funnel steps, tags, … seen lately',
          tag: 'Event types',
          access: 'read',
          description: 'Out of the latest events of the type whose bodies are still kept.',
          answers: { 200: { schema: ref('SeenScopes'), description: 'By scope.' } },
        }),
        params: eventTypeNameParams,
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { name } = request.params;
      const types = eventTypesOf(await routingOf(deps, workspace));
      const type = types.get(name);
      if (!type) throw unknownType(name, types);
      return seenScopes(deps, workspace, type);
    },
  );
}

async function seenScopes(deps: HttpDeps, workspace: number, type: EventType) {
  const seen = type.scopes.map((scope) => ({ scope, values: new Map<string, SeenId>() }));
  let lookedAt = 0;
  let read = 0;
  let before: number | null = null;
  while (type.scopes.length > 0 && lookedAt < MAX_SEEN_EVENTS && read < MAX_READ) {
    const page = { limit: EVENTS_AT_ONCE, before };
    const events: StoredEvent[] = await deps.store.listEvents(workspace, { type: type.name }, page);
    for (const event of events) {
      read += event.body?.length ?? 0;
      note(event, seen);
    }
    lookedAt += events.length;
    before = events.at(-1)?.key ?? null;
    if (events.length < EVENTS_AT_ONCE) break;
  }
  return { data: seen.map(seenScopeView), events_looked_at: lookedAt };
}

/** Events come newest first, so the first label is the latest. Samples sent as tests name what is nowhere. */
function note({ body, acceptedAt, test }: StoredEvent, seen: readonly SeenScope[]): void {
  if (body === null || test || body.length > MAX_BODY) return;
  const value = readExact(body);
  for (const { scope, values } of seen) {
    const id = getPath(value, parsePointer(scope.pointer));
    if (!id.found || !isId(id.value)) continue;
    const key = JSON.stringify(id.value);
    const known = values.get(key);
    if (known !== undefined) {
      known.count += 1;
      continue;
    }
    if (values.size === MAX_SEEN_VALUES) continue;
    const label = getPath(value, parsePointer(scope.labelPointer));
    values.set(key, {
      id: id.value,
      label: label.found && typeof label.value === 'string' ? label.value : null,
      lastSeenAt: acceptedAt,
      count: 1,
    });
  }
}

function isId(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || isExactNumber(value);
}
