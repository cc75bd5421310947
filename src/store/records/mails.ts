/** Notices as they are listed, and the mails that tell of them. */

import type { Notice } from './notices.ts';
import type { Recipient } from './settings.ts';

/** `refused` by the mail server, or given up; `dropped` because rules and workflows had sent as many as they may. */
export const MAIL_STATES = ['pending', 'sent', 'refused', 'dropped'] as const;
export type MailState = (typeof MAIL_STATES)[number];

/** What a mail is mainly about, the most urgent first: it may tell of the others as well. */
export const MAIL_KINDS = [
  'disabled',
  'expiring',
  'warning',
  'enabled',
  'failed',
  'refused',
  'braked',
  'dropped',
] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

/** A mail that a rule or workflow sends: what it says was written by a person. */
export const STEP_MAIL = 'step';

/** What became of telling one person of a notice. */
export interface NoticeMail {
  recipient: string;
  language: Recipient['language'];
  state: MailState;
  /** The last error; null for none. */
  error: string | null;
  sentAt: number | null;
}

export interface MailFilter {
  state?: MailState;
  recipient?: string;
  /** Those that a run has sent. */
  run?: number;
  /** Those that tell of a notice. */
  notice?: number;
}

/** A mail as it is listed, without its text. */
export interface ListedMail {
  key: number;
  kind: MailKind | typeof STEP_MAIL;
  recipient: string;
  language: Recipient['language'];
  /** Of a rule or workflow; null for a mail of notices. */
  subject: string | null;
  state: MailState;
  /** The last error; null for none. */
  error: string | null;
  attempts: number;
  createdAt: number;
  /** While it is pending. */
  nextAttemptAt: number | null;
  endedAt: number | null;
  run: number | null;
  step: string | null;
  /** Keys of those that it tells of. */
  notices: number[];
}

export interface ListedNotice extends Notice {
  mails: NoticeMail[];
}

export interface ComposeRules {
  now: number;
  /** A workspace's mail is composed when its oldest notice has waited this long, with all that came since. */
  groupMs: number;
  /** Likewise for dropped deliveries alone. */
  droppedMs: number;
  /** Nobody is mailed about what is older: mails may have been switched on only now. */
  notBefore: number;
  /** A new Message-ID; each mail has one for good. */
  messageId: () => string;
}

export interface ComposedMails {
  mails: number;
  /** False where there was something to tell and nobody to tell it. */
  named: boolean;
}

/** A mail to be sent now, with everything it tells of. */
export interface DueMail {
  key: number;
  workspace: number;
  workspaceName: string;
  kind: MailKind | typeof STEP_MAIL;
  recipient: Recipient;
  /** The same on every try, so that a receiver can drop a repeat. */
  messageId: string;
  /** Tries so far, this one included. */
  attempts: number;
  createdAt: number;
  /** Oldest first. */
  notices: Notice[];
  /** Of disabled endpoints that it tells of, the first ones: what has become of their deliveries so far. */
  queues: ReadonlyMap<number, QueueCounts>;
  /** What a rule or workflow says in it; null for a mail of notices. */
  own: { subject: string; text: string } | null;
}

export interface QueueCounts {
  /** Deliveries that are held now. */
  held: number;
  /** Those that were dropped within `droppedWithinMs` before the endpoint was disabled, and since. */
  dropped: number;
  droppedWithinMs: number;
}

export type MailSettlement =
  | { kind: 'sent'; at: number }
  | { kind: 'retry'; at: number; error: string }
  | { kind: 'refused'; at: number; error: string };
