/** The generated part of the SDK is made of the OpenAPI document as it is now; `npm run sdk` makes it anew. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Document, generateSdk } from '../clients/typescript/generate.ts';
import { startServed } from './support/served.ts';

const PLACE = join(import.meta.dirname, '../src/sdk/generated');

test('what is generated is current, and nothing else lies beside it', async () => {
  const served = await startServed();
  const document = (await served.call('GET', '/v1/openapi.json')).body as Document;
  await served.close();
  const files = generateSdk(document);
  if (process.env.UPDATE_SDK === '1') {
    mkdirSync(PLACE, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(PLACE, name), text);
  }
  expect(readdirSync(PLACE).sort()).toEqual(Object.keys(files).sort());
  for (const [name, text] of Object.entries(files)) {
    expect(readFileSync(join(PLACE, name), 'utf8'), `${name}: run \`npm run sdk\``).toBe(text);
  }
});
