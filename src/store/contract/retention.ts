/** The contract's part on retention: what is old goes, what is open stays, what is held expires. */

import { describe, expect, test } from 'vitest';
import { createKeyMaker, firstKeyAt } from '../../core/ids.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { KeySpan } from '../records/retention.ts';
import type { Store } from '../store.ts';
import {
  ALL,
  aDelivery,
  aKey,
  anEvent,
  aResult,
  type OpenStore,
  openItems,
  publishAccepted,
  seed,
  T0,
  useStore,
} from './builders.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** An event of that time with a delivery, delivered at once unless it is to stay open. */
async function publishAt(
  store: Store,
  endpoint: NewEndpoint,
  at: number,
  { open = false, endedAt = at + 1 }: { open?: boolean; endedAt?: number } = {},
): Promise<{ event: number; id: string; delivery: number }> {
  const { next } = createKeyMaker({ first: aKey() % 100, count: 1 }, 0);
  const delivery = aDelivery(endpoint, { key: next(at) });
  const event = anEvent([], { key: next(at), deliveries: [delivery] });
  await publishAccepted(store, endpoint.workspace, [event], { acceptedAt: at });
  if (!open) {
    const result = aResult(endpoint, 1, delivery, {
      next: { state: 'delivered', endedAt, reason: 'HTTP 200' },
    });
    await store.record('node-a', endpoint.workspace, [result]);
  }
  return { event: event.key, id: event.id, delivery: delivery.key };
}

const spanBefore = (at: number, over: Partial<KeySpan> = {}): KeySpan => ({
  after: 0,
  before: firstKeyAt(at),
  limit: 100,
  ...over,
});

