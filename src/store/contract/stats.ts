/** The contract's part on statistics: what is counted, once, and what becomes of it with time. */

import { describe, expect, test } from 'vitest';
import { ATTEMPT_OUTCOMES } from '../../core/delivery/decide.ts';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import { ALL_ENDPOINTS, addTally, emptyTally, readTally } from '../../core/stats/counts.ts';
import { STATS_LIMITS } from '../../core/stats/series.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { Store } from '../store.ts';
import {
  anAttempt,
  anEvent,
  aResult,
  DROPPED,
  type OpenStore,
  publish,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
  WAITING,
} from './builders.ts';

const EVER = { since: 0, until: T0 + 1_000 * DAY, stepMs: MINUTE };

async function countsOf(store: Store, workspace: number, endpoint: number) {
  const sum = emptyTally();
  for (const { tally } of await store.readAttemptStats(workspace, endpoint, EVER)) addTally(sum, tally);
  return readTally(sum);
}

async function eventsOf(store: Store, workspace: number): Promise<Record<string, number>> {
  const events: Record<string, number> = {};
  for (const point of await store.readEventStats(workspace, EVER)) {
    events[point.type] = (events[point.type] ?? 0) + point.events;
  }
  return events;
}

/** Folds until nothing is left to be folded. */
async function foldAll(store: Store, now: number): Promise<void> {
  while ((await store.foldStats(now, 100)) > 0);
}

async function sendOne(store: Store, endpoint: NewEndpoint, startedAt: number): Promise<void> {
  const item = (await publishSome(store, endpoint, 1)).at(-1);
  if (item === undefined) throw new Error('Nothing is open.');
  await store.record('node-a', endpoint.workspace, [
    aResult(endpoint, 1, item, { attempt: anAttempt({ startedAt }) }),
  ]);
}

