/** Chromium as it comes from npm, with a folder of its own for what it unpacks. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContext, type Page, chromium as playwright } from 'playwright-core';

export async function startBrowser(): Promise<Browser> {
  // Its own flags are left out: with `--single-process` it died, and `--disable-web-security` hides faults.
  const args = ['--no-sandbox', '--no-zygote', '--disable-gpu', '--hide-scrollbars'];
  return playwright.launch({ executablePath: await chromium.executablePath(), args, headless: true });
}

export interface Reader {
  language: 'en' | 'ar';
  width: number;
  scheme: 'light' | 'dark';
}

export interface Watched {
  context: BrowserContext;
  page: Page;
  /** What the browser complained of: errors, violated policies, failed requests. */
  complaints: string[];
}

/** A page of its own for one reader; everything that the browser complains of is kept. */
export async function openPage(
  browser: Browser,
  url: string,
  { language, width, scheme }: Reader,
): Promise<Watched> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height: 850 },
    locale: language === 'ar' ? 'ar' : 'en-GB',
    timezoneId: 'Asia/Riyadh',
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  await context.addCookies([
    { name: 'mirsal_language', value: language, url },
    { name: 'mirsal_scheme', value: scheme, url },
  ]);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // A browser reports each 401 of a question before the sign-in as an error of its own.
    if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text());
  });
  return { context, page, complaints };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page as it is: one line for each fault. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // A script element would be refused by the page's policy.
  await page.evaluate(`${AXE};0`);
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: {
          run(
            document: unknown,
            options: object,
          ): Promise<{ violations: Array<{ id: string; impact: string; nodes: Array<{ html: string }> }> }>;
        };
        document: unknown;
      }
    ).axe.run((globalThis as unknown as { document: unknown }).document, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html.slice(0, 200)}`);
  });
}

/** How far the page is wider than its window: 0 where nothing has to be moved aside. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
