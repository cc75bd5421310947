/** The contract's part on the log: filters, pages, changes by hand; and on bins. */

import { describe, expect, test } from 'vitest';
import type { BinRequestPage } from '../records/bins.ts';
import type { DeliveryFilter, EventFilter } from '../records/log.ts';
import {
  ALL,
  aBinRequest,
  aDelivery,
  aKey,
  anAttempt,
  anEvent,
  aResult,
  aWorkspace,
  DROPPED,
  type OpenStore,
  openItems,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
  WAITING,
} from './builders.ts';

const HOUR = 3_600_000;
const ROOM = { requests: 10, bytes: 1_000 };
const PAGE = { limit: 100, bodyBytes: 1e6, maxBytes: 1e6 };
const WHOLE: BinRequestPage = { ...PAGE, before: null };
let rounds = 0;

export function logContract(open: OpenStore): void {
  describe('the log', () => {
    const opened = useStore(open);

    /** Twelve events, one an hour, alternately of two types and three subjects, to two endpoints in turn. */
    const write = async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 2 });
      // Keys only grow: each time starts later than the last one ended.
      rounds += 1;
      const start = T0 + rounds * 100 * HOUR;
      const events = Array.from({ length: 12 }, (_, index) => {
        const at = start + index * HOUR;
        const endpoint = endpoints[index % 2] ?? endpoints[0];
        if (endpoint === undefined) throw new Error('No endpoint.');
        return anEvent([], {
          key: aKey(at),
          id: `e${index}`,
          type: index % 2 === 0 ? 'a' : 'b',
          subject: index % 3 === 0 ? null : `s${index % 3}`,
          deliveries: [aDelivery(endpoint, { key: aKey(at) })],
        });
      });
      for (const event of events) await publishAccepted(store, workspace, [event]);
      return { store, workspace, endpoints, events, start };
    };

    test('events are listed newest first, by type, subject and time, page by page', async () => {
      const { store, workspace, start } = await write();
      const list = async (filter: EventFilter): Promise<string> => {
        const ids: string[] = [];
        let before: number | null = null;
        for (;;) {
          const page = await store.listEvents(workspace, filter, { limit: 5, before });
          ids.push(...page.map(({ id }) => id.slice(1)));
          before = page.at(-1)?.key ?? null;
          if (page.length < 5) return ids.join(' ');
        }
      };
      expect(await list({})).toBe('11 10 9 8 7 6 5 4 3 2 1 0');
      expect(await list({ type: 'a' })).toBe('10 8 6 4 2 0');
      expect(await list({ subject: 's1' })).toBe('10 7 4 1');
      expect(await list({ type: 'b', subject: 's1' })).toBe('7 1');
      expect(await list({ since: start + 3 * HOUR, until: start + 5 * HOUR })).toBe('4 3');
      expect(await list({ since: start + 3 * HOUR + 1, type: 'a' })).toBe('10 8 6 4');
      expect(await list({ type: 'none' })).toBe('');
      expect(await store.findEvent(workspace, 'none')).toBeNull();
      const other = aWorkspace();
      await store.createWorkspace(other);
      expect(await store.listEvents(other.key, {}, ALL)).toEqual([]);
      expect(await store.findEvent(other.key, 'e1')).toBeNull();
    });

    test('deliveries are listed newest first by each filter and by several, page by page', async () => {
      const { store, workspace, endpoints, events, start } = await write();
      const [one, two] = endpoints as [(typeof endpoints)[0], (typeof endpoints)[0]];
      const [first, second, third] = await openItems(store, one);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('Nothing is open.');
      await store.record('node-a', workspace, [aResult(one, 1, first)]);
      await store.record('node-a', workspace, [aResult(one, 1, second, { next: DROPPED })]);
      await store.record('node-a', workspace, [aResult(one, 1, third, { next: WAITING })]);
      const list = async (filter: DeliveryFilter): Promise<string> => {
        const ids: string[] = [];
        let before: number | null = null;
        for (;;) {
          const page = await store.listDeliveries(workspace, filter, { limit: 4, before });
          ids.push(...page.map(({ eventId }) => eventId.slice(1)));
          before = page.at(-1)?.key ?? null;
          if (page.length < 4) return ids.join(' ');
        }
      };
      expect(await list({})).toBe('11 10 9 8 7 6 5 4 3 2 1 0');
      expect(await list({ endpoint: two.key })).toBe('11 9 7 5 3 1');
      expect(await list({ event: events[3]?.key ?? 0 })).toBe('3');
      expect(await list({ state: 'delivered' })).toBe('0');
      expect(await list({ state: 'dropped' })).toBe('2');
      expect(await list({ state: 'waiting' })).toBe('4');
      expect(await list({ state: 'pending' })).toBe('11 10 9 8 7 6 5 3 1');
      expect(await list({ state: 'pending', endpoint: one.key })).toBe('10 8 6');
      expect(await list({ state: 'skipped' })).toBe('');
      expect(await list({ type: 'a' })).toBe('10 8 6 4 2 0');
      expect(await list({ subject: 's1', type: 'b' })).toBe('7 1');
      expect(await list({ since: start + 3 * HOUR, until: start + 5 * HOUR })).toBe('4 3');
      await store.disableEndpoint(workspace, one.key, { reason: 'manual', at: T0, by: 'me' });
      expect(await list({ state: 'held' })).toBe('10 8 6 4');
      expect(await list({ state: 'waiting' })).toBe('');
      expect(await list({ state: 'dropped' })).toBe('2');
      await store.deleteEndpoint(workspace, two.key, T0, 'me');
      expect(await list({ state: 'skipped', endpoint: two.key })).toBe('11 9 7 5 3 1');
    });

    test('a lane’s head says what a delivery stands behind (A15)', async () => {
      const { store } = opened();
      const { endpoint, workspace } = await seed(store);
      const items = await publishSome(store, endpoint, 5);
      const [first, second] = items;
      if (first === undefined || second === undefined) throw new Error('Nothing is open.');
      const lane = endpoint.lanes[0] ?? 0;
      await store.record('node-a', workspace, [aResult(endpoint, 1, first)]);
      await store.record('node-a', workspace, [aResult(endpoint, 1, second, { next: WAITING })]);
      await store.skipDelivery(workspace, items[3]?.key ?? 0, 'me', T0);
      expect((await store.laneHeads(workspace, [{ lane, sequence: 5 }]))[0]).toEqual({
        key: second.key,
        sequence: 2,
        nextAttemptAt: T0 + 30_035,
        state: 'waiting',
        ahead: 2,
      });
      const others = [
        { lane, sequence: 2 },
        { lane: 404, sequence: 2 },
      ];
      expect(await store.laneHeads(workspace, others)).toEqual([null, null]);
    });

    test('a waiting delivery is made due, an open one skipped; others say what they are', async () => {
      const { store } = opened();
      const { endpoint, workspace } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      const lane = endpoint.lanes[0] ?? 0;
      expect(await store.retryNow(workspace, item.key, T0, 'me')).toEqual({
        kind: 'unchanged',
        state: 'pending',
      });
      await store.record('node-a', workspace, [aResult(endpoint, 1, item, { next: WAITING })]);
      expect(await store.retryNow(workspace, item.key, T0 + 3, 'me')).toEqual({ kind: 'changed', lane });
      expect((await openItems(store, endpoint))[0]?.nextAttemptAt).toBe(T0 + 3);
      expect(await store.skipDelivery(workspace, item.key, 'me', T0 + 4)).toEqual({ kind: 'changed', lane });
      expect(await store.skipDelivery(workspace, item.key, 'me', T0 + 5)).toEqual({
        kind: 'unchanged',
        state: 'skipped',
      });
      expect(await store.findDelivery(workspace, item.key)).toMatchObject({
        endedAt: T0 + 4,
        nextAttemptAt: null,
      });
      expect(await store.retryNow(workspace, 5, T0, 'me')).toEqual({ kind: 'missing' });
      expect(await store.skipDelivery(workspace + 1, item.key, 'me', T0)).toEqual({ kind: 'missing' });
      expect(await store.findDelivery(workspace + 1, item.key)).toBeNull();
    });

    test('attempts of several deliveries come by delivery and number', async () => {
      const { store } = opened();
      const { endpoint, workspace } = await seed(store);
      const [first, second] = await publishSome(store, endpoint, 2);
      if (first === undefined || second === undefined) throw new Error('Nothing is open.');
      for (const number of [1, 2]) {
        const next = number === 1 ? WAITING : DROPPED;
        await store.record('node-a', workspace, [
          aResult(endpoint, 1, first, { attempt: anAttempt({ number }), next }),
        ]);
      }
      await store.record('node-a', workspace, [aResult(endpoint, 1, second)]);
      const attempts = await store.listAttempts(workspace, [second.key, first.key], { full: true });
      expect(attempts.map(({ delivery, number }) => [delivery, number])).toEqual([
        [first.key, 1],
        [first.key, 2],
        [second.key, 1],
      ]);
      expect(await store.listAttempts(workspace, [], { full: true })).toEqual([]);
      expect(await store.listAttempts(workspace + 1, [first.key], { full: true })).toEqual([]);
    });
  });

  describe('bins', () => {
    const opened = useStore(open);
    const answer = { status: 200, headers: { a: 'b' }, body: 'ok', delay_ms: 0, failure_rate: 0.5 };

    const make = async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const bin = { key: aKey(), workspace, token: 'tok', answer, createdAt: T0, expiresAt: T0 + 100 };
      expect(await store.createBin(bin, 1)).toBe(true);
      return { store, workspace, bin };
    };

    test('a bin is found by key or token, re-scripted and deleted', async () => {
      const { store, workspace, bin } = await make();
      expect(await store.findBin({ token: 'tok' })).toEqual({ ...bin, requests: 0 });
      await store.captureRequest(aBinRequest(bin), ROOM);
      expect(await store.findBin({ workspace, key: bin.key })).toEqual({ ...bin, requests: 1 });
      expect(await store.findBin({ workspace: workspace + 1, key: bin.key })).toBeNull();
      const other = { ...answer, status: 500 };
      expect(await store.updateBinAnswer(workspace, bin.key, other)).toBe(true);
      expect(await store.updateBinAnswer(workspace + 1, bin.key, other)).toBe(false);
      // Changes of different members at once: all stay.
      const parts = [{ delay_ms: 7 }, { failure_rate: 0.5 }, { body: 'both' }];
      await Promise.all(parts.map((part) => store.updateBinAnswer(workspace, bin.key, part)));
      expect(await store.findBin({ workspace, key: bin.key })).toMatchObject({
        answer: { ...other, delay_ms: 7, failure_rate: 0.5, body: 'both' },
      });
      await store.updateBinAnswer(workspace, bin.key, other);
      expect(await store.listBins(workspace)).toEqual([{ ...bin, answer: other, requests: 1 }]);
      expect(await store.deleteBin(workspace + 1, bin.key)).toBe(false);
      expect(await store.deleteBin(workspace, bin.key)).toBe(true);
      expect(await store.deleteBin(workspace, bin.key)).toBe(false);
      expect(await store.listBinRequests(workspace, bin.key, WHOLE)).toEqual([]);
    });

    test('a bin keeps the newest requests, bytes as they came, and lists them both ways', async () => {
      const { store, workspace, bin } = await make();
      const requests = Array.from({ length: 7 }, (_, index) => aBinRequest(bin, { truncated: index === 6 }));
      for (const request of requests) await store.captureRequest(request, { ...ROOM, requests: 5 });
      const listed = requests.map((request) => ({ ...request, bodyBytes: 4 }));
      const newest = listed.slice(2).toReversed();
      expect(await store.listBinRequests(workspace, bin.key, WHOLE)).toEqual(newest);
      const before = newest[1]?.key ?? 0;
      expect(await store.listBinRequests(workspace, bin.key, { ...WHOLE, limit: 2, before })).toEqual(
        newest.slice(2, 4),
      );
      const after = requests[3]?.key ?? 0;
      expect(await store.listBinRequests(workspace, bin.key, { ...PAGE, limit: 2, after })).toEqual(
        listed.slice(4, 6),
      );
      expect((await store.findBin({ token: 'tok' }))?.requests).toBe(5);
    });

    test('a bin keeps no more bytes than it is told, but the newest request; a page has no more than asked', async () => {
      const { store, workspace, bin } = await make();
      const bytes = [600, 300, 300, 300, 2_000];
      const requests = bytes.map((size) => aBinRequest(bin, { body: new Uint8Array(size).fill(65) }));
      const room = { requests: 50, bytes: 1_000 };
      for (const request of requests.slice(0, 4)) await store.captureRequest(request, room);
      const sizes = async (page: BinRequestPage) =>
        (await store.listBinRequests(workspace, bin.key, page)).map(({ body, bodyBytes }) => [
          body.length,
          bodyBytes,
        ]);
      expect(await sizes(WHOLE)).toEqual([
        [300, 300],
        [300, 300],
        [300, 300],
      ]);
      expect(await sizes({ ...WHOLE, maxBytes: 700 })).toHaveLength(2);
      expect(await sizes({ ...WHOLE, maxBytes: 10 })).toHaveLength(1);
      expect(await sizes({ ...WHOLE, bodyBytes: 5, maxBytes: 10 })).toEqual([
        [5, 300],
        [5, 300],
      ]);
      expect(await sizes({ ...WHOLE, bodyBytes: 0, maxBytes: 0 })).toEqual([
        [0, 300],
        [0, 300],
        [0, 300],
      ]);
      for (const request of requests.slice(4)) await store.captureRequest(request, room);
      expect(await sizes(WHOLE)).toEqual([[2_000, 2_000]]);
    });

    test('a workspace makes no more bins than it is told, those aside that have expired', async () => {
      const { store, workspace } = await make();
      const one = (createdAt: number) => ({
        ...{ key: aKey(), workspace, token: `tok ${createdAt}`, createdAt, expiresAt: createdAt + 100 },
        answer: { status: 200, headers: {}, body: '', delay_ms: 0, failure_rate: 0 },
      });
      expect(await store.createBin(one(T0 + 1), 1)).toBe(false);
      expect(await store.createBin(one(T0 + 2), 2)).toBe(true);
      expect(await store.createBin(one(T0 + 100), 2)).toBe(true);
      expect(await store.createBin(one(T0 + 101), 2)).toBe(false);
    });

    test('sweeping removes what has expired, and no more at once than it is told', async () => {
      const { store, workspace, bin } = await make();
      await store.captureRequest(aBinRequest(bin), ROOM);
      for (const key of ['a', 'b', 'c']) {
        await publishAccepted(store, workspace, [anEvent([])], { idempotency: { key, hash: 'h' } });
      }
      expect(await store.sweep(T0 + 99, T0, 10)).toBe(0);
      expect(await store.sweep(T0 + 100, T0 + 1, 2)).toBe(3);
      expect(await store.sweep(T0 + 100, T0 + 1, 2)).toBe(1);
      expect(await store.findBin({ token: 'tok' })).toBeNull();
      expect(await store.listBinRequests(workspace, bin.key, WHOLE)).toEqual([]);
    });
  });
}