export function statsContract(open: OpenStore): void {
  describe('statistics', () => {
    const opened = useStore(open);

    test('each outcome is counted where it belongs, by endpoint and for all of them, with its duration', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 2 });
      const [one, other] = endpoints as [NewEndpoint, NewEndpoint];
      const items = await publishSome(store, one, ATTEMPT_OUTCOMES.length);
      const results = items.map((item, index) =>
        aResult(one, 1, item, {
          attempt: anAttempt({ outcome: ATTEMPT_OUTCOMES[index] ?? 'http', durationMs: 10 * 3 ** index }),
          next: index === 0 ? aResult(one, 1, item).next : WAITING,
        }),
      );
      await store.record('node-a', workspace, results);
      const [foreign] = await publishSome(store, other, 1);
      if (foreign === undefined) throw new Error('Nothing is open.');
      await store.record('node-a', workspace, [
        aResult(other, 1, foreign, { attempt: anAttempt({ outcome: 'tls' }), next: DROPPED }),
      ]);
      const counts = await countsOf(store, workspace, one.key);
      const [, ...classes] = ATTEMPT_OUTCOMES;
      expect(counts).toEqual({
        attempts: ATTEMPT_OUTCOMES.length,
        delivered: 1,
        failed: classes.length,
        failures: Object.fromEntries(classes.map((name) => [name, 1])),
        dropped: 0,
        // Of those that a receiver answered or let time out: 10, 30 and 90 ms.
        latency: { p50: 40, p95: expect.any(Number), p99: expect.any(Number) },
      });
      expect(counts.latency?.p95).toBeGreaterThan(75);
      expect(counts.latency?.p95).toBeLessThanOrEqual(100);
      expect(await countsOf(store, workspace, other.key)).toMatchObject({ attempts: 1, dropped: 1 });
      expect(await countsOf(store, workspace, ALL_ENDPOINTS)).toMatchObject({
        attempts: ATTEMPT_OUTCOMES.length + 1,
        failures: { tls: 2 },
        dropped: 1,
      });
      expect((await store.readAttemptStats(workspace, one.key, EVER)).map(({ at }) => at)).toEqual([
        Math.floor((T0 + 20) / MINUTE) * MINUTE,
      ]);
    });

    test('a result that is handed in again, or refused, or with consequences is counted once, or not at all', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [first, second] = await publishSome(store, endpoint, 2);
      if (first === undefined || second === undefined) throw new Error('Nothing is open.');
      const failed = aResult(endpoint, 1, first, {
        attempt: anAttempt({ outcome: 'http', status: 500 }),
        next: DROPPED,
        charged: true,
      });
      for (let times = 0; times < 3; times += 1) {
        await store.record('node-a', workspace, [failed]);
        await store.record('node-a', workspace, [aResult(endpoint, 7, second)]);
      }
      // Twice in one batch, and another beside it.
      await store.record('node-a', workspace, [
        aResult(endpoint, 1, second, { next: WAITING, attempt: anAttempt({ outcome: 'timeout' }) }),
        aResult(endpoint, 1, second, { attempt: anAttempt({ number: 2 }) }),
        failed,
      ]);
      expect(await countsOf(store, workspace, endpoint.key)).toMatchObject({
        attempts: 3,
        delivered: 1,
        failures: { http: 1, timeout: 1 },
        dropped: 1,
      });
    });

    test('what was skipped while its last attempt was under way is not counted as dropped', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.skipDelivery(workspace, item.key, 'Layla', T0 + 1);
      const attempt = anAttempt({ outcome: 'http', status: 500 });
      await store.record('node-a', workspace, [aResult(endpoint, 1, item, { attempt, next: DROPPED })]);
      expect(await countsOf(store, workspace, endpoint.key)).toMatchObject({ failed: 1, dropped: 0 });
    });

    test('events are counted by type and to the one, whatever of a call was known before', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const known = anEvent([endpoint], { type: 'a.b' });
      await publishAccepted(store, workspace, [known, anEvent([], { type: 'c.d' })]);
      await publishAccepted(store, workspace, [known]);
      await publishAccepted(store, workspace, [known, anEvent([endpoint], { type: 'a.b' })]);
      const idempotency = { key: 'k', hash: 'h' };
      const once = [anEvent([], { type: 'c.d' })];
      await publishAccepted(store, workspace, once, { idempotency });
      await publishAccepted(store, workspace, once, { idempotency });
      // With a quota it is a transaction of several statements on PostgreSQL.
      await publishAccepted(store, workspace, [anEvent([], { type: 'c.d' })], {
        quota: { limit: 9, day: 1 },
      });
      expect(await publish(store, workspace, [anEvent([])], { routingVersion: 0 })).toMatchObject({
        kind: 'stale',
      });
      expect(await eventsOf(store, workspace)).toEqual({ 'a.b': 2, 'c.d': 3 });
    });

    test('calls that fail among others at once are not counted, and the others are', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const known = anEvent([], { type: 'a.b' });
      await publishAccepted(store, workspace, [known]);
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) => {
          const fresh = anEvent([], { type: 'c.d' });
          const events = index % 3 === 0 ? [fresh, { ...known, key: fresh.key + 1, hash: 'other' }] : [fresh];
          return publish(store, workspace, events);
        }),
      );
      expect(answers.filter(({ kind }) => kind === 'conflict')).toHaveLength(4);
      expect(await eventsOf(store, workspace)).toEqual({ 'a.b': 1, 'c.d': 8 });
    });

    test('publishers and recorders at once lose no count, and no fold between them does', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoints } = await seed(store, { endpoints: 4 });
      const [first] = endpoints as [NewEndpoint];
      await publishSome(store, first, 1);
      const long = T0 + 30 * DAY;
      const items = await Promise.all(endpoints.map((endpoint) => publishSome(store, endpoint, 10)));
      await Promise.all([
        ...Array.from({ length: 20 }, (_, index) =>
          publishAccepted(index % 2 === 0 ? store : other, workspace, [
            anEvent([], { type: 'a.b' }),
            anEvent([], { type: `c.${index % 3}` }),
          ]),
        ),
        ...endpoints.flatMap((endpoint, place) =>
          (items[place] ?? []).map((item) => store.record('node-a', workspace, [aResult(endpoint, 1, item)])),
        ),
        store.foldStats(long, 5),
        other.foldStats(long, 5),
        store.foldStats(long, 5),
      ]);
      const check = async (): Promise<void> => {
        const events = await eventsOf(store, workspace);
        expect(events).toMatchObject({ 'a.b': 20, 'c.0': 7, 'c.1': 7, 'c.2': 6, 'contact.created': 41 });
        expect(await countsOf(store, workspace, ALL_ENDPOINTS)).toMatchObject({ delivered: 41 });
      };
      await check();
      await Promise.all([foldAll(store, long), foldAll(other, long)]);
      await check();
      const days = await store.readAttemptStats(workspace, first.key, EVER);
      expect(days.map(({ at }) => at)).toEqual([Math.floor(T0 / DAY) * DAY]);
    });

    test('minutes become hours, hours days, and days are deleted, each in its time and with its sum', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const base = Math.floor(T0 / DAY) * DAY + 5 * HOUR;
      for (const minute of [0, 1, 59, 60]) await sendOne(store, endpoint, base + minute * MINUTE);
      const steps = async (stepMs: number) =>
        (await store.readAttemptStats(workspace, endpoint.key, { ...EVER, stepMs })).map(({ at, tally }) => [
          (at - base) / MINUTE,
          readTally(tally).delivered,
        ]);
      const minutes = [
        [0, 1],
        [1, 1],
        [59, 1],
        [60, 1],
      ];
      await foldAll(store, base + 30 * MINUTE);
      expect(await steps(MINUTE)).toEqual(minutes);
      expect(await steps(HOUR)).toEqual([
        [0, 3],
        [60, 1],
      ]);
      // A late result for a minute that was taken up counts with its hour.
      await foldAll(store, base + (STATS_LIMITS.minutes.value + 1) * HOUR + MINUTE);
      await sendOne(store, endpoint, base + MINUTE);
      expect(await steps(HOUR)).toEqual([
        [0, 4],
        [60, 1],
      ]);
      await foldAll(store, base + (STATS_LIMITS.hours.value + 1) * DAY);
      expect(await steps(MINUTE)).toEqual([[-5 * 60, 5]]);
      await foldAll(store, base + (STATS_LIMITS.days.value + 1) * DAY);
      expect(await steps(MINUTE)).toEqual([]);
      expect(await eventsOf(store, workspace)).toEqual({});
    });

    test('sparklines are of the endpoints that are named, and a workspace sees its own counts alone', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 3 });
      const [one, other, third] = endpoints as [NewEndpoint, NewEndpoint, NewEndpoint];
      for (const endpoint of [one, other, third]) await sendOne(store, endpoint, T0);
      const foreign = await seed(store);
      await sendOne(store, foreign.endpoint, T0);
      const span = { ...EVER, stepMs: HOUR };
      const at = Math.floor(T0 / HOUR) * HOUR;
      expect(await store.readSparklines(workspace, [one.key, third.key, foreign.endpoint.key], span)).toEqual(
        [one, third].map(({ key }) => ({ endpoint: key, at, delivered: 1, failed: 0 })),
      );
      expect(await countsOf(store, foreign.workspace, ALL_ENDPOINTS)).toMatchObject({ delivered: 1 });
      expect(await eventsOf(store, foreign.workspace)).toEqual({ 'contact.created': 1 });
      expect(await store.readSparklines(workspace, [], span)).toEqual([]);
    });
  });
}
