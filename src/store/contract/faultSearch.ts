/** The verbs of finding events by text, for faults.ts; see faultCases.ts. */

import { expect } from 'vitest';
import { anEvent, indexAll, publishAccepted } from './builders.ts';
import { aCase, SAME, type Scene } from './faultScenes.ts';

/** Verbs that only read: of lists, of what is watched, and of the index. */
export type SearchReading = 'findEvents' | 'firstUnindexed' | 'workspacesToIndex' | 'readUnindexed';

const LIMITS = { events: 100, bytes: 1_000 };
const EVERY = Number.MAX_SAFE_INTEGER;

/** As many events as make a block, indexed. */
async function aBlock({ store, workspace }: Scene): Promise<number[]> {
  const events = Array.from({ length: 64 }, () => anEvent([]));
  await publishAccepted(store, workspace, events);
  await indexAll(store, workspace, () => [1]);
  return events.map(({ key }) => key);
}

export const SEARCH_CASES = {
  indexEvents: aCase(async ({ store, workspace }) => {
    const event = anEvent([]);
    await publishAccepted(store, workspace, [event]);
    const { events: _events, ...read } = await store.readUnindexed(workspace, LIMITS);
    const call = () => store.indexEvents(workspace, { ...read, docs: [{ event: event.key, terms: [1, 2] }] });
    return { call, first: undefined, again: SAME };
  }),
  sealBlocks: aCase(async (scene) => {
    await aBlock(scene);
    return { call: () => scene.store.sealBlocks(scene.workspace, EVERY), first: false, again: SAME };
  }),
  unindexEvents: aCase(async ({ store, workspace }) => {
    const event = anEvent([]);
    await publishAccepted(store, workspace, [event]);
    await indexAll(store, workspace, () => [1]);
    return { call: () => store.unindexEvents(workspace, [event.key]), first: 1, again: 0 };
  }),
  purgeBlocks: aCase(async (scene) => {
    const { store, workspace } = scene;
    const events = await aBlock(scene);
    await store.sealBlocks(workspace, EVERY);
    await store.unindexEvents(workspace, events);
    const call = () => store.purgeBlocks(workspace, { after: 0, before: EVERY, limit: 10 });
    const nothing = { deleted: 0, last: null, kept: null };
    return { call, first: expect.objectContaining({ deleted: 1 }), again: nothing };
  }),
};
