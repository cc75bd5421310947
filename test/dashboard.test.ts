/** The dashboard in a real browser, by roles and names alone, from an empty installation: in English, and again in Arabic. */

import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  accessibilityFaults,
  openPage,
  overflow,
  type Reader,
  startBrowser,
  type Watched,
} from './support/browser.ts';
import { CHEAP_PASSWORDS } from './support/passwords.ts';
import { callsTo } from './support/process.ts';
import { type Served, startServed } from './support/served.ts';

const PASSWORD = 'correct horse battery';

/** The words that people and guides rely on. */
const WORDS = {
  en: {
    setup: 'Welcome to Mirsal',
    name: 'Your name',
    email: 'E-mail address',
    password: 'Password',
    workspace: 'Name of the workspace',
    createAccount: 'Create account',
    signIn: 'Sign in',
    overview: 'Overview',
    integrations: 'Integrations',
    connect: 'Connect',
    webhooks: 'Webhooks',
    add: 'Add webhook',
    useBin: 'Use a test bin',
    url: 'URL',
    called: 'Name',
    optin: 'Form subscribed',
    secret: 'The secret of this webhook',
    done: 'Done',
    test: 'Send a test',
    delivered: 'Delivered at the first attempt.',
    attempt: 'Attempt 1',
    events: 'Events',
    deliveries: 'Deliveries',
    actionsFor: 'Actions for CRM',
    disable: 'Disable',
    disabled: 'Disabled',
    enable: 'Enable',
    active: 'Active',
    signOut: 'Sign out',
    account: 'Account of Sara',
    ended: 'You were signed out. Sign in to go on where you were.',
    badUrl: 'This is no address. It begins with https://',
  },
  ar: {
    setup: 'أهلًا بك في مرسال',
    name: 'اسمك',
    email: 'البريد الإلكتروني',
    password: 'كلمة المرور',
    workspace: 'اسم مساحة العمل',
    createAccount: 'إنشاء الحساب',
    signIn: 'تسجيل الدخول',
    overview: 'نظرة عامة',
    integrations: 'التكاملات',
    connect: 'اتصال',
    webhooks: 'خطافات الويب',
    add: 'إضافة خطاف ويب',
    useBin: 'استخدام وجهة اختبار',
    url: 'العنوان (URL)',
    called: 'الاسم',
    optin: 'اشتراك عبر نموذج',
    secret: 'سرّ خطاف الويب هذا',
    done: 'تمّ',
    test: 'إرسال اختبار',
    delivered: 'سُلّم من أول محاولة.',
    attempt: 'المحاولة 1',
    events: 'الأحداث',
    deliveries: 'التسليمات',
    actionsFor: 'إجراءات CRM',
    disable: 'تعطيل',
    disabled: 'معطّل',
    enable: 'تفعيل',
    active: 'مفعّل',
    signOut: 'تسجيل الخروج',
    account: 'حساب Sara',
    ended: 'انتهت جلستك. سجّل الدخول لتتابع من حيث توقفت.',
    badUrl: 'هذا ليس عنوانًا. يبدأ العنوان بـ',
  },
} as const;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** On a loopback address without a public URL, nobody asks for the set-up token. */
async function start(): Promise<Served> {
  return startServed({ parts: { passwords: CHEAP_PASSWORDS } });
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });

async function expectSound({ page, complaints }: Watched): Promise<void> {
  // At rest: what it has asked for is there.
  await expect.poll(() => page.getByRole('status', { name: /^(?:Loading|جارٍ التحميل)$/ }).count()).toBe(0);
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(await overflow(page)).toBe(0);
  expect(complaints).toEqual([]);
}

