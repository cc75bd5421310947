/** Notices as they are listed, and the mails that tell of them. */

import type { Notice } from './notices.ts';
import type { Recipient } from './settings.ts';

export const MAIL_STATES = ['pending', 'sent', 'refused'] as const;
export type MailState = (typeof MAIL_STATES)[number];

/** What a mail is mainly about, the most urgent first: it may tell of the others as well. */
export const MAIL_KINDS = ['disabled', 'expiring', 'warning', 'enabled', 'dropped'] as const;
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
  /** What a rule or workflow says in it; null for a mail of notices. */
  own: { subject: string; text: string } | null;
}

export type MailSettlement =
  | { kind: 'sent'; at: number }
  | { kind: 'retry'; at: number; error: string }
  | { kind: 'refused'; at: number; error: string };
