/**
 * What a node works is what the store says (P2): whatever answer or signal was lost, a few rounds later memory
 * agrees with it. On both stores, with a real receiver; here no signal ever comes.
 */

import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { createMovableClock, type MovableClock, moment } from '../../test/support/clock.ts';
import {
  anEndpoint,
  anEngine,
  aSqliteStore,
  aTagEvent,
  aWorkspace,
  numbersOf,
  WORKSPACE,
} from '../../test/support/engine.ts';
import { createDatabase, MIGRATED } from '../../test/support/postgres.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { SLICES, sliceOf } from '../core/delivery/slice.ts';
import { SECOND } from '../core/duration.ts';
import { realClock } from '../real.ts';
import { openPostgres } from '../store/postgres/postgres.ts';
import type { Store } from '../store/store.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { Lanes, type LanesDeps } from './lanes.ts';
import { createSliceKeeper, ROUNDS_PER_PASS } from './slices.ts';

let databases = 0;

async function aPostgresStore(): Promise<{ store: Store; dispose(): Promise<void> }> {
  databases += 1;
  const name = `slices_${process.pid}_${databases}`;
  const url = await createDatabase(inject('postgresUrl'), name, MIGRATED);
  const store = openPostgres({ url, clock: realClock });
  await aWorkspace(store);
  return { store, dispose: () => store.close() };
}

