/**
 * Everything at once: two nodes publish, record, move slices, replay and skip while endpoints are
 * disabled, enabled and deleted. Whatever the interleaving, the store's invariants hold afterwards,
 * and nobody waited for another in a circle (each circle would cost a second).
 */

import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { createDatabase, MIGRATED } from '../../../test/support/postgres.ts';
import { SLICES, sliceOf } from '../../core/delivery/slice.ts';
import { realClock } from '../../real.ts';
import {
  aDelivery,
  aKey,
  anAttempt,
  anEndpoint,
  anEvent,
  aResult,
  DELIVERED,
  seed,
} from '../contract/builders.ts';
import type { Routing } from '../records/routing.ts';
import type { Store } from '../store.ts';
import { openPostgres } from './postgres.ts';

const SEED = 20_261_123;
const ENDPOINTS = 20;
const ALL_SLICES = Array.from({ length: SLICES }, (_, slice) => slice);
const SENDS = { leaseMs: 60_000, sends: true };

/** A linear congruential generator (Numerical Recipes): chance that repeats. */
function createChance(seedValue: number): (below: number) => number {
  let state = seedValue >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const chance = createChance(SEED);

function some<T>(list: readonly T[], count: number): T[] {
  const rest = [...list];
  return Array.from({ length: Math.min(count, rest.length) }, () =>
    rest.splice(chance(rest.length), 1),
  ).flat();
}

async function publishOnce(store: Store, routing: Routing): Promise<void> {
  const events = Array.from({ length: 5 }, () => {
    const deliveries = some(routing.endpoints, 6).map((endpoint) => aDelivery(endpoint));
    const again = chance(4) === 0 ? { id: `again ${chance(30)}`, hash: 'h' } : {};
    return anEvent([], { ...again, deliveries });
  });
  await store.publish({
    workspace: routing.workspace.key,
    routingVersion: routing.workspace.routingVersion,
    acceptedAt: 1,
    quota: chance(2) === 0 ? { limit: 1_000_000, day: 1 } : null,
    searchable: chance(2) === 0,
    idempotency: chance(10) === 0 ? { key: `key ${chance(10)}`, hash: 'h' } : null,
    events,
  });
}

async function recordOnce(store: Store, node: string, routing: Routing): Promise<void> {
  const results = [];
  const workspace = routing.workspace.key;
  const held = new Map((await store.readSlices(node)).held.map(({ slice, epoch }) => [slice, epoch]));
  for (const endpoint of some(routing.endpoints, 12)) {
    const lane = endpoint.lanes[0] ?? 0;
    const epoch = held.get(sliceOf(lane));
    const [item] = await store.loadLane({ workspace, lane }, 0, 1, 1e6);
    if (item === undefined || epoch === undefined) continue;
    const attempt = anAttempt({ number: item.attempts + 1 });
    const disable = chance(40) === 0 ? ({ reason: 'gone', at: 1, by: 'receiver' } as const) : null;
    results.push(aResult(endpoint, epoch, item, { attempt, next: DELIVERED, disable }));
  }
  await store.record(node, workspace, results);
}

async function changeOnce(store: Store, routing: Routing): Promise<void> {
  const [endpoint] = some(routing.endpoints, 1);
  if (endpoint === undefined) return;
  const workspace = routing.workspace.key;
  const kind = chance(4);
  if (kind === 0) {
    await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: 1, by: 'me' });
  } else if (kind === 1) {
    await store.deleteEndpoint(workspace, endpoint.key, 1, 'me');
    await store.createEndpoint(anEndpoint({ workspace }), 'me');
  } else {
    await store.enableEndpoint(workspace, endpoint.key, chance(2) === 0 ? 'send' : 'skip', 'me', 1);
  }
}

async function touchOnce(store: Store, workspace: number): Promise<void> {
  const state = chance(2) === 0 ? 'delivered' : 'pending';
  const [delivery] = await store.listDeliveries(workspace, { state }, { limit: 1, before: null });
  if (delivery === undefined) return;
  if (state === 'pending') await store.skipDelivery(workspace, delivery.key, 'me', 1);
  else await store.replayDelivery(workspace, delivery.key, { key: aKey(), now: 1, by: 'me' });
}

