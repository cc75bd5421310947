/** What the log lists: events, deliveries and attempts, and how to ask for them. */

import type { AttemptOutcome } from '../../core/delivery/decide.ts';
import type { StoredState } from '../../core/delivery/machine.ts';
import type { DeliverySource, SourceKind } from './delivery.ts';
import type { AttemptRecord } from './results.ts';

export interface StoredEvent {
  key: number;
  id: string;
  type: string;
  subject: string | null;
  createdAt: number;
  acceptedAt: number;
  test: boolean;
  deliveries: number;
  /** When a person's data in it were erased, ms; then there is no body. */
  erasedAt: number | null;
  /** Null once it is no longer kept; the members after it go with it. */
  body: string | null;
  account: string | null;
  verdicts: string | null;
  warnings: string | null;
}

export interface StoredDelivery {
  key: number;
  workspace: number;
  event: number;
  eventId: string;
  eventType: string;
  endpoint: number;
  endpointEnabled: boolean;
  lane: number;
  sequence: number;
  message: number;
  source: DeliverySource;
  replayOf: number | null;
  state: StoredState;
  reason: string | null;
  attempts: number;
  nextAttemptAt: number | null;
  createdAt: number;
  endedAt: number | null;
}

export interface StoredAttempt extends AttemptRecord {
  delivery: number;
}

/** Newest first. `before` is the key of the last row of the page before. Times are `[since, until)`. */
export interface Page {
  limit: number;
  before: number | null;
}

export interface EventFilter {
  type?: string;
  subject?: string;
  since?: number;
  until?: number;
}

export interface DeliveryFilter {
  endpoint?: number;
  event?: number;
  /** `held` is: open, of a disabled endpoint. `sending` is not stored: the caller filters it. */
  state?: StoredState | 'held';
  type?: string;
  subject?: string;
  since?: number;
  until?: number;
  /** Terms that its event is found by, all of them (core/search/terms.ts). */
  words?: readonly number[];
  /** `id` is the key of the endpoint, rule or workflow; null for any of the kind. */
  source?: { kind: SourceKind; id: number | null };
  /** The HTTP status of its last attempt lies between these. */
  status?: { from: number; through: number };
  /** How its last attempt ended. */
  outcome?: AttemptOutcome;
}

/** Some of a list. `next`: what is older than this key has not been looked at; null at the list's end. */
export interface DeliveryPage {
  rows: StoredDelivery[];
  next: number | null;
}

/** What a delivery stands behind in its lane (A15). */
export interface LaneHead {
  key: number;
  sequence: number;
  nextAttemptAt: number | null;
  state: StoredState;
  /** Open deliveries ahead of the one asked about; 1,000 where there are more. */
  ahead: number;
}

export type ChangeAnswer =
  | { kind: 'changed'; lane: number }
  | { kind: 'unchanged'; state: StoredState }
  | { kind: 'missing' };
