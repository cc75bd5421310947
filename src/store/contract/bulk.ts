/** The contract's part on jobs over many deliveries: one step does what its job has a right to, or nothing (P13). */

import { describe, expect, test } from 'vitest';
import { SKIPPED_AT_ONCE } from '../queries/skips.ts';
import type { BulkOutcome, BulkStep } from '../records/bulk.ts';
import type { OwnedJob } from '../records/jobs.ts';
import type { Store } from '../store.ts';
import {
  ALL,
  aKey,
  aResult,
  DROPPED,
  laneOf,
  type OpenStore,
  openItems,
  publishSome,
  seed,
  T0,
  useStore,
  WAITING,
} from './builders.ts';
import { aJob, anOwnedJob } from './faultJobs.ts';
import { NOW } from './faultScenes.ts';

/** Not due yet when the steps are done. */
const LATER = { ...WAITING, nextAttemptAt: NOW + 30_000 } as typeof WAITING;

async function ownedBy(store: Store, workspace: number): Promise<OwnedJob & { workspace: number }> {
  return { ...(await anOwnedJob(store, aJob(workspace))), workspace };
}

/** Does one step of a new job; what came of it. */
async function does(store: Store, workspace: number, step: BulkStep): Promise<BulkOutcome> {
  const job = await ownedBy(store, workspace);
  const report = (outcome: BulkOutcome) => ({ done: 1, total: 1, cursor: null, report: { ...outcome } });
  const answer = await store.changeMany('node-a', job, step, report, NOW);
  if (answer.kind !== 'noted') throw new Error(`The step is ${answer.kind}.`);
  expect((await store.findJob(workspace, job.key))?.report).toEqual(answer.progress.report);
  return answer.progress.report as unknown as BulkOutcome;
}

