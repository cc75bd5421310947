/** Notices as the API shows them: what happened, and who was told. Pure. */

import { type Static, Type } from 'typebox';
import { maskDetails } from '../../core/egress/maskUrl.ts';
import { formatId } from '../../core/ids.ts';
import type { ListedNotice } from '../../store/records/mails.ts';
import { type AutomationNamed, NOTICE_KINDS, type NoticeDetails } from '../../store/records/notices.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { automationId } from './automation.ts';
import { mailState } from './mail.ts';

const NoticeMailSchema = Type.Object(
  {
    recipient: Type.String(),
    language: oneOf(['ar', 'en'] as const),
    state: mailState,
    error: nullable(Type.String(), { description: "The mail server's last words where it did not take it." }),
    sent_at: nullable(time('When the mail server took it.')),
  },
  { $id: 'NoticeMail', description: 'A mail that tells one person of a notice.' },
);
type NoticeMailView = Static<typeof NoticeMailSchema>;

const NoticeSchema = Type.Object(
  {
    id: Type.String(),
    kind: oneOf(NOTICE_KINDS),
    at: time('When it happened; where it is grouped, for the first time.'),
    count: Type.Integer({
      description:
        'How often: `automation.failed`, `automation.braked` and `mail.refused` are grouped by rule or workflow and hour of the clock, ' +
        'and `details` tell of the first time.',
    }),
    endpoint_id: nullable(Type.String()),
    delivery_id: nullable(Type.String()),
    details: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      additionalProperties: true,
      description: 'By kind; names and URLs as they were at that moment.',
    }),
    mails: Type.Array(ref<NoticeMailView>('NoticeMail'), {
      description: 'Empty until a mail is made, and where nobody was to be told.',
    }),
  },
  { $id: 'Notice', description: 'Something that people and systems are told of.' },
);
export type NoticeView = Static<typeof NoticeSchema>;

export const noticeComponents = [NoticeMailSchema, NoticeSchema, pageOf(ref('Notice'), 'NoticePage')];

export function noticeView(notice: ListedNotice): NoticeView {
  return {
    id: formatId('ntc', notice.key),
    kind: notice.kind,
    at: formatTime(notice.at),
    count: notice.count,
    endpoint_id: notice.endpoint === null ? null : formatId('ep', notice.endpoint),
    delivery_id: notice.delivery === null ? null : formatId('dlv', notice.delivery),
    details: maskDetails(detailsView(notice)),
    mails: notice.mails.map(({ recipient, language, state, error, sentAt }) => ({
      recipient,
      language,
      state,
      error,
      sent_at: sentAt === null ? null : formatTime(sentAt),
    })),
  };
}

function automationOf(automation: AutomationNamed | null): object | null {
  if (automation === null) return null;
  const { key, kind, name } = automation;
  return { id: automationId(kind, key), kind, name };
}

function detailsView(notice: ListedNotice): Record<string, unknown> {
  switch (notice.kind) {
    case 'budget.warning': {
      const { endpoints, ...rest } = notice.details as NoticeDetails['budget.warning'];
      return {
        ...rest,
        endpoints: endpoints.map(({ endpoint, ...culprit }) => ({
          endpoint_id: formatId('ep', endpoint),
          ...culprit,
        })),
      };
    }
    case 'delivery.dropped': {
      const { event, ...rest } = notice.details as NoticeDetails['delivery.dropped'];
      return { ...rest, event_id: event };
    }
    case 'held.expiring': {
      const { oldest_at, expires_at, ...rest } = notice.details as NoticeDetails['held.expiring'];
      return { ...rest, oldest_at: formatTime(oldest_at), expires_at: formatTime(expires_at) };
    }
    case 'automation.failed': {
      const { run, automation, ...rest } = notice.details as NoticeDetails['automation.failed'];
      return { automation: automationOf(automation), run_id: formatId('run', run), ...rest };
    }
    case 'automation.braked': {
      const { run, automation, subject } = notice.details as NoticeDetails['automation.braked'];
      return { automation: automationOf(automation), run_id: formatId('run', run), subject };
    }
    case 'mail.refused': {
      const { run, mail, automation, ...rest } = notice.details as NoticeDetails['mail.refused'];
      const run_id = run === null ? null : formatId('run', run);
      return { automation: automationOf(automation), mail_id: formatId('mail', mail), run_id, ...rest };
    }
    case 'endpoint.disabled':
    case 'endpoint.enabled':
      return { ...(notice.details as NoticeDetails[typeof notice.kind]) };
    default:
      return notice.kind satisfies never;
  }
}
