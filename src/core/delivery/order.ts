/**
 * Which lane of its endpoint an event goes to (A9, P3). Pure.
 *
 * `endpoint`: one lane, strict order over everything. `subject`: strict per subject (contact);
 * events without a subject share the first lane. `none`: spread by event id.
 */

export const MAX_LANES = 64;

export type Ordering = { by: 'endpoint' } | { by: 'subject'; lanes: number } | { by: 'none'; lanes: number };

export function laneCount(ordering: Ordering): number {
  return ordering.by === 'endpoint' ? 1 : ordering.lanes;
}

/** The lane's place, 0 … laneCount - 1. The same subject always gets the same place. */
export function lanePlace(ordering: Ordering, event: { id: string; subject: string | null }): number {
  if (ordering.by === 'endpoint') return 0;
  const key = ordering.by === 'subject' ? event.subject : event.id;
  return key === null ? 0 : fnv1a(key) % ordering.lanes;
}

/** The lane, of those that an endpoint has in use, in which an event joins. Pure; throws where there are too few. */
export function chooseLane(
  endpoint: { key: number; ordering: Ordering; lanes: readonly number[] },
  event: { id: string; subject: string | null },
): number {
  const lane = endpoint.lanes[lanePlace(endpoint.ordering, event)];
  if (lane === undefined) throw new Error(`Endpoint ${endpoint.key} has fewer lanes than its ordering says.`);
  return lane;
}

/** FNV-1a, 32 bits, over UTF-16 code units: small, stable over versions, good enough to spread. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
