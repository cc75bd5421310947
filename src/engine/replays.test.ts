/** Replays with a real store, a real receiver and a clock that is moved (P13). */

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
import type { Endpoint } from '../store/records/endpoints.ts';
import type { Replay, ReplayFilter } from '../store/records/replays.ts';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';

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

async function startReplay(endpoint: Endpoint, filter: Partial<ReplayFilter> = {}): Promise<Replay> {
  const asked = {
    workspace: WORKSPACE,
    endpoint: endpoint.key,
    filter: { since: 0, until: clock.now(), states: ['dropped', 'skipped'] as const, ...filter },
    createdAt: clock.now(),
  };
  const { total, gone } = await store.countOriginals(asked);
  const replay: Replay = {
    ...asked,
    key: engine.nextKey(),
    total,
    done: 0,
    gone,
    state: 'running',
    reason: null,
    createdBy: 'me',
    endedAt: null,
  };
  expect(await store.createReplay(replay)).toEqual({ kind: 'created' });
  return replay;
}

/** Lets the engine's rounds come until the replay is as wanted; what is under way meanwhile has an hour. */
async function replayOnce(key: number, ready: (replay: Replay) => boolean): Promise<Replay> {
  for (let reads = 1; ; reads += 1) {
    const replay = await store.findReplay(WORKSPACE, key);
    if (replay === null) throw new Error('The replay is gone.');
    if (ready(replay)) return replay;
    if (reads % 5 === 0) clock.move(SECOND);
  }
}

const PATIENT = { timeoutMs: 3_600 * SECOND };

/** Deliveries of the endpoint, skipped, in bulk; their messages in order. */
async function makeSkipped(endpoint: Endpoint, count: number): Promise<number[]> {
  const disabled = { reason: 'manual' as const, at: clock.now(), by: 'me' };
  await store.disableEndpoint(WORKSPACE, endpoint.key, disabled);
  const messages: number[] = [];
  for (let from = 0; from < count; from += 1_000) {
    const routingVersion = (await store.routingVersions([WORKSPACE])).get(WORKSPACE) ?? 0;
    const events = Array.from({ length: 1_000 }, (_, index) => {
      const key = engine.nextKey();
      messages.push(key);
      const id = `e${from + index}`;
      const source = { kind: 'subscription' as const, id: endpoint.key };
      const delivery = {
        key,
        endpoint: endpoint.key,
        lane: endpoint.lanes[0] ?? 0,
        source,
        claim: false,
        body: null,
      };
      const plain = { depth: 0, trace: null, activations: [], signals: false };
      const common = { subject: null, account: null, verdicts: null, warnings: null, test: false, ...plain };
      return {
        ...common,
        key: engine.nextKey(),
        id,
        type: 'contact.tag.added',
        createdAt: clock.now(),
        body: '{}',
        hash: id,
        deliveries: [delivery],
      };
    });
    const call = { workspace: WORKSPACE, routingVersion, acceptedAt: clock.now(), events };
    await store.publish({ ...call, idempotency: null, quota: null, searchable: true });
  }
  await store.enableEndpoint(WORKSPACE, endpoint.key, 'skip', 'me', clock.now());
  await store.disableEndpoint(WORKSPACE, endpoint.key, disabled);
  return messages;
}

