/** A11, P8, P9: what becomes of endpoints that fail, with a real store and a real receiver, and a moved clock. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock, moment, passUntil } from '../../test/support/clock.ts';
import {
  anEndpoint,
  anEngine,
  aSqliteStore,
  aTagEvent,
  numbersOf,
  WORKSPACE,
} from '../../test/support/engine.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { DEFAULT_BUDGET } from '../core/delivery/budget.ts';
import { HOUR, MINUTE, SECOND } from '../core/duration.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import { DEFAULT_SETTINGS, type WorkspaceSettings } from '../store/records/settings.ts';
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

const publish = (from: number, count: number, contact?: (n: number) => number) =>
  engine.publish(
    WORKSPACE,
    () => Array.from({ length: count }, (_, index) => aTagEvent(from + index, contact?.(from + index) ?? 1)),
    null,
  );

async function settings(over: Partial<WorkspaceSettings>): Promise<void> {
  await store.updateWorkspace(WORKSPACE, { settings: { ...DEFAULT_SETTINGS, ...over } }, 0, 'test');
  await engine.routingChanged(WORKSPACE);
}

async function endpointNow(key: number): Promise<Endpoint> {
  const found = (await store.routing(WORKSPACE))?.endpoints.find((endpoint) => endpoint.key === key);
  if (found === undefined) throw new Error('The endpoint is gone.');
  return found;
}

const until = (condition: () => boolean | Promise<boolean>) => passUntil(clock, condition);

const requestsTo = (path: string) => receiver.received.filter((request) => request.path === path);

async function disable(endpoint: Endpoint): Promise<void> {
  await store.disableEndpoint(WORKSPACE, endpoint.key, { reason: 'manual', at: clock.now(), by: 'Layla' });
  await engine.routingChanged(WORKSPACE);
}

async function enable(endpoint: Endpoint, held: 'send' | 'skip'): Promise<void> {
  await store.enableEndpoint(WORKSPACE, endpoint.key, held, 'Layla', clock.now());
  await engine.routingChanged(WORKSPACE);
  await engine.lanesChanged(endpoint.lanes);
}

describe('A11: the error budget', () => {
  test('a dead endpoint is disabled at the 31st failed attempt; a healthy one of the workspace goes on', async () => {
    receiver.answerWith((request) => (request.path === '/dead' ? 500 : 200));
    const dead = await anEndpoint(engine, store, { url: `${receiver.url}/dead`, retry: { preset: 'none' } });
    const healthy = await anEndpoint(engine, store, { url: `${receiver.url}/healthy` });
    await publish(0, 30);
    await until(() => requestsTo('/dead').length === 30 && requestsTo('/healthy').length === 30);
    await until(async () => (await store.countOpen(WORKSPACE, [dead.key])).size === 0);
    // Thirty drops alone disable nobody: it is the attempts that count.
    expect((await endpointNow(dead.key)).disabled).toBeNull();
    await publish(30, 20);
    await until(async () => (await endpointNow(dead.key)).disabled !== null);
    await until(() => requestsTo('/healthy').length === 50);
    expect(requestsTo('/dead')).toHaveLength(31);
    expect((await endpointNow(dead.key)).disabled).toMatchObject({ reason: 'error_budget' });
    expect((await endpointNow(healthy.key)).disabled).toBeNull();
    expect((await store.countOpen(WORKSPACE, [dead.key])).get(dead.key)?.count).toBe(19);
    expect(numbersOf(requestsTo('/healthy'))).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  test('retries count like first attempts, over all endpoints of the workspace', async () => {
    receiver.answerWith(() => 503);
    const endpoints = await Promise.all(
      Array.from({ length: 8 }, (_, n) => anEndpoint(engine, store, { url: `${receiver.url}/${n}` })),
    );
    await publish(0, 1);
    const errors = async (): Promise<number> => (await store.listBudgetErrors(WORKSPACE, 0)).length;
    for (const [waitS, expected] of [
      [0, 8],
      [30, 16],
      [60, 24],
    ] as const) {
      clock.move(waitS * SECOND);
      await until(async () => (await errors()) === expected);
    }
    expect(receiver.received).toHaveLength(24);
    clock.move(90 * SECOND);
    await until(async () => {
      const all = await Promise.all(endpoints.map(({ key }) => endpointNow(key)));
      return all.every(({ disabled }) => disabled?.reason === 'error_budget');
    });
    expect(receiver.received.length).toBeGreaterThanOrEqual(31);
  });

  test('with a budget for each endpoint, the second flaky one is left alone', async () => {
    await settings({ budget: { ...DEFAULT_BUDGET, limit: 3, scope: 'endpoint' } });
    receiver.answerWith((request, index) => (request.path === '/dead' || index % 3 === 0 ? 500 : 200));
    const dead = await anEndpoint(engine, store, { url: `${receiver.url}/dead`, retry: { preset: 'none' } });
    await publish(0, 10);
    await until(async () => (await endpointNow(dead.key)).disabled !== null);
    const flaky = await anEndpoint(engine, store, {
      url: `${receiver.url}/flaky`,
      retry: { preset: 'none' },
    });
    await publish(10, 6);
    await until(() => requestsTo('/flaky').length === 6);
    await until(async () => (await store.countOpen(WORKSPACE, [flaky.key])).size === 0);
    expect(requestsTo('/dead')).toHaveLength(4);
    expect((await endpointNow(flaky.key)).disabled).toBeNull();
  });

  test('a test that a person sends is charged to nobody', async () => {
    receiver.answerWith(() => 500);
    const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a`, retry: { preset: 'none' } });
    await engine.sendTest(WORKSPACE, endpoint, aTagEvent(1));
    await until(async () => (await store.countOpen(WORKSPACE, [endpoint.key])).size === 0);
    expect(requestsTo('/a')).toHaveLength(1);
    expect(await store.listBudgetErrors(WORKSPACE, 0)).toEqual([]);
  });
});

describe('A13, P9: coming back', () => {
  test('three thousand held deliveries go out in order, the first alone, then at the set rate', async () => {
    await settings({ release_per_second: 1_000 });
    const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await disable(endpoint);
    for (let from = 0; from < 3_000; from += 1_000) await publish(from, 1_000);
    clock.move(HOUR);
    await enable(endpoint, 'send');
    await until(() => receiver.received.length === 1);
    await until(async () => (await endpointNow(endpoint.key)).recovery?.probing === false);
    const started = clock.now();
    while (receiver.received.length < 3_000) {
      const before = receiver.received.length;
      clock.move(1);
      await new Promise((resolve) => setImmediate(resolve));
      // Never more than the rate allows, and what was there when it began.
      expect(receiver.received.length).toBeLessThanOrEqual(clock.now() - started + 2);
      expect(receiver.received.length).toBeGreaterThanOrEqual(before);
    }
    expect(numbersOf(receiver.received)).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
    // Each is a commit of its own: on a slow disk that alone takes twenty seconds.
  }, 240_000);

  test('with several lanes, one delivery is tried alone; the others follow when it has arrived', async () => {
    const answers: Array<() => void> = [];
    receiver.answerWith(() => new Promise((resolve) => answers.push(() => resolve(200))));
    const endpoint = await anEndpoint(engine, store, {
      url: `${receiver.url}/a`,
      ordering: { by: 'subject', lanes: 8 },
    });
    await disable(endpoint);
    await publish(0, 40, (n) => n);
    clock.move(HOUR);
    await enable(endpoint, 'send');
    await until(() => answers.length === 1);
    for (let second = 0; second < 3; second += 1) {
      clock.move(SECOND);
      for (let turn = 0; turn < 50; turn += 1) await moment();
    }
    expect(receiver.received).toHaveLength(1);
    receiver.answerWith(() => 200);
    answers[0]?.();
    await until(async () => (await endpointNow(endpoint.key)).recovery?.probing === false);
    await until(() => receiver.received.length >= 40);
    expect(receiver.received).toHaveLength(40);
  });

  test('skipping ends all that was held, with who and when; nothing of it is sent', async () => {
    const endpoint = await anEndpoint(engine, store, { url: `${receiver.url}/a` });
    await disable(endpoint);
    for (let from = 0; from < 10_000; from += 1_000) await publish(from, 1_000);
    clock.move(MINUTE);
    const enabledAt = clock.now();
    await enable(endpoint, 'skip');
    await publish(10_000, 1);
    await until(() => receiver.received.length === 1);
    expect(numbersOf(receiver.received)).toEqual([10_000]);
    let before: number | null = null;
    let skipped = 0;
    for (;;) {
      // Whether its row says so already or not.
      const page = await store.listDeliveries(WORKSPACE, {}, { limit: 1_000, before });
      const ended = page.filter(({ state }) => state === 'skipped');
      for (const { reason, endedAt } of ended) {
        expect([reason, endedAt]).toEqual(['skipped_by: Layla', enabledAt]);
      }
      skipped += ended.length;
      before = page.at(-1)?.key ?? null;
      if (before === null) break;
    }
    expect(skipped).toBe(10_000);
  });
});
