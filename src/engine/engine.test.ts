/** The engine with a real store, a real receiver and a clock that is moved. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import {
  anEndpoint,
  anEngine,
  aSqliteStore,
  aTagEvent,
  numbersOf,
  WORKSPACE,
} from '../../test/support/engine.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { SECOND } from '../core/duration.ts';
import type { StoredDelivery } from '../store/records/log.ts';
import type { Store } from '../store/store.ts';
import { type Engine, Overloaded } from './engine.ts';

let clock: MovableClock;
let store: Store;
let engine: Engine;
let receiver: Receiver;
let dispose: () => Promise<void>;

beforeEach(async () => {
  clock = createMovableClock();
  ({ store, dispose } = await aSqliteStore(clock));
  engine = anEngine(store, clock);
  receiver = await startReceiver();
  await engine.start();
});

afterEach(async () => {
  await engine.stop();
  await receiver.close();
  await dispose();
});

const publish = (...numbers: number[]) =>
  engine.publish(WORKSPACE, () => numbers.map((n) => aTagEvent(n)), null);

/** Waits until the delivery list satisfies `ready`; the store answers as fast as the disk does. */
async function deliveriesOnce(ready: (deliveries: StoredDelivery[]) => boolean): Promise<StoredDelivery[]> {
  for (;;) {
    const found = await store.listDeliveries(WORKSPACE, {}, { limit: 1000, before: null });
    const deliveries = found.toReversed();
    if (ready(deliveries)) return deliveries;
  }
}

const ended = (count: number) => (deliveries: StoredDelivery[]) =>
  deliveries.filter(({ endedAt }) => endedAt !== null).length >= count;
const waitingAt = (attempts: number) => (deliveries: StoredDelivery[]) =>
  deliveries.some((delivery) => delivery.state === 'waiting' && delivery.attempts === attempts);

