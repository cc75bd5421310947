/** The rows in which plans.ts has verbs look: two hundred thousand of each table that grows. */

import { TALLIED } from '../../core/stats/counts.ts';

export const ROWS = 200_000;

/** Three workspaces, the first with nine tenths of the rows; twenty endpoints; states as in real life. */
const SEED = [
  `INSERT INTO workspaces (key, name, plan, settings, routing_version, created_at)
    SELECT i, 'w', 'p', '{}', 1, 0 FROM n WHERE i <= 3`,
  `INSERT INTO endpoints (key, workspace, url, name, event_types, ordering, retry, timeout_ms, signature, lanes,
    created_at, updated_at, disabled_at) SELECT 100 + i, 1, 'u', 'n', '[]', '{}', '{}', 1, '{}', '[]', 0, 0,
    CASE WHEN i = 1 THEN 1 END FROM n WHERE i <= 20`,
  `INSERT INTO lanes (key, workspace, endpoint, slice, last_sequence, done_sequence, open)
    SELECT 200 + i, 1, 100 + i, i, 5000, 4900, 1 FROM n WHERE i <= 20`,
  `INSERT INTO events (key, workspace, id, type, subject, created_at, accepted_at, hash, test, deliveries)
    SELECT 1000 + i, CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 'e' || i, CASE WHEN i = 5 THEN 'rare' ELSE 't' || (i % 7) END, 's' || (i % 997), i, i, 'h', 0, 1
    FROM n`,
  `INSERT INTO event_bodies (event, workspace, body)
    SELECT 1000 + i, CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, '{}' FROM n`,
  `INSERT INTO deliveries (key, workspace, event, endpoint, lane, sequence, message, source_kind, state, attempts,
    waited_ms, created_at) SELECT 500000 + i, CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 1000 + i, 101 + i % 20,
    201 + i % 20, i / 20 + 1, 500000 + i, 'subscription', CASE WHEN i > 150000 THEN 'pending' WHEN i % 10 = 1 THEN 'dropped'
    WHEN i % 10 = 3 THEN 'skipped' WHEN i % 1000 = 7 THEN 'waiting' ELSE 'delivered' END, 1, 0, i FROM n`,
  `INSERT INTO attempts (workspace, delivery, number, started_at, duration_ms, outcome, timings, url, request_headers,
    truncated) SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 500000 + i, 1, i, 1, 'success', '{}', 'u', '[]', 0 FROM n`,
  `INSERT INTO notices (workspace, kind, details, at, published_at, mailed_at)
    SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 'endpoint.disabled', '{"reason":"gone"}', i,
    CASE WHEN i < ${ROWS - 10} THEN i END, CASE WHEN i < ${ROWS - 10} THEN i END FROM n`,
  `INSERT INTO mails (workspace, recipient, language, message_id, kind, notices, state, attempts, next_attempt_at,
    created_at) SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 'a@b', 'en', 'm' || i, 'disabled', '[' || i || ']',
    CASE WHEN i < ${ROWS - 10} THEN 'sent' ELSE 'pending' END, 1, i, i FROM n`,
  `INSERT INTO mails (workspace, recipient, language, message_id, kind, notices, state, attempts, next_attempt_at,
    created_at, run, step) SELECT 1, CASE WHEN i = 7 THEN 'rare@example.com' ELSE 'a@b' END, 'en', 's' || i, 'step', '[]',
    CASE WHEN i = 9 THEN 'refused' ELSE 'sent' END, 1, i, i, 700000 + i, 'a' FROM n WHERE i <= 50000`,
];

/** Waiting runs, one in a hundred thousand due; those of a disabled workflow set aside. */
const RUNS = [
  `INSERT INTO automations (key, workspace, kind, name, position, enabled_at, version, definition, created_at, updated_at)
    SELECT i, 1, 'workflow', 'n', 0, CASE WHEN i = 1 THEN 1 END, 1, '{}', 0, 0 FROM n WHERE i <= 2`,
  `INSERT INTO automation_versions (workspace, automation, version, definition, created_by, created_at)
    SELECT 1, 1 + i % 2, i / 2, '{}', 'me', 0 FROM n WHERE i BETWEEN 2 AND 41`,
  `INSERT INTO runs (key, workspace, automation, version, event, subject, state, revision, progress, due_at, wake_at,
    waits_for, created_at) SELECT 700000 + i, 1, 1 + i % 2, 1, 1001, 's' || i, 'waiting', 1, '{}', i,
    CASE WHEN i = 7 THEN 1 WHEN i % 2 = 0 THEN 9000000000000 END, 't1', 0 FROM n`,
  `INSERT INTO runs (key, workspace, automation, version, event, subject, state, revision, progress, created_at, ended_at)
    SELECT 900000 + i, 1, 1, 1, 1001 + i, 's' || i, 'finished', 1, '{}', 0, 1 FROM n WHERE i <= 500`,
  `INSERT INTO run_events (workspace, run, step, event) SELECT 1, CASE WHEN i <= 500 THEN 900000 + i ELSE 700000 + i END,
    'w', 1000 + i FROM n WHERE i <= 500 OR i > 150000`,
  `INSERT INTO run_deliveries (workspace, delivery, run, step)
    SELECT 1, 500000 + i, 700000 + i, 's' FROM n WHERE i > 150000`,
  // One in a thousand is over.
  `INSERT INTO activations (workspace, automation, subject, count, period_ends_at)
    SELECT 1, 1 + i % 2, 's' || i, 1, CASE WHEN i % 1000 = 0 THEN 1 WHEN i % 2 = 0 THEN 9000000000000 END FROM n
    WHERE i > 150000`,
];

