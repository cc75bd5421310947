/** The outbox: notices of what happened, and the mails that tell of them. The queries, for both databases. */

import { type Kysely, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import type { Dialect } from '../dialect.ts';
import type { MailStore, NoticeStore } from '../ports/notices.ts';
import {
  type ComposedMails,
  type ComposeRules,
  type DueMail,
  MAIL_KINDS,
  type MailKind,
  type MailState,
  type NoticeMail,
  STEP_MAIL,
} from '../records/mails.ts';
import type { Notice, NoticeDetails, NoticeKind } from '../records/notices.ts';
import type { Recipient } from '../records/settings.ts';
import type { NoticesTable, Schema } from '../schema/schema.ts';
import { readSettings } from './administration.ts';
import { workspacesWith } from './turns.ts';

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

type Notices = NoticeStore & MailStore;

export function notices(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): Notices {
  return {
    ...mails(write, read, dialect),
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
      await write
        .updateTable('notices')
        .set({ published_at: at })
        .where('workspace', '=', workspace)
        .where('key', 'in', keys)
        .where('published_at', 'is', null)
        .execute();
    },
    async listNotices(workspace, page) {
      const rows = await read
        .selectFrom('notices')
        .selectAll()
        .where('workspace', '=', workspace)
        .$if(page.before !== null, (older) => older.where('key', '<', page.before))
        .orderBy('key', 'desc')
        .limit(page.limit)
        .execute();
      const told = await mailsOf(read, workspace, rows);
      return rows.map((row) => ({ ...toNotice(row), mails: told.get(row.key) ?? [] }));
    },
  };
}

/** `{}` for what is no JSON: one broken row must not hide the others. Whoever needs its members says what is missing. */
function readJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return {} as T;
  }
}

/** Whether its details could be read. */
function isReadable({ details }: Pick<Notice, 'details'>): boolean {
  return Object.keys(details).length > 0;
}

function readKeys(text: string): number[] {
  const keys = readJson<number[]>(text);
  return Array.isArray(keys) ? keys : [];
}

function toNotice(row: Selectable<NoticesTable>): Notice {
  const { key, workspace, kind, endpoint, delivery, at } = row;
  const details = readJson<NoticeDetails[NoticeKind]>(row.details);
  return { key, workspace, kind: kind as NoticeKind, endpoint, delivery, details, at };
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

function mails(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: Dialect,
): Pick<Notices, 'workspacesToTell' | 'composeMails' | 'workspacesToMail' | 'claimDueMails' | 'settleMail'> {
  return {
    workspacesToTell: (rules) => workspacesToTell(read, rules),
    async composeMails(workspace, rules): Promise<ComposedMails> {
      const made = await write.transaction().execute((trx) => compose(trx, dialect, workspace, rules));
      return { mails: made ?? 0, named: made !== null };
    },
    workspacesToMail: (now) =>
      workspacesWith(
        read,
        'mails',
        sql<SqlBool>`one.state = 'pending'`,
        sql<SqlBool>`one.next_attempt_at <= ${now}`,
      ),
    async claimDueMails(workspace, now, limit, leaseMs) {
      return write.transaction().execute(async (trx) => {
        const due = await sql<{ key: number }>`
          SELECT key FROM mails WHERE workspace = ${workspace} AND state = 'pending' AND next_attempt_at <= ${now}
          ORDER BY next_attempt_at LIMIT ${limit} ${dialect.locking('FOR UPDATE SKIP LOCKED')}`.execute(trx);
        const keys = due.rows.map((row) => row.key);
        if (keys.length === 0) return [];
        await trx
          .updateTable('mails')
          .set((eb) => ({ attempts: eb('attempts', '+', 1), next_attempt_at: now + leaseMs }))
          .where('workspace', '=', workspace)
          .where('key', 'in', keys)
          .execute();
        return readDue(trx, workspace, keys);
      });
    },
    async settleMail(workspace, key, settlement) {
      const changes =
        settlement.kind === 'retry'
          ? { next_attempt_at: settlement.at, error: settlement.error }
          : {
              state: settlement.kind,
              ended_at: settlement.at,
              error: settlement.kind === 'sent' ? null : settlement.error,
            };
      await write
        .updateTable('mails')
        .set(changes)
        .where('workspace', '=', workspace)
        .where('key', '=', key)
        .where('state', '=', 'pending')
        .execute();
    },
  };
}

async function workspacesToTell(
  db: Kysely<Schema>,
  rules: Pick<ComposeRules, 'now' | 'groupMs' | 'droppedMs'>,
): Promise<number[]> {
  const rows = await db
    .selectFrom('notices')
    .select('workspace')
    .distinct()
    .where('mailed_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('at', '<=', rules.now - rules.droppedMs),
        eb.and([eb('at', '<=', rules.now - rules.groupMs), eb('kind', '<>', 'delivery.dropped')]),
      ]),
    )
    .execute();
  return rows.map((row) => row.workspace);
}