async function releaseOnce(store: Store, node: string): Promise<void> {
  await store.releaseSlices(node, some((await store.readSlices(node)).held, 40));
}

async function settleOnce(store: Store): Promise<void> {
  const states = await store.listOpenLanes(ALL_SLICES);
  await store.settleLanes(states);
}

/** Counts what must not be: by name, a query that finds none. */
const WRONG: Record<string, string> = {
  'a gap or a repeat in a lane': `SELECT count(*) FROM (SELECT sequence, row_number() OVER (PARTITION BY lane ORDER BY sequence)
    AS place FROM deliveries) AS d WHERE sequence <> place`,
  'a lane that has miscounted': `SELECT count(*) FROM lanes l WHERE done_sequence > last_sequence
    OR last_sequence <> (SELECT count(*) FROM deliveries d WHERE d.lane = l.key)`,
  'a delivery that its lane has passed by': `SELECT count(*) FROM lanes l JOIN deliveries d ON d.lane = l.key
    WHERE d.sequence <= l.done_sequence AND d.ended_at IS NULL`,
  'an open delivery in a lane that is closed (P2)': `SELECT count(*) FROM lanes l JOIN deliveries d ON d.lane = l.key
    WHERE l.open = 0 AND d.ended_at IS NULL`,
  'an open delivery of a deleted endpoint (P2)': `SELECT count(*) FROM deliveries d JOIN endpoints e ON e.key = d.endpoint
    WHERE e.deleted_at IS NOT NULL AND d.ended_at IS NULL`,
  'an event with more or fewer deliveries than it says': `SELECT count(*) FROM events e WHERE deliveries <>
    (SELECT count(*) FROM deliveries d WHERE d.event = e.key AND d.replay_of IS NULL)`,
  'a circle of waiting': 'SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()',
};

test(`P1, P2, P3: invariants hold whatever happens at once (seed ${SEED})`, async () => {
  const url = await createDatabase(inject('postgresUrl'), `at_once_${process.pid}`, MIGRATED);
  const one = openPostgres({ url, clock: realClock });
  const two = openPostgres({ url, clock: realClock });
  const { workspace } = await seed(one, { endpoints: ENDPOINTS });
  await two.registerNode('node-b', SENDS);
  const routingOf = async (store: Store): Promise<Routing> => {
    const routing = await store.routing(workspace);
    if (routing === null) throw new Error('The workspace is gone.');
    return routing;
  };
  const repeat = async (times: number, step: () => Promise<unknown>): Promise<void> => {
    for (let count = 0; count < times; count += 1) await step();
  };
  await Promise.all([
    repeat(150, async () => publishOnce(one, await routingOf(one))),
    repeat(150, async () => publishOnce(one, await routingOf(one))),
    repeat(150, async () => publishOnce(two, await routingOf(two))),
    repeat(80, async () => recordOnce(one, 'node-a', await routingOf(one))),
    repeat(80, async () => recordOnce(two, 'node-b', await routingOf(two))),
    repeat(60, () => one.takeSlices('node-a', SLICES / 2)),
    repeat(60, () => two.takeSlices('node-b', SLICES / 2)),
    repeat(60, () => releaseOnce(one, 'node-a')),
    repeat(60, () => releaseOnce(two, 'node-b')),
    repeat(60, () => settleOnce(one)),
    repeat(8, () => two.registerNode('node-b', SENDS)),
    repeat(60, async () => changeOnce(two, await routingOf(two))),
    repeat(150, () => touchOnce(one, workspace)),
  ]);
  await one.close();
  await two.close();
  const client = new pg.Client(url);
  await client.connect();
  const found: string[] = [];
  for (const [what, query] of Object.entries(WRONG)) {
    const { rows } = await client.query<{ count: string }>(query);
    if (rows[0]?.count !== '0') found.push(`${what}: ${rows[0]?.count}`);
  }
  await client.end();
  expect(found).toEqual([]);
});
