/** The mails about accounts: invitations and new passwords, in both languages. Pure. */

import type { PersonMail } from '../core/personMail.ts';
import { renderHtml } from './html.ts';
import { createLocale } from './locale.ts';
import { fill, type Line, type MailContent, namePiece, plainLine, shorten, textPiece } from './pieces.ts';
import { renderPlain } from './plain.ts';
import type { RenderedMail } from './render.ts';

interface PersonMailTexts {
  kicker: string;
  invitation: { title: string; by: string; byNobody: string; what: string; button: string; why: string };
  reset: { title: string; intro: string; what: string; button: string; why: string };
}

const ENGLISH: PersonMailTexts = {
  kicker: 'Mirsal',
  invitation: {
    title: 'You are invited to {workspace}',
    by: '{by} invites you to work in {workspace} in Mirsal.',
    byNobody: 'You are invited to work in {workspace} in Mirsal.',
    what: 'The link is for you alone, and holds until {time}.',
    button: 'Accept the invitation',
    why: 'You get this mail because somebody has entered your address. If you do not expect it, do nothing.',
  },
  reset: {
    title: 'A new password',
    intro: 'Hello {name}, a new password for your account in Mirsal was asked for.',
    what: 'The link works once, and holds until {time}. When you have chosen the new password, you are signed out everywhere.',
    button: 'Choose a new password',
    why: 'If you have not asked for it, do nothing: your password stays as it is.',
  },
};

const ARABIC: PersonMailTexts = {
  kicker: 'مرسال',
  invitation: {
    title: 'دعوة إلى {workspace}',
    by: 'يدعوك {by} إلى العمل في {workspace} في مرسال.',
    byNobody: 'أنت مدعوّ إلى العمل في {workspace} في مرسال.',
    what: 'هذا الرابط لك وحدك، ويسري حتى {time}.',
    button: 'قبول الدعوة',
    why: 'وصلتك هذه الرسالة لأن أحدهم أدخل عنوانك. إن لم تكن تتوقعها فتجاهلها.',
  },
  reset: {
    title: 'كلمة مرور جديدة',
    intro: 'مرحبًا {name}، طُلبت كلمة مرور جديدة لحسابك في مرسال.',
    what: 'يعمل الرابط مرة واحدة، ويسري حتى {time}. وحين تختار كلمة المرور الجديدة يُسجَّل خروجك من كل مكان.',
    button: 'اختيار كلمة مرور جديدة',
    why: 'إن لم تطلبها فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.',
  },
};

const MAX_NAME = 60;

export function renderPersonMail(mail: PersonMail): RenderedMail {
  const texts = mail.language === 'ar' ? ARABIC : ENGLISH;
  const parts = mail.kind === 'invitation' ? invitationLines(mail, texts) : resetLines(mail, texts);
  const time = textPiece(createLocale(mail.language).time(mail.expiresAt));
  const { what, button, why } = texts[mail.kind];
  const content: MailContent = {
    language: mail.language,
    tone: 'good',
    subject: plainLine(parts.title, mail.language),
    kicker: fill(texts.kicker),
    title: parts.title,
    blocks: [
      { kind: 'paragraph', line: parts.intro },
      { kind: 'button', label: button, url: mail.url },
      { kind: 'paragraph', line: fill(what, { time }) },
    ],
    footer: [fill(why)],
  };
  return { subject: content.subject, html: renderHtml(content), text: renderPlain(content) };
}

function invitationLines(
  mail: Extract<PersonMail, { kind: 'invitation' }>,
  { invitation }: PersonMailTexts,
): { title: Line; intro: Line } {
  const workspace = namePiece(shorten(mail.workspace, MAX_NAME));
  const intro =
    mail.by === null
      ? fill(invitation.byNobody, { workspace })
      : fill(invitation.by, { by: namePiece(shorten(mail.by, MAX_NAME)), workspace });
  return { title: fill(invitation.title, { workspace }), intro };
}

function resetLines(
  mail: Extract<PersonMail, { kind: 'reset' }>,
  { reset }: PersonMailTexts,
): { title: Line; intro: Line } {
  const name = namePiece(shorten(mail.name, MAX_NAME));
  return { title: fill(reset.title), intro: fill(reset.intro, { name }) };
}
