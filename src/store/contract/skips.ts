/** The contract's part on skipping all that is open: what counts as skipped before its row is written. */

import { describe, expect, test } from 'vitest';
import { DAY } from '../../core/duration.ts';
import { SKIPPED_AT_ONCE } from '../queries/skips.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { Store } from '../store.ts';
import {
  ALL,
  aKey,
  anEvent,
  aResult,
  laneOf,
  type OpenStore,
  openItems,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
  WAITING,
} from './builders.ts';

/** More than are written with the decision; the last four are left. */
const QUEUED = SKIPPED_AT_ONCE + 5;

/** What a person, a lane and a job see of the endpoint's deliveries, the newest eight of them. */
async function seen(store: Store, workspace: number, endpoint: NewEndpoint) {
  const newest = await store.listDeliveries(workspace, {}, { limit: 8, before: null });
  const lane = endpoint.lanes[0] ?? 0;
  const [head] = await store.laneHeads(workspace, [{ lane, sequence: 10_000 }]);
  return {
    newest: newest.map(({ sequence, state, reason, endedAt }) => ({ sequence, state, reason, endedAt })),
    open: (await store.countOpen(workspace, [endpoint.key])).get(endpoint.key)?.count ?? 0,
    loaded: (await openItems(store, endpoint)).map(({ sequence }) => sequence),
    head: head?.sequence ?? null,
  };
}

const writeAll = async (store: Store, workspace: number, limit: number): Promise<number> => {
  let steps = 1;
  while (await store.writeSkips(workspace, limit)) steps += 1;
  return steps;
};

