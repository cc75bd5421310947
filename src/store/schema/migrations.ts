/**
 * The schema's steps, forward-only, each one transaction (run by Kysely's Migrator). One text
 * serves both databases; `Types` holds what differs. A step that has shipped is never edited:
 * add the next one.
 *
 * PostgreSQL's primary keys start with the workspace, so that tables can be partitioned or
 * sharded by it. SQLite's row id is the key itself, which makes appending cheap.
 */

import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { automation } from './automationStep.ts';
import { customersStep } from './customersStep.ts';
import { failurePolicy } from './failurePolicyStep.ts';
import { flows } from './flowsStep.ts';
import { jobsStep } from './jobsStep.ts';
import { logCost } from './logCostStep.ts';
import { mailStep } from './mailStep.ts';
import { networkStep } from './networkStep.ts';
import { peopleStep } from './peopleStep.ts';
import { requestsStep } from './requestsStep.ts';
import { runsStep } from './runsStep.ts';
import type { Schema } from './schema.ts';
import type { Step, Types } from './schemaStep.ts';
import { searchStep } from './searchStep.ts';
import { shardable } from './shardableStep.ts';
import { lanesByKey, slices } from './sliceStep.ts';
import { startStep } from './startStep.ts';
import { statsStep } from './statsStep.ts';
import { traceStep } from './traceStep.ts';

/** Columns in the words of each database: SQLite's indexes end with the key by themselves. */
const openByAge = (columns: string): string =>
  `CREATE INDEX deliveries_open_by_age ON deliveries (${columns}) WHERE state IN ('pending', 'waiting')`;

export const SQLITE_TYPES: Types = {
  int: 'INTEGER',
  bytes: 'BLOB',
  key: 'key INTEGER PRIMARY KEY',
  serial: 'key INTEGER PRIMARY KEY AUTOINCREMENT',
  primary: () => '',
  clustered: 'WITHOUT ROWID',
  roomy: '',
  // PostgreSQL's primary keys start with the workspace already.
  extra: [
    'CREATE INDEX events_by_workspace ON events (workspace)',
    'CREATE INDEX deliveries_by_workspace ON deliveries (workspace)',
    openByAge('workspace'),
  ],
};

export const POSTGRES_TYPES: Types = {
  int: 'bigint',
  bytes: 'bytea',
  key: 'key bigint NOT NULL',
  serial: 'key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  primary: (columns) => `, PRIMARY KEY (${columns})`,
  clustered: '',
  // Rows that are updated soon after they are written: room on the page keeps the update there.
  roomy: 'WITH (fillfactor = 70)',
  extra: [
    openByAge('workspace, key'),
    'CREATE UNIQUE INDEX lanes_by_key ON lanes (key)',
    // Publishing holds this lock shared from before it reads the version until it has committed, and
    // every change of the version takes it alone: so a change is seen by all that commits after it.
    // A function that is VOLATILE sees what was committed while it waited for the lock.
    `CREATE FUNCTION mirsal_routing_version(of bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock_shared(of);
        RETURN (SELECT routing_version FROM workspaces WHERE key = of);
      END $$`,
    `CREATE FUNCTION mirsal_lock_routing() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock(NEW.key);
        RETURN NEW;
      END $$`,
    `CREATE TRIGGER lock_routing BEFORE UPDATE OF routing_version ON workspaces
      FOR EACH ROW EXECUTE FUNCTION mirsal_lock_routing()`,
  ],
};

