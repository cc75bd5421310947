/** The contract's part on the error budget: what follows from recorded failures, in their transaction. */

import { describe, expect, test } from 'vitest';
import { DEFAULT_BUDGET } from '../../core/delivery/budget.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { LaneItem } from '../records/lanes.ts';
import type { AttemptResult } from '../records/results.ts';
import { DEFAULT_SETTINGS } from '../records/settings.ts';
import type { Store } from '../store.ts';
import {
  anAttempt,
  anEvent,
  aResult,
  DROPPED,
  type OpenStore,
  openItems,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
  versionOf,
  WAITING,
} from './builders.ts';

const MINUTE = 60_000;

/** The item's `number`th failed attempt, which ended `at` ms after T0. */
function aFailure(
  endpoint: NewEndpoint,
  item: LaneItem,
  at: number,
  over: Partial<AttemptResult> = {},
): AttemptResult {
  const number = (over.attempt?.number ?? 0) + 1;
  return aResult(endpoint, 1, item, {
    attempt: anAttempt({ number, outcome: 'http', status: 500, startedAt: T0 + at, durationMs: 0 }),
    next: WAITING,
    charged: true,
    ...over,
  });
}

/** Records `count` failures of one delivery, a second apart, one by one. */
async function fail(
  store: Store,
  endpoint: NewEndpoint,
  item: LaneItem,
  { count, from = 1, at = 0 }: { count: number; from?: number; at?: number },
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const attempt = anAttempt({
      number: from + index,
      outcome: 'http',
      status: 500,
      startedAt: T0 + at + index * 1_000,
      durationMs: 0,
    });
    await store.record('node-a', endpoint.workspace, [aFailure(endpoint, item, 0, { attempt })]);
  }
}

async function disabledOf(store: Store, workspace: number): Promise<Array<string | null>> {
  const routing = await store.routing(workspace);
  return (routing?.endpoints ?? []).map(({ disabled }) => disabled?.reason ?? null);
}

async function noticesOf(store: Store, workspace: number, kind: string) {
  const rows = await store.listNotices(workspace, { limit: 100, before: null });
  return rows.filter((row) => row.kind === kind).toReversed();
}

/** A workspace with some endpoints, each with one open delivery. */
async function aScene(store: Store, count: number) {
  const { workspace, endpoints } = await seed(store, { endpoints: count });
  await publishAccepted(store, workspace, [anEvent(endpoints)]);
  const items = await Promise.all(endpoints.map((endpoint) => openItems(store, endpoint)));
  const pairs = endpoints.map((endpoint, index) => {
    const item = items[index]?.[0];
    if (item === undefined) throw new Error('Nothing is open.');
    return { endpoint, item };
  });
  return { workspace, pairs: pairs as [(typeof pairs)[0], (typeof pairs)[0], ...typeof pairs] };
}

