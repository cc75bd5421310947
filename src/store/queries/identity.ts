/** Rows of the identity tables, as the identity library asks for them (src/identity/storage.ts). For both databases. */

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type {
  IdentityCondition,
  IdentityOrder,
  IdentityRow,
  IdentityRows,
  IdentityStore,
} from '../ports/people.ts';
import type { Schema } from '../schema/schema.ts';

const OPERATORS = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

function conditionOf({ field, operator, value }: IdentityCondition): RawBuilder<unknown> {
  const column = sql.ref(field);
  if (operator === 'in') {
    const values = Array.isArray(value) ? value : [value];
    return values.length === 0 ? sql`1 = 0` : sql`${column} IN (${sql.join(values)})`;
  }
  if (value === null) return operator === 'eq' ? sql`${column} IS NULL` : sql`${column} IS NOT NULL`;
  return sql`${column} ${sql.raw(OPERATORS[operator])} ${value}`;
}

function whereOf(conditions: readonly IdentityCondition[]): RawBuilder<unknown> {
  if (conditions.length === 0) return sql``;
  return sql`WHERE ${sql.join(conditions.map(conditionOf), sql` AND `)}`;
}

function orderOf(order: IdentityOrder | undefined): RawBuilder<unknown> {
  if (order === undefined) return sql``;
  return sql`ORDER BY ${sql.ref(order.field)} ${sql.raw(order.direction === 'asc' ? 'ASC' : 'DESC')}`;
}

function identityRows(write: Kysely<Schema>, read: Kysely<Schema>): IdentityRows {
  const all = async (db: Kysely<Schema>, query: RawBuilder<IdentityRow>): Promise<IdentityRow[]> =>
    (await query.execute(db)).rows;
  return {
    async insertIdentity(table, row) {
      const columns = Object.keys(row).map((name) => sql.ref(name));
      const [inserted] = await all(
        write,
        sql`INSERT INTO ${sql.table(table)} (${sql.join(columns)}) VALUES (${sql.join(Object.values(row))}) RETURNING *`,
      );
      if (inserted === undefined) throw new Error(`Nothing was inserted into ${table}.`);
      return inserted;
    },
    findIdentities: (table, where, { limit, order }) =>
      all(read, sql`SELECT * FROM ${sql.table(table)} ${whereOf(where)} ${orderOf(order)} LIMIT ${limit}`),
    updateIdentities(table, where, set) {
      const values = Object.entries(set).map(([name, value]) => sql`${sql.ref(name)} = ${value}`);
      return all(
        write,
        sql`UPDATE ${sql.table(table)} SET ${sql.join(values)} ${whereOf(where)} RETURNING *`,
      );
    },
    deleteIdentities: (table, where) =>
      all(write, sql`DELETE FROM ${sql.table(table)} ${whereOf(where)} RETURNING *`),
  };
}

export function identities(write: Kysely<Schema>, read: Kysely<Schema>): IdentityStore {
  return {
    ...identityRows(write, read),
    inIdentityTransaction: (run) => write.transaction().execute((trx) => run(identityRows(trx, trx))),
  };
}