describe('a lane', () => {
  test('P3: delivers in the order of acceptance, one at a time', async () => {
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(...Array.from({ length: 150 }, (_, n) => n));
    await publish(...Array.from({ length: 150 }, (_, n) => 150 + n));
    await receiver.count(300);
    expect(numbersOf(receiver.received)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    const sequences = receiver.received.map(({ headers }) => Number(headers['mirsal-sequence']));
    expect(sequences).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  });

  test('A10, P6: 500 four times is four attempts after waits of 30, 60 and 90 s, then dropped with a reason; the next follows', async () => {
    receiver.answerWith((request) => (numbersOf([request])[0] === 1 ? 500 : 200));
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1, 2);
    const dueIn: number[] = [];
    for (const [index, wait] of [30, 60, 90].entries()) {
      const [first] = await deliveriesOnce(waitingAt(index + 1));
      dueIn.push((first?.nextAttemptAt ?? 0) - clock.now());
      clock.move(wait * SECOND - 1);
      expect(receiver.received).toHaveLength(index + 1);
      clock.move(1);
      await receiver.count(index + 2);
    }
    const [first, second] = await deliveriesOnce(ended(2));
    expect(dueIn).toEqual([30 * SECOND, 60 * SECOND, 90 * SECOND]);
    expect(first).toMatchObject({
      state: 'dropped',
      attempts: 4,
      reason: 'retries_exhausted: 4 attempts, the last: HTTP 500',
    });
    expect(second).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(numbersOf(receiver.received)).toEqual([1, 1, 1, 1, 2]);
    const ids = new Set(receiver.received.slice(0, 4).map(({ headers }) => headers['webhook-id']));
    expect(ids.size).toBe(1);
  });

  test('P3: a receiver that recovers at the third attempt gets everything in order', async () => {
    receiver.answerWith((_request, index) => (index < 2 ? 503 : 200));
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1, 2, 3, 4, 5);
    await deliveriesOnce(waitingAt(1));
    clock.move(30 * SECOND);
    await deliveriesOnce(waitingAt(2));
    clock.move(60 * SECOND);
    const deliveries = await deliveriesOnce(ended(5));
    expect(deliveries.map(({ state }) => state)).toEqual(Array(5).fill('delivered'));
    expect(numbersOf(receiver.received)).toEqual([1, 1, 1, 2, 3, 4, 5]);
  });

  test('Retry-After is honoured where it asks for longer, within the limit', async () => {
    receiver.answerWith((_request, index) =>
      index === 0 ? { status: 429, headers: { 'retry-after': '100' } } : 200,
    );
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1);
    const [delivery] = await deliveriesOnce(waitingAt(1));
    expect((delivery?.nextAttemptAt ?? 0) - clock.now()).toBe(100 * SECOND);
  });

  test('P7: an attempt ends at its deadline, whatever the receiver does', async () => {
    receiver.answerWith(() => null);
    await anEndpoint(engine, store, { url: `${receiver.url}/a`, retry: { preset: 'none' } });
    await publish(1);
    await receiver.count(1);
    clock.move(5 * SECOND);
    const [delivery] = await deliveriesOnce(ended(1));
    expect(delivery).toMatchObject({
      state: 'dropped',
      reason: 'retries_exhausted: 1 attempt, the last: timeout',
    });
    const [attempt] = await store.listAttempts(WORKSPACE, [delivery?.key ?? 0], { full: false });
    expect(attempt).toMatchObject({ outcome: 'timeout', status: null, durationMs: 5000 });
  });

  test('410 disables the endpoint; what follows is held, and sent in order once it is enabled (P9)', async () => {
    receiver.answerWith((_request, index) => (index === 0 ? 410 : 200));
    const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1, 2, 3);
    await deliveriesOnce(ended(1));
    await publish(4);
    const deliveries = await deliveriesOnce(() => true);
    expect(deliveries.map(({ state, endpointEnabled }) => [state, endpointEnabled])).toEqual([
      ['dropped', false],
      ['pending', false],
      ['pending', false],
      ['pending', false],
    ]);
    expect(await store.enableEndpoint(WORKSPACE, endpoint.key, 'send', 'test', clock.now())).toBe(3);
    await engine.routingChanged(WORKSPACE);
    await engine.lanesChanged(endpoint.lanes);
    await receiver.count(4);
    expect(numbersOf(receiver.received)).toEqual([1, 2, 3, 4]);
  });

  test('A15: a waiting delivery retried now goes out at once; a skipped one never', async () => {
    receiver.answerWith((_request, index) => (index === 0 ? 500 : 200));
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1, 2, 3);
    const [first, second] = await deliveriesOnce(waitingAt(1));
    const skipped = await store.skipDelivery(WORKSPACE, second?.key ?? 0, 'test', clock.now());
    const retried = await store.retryNow(WORKSPACE, first?.key ?? 0, clock.now(), 'test');
    expect([skipped.kind, retried.kind]).toEqual(['changed', 'changed']);
    await engine.lanesChanged([first?.lane ?? 0]);
    const deliveries = await deliveriesOnce(ended(3));
    expect(deliveries.map(({ state }) => state)).toEqual(['delivered', 'skipped', 'delivered']);
    expect(numbersOf(receiver.received)).toEqual([1, 1, 3]);
  });

  test('P13: a replay joins the tail under the same webhook-id', async () => {
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1, 2);
    const [first] = await deliveriesOnce(ended(2));
    if (first === undefined) throw new Error('no delivery');
    await store.replayDelivery(WORKSPACE, first.key, {
      key: engine.nextKey(),
      now: clock.now(),
      by: 'test',
    });
    await engine.lanesChanged([first.lane]);
    const deliveries = await deliveriesOnce(ended(3));
    expect(deliveries[2]).toMatchObject({ replayOf: first.key, message: first.message, sequence: 3 });
    expect(numbersOf(receiver.received)).toEqual([1, 2, 1]);
    expect(receiver.received[2]?.headers['webhook-id']).toBe(receiver.received[0]?.headers['webhook-id']);
    expect(receiver.received[2]?.headers['mirsal-replay']).toBe('true');
  });
});

describe('several lanes', () => {
  test('A9, P11: of 200 endpoints, 20 that hang do not slow the 180', async () => {
    receiver.answerWith(({ path }) => (path.startsWith('/hang') ? null : 200));
    const types = { eventTypes: ['contact.tag.added'] };
    for (let n = 0; n < 200; n += 1) {
      await anEndpoint(engine, store, { url: `${receiver.url}/${n < 20 ? 'hang' : 'well'}/${n}`, ...types });
    }
    await publish(1, 2, 3, 4, 5);
    // The clock stands still: whatever arrives does so without one hanging attempt having ended.
    await receiver.count(20 + 180 * 5);
    for (let n = 20; n < 200; n += 1) expect(numbersOf(receiver.of(`/well/${n}`))).toEqual([1, 2, 3, 4, 5]);
    for (let n = 0; n < 20; n += 1) expect(numbersOf(receiver.of(`/hang/${n}`))).toEqual([1]);
    clock.move(5 * SECOND);
  });

  test('ordering by subject: a failing contact holds up no other', async () => {
    receiver.answerWith((request) => (request.body.includes('"id":1,"email"') ? 500 : 200));
    await anEndpoint(engine, store, { url: `${receiver.url}/a`, ordering: { by: 'subject', lanes: 16 } });
    const events = Array.from({ length: 40 }, (_, n) => aTagEvent(n, (n % 4) + 1));
    await engine.publish(WORKSPACE, () => events, null);
    const deliveries = await deliveriesOnce(ended(30));
    const perContact = Map.groupBy(numbersOf(receiver.received), (n) => (n % 4) + 1);
    for (const contact of [2, 3, 4]) {
      expect(perContact.get(contact)).toEqual(Array.from({ length: 10 }, (_, n) => n * 4 + contact - 1));
    }
    expect(perContact.get(1)).toEqual([0]);
    expect(deliveries.filter(({ state }) => state === 'delivered')).toHaveLength(30);
  });
});

