/** The contract's part on the audit log, on sending again, and on replays (P13). */

import { describe, expect, test } from 'vitest';
import { createKeyMaker } from '../../core/ids.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { OwnedReplay, Replay, ReplayableState, ReplayFilter } from '../records/replays.ts';
import type { Store } from '../store.ts';
import {
  ALL,
  aDelivery,
  aKey,
  anEndpoint,
  anEvent,
  aResult,
  aSecret,
  laneOf,
  type OpenStore,
  openItems,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
} from './builders.ts';

const HOUR = 3_600_000;
const NOW = T0 + 1_000 * HOUR;

/** An event an hour from T0, each with one delivery, ended as told; null leaves it open. */
async function publishEnded(
  store: Store,
  endpoint: NewEndpoint,
  ends: ReadonlyArray<ReplayableState | null>,
): Promise<number[]> {
  const { next } = createKeyMaker({ first: 1, count: 1 }, 0);
  const keys: number[] = [];
  for (const [index, end] of ends.entries()) {
    const at = T0 + index * HOUR;
    const delivery = aDelivery(endpoint, { key: next(at) });
    keys.push(delivery.key);
    const event = anEvent([], { key: next(at), id: `e${index}`, deliveries: [delivery] });
    const { lanes } = await publishAccepted(store, endpoint.workspace, [event], { acceptedAt: at });
    const touched = lanes[0];
    if (touched === undefined || end === null) continue;
    if (end === 'skipped') await store.skipDelivery(endpoint.workspace, delivery.key, 'me', at + 1);
    else {
      const item = { key: delivery.key };
      const next = { state: end, endedAt: at + 1, reason: 'as told' };
      await store.record('node-a', endpoint.workspace, [aResult(endpoint, 1, item, { next })]);
    }
  }
  return keys;
}

function aReplay(
  endpoint: NewEndpoint,
  filter: Partial<ReplayFilter> = {},
  over: Partial<Replay> = {},
): Replay {
  return {
    key: aKey(),
    workspace: endpoint.workspace,
    endpoint: endpoint.key,
    filter: { since: T0, until: NOW, states: ['dropped', 'skipped'], ...filter },
    total: 0,
    done: 0,
    gone: 0,
    state: 'running',
    reason: null,
    createdBy: 'Layla',
    createdAt: NOW,
    endedAt: null,
    ...over,
  };
}

const OPTIONS = { now: NOW, maxOpen: 1_000 };

/** The originals that are left, by lane and sequence, as items of a batch. */
async function itemsLeft(store: Store, replay: OwnedReplay) {
  const lists = await Promise.all(
    replay.filter.states.map((state) => store.listOriginals(replay, state, 0, 1_000)),
  );
  return lists
    .flat()
    .sort((one, other) => one.lane - other.lane || one.sequence - other.sequence)
    .map(({ key, lane, sequence }) => ({ original: key, key: aKey(), lane, sequence }));
}

async function claimOne(store: Store, node = 'node-a'): Promise<OwnedReplay> {
  const [replay] = await store.claimReplays(node, 10, T0);
  if (replay === undefined) throw new Error('Nothing runs.');
  return replay;
}

