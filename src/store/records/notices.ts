/** Notices: what happened, told to people by mail and to systems by event. */

import type { BudgetPolicy } from '../../core/delivery/budget.ts';
import type { DisabledReason } from './endpoints.ts';

export const NOTICE_KINDS = [
  'budget.warning',
  'endpoint.disabled',
  'endpoint.enabled',
  'delivery.dropped',
  'held.expiring',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What `details` of a notice hold, as JSON. Names are kept as they were at that moment. */
export interface NoticeDetails {
  'budget.warning': {
    /** Percent of the limit. */
    level: number;
    errors: number;
    budget: BudgetPolicy;
    endpoints: Array<{ endpoint: number; name: string; url: string; errors: number; error: string }>;
  };
  'endpoint.disabled': {
    name: string;
    url: string;
    reason: DisabledReason;
    by: string;
    /** The last error as recorded; null where a person disabled it. */
    error: string | null;
    /** Set where the error budget tripped. `own` are this endpoint's errors of those. */
    trip: { errors: number; own: number; budget: BudgetPolicy } | null;
  };
  'endpoint.enabled': { name: string; url: string; by: string; held: number; choice: 'send' | 'skip' };
  'delivery.dropped': {
    name: string;
    url: string;
    event: string;
    event_type: string;
    reason: string;
    attempts: number;
  };
  'held.expiring': { name: string; url: string; held: number; oldest_at: number; expires_at: number };
}

export interface UnpublishedNotice extends Notice {
  /** How many system events lie between it and what people published, its own included. */
  depth: number;
}

/** Something to tell people and systems of, written in the transaction that made it so. */
export interface Notice<Kind extends NoticeKind = NoticeKind> {
  key: number;
  workspace: number;
  kind: Kind;
  endpoint: number | null;
  delivery: number | null;
  details: NoticeDetails[Kind];
  at: number;
}