describe('publishing', () => {
  test('P14: more than 96 MiB waiting for the store is refused, and taken again when it has answered', async () => {
    const release = Promise.withResolvers<void>();
    const slow: Store = {
      ...store,
      async publish(call) {
        await release.promise;
        return store.publish(call);
      },
    };
    await engine.stop();
    const other = anEngine(slow, clock);
    await other.start();
    const padding = 'x'.repeat(1024 * 1024);
    const send = (n: number) =>
      other.publish(
        WORKSPACE,
        () => [{ ...aTagEvent(n), data: JSON.stringify({ padding }), value: { padding } }],
        null,
      );
    const waiting = Array.from({ length: 95 }, (_, n) => send(n));
    await expect(Promise.all([send(95), send(96)])).rejects.toThrow(Overloaded);
    release.resolve();
    const outcomes = await Promise.all(waiting);
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    expect(await send(97)).toMatchObject({ kind: 'accepted' });
    await other.stop();
  });

  test('P3: bodies too large to be kept in memory are loaded in order, a few at a time', async () => {
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    const padding = 'x'.repeat(400_000);
    const large = (n: number) => {
      const event = aTagEvent(n);
      const value = { ...(event.value as object), padding };
      return { ...event, value, data: JSON.stringify(value) };
    };
    await engine.publish(WORKSPACE, () => Array.from({ length: 12 }, (_, n) => large(n)), null);
    await receiver.count(12);
    expect(numbersOf(receiver.received)).toEqual(Array.from({ length: 12 }, (_, n) => n));
  });

  test('routing is exact: a lane that is woken sends by what holds now, not by what this node has held', async () => {
    receiver.answerWith((_request, index) => (index === 0 ? 500 : 200));
    const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/former` });
    await publish(1);
    const [first] = await deliveriesOnce(waitingAt(1));
    await store.updateEndpoint(
      WORKSPACE,
      endpoint.key,
      { url: `${receiver.url}/present` },
      clock.now(),
      'test',
    );
    await store.retryNow(WORKSPACE, first?.key ?? 0, clock.now(), 'test');
    await engine.lanesChanged(endpoint.lanes);
    await receiver.count(2);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/former', '/present']);
  });

  test('routing is exact: a change made before the publish applies to it', async () => {
    const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    // Behind the engine's back, as another node would: only the version in the transaction tells.
    await store.updateEndpoint(WORKSPACE, endpoint.key, { eventTypes: ['call.ended'] }, clock.now(), 'test');
    const outcome = await publish(1);
    expect(outcome).toMatchObject({ kind: 'accepted', accepted: [{ deliveries: 0 }] });
  });

  test('P12: a condition that says no is kept with the clause and the actual value', async () => {
    await anEndpoint(engine, store, {
      url: `${receiver.url}/a`,
      condition: { field: 'data.tag.name', op: 'equals', value: 'vip' },
    });
    const outcome = await publish(7);
    if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
    const event = await store.findEvent(WORKSPACE, outcome.accepted[0]?.id ?? '');
    expect(JSON.parse(event?.verdicts ?? '')).toMatchObject([
      { clause: { field: 'data.tag.name', op: 'equals', value: 'vip' }, actual: 'tag 7' },
    ]);
  });

  test('P1: what a stopped engine left open is taken up by the next one', async () => {
    receiver.answerWith((_request, index) => (index === 0 ? 500 : 200));
    await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await publish(1, 2, 3);
    await deliveriesOnce(waitingAt(1));
    await engine.stop();
    engine = anEngine(store, clock);
    await engine.start();
    expect(receiver.received).toHaveLength(1);
    clock.move(30 * SECOND);
    await deliveriesOnce(ended(3));
    expect(numbersOf(receiver.received)).toEqual([1, 1, 2, 3]);
  });
});
