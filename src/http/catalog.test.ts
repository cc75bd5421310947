/** The public pages of the catalog: no key, nothing from elsewhere, in both languages. */

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import { realRandom } from '../real.ts';
import { aServer, PUBLIC_URL, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeAll(async () => {
  server = await aServer(parts, { publicCatalog: true });
});
afterAll(() => server.close());

const get = (url: string, language = 'en') =>
  server.app.inject({ method: 'GET', url, headers: { 'accept-language': language } });
const linksIn = (page: string) => [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url = '']) => url);

test('every type has a page in each language, and no link leads nowhere or elsewhere', async () => {
  const seen = new Set<string>();
  const open = ['/event-catalog'];
  for (let url = open.shift(); url !== undefined; url = open.shift()) {
    if (seen.has(url)) continue;
    seen.add(url);
    const answer = await get(url);
    expect([url, answer.statusCode]).toEqual([url, 200]);
    if (!String(answer.headers['content-type']).startsWith('text/html')) continue;
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    open.push(...linksIn(answer.body).map((link) => link.replaceAll('&amp;', '&')));
  }
  for (const { name, samples } of builtInEventTypes.values()) {
    const path = `/event-catalog/${name}`;
    const files = [`${path}/schema.json`, ...samples.map((sample) => `${path}/samples/${sample.name}.json`)];
    for (const url of [`${path}?lang=en`, `${path}?lang=ar`, ...files]) expect(seen).toContain(url);
  }
});

test('a page is in the language of the address, else of the browser', async () => {
  const path = '/event-catalog/contact.optin.completed';
  const arabic = builtInEventTypes.get('contact.optin.completed')?.title.ar ?? '';
  expect((await get(path, 'ar')).body).toContain(`dir="rtl"`);
  expect((await get(`${path}?lang=en`, 'ar')).body).toContain(`dir="ltr"`);
  expect((await get(`${path}?lang=ar`)).body).toContain(`<h1>${arabic}</h1>`);
});

test('the members of a body are all told of, with those within others', async () => {
  const { body } = await get('/event-catalog/contact.optin.completed');
  for (const member of ['type', 'data.contact.email', 'data.funnel_step.funnel.name', 'created_at']) {
    expect(body).toContain(`<code>${member}</code>`);
  }
});

test('samples are the bodies as they are sent, and the schema at its address takes them', async () => {
  for (const { name, samples } of builtInEventTypes.values()) {
    const schema = (await get(`/event-catalog/${name}/schema.json`)).json();
    expect(schema.$id).toBe(`${PUBLIC_URL}/event-catalog/${name}/schema.json`);
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const isValid = ajv.compile(schema);
    for (const sample of samples) {
      const answer = await get(`/event-catalog/${name}/samples/${sample.name}.json`);
      expect(answer.body).toBe(sample.body);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect([name, isValid(answer.json()), isValid.errors]).toEqual([name, true, null]);
    }
    expect(isValid({})).toBe(false);
  }
});

test('what the catalog does not have is a 404, and without the setting there is none of it', async () => {
  for (const path of ['nothing', 'nothing/schema.json', 'contact.created/samples/nothing.json']) {
    const answer = await get(`/event-catalog/${path}`);
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found']);
  }
  const closed = await aServer(parts);
  expect((await closed.app.inject({ method: 'GET', url: '/event-catalog' })).statusCode).toBe(404);
  await closed.close();
});
