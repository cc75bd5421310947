/** How the dashboard is served: one page under all its addresses, in the reader's language, under a strict policy. */

import { globSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { readDashboard } from './dashboardFiles.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };
const ROOT = new URL('../../dashboard/', import.meta.url).pathname;

let server: TestServer;
beforeAll(async () => {
  server = await aServer(parts, { dashboard: readDashboard(`${ROOT}dist`) });
});
afterAll(() => server.close());

const get = (url: string, headers: Record<string, string> = {}) =>
  server.app.inject({ method: 'GET', url, headers });

describe('the page', () => {
  test('is there under every address of the dashboard, and nowhere else', async () => {
    const routes = readFileSync(`${ROOT}src/routes.tsx`, 'utf8');
    const paths = [...routes.matchAll(/path: '([^']+)'/g)].map(([, path = '']) =>
      path.replace(/\$\w+/, 'some_id'),
    );
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) {
      const { statusCode, headers } = await get(path);
      expect([path, statusCode, headers['content-type']]).toEqual([path, 200, 'text/html; charset=utf-8']);
    }
    for (const path of ['/nothing', '/v1/nothing', '/eventsx']) {
      expect([path, (await get(path)).statusCode]).toEqual([path, 404]);
    }
  });

  test.each([
    ['ar-SA,en;q=0.5', '', 'lang="ar" dir="rtl" data-mantine-color-scheme="light"'],
    ['en', '', 'lang="en" dir="ltr" data-mantine-color-scheme="light"'],
    ['en', 'mirsal_language=ar; mirsal_scheme=dark', 'lang="ar" dir="rtl" data-mantine-color-scheme="dark"'],
    ['ar', 'a=b; mirsal_language=en', 'lang="en" dir="ltr" data-mantine-color-scheme="light"'],
    ['en', 'mirsal_scheme="><script>', 'lang="en" dir="ltr" data-mantine-color-scheme="light"'],
  ])('for a browser of %s with the cookies "%s" is <html %s>', async (language, cookie, html) => {
    const { body } = await get('/', { 'accept-language': language, cookie });
    expect(body).toContain(`<html ${html}>`);
  });

  test('has a policy without exceptions, and a nonce for each answer', async () => {
    const answers = [await get('/'), await get('/')];
    const nonces = answers.map(({ body, headers }) => {
      const policy = String(headers['content-security-policy']);
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(policy).toContain("script-src 'self';");
      const nonce = /nonce="([^"]+)"/.exec(body)?.[1] ?? '';
      expect(policy).toContain(`'nonce-${nonce}'`);
      expect(body).not.toMatch(/<script(?![^>]*\bsrc=)/);
      return nonce;
    });
    expect(new Set(nonces).size).toBe(2);
    expect(answers[0]?.headers['cache-control']).toBe('no-store');
  });
});

describe('files of the page', () => {
  const names = globSync('*.js', { cwd: `${ROOT}dist/assets` });

  test('are kept by browsers for ever, and packed for those that take it', async () => {
    const [name = ''] = names;
    const plain = await get(`/assets/${name}`);
    const packed = await get(`/assets/${name}`, { 'accept-encoding': 'gzip, br' });
    expect(plain.headers['cache-control']).toContain('immutable');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(packed.rawPayload).equals(plain.rawPayload)).toBe(true);
    expect(plain.headers['x-content-type-options']).toBe('nosniff');
  });

  test('that are not there are a 404, whatever the name', async () => {
    for (const name of ['nothing.js', '..%2Findex.html', 'made-of.txt', `${names[0]}.br`]) {
      expect([name, (await get(`/assets/${name}`)).statusCode]).toEqual([name, 404]);
    }
  });
});
