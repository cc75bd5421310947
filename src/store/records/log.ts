/** What the log's lists answer beside their rows. */

import type { StoredState } from '../../core/delivery/machine.ts';
import type { StoredDelivery } from '../records.ts';

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
