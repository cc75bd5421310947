/** Lanes in bulk: what thousands of them ask of the store at once, and how they are let go. */

import { describe, expect, inject, test } from 'vitest';
import {
  anEndpoint,
  anEngine,
  aSqliteStore,
  aTagEvent,
  aWorkspace,
  WORKSPACE,
} from '../../test/support/engine.ts';
import { createDatabase, MIGRATED } from '../../test/support/postgres.ts';
import { startReceiver } from '../../test/support/receiver.ts';
import { DEFAULT_BUDGET } from '../core/delivery/budget.ts';
import { lanePlace, type Ordering } from '../core/delivery/order.ts';
import { SLICES, sliceOf } from '../core/delivery/slice.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { realClock } from '../real.ts';
import { openPostgres } from '../store/postgres/postgres.ts';
import type { LaneItem } from '../store/records/lanes.ts';
import { DEFAULT_SETTINGS } from '../store/records/settings.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { Clock } from '../world.ts';
import { Lanes, type LanesDeps } from './lanes.ts';

const ALL_SLICES = Array.from({ length: SLICES }, (_, slice) => slice);

async function aPostgresStore(): Promise<{ store: Store; dispose(): Promise<void> }> {
  const url = await createDatabase(inject('postgresUrl'), `lanes_${process.pid}`, MIGRATED);
  const store = openPostgres({ url, clock: realClock });
  await aWorkspace(store);
  return { store, dispose: () => store.close() };
}

/** Contacts of which no two share a lane. */
function oneForEachLane(ordering: Ordering, count: number): number[] {
  const contacts = new Map<number, number>();
  for (let contact = 1; contacts.size < count; contact += 1) {
    contacts.set(lanePlace(ordering, { id: '', subject: String(contact) }), contact);
  }
  return [...contacts.values()];
}

/** The store, whose first load of each lane fails, and what was asked of it. */
function aStumblingStore(store: Store) {
  const failed = new Set<number>();
  const counts = { looks: 0, lanes: 0, atOnce: 0, mostAtOnce: 0 };
  const counted = async <T>(read: () => Promise<T>): Promise<T> => {
    counts.atOnce += 1;
    counts.mostAtOnce = Math.max(counts.mostAtOnce, counts.atOnce);
    try {
      return await read();
    } finally {
      counts.atOnce -= 1;
    }
  };
  const stumbling: Store = {
    ...store,
    readLanesOf(workspace, lanes) {
      counts.looks += 1;
      counts.lanes += lanes.length;
      return counted(() => store.readLanesOf(workspace, lanes));
    },
    loadLane(place, ...parameters) {
      if (failed.has(place.lane)) return counted(() => store.loadLane(place, ...parameters));
      failed.add(place.lane);
      return Promise.reject(new StoreUnavailable('The database is away.'));
    },
  };
  return { store: stumbling, counts };
}

