/** Notices: what happened, told to people by mail and to systems by event. */

import type { BudgetPolicy } from '../../core/delivery/budget.ts';
import type { DisabledReason } from './endpoints.ts';

/** One of a kind for an automation and an hour, with a count of how often it happened. */
export const GROUPED_KINDS = ['automation.failed', 'automation.braked', 'mail.refused'] as const;
export type GroupedKind = (typeof GROUPED_KINDS)[number];

export const NOTICE_KINDS = [
  'budget.warning',
  'endpoint.disabled',
  'endpoint.enabled',
  'delivery.dropped',
  'held.expiring',
  ...GROUPED_KINDS,
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** A rule or workflow, as it was called at that moment. */
export interface AutomationNamed {
  key: number;
  kind: 'rule' | 'workflow';
  name: string;
}

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
  // Of what is grouped: the first time in its hour. Null for an automation that is not there any more.
  'automation.failed': {
    automation: AutomationNamed | null;
    run: number;
    /** Null for what concerns the run as a whole. */
    step: string | null;
    code: string;
    message: string;
  };
  'automation.braked': { automation: AutomationNamed | null; run: number; subject: string };
  'mail.refused': {
    /** Null for a mail of notices, too. */
    automation: AutomationNamed | null;
    mail: number;
    run: number | null;
    step: string | null;
    recipient: string;
    /** What the mail server said. */
    error: string;
  };
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
  /** How often it happened in its hour, where the kind is grouped; else 1. */
  count: number;
}
