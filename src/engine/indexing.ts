/**
 * Fills the index by which events are found, after they have been committed: of each workspace by the node that holds
 * its slice, some events at a time. Publishing goes first: after each batch the job rests, and the longer where calls
 * wait for the database.
 */

import { sliceOf } from '../core/delivery/slice.ts';
import { SECOND } from '../core/duration.ts';
import { firstKeyAt } from '../core/ids.ts';
import { LIGHT_LIMITS } from '../core/limits.ts';
import type { LifecycleStore } from '../store/ports/lifecycle.ts';
import type { SearchWorkStore } from '../store/ports/search.ts';
import type { IndexBatch, Unindexed } from '../store/records/search.ts';
import type { Clock } from '../world.ts';
import type { WorkspaceView } from './directory.ts';
import type { Job } from './jobs.ts';
import type { Offload } from './offload.ts';
import { termsOfEvents } from './searchTerms.ts';

/** A few milliseconds: 20 to 40 µs an event to find its terms, as much to write them. */
const BATCH = { events: 100, bytes: 64 * 1024 };
/** An event that is larger than this by itself is read in a thread of its own, as when it was published. */
const LIGHT_BYTES = LIGHT_LIMITS.text.value;
/** Rests after a batch, in times of what it took: half of the database's time is others', and 97 % while they wait. */
const REST = 1;
const REST_WHERE_BUSY = 30;
/** By then what has a lower key is committed, as a rule; what is not gets a block of its own. */
const SEAL_AFTER_MS = 2 * SECOND;

export interface IndexingDeps {
  store: SearchWorkStore & Pick<LifecycleStore, 'load'>;
  clock: Pick<Clock, 'now' | 'monotonic'>;
  view(workspace: number): Promise<WorkspaceView | null>;
  /** Null where all work is done on the loop. */
  offload: Offload | null;
  /** Whether this node holds the slice. */
  worksOn(slice: number): boolean;
}

export function createIndexing({ store, clock, view, offload, worksOn }: IndexingDeps): Job {
  const docsOf = async (workspace: number, events: Unindexed['events']): Promise<IndexBatch['docs']> => {
    const found = await view(workspace);
    const characters = events.reduce((sum, { body }) => sum + body.length, 0);
    if (found === null || offload === null || characters <= LIGHT_BYTES) {
      return termsOfEvents(workspace, found, events);
    }
    return offload.terms(found.routing, events);
  };

  /** True where there is more of the workspace's. */
  const indexSome = async (workspace: number): Promise<boolean> => {
    const { events, ...read } = await store.readUnindexed(workspace, BATCH);
    if (read.done.length === 0 && read.left === null) return false;
    await store.indexEvents(workspace, { ...read, docs: await docsOf(workspace, events) });
    await store.sealBlocks(workspace, firstKeyAt(clock.now() - SEAL_AFTER_MS));
    return true;
  };

  return {
    name: 'search',
    everyMs: null,
    async turn(turn) {
      const indexAndRest = async (workspace: number): Promise<boolean> => {
        const startedAt = clock.monotonic();
        const hasMore = await indexSome(workspace);
        const isBusy = store.load().some(({ waiting }) => waiting > 0);
        await turn.rest((clock.monotonic() - startedAt) * (isBusy ? REST_WHERE_BUSY : REST));
        return hasMore;
      };
      let hasMore = true;
      while (hasMore && !turn.stopped()) {
        const mine = (await store.workspacesToIndex()).filter((workspace) => worksOn(sliceOf(workspace)));
        hasMore = await turn.each(mine, indexAndRest);
      }
    },
  };
}
