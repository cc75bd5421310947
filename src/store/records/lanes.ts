/** Lanes and what is open in them, as who works them needs it. */

import type { DeliverySource } from './delivery.ts';

/** A lane as its row says, with the routing version that holds for what it sends next. */
export interface LaneState {
  lane: number;
  workspace: number;
  endpoint: number;
  slice: number;
  lastSequence: number;
  /** Every delivery up to this sequence has ended; later ones may have, too. */
  doneSequence: number;
  /** Moved by every change of what is queued in the lane: skipped, retried now. */
  revision: number;
  routingVersion: number;
}

/** A lane that memory knows nothing open of, as memory knows it. */
export interface DrainedLane {
  workspace: number;
  lane: number;
  lastSequence: number;
  revision: number;
}

/**
 * A body over this many characters is read when it is sent, once for all lanes that send it then, and not
 * kept with what waits in a lane: a lane may hold a hundred deliveries, and a node thousands of lanes.
 */
export const LARGE_BODY = 32 * 1024;

/** An open delivery as who works its lane needs it. */
export interface LaneItem {
  key: number;
  sequence: number;
  /** Root of the replay chain, the delivery itself where it is no replay: the `webhook-id`. */
  message: number;
  event: number;
  eventType: string;
  source: DeliverySource;
  replay: boolean;
  attempts: number;
  /** Of those, how many the receiver has put off. */
  putOffs: number;
  waitedMs: number;
  nextAttemptAt: number | null;
  /** The event's: how many events caused one another before it. */
  depth: number;
  /** The event's: W3C `traceparent` of what published it; null for none. */
  trace: string | null;
  /** Whether its message has a body of its own, in the place of its event's. */
  ownBody: boolean;
  /** UTF-8, shared by all deliveries of an event that were published here; null for one that is read when it is sent. */
  body: Uint8Array | null;
}