export function skipsContract(open: OpenStore): void {
  describe('skipping all that is open', () => {
    const opened = useStore(open);

    /** Of a long queue one has been delivered and the next one waits; all but the first are skipped, two come after. */
    const skipped = async ({ lastWaits = false } = {}) => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const queued = await publishSome(store, endpoint, QUEUED);
      const [first, second] = queued;
      const last = queued.at(-1);
      if (first === undefined || second === undefined || last === undefined) throw new Error('Nothing.');
      await store.record('node-a', workspace, [aResult(endpoint, 1, first)]);
      await store.record('node-a', workspace, [aResult(endpoint, 1, second, { next: WAITING })]);
      if (lastWaits) await store.record('node-a', workspace, [aResult(endpoint, 1, last, { next: WAITING })]);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      const held = await store.enableEndpoint(workspace, endpoint.key, 'skip', 'Layla', T0 + 5);
      expect(held).toBe(QUEUED - 1);
      await publishSome(store, endpoint, 2);
      return { store, workspace, endpoint, last };
    };

    test('P9: what is not long is written with the decision', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, 5);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      expect(await store.enableEndpoint(workspace, endpoint.key, 'skip', 'Layla', T0 + 5)).toBe(5);
      expect(await store.listDeliveries(workspace, { state: 'skipped' }, ALL)).toHaveLength(5);
      expect(await store.workspacesToSkip()).toEqual([]);
      expect(await store.writeSkips(workspace, 10)).toBe(false);
    });

    test('P9: all of it is skipped at once to whoever looks, and the same once its rows are written', async () => {
      const { store, workspace, endpoint } = await skipped();
      const before = await seen(store, workspace, endpoint);
      expect(before).toMatchObject({ open: 2, loaded: [QUEUED + 1, QUEUED + 2], head: QUEUED + 1 });
      expect(before.newest.map(({ state }) => state)).toEqual([
        ...['pending', 'pending'],
        ...Array(6).fill('skipped'),
      ]);
      expect(before.newest[3]).toEqual({
        ...{ sequence: QUEUED - 1, state: 'skipped', reason: 'skipped_by: Layla', endedAt: T0 + 5 },
      });
      expect(await store.workspacesToSkip()).toEqual([workspace]);
      // A step at a time, with a look in between; what came later stays open.
      while (await store.writeSkips(workspace, 2)) {
        expect(await seen(store, workspace, endpoint)).toEqual(before);
      }
      expect(await seen(store, workspace, endpoint)).toEqual(before);
      expect(await store.workspacesToSkip()).toEqual([]);
      const all = { limit: 2 * QUEUED, before: null };
      expect(await store.listDeliveries(workspace, { state: 'skipped' }, all)).toHaveLength(QUEUED - 1);
      expect(await store.listDeliveries(workspace, { state: 'pending' }, all)).toHaveLength(2);
    });

    test('P9: a restart while the rows are written loses none, and nobody sees a difference', async () => {
      const { store, workspace, endpoint } = await skipped();
      const before = await seen(store, workspace, endpoint);
      expect(await store.writeSkips(workspace, 2)).toBe(true);
      const again = await opened().reopen();
      expect(await seen(again, workspace, endpoint)).toEqual(before);
      await writeAll(again, workspace, 2);
      expect(await seen(again, workspace, endpoint)).toEqual(before);
      expect((await laneOf(again, endpoint)).doneSequence).toBe(QUEUED);
    });

    test('nodes that write the same rows at once write each of them once', async () => {
      const { store, workspace, endpoint } = await skipped();
      const before = await seen(store, workspace, endpoint);
      const nodes = [store, await opened().another(), store];
      await Promise.all(nodes.map((node) => writeAll(node, workspace, 1)));
      expect(await seen(store, workspace, endpoint)).toEqual(before);
      expect((await laneOf(store, endpoint)).doneSequence).toBe(QUEUED);
    });

    test.each([false, true])(
      'P9: what is skipped, waiting %s, can be neither retried nor skipped',
      async (lastWaits) => {
        const { store, workspace, last } = await skipped({ lastWaits });
        const unchanged = { kind: 'unchanged', state: 'skipped' };
        expect(await store.retryNow(workspace, last.key, T0, 'me')).toEqual(unchanged);
        // Due by then, if it waits.
        expect(await store.retryNow(workspace, last.key, T0 + DAY, 'me')).toEqual(unchanged);
        expect(await store.skipDelivery(workspace, last.key, 'me', T0)).toEqual(unchanged);
      },
    );

    test('P9: the event of what is skipped can be sent again', async () => {
      const { store, workspace, last } = await skipped();
      const event = { key: last.event, id: 'e' };
      const how = { endpoints: null, nextKey: () => aKey(), now: T0 + 6, by: 'me' };
      const replayed = await store.replayEvent(workspace, event, how);
      expect(replayed).toMatchObject({ open: 0, made: [expect.anything()] });
    });

    test('P5: an answer that comes back for one that was skipped meanwhile changes nothing but its attempts', async () => {
      const { store, workspace, endpoint, last } = await skipped();
      await store.record('node-a', workspace, [aResult(endpoint, 1, last)]);
      const shown = await store.findDelivery(workspace, last.key);
      expect(shown).toMatchObject({ state: 'skipped', reason: 'skipped_by: Layla', attempts: 1 });
      expect(await store.listAttempts(workspace, [last.key], { full: false })).toHaveLength(1);
      await writeAll(store, workspace, 100);
      expect(await store.findDelivery(workspace, last.key)).toEqual(shown);
    });

    test('a lane in which all counts as skipped has nothing to send, and is closed once the rows are written', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, QUEUED);
      const before = await laneOf(store, endpoint);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      await store.enableEndpoint(workspace, endpoint.key, 'skip', 'me', T0);
      const state = await laneOf(store, endpoint);
      expect(state.revision).toBeGreaterThan(before.revision);
      const drained = { ...state, workspace };
      expect(await store.settleLanes([drained])).toEqual([]);
      expect(await openItems(store, endpoint)).toEqual([]);
      await publishAccepted(store, workspace, [anEvent([endpoint])]);
      const sequences = async () => (await openItems(store, endpoint)).map(({ sequence }) => sequence);
      expect(await sequences()).toEqual([QUEUED + 1]);
      expect(await store.claimProbe(workspace, endpoint.key, state.lane)).toBe(true);
      expect(await writeAll(store, workspace, 2)).toBe(3);
      expect(await sequences()).toEqual([QUEUED + 1]);
      const [last] = await openItems(store, endpoint);
      if (last === undefined) throw new Error('Nothing is open.');
      await store.record('node-a', workspace, [aResult(endpoint, 1, last)]);
      expect(await store.settleLanes([{ ...(await laneOf(store, endpoint)), workspace }])).toEqual([
        state.lane,
      ]);
    });
  });
}