describe.each([
  ['SQLite', aSqliteStore],
  ['PostgreSQL', aPostgresStore],
])('P2, on %s: where no signal comes', (_name, open) => {
  let clock: MovableClock;
  let store: Store;
  let engine: Engine;
  let receiver: Receiver;
  let dispose: () => Promise<void>;

  beforeEach(async () => {
    clock = createMovableClock();
    ({ store, dispose } = await open(clock));
    receiver = await startReceiver();
    engine = anEngine(store, clock);
    await engine.start();
  });
  afterEach(async () => {
    await engine.stop();
    await receiver.close();
    await dispose();
  });

  /** Goes on second by second until it is so; as many rounds as a whole pass takes, and as many again for what it sets off. */
  async function withinRounds(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (let round = 0; round < 3 * ROUNDS_PER_PASS; round += 1) {
      clock.move(SECOND);
      for (let turn = 0; turn < 20; turn += 1) {
        if (await isSo()) return;
        await store.ping();
      }
    }
    // No further round is due: what these have set off may take its time on a busy machine.
    while (!(await isSo())) {
      await moment();
      clock.move(0);
    }
  }

  /** Goes through a whole pass, and lets come what may. */
  async function pass(): Promise<void> {
    for (let round = 0; round < 2 * ROUNDS_PER_PASS; round += 1) {
      clock.move(SECOND);
      for (let turn = 0; turn < 10; turn += 1) await store.ping();
    }
  }

  const deliveries = () => store.listDeliveries(WORKSPACE, {}, { limit: 100, before: null });
  const publish = (n: number) => engine.publish(WORKSPACE, () => [aTagEvent(n)], null);

  /** Waits until the one delivery has failed once, and waits. */
  async function waitingOnce(): Promise<number> {
    for (;;) {
      const [delivery] = await deliveries();
      if (delivery?.state === 'waiting') return delivery.key;
      clock.move(1);
    }
  }

  test('a publish whose answer was lost is sent, once, in its order', async () => {
    await engine.stop();
    let isLost = true;
    const losing: Store = {
      ...store,
      async publish(call) {
        const answer = await store.publish(call);
        if (isLost) throw new StoreUnavailable('The connection broke after the commit.');
        return answer;
      },
    };
    engine = anEngine(losing, clock);
    await engine.start();
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await expect(publish(1)).rejects.toThrow(StoreUnavailable);
    await withinRounds(() => receiver.received.length === 1);
    // The lane was idle, and closed, in between.
    await pass();
    await expect(publish(2)).rejects.toThrow(StoreUnavailable);
    isLost = false;
    await publish(3);
    await withinRounds(() => receiver.received.length === 3);
    expect(numbersOf(receiver.received)).toEqual([1, 2, 3]);
  });

  test('what a person has skipped at another node is not sent when its retry is due', async () => {
    receiver.answerWith(() => 500);
    await anEndpoint(engine, store, { url: `${receiver.url}/a`, retry: { waits_s: [2, 2, 2] } });
    await publish(1);
    const delivery = await waitingOnce();
    const before = receiver.received.length;
    expect(await store.skipDelivery(WORKSPACE, delivery, 'me', clock.now())).toMatchObject({
      kind: 'changed',
    });
    await pass();
    expect(receiver.received).toHaveLength(before);
    // The lane goes on behind it.
    receiver.answerWith(() => 200);
    await publish(2);
    await withinRounds(() => receiver.received.length === before + 1);
    expect(numbersOf(receiver.received).at(-1)).toBe(2);
  });

  test('a retry that a person asks for at another node is made now, not when it would be due', async () => {
    receiver.answerWith((_request, index) => (index === 0 ? 500 : 200));
    await anEndpoint(engine, store, { url: `${receiver.url}/a`, retry: { waits_s: [600] } });
    await publish(1);
    const delivery = await waitingOnce();
    await store.retryNow(WORKSPACE, delivery, clock.now(), 'me');
    await withinRounds(() => receiver.received.length === 2);
  });

  test('a lost publish is found within a pass of 5 s, though at each look memory is ahead in another lane of its slice', async () => {
    await engine.stop();
    const OTHER = WORKSPACE + 1;
    await aWorkspace(store, OTHER);
    let isLost = false;
    let isBusy = false;
    let looks = 0;
    const read = new Set<number>();
    engine = anEngine(
      {
        ...store,
        async publish(call) {
          const answer = await store.publish(call);
          if (isLost && call.workspace === OTHER) throw new StoreUnavailable('It broke after the commit.');
          return answer;
        },
        async digestSlices(slices) {
          const digests = await store.digestSlices(slices);
          // The node publishes while the answer is on its way.
          if (isBusy) await publish(looks + 1);
          looks += 1;
          return digests;
        },
        listOpenLanes(slices) {
          for (const slice of slices) read.add(slice);
          return store.listOpenLanes(slices);
        },
      },
      clock,
    );
    await engine.start();
    const busy = await anEndpoint(engine, store, { url: `${receiver.url}/busy` });
    const [lane = 0] = busy.lanes;
    const beside = Array.from({ length: SLICES }, (_, n) => lane + 1 + n).find(
      (other) => sliceOf(other) === sliceOf(lane),
    );
    await anEndpoint(engine, store, {
      url: `${receiver.url}/lost`,
      workspace: OTHER,
      lanes: [beside ?? 0],
      retry: { waits_s: [600] },
    });
    receiver.answerWith(({ path }, index) => (path === '/lost' && index === 0 ? 500 : 200));
    const publishOther = (n: number) => engine.publish(OTHER, () => [aTagEvent(n)], null);
    await publish(0);
    await publishOther(1);
    const stateOfOther = async () =>
      (await store.listDeliveries(OTHER, {}, { limit: 1, before: null }))[0]?.state;
    while ((await stateOfOther()) !== 'waiting') await store.ping();
    /** Rounds are a second apart, counted from the last one's end. */
    const fiveRounds = async (): Promise<void> => {
      const until = looks + ROUNDS_PER_PASS;
      read.clear();
      while (looks < until) {
        clock.move(SECOND);
        for (let turn = 0; turn < 20; turn += 1) await store.ping();
      }
    };
    isBusy = true;
    await fiveRounds();
    // Being ahead alone is no difference: nothing is read anew.
    expect([...read]).toEqual([]);
    isLost = true;
    await expect(publishOther(2)).rejects.toThrow(StoreUnavailable);
    await fiveRounds();
    // The last look may still be at work; no further one is due.
    while (read.size === 0) await store.ping();
    expect([...read]).toEqual([sliceOf(lane)]);
    isBusy = false;
  });

  test('slices that were taken by a call whose answer was lost are worked', async () => {
    await engine.stop();
    const losing: Store = {
      ...store,
      async takeSlices(...parameters) {
        await store.takeSlices(...parameters);
        throw new StoreUnavailable('The connection broke after the commit.');
      },
    };
    engine = anEngine(losing, clock, { shared: true });
    await expect(engine.start()).rejects.toThrow(StoreUnavailable);
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1);
    await withinRounds(() => receiver.received.length === 1);
  });

  test('a lane that is woken while its slice is being given away ends with its request', async () => {
    // Two lanes of one slice, which is kept by the second one's request while the first one's ends.
    const pathBySlice = new Map<number, string>();
    let pair: string[] = [];
    for (let n = 0; pair.length === 0; n += 1) {
      const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/${n}` });
      const slice = sliceOf(endpoint.lanes[0] ?? 0);
      const other = pathBySlice.get(slice);
      if (other !== undefined) pair = [other, `/${n}`];
      pathBySlice.set(slice, `/${n}`);
    }
    const gates = new Map(pair.map((path) => [path, Promise.withResolvers<number>()]));
    receiver.answerWith(({ path }) => gates.get(path)?.promise ?? 200);
    await publish(1);
    await withinRounds(() => pair.every((path) => receiver.of(path).length === 1));
    let isStopped = false;
    const stopped = engine.stop().then(() => {
      isStopped = true;
    });
    for (let turn = 0; !isStopped; turn += 1) {
      await engine.routingChanged(WORKSPACE).catch(() => {});
      await store.ping();
      if (turn === 20) gates.get(pair[0] ?? '')?.resolve(200);
      if (turn === 60) gates.get(pair[1] ?? '')?.resolve(200);
    }
    await stopped;
    expect((await deliveries()).map(({ state }) => state)).not.toContain('pending');
  });

  test('a lane that was closed behind the node’s back is forgotten, and opened again by the next event', async () => {
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1);
    await withinRounds(async () => (await deliveries())[0]?.state === 'delivered');
    const open = await store.listOpenLanes(Array.from({ length: SLICES }, (_, n) => n));
    await store.settleLanes(open);
    await pass();
    await publish(2);
    await withinRounds(() => receiver.received.length === 2);
  });
});

test('P4: a slice that was given up or lost while the store was asked is not worked again by the old answer', async () => {
  const clock = createMovableClock();
  const { store, dispose } = await aSqliteStore(clock);
  await store.registerNode('node-a', { leaseMs: 60_000, sends: true });
  // No lane has work, so that nothing else is asked for.
  const lanes = new Lanes({ clock, memory: { add() {} } } as unknown as LanesDeps);
  let whenRead = (): void => {};
  const readSlices: Store['readSlices'] = async (node) => {
    const view = await store.readSlices(node);
    whenRead();
    return view;
  };
  const onError = (error: unknown): never => {
    throw error;
  };
  const keeper = createSliceKeeper({
    store: { ...store, readSlices },
    clock,
    node: 'node-a',
    lanes,
    onError,
  });
  await keeper.balance();
  expect(lanes.held()).toHaveLength(SLICES);
  whenRead = () => lanes.dropAll();
  await keeper.balance();
  expect(lanes.held()).toEqual([]);
  // Registered anew and taken again, they are held under their new epochs.
  whenRead = () => {};
  await store.registerNode('node-a', { leaseMs: 60_000, sends: true });
  await keeper.balance();
  expect(lanes.held()).toHaveLength(SLICES);
  await dispose();
});
