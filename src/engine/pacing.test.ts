/** An endpoint's rate limit and its "not now": over lanes and nodes, with a clock that is moved. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock, passUntil } from '../../test/support/clock.ts';
import { anEndpoint, anEngine, aSqliteStore, aTagEvent, WORKSPACE } from '../../test/support/engine.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { SECOND } from '../core/duration.ts';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { createPacing, type Paced, rateHere } from './pacing.ts';

interface AtWork extends Paced {
  name: string;
}

/** Lanes that always have something to send: each start with its time. */
function atWork(perSecond: (lane: AtWork) => number) {
  const clock = createMovableClock();
  const starts: Array<{ name: string; at: number }> = [];
  const absent = new Set<AtWork>();
  const pacing = createPacing<AtWork>({
    clock,
    wake(lane) {
      if (!absent.has(lane)) ask(lane);
      return !absent.has(lane);
    },
  });
  const ask = (lane: AtWork): void => {
    if (!pacing.mayStart(lane, perSecond(lane))) return;
    starts.push({ name: lane.name, at: clock.monotonic() });
    // Its result is recorded a moment later, and the next one follows.
    clock.after(1, () => ask(lane));
  };
  return { clock, starts, absent, ask, pacing };
}

const lane = (name: string, endpoint = 1): AtWork => ({ name, endpoint });

describe('a rate limit', () => {
  test.each([0.5, 1, 3, 5, 50, 300])('of %d a second is kept in every second, and reached', (rate) => {
    const { clock, starts, ask } = atWork(() => rate);
    for (const name of ['a', 'b', 'c', 'd']) ask(lane(name));
    clock.move(20 * SECOND);
    const times = starts.map(({ at }) => at);
    const most = Math.ceil(rate);
    for (const [index, at] of times.entries()) {
      const later = times[index + most];
      if (later !== undefined) expect(later - at).toBeGreaterThanOrEqual((most / rate) * SECOND - 6);
    }
    expect(times.length).toBeGreaterThanOrEqual(Math.floor(20 * rate * 0.97));
  });

  test('is spread evenly: never the whole of a second at once, not even after a rest', () => {
    const { clock, starts, ask } = atWork(() => 4);
    clock.move(60 * SECOND);
    for (const name of ['a', 'b', 'c', 'd', 'e']) ask(lane(name));
    clock.move(SECOND);
    expect(starts.map(({ at }) => at - 60 * SECOND)).toEqual([0, 250, 500, 750, 1_000]);
  });

  test('lanes take turns, and endpoints do not wait for each other', () => {
    const { clock, starts, ask } = atWork(() => 10);
    for (const name of ['a', 'b', 'c']) ask(lane(name));
    ask(lane('other', 2));
    expect(starts.map(({ name }) => name)).toEqual(['a', 'other']);
    clock.move(500);
    const mine = starts.filter(({ name }) => name !== 'other').map(({ name }) => name);
    expect(mine).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('a lane that is gone, or has nothing to send when its turn comes, does not keep the others', () => {
    const { clock, starts, absent, ask, pacing } = atWork(() => 2);
    const [a, gone, silent, b] = [lane('a'), lane('gone'), lane('silent'), lane('b')];
    ask(a);
    ask(gone);
    absent.add(gone);
    pacing.mayStart(silent, 2);
    ask(b);
    clock.move(10 * SECOND);
    expect(starts.filter(({ name }) => name === 'b').length).toBeGreaterThan(5);
  });

  test('a limit that is raised holds at once for who waits', () => {
    let rate = 0.01;
    const { clock, starts, ask } = atWork(() => rate);
    const [a, b] = [lane('a'), lane('b')];
    ask(a);
    ask(b);
    clock.move(2 * SECOND);
    rate = 10;
    ask(b);
    clock.move(SECOND);
    expect(starts.length).toBeGreaterThan(9);
  });
});

test('nodes that work the lanes of one endpoint send no more together than its limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 64 }),
      fc.double({ min: 0.01, max: 1_000, noNaN: true }),
      (nodeOfLane, per_second) => {
        const endpoint = { lanes: nodeOfLane.map((_, lane) => lane), rateLimit: { per_second } };
        const parts = [...new Set(nodeOfLane)].map((node) =>
          rateHere(endpoint, (lane) => nodeOfLane[lane] === node),
        );
        expect(parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)).toBeCloseTo(per_second, 6);
      },
    ),
  );
});

