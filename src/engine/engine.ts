/**
 * The engine's public face: what http/ and main.ts may ask of it.
 */

import type { BulkInput, BulkKind, BulkPreview } from '../store/records/bulk.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { AcceptedEvent } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';

/** How many events may cause one another; what lies deeper sets nothing off (B7), and no delivery publishes it. */
export const MAX_DEPTH = 5;

/** One event as the API took it in, validated. */
export interface PublishEvent {
  /** The caller's id, null where it gave none. */
  id: string | null;
  type: string;
  /** Raw JSON text, as posted. */
  data: string;
  /** `data` parsed, for conditions and the subject. */
  value: unknown;
  /** Raw JSON text, null where the caller gave none. */
  account: string | null;
  createdAt: number | null;
  /** Validation faults that the workspace lets through; null for none. */
  warnings: string | null;
}

export type PublishOutcome =
  /** `warnings` are those of each event, as PublishEvent has them. */
  | { kind: 'accepted'; accepted: AcceptedEvent[]; repeated: boolean[]; warnings: Array<string | null> }
  /** `index` is the event's among those of the call; -1 for a conflict of the key. */
  | { kind: 'conflict'; what: 'event_id' | 'idempotency_key'; id: string; index: number }
  /** The plan's number of events for the day; `reached` is what was published before. */
  | { kind: 'over_quota'; limit: number; reached: number };

/** A request's body, of which events are still to be read. */
export interface PostedText {
  form: 'single' | 'batch';
  /**
   * A large one (LIGHT_LIMITS.text) as its bytes, which are neither decoded nor parsed on the loop. The thread that does
   * so has them meanwhile, and gives them back.
   */
  text: string | Uint8Array<ArrayBuffer>;
}

/** How a node stands at this moment. */
export interface Standing {
  /** Lanes with something queued that this node works. */
  lanes: number;
  /** Of the deliveries that are next in their lanes, the age of the oldest, ms; 0 without any. */
  oldestMs: number;
  /** Requests in flight. */
  inFlight: number;
  /** What events and deliveries in memory weigh, bytes. */
  memoryBytes: number;
}

export interface Engine {
  start(): Promise<void>;
  /** Finishes what is in flight, records it, and hands the lanes back. */
  stop(): Promise<void>;

  /**
   * Matches, commits, wakes the lanes. `read` checks the events by the types and settings it is given;
   * it is called again where those had changed by the time of the commit, so that every change that
   * was answered for before holds, made at whichever node. What it throws is passed on, once it has
   * thrown it by the latest. Told to be `light`, it throws TooHeavy where checking takes more than
   * LIGHT_LIMITS.check; what it would read is then read from `posted`, in a thread of its own, and so is a
   * text that is large. `depth` is how many events caused one another before these, 0 where it is
   * left out; `trace` is the W3C `traceparent` of what publishes them, which their deliveries pass on. Rejects with StoreUnavailable, or Overloaded (P14).
   */
  publish(
    workspace: number,
    read: (routing: Routing, light: boolean) => readonly PublishEvent[],
    idempotency: { key: string; hash: string } | null,
    origin?: { depth?: number; trace?: string | null },
    posted?: PostedText | null,
  ): Promise<PublishOutcome>;
  /** Publishes a sample to one endpoint only; resolves to the event's id and the delivery's key. */
  sendTest(
    workspace: number,
    endpoint: Endpoint,
    event: PublishEvent,
  ): Promise<{ event: string; delivery: number }>;

  /** The workspace as this node last saw it: at most about a second old; null if unknown. Asks nobody where it is held. */
  routing(workspace: number): Promise<Routing | null>;
  /** The workspace as of now, with every change that another node has answered for; null if unknown. */
  freshRouting(workspace: number): Promise<Routing | null>;
  /** To be called after every change of endpoints, settings or event types. */
  routingChanged(workspace: number): Promise<void>;
  /** To be called after deliveries of these lanes were retried, skipped or added from outside. */
  lanesChanged(lanes: readonly number[]): Promise<void>;
  /** What a job over many deliveries would do it to now; null where that are too many. */
  previewBulk(kind: BulkKind, workspace: number, input: BulkInput): Promise<BulkPreview | null>;
  /** How this node stands at this moment. */
  standing(): Standing;
  /** True where this node has the delivery's request in flight. */
  isSending(delivery: number): boolean;
  /** A new row key. */
  nextKey(): number;
}

/** The type of a sample was deleted between its choice and its commit. Nothing was accepted. */
export class EventTypeGone extends Error {
  override readonly name = 'EventTypeGone';
}

/** The workspace is suspended and accepts no events. Nothing was accepted. */
export class WorkspaceSuspended extends Error {
  override readonly name = 'WorkspaceSuspended';
}

/** The workspace was deleted since the caller was let in. Nothing was accepted. */
export class WorkspaceGone extends Error {
  override readonly name = 'WorkspaceGone';
}

/** Checking the events takes more than is done on the loop; see `publish`. */
export class TooHeavy extends Error {
  override readonly name = 'TooHeavy';
}

/** More is waiting to be committed than this node takes on (P14). Nothing was accepted. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}
