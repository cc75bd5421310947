/** What a publish asks of a store, and what the store answers. */

import { DAY } from '../../core/duration.ts';
import type { Refusal } from '../../core/routing/why.ts';
import type { NewActivation } from './automation.ts';
import type { DeliverySource, NewDelivery } from './delivery.ts';

/** How long a request under an idempotency key is answered as the first time; at this age the key is unused. */
export const IDEMPOTENCY_KEPT_MS = DAY;

export interface NewEvent {
  key: number;
  /** The caller's id, or ours; unique in the workspace. */
  id: string;
  type: string;
  subject: string | null;
  createdAt: number;
  /** The body that receivers get. */
  body: string;
  /** The caller's `account` as raw JSON text where the body does not carry it. */
  account: string | null;
  /** SHA-256 over type and data: tells a repeat from another event under the same id. */
  hash: string;
  /** What considered the event and said no, as JSON text (VerdictRecord[]); null for none. */
  verdicts: string | null;
  /** Validation faults let through by `warn`, as JSON text; null for none. */
  warnings: string | null;
  test: boolean;
  deliveries: readonly NewDelivery[];
  /** How many system events lie between it and what people published. */
  depth: number;
  /** W3C `traceparent` of what published it, for its deliveries; null for none. */
  trace: string | null;
  /** What it sets off: rules by position, then workflows. */
  activations: readonly NewActivation[];
  /** Whether runs may wait for its type. */
  signals: boolean;
}

/** A "no" kept with its event (P12): what the condition or scope found, or a reason that begins with its code. */
export type VerdictRecord = { source: DeliverySource; clause: unknown; actual: unknown } & Refusal;

export interface PublishCall {
  workspace: number;
  /** The routing version that the events were matched with. */
  routingVersion: number;
  acceptedAt: number;
  idempotency: { key: string; hash: string } | null;
  /** How many events the workspace may publish on that day (days since the epoch, UTC); null for any number. */
  quota: { limit: number; day: number } | null;
  /** Whether its events are to be found by text: they are queued for the index in the same transaction. */
  searchable: boolean;
  events: readonly NewEvent[];
}

export interface AcceptedEvent {
  id: string;
  deliveries: number;
  runs: number;
}

/** A lane that a publish queued something in. */
export interface TouchedLane {
  lane: number;
  endpoint: number;
  revision: number;
  /** The first new sequence; the others follow without a gap, in the order of the call. */
  firstSequence: number;
  /** Every delivery up to this sequence has ended; later ones may have, too. */
  doneSequence: number;
}

export type PublishAnswer =
  /** `repeated` is true where every event had been accepted before; nothing was written then. */
  | {
      kind: 'accepted';
      accepted: AcceptedEvent[];
      repeated: boolean[];
      lanes: TouchedLane[];
      /** Activations that the loop brake stopped: their deliveries were not written. */
      braked: number[];
    }
  /** Routing has moved on: match again with this version or a later one. Nothing was written. */
  | { kind: 'stale'; routingVersion: number }
  /** More than the workspace's quota. `reached` is what was published before. Nothing was written. */
  | { kind: 'over_quota'; limit: number; reached: number }
  /** The id or idempotency key was used before for something else. Nothing was written. */
  | { kind: 'conflict'; what: 'event_id' | 'idempotency_key'; id: string };