describe('with an engine', () => {
  let clock: MovableClock;
  let store: Store;
  let engine: Engine;
  let receiver: Receiver;
  let dispose: () => Promise<void>;
  let arrivals: number[];

  beforeEach(async () => {
    clock = createMovableClock();
    ({ store, dispose } = await aSqliteStore(clock));
    engine = anEngine(store, clock);
    receiver = await startReceiver();
    arrivals = [];
    await engine.start();
  });

  afterEach(async () => {
    await engine.stop();
    await receiver.close();
    await dispose();
  });

  const publish = (count: number) =>
    engine.publish(WORKSPACE, () => Array.from({ length: count }, (_, n) => aTagEvent(n, n)), null);
  const deliveries = async () =>
    (await store.listDeliveries(WORKSPACE, {}, { limit: 1000, before: null })).toReversed();

  test('all lanes of an endpoint share its limit, and the order within each is kept (P3)', async () => {
    receiver.answerWith(() => {
      arrivals.push(clock.monotonic());
      return 200;
    });
    await anEndpoint(engine, store, {
      url: `${receiver.url}/a`,
      ordering: { by: 'none', lanes: 8 },
      rateLimit: { per_second: 2 },
    });
    await publish(12);
    await receiver.count(1);
    for (let sent = 1; sent < 12; sent += 1) {
      clock.move(499);
      expect(receiver.received).toHaveLength(sent);
      clock.move(1);
      await receiver.count(sent + 1);
    }
    await passUntil(clock, async () => (await deliveries()).every(({ state }) => state === 'delivered'));
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
    expect(gaps).toEqual(Array(11).fill(500));
  });

  test('N1 to N3: a receiver that takes part of the load slows its lane; nothing is charged, nothing is lost', async () => {
    const full = { status: 429, headers: { 'retry-after': '10' } };
    // It takes one, then wants a rest.
    receiver.answerWith((_request, index) => (index % 2 === 0 ? 200 : full));
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(40);
    await passUntil(clock, async () => {
      const open = (await deliveries()).find(({ endedAt }) => endedAt === null);
      if (open?.state === 'waiting') {
        expect(open).toMatchObject({ reason: 'put_off: HTTP 429', attempts: 1 });
        clock.move((open.nextAttemptAt ?? 0) - clock.now());
      }
      return open === undefined;
    });
    const all = await deliveries();
    expect(all.every(({ state }) => state === 'delivered')).toBe(true);
    expect(all.map(({ attempts }) => attempts)).toEqual([1, ...Array(39).fill(2)]);
    expect(await store.listBudgetErrors(WORKSPACE, 0)).toEqual([]);
    expect((await store.listFailing(WORKSPACE)).size).toBe(0);
  });

  test('N5: one that says nothing but “not now” fails three minutes after the last that it took', async () => {
    receiver.answerWith((_request, index) =>
      index === 0 ? 200 : { status: 429, headers: { 'retry-after': '20' } },
    );
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(3);
    let endpointIsOff = false;
    await passUntil(clock, async () => {
      const open = (await deliveries()).find(({ endedAt }) => endedAt === null);
      if (open?.state === 'waiting') clock.move((open.nextAttemptAt ?? 0) - clock.now());
      endpointIsOff = open === undefined;
      return endpointIsOff;
    });
    const [taken, second, third] = await deliveries();
    expect(taken).toMatchObject({ state: 'delivered' });
    // 180 s in waits of 20 s, and the last one counts.
    expect(second).toMatchObject({ state: 'dropped', reason: expect.stringContaining('retries_exhausted') });
    expect(third).toMatchObject({ state: 'dropped', attempts: 4 });
    const charged = await store.listBudgetErrors(WORKSPACE, 0);
    expect(charged).toHaveLength(1 + 4);
  });
});
