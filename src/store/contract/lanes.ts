/** The contract's part on nodes, slices and lanes: who works what, and what is read of it. */

import { describe, expect, test } from 'vitest';
import { hashLane, SLICES, sliceOf } from '../../core/delivery/slice.ts';
import { LARGE_BODY } from '../records/lanes.ts';
import {
  aKey,
  anEndpoint,
  anEvent,
  aResult,
  join,
  laneOf,
  type OpenStore,
  openItems,
  publish,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
} from './builders.ts';

const LONG = 60_000;
/** A lease that ends before it begins. */
const OVER = -1_000;
const SENDS = { leaseMs: LONG, sends: true };

const drainedOf = ({ workspace, lane, lastSequence, revision }: Awaited<ReturnType<typeof laneOf>>) => ({
  workspace,
  lane,
  lastSequence,
  revision,
});

export function lanesContract(open: OpenStore): void {
  describe('nodes', () => {
    const opened = useStore(open);

    test('P10: nodes tell each other where they listen, for as long as they live', async () => {
      const { store } = opened();
      const [here, there] = [
        { address: '192.0.2.1', port: 8080 },
        { address: '2001:db8::2', port: 8081 },
      ];
      expect((await store.registerNode('a', { ...SENDS, listens: [here] })).listening).toContainEqual(here);
      const second = await store.registerNode('b', { ...SENDS, listens: [there] });
      expect(second.listening).toEqual(expect.arrayContaining([here, there]));
      const beat = await store.heartbeat('a', { leaseMs: LONG, sends: true, listens: [here] });
      expect(beat?.listening).toEqual(expect.arrayContaining([here, there]));
      await store.heartbeat('b', { leaseMs: OVER, sends: true, listens: [there] });
      const later = await store.heartbeat('a', { leaseMs: LONG, sends: true, listens: [here] });
      expect(later?.listening).toContainEqual(here);
      expect(later?.listening).not.toContainEqual(there);
    });

    test('a node has slots of its own; the store tells its time; one that has left gives its slots back', async () => {
      const { store } = opened();
      const first = await store.registerNode('a', SENDS);
      expect(first.slots.count).toBeGreaterThanOrEqual(4);
      const beat = await store.heartbeat('a', { leaseMs: LONG, sends: true });
      expect((beat?.now ?? 0) - first.now).toBeGreaterThanOrEqual(0);
      expect((beat?.now ?? 0) - first.now).toBeLessThan(60_000);
      await store.unregisterNode('a');
      expect(await store.heartbeat('a', { leaseMs: LONG, sends: true })).toBeNull();
      expect((await store.registerNode('b', SENDS)).slots).toEqual(first.slots);
      // A lease that has run out is as good as gone.
      expect(await store.heartbeat('b', { leaseMs: OVER, sends: true })).not.toBeNull();
      expect((await store.registerNode('c', SENDS)).slots).toEqual(first.slots);
      expect(await store.heartbeat('b', { leaseMs: LONG, sends: true })).toBeNull();
    });

    test('a new node learns the largest key of any row', async () => {
      const { store } = opened();
      expect((await store.registerNode('node-a', SENDS)).largestKey).toBe(0);
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([endpoint]);
      await publishAccepted(store, workspace, [event]);
      const delivery = event.deliveries[0]?.key ?? 0;
      expect((await store.registerNode('node-a', SENDS)).largestKey).toBe(Math.max(event.key, delivery));
      const late = anEndpoint({ workspace, secrets: [] });
      await store.createEndpoint(late, 'me');
      expect((await store.registerNode('node-a', SENDS)).largestKey).toBe(Math.max(late.key, ...late.lanes));
    });
  });

  describe('slices', () => {
    const opened = useStore(open);

    test('a node takes free slices, each under a new epoch, and is told which it has', async () => {
      const { store } = opened();
      await store.registerNode('a', SENDS);
      expect(await store.readSlices('a')).toEqual({ held: [], free: SLICES, senders: 1 });
      const some = await store.takeSlices('a', 100);
      expect(some).toHaveLength(100);
      expect(some.every(({ epoch }) => epoch === 1)).toBe(true);
      const rest = await store.takeSlices('a', 1_000);
      expect(new Set([...some, ...rest].map(({ slice }) => slice)).size).toBe(SLICES);
      expect(await store.takeSlices('a', 10)).toEqual([]);
      const view = await store.readSlices('a');
      expect(view.free).toBe(0);
      expect(view.held).toHaveLength(SLICES);
      await store.releaseSlices('a', [
        { slice: 3, epoch: 1 },
        { slice: 4, epoch: 1 },
      ]);
      // Whoever does not have them, or no longer under that epoch, frees none.
      await store.releaseSlices('b', [{ slice: 5, epoch: 1 }]);
      await store.releaseSlices('a', [{ slice: 6, epoch: 0 }]);
      await store.releaseSlices('a', []);
      expect((await store.readSlices('a')).free).toBe(2);
      expect((await store.takeSlices('a', 10)).toSorted((one, other) => one.slice - other.slice)).toEqual([
        { slice: 3, epoch: 2 },
        { slice: 4, epoch: 2 },
      ]);
    });

    test('P4: who is not registered, or registers again, has no slices', async () => {
      const { store } = opened();
      expect(await store.takeSlices('nobody', 10)).toEqual([]);
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.registerNode('node-a', SENDS);
      expect((await store.readSlices('node-a')).held).toEqual([]);
      expect((await store.record('node-a', workspace, [aResult(endpoint, 1, item)])).verdicts).toEqual([
        'fenced',
      ]);
      await store.takeSlices('node-a', SLICES);
      expect((await store.record('node-a', workspace, [aResult(endpoint, 1, item)])).verdicts).toEqual([
        'fenced',
      ]);
      expect((await store.record('node-a', workspace, [aResult(endpoint, 2, item)])).verdicts).toEqual([
        'recorded',
      ]);
    });

    test('P4, P5: a slice that was given away is fenced for the node that had it', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.releaseSlices('node-a', [{ slice: sliceOf(endpoint.lanes[0] ?? 0), epoch: 1 }]);
      expect((await store.record('node-a', workspace, [aResult(endpoint, 1, item)])).verdicts).toEqual([
        'fenced',
      ]);
      expect(await store.listAttempts(workspace, [item.key], { full: false })).toEqual([]);
      expect((await store.findDelivery(workspace, item.key))?.state).toBe('pending');
    });

    test('a node that takes no share any more is not counted among those that do', async () => {
      const { store } = opened();
      await seed(store);
      expect((await store.readSlices('node-a')).senders).toBe(1);
      await store.heartbeat('node-a', { leaseMs: LONG, sends: false });
      expect(await store.readSlices('node-a')).toMatchObject({ senders: 0, free: 0 });
    });

    test('a node that leaves frees its slices', async () => {
      const { store } = opened();
      await seed(store);
      await store.unregisterNode('node-a');
      expect(await store.readSlices('node-a')).toMatchObject({ held: [], free: SLICES, senders: 0 });
      expect(await join(store, 'node-b')).toHaveLength(SLICES);
    });
  });

  describe('lanes with work', () => {
    const opened = useStore(open);

    test('a lane is open from when it gets work until it has been closed as dry', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const slice = sliceOf(endpoint.lanes[0] ?? 0);
      const slices = Array.from({ length: SLICES }, (_, index) => index);
      expect(await store.listOpenLanes(slices)).toEqual([]);
      expect(await store.digestSlices(slices)).toEqual([]);
      const items = await publishSome(store, endpoint, 2);
      const version = (await store.routingVersions([workspace])).get(workspace);
      const state = {
        lane: endpoint.lanes[0],
        workspace,
        endpoint: endpoint.key,
        slice,
        lastSequence: 2,
        doneSequence: 0,
        revision: 0,
        routingVersion: version,
      };
      expect(await store.listOpenLanes(slices)).toEqual([state]);
      expect(await store.readLanes(endpoint.lanes)).toEqual([state]);
      expect(await store.readLanesOf(workspace, [aKey(), ...endpoint.lanes])).toEqual([state]);
      expect(await store.readLanesOf(workspace + 1, endpoint.lanes)).toEqual([]);
      expect(await store.listOpenLanes(slices.filter((other) => other !== slice))).toEqual([]);
      expect(await store.digestSlices([slice])).toEqual([
        { slice, lanes: 1, hashes: hashLane(state.lane ?? 0, 2, 0) },
      ]);
      // Not while something is open, whatever memory thinks.
      expect(await store.settleLanes([drainedOf(await laneOf(store, endpoint))])).toEqual([]);
      for (const item of items) await store.record('node-a', workspace, [aResult(endpoint, 1, item)]);
      const known = drainedOf(await laneOf(store, endpoint));
      // Nor where memory is behind.
      expect(await store.settleLanes([{ ...known, lastSequence: 1 }])).toEqual([]);
      expect(await store.settleLanes([{ ...known, revision: 7 }])).toEqual([]);
      expect(await store.settleLanes([known])).toEqual([known.lane]);
      expect(await store.listOpenLanes([slice])).toEqual([]);
      expect(await laneOf(store, endpoint)).toMatchObject({ lastSequence: 2, doneSequence: 2 });
      const { lanes } = await publishAccepted(store, workspace, [anEvent([endpoint])]);
      expect(lanes).toMatchObject([{ firstSequence: 3, doneSequence: 2, revision: 0 }]);
      expect(await store.listOpenLanes([slice])).toHaveLength(1);
    });

    test('a skip and a retry move the lane, so that who works it finds that what it holds is old', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [first, second] = await publishSome(store, endpoint, 2);
      if (first === undefined || second === undefined) throw new Error('Nothing is open.');
      const waiting = {
        state: 'waiting',
        nextAttemptAt: T0 + 1e9,
        waitedMs: 1,
        putOffs: 0,
        reason: 'HTTP 500',
      } as const;
      await store.record('node-a', workspace, [aResult(endpoint, 1, first, { next: waiting })]);
      await store.retryNow(workspace, first.key, T0, 'me');
      expect((await laneOf(store, endpoint)).revision).toBe(1);
      await store.skipDelivery(workspace, second.key, 'me', T0);
      expect((await laneOf(store, endpoint)).revision).toBe(2);
      const [lane = 0] = endpoint.lanes;
      expect(await store.digestSlices([sliceOf(lane)])).toMatchObject([{ hashes: hashLane(lane, 2, 2) }]);
      // What changes nothing moves nothing.
      await store.skipDelivery(workspace, second.key, 'me', T0);
      expect((await laneOf(store, endpoint)).revision).toBe(2);
      expect(await store.settleLanes([{ ...drainedOf(await laneOf(store, endpoint)), revision: 1 }])).toEqual(
        [],
      );
    });

    test('a resend opens a lane that was closed', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [item] = await publishSome(store, endpoint, 1);
      if (item === undefined) throw new Error('Nothing is open.');
      await store.record('node-a', workspace, [aResult(endpoint, 1, item)]);
      const known = drainedOf(await laneOf(store, endpoint));
      await store.settleLanes([known]);
      await store.replayDelivery(workspace, item.key, { key: aKey(), now: T0, by: 'me' });
      expect(await store.listOpenLanes([sliceOf(known.lane)])).toMatchObject([{ lastSequence: 2 }]);
      expect(await store.settleLanes([known])).toEqual([]);
    });

    test('more lanes than a statement has parameters are read and closed', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, 1);
      const many = Array.from({ length: 70_000 }, (_, index) => index + 1);
      expect(await store.readLanes([...many, ...endpoint.lanes])).toHaveLength(1);
      const drained = many
        .slice(0, 40_000)
        .map((lane) => ({ workspace, lane, lastSequence: 0, revision: 0 }));
      expect(await store.settleLanes(drained)).toEqual([]);
    });
  });

  describe('reading a lane', () => {
    const opened = useStore(open);

    test('a large body is left to be read when it is sent; so is every body where there is no room', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const large = JSON.stringify('م'.repeat(LARGE_BODY));
      await publishAccepted(store, workspace, [
        anEvent([endpoint], { body: large }),
        anEvent([endpoint], { body: '"small"' }),
      ]);
      const lane = { workspace, lane: endpoint.lanes[0] ?? 0 };
      const items = await store.loadLane(lane, 0, 100, 1_000);
      expect(items.map(({ body }) => body?.toString() ?? null)).toEqual([null, '"small"']);
      const [first] = items;
      if (first === undefined) throw new Error('Nothing is open.');
      expect(Buffer.from((await store.readBody(workspace, first)) ?? []).toString()).toBe(large);
      expect((await store.loadLane(lane, 1, 1, 0)).map(({ body }) => body)).toEqual([null]);
      expect(await store.readBody(workspace, { ...first, event: 1 })).toBeNull();
      expect(await store.readBody(workspace, { ...first, ownBody: true })).toBeNull();
    });

    test('P3: open deliveries come in order, after a sequence, up to a number and a size', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const body = JSON.stringify('x'.repeat(998));
      const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const events = Array.from({ length: 10 }, () => anEvent([endpoint], { body, trace }));
      await publishAccepted(store, workspace, events);
      const lane = { workspace, lane: endpoint.lanes[0] ?? 0 };
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
        putOffs: 0,
        waitedMs: 0,
        nextAttemptAt: null,
        depth: 0,
        trace,
        ownBody: false,
        body: Buffer.from(body),
        text: body,
      });
    });

    test('a replay waits at the tail of the lane under the same message (P13)', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [first] = await publishSome(store, endpoint, 2);
      if (first === undefined) throw new Error('Nothing is open.');
      await store.record('node-a', workspace, [aResult(endpoint, 1, first)]);
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
