/**
 * Finding events by text. For both databases.
 *
 *   search_queue   events that are committed and not yet indexed: written by publishing, in its transaction
 *   search_docs    what each event is found by
 *   search_blocks  runs of 64 events with all that any of them is found by; `sealed` is the last event in one
 *
 *   newest ◀──────────────────────────────────────────────▶ oldest
 *   queue (not found) │ docs after `sealed`: one by one │ blocks, by their index; then their docs one by one
 *
 * An index of each event by each term would be as large as the log, and neither FTS5 nor GIN answers "the newest of a
 * million that have this term" in bounded time. Of blocks there are few: all that have a term are found at once, and of
 * the newest few the docs are looked at. A call looks at MOST_DOCS docs and MOST_BLOCKS blocks, and says where to go on.
 *
 * The queue is what keeps the index whole: keys are made before the commit, so that an event may come to light behind
 * others with higher keys, and no mark of how far one has read could tell. One that comes late and lies before `sealed`
 * gets a block of its own.
 */

import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { firstKeyAt } from '../../core/ids.ts';
import type { SearchStore } from '../ports/search.ts';
import type { EventFilter } from '../records/log.ts';
import type { Schema } from '../schema/schema.ts';
import { readEvents } from './eventRows.ts';
import type { SearchDialect } from './searchDialect.ts';

/** Docs after `sealed` that one call looks at: some 10 ms. Usually there are some hundred. */
const MOST_DOCS = 10_000;
/** Blocks of one call, whose 16,000 docs are looked at: some 20 ms. The first few are enough for a frequent term. */
const MOST_BLOCKS = 256;
const BLOCKS_AT_FIRST = 8;
/** Calls of `findKeys` in one page: where few of the events found are of the type asked for. */
const MOST_ROUNDS = 3;

/** As they stand in a doc: each between spaces. */
export function wordsIn(words: readonly number[]): string[] {
  return words.map((word) => word.toString(36));
}

/** Whether the text column of a doc has all the words. */
export function hasWords(column: string, words: readonly number[]): RawBuilder<SqlBool> {
  const parts = wordsIn(words).map((word) => sql`${sql.ref(column)} LIKE ${`% ${word} %`}`);
  return sql`(${sql.join(parts, sql` AND `)})`;
}

export interface KeysAsked {
  workspace: number;
  words: readonly number[];
  filter: Pick<EventFilter, 'since' | 'until'>;
  before: number | null;
  limit: number;
}

export interface KeysFound {
  /** Newest first. */
  keys: number[];
  /** All that are not lower have been looked at; null where all have been. */
  next: number | null;
}

export function search(read: Kysely<Schema>, dialect: SearchDialect): SearchStore {
  return {
    async findEvents(workspace, words, filter, { limit, before }) {
      const found = [];
      let next = before;
      for (let round = 0; round < MOST_ROUNDS && found.length < limit; round += 1) {
        const some = await findKeys(read, dialect, { workspace, words, filter, before: next, limit });
        const rows = await readEvents(read, workspace, some.keys, filter);
        found.push(...rows);
        next = some.next;
        if (next === null) break;
      }
      const shown = found.slice(0, limit);
      return { rows: shown, next: found.length > limit ? (shown.at(-1)?.key ?? null) : next };
    },
    async firstUnindexed(workspace) {
      const { rows } = await sql<{ key: number | null }>`
        SELECT min(key) AS key FROM search_queue WHERE workspace = ${workspace}`.execute(read);
      return rows[0]?.key ?? null;
    },
  };
}

