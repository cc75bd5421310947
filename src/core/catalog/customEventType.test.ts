import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildCustomEventType,
  type CustomEventTypeDefinition,
  checkCustomEventType,
} from './customEventType.ts';
import { validateData } from './validate.ts';

function aDefinition(overrides: object = {}): CustomEventTypeDefinition & Record<string, unknown> {
  return { name: 'order.paid', schema: { type: 'object' }, ...overrides };
}

function fieldsAtFault(overrides: object): string[] {
  return checkCustomEventType(aDefinition(overrides)).map((fault) => fault.field);
}

function schemaFaults(schema: unknown): string[] {
  return fieldsAtFault({ schema });
}

describe('a definition', () => {
  const full = aDefinition({
    title: { en: 'Order paid', ar: 'دفع طلب' },
    description: { en: 'An order was paid.' },
    family: 'marketing',
    subject: '/data/contact/id',
    scopes: [{ name: 'shop', pointer: '/data/shop/id', title: { en: 'Shop' } }],
    schema: { type: 'object', properties: { total: { type: 'integer' } }, required: ['total'] },
    samples: [{ name: 'basic', data: { total: 5 } }],
  });

  test('with everything in it is accepted and built', () => {
    expect(checkCustomEventType(full)).toEqual([]);
    const eventType = buildCustomEventType(full);
    expect(eventType).toMatchObject({
      family: 'marketing',
      title: { en: 'Order paid', ar: 'دفع طلب' },
      description: { en: 'An order was paid.', ar: 'An order was paid.' },
      scopes: [{ name: 'shop', labelPointer: '/data/shop/id' }],
    });
    expect(JSON.parse(eventType.samples[0]?.body ?? '')).toMatchObject({
      type: 'order.paid',
      data: { total: 5 },
    });
  });

  test('belongs to the custom family unless it names another', () => {
    expect(buildCustomEventType(aDefinition()).family).toBe('custom');
  });

  test.each(['order', 'order.paid', 'a_1.b_2.c'])('may be named %s', (name) => {
    expect(fieldsAtFault({ name })).toEqual([]);
  });

  test.each([
    '',
    'Order',
    'order..paid',
    '.a',
    'a.',
    'a b',
    '*',
    'a\n',
    'contact.created',
    'x'.repeat(129),
    5,
    undefined,
  ])('may not be named %j', (name) => {
    expect(fieldsAtFault({ name })).toEqual(['/name']);
  });

  test('is answered with all its faults at once', () => {
    const faults = fieldsAtFault({
      name: 'X',
      schema: { type: 'text', pattern: 'a+' },
      title: { fr: 'x' },
      family: 'other',
      subject: 'data.id',
      scopes: [{ name: 'a' }, { name: 'a', pointer: '/x' }],
      samples: [{ name: 'a' }],
      colour: 1,
    });
    expect(faults).toEqual([
      '/name',
      '/colour',
      '/schema/type',
      '/schema/pattern',
      '/title/fr',
      '/family',
      '/subject',
      '/scopes/0/pointer',
      '/scopes/1/name',
      '/samples/0/data',
    ]);
  });

  test('whose sample its own schema refuses is at fault', () => {
    const schema = { required: ['a'] };
    expect(fieldsAtFault({ schema, samples: [{ name: 'x', data: {} }] })).toEqual(['/samples/0/data/a']);
  });

  test('of any JSON ends in faults or none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
        checkCustomEventType(value);
        checkCustomEventType(aDefinition({ schema: value, title: other, scopes: [other], samples: [other] }));
      }),
    );
  });
});

