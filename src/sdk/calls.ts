/** What calls take and answer, whichever they are. */

import type { EventData } from './generated/events.ts';
import type { NewEvent } from './generated/schemas.ts';

export interface CallOptions {
  /** Ends the call, and the waiting between its tries. */
  signal?: AbortSignal;
  /** With the same key and body, a repeat is answered as the first time. Made for each call that takes one, where none is given. */
  idempotencyKey?: string;
  /** For keys of the installation: which workspace is meant (`ws_…`). */
  workspace?: string;
  /** Ms for all tries together; the client's where it is absent. */
  deadlineMs?: number;
}

/** An event whose data is as its type has it; of types that are not Mirsal's own, any object. */
export type NewEventOf<Type extends string> = Omit<NewEvent, 'type' | 'data'> & {
  type: Type;
  data: Type extends keyof EventData ? EventData[Type] : Record<string, unknown>;
};

/**
 * A list: awaited, it is its first page; iterated, all that it holds, page after page.
 *
 *   const { data, next_cursor } = await mirsal.events.list({ limit: 10 });
 *   for await (const event of mirsal.events.list({ type })) …
 */
export interface Pages<Page extends { data: unknown[] }>
  extends PromiseLike<Page>,
    AsyncIterable<Page['data'][number]> {
  /** Page by page. */
  pages(): AsyncIterableIterator<Page>;
}
