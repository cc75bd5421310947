/**
 * The event types that a workspace knows: the catalog's and its own. Its own are read once per
 * routing version, since `engine.routing` hands out the same object until something changes.
 */

import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { storedEventType } from '../core/catalog/storedEventType.ts';
import { SUGGESTION_LIMITS } from '../core/limits.ts';
import type { Routing } from '../store/records/routing.ts';

const known = new WeakMap<Routing, ReadonlyMap<string, EventType>>();

export function eventTypesOf(routing: Routing): ReadonlyMap<string, EventType> {
  const held = known.get(routing);
  if (held) return held;
  // The catalog comes last: a type that ships with the product is not to be redefined.
  const types = new Map([
    ...routing.eventTypes.map((type): [string, EventType] => [type.name, storedEventType(type)]),
    ...builtInEventTypes,
  ]);
  known.set(routing, types);
  return types;
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

/** Levenshtein's, of which only what may come to at most `within` is looked at; else any larger number. */
function editDistance(one: string, other: string, within: number): number {
  const far = within + 1;
  let row = Uint8Array.from({ length: other.length + 2 }, (_, place) => Math.min(place, far));
  let next = new Uint8Array(other.length + 2).fill(far);
  for (let at = 1; at <= one.length; at += 1) {
    const from = Math.max(1, at - within);
    const last = Math.min(other.length, at + within);
    next[from - 1] = from === 1 ? Math.min(at, far) : far;
    let least = next[from - 1] ?? far;
    for (let place = from; place <= last; place += 1) {
      const changed = (row[place - 1] ?? far) + (one[at - 1] === other[place - 1] ? 0 : 1);
      const distance = Math.min(changed, (row[place] ?? far) + 1, (next[place - 1] ?? far) + 1, far);
      next[place] = distance;
      least = Math.min(least, distance);
    }
    next[last + 1] = far;
    if (least > within) return far;
    [row, next] = [next, row];
  }
  return row[other.length] ?? far;
}
