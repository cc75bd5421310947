import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHECK_LIMITS, SCHEMA_LIMITS } from '../limits.ts';
import { Work } from '../work.ts';
import { schemaChecker } from './checkSchema.ts';
import { checkCustomEventType } from './customEventType.ts';
import type { JsonSchema } from './schema.ts';
import { validateData } from './validate.ts';

const check = (schema: JsonSchema, value: unknown, work = new Work()) =>
  schemaChecker(new Map()).check(schema, value, work);

const own = (schema: JsonSchema, data: unknown, work?: Work) =>
  validateData({ family: 'custom', schema }, data, work);

/** Small values that often fit, so that both verdicts are met. */
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, 1, 2, 2.5, -1, '', 'a', 'ab', '😀'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('any'), { maxKeys: 3 }),
  ),
})).any;

const schemas = fc.letrec((tie) => {
  const inner = tie('any');
  const list = fc.array(inner, { minLength: 1, maxLength: 3 });
  const count = fc.integer({ min: 0, max: 3 });
  return {
    any: fc.oneof(
      { maxDepth: 3 },
      fc.boolean(),
      fc.record(
        {
          type: fc.constantFrom('object', 'array', 'string', 'number', 'integer', 'null', [
            'array',
            'object',
          ]),
          enum: fc.array(values, { minLength: 1, maxLength: 3 }),
          const: values,
          required: fc.constantFrom(['a'], ['a', 'b']),
          minimum: count,
          exclusiveMaximum: count,
          multipleOf: fc.constantFrom(0.5, 2),
          minLength: count,
          maxItems: count,
          minProperties: count,
        },
        { requiredKeys: [] },
      ),
      fc.record(
        {
          properties: fc.dictionary(fc.constantFrom('a', 'b'), inner, { maxKeys: 2 }),
          additionalProperties: inner,
          prefixItems: list,
          items: inner,
          contains: inner,
          anyOf: list,
          oneOf: list,
          allOf: list,
          not: inner,
          if: inner,
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: inner,
          else: inner,
          $ref: fc.constant('#/$defs/d'),
        },
        { requiredKeys: [] },
      ),
    ),
  };
}).any;

/** Null where what ajv has made of the schema is faulty: of some, such as a `oneOf` beside an `else`, it names what it never declares. */
function verdictOf(validate: ValidateFunction, value: unknown): boolean | null {
  try {
    return validate(value);
  } catch (error) {
    if (error instanceof ReferenceError) return null;
    throw error;
  }
}

describe('reading a schema as it stands', () => {
  test('says of any value what ajv says', () => {
    const ajv = new Ajv2020({
      strict: false,
      validateSchema: false,
      strictNumbers: true,
      ownProperties: true,
    });
    fc.assert(
      fc.property(schemas, fc.oneof(fc.boolean(), values), values, (schema, constant, value) => {
        const root = { $defs: { d: { enum: [constant] } }, allOf: [schema] };
        const good = check(root, value).length === 0;
        const wanted = verdictOf(ajv.compile(structuredClone(root)), value);
        fc.pre(wanted !== null);
        expect({ value, good }).toEqual({ value, good: wanted });
      }),
      { numRuns: 300 },
    );
  });

  test('tells missing and wrong members of custom types with their places', () => {
    const schema = {
      type: 'object',
      required: ['id', 'to'],
      properties: {
        id: { type: 'integer' },
        list: { items: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
      },
    };
    expect(own(schema, { id: 'x', list: ['a', 1] }).map(({ field, message }) => [field, message])).toEqual([
      ['/data/to', 'is missing'],
      ['/data/id', 'must be a whole number, but is a string'],
      ['/data/list/1', expect.stringContaining('matches none of 2 alternatives')],
    ]);
  });
});

test('an alternative tells of the element that it is about, not of those whose number begins alike', () => {
  const items = { anyOf: [{ type: 'string' }, { enum: ['a'] }] };
  const list = Array.from({ length: 12 }, () => 1);
  const second = own({ properties: { list: { items } } }, { list })[1];
  expect(second).toMatchObject({
    field: '/data/list/1',
    message: expect.not.stringContaining('/data/list/10'),
  });
});

describe('work of checking (P11)', () => {
  const codes = Array.from({ length: 4000 }, (_, index) => `code_${index}`);
  const heavy = {
    $defs: { codes: { enum: codes } },
    properties: { list: { items: { anyOf: [{ $ref: '#/$defs/codes' }] } } },
  };

  test('an enum times the data is charged, and refused where it takes too much', () => {
    const work = new Work(CHECK_LIMITS.event.value);
    const list = Array.from({ length: 20_000 }, () => 'code_3999');
    expect(own(heavy, { list }, work)).toEqual([
      { field: '/data', keyword: 'event_too_costly', message: expect.stringContaining('10000000 steps') },
    ]);
    expect(work.used).toBeLessThanOrEqual(CHECK_LIMITS.event.value);
  });

  test('the same event takes the same steps, whether its schema was met before or not', () => {
    const used = () => {
      const work = new Work();
      own(structuredClone(heavy), { list: ['code_3999', 'code_0'] }, work);
      return work.used;
    };
    expect(used()).toBe(used());
    expect(used()).toBeGreaterThan(4000 * 2);
    expect(used()).toBeLessThan(4000 * 6);
  });

  test('950 members with alternatives cost an event of one member two thousand steps, and nothing to prepare', () => {
    const members = Array.from({ length: 950 }, (_, index) => [`m${index}`, { anyOf: [{ type: 'string' }] }]);
    const work = new Work();
    expect(own({ type: 'object', properties: Object.fromEntries(members) }, { m7: 'x' }, work)).toEqual([]);
    expect(work.used).toBeLessThan(2100);
  });

  test('an array of 50,000 members with an enum of 20 is well within the limit', () => {
    const work = new Work();
    const items = { type: 'object', properties: { unit: { enum: codes.slice(0, 20) } }, required: ['unit'] };
    const data = { list: Array.from({ length: 50_000 }, () => ({ unit: 'code_19' })) };
    expect(own({ properties: { list: { items } } }, data, work)).toEqual([]);
    expect(work.used).toBeLessThan(CHECK_LIMITS.event.value);
  });

  test('a definition that compares one value with too many is refused at the keyword that brings them', () => {
    const faultsOf = (schema: object) => checkCustomEventType({ name: 'a.b', schema });
    const alternatives = {
      properties: { a: { anyOf: [{ $ref: '#/$defs/codes' }, { $ref: '#/$defs/codes' }] } },
    };
    expect(faultsOf({ ...heavy, ...alternatives })).toEqual([
      { field: '/schema/$defs/codes/enum', keyword: 'size', message: expect.stringContaining('8002 values') },
    ]);
    expect(faultsOf(heavy)).toEqual([]);
    const names = Array.from({ length: SCHEMA_LIMITS.namesPerValue.value }, (_, index) => `n${index}`);
    expect(faultsOf({ properties: { a: { required: names } } })[0]?.field).toBe(
      '/schema/properties/a/required',
    );
  });
});
