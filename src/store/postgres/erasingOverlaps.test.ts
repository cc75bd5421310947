/** PostgreSQL: a person's data are erased while other transactions make deliveries of the same events. */

import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { moment } from '../../../test/support/clock.ts';
import { createDatabase, MIGRATED } from '../../../test/support/postgres.ts';
import { DAY, MINUTE } from '../../core/duration.ts';
import { realClock } from '../../real.ts';
import { anActivation, aScene, DONE, LATER } from '../contract/automation.ts';
import {
  aDelivery,
  aKey,
  anEvent,
  aResult,
  DELIVERED,
  openItems,
  publishAccepted,
  T0,
  versionOf,
} from '../contract/builders.ts';
import { aJob } from '../contract/faultJobs.ts';
import type { Store } from '../store.ts';
import { openPostgres } from './postgres.ts';

/** On a busy machine these locks are waited for longer than in a service. */
const PATIENT = { connectMs: MINUTE, statementMs: MINUTE, answerMs: 2 * MINUTE };
const ERASED_AT = T0 + 2 * DAY;

let store: Store;
let other: Store;
let client: pg.Client;
let databases = 0;

beforeEach(async () => {
  databases += 1;
  const name = `erasing_${process.pid}_${databases}`;
  const url = await createDatabase(inject('postgresUrl'), name, MIGRATED);
  const options = { url, clock: realClock, limits: PATIENT };
  store = openPostgres(options);
  other = openPostgres(options);
  client = new pg.Client(url);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await store.close();
  await other.close();
});

/** Until so many connections wait for a lock. */
async function waiting(count: number): Promise<void> {
  for (;;) {
    await client.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await client.query(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows[0]?.count >= count) return;
    await moment();
  }
}

/** An event of the person, whose one delivery has arrived, and which has set off a run that is due. */
async function aTrail() {
  const { workspace, endpoint, rule } = await aScene(store);
  const activations = [anActivation(rule.key, { ...LATER, subject: '4711' })];
  await publishAccepted(store, workspace, [anEvent([endpoint], { subject: '4711', activations })]);
  const [item] = await openItems(store, endpoint);
  if (item === undefined) throw new Error('Nothing is queued.');
  await store.record('node-a', workspace, [aResult(endpoint, 1, item, { next: DELIVERED })]);
  const input = { subject: '4711', terms: [] };
  await store.createJob(aJob(workspace, { kind: 'erase', input, createdAt: T0 + DAY }), {});
  const { runs } = await store.dueRuns(workspace, 1);
  return { workspace, endpoint, sent: item.key, runs };
}
type Trail = Awaited<ReturnType<typeof aTrail>>;

const advancesRun = async ({ workspace, endpoint, runs }: Trail): Promise<unknown> => {
  const own = { ...aDelivery(endpoint), body: '{"own":"4711"}' };
  const version = await versionOf(store, workspace);
  const steps = runs.map((run) => ({ run, next: { ...DONE, deliveries: [own] } }));
  return store.advanceRuns(version, steps, T0);
};
const sendsAgain = ({ workspace, sent }: Trail): Promise<unknown> =>
  store.replayDelivery(workspace, sent, { key: aKey(), now: T0, by: 'me' });

test.each([
  ['a run goes on', advancesRun],
  ['somebody sends it again', sendsAgain],
])('P1: nothing of an erased event is left to be sent where %s at the same time', async (_, makes) => {
  const trail = await aTrail();
  const { workspace, endpoint } = trail;
  const [job] = await store.claimJobs('node-a', ['erase'], 1, ERASED_AT);
  if (job === undefined) throw new Error('The job does not run.');
  const both: Array<Promise<unknown>> = [];
  // What is queued to the endpoint is held back until both are on their way.
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM lanes WHERE key = $1 FOR UPDATE', [endpoint.lanes[0]]);
  both.push(makes(trail));
  await waiting(1);
  both.push(other.eraseSome('node-a', job, ERASED_AT));
  await waiting(2);
  await client.query('COMMIT');
  await Promise.all(both);
  const deliveries = await store.listDeliveries(workspace, {}, { limit: 9, before: null });
  expect(deliveries.map(({ state }) => state).toSorted()).toEqual(['delivered', 'skipped']);
  expect(await openItems(store, endpoint)).toEqual([]);
  for (const table of ['delivery_bodies', 'event_bodies', 'runs', 'attempts']) {
    const { rows } = await client.query(`SELECT 1 FROM ${table}`);
    expect(rows, table).toEqual([]);
  }
});
