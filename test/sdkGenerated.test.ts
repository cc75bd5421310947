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

test('an operation is named by its noun, which is not said twice, and by whether it is for one or for many', () => {
  const operation = (operationId: string) => ({ operationId, summary: 'S', responses: { 204: {} } });
  const paths = {
    '/v1/deliveries/{id}/retry': { post: operation('retryDelivery') },
    '/v1/deliveries/retry': { post: operation('retryDeliveries') },
    '/v1/event-types/{name}': { get: operation('getEventType'), delete: operation('deleteEventType') },
    '/v1/bins/{id}/requests': { get: operation('listBinRequests') },
    '/v1/sign-in': { post: operation('signIn') },
  };
  const document: Document = { components: { schemas: {} }, paths, webhooks: {} };
  const { 'operations.ts': made = '' } = generateSdk(document);
  expect([...made.matchAll(/^ {2,4}(\w+): [[{]/gm)].map(([, name]) => name)).toEqual([
    'deliveries',
    'retry',
    'retryMany',
    'eventTypes',
    'get',
    'delete',
    'bins',
    'listRequests',
    'signIn',
    'signIn',
  ]);
  const same = { ...paths, '/v1/deliveries/{id}/again': { post: operation('retryDelivery') } };
  expect(() => generateSdk({ ...document, paths: same })).toThrow('deliveries.retry');
});
