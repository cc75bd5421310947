/** What may be asked of deliveries, as conditions on a delivery `d`, for the lists of both databases (deliveryLists.ts). */

import { type RawBuilder, sql } from 'kysely';
import type { DeliveryFilter } from '../records/log.ts';
import { hasWords } from './search.ts';

export type Part = RawBuilder<unknown>;

// Scalar subqueries, which no planner turns into a join that begins at the other end.
export const isDisabled = sql`(SELECT p.disabled_at FROM endpoints p
  WHERE p.workspace = d.workspace AND p.key = d.endpoint)`;
/** In words that no index knows. */
export const STATE = sql`(d.state || '')`;

export function atEndpoint(endpoint: number | undefined, byIndex: boolean): Part {
  if (endpoint === undefined) return sql``;
  return byIndex ? sql`AND d.endpoint = ${endpoint}` : sql`AND +d.endpoint = ${endpoint}`;
}

export function ofType(type: string | undefined): Part {
  if (type === undefined) return sql``;
  return sql`AND (SELECT e.type FROM events e WHERE e.workspace = d.workspace AND e.key = d.event) = ${type}`;
}

export function shownAs(state: DeliveryFilter['state']): Part {
  switch (state) {
    case undefined:
      return sql``;
    case 'held':
      return sql`AND ${STATE} IN ('pending', 'waiting') AND ${isDisabled} IS NOT NULL`;
    case 'pending':
    case 'waiting':
      return sql`AND ${STATE} = ${state} AND ${isDisabled} IS NULL`;
    case 'skipped':
    case 'delivered':
    case 'dropped':
      return sql`AND ${STATE} = ${state}`;
  }
  return state satisfies never;
}

/** Of its last attempt; null before the first, and once attempts are no longer kept. */
const lastAttempt = (column: 'status' | 'outcome'): Part =>
  sql`(SELECT a.${sql.ref(column)} FROM attempts a
    WHERE a.workspace = d.workspace AND a.delivery = d.key AND a.number = d.attempts)`;

/** What no index knows: source, last attempt, and words where the events that have them are many. */
export function alsoAsked(
  { source, status, outcome }: DeliveryFilter,
  words: readonly number[] | null,
): Part[] {
  const parts: Part[] = [];
  if (source !== undefined) {
    parts.push(
      source.kind === 'replay'
        ? sql`AND d.replay_of IS NOT NULL`
        : sql`AND (d.source_kind || '') = ${source.kind}`,
    );
    if (source.id !== null) parts.push(sql`AND d.source_id = ${source.id}`);
  }
  if (status !== undefined) {
    parts.push(sql`AND ${lastAttempt('status')} BETWEEN ${status.from} AND ${status.through}`);
  }
  if (outcome !== undefined) parts.push(sql`AND ${lastAttempt('outcome')} = ${outcome}`);
  if (words !== null) {
    parts.push(sql`AND (SELECT count(*) FROM search_docs w WHERE w.workspace = d.workspace AND w.event = d.event
      AND ${hasWords('w.terms', words)}) = 1`);
  }
  return parts;
}
