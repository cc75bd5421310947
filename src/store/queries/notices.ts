/** Notices of what happened: the queries, for both databases. The mails that tell of them: mails.ts. */

import { type Kysely, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import type { NoticeStore } from '../ports/notices.ts';
import type { MailState, NoticeMail } from '../records/mails.ts';
import type { Notice } from '../records/notices.ts';
import type { Recipient } from '../records/settings.ts';
import type { NoticesTable, Schema } from '../schema/schema.ts';
import { IS_OF_NOTICES, readKeys, toNotice } from './noticeRows.ts';
import { workspacesWith } from './turns.ts';

export type NewNotice = Omit<Notice, 'key' | 'count'>;

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

export function notices(write: Kysely<Schema>, read: Kysely<Schema>): NoticeStore {
  return {
    workspacesToPublish: () => workspacesWith(read, 'notices', sql<SqlBool>`one.published_at IS NULL`),
    async listUnpublishedNotices(workspace, after, limit) {
      const rows = await read
        .selectFrom('notices')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('published_at', 'is', null)
        .where('key', '>', after)
        .orderBy('key')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ ...toNotice(row), depth: row.depth }));
    },
    async markPublished(workspace, keys, at) {
      if (keys.length === 0) return;
      const mark = (which: readonly number[]) =>
        write
          .updateTable('notices')
          .set({ published_at: at })
          .where('workspace', '=', workspace)
          .where('key', 'in', which)
          .where('published_at', 'is', null);
      const marked = await mark(keys).where('hour', 'is', null).returning('key').execute();
      const done = new Set(marked.map(({ key }) => key));
      // Those that are grouped one by one: publishing counts in several of them, in an order of its own.
      for (const key of keys) if (!done.has(key)) await mark([key]).execute();
    },
    async listNotices(workspace, page) {
      const rows = await read
        .selectFrom('notices')
        .selectAll()
        .where('workspace', '=', workspace)
        .$if(page.kind !== undefined, (some) => some.where('kind', '=', page.kind ?? ''))
        .$if(page.before !== null, (older) => older.where('key', '<', page.before))
        .orderBy('key', 'desc')
        .limit(page.limit)
        .execute();
      const told = await mailsOf(read, workspace, rows);
      return rows.map((row) => ({ ...toNotice(row), mails: told.get(row.key) ?? [] }));
    },
  };
}

/** The mails that tell of these notices. A mail is made when its notices are marked, at the same millisecond. */
async function mailsOf(
  read: Kysely<Schema>,
  workspace: number,
  rows: ReadonlyArray<Selectable<NoticesTable>>,
): Promise<Map<number, NoticeMail[]>> {
  const times = [...new Set(rows.flatMap((row) => row.mailed_at ?? []))];
  const told = new Map<number, NoticeMail[]>();
  if (times.length === 0) return told;
  const found = await read
    .selectFrom('mails')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('created_at', 'in', times)
    .where(IS_OF_NOTICES)
    .execute();
  // Sorted here: a database might read all mails of the workspace in that order.
  for (const mail of found.sort((one, other) => one.key - other.key)) {
    const view: NoticeMail = {
      recipient: mail.recipient,
      language: mail.language as Recipient['language'],
      state: mail.state as MailState,
      error: mail.error,
      sentAt: mail.state === 'sent' ? mail.ended_at : null,
    };
    for (const key of readKeys(mail.notices)) {
      const list = told.get(key);
      if (list === undefined) told.set(key, [view]);
      else list.push(view);
    }
  }
  return told;
}