const first: Step = ({ int, bytes, key, primary, clustered, roomy, extra }) => [
  `CREATE TABLE workspaces (${key}, name text NOT NULL, plan text NOT NULL, settings text NOT NULL,
    routing_version ${int} NOT NULL, created_at ${int} NOT NULL ${primary('key')})`,
  `CREATE TABLE api_keys (${key}, workspace ${int}, name text NOT NULL, prefix text NOT NULL,
    hash text NOT NULL UNIQUE, scopes text NOT NULL, created_at ${int} NOT NULL, revoked_at ${int} ${primary('key')})`,
  'CREATE INDEX api_keys_by_workspace ON api_keys (workspace)',
  `CREATE TABLE event_types (workspace ${int} NOT NULL, name text NOT NULL, definition text NOT NULL,
    created_at ${int} NOT NULL, updated_at ${int} NOT NULL, PRIMARY KEY (workspace, name)) ${clustered}`,
  `CREATE TABLE endpoints (${key}, workspace ${int} NOT NULL, url text NOT NULL, name text NOT NULL,
    event_types text NOT NULL, condition text, ordering text NOT NULL, retry text NOT NULL,
    timeout_ms ${int} NOT NULL, sealed_headers ${bytes}, signature text NOT NULL, lanes text NOT NULL,
    disabled_reason text, disabled_at ${int}, disabled_by text,
    created_at ${int} NOT NULL, updated_at ${int} NOT NULL, deleted_at ${int} ${primary('workspace, key')})`,
  'CREATE INDEX endpoints_by_workspace ON endpoints (workspace) WHERE deleted_at IS NULL',
  `CREATE TABLE secrets (${key}, workspace ${int} NOT NULL, endpoint ${int} NOT NULL, kind text NOT NULL,
    sealed ${bytes} NOT NULL, created_at ${int} NOT NULL, expires_at ${int} ${primary('workspace, key')})`,
  'CREATE INDEX secrets_by_endpoint ON secrets (workspace, endpoint)',
  `CREATE TABLE lanes (${key}, workspace ${int} NOT NULL, endpoint ${int} NOT NULL,
    last_sequence ${int} NOT NULL, done_sequence ${int} NOT NULL, owner text, epoch ${int} NOT NULL
    ${primary('workspace, key')}) ${roomy}`,
  'CREATE INDEX lanes_by_endpoint ON lanes (workspace, endpoint)',
  `CREATE TABLE nodes (node text PRIMARY KEY, slot ${int} NOT NULL UNIQUE, lease_until ${int} NOT NULL) ${roomy}`,
  `CREATE TABLE events (${key}, workspace ${int} NOT NULL, id text NOT NULL, type text NOT NULL, subject text,
    created_at ${int} NOT NULL, accepted_at ${int} NOT NULL, hash text NOT NULL, test ${int} NOT NULL,
    deliveries ${int} NOT NULL ${primary('workspace, key')})`,
  'CREATE UNIQUE INDEX events_by_id ON events (workspace, id)',
  'CREATE INDEX events_by_type ON events (workspace, type, key)',
  'CREATE INDEX events_by_subject ON events (workspace, subject, key) WHERE subject IS NOT NULL',
  `CREATE TABLE event_bodies (event ${int} ${primary('') === '' ? 'PRIMARY KEY' : 'NOT NULL'},
    workspace ${int} NOT NULL, body text NOT NULL, account text, verdicts text, warnings text
    ${primary('workspace, event')})`,
  `CREATE TABLE deliveries (${key}, workspace ${int} NOT NULL, event ${int} NOT NULL, endpoint ${int} NOT NULL,
    lane ${int} NOT NULL, sequence ${int} NOT NULL, message ${int} NOT NULL,
    source_kind text NOT NULL, source_id ${int}, replay_of ${int}, state text NOT NULL, reason text,
    attempts ${int} NOT NULL, waited_ms ${int} NOT NULL, next_attempt_at ${int},
    created_at ${int} NOT NULL, ended_at ${int} ${primary('workspace, key')}) ${roomy}`,
  // What is open, by lane, for its owner; newest first, for people, by openByAge. Both are small.
  `CREATE INDEX deliveries_open ON deliveries (lane, sequence) WHERE state IN ('pending', 'waiting')`,
  'CREATE INDEX deliveries_by_event ON deliveries (workspace, event)',
  'CREATE INDEX deliveries_by_endpoint ON deliveries (workspace, endpoint, key)',
  // Nearly every row is delivered; that state is found by reading newest first.
  `CREATE INDEX deliveries_unsent ON deliveries (workspace, state, key) WHERE state IN ('dropped', 'skipped')`,
  `CREATE TABLE attempts (workspace ${int} NOT NULL, delivery ${int} NOT NULL, number ${int} NOT NULL,
    started_at ${int} NOT NULL, duration_ms ${int} NOT NULL, outcome text NOT NULL, status ${int}, error text,
    note text, address text, timings text NOT NULL, url text NOT NULL, request_headers text NOT NULL,
    response_headers text, response_body ${bytes}, truncated ${int} NOT NULL,
    PRIMARY KEY (workspace, delivery, number)) ${clustered}`,
  `CREATE TABLE idempotency_keys (workspace ${int} NOT NULL, idempotency_key text NOT NULL, hash text NOT NULL,
    answer text NOT NULL, created_at ${int} NOT NULL, PRIMARY KEY (workspace, idempotency_key)) ${clustered}`,
  'CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)',
  `CREATE TABLE bins (${key}, workspace ${int} NOT NULL, token text NOT NULL UNIQUE, answer text NOT NULL,
    created_at ${int} NOT NULL, expires_at ${int} NOT NULL ${primary('key')})`,
  'CREATE INDEX bins_by_workspace ON bins (workspace, key)',
  `CREATE TABLE bin_requests (${key}, bin ${int} NOT NULL, at ${int} NOT NULL, method text NOT NULL,
    path text NOT NULL, headers text NOT NULL, body ${bytes} NOT NULL, truncated ${int} NOT NULL,
    signature text NOT NULL ${primary('key')})`,
  'CREATE INDEX bin_requests_by_bin ON bin_requests (bin, key)',
  ...extra,
];

