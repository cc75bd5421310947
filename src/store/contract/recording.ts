/** The contract's part on recording attempts. */

import { describe, expect, test } from 'vitest';
import { SLICES, sliceOf } from '../../core/delivery/slice.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import {
  anAttempt,
  anEvent,
  aResult,
  DELIVERED,
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

export function recordingContract(open: OpenStore): void {
  describe('recording', () => {
    const opened = useStore(open);

    test('a delivered attempt ends its delivery, and the lane goes on', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [first, second] = await publishSome(store, endpoint, 2);
      if (first === undefined || second === undefined) throw new Error('Nothing is open.');
      const responseBody = new Uint8Array([0, 255, 10, 92, 34, 0]);
      const attempt = anAttempt({
        responseBody,
        error: 'quote " backslash \\ nul \0',
        note: 'NULL',
        requestHeaders: '[["x-a","\\u0000{\\"b\\"},"]]',
        truncated: true,
      });
      expect(await store.record('node-a', workspace, [aResult(endpoint, 1, first, { attempt })])).toEqual({
        verdicts: ['recorded'],
        moved: [],
      });
      expect(await store.findDelivery(workspace, first.key)).toMatchObject({
        state: 'delivered',
        reason: 'HTTP 200',
        attempts: 1,
        endedAt: T0 + 35,
        nextAttemptAt: null,
      });
      const [stored] = await store.listAttempts(workspace, [first.key], { full: true });
      expect(stored).toMatchObject({
        ...attempt,
        delivery: first.key,
        error: expect.stringMatching(/^quote " /),
      });
      expect(stored?.responseBody).toEqual(responseBody);
      const [brief] = await store.listAttempts(workspace, [first.key], { full: false });
      expect(brief).toMatchObject({ requestHeaders: '[]', responseHeaders: null, responseBody: null });
      expect((await openItems(store, endpoint)).map(({ key }) => key)).toEqual([second.key]);
    });

    test('a waiting delivery keeps its place and its waits; then it may be dropped', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      const waiting = {
        state: 'waiting',
        nextAttemptAt: T0 + 30_035,
        waitedMs: 30_000,
        reason: 'HTTP 500',
      } as const;
      const failed = anAttempt({ outcome: 'timeout', status: null, responseHeaders: null });
      await store.record('node-a', workspace, [
        aResult(endpoint, 1, item, { attempt: failed, next: { ...waiting, putOffs: 1 } }),
      ]);
      expect((await openItems(store, endpoint))[0]).toMatchObject({
        attempts: 1,
        putOffs: 1,
        waitedMs: 30_000,
        nextAttemptAt: T0 + 30_035,
      });
      expect(await store.findDelivery(workspace, item.key)).toMatchObject({
        state: 'waiting',
        reason: 'HTTP 500',
        nextAttemptAt: T0 + 30_035,
        endedAt: null,
      });
      const second = aResult(endpoint, 1, item, { attempt: anAttempt({ number: 2 }), next: DROPPED });
      await store.record('node-a', workspace, [second]);
      expect(await store.findDelivery(workspace, item.key)).toMatchObject({
        state: 'dropped',
        reason: 'used up',
        attempts: 2,
        nextAttemptAt: null,
        endedAt: T0 + 35,
      });
      const attempts = await store.listAttempts(workspace, [item.key], { full: false });
      expect(attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
        [1, 'timeout'],
        [2, 'success'],
      ]);
    });

    test('a batch answers for each result, in order, fenced ones among them', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 30 });
      await publishAccepted(store, workspace, [anEvent(endpoints)]);
      const results = await Promise.all(
        endpoints.toReversed().map(async (endpoint, index) => {
          const [item] = await openItems(store, endpoint);
          if (item === undefined) throw new Error('Nothing is open.');
          return aResult(endpoint, index % 3 === 0 ? 7 : 1, item, {
            next: index % 2 === 0 ? DELIVERED : WAITING,
          });
        }),
      );
      expect((await store.record('node-a', workspace, results)).verdicts).toEqual(
        results.map(({ epoch }) => (epoch === 1 ? 'recorded' : 'fenced')),
      );
      const states = await Promise.all(
        results.map(async ({ delivery }) => (await store.findDelivery(workspace, delivery))?.state),
      );
      expect(states).toEqual(results.map(({ epoch, next }) => (epoch === 1 ? next.state : 'pending')));
      expect(await store.record('node-a', workspace, [])).toEqual({ verdicts: [], moved: [] });
    });

    test('results of one delivery in one batch are recorded in their order', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [first, second] = await publishSome(store, endpoint, 2);
      if (first === undefined || second === undefined) throw new Error('Nothing is open.');
      const { verdicts } = await store.record('node-a', workspace, [
        aResult(endpoint, 1, first, { next: WAITING }),
        aResult(endpoint, 1, first, { attempt: anAttempt({ number: 2 }) }),
        aResult(endpoint, 1, second),
      ]);
      expect(verdicts).toEqual(['recorded', 'recorded', 'recorded']);
      expect(await openItems(store, endpoint)).toEqual([]);
      expect((await store.findDelivery(workspace, first.key))?.attempts).toBe(2);
    });

    test('a result handed in again, its answer having been lost, changes nothing', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      const result = aResult(endpoint, 1, item);
      await store.record('node-a', workspace, [result]);
      const before = await store.findDelivery(workspace, item.key);
      expect((await store.record('node-a', workspace, [result])).verdicts).toEqual(['recorded']);
      expect(await store.findDelivery(workspace, item.key)).toEqual(before);
      expect(await store.listAttempts(workspace, [item.key], { full: false })).toHaveLength(1);
    });

    test('skipped while its request was in flight: the end stands, the attempt is logged', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.skipDelivery(workspace, item.key, 'Layla', T0 + 1);
      expect(
        (await store.record('node-a', workspace, [aResult(endpoint, 1, item, { next: WAITING })])).verdicts,
      ).toEqual(['recorded']);
      expect(await store.findDelivery(workspace, item.key)).toMatchObject({
        state: 'skipped',
        reason: 'skipped_by: Layla',
        attempts: 1,
        nextAttemptAt: null,
        endedAt: T0 + 1,
      });
      expect(await store.listAttempts(workspace, [item.key], { full: false })).toHaveLength(1);
    });

    test('410: the endpoint is disabled along with the record, once, and routing moves', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 2 });
      const [gone, fenced] = endpoints as [(typeof endpoints)[0], (typeof endpoints)[0]];
      await publishAccepted(store, workspace, [anEvent(endpoints), anEvent(endpoints)]);
      const [first, second] = await openItems(store, gone);
      const [other] = await openItems(store, fenced);
      if (first === undefined || second === undefined || other === undefined)
        throw new Error('Nothing is open.');
      const version = await versionOf(store, workspace);
      const disable = { reason: 'gone', at: T0 + 35, by: 'receiver' } as const;
      const attempt = anAttempt({ outcome: 'http', status: 410 });
      const { verdicts, moved } = await store.record('node-a', workspace, [
        aResult(gone, 1, first, { attempt, next: DROPPED, disable }),
        aResult(fenced, 5, other, { attempt, next: DROPPED, disable }),
      ]);
      expect(verdicts).toEqual(['recorded', 'fenced']);
      expect(moved).toEqual([workspace]);
      expect((await store.routing(workspace))?.endpoints.map(({ disabled }) => disabled)).toEqual([
        disable,
        null,
      ]);
      expect(await versionOf(store, workspace)).toBe(version + 1);
      const late = { ...disable, at: T0 + 99 };
      await store.record('node-a', workspace, [
        aResult(gone, 1, second, { attempt, next: DROPPED, disable: late }),
      ]);
      expect((await store.routing(workspace))?.endpoints[0]?.disabled).toEqual(disable);
      expect(await versionOf(store, workspace)).toBe(version + 1);
    });

    test('recording, publishing, settling and moving slices at once stay consistent', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoints } = await seed(store, { endpoints: 10 });
      await publishAccepted(store, workspace, [anEvent(endpoints)]);
      const elsewhere = new Set(unusedSlices(endpoints));
      const release = async (node: string, slices: ReadonlySet<number>): Promise<void> => {
        const { held } = await store.readSlices(node);
        await store.releaseSlices(
          node,
          held.filter(({ slice }) => slices.has(slice)),
        );
      };
      for (let round = 0; round < 10; round += 1) {
        const results = await Promise.all(
          endpoints.map(async (endpoint) => {
            const [item] = await openItems(store, endpoint);
            if (item === undefined) throw new Error('Nothing is open.');
            return aResult(endpoint, 1, item, { attempt: anAttempt({ number: item.attempts + 1 }) });
          }),
        );
        const states = await other.readLanes(endpoints.flatMap(({ lanes }) => lanes));
        const drained = states.map(({ lane, lastSequence, revision }) => ({
          workspace,
          lane,
          lastSequence,
          revision,
        }));
        const [{ verdicts }] = await Promise.all([
          store.record('node-a', workspace, round % 2 === 0 ? results : results.toReversed()),
          publishAccepted(other, workspace, [anEvent(endpoints.toReversed()), anEvent(endpoints)]),
          other.settleLanes(drained),
          release('node-a', elsewhere).then(() => other.takeSlices('node-a', SLICES)),
          other.heartbeat('node-a', { leaseMs: 60_000, sends: true }),
        ]);
        expect(new Set(verdicts)).toEqual(new Set(['recorded']));
      }
      for (const endpoint of endpoints) {
        const items = await openItems(store, endpoint);
        expect(items.map(({ sequence }) => sequence)).toEqual(
          Array.from({ length: 11 }, (_, index) => index + 11),
        );
      }
    });
  });
}

/** Slices that none of the endpoints' lanes belongs to. */
function unusedSlices(endpoints: readonly NewEndpoint[]): number[] {
  const used = new Set(endpoints.flatMap(({ lanes }) => lanes.map(sliceOf)));
  return Array.from({ length: SLICES }, (_, slice) => slice).filter((slice) => !used.has(slice));
}
