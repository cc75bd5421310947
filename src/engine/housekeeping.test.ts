/** Retention with a real store and a clock that is moved: what an engine deletes by itself, and what not. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import { anEndpoint, anEngine, aSqliteStore, aTagEvent, WORKSPACE } from '../../test/support/engine.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { DAY, MINUTE, SECOND } from '../core/duration.ts';
import type { StoredDelivery } from '../store/records/log.ts';
import { IDEMPOTENCY_KEPT_MS } from '../store/records/publishing.ts';
import type { Store } from '../store/store.ts';
import type { Engine } from './engine.ts';
import { createSweep } from './housekeeping.ts';
import { createJobs } from './jobs.ts';

const ALL = { limit: 1_000, before: null };

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
const deliveries = () => store.listDeliveries(WORKSPACE, {}, ALL);

/** Lets the engine's rounds come until it is so. */
async function until(ready: () => Promise<boolean>): Promise<void> {
  while (!(await ready())) clock.move(SECOND);
}

const areAll = (state: StoredDelivery['state']) => async () =>
  (await deliveries()).every((delivery) => delivery.state === state);

/** The clock stands still meanwhile: requests under way have deadlines. */
async function delivered(): Promise<void> {
  const areDelivered = areAll('delivered');
  while (!(await areDelivered()));
}

test('attempts and bodies go after 30 days, events after 90, as the settings say', async () => {
  await anEndpoint(engine, store, { url: `${receiver.url}/a` });
  await publish(1, 2, 3);
  await delivered();
  const keys = (await deliveries()).map(({ key }) => key);
  clock.move(29 * DAY);
  await publish(4);
  await delivered();
  clock.move(DAY + MINUTE);
  const bodies = async () => (await store.listEvents(WORKSPACE, {}, ALL)).map(({ body }) => body !== null);
  await until(async () => (await bodies()).filter(Boolean).length === 1);
  await until(async () => (await store.listAttempts(WORKSPACE, keys, { full: false })).length === 0);
  expect(await bodies()).toEqual([true, false, false, false]);
  expect(await deliveries()).toHaveLength(4);
  clock.move(60 * DAY);
  await until(async () => (await deliveries()).length === 1);
  expect(await store.listEvents(WORKSPACE, {}, ALL)).toHaveLength(1);
});

test('A1: what a plan keeps for less time goes earlier, whatever the settings say', async () => {
  await anEndpoint(engine, store, { url: `${receiver.url}/a` });
  await publish(1);
  await delivered();
  // "starter" keeps 30 days; the settings of a new workspace keep events for 90.
  await store.updateWorkspace(WORKSPACE, { plan: 'starter' }, clock.now(), 'me');
  clock.move(30 * DAY + MINUTE);
  await until(async () => (await deliveries()).length === 0);
  expect(await store.listEvents(WORKSPACE, {}, ALL)).toEqual([]);
});

test('P2, D15: what is held stays while it is open, expires after seven days, and goes with its event', async () => {
  const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
  const disabled = { reason: 'manual' as const, at: clock.now(), by: 'me' };
  await store.disableEndpoint(WORKSPACE, endpoint.key, disabled);
  await engine.routingChanged(WORKSPACE);
  await publish(1, 2);
  clock.move(6 * DAY);
  const notices = async () =>
    (await store.listNotices(WORKSPACE, ALL)).filter(({ kind }) => kind === 'held.expiring');
  await until(async () => (await notices()).length > 0);
  expect((await deliveries()).map(({ state }) => state)).toEqual(['pending', 'pending']);
  clock.move(DAY);
  await until(areAll('skipped'));
  expect((await deliveries()).map(({ reason }) => reason)).toEqual(
    Array(2).fill('held_expired: held for 7 days'),
  );
  expect(await notices()).toHaveLength(1);
  // The lane goes on behind what has expired.
  await store.enableEndpoint(WORKSPACE, endpoint.key, 'send', 'me', clock.now());
  await engine.routingChanged(WORKSPACE);
  await engine.lanesChanged(endpoint.lanes);
  await publish(3);
  await receiver.count(1);
  while ((await deliveries())[0]?.state !== 'delivered');
  expect((await store.readLanes(endpoint.lanes))[0]?.lastSequence).toBe(3);
});

test('what is open outlives every limit', async () => {
  receiver.answerWith(() => null);
  const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
  const settings = (await store.findWorkspace(WORKSPACE))?.settings;
  if (settings === undefined) throw new Error('No workspace.');
  const retention = { ...settings.retention, held_days: 3_650 };
  await store.updateWorkspace(WORKSPACE, { settings: { ...settings, retention } }, clock.now(), 'me');
  const disabled = { reason: 'manual' as const, at: clock.now(), by: 'me' };
  await store.disableEndpoint(WORKSPACE, endpoint.key, disabled);
  await engine.routingChanged(WORKSPACE);
  await publish(1);
  clock.move(200 * DAY);
  await publish(2);
  for (let n = 0; n < 20; n += 1) {
    clock.move(11 * MINUTE);
    await store.ping();
  }
  const kept = await store.listEvents(WORKSPACE, {}, ALL);
  expect(kept.map(({ body }) => body !== null)).toEqual([true, true]);
  expect(await deliveries()).toHaveLength(2);
});

test('P9: what counts as skipped is written in steps, and gone on with after a restart', async () => {
  const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
  const disabled = { reason: 'manual' as const, at: clock.now(), by: 'me' };
  await store.disableEndpoint(WORKSPACE, endpoint.key, disabled);
  await engine.routingChanged(WORKSPACE);
  await publish(...Array.from({ length: 700 }, (_, n) => n));
  await engine.stop();
  await store.enableEndpoint(WORKSPACE, endpoint.key, 'skip', 'Layla', clock.now());
  // The step that the former process came to.
  expect(await store.writeSkips(WORKSPACE, 300)).toBe(true);
  const done = async () => (await store.readLanes(endpoint.lanes))[0]?.doneSequence;
  expect(await done()).toBe(600);
  engine = anEngine(store, clock);
  await engine.start();
  await until(async () => (await done()) === 700);
  expect(await areAll('skipped')()).toBe(true);
  // The lane goes on behind them; none of them was sent.
  await publish(701);
  await receiver.count(1);
  expect(receiver.received).toHaveLength(1);
});

test('all idempotency keys that have expired go in one turn of the sweep, however many', async () => {
  const keys = Array.from({ length: 1_100 }, (_, n) => `key-${n}`);
  await Promise.all(
    keys.map((key, n) => engine.publish(WORKSPACE, () => [aTagEvent(n)], { key, hash: 'hash' })),
  );
  await engine.stop();
  let swept = 0;
  const count = (fields: Record<string, unknown>): void => {
    swept += Number(fields.swept);
  };
  const throwIt = (error: unknown): never => {
    throw error;
  };
  const jobs = createJobs({ clock, onError: throwIt }, [createSweep({ store, clock, onDone: count })]);
  // A job's first turn comes after its time; the clock stands still from then on, so that no second one does.
  clock.move(IDEMPOTENCY_KEPT_MS + 1);
  jobs.tick();
  while (swept < keys.length) await store.ping();
  await jobs.stop();
  expect(await store.sweep(clock.now(), clock.now(), 10)).toBe(0);
});
