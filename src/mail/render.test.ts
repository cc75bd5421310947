import { describe, expect, test } from 'vitest';
import type { MailKind } from '../store/records/mails.ts';
import type { Notice, NoticeDetails, NoticeKind } from '../store/records/notices.ts';
import { arabic } from './arabic.ts';
import { CAUSES, causeOf } from './cause.ts';
import { english } from './english.ts';
import { createLocale } from './locale.ts';
import { visible } from './pieces.ts';
import { renderMail, renderOwn } from './render.ts';
import type { Forms } from './texts.ts';

const T = Date.UTC(2026, 2, 2, 9, 14, 7);
const BUDGET = { limit: 30, window_s: 1_800, scope: 'workspace' } as const;
const CRM = { name: 'CRM', url: 'https://crm.example.com/hook' };
const PUBLIC_URL = 'https://hooks.example.com';

let lastKey = 0;

function aNotice<Kind extends NoticeKind>(
  kind: Kind,
  details: NoticeDetails[Kind],
  over: Partial<Notice> = {},
): Notice {
  lastKey += 1;
  return {
    key: lastKey,
    workspace: 1,
    kind,
    endpoint: 1_000 + lastKey,
    delivery: null,
    details,
    at: T,
    ...over,
  };
}

function aDisabling(over: Partial<NoticeDetails['endpoint.disabled']> = {}): Notice {
  return aNotice('endpoint.disabled', {
    ...CRM,
    reason: 'error_budget',
    by: 'mirsal',
    error: 'HTTP 503',
    trip: { errors: 31, own: 31, budget: BUDGET },
    ...over,
  });
}

function aDrop(over: Partial<NoticeDetails['delivery.dropped']> = {}, at = T, endpoint = 7): Notice {
  const details = {
    ...CRM,
    event: 'order-1',
    event_type: 'contact.created',
    reason: 'retries_exhausted: 4 attempts, the last: HTTP 503',
    attempts: 4,
    ...over,
  };
  return aNotice('delivery.dropped', details, { at, endpoint, delivery: 42 });
}

const MAILS: Record<MailKind, Notice> = {
  disabled: aDisabling(),
  warning: aNotice('budget.warning', {
    level: 80,
    errors: 24,
    budget: BUDGET,
    endpoints: [{ endpoint: 5, ...CRM, errors: 24, error: 'dns_failed: crm.example.com does not exist.' }],
  }),
  enabled: aNotice('endpoint.enabled', { ...CRM, by: 'me', held: 3, choice: 'send' }),
  expiring: aNotice('held.expiring', { ...CRM, held: 12, oldest_at: T, expires_at: T + 86_400_000 }),
  dropped: aDrop(),
};
const KINDS = Object.keys(MAILS) as Array<MailKind>;

function render(
  notices: readonly Notice[],
  over: { kind?: MailKind; language?: 'ar' | 'en'; workspaceName?: string } = {},
) {
  const { kind = 'disabled', language = 'en', workspaceName = 'Acme' } = over;
  const mail = {
    kind,
    recipient: { email: 'a@example.com', language },
    workspaceName,
    notices: [...notices],
  };
  return renderMail(mail, PUBLIC_URL);
}

describe.each(['en', 'ar'] as const)('in %s', (language) => {
  test.each(KINDS)('a mail of the kind %s says the same in HTML and in plain text', (kind) => {
    const mail = render([MAILS[kind]], { kind, language });
    expect(mail.html).toContain(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">`);
    expect(mail.html).not.toMatch(/undefined|null|NaN|\{\w+\}/);
    expect(mail.text).not.toMatch(/undefined|null|NaN|\{(?!"held")\w+\}/);
    expect(mail.subject).toMatch(language === 'ar' ? /[\u0600-\u06ff]/ : /^[A-Z0-9]/);
    for (const part of ['CRM', 'https://crm.example.com/hook', 'Acme']) {
      expect(mail.html).toContain(part);
      expect(mail.text).toContain(part);
    }
  });

  test('A13: who is told that an endpoint was disabled is told how to enable it', () => {
    const mail = render([aDisabling()], { language });
    for (const text of [mail.html, mail.text]) {
      expect(text).toContain(`${PUBLIC_URL}/integrations/webhooks`);
      expect(text).toContain(`${PUBLIC_URL}/v1/endpoints/ep_`);
    }
  });

  test.each(CAUSES)('there is advice for errors of the kind %s', (cause) => {
    const texts = language === 'ar' ? arabic : english;
    expect(texts.causes[cause].title).not.toBe('');
    expect(texts.causes[cause].check).toMatch(/[.؟?)]$/);
  });
});

