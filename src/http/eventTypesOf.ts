/**
 * The event types that a workspace knows: the catalog's and its own. Its own are read once per
 * routing version, since `engine.routing` hands out the same object until something changes.
 */

import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import type { CustomEventType } from '../store/records/administration.ts';
import type { Routing } from '../store/records/routing.ts';

const known = new WeakMap<Routing, ReadonlyMap<string, EventType>>();

export function eventTypesOf(routing: Routing): ReadonlyMap<string, EventType> {
  const held = known.get(routing);
  if (held) return held;
  // The catalog comes last: a type that ships with the product is not to be redefined.
  const types = new Map([
    ...routing.eventTypes.map((type): [string, EventType] => [type.name, readDefinition(type)]),
    ...builtInEventTypes,
  ]);
  known.set(routing, types);
  return types;
}

/** What was stored by routes/eventTypes.ts. */
export function readDefinition(type: CustomEventType): EventType {
  const definition: Omit<EventType, 'name'> = JSON.parse(type.definition);
  return { ...definition, name: type.name };
}

/** Pure. The known name that is most like `name`, for a hint; null where none is like it. */
export function closestName(name: string, names: Iterable<string>): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= Math.max(2, candidate.length / 3) && (!best || distance < best.distance)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name ?? null;
}

export function unknownEventType(name: string, types: ReadonlyMap<string, EventType>): string {
  const hint = name.length > 128 ? null : closestName(name, types.keys());
  const shown = JSON.stringify(name.length > 128 ? `${name.slice(0, 128)}…` : name);
  return `there is no event type ${shown}${hint === null ? '' : `; did you mean "${hint}"?`}`;
}

/** Levenshtein's, with one row. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let at = 0; at < one.length; at += 1) {
    const next = [at + 1];
    for (let place = 0; place < other.length; place += 1) {
      const changed = (row[place] ?? 0) + (one[at] === other[place] ? 0 : 1);
      next.push(Math.min(changed, (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
