/** Finding events by text, and the index that it takes. */

import type { EventFilter, Page } from '../records/log.ts';
import type { FoundEvents, IndexBatch, Unindexed } from '../records/search.ts';

export interface SearchStore {
  /** Events that have all of these terms, newest first, in bounded time: as far as it has looked. */
  findEvents(
    workspace: number,
    words: readonly number[],
    filter: EventFilter,
    page: Page,
  ): Promise<FoundEvents>;
  /** The key of the first event that is not found by text yet; null where all are. */
  firstUnindexed(workspace: number): Promise<number | null>;
}

/** What the engine does after the commit, so that publishing does not wait for it. */
export interface SearchWorkStore {
  /** Workspaces with events that are still to be indexed. */
  workspacesToIndex(): Promise<number[]>;
  /** The oldest of those, no more than so many events and, beside the first, bytes of bodies. */
  readUnindexed(workspace: number, limits: { events: number; bytes: number }): Promise<Unindexed>;
  /** Of what was taken out since the batch was read, or has lost its body, nothing is put in. */
  indexEvents(workspace: number, batch: IndexBatch): Promise<void>;
  /** Puts events before that key into blocks, by which many are found fast; whether there may be more of them. */
  sealBlocks(workspace: number, before: number): Promise<boolean>;
}

export interface UnindexStore {
  /**
   * Takes these events out of the index for good: whoever has read them before puts nothing in again. How many were
   * in it.
   */
  unindexEvents(workspace: number, events: readonly number[]): Promise<number>;
}
