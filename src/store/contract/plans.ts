/** The contract's part on plans: whatever the size of the log, no query reads all of it. */

import type { Kysely, LogEvent } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../core/duration.ts';
import { TALLIED } from '../../core/stats/counts.ts';
import type { Dialect } from '../dialect.ts';
import { audit } from '../queries/audit.ts';
import { readKeptDefinitions } from '../queries/automations.ts';
import { bins } from '../queries/bins.ts';
import { endpoints } from '../queries/endpoints.ts';
import { identities } from '../queries/identity.ts';
import { indexing } from '../queries/indexing.ts';
import { invitations, portalLinks } from '../queries/invitations.ts';
import { lanes } from '../queries/lanes.ts';
import { log } from '../queries/log.ts';
import { mails } from '../queries/mails.ts';
import { nodes } from '../queries/nodes.ts';
import { notices } from '../queries/notices.ts';
import { members, people } from '../queries/people.ts';
import { replays } from '../queries/replays.ts';
import { resending } from '../queries/resend.ts';
import { retention } from '../queries/retention.ts';
import { runs } from '../queries/runs.ts';
import { search } from '../queries/search.ts';
import { stats } from '../queries/stats.ts';
import { watching } from '../queries/watching.ts';
import type { DeliveryFilter, EventFilter } from '../records/log.ts';
import type { MailFilter } from '../records/mails.ts';
import type { ReplayableState } from '../records/replays.ts';
import type { Schema } from '../schema/schema.ts';

export interface Explained {
  db: Kysely<Schema>;
  dialect: Dialect;
  /** Those that statements made, and are not part of a table. */
  indexes(): Promise<Array<{ name: string; definition: string }>>;
  /** Called once the rows are there. */
  ready(): Promise<void>;
  /** The plan's lines. */
  explain(text: string, parameters: readonly unknown[]): Promise<string[]>;
  /** Runs a statement that only reads, and counts the rows that it looks at; null where the database does not tell. */
  rowsRead: ((text: string, parameters: readonly unknown[]) => Promise<number>) | null;
  /** A line that reads a whole table of the log. */
  readsAll: RegExp;
  /** A line that reads a table's rows of a whole workspace. */
  readsWorkspace: RegExp;
  /** By name, what the planner may know of the rows: each makes it so. */
  statistics: Record<string, () => Promise<void>>;
  close(): Promise<void>;
}

const ROWS = 200_000;
const WORKSPACE = 1;
/** That a statement may look at, however long the log: twice what a list looks at (deliveryLists.ts), and some. */
const MOST_ROWS = 12_000;

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

/** Some are in every event, one in a thousand, one alone, and none; half of the log is in blocks. */
const [ALL, SOME, ONE, NONE] = ['all', 'some', 'u77', 'none'].map((word) => Number.parseInt(word, 36)) as [
  number,
  number,
  number,
  number,
];
const SEARCH = [
  `INSERT INTO search_docs (workspace, event, terms) SELECT CASE WHEN i % 10 = 0 THEN 2 ELSE 1 END, 1000 + i,
    ' all u' || i || CASE WHEN i % 1000 = 7 THEN ' some ' ELSE ' ' END FROM n`,
  'INSERT INTO search_marks (workspace, sealed) VALUES (1, 0)',
  `INSERT INTO search_queue (workspace, key, events) SELECT 1 + i % 3, 1000 + i, '[' || (1000 + i) || ']' FROM n`,
];
/** The last event that is put into a block. */
const SEALED = 1_000 + ROWS / 10;

/** What the others select from: counted once, and gone when the rows are there. */
const NUMBERS = [
  'CREATE TABLE n (i bigint)',
  `INSERT INTO n WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS}) SELECT i FROM n`,
];

const EVENT_FILTERS: EventFilter[] = [
  {},
  { type: 't3' },
  { subject: 's5' },
  { since: 20, until: 30 },
  { type: 't3', subject: 's5', since: 20 },
];

