/**
 * PostgreSQL: who changes deliveries by their lane, or a lane by its deliveries, locks the lane first, or two of them
 * wait for each other. Recording results locks no lane.
 */

import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { createDatabase, MIGRATED } from '../../../test/support/postgres.ts';
import { DAY } from '../../core/duration.ts';
import { realClock } from '../../real.ts';
import { aResult, publishSome, seed, T0, WAITING } from '../contract/builders.ts';
import { aStep } from '../contract/faultBulk.ts';
import { aJob } from '../contract/faultJobs.ts';
import { SKIPPED_AT_ONCE } from '../queries/skips.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { LaneItem } from '../records/lanes.ts';
import type { Store } from '../store.ts';
import { openPostgres } from './postgres.ts';

let store: Store;
let client: pg.Client;
let databases = 0;

beforeEach(async () => {
  databases += 1;
  const url = await createDatabase(inject('postgresUrl'), `lock_order_${process.pid}_${databases}`, MIGRATED);
  store = openPostgres({ url, clock: realClock });
  client = new pg.Client(url);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await store.close();
});

interface Scene {
  workspace: number;
  endpoint: NewEndpoint;
  /** Open ones, of which the first waits for its second attempt. */
  items: LaneItem[];
}

const disable = ({ workspace, endpoint }: Scene) =>
  store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });

/** By name of the verb: what is there before, and the call. */
const VERBS: Record<
  string,
  { queued?: number; before?: (scene: Scene) => unknown; call: (scene: Scene) => unknown }
> = {
  skipDelivery: {
    call: ({ workspace, items: [first] }) => store.skipDelivery(workspace, first?.key ?? 0, 'me', T0),
  },
  retryNow: { call: ({ workspace, items: [first] }) => store.retryNow(workspace, first?.key ?? 0, T0, 'me') },
  enableEndpoint: {
    before: disable,
    call: ({ workspace, endpoint }) => store.enableEndpoint(workspace, endpoint.key, 'skip', 'me', T0),
  },
  deleteEndpoint: {
    call: ({ workspace, endpoint }) => store.deleteEndpoint(workspace, endpoint.key, T0, 'me'),
  },
  writeSkips: {
    queued: SKIPPED_AT_ONCE + 2,
    before: ({ workspace, endpoint }) => store.deleteEndpoint(workspace, endpoint.key, T0, 'me'),
    call: ({ workspace }) => store.writeSkips(workspace, 100),
  },
  changeMany: {
    async call({ workspace, items }) {
      const step = { act: 'skip', deliveries: items.map(({ key }) => key), reason: 'r' } as const;
      await (await aStep({ store, workspace }, step))();
    },
  },
  eraseSome: {
    async call({ workspace }) {
      const input = { subject: null, terms: ['event_id'] };
      await store.createJob(aJob(workspace, { kind: 'erase', input, createdAt: T0 + DAY }), {});
      // The first step looks for a subject, the second one reads what events hold.
      for (let step = 0; step < 2; step += 1) {
        const [job] = await store.claimJobs('node-a', ['erase'], 1, T0);
        if (job !== undefined) await store.eraseSome('node-a', job, T0);
      }
    },
  },
  expireHeld: {
    before: disable,
    call: ({ workspace }) => store.expireHeld(workspace, T0 + 8 * DAY, 7, 100),
  },
};

test.each(Object.keys(VERBS))('%s waits for the lane with none of its deliveries in hand', async (name) => {
  const verb = VERBS[name];
  const { workspace, endpoint } = await seed(store);
  const [first] = await publishSome(store, endpoint, verb?.queued ?? 2);
  if (first === undefined || verb === undefined) throw new Error('Nothing is queued.');
  await store.record('node-a', workspace, [aResult(endpoint, 1, first, { next: WAITING })]);
  const items = await store.loadLane({ workspace, lane: endpoint.lanes[0] ?? 0 }, 0, 10, 1e6);
  const scene = { workspace, endpoint, items };
  await verb.before?.(scene);

  await client.query('BEGIN');
  await client.query('SELECT 1 FROM lanes WHERE key = $1 FOR UPDATE', [endpoint.lanes[0]]);
  const called = Promise.resolve(verb.call(scene));
  await expect.poll(waiting).toBe(1);
  // Fails at once where the verb, which waits for us, holds one of them.
  await client.query('SELECT 1 FROM deliveries WHERE workspace = $1 FOR UPDATE NOWAIT', [workspace]);
  await client.query('COMMIT');
  await called;
});

/** How many connections wait for a lock. */
async function waiting(): Promise<number> {
  await client.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await client.query(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.count;
}
