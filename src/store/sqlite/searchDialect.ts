/**
 * SQLite's blocks: an FTS5 index without contents, whose row is the block's key. A B-tree of terms took five times the
 * time and twice the room.
 */

import { type Kysely, sql } from 'kysely';
import type { SearchDialect } from '../queries/searchDialect.ts';
import type { Schema } from '../schema/schema.ts';

export const SQLITE_SEARCH: SearchDialect = {
  async insertBlocks(trx, workspace, blocks) {
    for (const { first, key, terms } of blocks) {
      await sql`INSERT INTO search_blocks (workspace, key, first) VALUES (${workspace}, ${key}, ${first})`.execute(
        trx,
      );
      await sql`INSERT INTO search_index (rowid, terms) VALUES (${key}, ${terms.join(' ')})`.execute(trx);
    }
  },
  async deleteBlocks(write, workspace, keys) {
    const remove = async (trx: Kysely<Schema>): Promise<number> => {
      const { rows } = await sql<{ key: number }>`DELETE FROM search_blocks
        WHERE workspace = ${workspace} AND key IN (${sql.join(keys)}) RETURNING key`.execute(trx);
      for (const { key } of rows) {
        await sql`DELETE FROM search_index WHERE rowid = ${key}`.execute(trx);
      }
      return rows.length;
    };
    return write.isTransaction ? remove(write) : write.transaction().execute(remove);
  },
  async findBlocks(db, { workspace, words, lower, upper, below, limit }) {
    const match = words.map((word) => `"${word}"`).join(' AND ');
    // The words are those of one workspace: no other's blocks are read.
    const { rows } = await sql<{ key: number; first: number }>`
      SELECT i.rowid AS key, b.first FROM search_index i
        CROSS JOIN search_blocks b ON b.workspace = ${workspace} AND b.key = i.rowid
      WHERE i.search_index MATCH ${match} AND i.rowid >= ${lower} AND i.rowid < ${below} AND b.first < ${upper}
      ORDER BY i.rowid DESC LIMIT ${limit}`.execute(db);
    return rows;
  },
  lockBodies: sql``,
  lockMark: sql``,
};