export function budgetContract(open: OpenStore): void {
  const opened = useStore(open);

  describe('A11, P8: the error budget', () => {
    test('trips at the 31st error, not at the 30th; who failed last is disabled, who recovered is not', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 3);
      const [dead, flaky, healthy] = pairs;
      await fail(store, flaky.endpoint, flaky.item, { count: 2 });
      await store.record('node-a', workspace, [
        aResult(flaky.endpoint, 1, flaky.item, { attempt: anAttempt({ number: 3 }) }),
      ]);
      if (healthy !== undefined)
        await store.record('node-a', workspace, [aResult(healthy.endpoint, 1, healthy.item)]);
      const version = await versionOf(store, workspace);
      await fail(store, dead.endpoint, dead.item, { count: 28, at: MINUTE });
      expect(await disabledOf(store, workspace)).toEqual([null, null, null]);
      expect(await versionOf(store, workspace)).toBe(version);
      expect(await store.listBudgetErrors(workspace, T0 - 1)).toHaveLength(30);
      const last = anAttempt({
        number: 29,
        outcome: 'http',
        status: 503,
        startedAt: T0 + 2 * MINUTE,
        durationMs: 5,
      });
      const answer = await store.record('node-a', workspace, [
        aFailure(dead.endpoint, dead.item, 0, { attempt: last }),
      ]);
      expect(answer).toEqual({ verdicts: ['recorded'], moved: [workspace] });
      expect(await disabledOf(store, workspace)).toEqual(['error_budget', null, null]);
      expect(await versionOf(store, workspace)).toBe(version + 1);
      const disabled = { reason: 'error_budget', at: T0 + 2 * MINUTE + 5, by: 'error_budget' };
      expect((await store.routing(workspace))?.endpoints[0]?.disabled).toEqual(disabled);
      expect(await noticesOf(store, workspace, 'endpoint.disabled')).toMatchObject([
        {
          endpoint: dead.endpoint.key,
          at: disabled.at,
          details: {
            reason: 'error_budget',
            error: 'HTTP 503',
            trip: { errors: 31, own: 29, budget: DEFAULT_BUDGET },
          },
        },
      ]);
      // What the disabled one has spent counts no more; the other's two errors do.
      expect(await store.listBudgetErrors(workspace, T0 - 1)).toHaveLength(2);
      expect(await store.listAudit(workspace, {}, { limit: 10, before: null })).toContainEqual(
        expect.objectContaining({ action: 'endpoint.disabled', actor: 'error_budget' }),
      );
    });

    test('warns once at half and once at four fifths of the limit', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 1);
      const [{ endpoint, item }] = pairs;
      await fail(store, endpoint, item, { count: 14 });
      expect(await noticesOf(store, workspace, 'budget.warning')).toEqual([]);
      await fail(store, endpoint, item, { count: 15, from: 15, at: MINUTE });
      expect(await noticesOf(store, workspace, 'budget.warning')).toMatchObject([
        { details: { level: 50, errors: 15, endpoints: [{ endpoint: endpoint.key, errors: 15 }] } },
        { details: { level: 80, errors: 24 } },
      ]);
    });

    test('the window slides: errors that are older count no more', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 1);
      const [{ endpoint, item }] = pairs;
      await fail(store, endpoint, item, { count: 20 });
      await fail(store, endpoint, item, { count: 30, from: 21, at: 31 * MINUTE });
      expect(await disabledOf(store, workspace)).toEqual([null]);
      await fail(store, endpoint, item, { count: 1, from: 51, at: 32 * MINUTE });
      expect(await disabledOf(store, workspace)).toEqual(['error_budget']);
    });

    test('with the scope of the endpoint, each has a budget of its own', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 2);
      const budget = { ...DEFAULT_BUDGET, scope: 'endpoint' } as const;
      await store.updateWorkspace(workspace, { settings: { ...DEFAULT_SETTINGS, budget } }, T0, 'me');
      const [one, other] = pairs;
      await fail(store, other.endpoint, other.item, { count: 30 });
      await fail(store, one.endpoint, one.item, { count: 31 });
      expect(await disabledOf(store, workspace)).toEqual(['error_budget', null]);
      await fail(store, other.endpoint, other.item, { count: 1, from: 31, at: MINUTE });
      expect(await disabledOf(store, workspace)).toEqual(['error_budget', 'error_budget']);
    });

    test('a batch that is handed in again is charged once; what is fenced or not charged never is', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 1);
      const [{ endpoint, item }] = pairs;
      const failure = aFailure(endpoint, item, 0);
      await store.record('node-a', workspace, [failure]);
      await store.record('node-a', workspace, [failure]);
      await store.record('node-a', workspace, [{ ...aFailure(endpoint, item, 1), epoch: 9 }]);
      const own = anAttempt({ number: 2, outcome: 'dns', status: null, startedAt: T0, durationMs: 0 });
      await store.record('node-a', workspace, [
        aFailure(endpoint, item, 0, { attempt: own, charged: false }),
      ]);
      expect(await store.listBudgetErrors(workspace, T0 - 1)).toEqual([{ endpoint: endpoint.key, at: T0 }]);
      expect((await store.listFailing(workspace)).get(endpoint.key)).toEqual({
        since: T0,
        lastAt: T0,
        failures: 1,
        error: 'HTTP 500',
      });
      const done = anAttempt({ number: 3 });
      await store.record('node-a', workspace, [aResult(endpoint, 1, item, { attempt: done })]);
      expect(await store.listFailing(workspace)).toEqual(new Map());
    });

    test('A13: enabling clears the endpoint’s errors; its first delivery is tried alone until it arrives', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 2);
      const [one, other] = pairs;
      await fail(store, other.endpoint, other.item, { count: 3 });
      await fail(store, one.endpoint, one.item, { count: 28, at: MINUTE });
      expect(await disabledOf(store, workspace)).toEqual(['error_budget', 'error_budget']);
      await store.enableEndpoint(workspace, one.endpoint.key, 'send', 'Layla', T0 + 5 * MINUTE);
      expect(await store.listBudgetErrors(workspace, 0)).toEqual([]);
      expect((await store.routing(workspace))?.endpoints[0]?.recovery).toEqual({
        since: T0 + 5 * MINUTE,
        probing: true,
        perSecond: DEFAULT_SETTINGS.release_per_second,
      });
      const lane = one.endpoint.lanes[0] ?? 0;
      expect(await store.claimProbe(workspace, one.endpoint.key, lane)).toBe(true);
      expect(await store.claimProbe(workspace, one.endpoint.key, lane + 1)).toBe(false);
      expect(await store.claimProbe(workspace, other.endpoint.key, lane)).toBe(false);
      const attempt = anAttempt({ number: 29, startedAt: T0 + 6 * MINUTE });
      const arrived = aResult(one.endpoint, 1, one.item, { attempt, probe: true });
      expect((await store.record('node-a', workspace, [arrived])).moved).toEqual([workspace]);
      expect((await store.routing(workspace))?.endpoints[0]?.recovery?.probing).toBe(false);
    });

    test('a drop is told of, once; a test’s is not', async () => {
      const { store } = opened();
      const { workspace, pairs } = await aScene(store, 1);
      const [{ endpoint, item }] = pairs;
      const failure = aFailure(endpoint, item, 0, { next: DROPPED });
      await store.record('node-a', workspace, [failure]);
      await store.record('node-a', workspace, [failure]);
      expect(await noticesOf(store, workspace, 'delivery.dropped')).toMatchObject([
        { delivery: item.key, endpoint: endpoint.key, details: { reason: DROPPED.reason, attempts: 1 } },
      ]);
    });

    test('ten thousand failures over 500 endpoints disable all of them, and each once', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 500 });
      await publishAccepted(store, workspace, [anEvent(endpoints)]);
      const items: LaneItem[][] = [];
      for (const endpoint of endpoints) items.push(await openItems(store, endpoint));
      for (let number = 1; number <= 20; number += 1) {
        const results = endpoints.map((endpoint, index) =>
          aFailure(endpoint, items[index]?.[0] as LaneItem, 0, {
            attempt: anAttempt({
              number,
              outcome: 'timeout',
              status: null,
              startedAt: T0 + number,
              durationMs: 0,
            }),
          }),
        );
        await store.record('node-a', workspace, results);
      }
      const reasons = await disabledOf(store, workspace);
      expect(reasons.filter((reason) => reason === 'error_budget')).toHaveLength(500);
      const notices = await store.listNotices(workspace, { limit: 1_000, before: null });
      const told = notices.filter(({ kind }) => kind === 'endpoint.disabled').map(({ endpoint }) => endpoint);
      expect(told).toHaveLength(500);
      expect(new Set(told).size).toBe(500);
    });

    test('several nodes that fail at once agree: one trip, and never an error too many', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoints } = await seed(store, { endpoints: 8 });
      const queues = await Promise.all(endpoints.map((endpoint) => publishSome(store, endpoint, 1)));
      const round = (at: number) =>
        Promise.all(
          endpoints.map((endpoint, index) =>
            (index % 2 === 0 ? store : other).record('node-a', workspace, [
              aFailure(endpoint, queues[index]?.[0] as LaneItem, 0, {
                attempt: anAttempt({
                  number: at,
                  outcome: 'http',
                  status: 500,
                  startedAt: T0 + at,
                  durationMs: 0,
                }),
              }),
            ]),
          ),
        );
      for (let at = 1; at <= 3; at += 1) await round(at);
      expect(await disabledOf(store, workspace)).toEqual(Array.from({ length: 8 }, () => null));
      expect(await store.listBudgetErrors(workspace, 0)).toHaveLength(24);
      const version = await versionOf(store, workspace);
      const moved = (await round(4)).flatMap((answer) => answer.moved);
      // Who came after the trip is told to look anew.
      expect(moved).toEqual([workspace, workspace]);
      expect(await versionOf(store, workspace)).toBe(version + 1);
      const notices = await noticesOf(store, workspace, 'endpoint.disabled');
      expect(new Set(notices.map(({ endpoint }) => endpoint)).size).toBe(notices.length);
      expect(notices).toHaveLength(8);
    });
  });
}
