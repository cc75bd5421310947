/**
 * Mails that the steps of a run send, written in the run's own transaction, and how many of them there may be, for
 * both databases (statement.ts).
 *
 * Counts are rows: of an address and of the whole workspace, by UTC day. The workspace's row is taken first, so that
 * transactions which write mails follow one another and never wait for each other in a circle. A mail that is one
 * too many is kept, `dropped`, with the reason, and its text is not.
 */

import { DAY } from '../../core/duration.ts';
import type { MailCode } from '../../core/failures/codes.ts';
import type { MailLimits, StepMail } from '../records/automation.ts';
import type { Steps } from './statement.ts';

/** Stands for all mails of the workspace in the place of an address. */
const ALL = '';

type MailLimitCode = Exclude<MailCode, 'mail_refused'>;

/** Mails of one step that were one too many. */
export interface DroppedMails {
  code: MailLimitCode;
  message: string;
  /** How many of the step's mails; `all` where it has no other. */
  count: number;
  all: boolean;
}

/** By step, of those that have some. */
export function* writeMails(
  workspace: number,
  run: number,
  mails: readonly StepMail[],
  now: number,
): Steps<ReadonlyMap<string, DroppedMails>> {
  const dropped = new Map<string, DroppedMails>();
  for (const mail of mails) {
    const code = yield* count(workspace, mail, Math.floor(now / DAY));
    const error = code === null ? null : `${code}: ${messageOf(code, mail.limits)}`;
    if (code !== null) note(dropped, mail, mails, code);
    yield {
      sql: `INSERT INTO mails (workspace, recipient, language, message_id, kind, notices, state, attempts,
          next_attempt_at, error, created_at, ended_at, subject, text, run, step)
        VALUES (?, ?, ?, ?, 'step', '[]', ?, 0, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      values: [
        ...[workspace, mail.recipient, mail.language, mail.messageId],
        ...[code === null ? 'pending' : 'dropped', now, error, now, code === null ? null : now],
        ...[mail.subject, code === null ? mail.text : null, run, mail.step],
      ],
    };
  }
  return dropped;
}

function note(
  dropped: Map<string, DroppedMails>,
  { step, limits }: StepMail,
  mails: readonly StepMail[],
  code: MailLimitCode,
): void {
  const noted = dropped.get(step)?.count ?? 0;
  const all = mails.filter((mail) => mail.step === step).length;
  dropped.set(step, { code, message: messageOf(code, limits), count: noted + 1, all: noted + 1 === all });
}

/** Counts the mail where there is room for it, else says what is used up. */
function* count(workspace: number, mail: StepMail, day: number): Steps<MailLimitCode | null> {
  const { perDay, perRecipient } = mail.limits;
  // Taken, not yet counted: an address that has had enough costs the others nothing.
  const [row] = yield {
    sql: `INSERT INTO mail_counts (workspace, day, recipient, count) VALUES (?, ?, ?, 0)
      ON CONFLICT (workspace, day, recipient) DO UPDATE SET count = mail_counts.count RETURNING count`,
    values: [workspace, day, ALL],
  };
  if (perDay !== null && Number(row?.count) >= perDay) return 'mail_limit';
  const recipient = mail.recipient.toLowerCase();
  const room = perRecipient ?? Number.MAX_SAFE_INTEGER;
  if (room < 1) return 'recipient_mail_limit';
  const counted = yield {
    sql: `INSERT INTO mail_counts (workspace, day, recipient, count) VALUES (?, ?, ?, 1)
      ON CONFLICT (workspace, day, recipient) DO UPDATE SET count = mail_counts.count + 1
        WHERE mail_counts.count < ? RETURNING count`,
    values: [workspace, day, recipient, room],
  };
  if (counted.length === 0) return 'recipient_mail_limit';
  yield {
    sql: 'UPDATE mail_counts SET count = count + 1 WHERE workspace = ? AND day = ? AND recipient = ?',
    values: [workspace, day, ALL],
  };
  return null;
}

function messageOf(code: MailLimitCode, { perDay, perRecipient }: MailLimits): string {
  return code === 'mail_limit'
    ? `rules and workflows of this workspace may send ${perDay} mails in a day (UTC), and have`
    : `one address may get ${perRecipient} mails of rules and workflows in a day (UTC), and has`;
}