export function historyContract(open: OpenStore): void {
  describe('the audit log', () => {
    const opened = useStore(open);

    test('has an entry of every change, newest first, by target and action, without secrets', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const key = {
        key: aKey(),
        workspace,
        name: 'ci',
        prefix: 'mk_1',
        scopes: ['read'] as const,
        createdAt: T0,
      };
      await store.createApiKey({ ...key, hash: 'hash-of-the-key' }, 'Layla');
      await store.revokeApiKey(workspace, key.key, T0 + 1, 'Layla');
      await store.updateEndpoint(workspace, endpoint.key, { url: 'https://b.example/' }, T0 + 2, 'Omar');
      await store.updateEndpoint(workspace, endpoint.key, { name: 'x' }, T0 + 3, 'Omar');
      await store.rotateSecret(workspace, endpoint.key, aSecret({ createdAt: T0 + 4 }), T0 + 9, 'Omar');
      await store.updateWorkspace(workspace, { name: 'New' }, T0 + 5, 'Layla');
      const [item] = await publishSome(store, endpoint, 1);
      await store.skipDelivery(workspace, item?.key ?? 0, 'Omar', T0 + 6);
      await store.skipDelivery(workspace, item?.key ?? 0, 'Omar', T0 + 7);
      await store.deleteEndpoint(workspace, endpoint.key, T0 + 8, 'Omar');
      await store.deleteEndpoint(workspace, endpoint.key, T0 + 9, 'Omar');
      const entries = await store.listAudit(workspace, {}, ALL);
      expect(entries.map(({ actor, action, at }) => [actor, action, at - T0])).toEqual([
        ['Omar', 'endpoint.deleted', 8],
        ['Omar', 'delivery.skipped', 6],
        ['Layla', 'workspace.updated', 5],
        ['Omar', 'endpoint.secret_rotated', 4],
        ['Omar', 'endpoint.updated', 3],
        ['Omar', 'endpoint.updated', 2],
        ['Layla', 'api_key.revoked', 1],
        ['Layla', 'api_key.created', 0],
        ['me', 'endpoint.created', 0],
      ]);
      const [updated] = await store.listAudit(
        workspace,
        { action: 'endpoint.updated' },
        { limit: 1, before: entries[4]?.key ?? 0 },
      );
      expect(updated?.details).toEqual({
        members: ['url'],
        url: { from: endpoint.url, to: 'https://b.example/' },
      });
      expect(entries[2]?.details).toEqual({ changed: { name: { from: 'Acme', to: 'New' } } });
      const target = updated?.target ?? '';
      const ofEndpoint = await store.listAudit(workspace, { target }, ALL);
      expect(ofEndpoint).toHaveLength(5);
      expect(await store.listAudit(workspace + 1, {}, ALL)).toEqual([]);
      expect(JSON.stringify(entries)).not.toContain('hash-of-the-key');
    });
  });

  describe('sending again', () => {
    const opened = useStore(open);

    test('P13: an event goes to each endpoint that it was for, once, or to those named', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 3 });
      const event = anEvent(endpoints);
      await publishAccepted(store, workspace, [event]);
      const keys = event.deliveries.map(({ key }) => key);
      const again = { endpoints: null, nextKey: aKey, now: NOW, by: 'me' };
      expect(await store.replayEvent(workspace, event, again)).toMatchObject({ made: [], open: 3 });
      for (const key of keys) await store.skipDelivery(workspace, key, 'me', T0);
      const third = endpoints[2];
      await store.deleteEndpoint(workspace, third?.key ?? 0, T0, 'me');
      const first = await store.replayEvent(workspace, event, again);
      expect(first).toMatchObject({ open: 0, withoutEndpoint: 1, bodyGone: false });
      expect(first.made.map(({ lane }) => lane)).toEqual([endpoints[0]?.lanes[0], endpoints[1]?.lanes[0]]);
      // Replays are no originals: the second time makes as many as the first.
      const named = { ...again, endpoints: [endpoints[1]?.key ?? 0] };
      expect((await store.replayEvent(workspace, event, named)).made).toHaveLength(1);
      const made = await store.findDelivery(workspace, first.made[1]?.key ?? 0);
      expect(made).toMatchObject({ replayOf: keys[1], message: keys[1], sequence: 2, state: 'pending' });
      expect(
        (await store.listAudit(workspace, { target: event.id }, ALL)).map(({ action }) => action),
      ).toEqual(['event.replayed', 'event.replayed']);
    });

    test('by subject, a replay joins the lane of its contact', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const lanes = Array.from({ length: 4 }, () => aKey());
      const endpoint = anEndpoint({ workspace, ordering: { by: 'subject', lanes: 4 }, lanes });
      await store.createEndpoint(endpoint, 'me');
      const subjects = Array.from({ length: 12 }, (_, index) => `contact-${index % 6}`);
      const events = subjects.map((subject) => anEvent([endpoint], { subject }));
      await publishAccepted(store, workspace, events);
      const placed = new Map<string, number>();
      for (const [index, event] of events.entries()) {
        await store.skipDelivery(workspace, event.deliveries[0]?.key ?? 0, 'me', T0);
        const { made } = await store.replayEvent(workspace, event, {
          endpoints: null,
          nextKey: aKey,
          now: NOW,
          by: 'me',
        });
        const subject = subjects[index] ?? '';
        expect(made[0]?.lane).toBe(placed.get(subject) ?? made[0]?.lane);
        placed.set(subject, made[0]?.lane ?? 0);
      }
      expect(new Set(placed.values()).size).toBeGreaterThan(1);
    });
  });

  describe('replays', () => {
    const opened = useStore(open);

    const seedEnded = async (ends: ReadonlyArray<ReplayableState | null>) => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const keys = await publishEnded(store, endpoint, ends);
      return { store, workspace, endpoint, keys };
    };

    test('counting tells what will be done, by state and time', async () => {
      const { store, endpoint } = await seedEnded(['dropped', 'delivered', 'skipped', 'dropped', null]);
      const count = (filter: Partial<ReplayFilter>) => store.countOriginals(aReplay(endpoint, filter));
      expect(await count({})).toEqual({
        ...{ total: 3, resolved: 0, gone: 0 },
        ...{ oldestAt: T0, newestAt: T0 + 3 * HOUR },
      });
      expect((await count({ states: ['delivered'] })).total).toBe(1);
      expect((await count({ states: ['delivered', 'dropped', 'skipped'] })).total).toBe(4);
      expect(await count({ since: T0 + HOUR, until: T0 + 3 * HOUR })).toMatchObject({ total: 1 });
      expect(await count({ since: T0 + 9 * HOUR })).toEqual({
        total: 0,
        resolved: 0,
        gone: 0,
        oldestAt: null,
        newestAt: null,
      });
      // What ended after the replay was asked for is none of its business.
      expect(await store.countOriginals(aReplay(endpoint, {}, { createdAt: T0 + 2 * HOUR }))).toMatchObject({
        total: 1,
      });
    });

    test('a replay sends its originals in their order, batch by batch, and is finished', async () => {
      const { store, workspace, endpoint, keys } = await seedEnded([
        'dropped',
        'delivered',
        'skipped',
        'dropped',
        null,
      ]);
      const { total } = await store.countOriginals(aReplay(endpoint));
      const asked = aReplay(endpoint, {}, { total });
      expect(await store.createReplay(asked)).toEqual({ kind: 'created' });
      expect(await store.createReplay(aReplay(endpoint))).toEqual({ kind: 'running', key: asked.key });
      expect(await store.findReplay(workspace, asked.key)).toEqual(asked);
      let replay = await claimOne(store);
      const items = await itemsLeft(store, replay);
      expect(items.map(({ original }) => original)).toEqual([keys[0], keys[2], keys[3]]);
      const [first, ...rest] = items;
      if (first === undefined) throw new Error('Nothing to send.');
      const lane = endpoint.lanes[0] ?? 0;
      expect(await store.sendReplayBatch('node-a', replay, [first], OPTIONS)).toEqual({
        kind: 'sent',
        lanes: [lane],
      });
      // From where it stood before, the same batch is not sent a second time.
      expect(await store.sendReplayBatch('node-a', replay, [first], OPTIONS)).toEqual({ kind: 'lost' });
      replay = await claimOne(store);
      expect(replay).toMatchObject({ done: 1, last: { lane, sequence: 1 } });
      expect((await itemsLeft(store, replay)).map(({ original }) => original)).toEqual([keys[2], keys[3]]);
      expect(await store.sendReplayBatch('node-a', replay, rest, OPTIONS)).toMatchObject({ kind: 'sent' });
      replay = await claimOne(store);
      expect(await store.finishReplay('node-a', replay, NOW + 5)).toBe(true);
      expect(await store.findReplay(workspace, asked.key)).toEqual({
        ...asked,
        done: 3,
        state: 'finished',
        endedAt: NOW + 5,
      });
      const queued = await openItems(store, endpoint);
      expect(queued.map(({ key, message }) => [key, message])).toEqual([
        [keys[4], keys[4]],
        [items[0]?.key, keys[0]],
        [items[1]?.key, keys[2]],
        [items[2]?.key, keys[3]],
      ]);
      // Its own deliveries are no originals.
      expect((await store.countOriginals(aReplay(endpoint))).total).toBe(3);
      expect(await store.claimReplays('node-a', 10, T0)).toEqual([]);
    });

    test('a replay leaves out what a repeat had made good by then, and a repeat of a repeat, unless asked for', async () => {
      const { store, workspace, endpoint, keys } = await seedEnded([
        'dropped',
        'skipped',
        'dropped',
        'delivered',
      ]);
      const [first = 0, second = 0, third = 0, fourth = 0] = keys;
      const again = async (original: number, end: 'delivered' | 'dropped', at: number) => {
        const key = aKey();
        await store.replayDelivery(workspace, original, { key, now: at, by: 'me' });
        const next = { state: end, endedAt: at, reason: 'as told' };
        await store.record('node-a', workspace, [aResult(endpoint, 1, { key }, { next })]);
        return key;
      };
      const good = await again(first, 'delivered', NOW - 9);
      const failed = await again(second, 'dropped', NOW - 8);
      const late = await again(failed, 'delivered', NOW - 7);
      await again(third, 'dropped', NOW - 6);
      const twice = await again(fourth, 'delivered', NOW - 5);
      expect(await store.findResolving(workspace, [first, second, third, fourth])).toEqual(
        new Map([
          [first, good],
          [second, late],
          [fourth, twice],
        ]),
      );
      const count = (filter: Partial<ReplayFilter>, createdAt = NOW) =>
        store.countOriginals(aReplay(endpoint, filter, { createdAt }));
      expect(await count({})).toMatchObject({ total: 1, resolved: 2, gone: 0 });
      // What arrives after it was asked for is none of its business.
      expect(await count({}, NOW - 8)).toMatchObject({ total: 2, resolved: 1 });
      expect(await count({ includeResolved: true })).toMatchObject({ total: 3, resolved: 0 });
      expect(await count({ states: ['delivered'] })).toMatchObject({ total: 1, resolved: 0 });
      const left = async (filter: Partial<ReplayFilter>) => {
        const asked = aReplay(endpoint, filter, { total: 1 });
        await store.createReplay(asked);
        const items = await itemsLeft(store, await claimOne(store));
        await store.cancelReplay(workspace, asked.key, NOW, 'me');
        return items.map(({ original }) => original);
      };
      expect(await left({})).toEqual([third]);
      expect(await left({ includeResolved: true })).toEqual([first, second, third]);
      expect(await left({ states: ['delivered', 'dropped'] })).toEqual([third, fourth]);
    });

    test('order is that of the lane, also where keys were made in another', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const [late, early] = [aKey(), aKey()].toReversed() as [number, number];
      for (const key of [late, early]) {
        await publishAccepted(store, workspace, [
          anEvent([], { deliveries: [aDelivery(endpoint, { key })] }),
        ]);
        await store.skipDelivery(workspace, key, 'me', T0);
      }
      await store.createReplay(aReplay(endpoint, { since: 0 }, { total: 2 }));
      const items = await itemsLeft(store, await claimOne(store));
      expect(items.map(({ original }) => original)).toEqual([late, early]);
    });

    test('a replay is one node’s; when that is gone, the next goes on where it was', async () => {
      const { store, endpoint, keys } = await seedEnded(['dropped', 'dropped', 'dropped']);
      await store.registerNode('node-b', { leaseMs: 60_000, sends: true });
      await store.createReplay(aReplay(endpoint, {}, { total: 3 }));
      const before = await claimOne(store);
      const items = await itemsLeft(store, before);
      expect(await store.claimReplays('node-b', 10, T0)).toEqual([]);
      await store.sendReplayBatch('node-a', before, items.slice(0, 1), OPTIONS);
      await store.unregisterNode('node-a');
      const after = await claimOne(store, 'node-b');
      const stale = { ...before, last: after.last };
      expect(await store.sendReplayBatch('node-a', stale, items.slice(1), OPTIONS)).toEqual({ kind: 'lost' });
      const left = await itemsLeft(store, after);
      expect(left.map(({ original }) => original)).toEqual(keys.slice(1));
      expect(await store.sendReplayBatch('node-b', after, left, OPTIONS)).toMatchObject({ kind: 'sent' });
      expect((await openItems(store, endpoint)).map(({ message }) => message)).toEqual(keys);
    });

    test('P11: replays are taken up in turns, between workspaces and within each', async () => {
      const { store } = opened();
      const [big, small] = [await seed(store, { endpoints: 3 }), await seed(store)];
      const started = [...big.endpoints, small.endpoint].map((endpoint) => aReplay(endpoint));
      for (const replay of started) await store.createReplay(replay);
      const [first, second, third, other] = started.map(({ key }) => key);
      const turns: number[][] = [];
      for (let turn = 1; turn <= 3; turn += 1) {
        turns.push((await store.claimReplays('node-a', 2, T0 + turn)).map(({ key }) => key));
      }
      expect(turns).toEqual([
        [first, other],
        [second, other],
        [third, other],
      ]);
    });

    test('a batch waits while enough is open; a disabled endpoint holds any number', async () => {
      const { store, workspace, endpoint } = await seedEnded(['dropped', 'dropped', null, null]);
      await store.createReplay(aReplay(endpoint, {}, { total: 2 }));
      const replay = await claimOne(store);
      const items = await itemsLeft(store, replay);
      const full = { ...OPTIONS, maxOpen: 2 };
      expect(await store.sendReplayBatch('node-a', replay, items, full)).toEqual({ kind: 'full' });
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      expect(await store.sendReplayBatch('node-a', replay, items, full)).toMatchObject({ kind: 'sent' });
      expect(await store.listDeliveries(workspace, { state: 'held' }, ALL)).toHaveLength(4);
    });

    test('a cancelled replay sends no more; one whose endpoint is deleted has failed', async () => {
      const { store, workspace, endpoint } = await seedEnded(['dropped', 'dropped']);
      const first = aReplay(endpoint, {}, { total: 2 });
      await store.createReplay(first);
      const replay = await claimOne(store);
      const items = await itemsLeft(store, replay);
      expect(await store.cancelReplay(workspace + 1, first.key, NOW, 'me')).toBe(false);
      expect(await store.cancelReplay(workspace, first.key, NOW + 1, 'Omar')).toBe(true);
      expect(await store.cancelReplay(workspace, first.key, NOW + 2, 'Omar')).toBe(false);
      expect(await store.sendReplayBatch('node-a', replay, items, OPTIONS)).toEqual({ kind: 'lost' });
      expect(await store.finishReplay('node-a', replay, NOW)).toBe(false);
      expect(await store.findReplay(workspace, first.key)).toMatchObject({
        state: 'cancelled',
        reason: 'cancelled_by: Omar',
        endedAt: NOW + 1,
      });
      const second = aReplay(endpoint, {}, { total: 2 });
      expect(await store.createReplay(second)).toEqual({ kind: 'created' });
      const other = await claimOne(store);
      await store.deleteEndpoint(workspace, endpoint.key, NOW, 'me');
      expect(await store.sendReplayBatch('node-a', other, items, OPTIONS)).toEqual({ kind: 'lost' });
      expect(await store.findReplay(workspace, second.key)).toMatchObject({
        state: 'failed',
        done: 0,
        reason: 'endpoint_deleted: the endpoint was deleted meanwhile',
      });
      expect(await store.createReplay(aReplay(endpoint))).toEqual({ kind: 'missing' });
      expect((await store.listReplays(workspace, ALL)).map(({ key }) => key)).toEqual([
        second.key,
        first.key,
      ]);
      expect((await laneOf(store, endpoint)).lastSequence).toBe(2);
    });

    test('two nodes that send the same batch at once send it once', async () => {
      const { store, endpoint } = await seedEnded(['dropped', 'dropped']);
      const other = await opened().another();
      await store.createReplay(aReplay(endpoint, {}, { total: 2 }));
      const replay = await claimOne(store);
      const items = await itemsLeft(store, replay);
      const fresh = items.map((item) => ({ ...item, key: aKey() }));
      const answers = await Promise.all([
        store.sendReplayBatch('node-a', replay, items, OPTIONS),
        other.sendReplayBatch('node-a', replay, fresh, OPTIONS),
      ]);
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['lost', 'sent']);
      expect(await openItems(store, endpoint)).toHaveLength(2);
    });
  });
}
