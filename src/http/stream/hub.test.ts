/** The hub by itself, on a real store and a clock that is moved: what it asks, whom it cuts off, and what it finds without a signal. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMovableClock, passUntil } from '../../../test/support/clock.ts';
import * as support from '../../../test/support/engine.ts';
import { SECOND } from '../../core/duration.ts';
import type { Store } from '../../store/store.ts';
import { createHub, type Hub, STREAM_LIMITS, type Watcher } from './hub.ts';

const clock = createMovableClock();
let store: Store;
let dispose: () => Promise<void>;
let hub: Hub;
/** Workspaces of each question to the store. */
let asked: number[][];

beforeEach(async () => {
  const opened = await support.aSqliteStore(clock);
  ({ store, dispose } = opened);
  asked = [];
  hub = createHub({
    store: {
      ...store,
      readMarks(workspaces, anchor) {
        asked.push([...workspaces]);
        return store.readMarks(workspaces, anchor);
      },
    },
    clock,
    onError(error) {
      throw error;
    },
  });
});
afterEach(async () => {
  hub.close();
  await dispose();
});

interface Reader extends Watcher {
  text: string;
  state: 'open' | 'ended' | 'cut';
  takes: boolean;
}

function aReader(by = 'key:1'): Reader {
  const reader: Reader = {
    workspace: support.WORKSPACE,
    by,
    kinds: null,
    text: '',
    state: 'open',
    takes: true,
    sink: {
      write: (text) => {
        reader.text += text;
      },
      unread: () => (reader.takes ? 0 : reader.text.length),
      end: () => {
        reader.state = 'ended';
      },
      cut: () => {
        reader.state = 'cut';
      },
    },
    isAllowed: async () => true,
  };
  return reader;
}

async function watching(...readers: Reader[]): Promise<void> {
  for (const reader of readers) hub.watch(reader, null);
  await passUntil(clock, () => readers.every(({ text }) => text.includes('event: ready')));
}

async function change(): Promise<void> {
  await store.updateWorkspace(support.WORKSPACE, { name: 'Other' }, clock.now(), 'me');
}

test('what no signal told of is found all the same', async () => {
  const reader = aReader();
  await watching(reader);
  await change();
  await passUntil(clock, () => reader.text.includes('event: changed'));
});

test('who may watch no longer is found without a change that tells of it, and the others go on', async () => {
  const [reader, other] = [aReader(), aReader()];
  await watching(reader, other);
  reader.isAllowed = async () => false;
  while (reader.state !== 'ended') {
    clock.move(SECOND);
    await store.ping();
  }
  await change();
  await passUntil(clock, () => other.text.includes('event: changed'));
  expect(reader.text).not.toContain('event: changed');
});

test('however many watch, the store is asked about each workspace once in twenty seconds, and about no other', async () => {
  const readers = Array.from({ length: 40 }, () => aReader());
  await watching(...readers);
  asked = [];
  for (let seconds = 0; seconds < 60; seconds += 1) {
    clock.move(SECOND);
    await new Promise((resolve) => setImmediate(resolve));
    await store.ping();
  }
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length).toBeLessThanOrEqual(4);
  expect(new Set(asked.flat())).toEqual(new Set([support.WORKSPACE]));
  expect(readers.every(({ text }) => text.endsWith(':\n\n'))).toBe(true);
  for (const reader of readers) hub.leave(reader);
  asked = [];
  clock.move(60 * SECOND);
  expect(asked).toEqual([]);
});

test('a reader that takes nothing is cut off, and the others are told as before', async () => {
  const slow = aReader();
  const quick = aReader();
  await watching(slow, quick);
  slow.takes = false;
  slow.text += ' '.repeat(STREAM_LIMITS.unread.value);
  const size = slow.text.length;
  await change();
  await passUntil(clock, () => quick.text.includes('event: changed'));
  expect(slow.state).toBe('cut');
  expect(slow.text).toHaveLength(size);
  expect(quick.state).toBe('open');
  expect(hub.refuses(slow)).toBeNull();
});

test('a key has so many streams and no more, and a place is free again when one leaves', async () => {
  const readers = Array.from({ length: STREAM_LIMITS.key.value }, () => aReader());
  for (const reader of readers) hub.watch(reader, null);
  expect(hub.refuses(aReader())).toBe('key');
  expect(hub.refuses(aReader('key:2'))).toBeNull();
  for (const reader of readers.slice(0, 1)) hub.leave(reader);
  expect(hub.refuses(aReader())).toBeNull();
  hub.close();
  expect(readers.at(-1)?.state).toBe('ended');
  expect(hub.refuses(aReader())).toBe('closed');
});