const DELIVERY_FILTERS: DeliveryFilter[] = [
  {},
  { endpoint: 103 },
  { event: 5_000 },
  { state: 'pending' },
  { state: 'waiting' },
  { state: 'dropped' },
  { state: 'skipped' },
  { state: 'delivered' },
  { state: 'held' },
  { state: 'dropped', endpoint: 103 },
  { type: 't3' },
  { type: 'rare' },
  { subject: 's5' },
  { since: 20, until: 30 },
  { words: [ALL] },
  { words: [SOME], state: 'dropped' },
  { words: [ONE, ALL] },
  { words: [NONE] },
  { status: { from: 500, through: 599 }, since: 190_000 },
  { outcome: 'success', state: 'dropped' },
  { source: { kind: 'rule', id: 5 }, endpoint: 103 },
];

/** What is rare must not be looked for among all the rest. */
function indexOf({ state, subject, type, words }: DeliveryFilter): RegExp {
  if (words !== undefined) return /search_marks/;
  if (type === 'rare') return /events_by_type/;
  if (subject !== undefined) return /events_by_subject/;
  if (state === 'dropped' || state === 'skipped') return /deliveries_unsent/;
  if (state === 'waiting') return /deliveries_waiting/;
  return state === undefined || state === 'delivered' ? /./ : /deliveries_open/;
}

