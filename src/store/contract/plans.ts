/** The contract's part on plans: whatever the size of the log, no query reads all of it. */

import type { Kysely, LogEvent } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../core/duration.ts';
import type { Dialect } from '../dialect.ts';
import { audit } from '../queries/audit.ts';
import { readKeptDefinitions } from '../queries/automations.ts';
import { bins } from '../queries/bins.ts';
import { bulk } from '../queries/bulk.ts';
import { customers } from '../queries/customers.ts';
import { endpoints } from '../queries/endpoints.ts';
import { identities } from '../queries/identity.ts';
import { indexing } from '../queries/indexing.ts';
import { invitations, portalLinks } from '../queries/invitations.ts';
import { jobs } from '../queries/jobs.ts';
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
import type { NewJob, OwnedJob } from '../records/jobs.ts';
import type { DeliveryFilter, EventFilter } from '../records/log.ts';
import type { MailFilter } from '../records/mails.ts';
import { REPLAYABLE_STATES, type ReplayableState } from '../records/replays.ts';
import type { Schema } from '../schema/schema.ts';
import { erasurePlans } from './erasurePlans.ts';
import { ALL, NONE, ONE, PLAN_ROWS, SEALED, SOME } from './planRows.ts';

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

const WORKSPACE = 1;
/** That a statement may look at, however long the log: twice what a list looks at (deliveryLists.ts), and some. */
const MOST_ROWS = 12_000;

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
        for (const statement of [...dropped, ...PLAN_ROWS, ...made]) {
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
        if (
          explained.rowsRead !== null &&
          /^\s*(select|with)/i.test(text) &&
          !/update|delete|insert/i.test(text)
        ) {
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
      const all = { workspace: WORKSPACE, ...span, after: null, limit: 50 };
      await check(() => customers(explained.db, explained.db).readUsage(all), /event_stats/, tooMuch, 1_500);
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

    test('jobs that run, and those of a workspace', async () => {
      const verbs = jobs(explained.db, explained.db);
      const whole = [explained.readsAll, /^(SCAN|.*Seq Scan on) (jobs|j)\b(?!.* USING)/];
      const kind = 'retry_deliveries';
      await check(() => verbs.claimJobs('a', [kind], 20, 1), /jobs_running/, whole, 50);
      await check(() => verbs.findJob(WORKSPACE, 14), /./, whole, 5);
      await check(() => verbs.listJobs(WORKSPACE, {}, page), /./, whole, 200);
      const asked = { workspace: WORKSPACE } as NewJob;
      await check(() => verbs.createJob(asked, {}, 0), /jobs_running/, whole, 50);
      await check(() => verbs.cancelJob(WORKSPACE, 17, 1, 'me'), /./, whole);
    });

    test('deliveries that a job is done to', async () => {
      const verbs = bulk(explained.db, explained.db, explained.dialect);
      const base = { key: 14, workspace: WORKSPACE, kind: 'retry_deliveries', revision: 0 } as OwnedJob;
      const job = { ...base, workspace: WORKSPACE };
      const progress = () => ({ done: 1, total: 1, cursor: null, report: {} });
      const states = [...REPLAYABLE_STATES, 'pending', 'waiting', 'held'] as const;
      for (const state of states) await check(() => verbs.scanPlaces(WORKSPACE, { state }, page));
      await check(() => verbs.findPlaces(WORKSPACE, [500_077, 500_078]));
      await sql`UPDATE jobs SET state = 'running', taken_by = 'a' WHERE key = 14`.execute(explained.db);
      const deliveries = [599_997, 599_998];
      const skip = { act: 'skip', deliveries, reason: 'r' } as const;
      await check(() => verbs.changeMany('a', job, skip, progress, 1), /deliveries/);
      await sql`UPDATE endpoints SET lanes = '[204]', ordering = '{"by":"endpoint"}' WHERE key = 104`.execute(
        explained.db,
      );
      const items = [{ original: 500_003, key: 1 }];
      const resend = { act: 'resend', endpoint: 104, items, maxOpen: 1e6 } as const;
      await check(() => verbs.changeMany('a', { ...job, revision: 1 }, resend, progress, 1), /deliveries/);
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

    erasurePlans(() => explained, check);

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