describe('a replay', () => {
  test('P13: sends what was dropped in its order, under the same webhook-ids, behind what is queued', async () => {
    let down = true;
    receiver.answerWith(() => (down ? 500 : 200));
    const endpoint = await anEndpoint(engine, store, {
      ...PATIENT,
      url: `${receiver.url}/a`,
      retry: { preset: 'none' },
    });
    const budget = { limit: 10_000, window_s: 60, scope: 'workspace' as const };
    const settings = (await store.findWorkspace(WORKSPACE))?.settings;
    if (settings === undefined) throw new Error('No workspace.');
    await store.updateWorkspace(WORKSPACE, { settings: { ...settings, budget } }, clock.now(), 'me');
    await engine.routingChanged(WORKSPACE);
    const numbers = Array.from({ length: 450 }, (_, n) => n);
    await engine.publish(WORKSPACE, () => numbers.map((n) => aTagEvent(n)), null);
    await receiver.count(450);
    await expect
      .poll(
        async () =>
          (await store.listDeliveries(WORKSPACE, { state: 'dropped' }, { limit: 1_000, before: null }))
            .length,
      )
      .toBe(450);
    down = false;
    const { key } = await startReplay(endpoint);
    const done = await replayOnce(key, ({ state }) => state !== 'running');
    expect(done).toMatchObject({ state: 'finished', total: 450, done: 450, gone: 0 });
    await receiver.count(900);
    const again = receiver.received.slice(450);
    expect(numbersOf(again)).toEqual(numbers);
    expect(again.every(({ headers }) => headers['mirsal-replay'] === 'true')).toBe(true);
    expect(again.map(({ headers }) => headers['webhook-id'])).toEqual(
      receiver.received.slice(0, 450).map(({ headers }) => headers['webhook-id']),
    );
  });

  test('of 50,000 shows its progress, goes on after a restart, and stops where it is cancelled', async () => {
    const endpoint = await anEndpoint(engine, store, { ...PATIENT, url: `${receiver.url}/a` });
    const messages = await makeSkipped(endpoint, 50_000);
    const { key, total } = await startReplay(endpoint);
    expect(total).toBe(50_000);
    const early = await replayOnce(key, ({ done }) => done > 0);
    expect(early.done).toBeLessThan(50_000);
    await replayOnce(key, ({ done }) => done >= 10_000);
    await engine.stop();
    const stopped = await store.findReplay(WORKSPACE, key);
    expect(stopped?.state).toBe('running');
    engine = anEngine(store, clock);
    await engine.start();
    await replayOnce(key, ({ done }) => done >= (stopped?.done ?? 0) + 5_000);
    expect(await store.cancelReplay(WORKSPACE, key, clock.now(), 'me')).toBe(true);
    const cancelled = await replayOnce(key, () => true);
    expect(cancelled.state).toBe('cancelled');
    expect(cancelled.done).toBeLessThan(50_000);
    clock.move(SECOND);
    const open: number[] = [];
    for (let after = 0; ; ) {
      const items = await store.loadLane(
        { workspace: WORKSPACE, lane: endpoint.lanes[0] ?? 0 },
        after,
        5_000,
        1e9,
      );
      open.push(...items.map(({ message }) => message));
      after = items.at(-1)?.sequence ?? after;
      if (items.length === 0) break;
    }
    expect(open).toEqual(messages.slice(0, cancelled.done));
    expect((await store.findReplay(WORKSPACE, key))?.done).toBe(cancelled.done);
  });

  test('waits while five thousand of it are open; a disabled endpoint holds all of it', async () => {
    const held = Promise.withResolvers<number>();
    receiver.answerWith(() => held.promise);
    const endpoint = await anEndpoint(engine, store, { ...PATIENT, url: `${receiver.url}/a` });
    await makeSkipped(endpoint, 7_000);
    await store.enableEndpoint(WORKSPACE, endpoint.key, 'send', 'me', clock.now());
    await engine.routingChanged(WORKSPACE);
    const { key } = await startReplay(endpoint);
    await replayOnce(key, ({ done }) => done >= 5_000);
    for (let n = 0; n < 5; n += 1) {
      clock.move(SECOND / 10);
      expect((await store.findReplay(WORKSPACE, key))?.done).toBe(5_000);
    }
    held.resolve(200);
    await store.disableEndpoint(WORKSPACE, endpoint.key, { reason: 'manual', at: clock.now(), by: 'me' });
    await engine.routingChanged(WORKSPACE);
    expect(await replayOnce(key, ({ state }) => state === 'finished')).toMatchObject({ done: 7_000 });
  });
});

test('P2: a resend into a lane that is being closed as dry is sent', async () => {
  const endpoint = await anEndpoint(engine, store, { ...PATIENT, url: `${receiver.url}/a` });
  await engine.stop();
  let resend: (() => Promise<unknown>) | null = null;
  const settleLanes: Store['settleLanes'] = async (...parameters) => {
    await resend?.();
    resend = null;
    return store.settleLanes(...parameters);
  };
  engine = anEngine({ ...store, settleLanes }, clock);
  await engine.start();
  await engine.publish(WORKSPACE, () => [aTagEvent(1)], null);
  await receiver.count(1);
  const delivered = async () =>
    (await store.listDeliveries(WORKSPACE, { state: 'delivered' }, { limit: 9, before: null }))[0];
  while ((await delivered()) === undefined);
  const original = (await delivered())?.key ?? 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  resend = async () => {
    await store.replayDelivery(WORKSPACE, original, { key: engine.nextKey(), now: clock.now(), by: 'me' });
    // No signal comes: what the store says must be enough.
    resolve();
  };
  // The next round is due a second after the last one ended, whenever that was.
  while (receiver.received.length < 2) {
    clock.move(SECOND);
    await store.ping();
  }
  await promise;
  expect((await store.readLanes(endpoint.lanes))[0]).toMatchObject({ lastSequence: 2 });
});
