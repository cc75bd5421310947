/**
 * `npm run bench:log`: what a long log costs. On each store a workspace gets a million deliveries, 200,000 of them
 * held, past the port; then lists, skipping, deleting and retention are timed, once each, while events are
 * published without a pause. The last column is the slowest publish meanwhile. `--rows 100000` makes the log
 * shorter, `--only sqlite` or `--only postgres` leaves the other out.
 */

import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { DAY, HOUR } from '../src/core/duration.ts';
import { createKeyMaker, firstKeyAt } from '../src/core/ids.ts';
import { realClock } from '../src/real.ts';
import { openPostgres } from '../src/store/postgres/postgres.ts';
import type { NewEvent, PublishCall } from '../src/store/records/publishing.ts';
import { openSqlite } from '../src/store/sqlite/sqlite.ts';
import type { Store } from '../src/store/store.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { temporaryDirectory } from '../test/support/process.ts';

const { values: options } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, only: { type: 'string' } },
});
const ROWS = Number(options.rows);
const HELD = ROWS / 5;
const ENDED = ROWS - HELD;
const WORKSPACE = 1;
/** Ended deliveries, held ones, and what is published meanwhile. */
const [ENDED_AT, HELD_AT, LIVE_AT] = [101, 102, 103];
const NOW = Date.now();
/** The log reaches back twenty days. */
const OLDEST = firstKeyAt(NOW - 20 * DAY);
const STEP = Math.floor((firstKeyAt(NOW - HOUR) - OLDEST) / ROWS);

/** `n` counts from 1 to ROWS. Of the ended, a tenth was dropped; each has an attempt. */
const eventKey = `(${OLDEST} + i * ${STEP})`;
const isHeld = `i > ${ENDED}`;
const timeOf = `(${NOW - 20 * DAY} + i * ${Math.floor((20 * DAY) / ROWS)})`;
const SEED = [
  `INSERT INTO workspaces (key, name, plan, settings, routing_version, created_at) VALUES (1, 'w', 'self-hosted', '{}', 1, 0)`,
  `INSERT INTO endpoints (key, workspace, url, name, event_types, ordering, retry, timeout_ms, signature, lanes, created_at,
    updated_at, disabled_at, disabled_reason)
    SELECT 100 + i, 1, 'https://example.com/', 'n', '["*"]', '{"by":"endpoint"}', '{"preset":"none"}', 5000,
      '{"v1a":false,"compatibility":"none"}', '[' || (200 + i) || ']', 0, 0, CASE WHEN i = 2 THEN 1 END,
      CASE WHEN i = 2 THEN 'manual' END FROM n WHERE i <= 3`,
  `INSERT INTO lanes (key, workspace, endpoint, last_sequence, done_sequence, slice, open) VALUES
    (201, 1, 101, ${ENDED}, ${ENDED}, 1, 0), (202, 1, 102, ${HELD}, 0, 2, 1), (203, 1, 103, 0, 0, 3, 0)`,
  `INSERT INTO events (key, workspace, id, type, subject, created_at, accepted_at, hash, test, deliveries)
    SELECT ${eventKey}, 1, 'e' || i, 't' || (i % 5), 's' || (i % 1000), ${timeOf}, ${timeOf}, 'h', 0, 1 FROM n`,
  `INSERT INTO event_bodies (event, workspace, body) SELECT ${eventKey}, 1, '{"x":' || i || '}' FROM n`,
  `INSERT INTO deliveries (key, workspace, event, endpoint, lane, sequence, message, source_kind, state, attempts, waited_ms,
    created_at, ended_at)
    SELECT ${eventKey} + 128, 1, ${eventKey}, CASE WHEN ${isHeld} THEN 102 ELSE 101 END,
      CASE WHEN ${isHeld} THEN 202 ELSE 201 END, CASE WHEN ${isHeld} THEN i - ${ENDED} ELSE i END, ${eventKey} + 128,
      'subscription', CASE WHEN ${isHeld} THEN 'pending' WHEN i % 10 = 0 THEN 'dropped' ELSE 'delivered' END,
      CASE WHEN ${isHeld} THEN 0 ELSE 1 END, 0, ${timeOf}, CASE WHEN ${isHeld} THEN NULL ELSE ${timeOf} END FROM n`,
  `INSERT INTO attempts (workspace, delivery, number, started_at, duration_ms, outcome, status, timings, url,
    request_headers, truncated)
    SELECT 1, ${eventKey} + 128, 1, ${timeOf}, 20, 'success', 200, '{}', 'https://example.com/', '[]', 0
    FROM n WHERE NOT ${isHeld}`,
];

