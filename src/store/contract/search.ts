/** The contract's part on finding events by text, and on the index that it takes. */

import { describe, expect, test } from 'vitest';
import {
  aDelivery,
  aKey,
  anAttempt,
  anEvent,
  aResult,
  DROPPED,
  indexAll,
  type OpenStore,
  openItems,
  publishAccepted,
  seed,
  useStore,
} from './builders.ts';

const EVERY = Number.MAX_SAFE_INTEGER;
const FIRST_PAGE = { limit: 10, before: null };
/** In every event; in every third; in one alone; in none. */
const ALL = 100;
const THIRD = 300;
const ONE = 1_000;
const NOWHERE = 7;

export function searchContract(open: OpenStore): void {
  describe('finding events by text', () => {
    const opened = useStore(open);

    /** Events of one call, each with terms by its place; indexed, and those that suffice put into blocks. */
    const write = async (count: number, sealed = true) => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store);
      const events = Array.from({ length: count }, (_, index) =>
        anEvent([], {
          type: index % 2 === 0 ? 'a' : 'b',
          subject: `s${index % 5}`,
          deliveries: endpoints.map((endpoint) => aDelivery(endpoint)),
        }),
      );
      await publishAccepted(store, workspace, events);
      const place = new Map(events.map(({ key }, index) => [key, index]));
      const termsOf = ({ key }: { key: number }): number[] => {
        const index = place.get(key) ?? 0;
        return [ALL, ...(index % 3 === 0 ? [THIRD] : []), ONE + index];
      };
      await indexAll(store, workspace, termsOf);
      while (sealed && (await store.sealBlocks(workspace, EVERY)));
      return { store, workspace, endpoints, events, termsOf };
    };

    const pagesOf = async (
      { store, workspace }: Pick<Awaited<ReturnType<typeof write>>, 'store' | 'workspace'>,
      words: readonly number[],
      filter = {},
    ): Promise<number[]> => {
      const keys: number[] = [];
      let before: number | null = null;
      do {
        const page = await store.findEvents(workspace, words, filter, { limit: 7, before });
        expect(page.rows.length).toBeLessThanOrEqual(7);
        keys.push(...page.rows.map(({ key }) => key));
        before = page.next;
      } while (before !== null);
      return keys;
    };
    const newestFirst = (keys: readonly number[]) => [...keys].sort((one, other) => other - one);

    test('P5: what is recorded right after events were put into blocks is recorded', async () => {
      const { store, workspace, endpoints } = await write(64);
      const [endpoint] = endpoints;
      if (endpoint === undefined) throw new Error('There is no endpoint.');
      const [item] = await openItems(store, endpoint);
      const result = aResult(endpoint, 1, item ?? { key: 0 }, { next: DROPPED });
      expect(await store.record('node-a', workspace, [result])).toMatchObject({ verdicts: ['recorded'] });
    });

    test.each([10, 200])(
      'of %i events, each is found by each of its terms, newest first, page by page',
      async (count) => {
        const written = await write(count);
        const { events } = written;
        const keys = newestFirst(events.map(({ key }) => key));
        expect(await pagesOf(written, [ALL])).toEqual(keys);
        expect(await pagesOf(written, [THIRD, ALL])).toEqual(
          newestFirst(events.flatMap(({ key }, index) => (index % 3 === 0 ? [key] : []))),
        );
        for (const [index, { key }] of events.entries()) {
          expect(await pagesOf(written, [ONE + index])).toEqual([key]);
        }
        expect(await pagesOf(written, [NOWHERE])).toEqual([]);
        // Both stand in one block, and in no event.
        expect(await pagesOf(written, [ONE, ONE + 1])).toEqual([]);
      },
    );

    test('type, subject and time narrow down what is found', async () => {
      const written = await write(150);
      const { events } = written;
      const wanted = (is: (index: number) => boolean) =>
        newestFirst(events.flatMap(({ key }, index) => (is(index) ? [key] : [])));
      expect(await pagesOf(written, [ALL], { type: 'a' })).toEqual(wanted((index) => index % 2 === 0));
      expect(await pagesOf(written, [THIRD], { subject: 's2' })).toEqual(
        wanted((index) => index % 3 === 0 && index % 5 === 2),
      );
      const future = 4_000_000_000_000;
      expect(await pagesOf(written, [ALL], { since: future })).toEqual([]);
      expect(await pagesOf(written, [ALL], { until: future })).toHaveLength(150);
    });

    test('nothing of another workspace is found', async () => {
      const written = await write(70);
      const { workspace } = await seed(written.store);
      expect(await pagesOf({ store: written.store, workspace }, [ALL])).toEqual([]);
    });

    test('an event that is committed behind others with higher keys is found, before and after those are in blocks', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const early = [anEvent([], { key: aKey() }), anEvent([], { key: aKey() })];
      for (let round = 0; round < 2; round += 1) {
        const later = Array.from({ length: 80 }, () => anEvent([]));
        await publishAccepted(store, workspace, later);
        await indexAll(store, workspace, () => [ALL]);
        while (round === 1 && (await store.sealBlocks(workspace, EVERY)));
        const late = early[round];
        if (late === undefined) throw new Error('There are two.');
        await publishAccepted(store, workspace, [late]);
        expect(await store.firstUnindexed(workspace)).toBe(late.key);
        await indexAll(store, workspace, () => [ALL, ONE]);
        expect(await store.firstUnindexed(workspace)).toBeNull();
        expect(await pagesOf({ store, workspace }, [ONE])).toContain(late.key);
      }
      const all = await pagesOf({ store, workspace }, [ALL]);
      expect(all).toHaveLength(162);
      expect(all).toEqual(newestFirst(all));
    });

    test('what is still to be indexed is told, and read in parts that are no larger than asked for', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      expect(await store.workspacesToIndex()).not.toContain(workspace);
      const events = Array.from({ length: 5 }, () => anEvent([], { body: `{"a":"${'x'.repeat(90)}"}` }));
      await publishAccepted(store, workspace, events);
      await publishAccepted(store, workspace, [anEvent([])]);
      expect(await store.workspacesToIndex()).toContain(workspace);
      const part = await store.readUnindexed(workspace, { events: 3, bytes: 1_000 });
      expect(part.events.map(({ key }) => key).sort()).toEqual(
        events
          .slice(0, 3)
          .map(({ key }) => key)
          .sort(),
      );
      expect(part.done).toEqual([]);
      const { events: read, ...rest } = part;
      const docs = read.map(({ key }) => ({ event: key, terms: [ALL] }));
      await store.indexEvents(workspace, { ...rest, docs });
      const small = await store.readUnindexed(workspace, { events: 3, bytes: 1 });
      expect(small.events.map(({ key }) => key)).toEqual([events[3]?.key]);
      await indexAll(store, workspace, () => [ALL]);
      expect(await pagesOf({ store, workspace }, [ALL])).toHaveLength(6);
    });

    test('what is published as not searchable is not queued, nor is a repeat', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      await publishAccepted(store, workspace, [anEvent([])], { searchable: false });
      expect(await store.firstUnindexed(workspace)).toBeNull();
      const event = anEvent([]);
      await publishAccepted(store, workspace, [event]);
      await indexAll(store, workspace, () => [ALL]);
      await publishAccepted(store, workspace, [{ ...event, key: aKey() }]);
      expect(await store.firstUnindexed(workspace)).toBeNull();
    });

    test('what is taken out is found no more, nor is it put in again as it was read before', async () => {
      const written = await write(130);
      const { store, workspace, events } = written;
      const [first, second] = events;
      if (first === undefined || second === undefined) throw new Error('There are 130.');
      expect(await store.unindexEvents(workspace, [first.key])).toBe(1);
      expect(await pagesOf(written, [ONE])).toEqual([]);
      expect(await pagesOf(written, [ALL])).toHaveLength(129);

      const fresh = anEvent([]);
      await publishAccepted(store, workspace, [fresh]);
      const { events: _read, ...read } = await store.readUnindexed(workspace, { events: 9, bytes: 99 });
      expect(await store.unindexEvents(workspace, [fresh.key])).toBe(0);
      const docs = [{ event: fresh.key, terms: [NOWHERE] }];
      await store.indexEvents(workspace, { ...read, docs });
      expect(await pagesOf(written, [NOWHERE])).toEqual([]);
      expect(await store.firstUnindexed(workspace)).toBeNull();
    });

    test('retention takes events out of the index with their bodies, and then the blocks that are left empty', async () => {
      const written = await write(130);
      const { store, workspace, endpoints, events } = written;
      const [endpoint] = endpoints;
      if (endpoint === undefined) throw new Error('No endpoint.');
      const kept = (await openItems(store, endpoint)).at(-1);
      for (const item of await openItems(store, endpoint)) {
        if (item.key !== kept?.key) await store.skipDelivery(workspace, item.key, 'me', 1);
      }
      const span = { after: 0, before: EVERY, limit: 500 };
      await store.purgeBodies(workspace, span);
      expect(await pagesOf(written, [ALL])).toEqual([events.at(-1)?.key]);
      expect(await store.purgeBlocks(workspace, span)).toMatchObject({ deleted: 2, kept: null });
      expect(await pagesOf(written, [ALL])).toEqual([events.at(-1)?.key]);
    });

    test('deliveries are listed by what their event is found by, with the other filters, few or many', async () => {
      const written = await write(130);
      const { store, workspace, endpoints, events } = written;
      const [endpoint] = endpoints;
      if (endpoint === undefined) throw new Error('No endpoint.');
      const [item] = await openItems(store, endpoint);
      if (item === undefined) throw new Error('No delivery.');
      const attempt = anAttempt({ outcome: 'http', status: 503 });
      await store.record('node-a', workspace, [aResult(endpoint, 1, item, { attempt, next: DROPPED })]);
      const list = async (filter: Parameters<typeof store.listDeliveries>[1]) =>
        (await store.listDeliveries(workspace, filter, { limit: 500, before: null })).map(
          ({ event }) => event,
        );
      expect(await list({ words: [ONE + 4] })).toEqual([events[4]?.key]);
      expect(await list({ words: [ALL] })).toHaveLength(130);
      expect(await list({ words: [NOWHERE] })).toEqual([]);
      expect(await list({ words: [ALL, THIRD], type: 'b' })).toHaveLength(22);
      expect(await list({ words: [ONE], state: 'dropped' })).toEqual([item.event]);
      expect(await list({ words: [ONE + 1], state: 'dropped' })).toEqual([]);
      expect(await list({ words: [ONE + 1], subject: 's1' })).toEqual([events[1]?.key]);
      expect(await list({ words: [ONE + 1], subject: 's2' })).toEqual([]);
      expect(await list({ status: { from: 500, through: 599 } })).toEqual([item.event]);
      expect(await list({ status: { from: 400, through: 499 } })).toEqual([]);
      expect(await list({ outcome: 'http', words: [ALL] })).toEqual([item.event]);
      expect(await list({ outcome: 'timeout' })).toEqual([]);
      expect(await list({ source: { kind: 'subscription', id: endpoint.key }, state: 'dropped' })).toEqual([
        item.event,
      ]);
      expect(await list({ source: { kind: 'replay', id: null } })).toEqual([]);
      expect(await list({ source: { kind: 'test', id: null } })).toEqual([]);
    });

    test('a page of what a thousand events have says where to go on', async () => {
      const written = await write(1_000);
      const first = await written.store.findEvents(written.workspace, [ALL], {}, FIRST_PAGE);
      expect(first.rows).toHaveLength(10);
      expect(first.next).toBe(first.rows.at(-1)?.key);
      expect(await pagesOf(written, [ALL])).toHaveLength(1_000);
    });
  });
}
