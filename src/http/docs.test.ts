/** `/docs` shows the document, with no foreign host. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeAll(async () => {
  server = await aServer(parts);
});
afterAll(() => server.close());

const get = (url: string) => server.app.inject({ method: 'GET', url });

test('its page takes nothing from elsewhere, and all that it asks for is there', async () => {
  const page = await get('/docs');
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  const asked = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url = '']) => url);
  expect(asked).toContain('/docs/swagger-ui-bundle.js');
  for (const url of asked) {
    expect(url).toMatch(/^\/docs\//);
    expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
  }
});

test('what it shows is the document', async () => {
  expect((await get('/docs/start.js')).body).toContain("url: '/v1/openapi.json'");
  expect((await get('/docs/swagger-ui-bundle.js')).body).toContain('SwaggerUIBundle');
});
