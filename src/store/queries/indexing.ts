/**
 * Filling the index by which events are found (search.ts), and taking something out of it. For both databases.
 *
 * Whoever changes a workspace's index holds its mark. What is taken out moves the mark's revision; a batch that was read
 * under a lower one is refused and read again, since it may hold what was to be forgotten. Of an event whose body
 * retention has deleted meanwhile, nothing is put in.
 */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import type { SearchWorkStore, UnindexStore } from '../ports/search.ts';
import type { IndexBatch, Unindexed } from '../records/search.ts';
import type { Schema } from '../schema/schema.ts';
import type { NewBlock, SearchDialect } from './searchDialect.ts';
import { workspacesWith } from './turns.ts';

/** Events of a block. With 16, a frequent term is in four times as many; with 256, more docs are looked at in vain. */
const BLOCK = 64;
const BLOCKS_AT_ONCE = 4;

export function indexing(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: SearchDialect,
): SearchWorkStore & UnindexStore {
  return {
    workspacesToIndex: () => workspacesWith(read, 'search_queue', sql<SqlBool>`1 = 1`),
    readUnindexed: (workspace, limits) => readUnindexed(read, workspace, limits),
    indexEvents: (workspace, batch) =>
      write.transaction().execute((trx) => indexBatch(trx, dialect, workspace, batch)),
    async sealBlocks(workspace, before) {
      const { sealed, revision } = await readMark(read, workspace);
      const { rows } = await sql<{ event: number; terms: string }>`
        SELECT event, terms FROM search_docs WHERE workspace = ${workspace} AND event > ${sealed} AND event < ${before}
        ORDER BY event LIMIT ${BLOCK * BLOCKS_AT_ONCE}`.execute(read);
      const blocks = blocksOf(rows);
      const last = blocks.at(-1);
      if (last === undefined) return false;
      return write.transaction().execute(async (trx) => {
        const mark = await readMark(trx, workspace, dialect.lockMark);
        if (mark.sealed !== sealed || mark.revision !== revision) return true;
        await dialect.insertBlocks(trx, workspace, blocks);
        await sql`UPDATE search_marks SET sealed = ${last.key} WHERE workspace = ${workspace}`.execute(trx);
        return blocks.length === BLOCKS_AT_ONCE;
      });
    },
    unindexEvents: (workspace, events) =>
      write.transaction().execute((trx) => unindex(trx, workspace, events)),
  };
}

/** To be part of the transaction in which what they held goes. */
export async function unindex(
  trx: Transaction<Schema>,
  workspace: number,
  events: readonly number[],
): Promise<number> {
  if (events.length === 0) return 0;
  await sql`INSERT INTO search_marks (workspace, sealed, revision) VALUES (${workspace}, 0, 1)
    ON CONFLICT (workspace) DO UPDATE SET revision = search_marks.revision + 1`.execute(trx);
  const result = await sql`DELETE FROM search_docs
    WHERE workspace = ${workspace} AND event IN (${sql.join(events)})`.execute(trx);
  return Number(result.numAffectedRows ?? 0n);
}

async function readMark(
  db: Kysely<Schema>,
  workspace: number,
  lock = sql``,
): Promise<{ sealed: number; revision: number }> {
  const { rows } = await sql<{ sealed: number; revision: number }>`
    SELECT sealed, revision FROM search_marks WHERE workspace = ${workspace} ${lock}`.execute(db);
  return rows[0] ?? { sealed: 0, revision: 0 };
}

/** Whole ones only: what is left over waits for more. */
function blocksOf(docs: ReadonlyArray<{ event: number; terms: string }>): NewBlock[] {
  const blocks: NewBlock[] = [];
  for (let from = 0; from + BLOCK <= docs.length; from += BLOCK) {
    const some = docs.slice(from, from + BLOCK);
    const terms = new Set(some.flatMap((doc) => doc.terms.split(' ')));
    terms.delete('');
    blocks.push({ first: some[0]?.event ?? 0, key: some.at(-1)?.event ?? 0, terms: [...terms] });
  }
  return blocks;
}

// ---------------------------------------------------------------- reading what is to be indexed