/** Keys of events with all the words: at most `limit`, and no lower one that was not looked at. */
export async function findKeys(
  db: Kysely<Schema>,
  dialect: SearchDialect,
  asked: KeysAsked,
): Promise<KeysFound> {
  const { workspace, filter, limit } = asked;
  const lower = filter.since === undefined ? 0 : firstKeyAt(filter.since);
  const until = filter.until === undefined ? Number.MAX_SAFE_INTEGER : firstKeyAt(filter.until);
  const upper = Math.min(until, asked.before ?? Number.MAX_SAFE_INTEGER);
  const { rows } = await sql<{ sealed: number }>`
    SELECT sealed FROM search_marks WHERE workspace = ${workspace}`.execute(db);
  const sealed = rows[0]?.sealed ?? 0;
  const found = await findLoose(db, asked, Math.max(sealed + 1, lower), upper);
  if (found.next === null && found.keys.length <= limit && lower <= sealed) {
    const older = await findInBlocks(db, dialect, asked, lower, Math.min(upper, sealed + 1));
    return cut([...found.keys, ...older.keys], older.next, limit);
  }
  return cut(found.keys, found.next, limit);
}

function cut(keys: number[], next: number | null, limit: number): KeysFound {
  const shown = keys.slice(0, limit);
  return { keys: shown, next: keys.length > limit ? (shown.at(-1) ?? null) : next };
}

/** Among the docs that are in no block yet. */
async function findLoose(
  db: Kysely<Schema>,
  { workspace, words, limit }: KeysAsked,
  lower: number,
  upper: number,
): Promise<KeysFound> {
  if (lower >= upper) return { keys: [], next: null };
  const newest = sql`FROM search_docs d WHERE d.workspace = ${workspace} AND d.event >= ${lower} AND d.event < ${upper}
    ORDER BY d.event DESC`;
  const { rows } = await sql<{ event: number }>`
    SELECT n.event FROM (SELECT d.event, d.terms ${newest} LIMIT ${MOST_DOCS}) AS n
    WHERE ${hasWords('n.terms', words)} ORDER BY n.event DESC LIMIT ${limit + 1}`.execute(db);
  const last = await sql<{ event: number }>`SELECT d.event ${newest} LIMIT 1 OFFSET ${MOST_DOCS - 1}`.execute(
    db,
  );
  return { keys: rows.map(({ event }) => event), next: last.rows[0]?.event ?? null };
}

/** Blocks may overlap, where some were made of what came late: a key is told once no block left reaches up to it. */
async function findInBlocks(
  db: Kysely<Schema>,
  dialect: SearchDialect,
  { workspace, words, limit }: KeysAsked,
  lower: number,
  upper: number,
): Promise<KeysFound> {
  const keys = new Set<number>();
  let below = Number.MAX_SAFE_INTEGER;
  let looked = 0;
  for (let count = BLOCKS_AT_FIRST; ; count = Math.min(count * 4, MOST_BLOCKS - looked)) {
    const range = { workspace, words: wordsIn(words), lower, upper, below, limit: count + 1 };
    const blocks = await dialect.findBlocks(db, range);
    const some = blocks.slice(0, count);
    for (const key of await findInRanges(db, { workspace, words, lower, upper }, some)) keys.add(key);
    const left = blocks[count];
    looked += some.length;
    const bound = left === undefined ? 0 : left.key + 1;
    const told = [...keys].filter((key) => key >= bound).sort((one, other) => other - one);
    if (left === undefined) return { keys: told, next: null };
    if (told.length > limit || looked >= MOST_BLOCKS) return { keys: told, next: bound };
    below = left.key + 1;
  }
}

async function findInRanges(
  db: Kysely<Schema>,
  {
    workspace,
    words,
    lower,
    upper,
  }: { workspace: number; words: readonly number[]; lower: number; upper: number },
  blocks: ReadonlyArray<{ key: number; first: number }>,
): Promise<number[]> {
  if (blocks.length === 0) return [];
  // A part for each, whose ends are known: joined to a list of ranges, PostgreSQL may read all docs for each of them.
  const parts = blocks.map(
    ({ key, first }) => sql`SELECT d.event FROM search_docs d WHERE d.workspace = ${workspace}
      AND d.event >= ${Math.max(first, lower)} AND d.event <= ${Math.min(key, upper - 1)} AND ${hasWords('d.terms', words)}`,
  );
  const { rows } = await sql<{ event: number }>`${sql.join(parts, sql` UNION ALL `)}`.execute(db);
  return rows.map(({ event }) => event);
}
