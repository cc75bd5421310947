/** PostgreSQL: what overlaps when several nodes publish about the same contacts, wake their runs and cancel them. */

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { moment } from '../../../test/support/clock.ts';
import { createDatabase, MIGRATED } from '../../../test/support/postgres.ts';
import { MINUTE } from '../../core/duration.ts';
import { realClock } from '../../real.ts';
import {
  aDelivery,
  aKey,
  anEvent,
  publish,
  publishAccepted,
  seed,
  T0,
  versionOf,
} from '../contract/builders.ts';
import type { NewActivation, RunAdvance } from '../records/automation.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { Store } from '../store.ts';
import { openPostgres } from './postgres.ts';

/** On a busy machine these locks are waited for longer than in a service: no deadlock is shown by giving up. */
const PATIENT = { connectMs: MINUTE, statementMs: MINUTE, answerMs: 2 * MINUTE };

let url: string;
let stores: Store[] = [];
let client: pg.Client;
let databases = 0;

beforeEach(async () => {
  databases += 1;
  url = await createDatabase(inject('postgresUrl'), `overlaps_${process.pid}_${databases}`, MIGRATED);
  const options = { url, clock: realClock, limits: PATIENT };
  stores = [openPostgres(options), openPostgres(options)];
  client = new pg.Client(url);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  for (const store of stores) await store.close();
});

const TYPE = 'contact.tag.added';
const PAST = Date.now() - 1_000;
const DONE: RunAdvance = {
  ...{ state: 'finished', reason: null, progress: '{}', dueAt: null, waitsFor: null, listensSince: null },
  ...{ deliveries: [], mails: [], steps: [], failure: null },
};
const PAUSES: RunAdvance = { ...DONE, state: 'waiting', dueAt: PAST };
const AWAITS: RunAdvance = { ...PAUSES, dueAt: PAST + 3_600_000, waitsFor: TYPE, listensSince: T0 };

const BRAKE = { limit: 1_000_000, periodEndsAt: null, resets: 0 };

function anActivation(automation: number, subject: string, over: Partial<RunAdvance> = {}): NewActivation {
  return { ...DONE, ...over, run: aKey(), automation, version: 1, subject, ...BRAKE };
}

async function aScene({ endpoints }: { endpoints: number }) {
  const [store, other] = stores;
  if (store === undefined || other === undefined) throw new Error('There are two stores.');
  const scene = await seed(store, { endpoints });
  const make = async (kind: 'rule' | 'workflow'): Promise<number> => {
    const key = aKey();
    const times = { enabledAt: T0, createdAt: T0 };
    const automation = {
      key,
      workspace: scene.workspace,
      kind,
      name: 'a',
      position: 1,
      definition: '{}',
      ...times,
    };
    await store.createAutomation(automation, [], 'me');
    return key;
  };
  return { ...scene, store, other, rule: await make('rule'), flow: await make('workflow') };
}

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

describe('a run that begins to wait while an event of that type is being published', () => {
  /** Holds what is queued to the endpoint back until the end of `meanwhile`. */
  const holding = async (endpoint: NewEndpoint, meanwhile: () => Promise<void>): Promise<void> => {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM lanes WHERE key = $1 FOR UPDATE', [endpoint.lanes[0]]);
    await meanwhile();
    await client.query('COMMIT');
  };

  test.each(['event', 'run'] as const)('W8: hears it, also where the %s came first', async (first) => {
    const { workspace, endpoint, store, other, flow } = await aScene({ endpoints: 1 });
    const activation = anActivation(flow, '7', PAUSES);
    await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
    const { runs } = await store.dueRuns(workspace, 1);
    const routingVersion = await versionOf(store, workspace);
    const event = anEvent(first === 'event' ? [endpoint] : [], { type: TYPE, subject: '7', signals: true });
    const publishes = () => publish(other, workspace, [event], { acceptedAt: T0 + 1 });
    const deliveries = first === 'run' ? [aDelivery(endpoint)] : [];
    const waits = () =>
      store.advanceRuns(
        routingVersion,
        runs.map((run) => ({ run, next: { ...AWAITS, deliveries } })),
        T0,
      );
    const both: Array<Promise<unknown>> = [];
    await holding(endpoint, async () => {
      both.push(first === 'event' ? publishes() : waits());
      await waiting(1);
      both.push(first === 'event' ? waits() : publishes());
      await waiting(2);
    });
    await Promise.all(both);
    const [run] = (await store.dueRuns(workspace, 1)).runs;
    expect(run?.signals.map((signal) => signal.event)).toEqual([event.key]);
  });
});

test.each([2, 6])(
  '%i publishers of the same contacts, whose runs are advanced and cancelled, never deadlock',
  async (publishers) => {
    const { workspace, endpoints, store, other, rule, flow } = await aScene({ endpoints: 3 });
    const contacts = Array.from({ length: 20 }, (_, n) => String(n));
    const shuffled = <T>(list: readonly T[]): T[] =>
      list
        .map((one) => [Math.random(), one] as const)
        .sort(([one], [two]) => one - two)
        .map(([, one]) => one);
    const deliveries = () => shuffled(endpoints).map((endpoint) => aDelivery(endpoint));
    const anyEvent = (subject: string) =>
      anEvent([], {
        ...{ type: TYPE, subject, signals: true, deliveries: deliveries() },
        activations: [
          anActivation(rule, subject, { deliveries: deliveries() }),
          anActivation(flow, subject, Math.random() < 0.5 ? AWAITS : PAUSES),
        ],
      });
    let isOver = false;
    let advanced = 0;
    let cancelled = 0;
    const looking = [store, other].map(async (node) => {
      while (!isOver) {
        const { runs } = await node.dueRuns(workspace, 20);
        const next = () => ({ ...(Math.random() < 0.5 ? AWAITS : DONE), deliveries: deliveries() });
        const steps = shuffled(runs).map((run) => ({ run, next: next() }));
        const version = await versionOf(node, workspace);
        const written = await node.advanceRuns(version, steps, T0);
        advanced += written.filter((lanes) => lanes !== null).length;
      }
    });
    // Publishing goes on until the two others have met it, however slow the machine is.
    const batches = Array.from({ length: publishers }, async (_, n) => {
      for (let batch = 0; batch < 12 || cancelled === 0 || advanced === 0; batch += 1) {
        const node = (n + batch) % 2 === 0 ? store : other;
        await publishAccepted(node, workspace, shuffled(contacts).map(anyEvent));
        if (batch % 4 === n % 4)
          cancelled += await node.cancelRuns(workspace, { automation: flow }, 'me', T0);
      }
    });
    await Promise.all(batches);
    isOver = true;
    await Promise.all(looking);
    // The server's statistics come a moment after the transactions.
    await client.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await client.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(rows).toEqual([{ deadlocks: 0 }]);
  },
);