export function planContract(
  name: string,
  open: (logged: (event: LogEvent) => void) => Promise<Explained>,
): void {
  describe(`${name} reads its log by index`, () => {
    let explained: Explained;
    let ran: Array<{ sql: string; parameters: readonly unknown[] }> = [];

    beforeAll(async () => {
      explained = await open(({ query }) => ran.push(query));
      // Sorted once when all rows are there, an index costs a fraction of what it does entry by entry.
      const indexes = await explained.indexes();
      const dropped = indexes.map(({ name: index }) => `DROP INDEX ${index}`);
      const made = indexes.map(({ definition }) => definition);
      await explained.db.transaction().execute(async (trx) => {
        for (const statement of [
          ...dropped,
          ...NUMBERS,
          ...SEED,
          ...RUNS,
          ...STATS,
          ...PEOPLE,
          ...SEARCH,
          'DROP TABLE n',
          ...made,
        ]) {
          await sql.raw(statement).execute(trx);
        }
      });
      const { sealBlocks } = indexing(explained.db, explained.db, explained.dialect.search);
      while (await sealBlocks(WORKSPACE, SEALED));
      await explained.ready();
    });
    afterAll(() => explained.close());

    /** Runs a verb and explains each statement that it ran; `by` is an index that must be used. */
    const check = async (
      verb: () => Promise<unknown>,
      by = /./,
      readsTooMuch = [explained.readsAll],
      mostRows = MOST_ROWS,
    ): Promise<void> => {
      ran = [];
      await verb();
      const statements = ran.filter(({ sql: text }) => /^\s*(select|insert|update|with|delete)/i.test(text));
      expect(statements.length).toBeGreaterThan(0);
      const plans: string[] = [];
      for (const { sql: text, parameters } of statements) {
        const plan = await explained.explain(text, parameters);
        const bad = plan.filter((line) => readsTooMuch.some((reads) => reads.test(line)));
        expect(bad, `${text}\n${plan.join('\n')}`).toEqual([]);
        if (explained.rowsRead !== null && /^\s*(select|with)/i.test(text) && !/update|delete/i.test(text)) {
          const read = await explained.rowsRead(text, parameters);
          expect(read, `${text}\n${plan.join('\n')}`).toBeLessThan(mostRows);
        }
        plans.push(...plan);
      }
      expect(plans.join('\n')).toMatch(by);
    };
    const page = { limit: 50, before: null };

    test.each(EVENT_FILTERS)('events by %o', async (filter) => {
      const { listEvents } = log(explained.db, explained.db, explained.dialect);
      await check(() => listEvents(WORKSPACE, filter, page));
      await check(() => listEvents(WORKSPACE, filter, { limit: 50, before: 50_000 }));
    });

    test.each(DELIVERY_FILTERS)('deliveries by %o', async (filter) => {
      const { listDeliveries } = log(explained.db, explained.db, explained.dialect);
      await check(() => listDeliveries(WORKSPACE, filter, page), indexOf(filter));
      await check(() => listDeliveries(WORKSPACE, filter, { limit: 50, before: 550_000 }), indexOf(filter));
    });

    test('events by what they hold, and what is to be indexed', async () => {
      const { db, dialect } = explained;
      const { findEvents, firstUnindexed } = search(db, dialect.search);
      const tooMuch = [explained.readsAll, /^SEARCH [bed] .*\(workspace=\?\)$/];
      for (const words of [[ALL], [SOME, ALL], [ONE], [NONE], [ONE, SOME]]) {
        await check(() => findEvents(WORKSPACE, words, {}, page), /search_marks/, tooMuch);
        await check(() => findEvents(WORKSPACE, words, {}, { limit: 50, before: SEALED / 2 }), /./, tooMuch);
      }
      const { readUnindexed, workspacesToIndex } = indexing(db, db, dialect.search);
      await check(() => firstUnindexed(WORKSPACE));
      await check(() => workspacesToIndex());
      await check(() => readUnindexed(WORKSPACE, { events: 100, bytes: 1e6 }), /./, tooMuch);
      const { purgeBlocks } = retention(db, db, dialect);
      await check(() => purgeBlocks(WORKSPACE, { after: 0, before: SEALED, limit: 100 }));
    });

    test('one row, one lane, one endpoint', async () => {
      const verbs = {
        ...log(explained.db, explained.db, explained.dialect),
        ...endpoints(explained.db, explained.db, explained.dialect),
      };
      const lane = lanes(explained.db, explained.db);
      await check(() => verbs.findEvent(WORKSPACE, 'e77'));
      await check(() => verbs.findDelivery(WORKSPACE, 500_077));
      await check(() => verbs.listAttempts(WORKSPACE, [500_077, 500_078], { full: true }));
      await check(() => verbs.laneHeads(WORKSPACE, [{ lane: 203, sequence: 4_990 }]));
      await check(() => verbs.countOpen(WORKSPACE, [101, 102]));
      await check(() => lane.loadLane({ workspace: WORKSPACE, lane: 203 }, 4_900, 100, 1e6));
      await check(() => lane.readLanes([203, 204]));
      await check(() => lane.readLanesOf(WORKSPACE, [203, 204]));
      await check(() => lane.digestSlices([1, 2, 3]));
      await check(() => lane.listOpenLanes([1, 2, 3]));
      const drained = { workspace: WORKSPACE, lane: 203, lastSequence: 5_000, revision: 0 };
      await check(() => lane.settleLanes([drained]));
      await check(() => verbs.skipDelivery(WORKSPACE, 599_999, 'me', 1));
    });

    test.each<[ReplayableState[], RegExp]>([
      [['dropped', 'skipped'], /deliveries_unsent_by_endpoint/],
      [['delivered', 'dropped'], /deliveries_by_endpoint/],
    ])('replaying what was %o', async (states, by) => {
      const verbs = {
        ...replays(explained.db, explained.db, explained.dialect),
        ...resending(explained.db, explained.dialect),
      };
      const filter = { since: 0, until: 200_000, states };
      const base = { key: 9, workspace: WORKSPACE, endpoint: 103, filter, createdAt: 100_000 };
      const replay = {
        ...base,
        ...{ total: 1, done: 0, gone: 0, state: 'running' as const, reason: null },
        ...{ createdBy: 'me', endedAt: null, last: { lane: 0, sequence: 0 } },
      };
      await check(() => verbs.countOriginals(base), by);
      const all = { ...base, filter: { ...filter, includeResolved: true } };
      await check(() => verbs.countOriginals(all), by);
      await check(() => verbs.findResolving(WORKSPACE, [500_003, 500_004]), /deliveries_made_good/);
      for (const state of states) {
        await check(
          () => verbs.listOriginals(replay, state, 0, 100),
          state === 'delivered' ? by : /deliveries_unsent_by_endpoint/,
        );
      }
      await check(() => verbs.claimReplays('a', 1, 1));
      await check(() => verbs.listReplays(WORKSPACE, page));
      await check(() => audit(explained.db).listAudit(WORKSPACE, { target: 'ep_1' }, page));
    });

    test('what is held and what is old are found by index', async () => {
      const verbs = retention(explained.db, explained.db, explained.dialect);
      await check(() => verbs.warnOfExpiry(WORKSPACE, 10 * 86_400_000, 7));
      await check(() => verbs.expireHeld(WORKSPACE, 10 * 86_400_000, 7, 100));
      await check(() => verbs.sweepOld(1, 10), /activations_by_end/);
    });

    test('runs that are due, among those that wait', async () => {
      const now = () => sql<number>`1800000000000`;
      const verbs = runs(explained.db, explained.db, { ...explained.dialect, now });
      await check(() => verbs.workspacesWithRuns(), /runs_due|automations/);
      await check(() => verbs.dueRuns(WORKSPACE, 20), /runs_due|runs_pkey|PRIMARY KEY|run_signals/);
      await check(() => verbs.resumeRuns(WORKSPACE, 20), /runs_set_aside|workspaces|automations/);
      await check(() => verbs.cancelRuns(WORKSPACE, { run: 700_003 }, 'me', 1));
      await check(() => verbs.readHeard(WORKSPACE, 860_007, ['w']), /run_events|SEARCH h USING PRIMARY KEY/);
      await check(() => verbs.listReleases(WORKSPACE, 161_007), /run_events_by_event/);
      await check(() => verbs.findOrigins(WORKSPACE, [660_007, 660_008]), /run_deliveries/);
      await check(() => readKeptDefinitions(explained.db, WORKSPACE), /runs_by_version/);
    });

    test('statistics by their span, and what is to be folded by its age', async () => {
      const verbs = stats(explained.db, explained.db, explained.dialect);
      const now = 10_000 * MINUTE;
      const span = { since: now - 120 * MINUTE, until: now, stepMs: HOUR };
      const tooMuch = [explained.readsAll];
      await check(() => verbs.readAttemptStats(WORKSPACE, 103, span), /endpoint_stats/, tooMuch, 150);
      await check(() => verbs.readEventStats(WORKSPACE, span), /event_stats/, tooMuch, 1_500);
      const keys = Array.from({ length: 20 }, (_, index) => 100 + index);
      await check(() => verbs.readSparklines(WORKSPACE, keys, span), /endpoint_stats/, tooMuch, 3_000);
      await check(() => verbs.foldStats(now, 50), /_apart[\s\S]*_by_age/, tooMuch, 500);
    });

    test('marks of who watches, whatever the size of the log', async () => {
      const verbs = watching(explained.db);
      const anchor = 9_985 * MINUTE;
      await check(
        () => verbs.readMarks([1, 2, 3], anchor),
        /s USING PRIMARY KEY|endpoint_stats/,
        [explained.readsAll],
        500,
      );
      await check(
        () => verbs.readMarkDetails(WORKSPACE, anchor),
        /bin_requests/,
        [explained.readsAll],
        2_000,
      );
    });

    test('notices and mails', async () => {
      const verbs = {
        ...notices(explained.db, explained.db),
        ...mails(explained.db, explained.db, explained.dialect),
      };
      let composed = 0;
      const messageId = () => {
        composed += 1;
        return `composed-${composed}`;
      };
      const rules = { now: 900_000, groupMs: 1, droppedMs: 1, notBefore: 0, messageId };
      await check(() => verbs.listUnpublishedNotices(WORKSPACE, 0, 100), /notices_unpublished_by_workspace/);
      await check(
        () => verbs.listNotices(WORKSPACE, page),
        /notices_by_workspace|notices_pkey|mails_by_workspace/,
      );
      await check(
        () => verbs.claimDueMails(WORKSPACE, 200_000, 4, 1),
        /mails_due_by_workspace|mails_in_workspace .*rowid|PRIMARY KEY|_pkey/,
      );
      for (const filter of [{}, { state: 'refused' }, { state: 'sent' }, { notice: 5 }] as const) {
        await check(() => verbs.listMails(WORKSPACE, filter, page));
      }
      const found: Array<[filter: MailFilter, index: RegExp]> = [
        [{ run: 700_001 }, /mails_by_run/],
        [{ recipient: 'rare@example.com' }, /mails_by_recipient/],
        [{ recipient: 'rare@example.com', state: 'sent' }, /mails_by_recipient/],
        [{ state: 'refused' }, /mails_by_state/],
      ];
      for (const [filter, index] of found) await check(() => verbs.listMails(WORKSPACE, filter, page), index);
      await check(() => verbs.settleMail(WORKSPACE, 3, { kind: 'refused', at: 1, error: 'x' }));
      await check(() => verbs.workspacesToPublish(), /notices_unpublished_by_workspace/);
      await check(() => verbs.workspacesToMail(200_000), /mails_due_by_workspace/);
      await check(() => verbs.workspacesToTell(rules), /_unmailed/);
      await check(
        () => verbs.composeMails(WORKSPACE, rules),
        /_unmailed|_by_workspace|PRIMARY KEY|_pkey|on workspaces/,
      );
      await check(() => verbs.markPublished(WORKSPACE, [1, 2], 1));
    });

    test('people: who has a session, who is a member, and what a token is of', async () => {
      const { db } = explained;
      const verbs = { ...people(db, db), ...members(db, db), ...invitations(db, db), ...portalLinks(db, db) };
      const { findIdentities, deleteIdentities } = identities(db, db);
      const whole =
        /^(SCAN|.*Seq Scan on) (people|person_\w+|verifications|members|invitations|portal_links|[ipmw])\b/;
      const reach = (verb: () => Promise<unknown>, by = /./) => check(verb, by, [explained.readsAll, whole]);
      await reach(
        () => verbs.findSession('t77', 1),
        /person_sessions_token|sqlite_autoindex_person_sessions/,
      );
      await reach(() => verbs.listSessions('usr_77', 1), /person_sessions_by_person/);
      await reach(() => verbs.endSessions('usr_78', { except: 'ses_1' }), /person_sessions_by_person/);
      await reach(() => verbs.findPersonByEmail('e77'));
      await reach(() => verbs.findPeople(['usr_77', 'usr_78']));
      await check(() => verbs.needsSetup());
      await reach(() => verbs.listMembers(WORKSPACE));
      await reach(() => verbs.changeRole(WORKSPACE, 'usr_1', 'viewer', 1, 'me'));
      await reach(() => verbs.removeMember(WORKSPACE, 'usr_1', 1, 'me'), /members_by_person/);
      await reach(() => verbs.listInvitations(WORKSPACE));
      await reach(() => verbs.findInvitation(WORKSPACE, 3, 'h'));
      await reach(() => verbs.findPortalLink(WORKSPACE, 40_000, 'h40000', 1));
      await reach(() => verbs.listPortalLinks(WORKSPACE, 49_990), /portal_links_by_end/);
      const of = (field: string, value: string) => [{ field, operator: 'eq', value }] as const;
      await reach(() => findIdentities('person_accounts', of('person', 'usr_77'), { limit: 9 }), /by_person/);
      await reach(
        () => findIdentities('verifications', of('identifier', 'i77'), { limit: 1 }),
        /by_identifier/,
      );
      const over = [{ field: 'expires_at', operator: 'lt', value: 1 }] as const;
      await reach(() => deleteIdentities('verifications', over), /verifications_by_end/);
    });

    test('starting, sweeping, enabling and deleting', async () => {
      const verbs = endpoints(explained.db, explained.db, explained.dialect);
      const node = nodes(explained.db, explained.db, explained.dialect);
      await check(() => node.registerNode('b', { leaseMs: 1_000, sends: true }));
      await check(() => node.takeSlices('b', 10));
      await check(() => node.readSlices('b'));
      await check(() => bins(explained.db, explained.db).sweep(1, 1, 10));
      await check(() => verbs.enableEndpoint(WORKSPACE, 101, 'send', 'me', 1));
      await check(() => verbs.enableEndpoint(WORKSPACE, 101, 'skip', 'me', 1));
      await check(() => verbs.deleteEndpoint(WORKSPACE, 103, 1, 'me'));
    });

    // The last one: what the planner knows is another afterwards.
    test('retention reaches its rows by the batch, whatever the planner knows of them', async () => {
      const verbs = retention(explained.db, explained.db, explained.dialect);
      const tooMuch = [explained.readsAll, explained.readsWorkspace];
      // Each time there are as many rows to be deleted, further on.
      let after = 1_001;
      for (const setStatistics of Object.values(explained.statistics)) {
        await setStatistics();
        const span = { after, before: 600_000, limit: 100 };
        const attempts = { ...span, after: 500_000 + after };
        await check(() => verbs.purgeAttempts(WORKSPACE, attempts), /attempts/, tooMuch);
        for (const index of [/deliveries_by_event/, /runs_by_event/]) {
          await check(() => verbs.purgeBodies(WORKSPACE, span), index, tooMuch);
          after += 100;
          await check(() => verbs.purgeEvents(WORKSPACE, span), index, tooMuch);
          span.after = after;
        }
      }
    });
  });
}