describe.each([
  { language: 'en', width: 1280, scheme: 'light' },
  { language: 'ar', width: 390, scheme: 'dark' },
] as const)('a reader of $language, $width wide, $scheme', (reader: Reader) => {
  const words = WORDS[reader.language];
  const isNarrow = reader.width < 500;
  let mirsal: Served;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    mirsal = await start();
    watched = await openPage(browser, mirsal.url, reader);
    page = watched.page;
  });
  afterAll(async () => {
    await watched.context.close();
    await mirsal.close();
  });

  // Each step begins where the last one ended.
  let failed = false;
  beforeEach(({ onTestFailed }) => {
    expect(failed, 'a step before this one failed').toBe(false);
    onTestFailed(() => {
      failed = true;
    });
  });

  const go = async (name: string): Promise<void> => {
    const menu = { en: 'Menu', ar: 'القائمة' }[reader.language];
    if (isNarrow) await page.getByRole('button', { name: menu, exact: true }).click();
    await page.getByRole('link', { name, exact: true }).click();
  };

  test('makes the first account', async () => {
    await page.goto('/');
    await heading(page, words.setup).waitFor();
    expect(await page.locator('html').getAttribute('dir')).toBe(reader.language === 'ar' ? 'rtl' : 'ltr');
    await expectSound(watched);
    await page.getByLabel(words.name).fill('Sara');
    await page.getByLabel(words.email).fill('sara@example.com');
    await page.getByLabel(words.password).fill(PASSWORD);
    await page.getByLabel(words.workspace).fill('Acme');
    await page.getByRole('button', { name: words.createAccount }).click();
    await heading(page, words.overview).waitFor();
    await expectSound(watched);
  });

  test('loads at most 200 KiB of scripts for the first screen', async () => {
    const sizes: Array<Promise<number>> = [];
    const weigh = (response: Response): void => {
      if (response.url().endsWith('.js')) sizes.push(response.headerValue('content-length').then(Number));
    };
    page.on('response', weigh);
    await page.reload();
    await heading(page, words.overview).waitFor();
    page.off('response', weigh);
    const sum = (await Promise.all(sizes)).reduce((all, size) => all + size, 0);
    expect(sum).toBeGreaterThan(50 * 1024);
    expect(sum).toBeLessThan(200 * 1024);
  });

  test('connects a webhook to a test bin, and is told what is wrong beside the field', async () => {
    await go(words.integrations);
    await page.getByRole('link', { name: words.connect, exact: true }).click();
    await heading(page, words.webhooks).waitFor();
    await expectSound(watched);
    await page.getByRole('button', { name: words.add }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(words.url).fill('crm.example.com');
    await dialog.getByLabel(words.called, { exact: true }).fill('CRM');
    await dialog.getByText(words.badUrl).waitFor();
    await expectSound(watched);
    await dialog.getByRole('button', { name: words.useBin }).click();
    await dialog.getByRole('checkbox', { name: words.optin }).check();
    await dialog.getByRole('button', { name: words.add }).click();
    await page.getByRole('dialog', { name: words.secret }).waitFor();
    await expectSound(watched);
    await page.getByRole('button', { name: words.done, exact: true }).click();
    await page.getByText(words.active, { exact: true }).waitFor();
    await expectSound(watched);
  });

  test('sends a test, and sees it arrive without loading anything anew', async () => {
    await page.getByRole('button', { name: words.test }).click();
    await page.getByText(words.delivered).waitFor();
    await page.getByRole('region', { name: words.attempt }).waitFor();
    await expectSound(watched);
  });

  test('sees every event and delivery as they come', async () => {
    await go(words.events);
    await heading(page, words.events).waitFor();
    await page.getByRole('link', { name: words.optin }).first().waitFor();
    const { value } = await optin();
    const before = await page.getByRole('link', { name: words.optin }).count();
    await publish(mirsal, value);
    await expect.poll(() => page.getByRole('link', { name: words.optin }).count()).toBe(before + 1);
    await expectSound(watched);
    await page.getByRole('link', { name: words.optin }).first().click();
    await heading(page, words.optin).waitFor();
    await expectSound(watched);
    await go(words.deliveries);
    await heading(page, words.deliveries).waitFor();
    await expect.poll(() => page.getByRole('link', { name: words.optin }).count()).toBe(before + 1);
    await expectSound(watched);
  });

  test('disables it after a question, and enables it with what was held', async () => {
    await page.goto('/settings/integrations/webhooks');
    await page.getByRole('button', { name: words.actionsFor }).click();
    await page.getByRole('menuitem', { name: words.disable }).click();
    await page.getByRole('dialog').getByRole('button', { name: words.disable }).click();
    await page.getByText(words.disabled, { exact: true }).waitFor();
    const { value } = await optin();
    await publish(mirsal, value);
    await page.getByRole('button', { name: words.enable, exact: true }).click();
    await page.getByRole('dialog').getByRole('radio').first().waitFor();
    await expectSound(watched);
    await page.getByRole('dialog').getByRole('button', { name: words.enable, exact: true }).click();
    await page.getByText(words.active, { exact: true }).waitFor();
    const { body } = await owner(mirsal).call('GET', '/v1/endpoints');
    await expect
      .poll(async () => (await owner(mirsal).call('GET', '/v1/endpoints')).body.data[0].held)
      .toBe(0);
    expect(body.data[0].enabled).toBe(true);
  });

  test('comes back to where they were after a session has ended', async () => {
    await page.goto('/deliveries?state=delivered');
    await heading(page, words.deliveries).waitFor();
    await page.getByRole('button', { name: words.account }).click();
    await page.getByRole('menuitem', { name: words.signOut }).click();
    await heading(page, words.signIn).waitFor();
    await page.goto('/deliveries?state=delivered');
    await page.getByText(words.ended).waitFor();
    await expectSound(watched);
    await page.getByLabel(words.email).fill('sara@example.com');
    await page.getByLabel(words.password).fill(PASSWORD);
    await page.getByRole('button', { name: words.signIn }).click();
    await heading(page, words.deliveries).waitFor();
    expect(new URL(page.url()).search).toContain('state=delivered');
  });

  /** As the workspace's own key sees it. */
  function owner(of: Served) {
    return { call: callsTo(of.url) };
  }

  async function optin(): Promise<{ value: object }> {
    const { body } = await owner(mirsal).call('GET', '/v1/event-types/contact.optin.completed');
    return { value: body.samples[0].body.data };
  }

  async function publish(to: Served, data: object): Promise<void> {
    const event = { type: 'contact.optin.completed', data };
    expect((await owner(to).call('POST', '/v1/events', event)).status).toBe(202);
  }
});
