/** Mails of notices, and those of rules and workflows: the queries, for both databases. */

import { type Kysely, type RawBuilder, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import { HOUR, SECOND } from '../../core/duration.ts';
import type { Dialect } from '../dialect.ts';
import type { MailStore } from '../ports/notices.ts';
import type { Page } from '../records/log.ts';
import {
  type ComposedMails,
  type ComposeRules,
  type DueMail,
  type ListedMail,
  MAIL_KINDS,
  type MailFilter,
  type MailKind,
  type MailSettlement,
  type MailState,
  type QueueCounts,
} from '../records/mails.ts';
import type { Notice, NoticeDetails, NoticeKind } from '../records/notices.ts';
import type { Recipient } from '../records/settings.ts';
import type { MailsTable, NoticesTable, Schema } from '../schema/schema.ts';
import { readSettings } from './administration.ts';
import { countOpen } from './enabling.ts';
import { type Happened, NO_AUTOMATION, writeGrouped } from './groupedNotices.ts';
import { IS_OF_NOTICES, isReadable, readKeys, toNotice } from './noticeRows.ts';
import { driveAsync, inTransaction } from './statement.ts';
import { workspacesWith } from './turns.ts';

/** More notices wait for the next mail. */
const MAX_GROUPED = 5_000;

const IS_OF_STEPS = sql<SqlBool>`kind = 'step'`;

export function mails(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): MailStore {
  return {
    listMails: (workspace, filter, page) => listMails(read, workspace, filter, page),
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
      const due = await write.transaction().execute(async (trx) => {
        // First those of notices: however much automations mail, nobody waits for it to hear of a disabled endpoint.
        const keys = await dueKeys(trx, dialect, IS_OF_NOTICES, { workspace, now, limit });
        const room = (await mayMailSteps(trx, workspace)) ? limit - keys.length : 0;
        if (room > 0)
          keys.push(...(await dueKeys(trx, dialect, IS_OF_STEPS, { workspace, now, limit: room })));
        if (keys.length === 0) return [];
        await trx
          .updateTable('mails')
          .set((eb) => ({ attempts: eb('attempts', '+', 1), next_attempt_at: now + leaseMs }))
          .where('workspace', '=', workspace)
          .where('key', 'in', keys)
          .execute();
        return readDue(trx, workspace, keys);
      });
      // Counted by the reader: of a long queue that takes a while.
      return Promise.all(due.map(async (mail) => ({ ...mail, queues: await countQueues(read, mail) })));
    },
    async settleMail(workspace, key, settlement) {
      if (settlement.kind === 'refused') {
        return write.transaction().execute((trx) => settleRefused(trx, workspace, key, settlement));
      }
      const changes =
        settlement.kind === 'retry'
          ? { next_attempt_at: settlement.at, error: settlement.error }
          : {
              state: settlement.kind,
              ended_at: settlement.at,
              error: null,
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

/** What a suspended workspace's automations have to say waits until it is resumed. */
async function mayMailSteps(trx: Transaction<Schema>, workspace: number): Promise<boolean> {
  const row = await trx
    .selectFrom('workspaces')
    .select('suspended_at')
    .where('key', '=', workspace)
    .executeTakeFirst();
  return row?.suspended_at === null;
}

interface Claim {
  workspace: number;
  now: number;
  limit: number;
}

async function dueKeys(
  trx: Transaction<Schema>,
  dialect: Dialect,
  of: RawBuilder<SqlBool>,
  { workspace, now, limit }: Claim,
): Promise<number[]> {
  const { rows } = await sql<{ key: number }>`
    SELECT key FROM mails WHERE workspace = ${workspace} AND state = 'pending' AND next_attempt_at <= ${now}
      AND ${of}
    ORDER BY next_attempt_at LIMIT ${limit} ${dialect.locking('FOR UPDATE SKIP LOCKED')}`.execute(trx);
  return rows.map((row) => row.key);
}

/** The mail and, in the same transaction, the notice of it: grouped by the automation that sent it. */
async function settleRefused(
  trx: Transaction<Schema>,
  workspace: number,
  key: number,
  { at, error }: MailSettlement & { kind: 'refused' },
): Promise<void> {
  const mail = await trx
    .updateTable('mails')
    .set({ state: 'refused', ended_at: at, error })
    .where('workspace', '=', workspace)
    .where('key', '=', key)
    .where('state', '=', 'pending')
    .returning(['kind', 'recipient', 'run', 'step'])
    .executeTakeFirst();
  // A mail that tells of refused mails, refused, is the end of it.
  if (mail === undefined || mail.kind === MAIL_OF['mail.refused']) return;
  const { recipient, run, step } = mail;
  const cause = run === null ? undefined : await causeOf(trx, workspace, run);
  const happened: Happened<'mail.refused'> = {
    kind: 'mail.refused',
    automation: cause?.automation ?? NO_AUTOMATION,
    count: 1,
    details: { mail: key, run, step, recipient, error },
    depth: (cause?.depth ?? 0) + 1,
  };
  await driveAsync(writeGrouped(workspace, [happened], at), inTransaction(trx));
}

function causeOf(trx: Transaction<Schema>, workspace: number, run: number) {
  return trx
    .selectFrom('runs as r')
    .innerJoin('events as e', (join) =>
      join.onRef('e.workspace', '=', 'r.workspace').onRef('e.key', '=', 'r.event'),
    )
    .select(['r.automation', 'e.depth'])
    .where('r.workspace', '=', workspace)
    .where('r.key', '=', run)
    .executeTakeFirst();
}

async function listMails(
  read: Kysely<Schema>,
  workspace: number,
  { state, recipient, run, notice }: MailFilter,
  page: Page,
): Promise<ListedMail[]> {
  let query = read.selectFrom('mails').selectAll().where('workspace', '=', workspace);
  if (run !== undefined) query = query.where('run', '=', run);
  if (recipient !== undefined) query = query.where('recipient', '=', recipient);
  // A run's, an address's and a notice's mails are few; a text that is made longer by nothing keeps the state's index away.
  const alone = run === undefined && recipient === undefined && notice === undefined;
  if (state !== undefined)
    query = query.where(sql<SqlBool>`${alone ? sql`state` : sql`(state || '')`} = ${state}`);
  if (notice !== undefined) {
    const told = await read
      .selectFrom('notices')
      .select('mailed_at')
      .where('workspace', '=', workspace)
      .where('key', '=', notice)
      .executeTakeFirst();
    const at = told?.mailed_at ?? null;
    if (at === null) return [];
    query = query.where('created_at', '=', at).where(IS_OF_NOTICES);
  }
  if (page.before !== null) query = query.where('key', '<', page.before);
  const rows = await query.orderBy('key', 'desc').limit(page.limit).execute();
  const listed = rows.map(toListed);
  return notice === undefined ? listed : listed.filter(({ notices }) => notices.includes(notice));
}

function toListed(row: Selectable<MailsTable>): ListedMail {
  return {
    key: row.key,
    kind: row.kind as ListedMail['kind'],
    recipient: row.recipient,
    language: row.language as Recipient['language'],
    subject: row.subject,
    state: row.state as MailState,
    error: row.error,
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAttemptAt: row.state === 'pending' ? row.next_attempt_at : null,
    endedAt: row.ended_at,
    run: row.run,
    step: row.step,
    notices: readKeys(row.notices),
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
        eb.and([
          eb('at', '<=', rules.now - rules.groupMs),
          eb('kind', '<>', 'delivery.dropped'),
          eb('hour', 'is', null),
        ]),
        eb('hour', '<', firstHourLeft(rules)),
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
    .where(IS_OF_NOTICES)
    .executeTakeFirst();
  if ((last?.at ?? Number.NEGATIVE_INFINITY) > rules.now - rules.groupMs) return 0;
  const grouped = [
    ...(await waited(trx, workspace, AT_ONCE, rules.now - rules.groupMs)),
    ...(await waited(trx, workspace, DROPPED, rules.now - rules.droppedMs)),
    // Once its hour is over: it is counted in until then.
    ...(await waited(trx, workspace, sql<SqlBool>`hour < ${firstHourLeft(rules)}`, rules.now)),
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

const DROPPED = sql<SqlBool>`kind = 'delivery.dropped'`;
const AT_ONCE = sql<SqlBool>`kind <> 'delivery.dropped' AND hour IS NULL`;

/** The first hour that is not over: what happens in it may still be counted by transactions that began in it. */
function firstHourLeft({ now, groupMs }: Pick<ComposeRules, 'now' | 'groupMs'>): number {
  return Math.floor((now - groupMs) / HOUR);
}

/** The unmailed notices of these kinds: none before the oldest of them has waited until `since`. */
async function waited(
  trx: Transaction<Schema>,
  workspace: number,
  of: RawBuilder<SqlBool>,
  since: number,
): Promise<Array<Selectable<NoticesTable>>> {
  const rows = await trx
    .selectFrom('notices')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('mailed_at', 'is', null)
    .where(of)
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
  'automation.failed': 'failed',
  'automation.braked': 'braked',
  'mail.refused': 'refused',
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
    .where('deleted_at', 'is', null)
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
): Promise<Array<Omit<DueMail, 'queues'>>> {
  const rows = await trx
    .selectFrom('mails as m')
    .innerJoin('workspaces as w', 'w.key', 'm.workspace')
    .selectAll('m')
    .select('w.name')
    .where('m.workspace', '=', workspace)
    .where('m.key', 'in', keys)
    .where('w.deleted_at', 'is', null)
    .orderBy('m.key')
    .execute();
  const due: Array<Omit<DueMail, 'queues'>> = [];
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

/** A mail lists no more endpoints. */
const MAX_COUNTED = 20;
/** More than anybody reads off a mail: the newest are looked at. */
const MAX_DROPPED = 10_000;

/** What has become of the deliveries of the disabled endpoints that a mail tells of. */
async function countQueues(
  read: Kysely<Schema>,
  { workspace, notices }: Pick<DueMail, 'workspace' | 'notices'>,
): Promise<DueMail['queues']> {
  const disabled = notices
    .filter((notice): notice is Notice<'endpoint.disabled'> => notice.kind === 'endpoint.disabled')
    .slice(0, MAX_COUNTED);
  const keys = disabled.flatMap(({ endpoint }) => endpoint ?? []);
  const open = await countOpen(read, workspace, keys);
  const queues = new Map<number, QueueCounts>();
  for (const { endpoint, at, details } of disabled) {
    if (endpoint === null) continue;
    const droppedWithinMs = details.trip === null ? HOUR : details.trip.budget.window_s * SECOND;
    const { rows } = await sql<{ dropped: number }>`SELECT count(*) AS dropped FROM (
        SELECT ended_at FROM deliveries WHERE workspace = ${workspace} AND endpoint = ${endpoint}
          AND state = 'dropped' ORDER BY key DESC LIMIT ${MAX_DROPPED}) newest
      WHERE ended_at >= ${at - droppedWithinMs}`.execute(read);
    queues.set(endpoint, {
      held: open.get(endpoint)?.count ?? 0,
      dropped: Number(rows[0]?.dropped ?? 0),
      droppedWithinMs,
    });
  }
  return queues;
}
