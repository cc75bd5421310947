/** Which workspaces have something to be done, so that each gets its turn. For both databases. */

import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Schema } from '../schema/schema.ts';

/**
 * Workspaces with rows `one` that fulfil the condition, ascending. `table` has an index that begins with the
 * workspace and is partial by that condition, or all of its rows fulfil it: the database goes in it from one workspace to the next, whatever
 * the number of rows. `due` is looked at within each workspace: the index goes on with what it asks for.
 */
export async function workspacesWith(
  db: Kysely<Schema>,
  table: 'runs' | 'notices' | 'mails' | 'automations' | 'search_queue',
  condition: RawBuilder<SqlBool>,
  due: RawBuilder<SqlBool> | null = null,
): Promise<number[]> {
  const next = (after: RawBuilder<unknown>) =>
    sql`(SELECT one.workspace FROM ${sql.table(table)} one WHERE ${condition} ${after} ORDER BY one.workspace LIMIT 1)`;
  // A scalar subquery, which no planner turns into a join with all that is due.
  const isDue =
    due === null
      ? sql``
      : sql`AND (SELECT 1 FROM ${sql.table(table)} one
          WHERE one.workspace = found.workspace AND ${condition} AND ${due} LIMIT 1) IS NOT NULL`;
  const { rows } = await sql<{ workspace: number }>`
    WITH RECURSIVE found(workspace) AS (
      SELECT ${next(sql``)}
      UNION ALL SELECT ${next(sql`AND one.workspace > found.workspace`)} FROM found
        WHERE found.workspace IS NOT NULL)
    SELECT workspace FROM found WHERE workspace IS NOT NULL ${isDue}`.execute(db);
  return rows.map(({ workspace }) => Number(workspace));
}
