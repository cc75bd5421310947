/** The contract's part on nodes and lanes: who owns what, and what an owner reads. */

import { describe, expect, test } from 'vitest';
import {
  aKey,
  anEndpoint,
  anEvent,
  aResult,
  heldLanes,
  laneOf,
  type OpenStore,
  openItems,
  publish,
  publishAccepted,
  publishSome,
  seed,
  sorted,
  T0,
  useStore,
} from './builders.ts';

const LONG = 60_000;
/** A lease that ends before it begins. */
const OVER = -1_000;

export function lanesContract(open: OpenStore): void {
  describe('nodes', () => {
    const opened = useStore(open);

    test('living nodes have slots of their own; one that has left gives its slot back', async () => {
      const { store } = opened();
      const slots = await Promise.all(['a', 'b', 'c'].map((node) => store.registerNode(node, LONG)));
      expect(slots.map(({ slot }) => slot).toSorted()).toEqual([0, 1, 2]);
      expect(await store.heartbeat('a', LONG)).toBe(true);
      await store.unregisterNode('b');
      expect(await store.heartbeat('b', LONG)).toBe(false);
      const freed = slots[1]?.slot;
      expect((await store.registerNode('d', LONG)).slot).toBe(freed);
      expect(await store.heartbeat('c', OVER)).toBe(true);
      expect((await store.registerNode('e', LONG)).slot).toBe(slots[2]?.slot);
      expect(await store.heartbeat('c', LONG)).toBe(false);
    });

    test('a new node learns the largest key of any row', async () => {
      const { store } = opened();
      expect((await store.registerNode('a', LONG)).largestKey).toBe(0);
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([endpoint]);
      await publishAccepted(store, workspace, [event]);
      const delivery = event.deliveries[0]?.key ?? 0;
      expect((await store.registerNode('a', LONG)).largestKey).toBe(Math.max(event.key, delivery));
      const late = anEndpoint({ workspace, secrets: [] });
      await store.createEndpoint(late, 'me');
      expect((await store.registerNode('a', LONG)).largestKey).toBe(Math.max(late.key, ...late.lanes));
    });
  });

  describe('claiming', () => {
    const opened = useStore(open);

    test('publishing takes a lane that nobody owns, once', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, 1);
      expect(await laneOf(store, endpoint)).toMatchObject({ owner: 'node-a', epoch: 1 });
      const { lanes } = await publishAccepted(store, workspace, [anEvent([endpoint])], { node: 'node-b' });
      expect(lanes).toMatchObject([{ owner: 'node-a', epoch: 1, firstSequence: 2 }]);
    });

    test('publishing leaves a lane alone that it is not to claim, or without a node', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const held = anEvent([endpoint]);
      const deliveries = held.deliveries.map((delivery) => ({ ...delivery, claim: false }));
      await publishAccepted(store, workspace, [{ ...held, deliveries }]);
      await publishAccepted(store, workspace, [anEvent([endpoint])], { node: null });
      expect(await laneOf(store, endpoint)).toMatchObject({ owner: null, epoch: 0, lastSequence: 2 });
    });

    test('claiming takes lanes with open deliveries, up to the limit, each by one node', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoints } = await seed(store, { endpoints: 12 });
      await store.registerNode('node-b', LONG);
      const wanted = endpoints.slice(0, 10);
      await publishAccepted(store, workspace, [anEvent(wanted)], { node: null });
      expect(await store.claimLanes('node-a', 3, null)).toHaveLength(3);
      expect(await store.claimLanes('node-a', 100, [])).toEqual([]);
      const rest = await Promise.all([
        store.claimLanes('node-a', 100, null),
        other.claimLanes('node-b', 100, null),
        store.claimLanes('node-a', 100, null),
      ]);
      // What one is taking the other passes over: the next round finds what neither got.
      rest.push(await store.claimLanes('node-a', 100, null));
      const claimed = rest.flat();
      expect(claimed).toHaveLength(7);
      expect(new Set(claimed.map(({ lane }) => lane)).size).toBe(7);
      for (const lane of claimed) {
        expect(lane).toMatchObject({ workspace, epoch: 1, lastSequence: 1, doneSequence: 0 });
      }
    });

    test('only the lanes asked for are claimed', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 3 });
      await publishAccepted(store, workspace, [anEvent(endpoints)], { node: null });
      const lanes = endpoints.slice(1).map((endpoint) => endpoint.lanes[0] ?? 0);
      const claimed = sorted(await store.claimLanes('node-a', 100, lanes));
      expect(claimed.map(({ lane }) => lane)).toEqual(lanes);
    });

    test('P9: lanes of a disabled or deleted endpoint are not claimed', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishAccepted(store, workspace, [anEvent([endpoint])], { node: null });
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'gone', at: T0, by: 'receiver' });
      expect(await store.claimLanes('node-a', 100, null)).toEqual([]);
      await store.enableEndpoint(workspace, endpoint.key, 'send', 'me', T0);
      expect(await store.claimLanes('node-a', 100, null)).toHaveLength(1);
    });

    test("P4: a living node's lane is nobody else's, nor claimed twice by itself", async () => {
      const { store } = opened();
      const { endpoint } = await seed(store);
      await store.registerNode('node-b', LONG);
      await publishSome(store, endpoint, 1);
      expect(await store.claimLanes('node-b', 100, null)).toEqual([]);
      expect(await store.claimLanes('node-a', 100, null)).toEqual([]);
      // Even with its own lease run out: nobody has struck it off.
      await store.heartbeat('node-a', OVER);
      expect(await store.claimLanes('node-a', 100, null)).toEqual([]);
      expect(await laneOf(store, endpoint)).toMatchObject({ owner: 'node-a', epoch: 1 });
    });

    test('P4, P5: a dead node is fenced: its lane is taken over and its late result writes nothing', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await store.registerNode('node-b', LONG);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.heartbeat('node-a', OVER);
      expect(await store.claimLanes('node-b', 100, null)).toMatchObject([{ epoch: 2, doneSequence: 0 }]);
      expect(await store.heartbeat('node-a', LONG)).toBe(false);
      expect((await store.record('node-a', [aResult(endpoint, 1, item)])).verdicts).toEqual(['fenced']);
      expect((await store.record('node-b', [aResult(endpoint, 1, item)])).verdicts).toEqual(['fenced']);
      expect(await store.listAttempts(workspace, [item.key], { full: false })).toEqual([]);
      expect((await store.findDelivery(workspace, item.key))?.state).toBe('pending');
      expect((await store.record('node-b', [aResult(endpoint, 2, item)])).verdicts).toEqual(['recorded']);
    });

    test('P4: who registers again owns nothing any more', async () => {
      const { store } = opened();
      const { endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.registerNode('node-a', LONG);
      expect(await laneOf(store, endpoint)).toMatchObject({ owner: null });
      expect((await store.record('node-a', [aResult(endpoint, 1, item)])).verdicts).toEqual(['fenced']);
      expect(await store.claimLanes('node-a', 100, null)).toMatchObject([{ epoch: 2 }]);
    });

    test('releasing frees all of a node’s lanes, or those without open deliveries', async () => {
      const { store } = opened();
      const { endpoints } = await seed(store, { endpoints: 2 });
      const [busy, idle] = endpoints as [(typeof endpoints)[0], (typeof endpoints)[0]];
      await publishSome(store, busy, 1);
      const [item] = await publishSome(store, idle, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.record('node-a', [aResult(idle, 1, item)]);
      const held = await heldLanes(
        store,
        endpoints.map((endpoint) => endpoint.lanes[0] ?? 0),
      );
      const former = held.map(({ lane, epoch }) => ({ lane, epoch: epoch - 1 }));
      await store.releaseLanes('node-b', held, 'all');
      await store.releaseLanes('node-a', [], 'all');
      await store.releaseLanes('node-a', held, 'drained');
      expect((await laneOf(store, busy)).owner).toBe('node-a');
      expect((await laneOf(store, idle)).owner).toBeNull();
      await store.releaseLanes('node-a', former, 'all');
      expect((await laneOf(store, busy)).owner).toBe('node-a');
      await store.releaseLanes('node-a', held, 'all');
      expect((await laneOf(store, busy)).owner).toBeNull();
      const claimed = await store.claimLanes('node-b', 100, null);
      expect(claimed).toMatchObject([{ lane: busy.lanes[0], epoch: 2 }]);
    });

    test('a node that leaves frees its lanes', async () => {
      const { store } = opened();
      const { endpoint } = await seed(store);
      await publishSome(store, endpoint, 1);
      await store.unregisterNode('node-a');
      expect((await laneOf(store, endpoint)).owner).toBeNull();
    });

    test('settling notes that nothing is open up to a sequence, by the owner only', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const items = await publishSome(store, endpoint, 2);
      for (const item of items) await store.skipDelivery(workspace, item.key, 'me', T0);
      const lane = endpoint.lanes[0] ?? 0;
      await store.settleLane('node-b', lane, 1, 2);
      await store.settleLane('node-a', lane, 9, 2);
      expect(await store.releaseLanes('node-a', [{ lane, epoch: 1 }], 'drained')).toEqual([]);
      expect((await laneOf(store, endpoint)).owner).toBe('node-a');
      await store.settleLane('node-a', lane, 1, 2);
      await store.settleLane('node-a', lane, 1, 1);
      expect(await store.releaseLanes('node-a', [{ lane, epoch: 1 }], 'drained')).toEqual([lane]);
      expect((await laneOf(store, endpoint)).owner).toBeNull();
      expect(await store.claimLanes('node-a', 10, null)).toEqual([]);
      expect(await store.readLane(1)).toBeNull();
    });
  });

  describe('reading a lane', () => {
    const opened = useStore(open);

    test('P3: open deliveries come in order, after a sequence, up to a number and a size', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const body = JSON.stringify('x'.repeat(998));
      const events = Array.from({ length: 10 }, () => anEvent([endpoint], { body }));
      await publishAccepted(store, workspace, events);
      const lane = endpoint.lanes[0] ?? 0;
      const sequences = async (after: number, limit: number, maxBytes: number): Promise<number[]> =>
        (await store.loadLane(lane, after, limit, maxBytes)).map(({ sequence }) => sequence);
      expect(await sequences(0, 3, 1e6)).toEqual([1, 2, 3]);
      expect(await sequences(7, 100, 1e6)).toEqual([8, 9, 10]);
      expect(await sequences(0, 100, 3_500)).toEqual([1, 2, 3]);
      expect(await sequences(4, 100, 10)).toEqual([5]);
      expect(await sequences(10, 100, 1e6)).toEqual([]);
      const [first] = await openItems(store, endpoint);
      expect(first).toEqual({
        key: events[0]?.deliveries[0]?.key,
        sequence: 1,
        message: events[0]?.deliveries[0]?.key,
        event: events[0]?.key,
        eventType: 'contact.created',
        source: { kind: 'subscription', id: endpoint.key },
        replay: false,
        attempts: 0,
        waitedMs: 0,
        nextAttemptAt: null,
        body: Buffer.from(body),
        text: body,
      });
    });

    test('a replay waits at the tail of the lane under the same message (P13)', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [first] = await publishSome(store, endpoint, 2);
      if (first === undefined) throw new Error('Nothing is open.');
      await store.record('node-a', [aResult(endpoint, 1, first)]);
      const lane = endpoint.lanes[0] ?? 0;
      const replay = { key: aKey(), now: T0 + 9, by: 'me' };
      expect(await store.replayDelivery(workspace, first.key, replay)).toEqual({ kind: 'changed', lane });
      const again = { key: aKey(), now: T0 + 10, by: 'me' };
      await store.replayDelivery(workspace, replay.key, again);
      const items = await openItems(store, endpoint);
      expect(items.map(({ sequence, message, replay }) => [sequence, message === first.key, replay])).toEqual(
        [
          [2, false, false],
          [3, true, true],
          [4, true, true],
        ],
      );
      expect(await store.findDelivery(workspace, again.key)).toMatchObject({
        replayOf: replay.key,
        message: first.key,
        state: 'pending',
        attempts: 0,
        createdAt: T0 + 10,
        endedAt: null,
      });
      expect(await store.replayDelivery(workspace, 1, { ...again, key: aKey() })).toEqual({
        kind: 'missing',
      });
      await store.deleteEndpoint(workspace, endpoint.key, T0, 'me');
      expect(await store.replayDelivery(workspace, first.key, { ...again, key: aKey() })).toEqual({
        kind: 'endpoint_gone',
      });
      expect(await openItems(store, endpoint)).toEqual([]);
    });
  });

  describe('signals', () => {
    const opened = useStore(open);

    test('a signal that nobody hears is no failure', async () => {
      opened().store.notify({ kind: 'bin', bin: 1 });
      await publish(opened().store, 1, [], { routingVersion: 1 });
    });
  });
}
