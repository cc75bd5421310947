/** What is read and written so that events are found by text. */

import type { StoredEvent } from './log.ts';

/** Events that are committed and not yet found by text. */
export interface Unindexed {
  /** Rows of the queue of which all events are here. */
  done: readonly number[];
  /** A row of which some are not: what was in it, and what is to stay. */
  left: { key: number; before: string; events: string } | null;
  /** Without those whose body is gone: they are found by nothing. */
  events: ReadonlyArray<{ key: number; type: string; body: string }>;
}

export interface IndexBatch extends Pick<Unindexed, 'done' | 'left'> {
  /** Keys of what each event is found by (core/search/terms.ts). */
  docs: ReadonlyArray<{ event: number; terms: readonly number[] }>;
}

/** Some of a list. `next`: what is older than this key has not been looked at; null at the list's end. */
export interface FoundEvents {
  rows: StoredEvent[];
  next: number | null;
}