interface Place {
  name: string;
  open(): Store;
  seed(statements: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

function sqlitePlace(): Place {
  const directory = temporaryDirectory();
  return {
    name: 'SQLite',
    open: () => openSqlite({ directory: directory.path, clock: realClock }),
    async seed(statements) {
      const db = new DatabaseSync(`${directory.path}/mirsal.db`);
      const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})`;
      db.exec('PRAGMA synchronous = OFF');
      for (const statement of statements) db.exec(withNumbers(statement, numbers));
      db.close();
    },
    remove: async () => directory.remove(),
  };
}

async function postgresPlace(): Promise<Place> {
  const server = await startPostgres();
  const url = await server.createDatabase();
  return {
    name: 'PostgreSQL',
    open: () => openPostgres({ url, clock: realClock }),
    async seed(statements) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const numbers = `WITH n AS (SELECT generate_series(1, ${ROWS}::bigint) AS i)`;
      for (const statement of statements) await client.query(withNumbers(statement, numbers));
      await client.query('ANALYZE');
      await client.end();
    },
    remove: () => server.stop(),
  };
}

/** Before the SELECT, as both databases take it. */
function withNumbers(statement: string, numbers: string): string {
  return statement.includes('FROM n') ? statement.replace(/SELECT/, `${numbers} SELECT`) : statement;
}

/** One event after the other, until stopped; `worst` is the slowest since it was last asked. */
function publishOn(store: Store): { worst(): number; count(): number; stop(): Promise<void> } {
  const keys = createKeyMaker({ first: 4, count: 4 }, 0);
  let stopped = false;
  let slowest = 0;
  let published = 0;
  const publishOne = async (): Promise<void> => {
    const key = keys.next(Date.now());
    const event: NewEvent = {
      ...{
        key,
        id: `live-${key}`,
        type: 't1',
        subject: null,
        createdAt: NOW,
        body: '{}',
        account: null,
        hash: 'h',
      },
      ...{
        verdicts: null,
        warnings: null,
        test: false,
        depth: 0,
        trace: null,
        activations: [],
        signals: false,
      },
      deliveries: [
        {
          key: keys.next(Date.now()),
          endpoint: LIVE_AT,
          lane: 203,
          source: { kind: 'subscription', id: LIVE_AT },
          body: null,
        },
      ],
    };
    const call: PublishCall = {
      ...{
        workspace: WORKSPACE,
        acceptedAt: Date.now(),
        idempotency: null,
        quota: null,
        searchable: false,
        events: [event],
      },
      routingVersion: (await store.routingVersions([WORKSPACE])).get(WORKSPACE) ?? 0,
    };
    const started = performance.now();
    const { kind } = await store.publish(call);
    slowest = Math.max(slowest, performance.now() - started);
    // Routing may move between the two.
    if (kind !== 'accepted' && kind !== 'stale') throw new Error(kind);
    published += 1;
  };
  const loop = async (): Promise<void> => {
    while (!stopped) await publishOne();
  };
  const running = loop();
  return {
    worst() {
      const worst = slowest;
      slowest = 0;
      return worst;
    },
    count: () => published,
    async stop() {
      stopped = true;
      await running;
    },
  };
}

const ms = (value: number): string => `${value.toFixed(0)} ms`.padStart(10);

/** Calls it until it answers false; says how often, and what the longest call took. */
async function inSteps(step: () => Promise<boolean>): Promise<string> {
  let [steps, longest] = [0, 0];
  for (;;) {
    const started = performance.now();
    const more = await step();
    longest = Math.max(longest, performance.now() - started);
    steps += 1;
    if (!more) return `${steps.toLocaleString('en')} steps, the longest ${longest.toFixed(0)} ms`;
  }
}

async function measure(place: Place): Promise<void> {
  const first = place.open();
  await first.migrate();
  await first.close();
  await place.seed(SEED);
  const store = place.open();
  await store.registerNode('bench', { leaseMs: DAY, sends: false });
  const publishing = publishOn(store);
  const rate = async (): Promise<string> => {
    const before = publishing.count();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return `${((publishing.count() - before) / 3).toFixed(0)}/s`;
  };
  const time = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    publishing.worst();
    const before = publishing.count();
    const started = performance.now();
    const said = await work();
    const took = performance.now() - started;
    const perSecond =
      took < 1_000 ? '' : `${((publishing.count() - before) / (took / 1000)).toFixed(0)} published/s`;
    const note = typeof said === 'string' ? said : '';
    console.log(`${what.padEnd(52)}${ms(took)}${ms(publishing.worst())}  ${note} ${perSecond}`);
  };
  console.log(
    `\n${place.name}: ${ROWS.toLocaleString('en')} deliveries, ${HELD.toLocaleString('en')} of them held`,
  );
  await rate();
  console.log(`published one at a time, nothing else going on: ${await rate()}`);
  console.log(`${''.padEnd(52)}${'took'.padStart(10)}${'publish'.padStart(10)}`);
  const page = { limit: 50, before: null };
  const lists: Record<string, Parameters<Store['scanDeliveries']>[1]> = {
    deliveries: {},
    'deliveries of an endpoint': { endpoint: ENDED_AT },
    'deliveries, held': { state: 'held' },
    'deliveries, pending': { state: 'pending' },
    'deliveries, waiting (none)': { state: 'waiting' },
    'deliveries, dropped': { state: 'dropped' },
    'deliveries, skipped (none)': { state: 'skipped' },
    'deliveries, delivered at the held endpoint (none)': { endpoint: HELD_AT, state: 'delivered' },
    'deliveries, dropped at the held endpoint (none)': { endpoint: HELD_AT, state: 'dropped' },
    'deliveries of a subject': { subject: 's5' },
    'deliveries of a type': { type: 't3' },
    'deliveries of a type (none)': { type: 'nothing' },
    'deliveries of a type at an endpoint (none)': { endpoint: ENDED_AT, type: 'nothing' },
  };
  for (const [name, filter] of Object.entries(lists)) {
    await time(name, () => store.scanDeliveries(WORKSPACE, filter, page));
  }
  await time('events', () => store.listEvents(WORKSPACE, {}, page));
  await time('events of a type and subject (none)', () =>
    store.listEvents(WORKSPACE, { type: 't3', subject: 'nobody' }, page),
  );
  await time('what 50 held deliveries wait for', () =>
    store.laneHeads(
      WORKSPACE,
      Array.from({ length: 50 }, (_, index) => ({ lane: 202, sequence: HELD - index })),
    ),
  );
  await time('what is held, counted', () => store.countOpen(WORKSPACE, [ENDED_AT, HELD_AT, LIVE_AT]));
  const filter = { since: NOW - 30 * DAY, until: NOW, states: ['delivered', 'dropped'] as const };
  await time('what a replay of all of it would send, counted', () =>
    store.countOriginals({ workspace: WORKSPACE, endpoint: ENDED_AT, createdAt: NOW, filter }),
  );
  await time('enabling, what is held is skipped', () =>
    store.enableEndpoint(WORKSPACE, HELD_AT, 'skip', 'bench', Date.now()),
  );
  await time('… and its rows are written', () => inSteps(() => store.writeSkips(WORKSPACE, 300)));
  let after = 0;
  await time('retention: attempts of a tenth of the log', () =>
    inSteps(async () => {
      const span = { after, before: OLDEST + (STEP * ROWS) / 10, limit: 200 };
      const { last } = await store.purgeAttempts(WORKSPACE, span);
      after = last ?? after;
      return last !== null;
    }),
  );
  after = 0;
  await time('retention: events of a tenth of the log', () =>
    inSteps(async () => {
      const span = { after, before: OLDEST + (STEP * ROWS) / 10, limit: 200 };
      const { last } = await store.purgeEvents(WORKSPACE, span);
      after = last ?? after;
      return last !== null;
    }),
  );
  await publishing.stop();
  await time('deleting the endpoint that was published for', () =>
    store.deleteEndpoint(WORKSPACE, LIVE_AT, Date.now(), 'bench'),
  );
  await time('… and its rows are written', () => inSteps(() => store.writeSkips(WORKSPACE, 300)));
  await store.close();
}

for (const place of [
  ...(options.only === 'postgres' ? [] : [sqlitePlace()]),
  ...(options.only === 'sqlite' ? [] : [await postgresPlace()]),
]) {
  try {
    await measure(place);
  } finally {
    await place.remove();
  }
}
