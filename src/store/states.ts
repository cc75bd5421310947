/**
 * Conditions on a delivery's state, in the words of the partial indexes (migrations.ts). As
 * literals: SQLite matches an index's condition by its text, and a bound parameter has none.
 */

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { StoredState } from '../core/delivery/machine.ts';

export function isOpen(column: 'state' | 'd.state'): RawBuilder<SqlBool> {
  return sql<SqlBool>`${sql.ref(column)} IN ('pending', 'waiting')`;
}

export function isInState(column: 'state' | 'd.state', state: StoredState): RawBuilder<SqlBool> {
  const is = sql<SqlBool>`${sql.ref(column)} = ${sql.lit(state)}`;
  return state === 'delivered' ? is : sql<SqlBool>`${is} AND ${sql.ref(column)} <> 'delivered'`;
}
