/**
 * Filling the index by which events are found (search.ts), and taking something out of it. For both databases.
 *
 * Whoever puts something into a workspace's index holds its mark, so that each event is either read when its block is
 * made, or seen to be late. What is taken out leaves an empty row: whoever has read the event before finds that it is
 * there. Of an event whose body retention has deleted meanwhile, nothing is put in.
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
      const sealed = await readSealed(read, workspace);
      const { rows } =
        await sql`SELECT d.event ${unsealed(workspace, sealed, before)} LIMIT 1 OFFSET ${BLOCK - 1}`.execute(
          read,
        );
      if (rows.length === 0) return false;
      return write.transaction().execute((trx) => seal(trx, dialect, workspace, before));
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
  const these = sql`workspace = ${workspace} AND event IN (${sql.join(events)})`;
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM search_docs WHERE ${these} AND terms <> ''`.execute(trx);
  await sql`INSERT INTO search_docs (workspace, event, terms)
    SELECT CAST(${workspace} AS bigint), e.key, '' FROM events e
    WHERE e.workspace = ${workspace} AND e.key IN (${sql.join(events)})
    ON CONFLICT (workspace, event) DO UPDATE SET terms = ''`.execute(trx);
  await sql`DELETE FROM search_docs WHERE ${these} AND NOT EXISTS (
    SELECT 1 FROM events e WHERE e.workspace = ${workspace} AND e.key = search_docs.event)`.execute(trx);
  return Number(rows[0]?.count);
}

// ---------------------------------------------------------------- blocks

async function readSealed(db: Kysely<Schema>, workspace: number, lock = sql``): Promise<number> {
  const { rows } = await sql<{ sealed: number }>`
    SELECT sealed FROM search_marks WHERE workspace = ${workspace} ${lock}`.execute(db);
  return rows[0]?.sealed ?? 0;
}

const unsealed = (workspace: number, sealed: number, before: number) => sql`FROM search_docs d
  WHERE d.workspace = ${workspace} AND d.event > ${sealed} AND d.event < ${before} ORDER BY d.event`;

/** Whether there may be more. */
async function seal(
  trx: Transaction<Schema>,
  dialect: SearchDialect,
  workspace: number,
  before: number,
): Promise<boolean> {
  // Read under the lock: what is put in by others from now on is late.
  const sealed = await readSealed(trx, workspace, dialect.lockMark);
  const { rows } = await sql<{ event: number; terms: string }>`
    SELECT d.event, d.terms ${unsealed(workspace, sealed, before)} LIMIT ${BLOCK * BLOCKS_AT_ONCE}`.execute(
    trx,
  );
  const blocks = blocksOf(rows);
  const last = blocks.at(-1);
  if (last === undefined) return false;
  await dialect.insertBlocks(trx, workspace, blocks);
  await sql`UPDATE search_marks SET sealed = ${last.key} WHERE workspace = ${workspace}`.execute(trx);
  return blocks.length === BLOCKS_AT_ONCE;
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
  const { rows } = await sql<{ key: number; events: string }>`
    SELECT key, events FROM search_queue WHERE workspace = ${workspace} ORDER BY key LIMIT ${limits.events}`.execute(
    db,
  );
  const queued = rows.map((row) => ({ ...row, keys: JSON.parse(row.events) as number[] }));
  const asked = queued.flatMap(({ keys }) => keys).slice(0, limits.events);
  if (asked.length === 0) return { done: [], left: null, events: [] };
  const taken = new Set(await withinBytes(db, workspace, asked, limits.bytes));
  const done = queued.filter(({ keys }) => keys.every((key) => taken.has(key))).map(({ key }) => key);
  const partly = queued.find(
    ({ keys }) => keys.some((key) => taken.has(key)) && !keys.every((key) => taken.has(key)),
  );
  const stays = partly?.keys.filter((key) => !taken.has(key));
  // The join's order binds SQLite, which otherwise begins with all events of the workspace.
  const events = await sql<{ key: number; type: string; body: string }>`
    SELECT e.key, e.type, b.body FROM event_bodies b CROSS JOIN events e
    WHERE b.workspace = ${workspace} AND b.event IN (${sql.join([...taken])})
      AND e.workspace = ${workspace} AND e.key = b.event AND e.key IN (${sql.join([...taken])})`.execute(db);
  return {
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
  { done, left, docs }: IndexBatch,
): Promise<void> {
  const { rows } = await sql<{ sealed: number }>`
    INSERT INTO search_marks (workspace, sealed) VALUES (${workspace}, 0)
    ON CONFLICT (workspace) DO UPDATE SET sealed = search_marks.sealed RETURNING sealed`.execute(trx);
  const sealed = rows[0]?.sealed ?? 0;
  if (done.length > 0) {
    await sql`DELETE FROM search_queue WHERE workspace = ${workspace} AND key IN (${sql.join(done)})`.execute(
      trx,
    );
  }
  if (left !== null) {
    await sql`UPDATE search_queue SET events = ${left.events}
      WHERE workspace = ${workspace} AND key = ${left.key} AND events = ${left.before}`.execute(trx);
  }
  if (docs.length === 0) return;
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
  const late = inserted.rows.filter(({ event }) => event <= sealed);
  await dialect.insertBlocks(
    trx,
    workspace,
    late.map(({ event }) => ({ first: event, key: event, terms: texts.get(event) ?? [] })),
  );
}
