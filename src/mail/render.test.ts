import { describe, expect, test } from 'vitest';
import type { DueMail, MailKind } from '../store/records/mails.ts';
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
const CRM_RULE = { key: 5, kind: 'rule', name: 'CRM' } as const;
const PUBLIC_URL = 'https://hooks.example.com';
const WEBHOOKS_PAGE = `${PUBLIC_URL}/settings/integrations/webhooks`;

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
    count: 1,
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
  failed: aNotice('automation.failed', {
    automation: CRM_RULE,
    run: 8,
    step: 'a',
    code: 'endpoint_gone',
    message: 'Its endpoint was deleted.',
  }),
  braked: aNotice('automation.braked', { automation: CRM_RULE, run: 8, subject: '761' }, { count: 12 }),
  refused: aNotice('mail.refused', {
    automation: CRM_RULE,
    mail: 9,
    run: 8,
    step: 'a',
    recipient: 'sam@example.com',
    error: '550 5.1.1 no such mailbox',
  }),
  dropped: aDrop(),
};
const ABOUT_ENDPOINTS: readonly MailKind[] = ['disabled', 'warning', 'enabled', 'expiring', 'dropped'];
const KINDS = Object.keys(MAILS) as Array<MailKind>;

function render(
  notices: readonly Notice[],
  over: {
    kind?: MailKind;
    language?: 'ar' | 'en';
    workspaceName?: string;
    queues?: DueMail['queues'];
    webhooksPage?: string | null;
  } = {},
) {
  const { kind = 'disabled', language = 'en', workspaceName = 'Acme', queues = new Map() } = over;
  const mail = {
    kind,
    recipient: { email: 'a@example.com', language },
    workspaceName,
    notices: [...notices],
    queues,
  };
  return renderMail(mail, { publicUrl: PUBLIC_URL, webhooksPage: over.webhooksPage ?? null });
}

describe.each(['en', 'ar'] as const)('in %s', (language) => {
  test.each(KINDS)('a mail of the kind %s says the same in HTML and in plain text', (kind) => {
    const mail = render([MAILS[kind]], { kind, language });
    expect(mail.html).toContain(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">`);
    expect(mail.html).not.toMatch(/undefined|null|NaN|\{\w+\}/);
    expect(mail.text).not.toMatch(/undefined|null|NaN|\{(?!"held")\w+\}/);
    expect(mail.subject).toMatch(language === 'ar' ? /[\u0600-\u06ff]/ : /^[A-Z0-9]/);
    const url = ABOUT_ENDPOINTS.includes(kind) ? [CRM.url] : [];
    for (const part of ['CRM', 'Acme', ...url]) {
      expect(mail.html).toContain(part);
      expect(mail.text).toContain(part);
    }
  });

  test('A13: who is told that an endpoint was disabled is told how to enable it', () => {
    for (const webhooksPage of [null, WEBHOOKS_PAGE]) {
      const mail = render([aDisabling()], { language, webhooksPage });
      for (const text of [mail.html, mail.text]) {
        expect(text).toContain(`${PUBLIC_URL}/v1/endpoints/ep_`);
        expect(text.includes(WEBHOOKS_PAGE)).toBe(webhooksPage !== null);
      }
    }
  });

  test.each(KINDS)('a mail of the kind %s has no link to a page that is not there', (kind) => {
    const mail = render([MAILS[kind]], { kind, language });
    expect(mail.html).not.toMatch(/<a\s/);
    const urls = mail.text.match(/https:\/\/hooks\.example\.com[^\s'"]*/g) ?? [];
    for (const url of urls) expect(url).toMatch(/\/v1\/(?:endpoints|deliveries|runs|mails)\b/);
  });

  test('who is told of a disabling is told how many deliveries are held, and how many were dropped', () => {
    const notice = aDisabling();
    const queues = new Map([[notice.endpoint ?? 0, { held: 3, dropped: 28, droppedWithinMs: 1_800_000 }]]);
    const told = render([notice], { language, queues }).text;
    const [held, dropped] =
      language === 'en'
        ? ['3 deliveries are held so far', '28 deliveries were dropped in the 30 minutes before']
        : ['حُجزت 3 تسليمات حتى الآن', 'أُسقط 28 تسليمًا قبل التعطيل خلال 30 دقيقة'];
    expect(told).toContain(held);
    expect(told).toContain(dropped);
    const stays = (language === 'en' ? english : arabic).disabled.dropped;
    expect(told).toContain(stays);
    queues.set(notice.endpoint ?? 0, { held: 0, dropped: 0, droppedWithinMs: 1_800_000 });
    expect(render([notice], { language, queues }).text).not.toContain(stays);
  });

  test.each(CAUSES)('there is advice for errors of the kind %s', (cause) => {
    const texts = language === 'ar' ? arabic : english;
    expect(texts.causes[cause].title).not.toBe('');
    expect(texts.causes[cause].check).toMatch(/[.؟?)]$/);
  });
});

test('in Arabic what failed is told in Arabic, with its code standing for itself; in English as recorded', () => {
  const error = 'connection_refused: crm.example.com (192.0.2.1, port 443) refused the connection.';
  const inArabic = render([aDisabling({ error })], { language: 'ar' });
  expect(inArabic.text).toContain('رفض الخادم الاتصال. \u2066connection_refused\u2069');
  expect(inArabic.html).toMatch(/رفض الخادم الاتصال\. <bdi dir="ltr"[^>]*>connection_refused<\/bdi>/);
  for (const text of [inArabic.text, inArabic.html]) expect(text).not.toContain('refused the connection');
  expect(render([aDisabling({ error })]).text).toContain(error);
  const drop = render([aDrop()], { kind: 'dropped', language: 'ar' }).text;
  expect(drop).toContain('أجاب المستقبِل بالرمز 503. \u2066HTTP 503\u2069');
  const failed = render([MAILS.failed], { kind: 'failed', language: 'ar' }).text;
  expect(failed).toContain('حُذفت الوجهة التي تُرسِل إليها. \u2066endpoint_gone\u2069');
  expect(failed).not.toContain('was deleted');
  // What nobody has a text for stays as it was said.
  expect(render([aDisabling({ error: 'odd: thing' })], { language: 'ar' }).text).toContain('odd: thing');
});

test('what is grouped is told with how often it happened', () => {
  expect(render([MAILS.braked], { kind: 'braked' }).text).toContain('12 times');
  expect(render([MAILS.braked], { kind: 'braked', language: 'ar' }).text).toContain('12 مرة');
  const two = [MAILS.refused, { ...MAILS.refused, key: 99, count: 4 }];
  expect(render(two, { kind: 'refused' }).subject).toBe('5 mails were refused · Acme');
  expect(render([MAILS.failed], { kind: 'failed' }).subject).toBe(
    'The automation “CRM” could not do all that it should · Acme',
  );
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
