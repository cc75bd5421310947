/** The OpenAPI document: well formed, complete, and agreeing with the list of codes. */

import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { CODE_NAMES } from './codes.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
// biome-ignore lint/suspicious/noExplicitAny: the document is looked into, and linted as a whole.
let document: any;

beforeAll(async () => {
  server = await aServer(parts);
  document = (await server.call('GET', '/v1/openapi.json')).body;
});
afterAll(() => server.close());

describe('the OpenAPI document', () => {
  test('passes the recommended lint rules without an error or a warning', async () => {
    expect(await lint(document)).toEqual([]);
    // The linter is awake:
    expect(await lint({ ...document, info: { title: 'Mirsal', version: '1' } })).not.toEqual([]);
    expect(document.openapi).toBe('3.1.0');
  });

  test('has every route of the API, each with an id, a summary, a tag and a say on security', () => {
    const operations = Object.entries<Record<string, Record<string, unknown>>>(document.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    for (const { name, operation } of operations) {
      expect(Object.keys(operation), name).toEqual(
        expect.arrayContaining(['operationId', 'summary', 'tags', 'security', 'responses']),
      );
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const documented = operations.map(({ name }) => name.replace(/\{(\w+)\}/g, ':$1')).sort();
    const routes = server.routes.map((route) => route.replace(/^\w+/, (method) => method.toLowerCase()));
    expect(documented).toEqual(routes.filter((route) => route !== 'get /v1/openapi.json').sort());
  });

  test('lists exactly the codes that there are', () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(CODE_NAMES);
  });
});

test('an answer that does not fit the document is noted by the check that tests use', async () => {
  const meta = { version: '1', publicUrl: () => '', sourceIps: [], limits: { lanes: 'many' as never } };
  const misfit = await aServer(parts, { meta });
  expect((await misfit.call('GET', '/v1/meta')).status).toBe(500);
  expect(misfit.check.failures).toEqual([expect.stringContaining('GET /v1/meta 200: ')]);
  await misfit.close();
});

async function lint(source: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({
    source: JSON.stringify(source),
    absoluteRef: '/openapi.json',
    config,
  });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
}
