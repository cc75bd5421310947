/**
 * `npm run bench:search`: finding events by text in a long log. On each store a workspace gets a million sales, each
 * with a delivery, one in ten dropped; they are indexed as the engine does it, and then the API is asked as a person
 * would ask. Each question is asked five times; the median is told, and the longest. `--rows 100000` makes the log
 * shorter, `--only sqlite` or `--only postgres` leaves the other out.
 */

import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { builtInEventTypes } from '../src/core/catalog/catalog.ts';
import { DAY, HOUR } from '../src/core/duration.ts';
import { firstKeyAt, formatId } from '../src/core/ids.ts';
import { termsOfEvents } from '../src/engine/searchTerms.ts';
import { realClock } from '../src/real.ts';
import { openPostgres } from '../src/store/postgres/postgres.ts';
import { openSqlite } from '../src/store/sqlite/sqlite.ts';
import type { Store } from '../src/store/store.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { startMirsal, temporaryDirectory } from '../test/support/process.ts';

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, only: { type: 'string' } },
});
const ROWS = Number(options.rows);
const NOW = Date.now();
const OLDEST = firstKeyAt(NOW - 20 * DAY);
const STEP = Math.floor((firstKeyAt(NOW - HOUR) - OLDEST) / ROWS);
const TIMES = 5;

const eventKey = `(${OLDEST} + i * ${STEP})`;
const timeOf = `(${NOW - 20 * DAY} + i * ${Math.floor((20 * DAY) / ROWS)})`;
/** Some thirty terms: ids, address, telephone and order of its own, names that thousands share, words in all of them. */
const body = `'{"type":"customer.sale.completed","data":{"customer":{"id":' || (1000000 + i) || ',"contact_id":' ||
  (20000000 + i) || ',"email":"buyer.' || i || '@example.com","fields":{"country":"MY","phone_number":"+6012' ||
  (1000000 + i) || '","first_name":"Buyer' || (i % 5000) || '","surname":"Doe' || (i % 800) ||
  '"}},"offer_price_plan":{"id":19,"name":"Course ' || (i % 50) || ' for beginners","type":"one_shot",' ||
  '"direct_charge_amount":583,"currency":"eur"},"order":{"id":' || (600000 + i) ||
  ',"created_at":"2026-01-01T00:00:00+00:00"},"order_item":{"id":' || (7000000 + i) ||
  ',"created_at":"2026-01-01T00:00:00+00:00","resources":[]}},"account":{"email":null},"created_at":"2026-01-01T00:00:00+00:00"}'`;

const seedOf = (workspace: number): string[] => [
  `INSERT INTO endpoints (key, workspace, url, name, event_types, ordering, retry, timeout_ms, signature, lanes, created_at,
    updated_at) VALUES (101, ${workspace}, 'https://example.com/', 'n', '["*"]', '{"by":"endpoint"}', '{"preset":"none"}',
      5000, '{"v1a":false,"compatibility":"none"}', '[201]', 0, 0)`,
  `INSERT INTO lanes (key, workspace, endpoint, last_sequence, done_sequence, slice, open)
    VALUES (201, ${workspace}, 101, ${ROWS}, ${ROWS}, 1, 0)`,
  `INSERT INTO events (key, workspace, id, type, subject, created_at, accepted_at, hash, test, deliveries)
    SELECT ${eventKey}, ${workspace}, 'sale-' || i, 'customer.sale.completed', '' || (20000000 + i), ${timeOf}, ${timeOf},
      'h', 0, 1 FROM n`,
  `INSERT INTO event_bodies (event, workspace, body) SELECT ${eventKey}, ${workspace}, ${body} FROM n`,
  `INSERT INTO deliveries (key, workspace, event, endpoint, lane, sequence, message, source_kind, state, reason, attempts,
    waited_ms, created_at, ended_at) SELECT ${eventKey} + 128, ${workspace}, ${eventKey}, 101, 201, i, ${eventKey} + 128,
      'subscription', CASE WHEN i % 10 = 1 THEN 'dropped' ELSE 'delivered' END, 'HTTP 503', 1, 0, ${timeOf}, ${timeOf}
    FROM n`,
  `INSERT INTO attempts (workspace, delivery, number, started_at, duration_ms, outcome, status, timings, url,
    request_headers, truncated) SELECT ${workspace}, ${eventKey} + 128, 1, ${timeOf}, 20,
      CASE WHEN i % 10 = 1 THEN 'http' ELSE 'success' END, CASE WHEN i % 10 = 1 THEN 503 ELSE 200 END, '{}',
      'https://example.com/', '[]', 0 FROM n`,
  `INSERT INTO search_queue (workspace, key, events) SELECT ${workspace}, ${eventKey}, '[' || ${eventKey} || ']' FROM n`,
];