describe.each([
  ['SQLite', aSqliteStore],
  ['PostgreSQL', aPostgresStore],
])('P2, P11, on %s', (_name, open) => {
  test('2,000 lanes that are open at a start are all worked after an error of the store, with few statements, few of them at once', async () => {
    const { store, dispose } = await open();
    const receiver = await startReceiver();
    // On a busy machine some attempts may come too late: that is not to disable their endpoint.
    const budget = { ...DEFAULT_BUDGET, limit: 1_000_000 };
    await store.updateWorkspace(WORKSPACE, { settings: { ...DEFAULT_SETTINGS, budget } }, 0, 'test');
    const taking = anEngine(store, realClock, { sends: false });
    await taking.start();
    const ordering = { by: 'subject', lanes: 4_000 } as const;
    const contacts = oneForEachLane(ordering, 2_000);
    const target = { url: `${receiver.url}/a`, ordering, timeoutMs: 15 * SECOND };
    const { workspace } = await anEndpoint(taking, store, target);
    for (let from = 0; from < contacts.length; from += 1_000) {
      const events = contacts.slice(from, from + 1_000).map((contact) => aTagEvent(contact, contact));
      await taking.publish(workspace, () => events, null);
    }
    await taking.stop();
    const lanes = (await store.listOpenLanes(ALL_SLICES)).length;
    expect(lanes).toBe(2_000);
    const stumbling = aStumblingStore(store);
    const failures: unknown[] = [];
    const warn = ({ where }: Record<string, unknown>): void => void failures.push(where);
    const engine = anEngine(stumbling.store, realClock, {
      shared: true,
      log: { info() {}, warn, error: warn, debug() {}, isLevelEnabled: () => false },
    });
    await engine.start();
    await receiver.count(2_000);
    await engine.stop();
    const { counts } = stumbling;
    expect(counts.lanes).toBeGreaterThanOrEqual(lanes);
    expect(counts.looks).toBeLessThan(counts.lanes / 10);
    expect(counts.mostAtOnce).toBeLessThanOrEqual(6);
    // Each lane's first load, and nothing else.
    expect(failures).toEqual(Array.from({ length: lanes }, () => 'lane'));
    await receiver.close();
    await dispose();
  });
});

/** A clock whose timers fire, and whose turns come, when they are told to. */
function aManualClock() {
  const timers = new Set<() => void>();
  const turns: Array<() => void> = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_delayMs, run) {
      timers.add(run);
      return { cancel: () => timers.delete(run) };
    },
    soon: (run) => void turns.push(run),
  };
  return { clock, timers, turn: () => turns.shift()?.() };
}

const WAITING: Omit<LaneItem, 'key'> = {
  sequence: 1,
  message: 1,
  event: 1,
  eventType: 'contact.created',
  source: { kind: 'subscription', id: 1 },
  replay: false,
  attempts: 1,
  putOffs: 0,
  waitedMs: 0,
  nextAttemptAt: MINUTE,
  ownBody: false,
  depth: 0,
  trace: null,
  body: Buffer.from('{}'),
};

test('P4: 10,000 lanes that are lost at once are idle at once, and let go of in parts', () => {
  const { clock, timers, turn } = aManualClock();
  let weight = 0;
  let asked = 0;
  const lanes = new Lanes({
    clock,
    store: {},
    memory: {
      roomForLanes: () => Number.POSITIVE_INFINITY,
      add(bytes: number) {
        weight += bytes;
      },
    },
    directory: {
      held() {
        asked += 1;
        return undefined;
      },
    },
  } as unknown as LanesDeps);
  const hold = (epoch: number) => lanes.hold(ALL_SLICES.map((slice) => ({ slice, epoch })));
  const offer = (lane: number, nextAttemptAt: number | null): void => {
    const state = { workspace: 1, endpoint: 1, lastSequence: 1, doneSequence: 0, revision: 0 };
    lanes.offer({ ...state, lane, routingVersion: 1 }, [{ ...WAITING, key: lane, nextAttemptAt }]);
  };
  hold(1);
  for (let lane = 1; lane <= 10_000; lane += 1) offer(lane, MINUTE);
  expect(timers.size).toBe(10_000);
  const full = weight;
  lanes.dropAll();
  expect(lanes.held()).toEqual([]);
  // Their timers are still set; whoever they wake does nothing.
  expect(timers.size).toBe(10_000);
  for (const run of timers) run();
  expect(asked).toBe(0);
  // Held again, a lane starts afresh, whatever of it is still to be let go.
  hold(2);
  offer(1, MINUTE);
  const [again] = lanes.lanesOf(sliceOf(1));
  expect(again).toMatchObject({ key: 1, lost: false });
  for (let left = 10_000; left > 0; left -= 2_000) {
    expect(timers.size).toBe(left + 1);
    turn();
  }
  expect(timers.size).toBe(1);
  expect(weight).toBe(full / 10_000);
  expect(again).toMatchObject({ key: 1, lost: false, items: [{ key: 1 }] });
});