/** How many mails were made of what the workspace has to tell; null where there is nobody to tell it. */
async function compose(
  trx: Transaction<Schema>,
  dialect: Dialect,
  workspace: number,
  rules: ComposeRules,
): Promise<number | null> {
  if (dialect.composesAlone !== null) {
    const { rows } = await dialect.composesAlone(workspace).execute(trx);
    if (rows[0]?.alone !== true) return 0;
  }
  const last = await trx
    .selectFrom('mails')
    .select((eb) => eb.fn.max('created_at').as('at'))
    .where('workspace', '=', workspace)
    .where('kind', '<>', STEP_MAIL)
    .executeTakeFirst();
  if ((last?.at ?? Number.NEGATIVE_INFINITY) > rules.now - rules.groupMs) return 0;
  const grouped = [
    ...(await waited(trx, workspace, '<>', rules.now - rules.groupMs)),
    ...(await waited(trx, workspace, '=', rules.now - rules.droppedMs)),
  ];
  if (grouped.length === 0) return 0;
  await trx
    .updateTable('notices')
    .set({ mailed_at: rules.now })
    .where('workspace', '=', workspace)
    .where(
      'key',
      'in',
      grouped.map((row) => row.key),
    )
    .execute();
  const told = grouped.filter((row) => row.at >= rules.notBefore && isWorthTelling(toNotice(row)));
  if (told.length === 0) return 0;
  const recipients = await recipientsOf(trx, workspace);
  if (recipients.length === 0) return null;
  await trx
    .insertInto('mails')
    .values(
      recipients.map(({ email, language }) => ({
        workspace,
        recipient: email,
        language,
        message_id: rules.messageId(),
        kind: mainKind(told),
        notices: JSON.stringify(told.map((row) => row.key)),
        state: 'pending',
        attempts: 0,
        next_attempt_at: rules.now,
        error: null,
        created_at: rules.now,
        ended_at: null,
      })),
    )
    .execute();
  return recipients.length;
}

/** The unmailed notices that are, or are not, of dropped deliveries: none before the oldest of them has waited until `since`. */
async function waited(
  trx: Transaction<Schema>,
  workspace: number,
  dropped: '=' | '<>',
  since: number,
): Promise<Array<Selectable<NoticesTable>>> {
  const rows = await trx
    .selectFrom('notices')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('mailed_at', 'is', null)
    .where('kind', dropped, 'delivery.dropped')
    .orderBy('at')
    .orderBy('key')
    .limit(MAX_GROUPED)
    .execute();
  const [oldest] = rows;
  return oldest !== undefined && oldest.at <= since ? rows : [];
}

/** Whoever disabled an endpoint knows of it; and of what cannot be read nothing can be told. */
function isWorthTelling({ kind, details }: Notice): boolean {
  if (!isReadable({ details })) return false;
  return kind !== 'endpoint.disabled' || (details as NoticeDetails['endpoint.disabled']).reason !== 'manual';
}

const MAIL_OF: Record<NoticeKind, MailKind> = {
  'endpoint.disabled': 'disabled',
  'held.expiring': 'expiring',
  'budget.warning': 'warning',
  'endpoint.enabled': 'enabled',
  'delivery.dropped': 'dropped',
};

function mainKind(told: ReadonlyArray<{ kind: string }>): MailKind {
  const kinds = new Set(told.map((row) => MAIL_OF[row.kind as NoticeKind]));
  return MAIL_KINDS.find((kind) => kinds.has(kind)) ?? 'dropped';
}

/** Those whom the settings name, or else the owners; each once. */
async function recipientsOf(trx: Transaction<Schema>, workspace: number): Promise<Recipient[]> {
  const row = await trx
    .selectFrom('workspaces')
    .select(['settings', 'owners'])
    .where('key', '=', workspace)
    .executeTakeFirst();
  if (row === undefined) return [];
  const named = readSettings(row.settings).notification_recipients;
  const recipients = named.length > 0 ? named : (JSON.parse(row.owners) as Recipient[]);
  const byAddress = new Map(
    recipients.toReversed().map((recipient) => [recipient.email.toLowerCase(), recipient]),
  );
  return [...byAddress.values()].reverse();
}

async function readDue(
  trx: Transaction<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<DueMail[]> {
  const rows = await trx
    .selectFrom('mails as m')
    .innerJoin('workspaces as w', 'w.key', 'm.workspace')
    .selectAll('m')
    .select('w.name')
    .where('m.workspace', '=', workspace)
    .where('m.key', 'in', keys)
    .orderBy('m.key')
    .execute();
  const due: DueMail[] = [];
  for (const row of rows) {
    const named = readKeys(row.notices);
    const told =
      named.length === 0
        ? []
        : await trx
            .selectFrom('notices')
            .selectAll()
            .where('workspace', '=', workspace)
            .where('key', 'in', named)
            .orderBy('at')
            .orderBy('key')
            .execute();
    due.push({
      key: row.key,
      workspace: row.workspace,
      workspaceName: row.name,
      kind: row.kind as DueMail['kind'],
      recipient: { email: row.recipient, language: row.language as Recipient['language'] },
      messageId: row.message_id,
      attempts: row.attempts,
      createdAt: row.created_at,
      notices: told.map(toNotice).filter(isReadable),
      own: row.subject === null ? null : { subject: row.subject, text: row.text ?? '' },
    });
  }
  return due;
}