/** Minutes of twenty endpoints and ten event types; one in two hundred on another connection's row. */
const STATS = [
  `INSERT INTO event_stats (workspace, at, type, step, shard, events)
    SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, (i / 10) * 60000, 't' || (i % 10), 60000, CASE WHEN i % 200 = 7 THEN 9 ELSE 0 END, 1
    FROM n`,
  `INSERT INTO endpoint_stats (workspace, endpoint, at, step, shard, ${TALLIED.join(', ')})
    SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 100 + i % 20, (i / 20) * 60000, 60000, CASE WHEN i % 200 = 7 THEN 9 ELSE 0 END,
    ${TALLIED.map(() => '1').join(', ')} FROM n`,
];

/** Fifty thousand people, of whom five are in the first workspace, with what a platform's links leave behind. */
const PEOPLE = [
  `INSERT INTO people (id, name, email, email_verified, language, created_at, updated_at)
    SELECT 'usr_' || i, 'n', 'e' || i, 0, 'en', 0, 0 FROM n WHERE i <= 50000`,
  `INSERT INTO person_accounts (id, person, provider, account, password, created_at, updated_at)
    SELECT 'acc_' || i, 'usr_' || i, 'credential', 'usr_' || i, 'p', 0, 0 FROM n WHERE i <= 50000`,
  `INSERT INTO person_sessions (id, person, token, created_at, updated_at, expires_at)
    SELECT 'ses_' || i, 'usr_' || i, 't' || i, 0, 0, 9000 FROM n WHERE i <= 50000`,
  `INSERT INTO verifications (id, identifier, value, created_at, updated_at, expires_at)
    SELECT 'ver_' || i, 'i' || i, 'usr_' || i, 0, 0, 9000 FROM n WHERE i <= 50000`,
  `INSERT INTO members (workspace, person, role, created_at)
    SELECT CASE WHEN i <= 5 THEN 1 ELSE 2 END, 'usr_' || i, 'owner', 0 FROM n WHERE i <= 50000`,
  `INSERT INTO invitations (key, workspace, email, role, language, hash, created_by, created_at, expires_at)
    SELECT i, CASE WHEN i <= 5 THEN 1 ELSE 2 END, 'i' || i, 'viewer', 'en', 'h', 'me', 0, 9000 FROM n WHERE i <= 50000`,
  `INSERT INTO portal_links (key, workspace, name, scopes, hash, created_by, created_at, expires_at)
    SELECT i, 1, 'n', 'read', 'h' || i, 'me', 0, i FROM n WHERE i <= 50000`,
];

const JOBS = [
  `INSERT INTO jobs (key, workspace, kind, input, state, done, report, cursor, revision, created_by, created_at, ended_at,
    taken_at) SELECT 10 + i, i % 3, 'retry_deliveries', '{}', CASE WHEN i % 10000 = 7 THEN 'running' ELSE 'finished' END,
    0, '{}', '{}', 0, 'me', i, CASE WHEN i % 10000 <> 7 THEN i END, 0 FROM n WHERE i <= 50000`,
];
/** Some are in every event, one in a thousand, one alone, and none; half of the log is in blocks. */
export const [ALL, SOME, ONE, NONE] = ['all', 'some', 'u77', 'none'].map((word) =>
  Number.parseInt(word, 36),
) as [number, number, number, number];
const SEARCH = [
  `INSERT INTO search_docs (workspace, event, terms) SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 1000 + i,
    ' all u' || i || CASE WHEN i % 1000 = 7 THEN ' some ' ELSE ' ' END FROM n`,
  'INSERT INTO search_marks (workspace, sealed) VALUES (1, 0)',
  `INSERT INTO search_queue (workspace, key, events) SELECT 1 + i % 3, 1000 + i, '[' || (1000 + i) || ']' FROM n`,
];
/** The last event that is put into a block. */
export const SEALED = 1_000 + ROWS / 10;

/** What the others select from: counted once, and gone when the rows are there. */
const NUMBERS = [
  'CREATE TABLE n (i bigint)',
  `INSERT INTO n WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i FROM n`,
];

/** In this order; the table that the others select from is gone at the end. */
export const PLAN_ROWS: readonly string[] = [
  ...NUMBERS,
  ...SEED,
  ...RUNS,
  ...STATS,
  ...PEOPLE,
  ...JOBS,
  ...SEARCH,
  'DROP TABLE n',
];
