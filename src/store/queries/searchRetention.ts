/** What retention does to the index of events (search.ts): blocks go once none of their events is left in it. */

import { type Kysely, sql } from 'kysely';
import type { KeySpan, Purged } from '../records/retention.ts';
import type { Schema } from '../schema/schema.ts';
import type { SearchDialect } from './searchDialect.ts';

export async function purgeBlocks(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: SearchDialect,
  workspace: number,
  { after, before, limit }: KeySpan,
): Promise<Purged> {
  const { rows } = await sql<{ key: number; used: number | null }>`
    SELECT b.key, (SELECT d.event FROM search_docs d WHERE d.workspace = ${workspace}
      AND d.event >= b.first AND d.event <= b.key AND d.terms <> '' ORDER BY d.event LIMIT 1) AS used
    FROM search_blocks b WHERE b.workspace = ${workspace} AND b.key > ${after} AND b.key < ${before}
    ORDER BY b.key LIMIT ${limit}`.execute(read);
  // Nothing is put into a block once it has been made: one that is empty stays so.
  const empty = rows.filter(({ used }) => used === null).map(({ key }) => key);
  const deleted = empty.length === 0 ? 0 : await dialect.deleteBlocks(write, workspace, empty);
  return {
    deleted,
    last: rows.length < limit ? null : (rows.at(-1)?.key ?? null),
    kept: rows.find(({ used }) => used !== null)?.key ?? null,
  };
}