describe('what users wrote', () => {
  const hostile = '"><script>alert(1)</script>&\u202e\u0000';

  test('stands escaped in HTML and cannot turn the text around', () => {
    const notices = [
      aDisabling({ name: hostile, url: `https://x.example/${hostile}`, error: hostile }),
      aDrop({ ...CRM, name: hostile, event_type: hostile, reason: hostile }),
      aNotice('endpoint.enabled', { ...CRM, name: hostile, by: hostile, held: 0, choice: 'skip' }),
    ];
    for (const language of ['en', 'ar'] as const) {
      const { html, text, subject } = render(notices, { language, workspaceName: hostile });
      expect(html).not.toContain('<script');
      expect(html).toContain('&lt;script&gt;');
      for (const part of [html, text, subject]) expect(part).not.toMatch(/[\u202e\0]/);
    }
  });

  test('brings no line end and no control character into the subject', () => {
    const name = 'CRM\r\nBcc: all@example.com\u2028X\u0085\u0007';
    for (const language of ['en', 'ar'] as const) {
      const { subject } = render([aDisabling({ name })], { language, workspaceName: 'a\nb\tc' });
      expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(subject).toContain('CRM Bcc: all@example.com X');
    }
  });

  test('is cut where it is too long for a subject, between characters', () => {
    const { subject } = render([aDisabling({ name: '👩‍👩‍👧‍👦'.repeat(300) })], {
      workspaceName: 'w'.repeat(200),
    });
    expect([...new Intl.Segmenter().segment(subject)].length).toBeLessThanOrEqual(150);
    expect(subject).not.toMatch(/\u200d…/);
  });

  test('a URL shows without its query, where credentials often stand', () => {
    const mail = render([aDisabling({ url: 'https://crm.example.com/hook?token=s3cret#x' })]);
    expect(`${mail.html}${mail.text}`).not.toContain('s3cret');
  });

  test('half a surrogate pair becomes a character that a mail can carry', () => {
    expect(visible('a\ud83d')).toBe('a\ufffd');
  });
});

describe('counts', () => {
  const locale = createLocale('ar');
  const said = (forms: Forms, counts: readonly number[]) => counts.map((n) => locale.counted(forms, n));

  test('in Arabic take all six forms', () => {
    expect(said(arabic.dropped.title, [0, 1, 2, 3, 11, 100])).toEqual([
      'لم يُسقَط أيّ تسليم',
      'أُسقِط تسليم واحد',
      'أُسقِط تسليمان',
      'أُسقِطت 3 تسليمات',
      'أُسقِط 11 تسليمًا',
      'أُسقِط 100 تسليم',
    ]);
    expect(said(arabic.disabled.title, [1, 2, 10, 26, 102])).toEqual([
      'عُطِّلت وجهة واحدة',
      'عُطِّلت وجهتان',
      'عُطِّلت 10 وجهات',
      'عُطِّلت 26 وجهة',
      'عُطِّلت 102 وجهة',
    ]);
  });

  test('are written by the language', () => {
    expect(createLocale('en').counted(english.dropped.title, 1_234)).toBe('1,234 deliveries were dropped');
    expect(createLocale('en').counted(english.dropped.title, 1)).toBe('1 delivery was dropped');
    expect(createLocale('en').counted(english.enabled.send, 0)).toBe('Nothing had been held.');
    expect(createLocale('en').duration(1_800_000)).toBe('30 minutes');
    expect(createLocale('ar').duration(7_200_000)).toBe('ساعتان');
  });
});