describe('a schema', () => {
  test('with every keyword of the allow-list is accepted and checks data', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { money: { type: 'integer', minimum: 0, title: 'Money' } },
      type: 'object',
      properties: {
        total: { $ref: '#/$defs/money', description: 'In minor units.' },
        lines: {
          type: 'array',
          prefixItems: [{ const: 'x' }],
          items: { enum: [1, 2] },
          minItems: 1,
          maxItems: 9,
        },
        mail: { type: ['string', 'null'], format: 'email', minLength: 3, maxLength: 100 },
        ratio: { multipleOf: 0.5, exclusiveMinimum: 0, exclusiveMaximum: 9, maximum: 8 },
        kind: { anyOf: [{ const: 'a' }, { not: { type: 'string' } }], oneOf: [true], allOf: [{}] },
      },
      if: { required: ['mail'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['total'] },
      else: { minProperties: 1, maxProperties: 9 },
      additionalProperties: false,
      default: {},
      examples: [{ total: 1 }],
    };
    expect(schemaFaults(schema)).toEqual([]);
    const faults = validateData(
      { family: 'custom', schema },
      { total: -1, mail: null, lines: ['x', 3], more: 1 },
    );
    expect(faults.map((fault) => fault.field).sort()).toEqual(['/data/lines/1', '/data/more', '/data/total']);
  });

  test.each([
    [{ properties: { a: { pattern: '^(a+)+$' } } }, '/schema/properties/a/pattern'],
    [{ patternProperties: {} }, '/schema/patternProperties'],
    [{ uniqueItems: true }, '/schema/uniqueItems'],
    [{ $id: 'https://example.com/x' }, '/schema/$id'],
    [{ $ref: 'https://example.com/x' }, '/schema/$ref'],
    [{ $ref: '#' }, '/schema/$ref'],
    [{ $ref: '#/$defs/none' }, '/schema/$ref'],
    [{ format: 'regex' }, '/schema/format'],
    [{ items: { $defs: {} } }, '/schema/items/$defs'],
    [{ required: ['a', 'a'] }, '/schema/required'],
    [{ minLength: -1 }, '/schema/minLength'],
    [{ anyOf: [] }, '/schema/anyOf'],
    [{ anyOf: [{}, 5] }, '/schema/anyOf/1'],
    [{ type: ['string', 'string'] }, '/schema/type'],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }, '/schema/$schema'],
    [JSON.parse('{"__proto__":{}}'), '/schema/__proto__'],
    [true, '/schema'],
    [undefined, '/schema'],
  ])('%j is refused at %s', (schema, field) => {
    expect(schemaFaults(schema)).toEqual([field]);
  });

  test('with references in a circle is refused', () => {
    const tree = {
      $defs: { tree: { properties: { left: { $ref: '#/$defs/tree' } } } },
      $ref: '#/$defs/tree',
    };
    expect(schemaFaults(tree)).toEqual(['/schema/$defs/tree']);
    const ring = { $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } } };
    expect(schemaFaults(ring)).toHaveLength(1);
  });

  test('that grows beyond measure with its references in place is refused at once', () => {
    const $defs: Record<string, unknown> = { d0: { type: 'string' } };
    for (let level = 1; level <= 60; level++) {
      const below = { $ref: `#/$defs/d${level - 1}` };
      $defs[`d${level}`] = { allOf: [below, below] };
    }
    expect(checkCustomEventType(aDefinition({ schema: { $defs, $ref: '#/$defs/d60' } }))[0]?.keyword).toBe(
      'size',
    );
  });

  test('that lets very many alternatives apply to one value is refused', () => {
    const alternatives = (count: number) => ({
      items: { anyOf: Array.from({ length: count }, (_, value) => ({ const: value })) },
    });
    expect(schemaFaults(alternatives(40))).toEqual([]);
    expect(schemaFaults(alternatives(60))).toEqual(['/schema']);
  });

  test('of 32 levels is accepted, of 33 refused', () => {
    const nested = (levels: number): object => (levels === 1 ? {} : { items: nested(levels - 1) });
    expect(schemaFaults(nested(32))).toEqual([]);
    expect(schemaFaults(nested(33))).toHaveLength(1);
    expect(schemaFaults(nested(3000))).toEqual(['/schema']);
  });

  test('of more than 64 KiB is refused', () => {
    expect(schemaFaults({ description: 'م'.repeat(33_000) })).toEqual(['/schema']);
    expect(schemaFaults({ description: 'م'.repeat(32_000) })).toEqual([]);
  });
});
