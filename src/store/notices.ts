/** The outbox: notices of what happened, and the mails that tell of them. The queries, for both databases. */

import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import { readSettings } from './administration.ts';
import {
  type ComposedMails,
  type ComposeRules,
  type DueMail,
  type ListedNotice,
  MAIL_KINDS,
  type MailKind,
  type MailState,
  type NoticeMail,
} from './records/mails.ts';
import type { Notice, NoticeDetails, NoticeKind, Recipient } from './records.ts';
import type { NoticesTable, Schema } from './schema.ts';
import type { Store } from './store.ts';

/** What differs between the databases here. */
export interface NoticeDialect {
  /** Appended to a SELECT of rows about to be taken: passes over those in use at this moment. */
  skipLocked: RawBuilder<unknown>;
  /** Whether this transaction alone composes the workspace's mails; null where transactions are alone anyway. */
  composesAlone: ((workspace: number) => RawBuilder<{ alone: boolean }>) | null;
}

/** More notices wait for the next mail. */
const MAX_GROUPED = 5_000;

export type NewNotice = Omit<Notice, 'key'>;

/** To be part of the transaction of what the notices tell of. */
export async function insertNotices(trx: Transaction<Schema>, rows: readonly NewNotice[]): Promise<void> {
  if (rows.length === 0) return;
  await trx
    .insertInto('notices')
    .values(
      rows.map(({ details, ...row }) => ({
        ...row,
        details: JSON.stringify(details),
        published_at: null,
        mailed_at: null,
      })),
    )
    .execute();
}
