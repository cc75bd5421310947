/** The log of events, deliveries and attempts, and what people do to one delivery. */

import type {
  ChangeAnswer,
  DeliveryFilter,
  DeliveryPage,
  EventFilter,
  LaneHead,
  Page,
  StoredAttempt,
  StoredDelivery,
  StoredEvent,
} from '../records/log.ts';

/** Lists are newest first unless they say otherwise. */
export interface LogStore {
  listEvents(workspace: number, filter: EventFilter, page: Page): Promise<StoredEvent[]>;
  findEvent(workspace: number, id: string): Promise<StoredEvent | null>;
  /** Newest first; whole pages, however many deliveries have to be looked at. */
  listDeliveries(workspace: number, filter: DeliveryFilter, page: Page): Promise<StoredDelivery[]>;
  /** Likewise, in bounded time: what matches among those looked at, and where to go on. */
  scanDeliveries(workspace: number, filter: DeliveryFilter, page: Page): Promise<DeliveryPage>;
  findDelivery(workspace: number, delivery: number): Promise<StoredDelivery | null>;
  /** What a message sends in the place of its event's body; null for that. */
  findOwnBody(workspace: number, message: number): Promise<string | null>;
  /** Attempts of these deliveries, by delivery and number. `full` adds headers and bodies. */
  listAttempts(
    workspace: number,
    deliveries: readonly number[],
    options: { full: boolean },
  ): Promise<StoredAttempt[]>;
  /** Of each: the first open delivery of its lane; null where it is that one, or nothing is open before it. */
  laneHeads(
    workspace: number,
    deliveries: ReadonlyArray<{ lane: number; sequence: number }>,
  ): Promise<Array<LaneHead | null>>;
  /** Makes a waiting delivery due now. */
  retryNow(workspace: number, delivery: number, now: number, by: string): Promise<ChangeAnswer>;
  skipDelivery(workspace: number, delivery: number, by: string, now: number): Promise<ChangeAnswer>;
}