export function retentionContract(open: OpenStore): void {
  describe('retention', () => {
    const opened = useStore(open);

    test('attempts go with the age of their delivery’s end; those of open ones stay', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const old = await publishAt(store, endpoint, T0);
      const late = await publishAt(store, endpoint, T0 + 1, { endedAt: T0 + DAY });
      const young = await publishAt(store, endpoint, T0 + DAY);
      const waiting = await publishAt(store, endpoint, T0 + 2, { open: true });
      const [item] = await openItems(store, endpoint);
      if (item === undefined) throw new Error('Nothing is open.');
      const next = {
        state: 'waiting' as const,
        nextAttemptAt: T0 + 9,
        waitedMs: 5,
        putOffs: 0,
        reason: 'HTTP 500',
      };
      await store.record('node-a', workspace, [aResult(endpoint, 1, item, { next })]);
      const purged = await store.purgeAttempts(workspace, spanBefore(T0 + HOUR));
      expect(purged).toEqual({ deleted: 1, last: null, kept: late.delivery });
      const all = [old, late, young, waiting].map(({ delivery }) => delivery);
      const left = await store.listAttempts(workspace, all, { full: true });
      expect(left.map(({ delivery }) => delivery)).toEqual(
        [late.delivery, young.delivery, waiting.delivery].sort((one, other) => one - other),
      );
      expect((await store.findDelivery(workspace, old.delivery))?.attempts).toBe(1);
    });

    test('bodies go; their events stay and say so, and are not sent again; open ones keep theirs', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const old = await publishAt(store, endpoint, T0);
      const waiting = await publishAt(store, endpoint, T0 + 1, { open: true });
      const young = await publishAt(store, endpoint, T0 + DAY);
      const purged = await store.purgeBodies(workspace, spanBefore(T0 + HOUR));
      expect(purged).toEqual({ deleted: 1, last: null, kept: waiting.event });
      expect(await store.findEvent(workspace, old.id)).toMatchObject({
        id: old.id,
        body: null,
        verdicts: null,
      });
      expect((await store.listEvents(workspace, {}, ALL)).map(({ body }) => body === null)).toEqual([
        false,
        false,
        true,
      ]);
      expect((await store.findEvent(workspace, young.id))?.body).toContain(young.id);
      const resend = { key: aKey(), now: T0 + DAY, by: 'me' };
      expect(await store.replayDelivery(workspace, old.delivery, resend)).toEqual({ kind: 'body_gone' });
      const again = { endpoints: null, nextKey: aKey, now: T0 + DAY, by: 'me' };
      expect(await store.replayEvent(workspace, { key: old.event, id: old.id }, again)).toMatchObject({
        made: [],
        bodyGone: true,
      });
      const range = { since: T0, until: T0 + 9 * DAY, states: ['delivered'] as const };
      const count = { workspace, endpoint: endpoint.key, filter: range, createdAt: T0 + 9 * DAY };
      expect(await store.countOriginals(count)).toEqual({
        total: 1,
        gone: 1,
        resolved: 0,
        oldestAt: T0 + DAY,
        newestAt: T0 + DAY,
      });
      expect(await openItems(store, endpoint)).toHaveLength(1);
    });

    test('events go with all that is of them, and are counted; open ones stay', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const old = [
        await publishAt(store, endpoint, T0),
        await publishAt(store, endpoint, T0 + 1),
        await publishAt(store, endpoint, T0 + 2 * HOUR),
      ];
      const replayed = { key: aKey(), now: T0 + 5, by: 'me' };
      await store.replayDelivery(workspace, old[0]?.delivery ?? 0, replayed);
      await store.skipDelivery(workspace, replayed.key, 'me', T0 + 6);
      const waiting = await publishAt(store, endpoint, T0 + 3, { open: true });
      const young = await publishAt(store, endpoint, T0 + DAY);
      const first = await store.purgeEvents(workspace, spanBefore(T0 + 3 * HOUR, { limit: 2 }));
      // Two events with bodies, three deliveries of which one is a replay, two attempts.
      expect(first).toEqual({ deleted: 2 + 2 + 3 + 2, last: old[1]?.event ?? 0, kept: null });
      const rest = { after: first.last ?? 0 };
      const second = await store.purgeEvents(workspace, spanBefore(T0 + 3 * HOUR, rest));
      expect(second).toEqual({ deleted: 4, last: null, kept: waiting.event });
      expect(await store.purgeEvents(workspace, spanBefore(T0 + 3 * HOUR))).toMatchObject({ deleted: 0 });
      const events = await store.listEvents(workspace, {}, ALL);
      expect(events.map(({ key }) => key)).toEqual([young.event, waiting.event]);
      const deliveries = await store.listDeliveries(workspace, {}, ALL);
      expect(deliveries.map(({ key }) => key)).toEqual([young.delivery, waiting.delivery]);
      expect(
        await store.listAttempts(
          workspace,
          old.map(({ delivery }) => delivery),
          { full: false },
        ),
      ).toEqual([]);
      const gone = async (since: number, until: number) => {
        const filter = { since, until, states: ['delivered'] as const };
        const asked = { workspace, endpoint: endpoint.key, filter, createdAt: T0 + 9 * DAY };
        return (await store.countOriginals(asked)).gone;
      };
      expect(await gone(T0, T0 + 9 * DAY)).toBe(3);
      expect(await gone(T0, T0 + HOUR)).toBe(2);
      expect(await gone(T0 + 2 * HOUR, T0 + 3 * HOUR)).toBe(1);
      expect(await gone(T0 + DAY, T0 + 2 * DAY)).toBe(0);
    });

    test('another workspace is not touched, and a span is looked at no further than its limit', async () => {
      const { store } = opened();
      const one = await seed(store);
      const other = await seed(store);
      const mine = await publishAt(store, one.endpoint, T0);
      const theirs = await publishAt(store, other.endpoint, T0);
      for (let n = 1; n < 4; n += 1) await publishAt(store, one.endpoint, T0 + n, { open: true });
      const span = spanBefore(T0 + DAY, { limit: 2 });
      expect(await store.purgeBodies(one.workspace, span)).toMatchObject({ deleted: 1 });
      expect((await store.purgeBodies(one.workspace, span)).last).not.toBeNull();
      expect((await store.findEvent(one.workspace, mine.id))?.body).toBeNull();
      expect((await store.findEvent(other.workspace, theirs.id))?.body).not.toBeNull();
    });

    test('P2: resending and purging at once never leave an open delivery without its body', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const other = await opened().another();
      const made = [];
      for (let n = 0; n < 30; n += 1) made.push(await publishAt(store, endpoint, T0 + n));
      const answers = await Promise.all(
        made.flatMap(({ delivery, event }) => [
          other.replayDelivery(workspace, delivery, { key: aKey(), now: T0 + DAY, by: 'me' }),
          event % 2 === 0
            ? store.purgeBodies(workspace, { after: event - 1, before: event + 1, limit: 10 })
            : store.purgeEvents(workspace, { after: event - 1, before: event + 1, limit: 10 }),
        ]),
      );
      const resent = answers.filter((answer) => 'kind' in answer && answer.kind === 'changed');
      const open = await openItems(store, endpoint);
      expect(open).toHaveLength(resent.length);
      expect(await store.listDeliveries(workspace, { state: 'pending' }, ALL)).toHaveLength(resent.length);
    });

    test('what is old of notices and counts is swept', async () => {
      const { store, insertNotices } = opened();
      const { workspace, endpoint } = await seed(store);
      const details = { name: 'A', url: 'u', held: 1, oldest_at: T0, expires_at: T0 };
      const notice = {
        workspace,
        kind: 'held.expiring' as const,
        endpoint: endpoint.key,
        delivery: null,
        details,
      };
      await insertNotices([
        { ...notice, at: T0 },
        { ...notice, at: T0 + 50 * DAY },
      ]);
      await publishAt(store, endpoint, T0);
      await store.purgeEvents(workspace, spanBefore(T0 + DAY));
      expect(await store.sweepOld(T0 + 60 * DAY, 100)).toBe(0);
      expect(await store.sweepOld(T0 + 100 * DAY, 100)).toBe(1);
      expect((await store.listNotices(workspace, ALL)).map(({ at }) => at)).toEqual([T0 + 50 * DAY]);
      expect(await store.sweepOld(T0 + 500 * DAY, 100)).toBe(2);
    });
  });

  describe('what is held', () => {
    const opened = useStore(open);

    const seedHeld = async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const first = await publishAt(store, endpoint, T0, { open: true });
      const at = T0 + DAY;
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at, by: 'me' });
      const second = await publishAt(store, endpoint, T0 + 2 * DAY, { open: true });
      const third = await publishAt(store, endpoint, T0 + 5 * DAY, { open: true });
      return { store, workspace, endpoint, keys: [first, second, third].map(({ delivery }) => delivery) };
    };

    test('P9, D15: it expires when both it and the disablement are old enough, oldest first', async () => {
      const { store, workspace, endpoint, keys } = await seedHeld();
      const lane = endpoint.lanes[0] ?? 0;
      const expire = (at: number, limit = 100) => store.expireHeld(workspace, at, 7, limit);
      expect(await expire(T0 + 7 * DAY)).toEqual({ skipped: 0, lanes: [] });
      expect(await expire(T0 + 8 * DAY)).toEqual({ skipped: 1, lanes: [lane] });
      expect(await store.findDelivery(workspace, keys[0] ?? 0)).toMatchObject({
        state: 'skipped',
        reason: 'held_expired: held for 7 days',
        endedAt: T0 + 8 * DAY,
      });
      expect(await expire(T0 + 30 * DAY, 1)).toEqual({ skipped: 1, lanes: [lane] });
      expect((await openItems(store, endpoint)).map(({ key }) => key)).toEqual([keys[2]]);
      await store.enableEndpoint(workspace, endpoint.key, 'send', 'me', T0 + 31 * DAY);
      expect(await expire(T0 + 32 * DAY)).toEqual({ skipped: 0, lanes: [] });
      expect(await openItems(store, endpoint)).toHaveLength(1);
    });

    test('people are told once, a day before the oldest expires', async () => {
      const { store, workspace, endpoint } = await seedHeld();
      const told = async () =>
        (await store.listNotices(workspace, ALL)).filter(({ kind }) => kind === 'held.expiring');
      expect(await store.warnOfExpiry(workspace, T0 + 7 * DAY - 1, 7)).toBe(0);
      expect(await store.warnOfExpiry(workspace, T0 + 7 * DAY, 7)).toBe(1);
      expect(await store.warnOfExpiry(workspace, T0 + 7 * DAY + 1, 7)).toBe(0);
      const [notice, ...more] = await told();
      expect(more).toEqual([]);
      expect(notice).toMatchObject({
        endpoint: endpoint.key,
        at: T0 + 7 * DAY,
        details: {
          name: endpoint.name,
          url: endpoint.url,
          held: 3,
          oldest_at: T0,
          expires_at: T0 + 8 * DAY,
        },
      });
      await store.enableEndpoint(workspace, endpoint.key, 'send', 'me', T0 + 8 * DAY);
      const disabled = { reason: 'manual' as const, at: T0 + 9 * DAY, by: 'me' };
      await store.disableEndpoint(workspace, endpoint.key, disabled);
      expect(await store.warnOfExpiry(workspace, T0 + 14 * DAY, 7)).toBe(0);
      expect(await store.warnOfExpiry(workspace, T0 + 15 * DAY, 7)).toBe(1);
      expect(await told()).toHaveLength(2);
    });

    test('an endpoint that holds nothing, or is deleted, expires nothing and tells nothing', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 2 });
      const [empty, gone] = endpoints as [NewEndpoint, NewEndpoint];
      await publishAt(store, gone, T0, { open: true });
      for (const { key } of [empty, gone]) {
        await store.disableEndpoint(workspace, key, { reason: 'manual', at: T0, by: 'me' });
      }
      await store.deleteEndpoint(workspace, gone.key, T0, 'me');
      expect(await store.warnOfExpiry(workspace, T0 + 30 * DAY, 7)).toBe(0);
      expect(await store.expireHeld(workspace, T0 + 30 * DAY, 7, 10)).toEqual({ skipped: 0, lanes: [] });
    });
  });
}
