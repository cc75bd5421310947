/**
 * The event types that a workspace knows: the catalog's and its own. Its own are read once per
 * routing version, since `engine.routing` hands out the same object until something changes.
 */

import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { SUGGESTION_LIMITS } from '../core/limits.ts';
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

/** Says of unknown names what might have been meant. One for each call, since its work is bounded. */
export type Suggestions = (name: string) => string;

/**
 * Pure. What is to be said of names that `types` does not have: with the one that is most like it, by at most three
 * changed, missing or added characters. After so many comparisons no more suggestions are made.
 */
export function suggestionsFrom(types: ReadonlyMap<string, EventType>): Suggestions {
  let left: number = SUGGESTION_LIMITS.comparisons.value;
  const said = new Map<string, string>();
  const closest = (name: string): string | null => {
    let best: { name: string; distance: number } | null = null;
    for (const candidate of types.keys()) {
      const within = (best?.distance ?? SUGGESTION_LIMITS.distance.value + 1) - 1;
      if (Math.abs(candidate.length - name.length) > within) continue;
      if (left === 0) return best?.name ?? null;
      left -= 1;
      const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), within);
      if (distance <= within) best = { name: candidate, distance };
    }
    return best?.name ?? null;
  };
  return (name) => {
    const known = said.get(name);
    if (known !== undefined) return known;
    const hint = name.length > 128 ? null : closest(name);
    const shown = JSON.stringify(name.length > 128 ? `${name.slice(0, 128)}…` : name);
    const text = `there is no event type ${shown}${hint === null ? '' : `; did you mean "${hint}"?`}`;
    said.set(name, text);
    return text;
  };
}

/** Where one name is told of. */
export function unknownEventType(name: string, types: ReadonlyMap<string, EventType>): string {
  return suggestionsFrom(types)(name);
}

/** Levenshtein's, with one row, of which only what may come to at most `within` is looked at; else more than that. */
function editDistance(one: string, other: string, within: number): number {
  const far = within + 1;
  let row = Array.from({ length: other.length + 1 }, (_, place) => Math.min(place, far));
  for (let at = 0; at < one.length; at += 1) {
    const next = Array.from({ length: other.length + 1 }, () => far);
    if (at + 1 <= within) next[0] = at + 1;
    const last = Math.min(other.length, at + 1 + within);
    for (let place = Math.max(1, at + 1 - within); place <= last; place += 1) {
      const changed = (row[place - 1] ?? far) + (one[at] === other[place - 1] ? 0 : 1);
      next[place] = Math.min(changed, (row[place] ?? far) + 1, (next[place - 1] ?? far) + 1, far);
    }
    row = next;
  }
  return row[other.length] ?? far;
}