export function bulkContract(open: OpenStore): void {
  describe('one step over many deliveries', () => {
    const opened = useStore(open);

    /** Five of a lane: delivered, dropped, waiting, and two that are pending. */
    const five = async () => {
      const { store } = opened();
      const seeded = await seed(store);
      const { workspace, endpoint } = seeded;
      const items = await publishSome(store, endpoint, 5);
      const [delivered, dropped, waiting, pending, last] = items.map(({ key }) => key) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const results = [
        aResult(endpoint, 1, { key: delivered }),
        aResult(endpoint, 1, { key: dropped }, { next: DROPPED }),
        aResult(endpoint, 1, { key: waiting }, { next: LATER }),
      ];
      for (const result of results) await store.record('node-a', workspace, [result]);
      return {
        store,
        ...seeded,
        delivered,
        dropped,
        waiting,
        pending,
        last,
        all: items.map(({ key }) => key),
      };
    };
    const statesOf = async (store: Store, workspace: number) =>
      (await store.listDeliveries(workspace, {}, ALL)).map(({ state }) => state).toReversed();

    test('skips those that are open, whichever ended before, and lanes look again', async () => {
      const { store, workspace, endpoint, all } = await five();
      const before = await laneOf(store, endpoint);
      const step = { act: 'skip', deliveries: all, reason: 'skipped_by: me' } as const;
      expect(await does(store, workspace, step)).toEqual({ done: 3, notDone: { already_ended: 2 } });
      expect(await statesOf(store, workspace)).toEqual([
        ...['delivered', 'dropped', 'skipped', 'skipped', 'skipped'],
      ]);
      const [newest] = await store.listDeliveries(workspace, {}, ALL);
      expect(newest).toMatchObject({ reason: 'skipped_by: me', endedAt: NOW, nextAttemptAt: null });
      expect((await laneOf(store, endpoint)).revision).toBeGreaterThan(before.revision);
      expect(await openItems(store, endpoint)).toEqual([]);
      expect(await does(store, workspace, step)).toEqual({ done: 0, notDone: { already_ended: 5 } });
    });

    test('makes waiting ones due now, in their places, and leaves the others', async () => {
      const { store, workspace, endpoint, waiting, all } = await five();
      const step = { act: 'retry', deliveries: all } as const;
      const outcome = { done: 1, notDone: { already_ended: 2, not_tried_yet: 2 } };
      expect(await does(store, workspace, step)).toEqual(outcome);
      const [first] = await openItems(store, endpoint);
      expect(first).toMatchObject({ key: waiting, nextAttemptAt: NOW });
      const { revision } = await laneOf(store, endpoint);
      // It is due already: nothing is changed by it.
      expect(await does(store, workspace, step)).toEqual(outcome);
      expect((await laneOf(store, endpoint)).revision).toBe(revision);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      expect(await does(store, workspace, step)).toEqual({ done: 0, notDone: { already_ended: 2, held: 3 } });
    });

    test('sends again in the order given, up to as many as may be open, and says what is gone', async () => {
      const { store, workspace, endpoint, delivered, dropped } = await five();
      const resend = (originals: number[], maxOpen = 100) => ({
        ...{ act: 'resend' as const, endpoint: endpoint.key, maxOpen },
        items: originals.map((original) => ({ original, key: aKey() })),
      });
      expect(await does(store, workspace, resend([delivered, dropped, aKey()]))).toEqual({
        ...{ done: 2, notDone: { body_expired: 1, endpoint_deleted: 0 } },
      });
      const made = (await openItems(store, endpoint)).slice(-2);
      expect(made.map(({ replay }) => replay)).toEqual([true, true]);
      const newest = await store.listDeliveries(workspace, {}, { limit: 2, before: null });
      expect(newest.map(({ replayOf }) => replayOf)).toEqual([dropped, delivered]);
      const job = await ownedBy(store, workspace);
      const full = resend([delivered], 5);
      const none = () => ({ done: 9, total: 9, cursor: 9, report: {} });
      expect(await store.changeMany('node-a', job, full, none, NOW)).toEqual({ kind: 'full' });
      expect(await store.findJob(workspace, job.key)).toMatchObject({ done: 0 });
      await store.deleteEndpoint(workspace, endpoint.key, T0, 'me');
      expect(await does(store, workspace, resend([delivered]))).toEqual({
        ...{ done: 0, notDone: { body_expired: 0, endpoint_deleted: 1 } },
      });
    });

    test('does nothing for a job that was cancelled, is another node, or has moved on', async () => {
      const { store, workspace, all, delivered, endpoint } = await five();
      const before = await statesOf(store, workspace);
      const items = [{ original: delivered, key: aKey() }];
      const steps: BulkStep[] = [
        { act: 'skip', deliveries: all, reason: 'r' },
        { act: 'resend', endpoint: endpoint.key, items, maxOpen: 100 },
      ];
      for (const step of steps) {
        const job = await ownedBy(store, workspace);
        const progress = { done: 1, total: 1, cursor: null, report: {} };
        const ask = (node: string, as = job) => store.changeMany(node, as, step, () => progress, NOW);
        expect(await ask('node-b')).toEqual({ kind: 'lost' });
        expect(await ask('node-a', { ...job, revision: 7 })).toEqual({ kind: 'lost' });
        await store.cancelJob(workspace, job.key, NOW, 'me');
        expect(await ask('node-a')).toEqual({ kind: 'lost' });
      }
      expect(await statesOf(store, workspace)).toEqual(before);
    });

    test('changes nothing of another workspace', async () => {
      const { store, workspace, all, endpoint } = await five();
      const other = await seed(store);
      const notDone = { already_ended: 5 };
      const skip = { act: 'skip', deliveries: all, reason: 'r' } as const;
      expect(await does(store, other.workspace, skip)).toEqual({ done: 0, notDone });
      const items = all.map((original) => ({ original, key: aKey() }));
      const resend = { act: 'resend', endpoint: endpoint.key, items, maxOpen: 100 } as const;
      expect(await does(store, other.workspace, resend)).toMatchObject({ done: 0 });
      expect(await store.findPlaces(other.workspace, all)).toEqual([]);
      expect(await statesOf(store, workspace)).toEqual([
        ...['delivered', 'dropped', 'waiting', 'pending', 'pending'],
      ]);
    });

    test('what counts as skipped before its row is written has ended', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const queued = await publishSome(store, endpoint, SKIPPED_AT_ONCE + 5);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      await store.enableEndpoint(workspace, endpoint.key, 'skip', 'Layla', T0 + 5);
      const deliveries = queued.slice(-2).map(({ key }) => key);
      expect(await does(store, workspace, { act: 'skip', deliveries, reason: 'again' })).toEqual({
        ...{ done: 0, notDone: { already_ended: 2 } },
      });
    });

    test('places are found by state, page by page, and by key', async () => {
      const { store, workspace, all, dropped, waiting, endpoint } = await five();
      const keysOf = async (state: Parameters<Store['scanPlaces']>[1]['state'], over = {}) =>
        (await store.scanPlaces(workspace, { state, ...over }, ALL)).places.map(({ key }) => key).sort();
      expect(await keysOf('dropped')).toEqual([dropped]);
      expect(await keysOf('waiting')).toEqual([waiting]);
      expect(await keysOf('pending')).toEqual(all.slice(3));
      expect(await keysOf('pending', { endpoint: endpoint.key + 1 })).toEqual([]);
      const first = await store.scanPlaces(workspace, { state: 'pending' }, { limit: 1, before: null });
      const second = await store.scanPlaces(
        workspace,
        { state: 'pending' },
        { limit: 1, before: first.next },
      );
      expect([...first.places, ...second.places].map(({ key }) => key)).toEqual(all.slice(3).toReversed());
      const [place] = await store.findPlaces(workspace, [dropped]);
      const lane = endpoint.lanes[0];
      expect(place).toMatchObject({
        ...{ key: dropped, lane, sequence: 2, endpoint: endpoint.key, message: dropped },
        ...{ state: 'dropped', createdAt: T0, endedAt: T0 + 35 },
      });
    });
  });
}