describe('a mail of many notices', () => {
  test('lists twenty endpoints and says how many more there are', () => {
    const many = Array.from({ length: 500 }, (_, n) => aDisabling({ name: `Customer ${n}` }));
    const mail = render(many);
    expect(mail.subject).toBe('500 endpoints have been disabled · Acme');
    expect(mail.text.match(/^\* Customer/gm)).toHaveLength(20);
    expect(mail.text).toContain('480 more endpoints');
    expect(mail.html.length).toBeLessThan(100_000);
  });

  test('with endpoints disabled, the warning before is context and no section', () => {
    const mail = render([MAILS.warning, aDisabling(), MAILS.enabled]);
    expect(mail.subject).toBe('The endpoint “CRM” has been disabled · Acme');
    expect(mail.text).toContain('Shortly before, 80% of the error budget');
    expect(mail.text).not.toContain('80% of the error budget is used up');
    expect(mail.text).toContain('## The endpoint “CRM” is enabled again');
  });

  test('dropped deliveries are counted by endpoint, with the last reason and the first and last time', () => {
    const other = { name: 'Shop', url: 'https://shop.example.com/' };
    const mail = render(
      [
        aDrop({}, T),
        aDrop(
          { event_type: 'call.ended', reason: 'retries_exhausted: 4 attempts, the last: tls' },
          T + 1_500_000,
        ),
        aDrop(other, T, 8),
      ],
      { kind: 'dropped' },
    );
    expect(mail.subject).toBe('3 deliveries were dropped · Acme');
    const [crm = '', shop = ''] = mail.text.split('* ').slice(1);
    expect(crm).toContain('2 deliveries dropped');
    expect(crm).toMatch(/09:14.*09:39/);
    expect(crm).toContain('contact.created, call.ended');
    expect(crm).toContain('after 4 attempts:\n  tls\n');
    expect(shop).toContain('1 delivery dropped');
  });

  test('the several endpoints of one cause get its advice once', () => {
    const mail = render([
      aDisabling(),
      aDisabling({ error: 'HTTP 500' }),
      aDisabling({ error: 'dns_failed: x' }),
    ]);
    expect(mail.text.match(/Error at the receiver/g)).toHaveLength(1);
    expect(mail.text).toContain('The host name is not found');
  });
});

test.each([
  ['dns_timeout: The address of x could not be found.', 'dns'],
  ['connect_timeout: x', 'timeout'],
  ['tls_timeout: x', 'timeout'],
  ['tls_expired: x', 'tls'],
  ['connection_refused: x', 'connect'],
  ['connection_closed: x', 'protocol'],
  ['HTTP 302', 'redirect'],
  ['HTTP 401', 'credentials'],
  ['HTTP 404', 'missing'],
  ['HTTP 410', 'gone'],
  ['HTTP 422', 'refused'],
  ['HTTP 429', 'throttled'],
  ['HTTP 502', 'broken'],
  ['name_forbidden: x', 'blocked'],
  ['gone: HTTP 410', 'gone'],
  ['retries_exhausted: 4 attempts, the last: timeout', 'timeout'],
  ['retries_exhausted: 4 attempts, the last: HTTP 500', 'broken'],
  ['something else', null],
] as const)('"%s" is an error of the kind %s', (error, cause) => {
  expect(causeOf(error)).toBe(cause);
});

test('what a rule or workflow mails is as it was written, each line in its own direction, and inert', () => {
  const own = { subject: 'شكرًا <لك>', text: 'Hello,\nمرحبًا <b>' };
  const { subject, text, html } = renderOwn(own, 'ar');
  expect([subject, text]).toEqual([own.subject, own.text]);
  expect(html).toContain('<div dir="auto">Hello,</div><div dir="auto">مرحبًا &lt;b&gt;</div>');
  expect(html).not.toContain('<b>');
});
