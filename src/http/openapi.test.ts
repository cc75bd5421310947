/** The OpenAPI document: well formed, complete, and agreeing with the list of codes. */

import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import { realRandom } from '../real.ts';
import { CODE_NAMES } from './codes.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

interface Webhook {
  requestBody: {
    content: {
      'application/json': { schema: object; examples: Record<string, { value: unknown }> };
    };
  };
}

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
    expect(documented).toEqual(
      routes.filter((route) => !/^get \/v1\/(openapi|asyncapi)\.json$/.test(route)).sort(),
    );
  });

  // That each fits its schema is among the lint rules.
  test('has an example of every schema, body and answer', () => {
    const bare: string[] = [];
    for (const [name, schema] of Object.entries<{ examples?: unknown[] }>(document.components.schemas)) {
      if (schema.examples?.length !== 1) bare.push(name);
    }
    for (const [path, methods] of Object.entries<object>(document.paths)) {
      for (const [method, { requestBody = {}, responses }] of Object.entries(methods)) {
        for (const { content = {} } of [requestBody, ...Object.values<{ content?: object }>(responses)]) {
          for (const [type, media] of Object.entries<object>(content)) {
            if (!('example' in media)) bare.push(`${method} ${path} ${type}`);
          }
        }
      }
    }
    expect(bare).toEqual([]);
    const { Rule, Workflow } = document.components.schemas;
    expect(Rule.examples[0]).toMatchObject({
      id: expect.stringMatching(/^rule_/),
      trigger: { event_type: 'contact.tag.added' },
      actions: [{ type: 'webhook', url: 'https://crm.example.com/hooks' }],
    });
    expect(Workflow.examples[0].steps[0]).toMatchObject({ type: expect.any(String) });
    const answer = document.paths['/v1/endpoints/{id}'].get.responses[404];
    expect(answer.content['application/problem+json'].example).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  });

  test('has a webhook for every event type, whose samples fit its body', () => {
    expect(Object.keys(document.webhooks)).toEqual([...builtInEventTypes.keys()]);
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
    formats.default(ajv);
    const misfits: string[] = [];
    let samples = 0;
    for (const [name, { post }] of Object.entries<{ post: Webhook }>(document.webhooks)) {
      const { schema, examples } = post.requestBody.content['application/json'];
      const validate = ajv.compile(schema);
      for (const [sample, { value }] of Object.entries(examples)) {
        samples += 1;
        if (validate?.(value) !== true)
          misfits.push(`${name} ${sample}: ${ajv.errorsText(validate?.errors)}`);
      }
    }
    expect(misfits).toEqual([]);
    expect(samples).toBeGreaterThanOrEqual(builtInEventTypes.size);
  });

  test('describes every member and parameter', () => {
    const bare: string[] = [];
    const walk = (node: unknown, where: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        // What is said of a member under a condition is described where the member is.
        if (['example', 'examples', 'enum', 'if', 'then'].includes(key)) continue;
        if (key === 'properties') {
          for (const [member, schema] of Object.entries<object>(value)) {
            if (!('description' in schema) && !('title' in schema) && !('$ref' in schema))
              bare.push(`${where}.${member}`);
          }
        }
        if (key === 'parameters') {
          for (const { name, description } of value)
            if (description === undefined) bare.push(`${where}?${name}`);
        }
        walk(value, key === 'properties' || key === 'items' ? where : `${where}/${key}`);
      }
    };
    walk(document.components.schemas, '');
    walk(document.paths, '');
    expect(bare).toEqual([]);
  });

  test('has schemas that are valid: who checks requests by them takes that as read', () => {
    const ajv = new Ajv2020({ strict: false });
    const faultsOf = (schema: object) => (ajv.validateSchema(schema) === true ? [] : ajv.errors);
    for (const schema of Object.values<object>(document.components.schemas)) {
      expect(faultsOf(schema)).toEqual([]);
    }
    for (const methods of Object.values<object>(document.paths)) {
      for (const { parameters = [], requestBody } of Object.values(methods)) {
        const bodies = Object.values<{ schema: object }>(requestBody?.content ?? {});
        for (const { schema } of [...parameters, ...bodies]) expect(faultsOf(schema)).toEqual([]);
      }
    }
    expect(faultsOf({ type: 'text' })).not.toEqual([]);
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
  const config = await createConfig({
    extends: ['recommended'],
    // Platforms add members, and schemas of events say so.
    rules: { 'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true } },
  });
  const problems = await lintFromString({
    source: JSON.stringify(source),
    absoluteRef: '/openapi.json',
    config,
  });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
}
