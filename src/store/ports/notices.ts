/** Notices, the system events that are published of them, and the mails that tell of them. */

import type { Page } from '../records/log.ts';
import type {
  ComposedMails,
  ComposeRules,
  DueMail,
  ListedMail,
  ListedNotice,
  MailFilter,
  MailSettlement,
} from '../records/mails.ts';
import type { NoticeKind, UnpublishedNotice } from '../records/notices.ts';

/** Notices are written with what made them so; here they are listed, and published as system events. */
export interface NoticeStore {
  /** Workspaces that have unpublished notices. */
  workspacesToPublish(): Promise<number[]>;
  /** Those after a key, in the order in which they were written. */
  listUnpublishedNotices(workspace: number, after: number, limit: number): Promise<UnpublishedNotice[]>;
  markPublished(workspace: number, notices: readonly number[], at: number): Promise<void>;
  /** Newest first, with the mails that told of them; of one kind, or of all. */
  listNotices(workspace: number, page: Page & { kind?: NoticeKind }): Promise<ListedNotice[]>;
}

/** Mails of notices, and those that rules and workflows send. */
export interface MailStore {
  /** Workspaces with notices that have waited long enough for a mail. */
  workspacesToTell(rules: Pick<ComposeRules, 'now' | 'groupMs' | 'droppedMs'>): Promise<number[]>;
  /**
   * Makes one mail per recipient of what the workspace has to tell, and none within `groupMs` of the one before. A
   * notice is mailed about once, whichever nodes call this at once.
   */
  composeMails(workspace: number, rules: ComposeRules): Promise<ComposedMails>;
  /** Newest first. */
  listMails(workspace: number, filter: MailFilter, page: Page): Promise<ListedMail[]>;
  /** Workspaces with mails due by `now`. */
  workspacesToMail(now: number): Promise<number[]>;
  /**
   * A workspace's mails due by `now`, those of notices before those of rules and workflows, oldest first; no other call
   * gets them until the lease is over.
   */
  claimDueMails(workspace: number, now: number, limit: number, leaseMs: number): Promise<DueMail[]>;
  /** Does nothing to a mail that was settled for good before. One that is refused becomes part of a notice. */
  settleMail(workspace: number, mail: number, settlement: MailSettlement): Promise<void>;
}
