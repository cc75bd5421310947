/**
 * From a mail's notices to its subject, HTML and plain text. Pure. What is most urgent comes first and
 * gives the mail its subject; everything else that happened in the same minute follows below.
 */

import { type DueMail, type MailKind, STEP_MAIL } from '../store/records/mails.ts';
import type { Notice, NoticeKind } from '../store/records/notices.ts';
import { brakedSection, failedSection, refusedSection } from './automationSections.ts';
import { escapeHtml, renderHtml } from './html.ts';
import { createLocale, type Locale } from './locale.ts';
import {
  type Block,
  codePiece,
  type Line,
  type MailContent,
  namePiece,
  plainLine,
  shorten,
  type Tone,
} from './pieces.ts';
import { renderPlain } from './plain.ts';
import {
  disabledSection,
  droppedSection,
  enabledSection,
  expiringSection,
  type MailLinks,
  type Section,
  type SectionPlace,
  warningSection,
} from './sections.ts';

export interface RenderedMail {
  subject: string;
  html: string;
  text: string;
}

const TONES: Record<MailKind, Tone> = {
  disabled: 'alert',
  expiring: 'caution',
  warning: 'caution',
  enabled: 'good',
  failed: 'alert',
  refused: 'caution',
  braked: 'caution',
  dropped: 'caution',
};

const MAX_SUBJECT = 150;
const MAX_WORKSPACE = 60;

type MailToRender = Pick<DueMail, 'recipient' | 'workspaceName' | 'notices' | 'queues'> & {
  kind: MailKind;
};

/** A mail that is due, whoever has written it. */
export function renderDue(mail: DueMail, links: MailLinks): RenderedMail {
  if (mail.kind === STEP_MAIL) {
    return renderOwn(mail.own ?? { subject: '', text: '' }, mail.recipient.language);
  }
  return renderMail({ ...mail, kind: mail.kind }, links);
}

export function renderMail(mail: MailToRender, links: MailLinks): RenderedMail {
  const locale = createLocale(mail.recipient.language);
  const content = contentOf(mail, { ...links, locale, queues: mail.queues });
  return { subject: content.subject, html: renderHtml(content), text: renderPlain(content) };
}

/** A mail whose words a person has written: as they are, each line in its own direction. */
export function renderOwn({ subject, text }: NonNullable<DueMail['own']>, language: string): RenderedMail {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `<div dir="auto">${escapeHtml(line) || '<br>'}</div>`);
  const style =
    'font-family:system-ui,-apple-system,sans-serif;font-size:16px;line-height:1.6;margin:0;padding:24px 16px';
  const html = `<!doctype html><html lang="${escapeHtml(language)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escapeHtml(subject)}</title></head><body style="${style}"><div style="max-width:600px;margin:0 auto;overflow-wrap:anywhere">${lines.join('')}</div></body></html>`;
  return { subject, html, text };
}

function contentOf(mail: MailToRender, place: SectionPlace): MailContent {
  const { locale } = place;
  const { texts, language } = locale;
  const workspace = namePiece(shorten(mail.workspaceName, MAX_WORKSPACE));
  const [first, ...others] = sectionsOf(mail.notices, place);
  if (first === undefined) throw new Error('A mail tells of one notice at least.');
  return {
    language,
    tone: TONES[mail.kind],
    subject: subjectOf(locale, first.title, workspace.text),
    kicker: locale.fill(texts.from, { workspace }),
    title: first.title,
    blocks: [
      ...first.blocks,
      ...others.flatMap(({ title, blocks }): Block[] => [{ kind: 'heading', line: title }, ...blocks]),
    ],
    footer: [
      locale.fill(texts.footer.why, { workspace }),
      locale.fill(texts.footer.change, {
        setting: codePiece('notification_recipients'),
        call: codePiece('PATCH /v1/settings'),
      }),
    ],
  };
}

function subjectOf(locale: Locale, title: Line, workspace: string): string {
  const line = locale.fill(locale.texts.subject, {
    title: { kind: 'text', text: plainLine(title, locale.language) },
    workspace: namePiece(workspace),
  });
  return shorten(plainLine(line, locale.language), MAX_SUBJECT);
}

function sectionsOf(notices: readonly Notice[], place: SectionPlace): Section[] {
  const disabled = ofKind(notices, 'endpoint.disabled');
  const warnings = ofKind(notices, 'budget.warning');
  const expiring = ofKind(notices, 'held.expiring');
  const enabled = ofKind(notices, 'endpoint.enabled');
  const dropped = ofKind(notices, 'delivery.dropped');
  const failed = ofKind(notices, 'automation.failed');
  const braked = ofKind(notices, 'automation.braked');
  const refused = ofKind(notices, 'mail.refused');
  const sections: Section[] = [];
  if (disabled.length > 0) sections.push(disabledSection(place, disabled, warnings));
  if (expiring.length > 0) sections.push(expiringSection(place, expiring));
  // Where endpoints were disabled, that the budget was running out is no news of its own.
  if (warnings.length > 0 && disabled.length === 0) sections.push(warningSection(place, warnings));
  if (enabled.length > 0) sections.push(enabledSection(place, enabled));
  if (failed.length > 0) sections.push(failedSection(place, failed));
  if (refused.length > 0) sections.push(refusedSection(place, refused));
  if (braked.length > 0) sections.push(brakedSection(place, braked));
  if (dropped.length > 0) sections.push(droppedSection(place, dropped));
  return sections;
}

function ofKind<Kind extends NoticeKind>(notices: readonly Notice[], kind: Kind): Array<Notice<Kind>> {
  return notices.filter((notice): notice is Notice<Kind> => notice.kind === kind);
}
