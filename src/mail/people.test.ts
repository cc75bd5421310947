/** Mails about accounts: each in its language, in HTML and plain text, with what people wrote kept apart. */

import { describe, expect, test } from 'vitest';
import type { PersonMail } from '../core/personMail.ts';
import { renderPersonMail } from './people.ts';

const INVITATION: PersonMail = {
  kind: 'invitation',
  to: 'omar@example.com',
  language: 'en',
  url: 'https://hooks.example.com/invite/inv_1_2_abc',
  expiresAt: Date.UTC(2026, 10, 9, 9, 30),
  workspace: 'Acme',
  by: 'Sara',
};
const RESET: PersonMail = {
  kind: 'reset',
  to: 'omar@example.com',
  language: 'ar',
  url: 'https://hooks.example.com/reset#abc',
  expiresAt: Date.UTC(2026, 10, 9, 9, 30),
  name: 'عمر',
};

describe('a mail to a person', () => {
  test.each([
    [INVITATION, 'You are invited to Acme', 'Sara invites you to work in Acme', 'November 9, 2026'],
    [{ ...INVITATION, by: null }, 'You are invited to Acme', 'You are invited to work in Acme', '2026'],
    [{ ...INVITATION, language: 'ar' as const }, 'دعوة إلى', 'إلى العمل في', 'نوفمبر'],
    [RESET, 'كلمة مرور جديدة', 'طُلبت كلمة مرور جديدة', 'نوفمبر'],
    [{ ...RESET, language: 'en' as const, name: 'Omar' }, 'A new password', 'Hello Omar', '2026'],
  ])('says who and what, until when, and where to go: %o', (mail, subject, intro, time) => {
    const rendered = renderPersonMail(mail);
    expect(rendered.subject).toContain(subject);
    for (const text of [rendered.text, rendered.html]) {
      expect(text).toContain(time);
      expect(text).toContain(mail.url);
    }
    expect(rendered.text).toContain(intro);
    expect(rendered.html).toContain(mail.language === 'ar' ? 'dir="rtl"' : 'dir="ltr"');
  });

  test('takes nothing for markup, and no line of another mail, from what people wrote', () => {
    const workspace = '<b>x</b>\r\nBcc: all@example.com \u202e';
    const { subject, html } = renderPersonMail({ ...INVITATION, workspace, by: '"><script>' });
    expect(subject).not.toMatch(/[\r\n\u202e]/);
    expect(html).not.toMatch(/<b>|<script>/);
  });
});
