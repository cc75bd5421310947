/**
 * Work within a transaction that both databases share, written once: a generator yields statements and
 * gets their rows, so that SQLite's thread drives it at once and PostgreSQL by awaiting each.
 */

import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Schema } from '../schema/schema.ts';

/** One statement with `?` for each value. */
export interface Statement {
  sql: string;
  values: ReadonlyArray<string | number | null>;
}

export type Row = Record<string, string | number | null>;
export type Steps<T> = Generator<Statement, T, Row[]>;

/** Runs it to its end where statements are answered at once. */
export function drive<T>(steps: Steps<T>, run: (statement: Statement) => Row[]): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(run(step.value));
  return step.value;
}

/** Likewise where they are awaited. */
export async function driveAsync<T>(
  steps: Steps<T>,
  run: (statement: Statement) => Promise<Row[]>,
): Promise<T> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await run(step.value));
  return step.value;
}

/** The statement's text with `$1`, `$2` … in the place of each `?`, as PostgreSQL wants it. */
export function numbered(sql: string): string {
  let place = 0;
  return sql.replaceAll('?', () => {
    place += 1;
    return `$${place}`;
  });
}

/** Runs statements in a transaction of Kysely's. */
export function inTransaction(trx: Transaction<Schema>): (statement: Statement) => Promise<Row[]> {
  return async ({ sql: text, values }) => {
    const parts = text.split('?');
    let query: RawBuilder<Row> = sql<Row>`${sql.raw(parts[0] ?? '')}`;
    for (const [index, part] of parts.slice(1).entries()) {
      query = sql<Row>`${query}${values[index] ?? null}${sql.raw(part)}`;
    }
    return (await query.execute(trx)).rows;
  };
}
