/**
 * Conditions on a delivery's state, in the words of the partial indexes (migrations.ts). As
 * literals: SQLite matches an index's condition by its text, and a bound parameter has none.
 */

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { StoredState } from '../../core/delivery/machine.ts';

type Column = 'state' | 'd.state';

export function isOpen(column: Column): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.ref(column)} IN ('pending', 'waiting')`;
}

export function isInState(column: Column, state: StoredState): RawBuilder<SqlBool> {
  const is = sql<SqlBool>`${sql.ref(column)} = ${sql.lit(state)}`;
  switch (state) {
    case 'pending':
    case 'waiting':
      return sql<SqlBool>`${is} AND ${isOpen(column)}`;
    case 'dropped':
    case 'skipped':
      return sql<SqlBool>`${is} AND ${sql.ref(column)} IN ('dropped', 'skipped')`;
    case 'delivered':
      return is;
  }
  return state satisfies never;
}

/**
 * Of a lane `l`: the sequence behind which its open deliveries begin. Before it all have ended, or count as
 * skipped (skips.ts).
 */
export const FIRST_OPEN_AFTER: RawBuilder<number> = sql<number>`(CASE WHEN l.skip_through > l.done_sequence
  THEN l.skip_through ELSE l.done_sequence END)`;

/** Of an open delivery `d` and its lane `l`: that it does not count as skipped. */
export const isUnmarked: RawBuilder<SqlBool> = sql<SqlBool>`d.sequence > l.skip_through`;

/** The opposite. */
export const isMarked: RawBuilder<SqlBool> = sql<SqlBool>`d.sequence <= l.skip_through`;
