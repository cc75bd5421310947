/** The contract's part on publishing: durable, exact, idempotent, and numbered without gaps. */

import { describe, expect, test } from 'vitest';
import { IDEMPOTENCY_KEPT_MS, type NewEvent } from '../records/publishing.ts';
import {
  ALL,
  aDelivery,
  aKey,
  anEndpoint,
  anEvent,
  aWorkspace,
  laneOf,
  type OpenStore,
  openItems,
  publish,
  publishAccepted,
  seed,
  T0,
  useStore,
  versionOf,
} from './builders.ts';

/** JSON that a careless store would change. */
const JSON_TEXTS = [
  '{"n":9007199254740993,"m":-0,"huge":1e400,"small":1E-7}',
  '{"lone":"\\ud800","nul":"a\\u0000b","pair":"\\ud83d\\ude00"}',
  '{"__proto__":{"x":1},"constructor":null}',
  '{ "spaces" : [ ] , "dup":1,"dup":2}',
  '{"emoji":"😀","arabic":"مرحبًا","bom":"\ufeff","line":"\u2028"}',
];

export function publishingContract(open: OpenStore): void {
  describe('publishing', () => {
    const opened = useStore(open);
    const noDeliveries = (event: NewEvent): NewEvent => ({ ...event, deliveries: [] });

    test('P1: what is accepted is there after the store was closed and opened again', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([endpoint], { subject: '42', account: '{"email":"a@b"}', verdicts: '[1]' });
      const answer = await publish(store, workspace, [event]);
      expect(answer).toEqual({
        kind: 'accepted',
        accepted: [{ id: event.id, deliveries: 1, runs: 0 }],
        repeated: [false],
        braked: [],
        lanes: [
          {
            lane: endpoint.lanes[0],
            endpoint: endpoint.key,
            revision: 0,
            firstSequence: 1,
            doneSequence: 0,
          },
        ],
      });
      const again = await opened().reopen();
      expect(await again.findEvent(workspace, event.id)).toEqual({
        key: event.key,
        id: event.id,
        erasedAt: null,
        type: event.type,
        subject: '42',
        createdAt: T0,
        acceptedAt: T0,
        test: false,
        deliveries: 1,
        body: event.body,
        account: '{"email":"a@b"}',
        verdicts: '[1]',
        warnings: null,
      });
      const [delivery] = await again.listDeliveries(workspace, {}, ALL);
      expect(delivery).toMatchObject({ state: 'pending', sequence: 1, eventId: event.id, attempts: 0 });
    });

    test.each(JSON_TEXTS)('JSON is kept to the byte: %s', async (body) => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([endpoint], { body, account: body, warnings: body });
      await publishAccepted(store, workspace, [event]);
      expect(await store.findEvent(workspace, event.id)).toMatchObject({
        body,
        account: body,
        warnings: body,
      });
      expect((await openItems(store, endpoint))[0]?.text).toBe(body);
    });

    test('a subject may hold any characters', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const subjects = ['"quoted" \\ {braces},', 'NULL', '', 'عربي 😀'];
      for (const subject of subjects) {
        await publishAccepted(store, workspace, [anEvent([], { subject })]);
        expect(await store.listEvents(workspace, { subject }, ALL)).toMatchObject([{ subject }]);
      }
      const hostile = anEvent([], { subject: 'a\0b\ud800' });
      await publishAccepted(store, workspace, [hostile]);
      expect(await store.findEvent(workspace, hostile.id)).not.toBeNull();
      expect(await store.listEvents(workspace, { subject: 'a\0b\ud800' }, ALL)).toHaveLength(1);
      const idempotency = { key: '\0 \udc00', hash: 'h' };
      await publishAccepted(store, workspace, [anEvent([])], { idempotency });
      const again = await publishAccepted(store, workspace, [anEvent([])], { idempotency });
      expect(again.repeated).toEqual([true]);
    });

    test('P2: an event that nothing wanted is stored and says so', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const event = anEvent([]);
      expect(await publishAccepted(store, workspace, [event])).toMatchObject({ lanes: [] });
      expect((await store.findEvent(workspace, event.id))?.deliveries).toBe(0);
    });

    test('P3: sequences follow the order of the call, without a gap, in every lane', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 3 });
      const [first, second, third] = endpoints as [
        (typeof endpoints)[0],
        (typeof endpoints)[0],
        (typeof endpoints)[0],
      ];
      await publishAccepted(store, workspace, [anEvent([first]), anEvent([first, second])]);
      const call = [anEvent([third, first]), anEvent([second]), anEvent([first, second, third])];
      const { lanes } = await publishAccepted(store, workspace, call);
      expect(lanes.map(({ lane, firstSequence }) => [lane, firstSequence])).toEqual([
        [third.lanes[0], 1],
        [first.lanes[0], 3],
        [second.lanes[0], 2],
      ]);
      const events = (await openItems(store, first)).map(({ sequence, event }) => [sequence, event]);
      expect(events.slice(2)).toEqual([
        [3, call[0]?.key],
        [4, call[2]?.key],
      ]);
      expect((await openItems(store, third)).map(({ sequence }) => sequence)).toEqual([1, 2]);
    });

    test('an event may go to one lane twice', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const deliveries = [
        aDelivery(endpoint),
        aDelivery(endpoint, { source: { kind: 'rule', id: 7 } }),
        aDelivery(endpoint, { source: { kind: 'test', id: null } }),
      ];
      await publishAccepted(store, workspace, [anEvent([], { deliveries })]);
      expect((await openItems(store, endpoint)).map(({ key, source }) => [key, source])).toEqual(
        deliveries.map(({ key, source }) => [key, source]),
      );
    });

    test('a call matched with an older routing version is stale and writes nothing', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const version = await versionOf(store, workspace);
      await store.updateEndpoint(workspace, endpoint.key, { name: 'x' }, T0, 'me');
      const event = anEvent([endpoint]);
      const idempotency = { key: 'k', hash: 'h' };
      expect(await publish(store, workspace, [event], { routingVersion: version, idempotency })).toEqual({
        kind: 'stale',
        routingVersion: version + 1,
      });
      expect(await store.findEvent(workspace, event.id)).toBeNull();
      expect((await laneOf(store, endpoint)).lastSequence).toBe(0);
      expect(await publish(store, 404, [anEvent([])], { routingVersion: 1 })).toEqual({
        kind: 'stale',
        routingVersion: 0,
      });
      await publishAccepted(store, workspace, [event], { idempotency });
    });

    test('a lane that does not exist is a fault and writes nothing', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([], { deliveries: [aDelivery(endpoint), aDelivery(endpoint, { lane: 5 })] });
      await expect(publish(store, workspace, [event])).rejects.toThrow();
      expect(await store.findEvent(workspace, event.id)).toBeNull();
      expect((await laneOf(store, endpoint)).lastSequence).toBe(0);
    });

    test('a repeated id gets the first answer and makes no delivery', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([endpoint]);
      await publishAccepted(store, workspace, [event]);
      const repeat = { ...anEvent([], { id: event.id }), key: aKey() };
      const fresh = anEvent([endpoint]);
      const again = { ...noDeliveries(fresh), key: aKey() };
      const answer = await publishAccepted(store, workspace, [repeat, fresh, again]);
      expect(answer.accepted.map(({ id, deliveries }) => [id, deliveries])).toEqual([
        [event.id, 1],
        [fresh.id, 1],
        [fresh.id, 1],
      ]);
      expect(answer.repeated).toEqual([true, false, true]);
      expect(answer.lanes).toMatchObject([{ firstSequence: 2 }]);
      expect(await publishAccepted(store, workspace, [event])).toMatchObject({ repeated: [true], lanes: [] });
      expect(await openItems(store, endpoint)).toHaveLength(2);
    });

    test('an id used before for another event is a conflict; nothing of the call is written', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const event = anEvent([endpoint]);
      await publishAccepted(store, workspace, [event]);
      const other = { ...anEvent([endpoint], { id: event.id }), hash: 'another hash' };
      const innocent = anEvent([endpoint]);
      expect(await publish(store, workspace, [innocent, other])).toEqual({
        kind: 'conflict',
        what: 'event_id',
        id: event.id,
      });
      const twice = [innocent, { ...innocent, key: aKey(), hash: 'x', deliveries: [] }];
      expect(await publish(store, workspace, twice)).toMatchObject({ kind: 'conflict', id: innocent.id });
      expect(await store.findEvent(workspace, innocent.id)).toBeNull();
      expect((await laneOf(store, endpoint)).lastSequence).toBe(1);
    });

    test('ids belong to their workspace', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const other = aWorkspace();
      await store.createWorkspace(other);
      await publishAccepted(store, workspace, [anEvent([], { id: 'same' })]);
      const second = await publishAccepted(store, other.key, [anEvent([], { id: 'same', hash: 'else' })]);
      expect(second.repeated).toEqual([false]);
    });

    test('an idempotency key returns the first answer; with another request it is a conflict', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const idempotency = { key: 'k 1', hash: 'h' };
      const first = await publishAccepted(store, workspace, [anEvent([endpoint])], { idempotency });
      const second = await publishAccepted(store, workspace, [anEvent([endpoint])], { idempotency });
      expect(second).toEqual({ ...first, repeated: [true], lanes: [] });
      expect(
        await publish(store, workspace, [anEvent([endpoint])], { idempotency: { key: 'k 1', hash: 'h2' } }),
      ).toEqual({ kind: 'conflict', what: 'idempotency_key', id: 'k 1' });
      expect(await openItems(store, endpoint)).toHaveLength(1);
      await store.sweep(T0, T0 + 1, 10);
      const third = await publishAccepted(store, workspace, [anEvent([endpoint])], { idempotency });
      expect(third.repeated).toEqual([false]);
    });
  });

  describe('publishing at once', () => {
    const opened = useStore(open);

    test('P1, P3: twenty publishers of one id make one event and get one answer', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoint } = await seed(store);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          publishAccepted(index % 2 === 0 ? store : other, workspace, [
            { ...anEvent([endpoint], { id: 'the one' }), key: aKey() },
          ]),
        ),
      );
      expect(answers.filter(({ repeated }) => repeated[0] === false)).toHaveLength(1);
      for (const { accepted } of answers)
        expect(accepted).toEqual([{ id: 'the one', deliveries: 1, runs: 0 }]);
      expect(await store.listEvents(workspace, {}, ALL)).toHaveLength(1);
      expect(await openItems(store, endpoint)).toHaveLength(1);
    });

    test('an idempotency key is kept for a day to the millisecond, then unused, swept or not', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const idempotency = { key: 'k day', hash: 'h' };
      const at = (acceptedAt: number, hash = 'h') =>
        publishAccepted(store, workspace, [anEvent([endpoint])], {
          acceptedAt,
          idempotency: { ...idempotency, hash },
        });
      const first = await at(T0);
      expect(await at(T0 + IDEMPOTENCY_KEPT_MS - 1)).toMatchObject({
        accepted: first.accepted,
        repeated: [true],
      });
      // As new, even with another request; and then it is kept for a day again.
      const second = await at(T0 + IDEMPOTENCY_KEPT_MS, 'h2');
      expect(second.repeated).toEqual([false]);
      expect(await store.findEvent(workspace, second.accepted[0]?.id ?? '')).not.toBeNull();
      expect(await at(T0 + 2 * IDEMPOTENCY_KEPT_MS - 1, 'h2')).toMatchObject({
        accepted: second.accepted,
        repeated: [true],
      });
      expect(IDEMPOTENCY_KEPT_MS).toBe(86_400_000);
    });

    test('twenty publishers under one idempotency key make one event and get one answer', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoint } = await seed(store);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          publishAccepted(index % 2 === 0 ? store : other, workspace, [anEvent([endpoint])], {
            idempotency: { key: 'k', hash: 'h' },
          }),
        ),
      );
      expect(new Set(answers.map(({ accepted }) => JSON.stringify(accepted))).size).toBe(1);
      expect(await store.listEvents(workspace, {}, ALL)).toHaveLength(1);
    });

    test('P3: publishers into the same lanes, in any order, leave no gap and mix no call', async () => {
      const { store } = opened();
      const stores = [store, await opened().another()];
      const { workspace, endpoints } = await seed(store, { endpoints: 4 });
      const version = await versionOf(store, workspace);
      const calls = Array.from({ length: 60 }, (_, index) => {
        const chosen = endpoints.filter((_, place) => (index + place) % 3 !== 0);
        const some = index % 2 === 0 ? chosen : chosen.toReversed();
        // Ids in both directions: whoever inserts them must not wait in a circle.
        const ids = [`shared-${index % 5}`, `own-${index}`];
        const events = (index % 2 === 0 ? ids : ids.toReversed()).map((id) => anEvent(some, { id }));
        return { events, store: stores[index % 2] ?? store };
      });
      const answers = await Promise.all(
        calls.map((call) => publishAccepted(call.store, workspace, call.events, { routingVersion: version })),
      );
      expect(answers.flatMap(({ repeated }) => repeated).filter((repeated) => !repeated)).toHaveLength(65);
      for (const endpoint of endpoints) {
        const items = await openItems(store, endpoint);
        expect(items.map(({ sequence }) => sequence)).toEqual(items.map((_, index) => index + 1));
        const { lastSequence } = await laneOf(store, endpoint);
        expect(lastSequence).toBe(items.length);
      }
    });

    test('P2: an endpoint deleted or re-enabled amid publishing leaves nothing open behind', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace } = await seed(store);
      for (let round = 0; round < 5; round += 1) {
        const endpoint = anEndpoint({ workspace });
        await store.createEndpoint(endpoint, 'me');
        const version = await versionOf(store, workspace);
        const publishing = Array.from({ length: 20 }, (_, index) =>
          publish(index % 2 === 0 ? store : other, workspace, [anEvent([endpoint])], {
            routingVersion: version,
          }),
        );
        const deleted = await other.deleteEndpoint(workspace, endpoint.key, T0, 'me');
        const answers = await Promise.all(publishing);
        expect(deleted).toBe(true);
        const made = await store.listDeliveries(workspace, { endpoint: endpoint.key }, ALL);
        expect(made).toHaveLength(answers.filter(({ kind }) => kind === 'accepted').length);
        expect(made.filter(({ state }) => state !== 'skipped')).toEqual([]);
      }
    });

    test('a quota counts new events alone, each day anew, and refuses a call as a whole', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const some = (count: number) => Array.from({ length: count }, () => anEvent([endpoint]));
      const quota = (day: number) => ({ quota: { limit: 3, day } });
      const first = some(2);
      await publishAccepted(store, workspace, first, quota(1));
      await publishAccepted(store, workspace, first, quota(1));
      expect(await publish(store, workspace, some(2), quota(1))).toEqual({
        kind: 'over_quota',
        limit: 3,
        reached: 2,
      });
      expect(await openItems(store, endpoint)).toHaveLength(2);
      await publishAccepted(store, workspace, some(1), quota(1));
      await publishAccepted(store, workspace, some(3), quota(2));
      expect((await openItems(store, endpoint)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('calls at once never exceed the quota together', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoint } = await seed(store);
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          publish(index % 2 === 0 ? store : other, workspace, [anEvent([endpoint])], {
            quota: { limit: 7, day: 1 },
          }),
        ),
      );
      expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(7);
      expect(answers.filter(({ kind }) => kind === 'over_quota')).toHaveLength(5);
    });
  });
}