const ATTEMPT_COLUMNS = `workspace, delivery, number, started_at, duration_ms, outcome, status, error, note,
  address, timings, url, request_headers, response_headers, response_body, truncated`;

/**
 * SQLite keeps the rows of a clustered table in an index. An attempt has some 900 bytes: four fill a page, the
 * inner ones too, so that a million make a tree of some nine levels. Rows of a table are appended, and the
 * index beside them is small.
 */
const attemptsByRow: Step = ({ int, bytes, clustered }) =>
  clustered === ''
    ? []
    : [
        'ALTER TABLE attempts RENAME TO attempts_in_index',
        `CREATE TABLE attempts (workspace ${int} NOT NULL, delivery ${int} NOT NULL, number ${int} NOT NULL,
          started_at ${int} NOT NULL, duration_ms ${int} NOT NULL, outcome text NOT NULL, status ${int}, error text,
          note text, address text, timings text NOT NULL, url text NOT NULL, request_headers text NOT NULL,
          response_headers text, response_body ${bytes}, truncated ${int} NOT NULL,
          PRIMARY KEY (workspace, delivery, number))`,
        `INSERT INTO attempts (${ATTEMPT_COLUMNS}) SELECT ${ATTEMPT_COLUMNS} FROM attempts_in_index
          ORDER BY workspace, delivery, number`,
        'DROP TABLE attempts_in_index',
      ];

/** In order; the name is what the database remembers. */
const STEPS: ReadonlyArray<readonly [name: string, step: Step]> = [
  ['0001_first', first],
  ['0002_failure_policy', failurePolicy],
  ['0003_automation', automation],
  ['0004_attempts_by_row', attemptsByRow],
  ['0005_slices', (types) => [...slices(types), ...(types.clustered === '' ? lanesByKey : [])]],
  ['0006_runs', runsStep],
  ['0008_start', startStep],
  ['0009_log_cost', logCost],
  ['0010_shardable', shardable],
  ['0011_mails', mailStep],
  ['0012_flows', flows],
  ['0013_network', networkStep],
  ['0014_stats', statsStep],
  ['0015_people', peopleStep],
  ['0016_jobs', (types) => [...jobsStep(types), ...requestsStep(types)]],
  ['0017_customers', customersStep],
  ['0018_search', searchStep],
  ['0019_trace', traceStep],
];

/** The steps for one database, as Kysely's Migrator takes them. */
export function migrations(types: Types): Record<string, Migration> {
  return Object.fromEntries(
    STEPS.map(([name, step]) => [
      name,
      {
        async up(db: Kysely<Schema>) {
          for (const statement of step(types)) await sql.raw(statement).execute(db);
        },
      },
    ]),
  );
}
