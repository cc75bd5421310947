/** The AsyncAPI document. AsyncAPI's own schema judges its form; real bodies, what it says of them. */

import { readFileSync } from 'node:fs';
import { Ajv, type Options, type SchemaObject } from 'ajv';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import { realRandom } from '../real.ts';
import { aServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

interface Message {
  payload: SchemaObject;
  examples: Array<{ payload: unknown }>;
}
let document: { asyncapi: string; components: { messages: Record<string, Message> } };

beforeAll(async () => {
  const server = await aServer(parts);
  document = (await server.call('GET', '/v1/asyncapi.json')).body;
  await server.close();
});

function anAjv(options: Options = {}): Ajv {
  const ajv = new Ajv({ strict: false, allErrors: true, ...options });
  addFormats.default(ajv);
  return ajv;
}

describe('the AsyncAPI document', () => {
  test('is one, by AsyncAPI’s schema', () => {
    const path = new URL(import.meta.resolve('@asyncapi/specs/schemas/3.0.0.json'));
    // It brings draft 7 along; Ajv's own copy would be a second one of that name.
    const ajv = anAjv({ meta: false, validateSchema: false });
    const isValid = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));
    expect([isValid(document), isValid.errors]).toEqual([true, null]);
    expect(isValid({ ...document, channels: { endpoint: { address: 5 } } })).toBe(false);
  });

  test('has a message for each event type, whose samples its schema takes', () => {
    const { messages } = document.components;
    expect(Object.keys(messages)).toEqual([...builtInEventTypes.keys()]);
    for (const [name, { payload, examples }] of Object.entries(messages)) {
      const isValid = anAjv().compile(payload);
      expect(examples.length, name).toBeGreaterThan(0);
      for (const example of examples) {
        expect([name, isValid(example.payload), isValid.errors]).toEqual([name, true, null]);
      }
      expect(isValid({}), name).toBe(false);
    }
  });

  test('refers to nothing that is not there', () => {
    const refs: string[] = [];
    JSON.stringify(document, (key, value) => {
      if (key === '$ref') refs.push(value);
      return value;
    });
    expect(refs.length).toBeGreaterThan(3 * builtInEventTypes.size);
    for (const ref of refs) {
      const names = ref.slice(2).split('/');
      const found = names.reduce<unknown>((at, name) => Reflect.get(at as object, name), document);
      expect(found, ref).toBeTypeOf('object');
    }
  });
});