async function readUnindexed(
  db: Kysely<Schema>,
  workspace: number,
  limits: { events: number; bytes: number },
): Promise<Unindexed> {
  // Before the bodies: what is taken out later makes the batch void.
  const { revision } = await readMark(db, workspace);
  const { rows } = await sql<{ key: number; events: string }>`
    SELECT key, events FROM search_queue WHERE workspace = ${workspace} ORDER BY key LIMIT ${limits.events}`.execute(
    db,
  );
  const queued = rows.map((row) => ({ ...row, keys: JSON.parse(row.events) as number[] }));
  const asked = queued.flatMap(({ keys }) => keys).slice(0, limits.events);
  if (asked.length === 0) return { revision, done: [], left: null, events: [] };
  const taken = new Set(await withinBytes(db, workspace, asked, limits.bytes));
  const done = queued.filter(({ keys }) => keys.every((key) => taken.has(key))).map(({ key }) => key);
  const partly = queued.find(
    ({ keys }) => keys.some((key) => taken.has(key)) && !keys.every((key) => taken.has(key)),
  );
  const stays = partly?.keys.filter((key) => !taken.has(key));
  const events = await sql<{ key: number; type: string; body: string }>`
    SELECT e.key, e.type, b.body FROM event_bodies b
      INNER JOIN events e ON e.workspace = b.workspace AND e.key = b.event
    WHERE b.workspace = ${workspace} AND b.event IN (${sql.join([...taken])})`.execute(db);
  return {
    revision,
    done,
    left:
      partly === undefined ? null : { key: partly.key, before: partly.events, events: JSON.stringify(stays) },
    events: events.rows,
  };
}

/** The first of the events, as many as have no more bytes of bodies together, and one in any case. */
async function withinBytes(
  db: Kysely<Schema>,
  workspace: number,
  events: readonly number[],
  most: number,
): Promise<number[]> {
  const { rows } = await sql<{ event: number; bytes: number }>`
    SELECT event, octet_length(body) AS bytes FROM event_bodies
    WHERE workspace = ${workspace} AND event IN (${sql.join(events)})`.execute(db);
  const sizes = new Map(rows.map(({ event, bytes }) => [event, Number(bytes)]));
  let bytes = 0;
  const end = events.findIndex((event, place) => {
    bytes += sizes.get(event) ?? 0;
    return place > 0 && bytes > most;
  });
  return end === -1 ? [...events] : events.slice(0, end);
}

// ---------------------------------------------------------------- writing

async function indexBatch(
  trx: Transaction<Schema>,
  dialect: SearchDialect,
  workspace: number,
  { revision, done, left, docs }: IndexBatch,
): Promise<boolean> {
  const { rows } = await sql<{ sealed: number; revision: number }>`
    INSERT INTO search_marks (workspace, sealed, revision) VALUES (${workspace}, 0, 0)
    ON CONFLICT (workspace) DO UPDATE SET revision = search_marks.revision RETURNING sealed, revision`.execute(
    trx,
  );
  const mark = rows[0];
  if (mark === undefined || mark.revision !== revision) return false;
  if (done.length > 0) {
    await sql`DELETE FROM search_queue WHERE workspace = ${workspace} AND key IN (${sql.join(done)})`.execute(
      trx,
    );
  }
  if (left !== null) {
    await sql`UPDATE search_queue SET events = ${left.events}
      WHERE workspace = ${workspace} AND key = ${left.key} AND events = ${left.before}`.execute(trx);
  }
  if (docs.length === 0) return true;
  const texts = new Map(docs.map(({ event, terms }) => [event, terms.map((term) => term.toString(36))]));
  const values = [...texts].map(
    ([event, terms]) => sql`(CAST(${event} AS bigint), ${` ${terms.join(' ')} `})`,
  );
  const inserted = await sql<{ event: number }>`
    WITH v(event, terms) AS (VALUES ${sql.join(values)}),
    kept AS (SELECT v.event, v.terms FROM v INNER JOIN event_bodies b ON b.workspace = ${workspace} AND b.event = v.event
      AND b.event IN (${sql.join([...texts.keys()])}) ${dialect.lockBodies})
    INSERT INTO search_docs (workspace, event, terms) SELECT CAST(${workspace} AS bigint), kept.event, kept.terms FROM kept WHERE 1 = 1
    ON CONFLICT (workspace, event) DO NOTHING RETURNING event`.execute(trx);
  const late = inserted.rows.filter(({ event }) => event <= mark.sealed);
  await dialect.insertBlocks(
    trx,
    workspace,
    late.map(({ event }) => ({ first: event, key: event, terms: texts.get(event) ?? [] })),
  );
  return true;
}
