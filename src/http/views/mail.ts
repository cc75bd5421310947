/** Mails as the API shows them: to whom, what about, and what became of them. Pure. */

import { type Static, Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import { type ListedMail, MAIL_KINDS, MAIL_STATES, STEP_MAIL } from '../../store/records/mails.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';

export const mailState = oneOf(MAIL_STATES, {
  description:
    '`pending` mails are tried again for three days. `refused`: the mail server turned it down for good, or could not ' +
    'be reached for those three days. `dropped`: rules and workflows had sent as many as the plan allows.',
});

const outcome = {
  recipient: Type.String(),
  state: mailState,
  error: nullable(Type.String(), {
    description: "The mail server's last words where it did not take it, or the limit that was reached.",
  }),
  sent_at: nullable(time('When the mail server took it.')),
};

const MailSchema = Type.Object(
  {
    id: Type.String(),
    kind: oneOf([STEP_MAIL, ...MAIL_KINDS], {
      description: '`step` for a mail of a rule or workflow; else what its notices are mainly about.',
    }),
    ...outcome,
    language: oneOf(['ar', 'en'] as const),
    subject: nullable(Type.String(), { description: 'Of a rule or workflow; null for a mail of notices.' }),
    attempts: Type.Integer(),
    created_at: time('When it was made.'),
    next_attempt_at: nullable(time('When it is tried next, while it is pending.')),
    ended_at: nullable(time('When it was sent, refused or dropped.')),
    run_id: nullable(Type.String(), { description: 'The run that sent it.' }),
    step: nullable(Type.String(), { description: 'The step of the run.' }),
    notice_ids: Type.Array(Type.String(), { description: 'The notices that it tells of.' }),
  },
  { $id: 'Mail', description: 'A mail to one address.' },
);
export type MailView = Static<typeof MailSchema>;

export const mailComponents = [MailSchema, pageOf(ref('Mail'), 'MailPage')];

export function mailView(row: ListedMail): MailView {
  return {
    id: formatId('mail', row.key),
    kind: row.kind,
    ...outcomeView(row),
    language: row.language,
    subject: row.subject,
    attempts: row.attempts,
    created_at: formatTime(row.createdAt),
    next_attempt_at: formatTimeOrNull(row.nextAttemptAt),
    ended_at: formatTimeOrNull(row.endedAt),
    run_id: row.run === null ? null : formatId('run', row.run),
    step: row.step,
    notice_ids: row.notices.map((key) => formatId('ntc', key)),
  };
}

/** What became of a mail. */
export function outcomeView({
  recipient,
  state,
  error,
  endedAt,
}: ListedMail): Pick<MailView, keyof typeof outcome> {
  return { recipient, state, error, sent_at: state === 'sent' ? formatTimeOrNull(endedAt) : null };
}