interface Place {
  name: string;
  directory: string;
  env: Record<string, string>;
  open(): Store;
  workspace(): Promise<number>;
  seed(statements: readonly string[]): Promise<void>;
  /** What the index takes up, in MB, and all of the database. */
  size(): Promise<string>;
  remove(): Promise<void>;
}

function sqlitePlace(): Place {
  const directory = temporaryDirectory();
  const path = `${directory.path}/mirsal.db`;
  const withFile = <T>(work: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(path);
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  return {
    name: 'SQLite',
    directory: directory.path,
    env: {},
    open: () => openSqlite({ directory: directory.path, clock: realClock }),
    workspace: async () => withFile((db) => Number(db.prepare('SELECT key FROM workspaces').get()?.key)),
    async seed(statements) {
      const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})`;
      withFile((db) => {
        db.exec('PRAGMA synchronous = OFF');
        for (const statement of statements) db.exec(withNumbers(statement, numbers));
      });
    },
    size: async () =>
      withFile((db) => {
        const pages = (sql: string) => Number(db.prepare(sql).get()?.pages) * 4096;
        const index = pages('SELECT sum(length(block)) / 4096 AS pages FROM search_index_data');
        const docs = pages('SELECT sum(length(terms) + 20) / 4096 AS pages FROM search_docs');
        return `${mb(index)} for blocks and ${mb(docs)} for docs of ${mb(pages('SELECT page_count AS pages FROM pragma_page_count'))}`;
      }),
    remove: async () => directory.remove(),
  };
}

async function postgresPlace(): Promise<Place> {
  const server = await startPostgres({ shared_buffers: '256MB' });
  const url = await server.createDatabase();
  const directory = temporaryDirectory();
  const query = async (text: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(text);
    await client.end();
    return rows;
  };
  return {
    name: 'PostgreSQL',
    directory: directory.path,
    env: { MIRSAL_DATABASE_URL: url },
    open: () => openPostgres({ url, clock: realClock }),
    workspace: async () => Number((await query('SELECT key FROM workspaces'))[0]?.key),
    async seed(statements) {
      const numbers = `WITH n AS (SELECT generate_series(1, ${ROWS}::bigint) AS i)`;
      for (const statement of statements) await query(withNumbers(statement, numbers));
      await query('ANALYZE');
    },
    async size() {
      const [row] = await query(`SELECT pg_total_relation_size('search_blocks') AS blocks,
        pg_total_relation_size('search_docs') AS docs, pg_database_size(current_database()) AS all`);
      return `${mb(Number(row?.blocks))} for blocks and ${mb(Number(row?.docs))} for docs of ${mb(Number(row?.all))}`;
    },
    async remove() {
      await server.stop();
      directory.remove();
    },
  };
}

function withNumbers(statement: string, numbers: string): string {
  return statement.includes('FROM n') ? statement.replace(/SELECT/, `${numbers} SELECT`) : statement;
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(10);

/** As the engine does it (engine/indexing.ts), without its rests. */
async function index(store: Store, workspace: number): Promise<string> {
  const view = { eventType: (name: string) => builtInEventTypes.get(name) };
  const started = performance.now();
  const cpu = process.cpuUsage();
  let [longest, batches] = [0, 0];
  for (;;) {
    const from = performance.now();
    const { events, ...read } = await store.readUnindexed(workspace, { events: 100, bytes: 64 * 1024 });
    if (read.done.length === 0) break;
    await store.indexEvents(workspace, { ...read, docs: termsOfEvents(workspace, view, events) });
    await store.sealBlocks(workspace, Number.MAX_SAFE_INTEGER);
    longest = Math.max(longest, performance.now() - from);
    batches += 1;
  }
  const took = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const used = `${((user + system) / ROWS).toFixed(0)} µs of this process`;
  return `${((took * 1000) / ROWS).toFixed(0)} µs an event, ${used}; batches take ${(took / batches).toFixed(1)} ms, the longest ${longest.toFixed(0)} ms`;
}

async function ask(place: Place): Promise<void> {
  const node = await startMirsal({
    directory: place.directory,
    env: { ...place.env, MIRSAL_REQUESTS_PER_SECOND: '0' },
  });
  const time = async (what: string, path: string): Promise<void> => {
    const took: number[] = [];
    let rows = '';
    for (let turn = 0; turn < TIMES; turn += 1) {
      const from = performance.now();
      const { status, body: found } = await node.call('GET', path);
      took.push(performance.now() - from);
      if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(found)}`);
      rows = 'data' in found ? `${found.data.length} rows` : `${found.events?.length ?? 1} events`;
    }
    const sorted = took.sort((one, other) => one - other);
    console.log(`${what.padEnd(60)}${ms(sorted[TIMES >> 1] ?? 0)}${ms(sorted.at(-1) ?? 0)}  ${rows}`);
  };
  const middle = ROWS >> 1;
  const order = 600_000 + middle - (middle % 10) + 1;
  const delivery = formatId('dlv', OLDEST + (order - 600_000) * STEP + 128);
  console.log(`${''.padEnd(60)}${'median'.padStart(10)}${'longest'.padStart(10)}`);
  await time(`1st call: what is known of order ${order}`, `/v1/search?q=${order}`);
  await time('2nd call: its delivery, and why it was dropped', `/v1/deliveries/${delivery}`);
  const lists: Record<string, string> = {
    'an e-mail': `buyer.${middle}@example.com`,
    'a name that 200 share (of a million)': 'Buyer77',
    'two names that some share': 'Buyer77 Doe77',
    'two names that thousands have, but none has both': 'Doe1 Buyer2',
    'what all have': 'beginners',
    'what nobody has': 'nobodyatall',
  };
  for (const [what, text] of Object.entries(lists)) {
    await time(`events by ${what}`, `/v1/events?text=${encodeURIComponent(text)}`);
    await time(`deliveries by ${what}`, `/v1/deliveries?text=${encodeURIComponent(text)}`);
  }
  const until = new Date(NOW - 19 * DAY).toISOString();
  await time('events by what all have, far back', `/v1/events?text=beginners&until=${until}`);
  await time(
    'deliveries by what all have, dropped, 5xx',
    '/v1/deliveries?text=beginners&state=dropped,skipped&status=5xx',
  );
  await time('deliveries with another outcome (none)', '/v1/deliveries?outcome=dns');
  await node.stop();
}

async function measure(place: Place): Promise<void> {
  await (await startMirsal({ directory: place.directory, env: place.env })).stop();
  const workspace = await place.workspace();
  await place.seed(seedOf(workspace));
  console.log(`\n${place.name}: ${ROWS.toLocaleString('en')} sales`);
  const store = place.open();
  console.log(`indexing: ${await index(store, workspace)}`);
  await store.close();
  console.log(`size: ${await place.size()}`);
  await ask(place);
}

for (const open of [
  ...(options.only === 'postgres' ? [] : [async () => sqlitePlace()]),
  ...(options.only === 'sqlite' ? [] : [postgresPlace]),
]) {
  const place = await open();
  try {
    await measure(place);
  } finally {
    await place.remove();
  }
}
