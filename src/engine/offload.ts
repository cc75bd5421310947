/**
 * What may take long is done in a thread of its own, so that nobody else waits for it: events that are large, and those
 * whose conditions, templates or schemas take more work than is done at once. The engine tries on the loop first, with
 * little work allowed (LIGHT_LIMITS), and asks here where that does not suffice.
 */

import type { Slots } from '../core/ids.ts';
import type { RunAdvance } from '../store/records/automation.ts';
import type { NewEvent } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';
import type { IndexBatch, Unindexed } from '../store/records/search.ts';
import { Overloaded, type PostedText, type PublishEvent } from './engine.ts';
import type { PublishFacts } from './prepare.ts';
import type { Waking } from './waking.ts';

export interface Offload {
  /**
   * What is to be stored of the events. Rejects with what reading them throws, or with Overloaded where too much waits
   * for the thread already, or the thread has ended.
   */
  prepare(
    routing: Routing,
    source: PostedText | readonly PublishEvent[],
    facts: PublishFacts,
    keys: SpareKeys,
  ): Promise<NewEvent[]>;
  /** A waiting run's next stretch. Rejects with Overloaded likewise. */
  wake(routing: Routing, waking: Waking, keys: SpareKeys): Promise<RunAdvance>;
  /** What events of the workspace are found by. Rejects with Overloaded likewise. */
  terms(routing: Routing, events: Unindexed['events']): Promise<IndexBatch['docs']>;
}

/** Rejects with Overloaded where the node has registered anew meanwhile: another may make keys in those slots by now. */
export async function inSpareKeys<Made>(
  spareKeys: () => SpareKeys,
  make: (keys: SpareKeys) => Promise<Made>,
): Promise<Made> {
  const keys = spareKeys();
  const made = await make(keys);
  if (spareKeys() !== keys) throw new Overloaded('This node has just found its place among the others anew.');
  return made;
}

/** The keys that the thread may make: in slots of its own, larger than `floor`. */
export interface SpareKeys {
  slots: Slots;
  floor: number;
}
