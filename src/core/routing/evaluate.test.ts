import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readExact } from '../json/exact.ts';
import { Work } from '../work.ts';
import { eventBody } from './body.ts';
import { type Clause, type Condition, OPERATORS } from './condition.ts';
import { evaluate, type Mismatch } from './evaluate.ts';
import { parseCondition } from './parse.ts';
import { readTime } from './time.ts';

const body = JSON.parse(`{
  "type": "contact.tag.added",
  "data": {
    "contact": {"id": 9007199254740993, "email": "Owner@Example.com", "fields": [], "ip": null, "a.b": 1},
    "tags": ["vip", 3, "مميز"],
    "duration": "7200",
    "amount": 583,
    "huge": 1e400,
    "text": "${'x'.repeat(5000)}"
  },
  "created_at": "2021-10-05T15:42:53+00:00",
  "seconds": 1633448573,
  "milliseconds": 1633448573000
}`);

function clause(field: string, op: string, value: unknown, rest: object = {}): Clause {
  const parsed = parseCondition({ field, op, value, ...rest });
  if (!parsed.ok || !('op' in parsed.condition)) return expect.fail(JSON.stringify(parsed));
  return parsed.condition;
}

function matches(field: string, op: string, value: unknown, rest: object = {}): boolean {
  return evaluate(clause(field, op, value, rest), body).matched;
}

function mismatch(condition: Condition, of: unknown = body): Mismatch {
  const verdict = evaluate(condition, of);
  return verdict.matched ? expect.fail('it matched') : verdict;
}

describe('operators', () => {
  test.each([
    ['data.amount', 'equals', 583, true],
    ['data.amount', 'equals', '583', false],
    ['data.amount', 'not_equals', '583', true],
    ['data.contact.ip', 'equals', null, true],
    ['data.contact.fields', 'equals', null, false],
    ['type', 'one_of', ['x', 'contact.tag.added'], true],
    ['type', 'not_one_of', ['x'], true],
    ['data.contact.email', 'contains', '@Example', true],
    ['data.contact.email', 'not_contains', '@example', true],
    ['data.tags', 'contains', 'vip', true],
    ['data.tags', 'contains', 3, true],
    ['data.tags', 'contains', 'vi', false],
    ['data.tags.2', 'equals', 'مميز', true],
    ['data.contact.email', 'starts_with', 'Owner', true],
    ['data.contact.email', 'ends_with', '.com', true],
    ['data.amount', 'greater_than', 582, true],
    ['data.amount', 'greater_than', 583, false],
    ['data.amount', 'greater_or_equal', 583, true],
    ['data.amount', 'less_than', 584, true],
    ['data.amount', 'less_or_equal', 582, false],
    ['data.duration', 'greater_than', 3600, true],
    ['type', 'greater_than', 0, false],
    ['data.huge', 'greater_than', 1, true],
    ['created_at', 'before', '2021-10-05T15:42:54Z', true],
    ['created_at', 'after', '2021-10-05T17:42:52+02:00', true],
    ['seconds', 'after', '2021-10-05', true],
    ['milliseconds', 'before', '2021-10-06', true],
    ['type', 'before', '2021-10-06', false],
    ['data.contact.ip', 'exists', true, true],
    ['data.contact.phone', 'exists', false, true],
    ['data.contact.fields', 'is_empty', true, true],
    ['data.contact.phone', 'is_empty', true, true],
    ['data.tags', 'is_empty', false, true],
    ['data.contact.a\\.b', 'equals', 1, true],
  ])('%s %s %j is %j', (field, op, value, expected) => {
    expect(matches(field, op, value)).toBe(expected);
  });

  test('ignore_case compares texts without regard to case, everywhere texts are compared', () => {
    const rest = { ignore_case: true };
    expect(matches('data.contact.email', 'equals', 'owner@EXAMPLE.com', rest)).toBe(true);
    expect(matches('data.contact.email', 'one_of', ['owner@example.com'], rest)).toBe(true);
    expect(matches('data.contact.email', 'ends_with', '@example.COM', rest)).toBe(true);
    expect(matches('data.tags', 'contains', 'VIP', rest)).toBe(true);
  });

  test('ignore_arabic_forms compares texts without regard to forms of Arabic, everywhere texts are compared', () => {
    const rest = { ignore_arabic_forms: true };
    expect(matches('data.tags', 'contains', 'ممـيَّز', rest)).toBe(true);
    expect(matches('data.tags.2', 'one_of', ['عادي', 'مُميز'], rest)).toBe(true);
    expect(matches('data.tags.2', 'starts_with', 'مـم', rest)).toBe(true);
    expect(matches('data.tags.2', 'not_equals', 'مُميز', rest)).toBe(false);
    expect(matches('data.tags.2', 'equals', 'مُميز')).toBe(false);
  });

  test('a missing member matches negated operators and no others', () => {
    const condition = { field: 'a', op: 'not_equals', value: 1 };
    const values = {
      scalar: 1,
      list: [1],
      text: 'x',
      number: 1,
      time: '2026-01-01',
      boolean: true,
      condition,
    };
    const matching = Object.entries(OPERATORS)
      .filter(([op, kind]) => matches('data.nothing', op, values[kind]))
      .map(([op]) => op);
    expect(matching).toEqual(['not_equals', 'not_one_of', 'not_contains', 'is_empty', 'no_item']);
  });

  describe('on items of an array', () => {
    const order = eventBody(
      '{"items":[{"sku":"a","n":1},{"sku":"b","n":20,"tags":["x"]},7],"none":[],"no":{"0":1}}',
      JSON.parse('{"items":[{"sku":"a","n":1},{"sku":"b","n":20,"tags":["x"]},7],"none":[],"no":{"0":1}}'),
    );
    const of = (field: string, op: string, value: object) =>
      evaluate(clause(field, op, value), order.value, order.notes);
    const sku = (value: string) => ({ field: 'sku', op: 'equals', value });
    const big = { all: [{ field: 'n', op: 'greater_than', value: 5 }, sku('b')] };

    test.each([
      ['any_item', 'items', big, true],
      ['any_item', 'items', sku('c'), false],
      ['any_item', 'items', { field: '', op: 'equals', value: 7 }, true],
      [
        'any_item',
        'items',
        { field: 'tags', op: 'any_item', value: { field: '', op: 'equals', value: 'x' } },
        true,
      ],
      ['any_item', 'none', sku('a'), false],
      ['any_item', 'no', { field: '', op: 'equals', value: 1 }, false],
      ['any_item', 'nothing', sku('a'), false],
      ['all_items', 'items', { field: 'sku', op: 'not_equals', value: 'c' }, true],
      ['all_items', 'items', { field: 'sku', op: 'exists', value: true }, false],
      ['all_items', 'none', sku('a'), true],
      ['all_items', 'nothing', sku('a'), false],
      ['no_item', 'items', sku('c'), true],
      ['no_item', 'items', sku('b'), false],
      ['no_item', 'none', sku('a'), true],
      ['no_item', 'nothing', sku('a'), true],
    ] as const)('%s of %s matching %j: %s', (op, field, value, matched) => {
      expect(of(field, op, value).matched).toBe(matched);
      expect(evaluate({ not: clause(field, op, value) }, order.value, order.notes).matched).toBe(!matched);
    });

    test('P12: a no says which item, and why', () => {
      expect(of('items', 'all_items', { field: 'n', op: 'less_than', value: 10 })).toMatchObject({
        ...{ path: '', item: 1, missing: false, actual: { sku: 'b', n: 20, tags: ['x'] } },
        reason: 'item 1 of items did not match: n is 20; wanted: less_than 10',
      });
      expect(of('items', 'no_item', sku('a'))).toMatchObject({
        ...{ item: 0, actual: { sku: 'a', n: 1 } },
        reason: 'item 0 of items is {"sku":"a","n":1} and matched',
      });
      const none = of('items', 'any_item', sku('c'));
      expect(none).toMatchObject({ clause: { op: 'any_item' }, actual: [{ sku: 'a' }, { sku: 'b' }, 7] });
      expect(none).toMatchObject({
        reason: expect.stringMatching(
          /^none of 3 items of items matched: item 0: sku is "a"; .*; item 2: sku is missing/,
        ),
      });
      expect(of('none', 'any_item', sku('c'))).toMatchObject({ reason: 'none has no items' });
      expect(of('no', 'all_items', sku('c'))).toMatchObject({
        reason: expect.stringContaining('is no array'),
      });
    });

    test('P11: they take from the event’s account, however they are nested', () => {
      const items = JSON.stringify({ a: Array.from({ length: 1_000 }, () => ({ b: Array(100).fill('x') })) });
      const inner = { field: 'b', op: 'any_item', value: { field: '', op: 'equals', value: 'y' } };
      const body = eventBody(items, JSON.parse(items), new Work(1_000_000));
      const verdict = evaluate(clause('a', 'no_item', inner), body.value, body.notes);
      expect(verdict).toMatchObject({ matched: false, code: 'work_limit' });
    });
  });

  describe('on numbers go by their digits', () => {
    const text =
      '{"id":7615917337495251231,"x":0.1,"y":0.30000000000000001,"huge":1e400,"zero":-0,"price":1.10,"list":[1,7615917337495251231],"text":"7615917337495251231"}';
    const numbers = eventBody(text, JSON.parse(text));
    const says = (field: string, op: string, value: string) => {
      const condition = clause(field, op, readExact(value));
      // As it is kept.
      const kept = readExact(JSON.stringify(condition)) as Condition;
      return evaluate(kept, numbers.value, numbers.notes);
    };

    test.each([
      ['id', 'equals', '7615917337495251231', true],
      ['id', 'equals', '7615917337495251200', false],
      ['id', 'not_equals', '7615917337495251200', true],
      ['id', 'greater_than', '7615917337495251230', true],
      ['id', 'greater_than', '7615917337495251231', false],
      ['id', 'less_than', '7615917337495251232', true],
      ['id', 'one_of', '[1,7615917337495251231]', true],
      ['id', 'one_of', '[1,7615917337495251200,"7615917337495251231"]', false],
      ['id', 'not_one_of', '[7615917337495251200]', true],
      ['list', 'contains', '7615917337495251231', true],
      ['list', 'contains', '7615917337495251200', false],
      ['list', 'any_item', '{"field":"","op":"equals","value":7615917337495251231}', true],
      ['list', 'any_item', '{"field":"","op":"equals","value":7615917337495251200}', false],
      ['text', 'equals', '7615917337495251231', false],
      ['text', 'greater_than', '7615917337495251230', true],
      ['text', 'greater_or_equal', '7615917337495251232', false],
      ['x', 'equals', '0.10', true],
      ['x', 'equals', '0.1000000000000000055511151231257827', false],
      ['y', 'equals', '0.3', false],
      ['y', 'greater_than', '0.3', true],
      ['y', 'equals', '0.30000000000000001', true],
      ['y', 'equals', '0.30000000000000004', false],
      ['huge', 'equals', '1e400', true],
      ['huge', 'equals', '10e399', true],
      ['huge', 'greater_than', '1e399', true],
      ['huge', 'less_than', '1e401', true],
      ['huge', 'greater_than', '1e308', true],
      ['zero', 'equals', '0', true],
      ['zero', 'less_than', '0', false],
      ['price', 'equals', '1.1', true],
    ])('%s %s %s: %s', (field, op, value, matched) => {
      expect(says(field, op, value).matched).toBe(matched);
    });

    test('P12: and the verdict shows them', () => {
      const verdict = says('id', 'equals', '7615917337495251200');
      expect(verdict).toMatchObject({
        reason: 'id is 7615917337495251231; wanted: equals 7615917337495251200',
      });
      expect(JSON.stringify(verdict)).toContain('"actual":7615917337495251231');
    });
  });

  describe('on texts that Unicode takes for the same', () => {
    // Composed and decomposed; marks of one letter in both orders.
    const pairs = [
      ['é', 'e\u0301'],
      ['آمنة', 'ا\u0653منة'],
      ['محم\u064e\u0651د', 'محم\u0651\u064eد'],
      ['가', '\u1100\u1161'],
      ['Å', '\u212b'],
    ] as const;

    test.each(pairs)('%s and %s match without an option, whichever the event has', (one, other) => {
      for (const [has, wants] of [
        [one, other],
        [other, one],
      ] as const) {
        const says = (op: string, value: unknown, text: unknown = `a ${has} b`) =>
          evaluate(clause('t', op, value), { t: text }).matched;
        expect(says('equals', `a ${wants} b`)).toBe(true);
        expect(says('not_equals', `a ${wants} b`)).toBe(false);
        expect(says('one_of', ['x', `a ${wants} b`])).toBe(true);
        expect(says('contains', ` ${wants} `)).toBe(true);
        expect(says('starts_with', `a ${wants} `)).toBe(true);
        expect(says('ends_with', ` ${wants} b`)).toBe(true);
        expect(says('contains', `a ${wants} b`, ['x', `a ${has} b`])).toBe(true);
      }
    });

    test('and others stay apart: letters with other marks, forms that are only alike', () => {
      const says = (has: string, value: string) => evaluate(clause('t', 'equals', value), { t: has }).matched;
      expect([says('é', 'e'), says('آ', 'ا'), says('ﻻ', 'لا'), says('ﬁ', 'fi'), says('٣', '3')]).toEqual(
        Array(5).fill(false),
      );
    });
  });

  test('an integer beyond 2^53 is never mistaken for one that a condition can name', () => {
    expect(matches('data.contact.id', 'equals', Number.MAX_SAFE_INTEGER)).toBe(false);
    expect(matches('data.contact.id', 'greater_than', Number.MAX_SAFE_INTEGER)).toBe(true);
  });

  test.each([
    'constructor',
    '__proto__',
    'data.contact.constructor.name',
    'data.tags.length',
    'type.length',
    'type.0',
  ])('%s is not there: only own members of objects and elements of arrays are found', (field) => {
    expect(matches(field, 'exists', false)).toBe(true);
  });

  test('a member named __proto__ is found where the JSON has it', () => {
    expect(evaluate(clause('__proto__.a', 'equals', 1), JSON.parse('{"__proto__":{"a":1}}')).matched).toBe(
      true,
    );
  });
});

describe('times', () => {
  test.each([
    ['2021-10-05', Date.UTC(2021, 9, 5)],
    ['2021-10-05T15:42:53+00:00', 1633448573000],
    ['2021-10-05 15:42:53.25', 1633448573250],
    ['2021-10-05T18:42:53+0300', 1633448573000],
    // As platforms spell them.
    ['2026-01-31 08:00:00+03', Date.UTC(2026, 0, 31, 5)],
    ['2026-01-31 08:00:00 +03:00', Date.UTC(2026, 0, 31, 5)],
    ['2026-01-31 08:00:00.123456-0330', Date.UTC(2026, 0, 31, 11, 30, 0, 123)],
    ['2026-01-31T08:00-11', Date.UTC(2026, 0, 31, 19)],
    ['2026-01-31 08:00:00 UTC', Date.UTC(2026, 0, 31, 8)],
    ['2026-01-31 08:00:00UTC', Date.UTC(2026, 0, 31, 8)],
    ['1769846400', 1_769_846_400_000],
    ['1769846400.5', 1_769_846_400_500],
    ['1769846400123', 1_769_846_400_123],
    ['99999999999', 99_999_999_999_000],
    ['100000000000', 100_000_000_000],
    ['20260131', null],
    ['2026', null],
    ['-1769846400', null],
    ['176984640012345', null],
    ['2026-01-31 08:00:00+3', null],
    ['2026-01-31 08:00:00  +03', null],
    ['2026-01-31+03', null],
    ['0099-01-01', new Date('0099-01-01').getTime()],
    ['2021-02-29', null],
    ['2021-13-01', null],
    ['2021-10-05T24:00', null],
    ['today', null],
    [1633448573, 1633448573000],
    [1633448573000, 1633448573000],
    [true, null],
    [Number.POSITIVE_INFINITY, null],
  ])('%j reads as %j', (value, expected) => {
    expect(readTime(value)).toBe(expected);
  });
});

describe('a "no" explains itself (P12)', () => {
  const email = clause('data.contact.email', 'ends_with', '@example.org');

  test('the failing clause is named with its place and the actual value', () => {
    expect(mismatch({ all: [clause('type', 'exists', true), { any: [email] }] })).toEqual({
      matched: false,
      clause: email,
      path: '/all/1/any/0',
      missing: false,
      actual: 'Owner@Example.com',
      reason: 'data.contact.email is "Owner@Example.com"; wanted: ends_with "@example.org"',
      why: {
        kind: 'value',
        field: 'data.contact.email',
        is: '"Owner@Example.com"',
        op: 'ends_with',
        wanted: '"@example.org"',
      },
    });
  });

  test('a missing member is told from one that is null', () => {
    expect(mismatch(clause('data.phone', 'equals', 'x'))).toMatchObject({
      missing: true,
      reason: expect.stringContaining('is missing'),
    });
    expect(mismatch(clause('data.phone', 'equals', 'x'))).not.toHaveProperty('actual');
    expect(mismatch(clause('data.contact.ip', 'equals', 'x'))).toMatchObject({
      missing: false,
      actual: null,
    });
  });

  test('what is compared with a time and is none is called so', () => {
    const reason = (op: string, value: string) => mismatch(clause('data.contact.email', op, value)).reason;
    expect(reason('before', '2026-01-31')).toContain('"Owner@Example.com", which is no time; wanted: before');
    expect(mismatch(clause('data.phone', 'after', '2026-01-31')).reason).not.toContain('no time');
    expect(mismatch(clause('data.amount', 'after', '2026-01-31')).reason).not.toContain('no time');
  });

  test('of failed alternatives the first three are told and the rest counted', () => {
    const any = [1, 2, 3, 4, 5].map((value) => clause('data.amount', 'equals', value));
    const { reason, path } = mismatch({ any });
    expect(path).toBe('/any/0');
    expect(reason).toBe(
      'none of 5 alternatives matched: data.amount is 583; wanted: equals 1; data.amount is 583; wanted: equals 2; ' +
        'data.amount is 583; wanted: equals 3; and 2 more',
    );
  });

  test('under "not" the inner clause is named with the value that made it match', () => {
    const inner = clause('data.amount', 'greater_than', 500);
    expect(mismatch({ not: inner })).toMatchObject({ clause: inner, path: '/not', actual: 583 });
    expect(mismatch({ not: { all: [inner] } })).toMatchObject({ clause: { all: [inner] }, path: '/not' });
  });

  test('large values are shortened', () => {
    expect(JSON.stringify(mismatch(clause('data', 'equals', 1))).length).toBeLessThan(2000);
    expect(mismatch(clause('data.huge', 'less_than', 1)).reason).toContain('1e309 or beyond');
  });
});

describe('evaluate', () => {
  const anyCondition = fc.letrec<{ condition: Condition; clause: Clause }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3 },
      tie('clause'),
      fc.record({ all: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: tie('condition') }),
    ),
    clause: fc.oneof(
      ...Object.entries(OPERATORS).map(([op, kind]) => {
        const values = {
          scalar: fc.constantFrom('a', 1, true, null),
          list: fc.array(fc.constantFrom('a', 1, true, null), { minLength: 1 }),
          text: fc.constantFrom('', 'a', '\ud800'),
          number: fc.constantFrom(-0, 1, 1.5),
          time: fc.constantFrom('2026-01-01', '2026-01-01T00:00:00Z'),
          boolean: fc.boolean(),
          condition: fc.constantFrom(
            { field: '', op: 'equals', value: 1 },
            { not: { field: 'a', op: 'exists', value: true } },
          ),
        };
        return fc
          .tuple(
            fc.constantFrom('a', 'b.a', 'a.0', '__proto__', 'constructor', 'length'),
            values[kind],
            fc.constantFrom({}, { ignore_case: true }, { ignore_arabic_forms: true }),
          )
          .map(([field, value, options]) =>
            clause(field, op, value, ['scalar', 'list', 'text'].includes(kind) ? options : {}),
          );
      }),
    ),
  })).condition;

  const hostileText = fc
    .object({
      key: fc.constantFrom('a', 'b', '0', '__proto__', 'constructor', 'length'),
      withNullPrototype: false,
    })
    .map((value) => JSON.stringify(value));

  test('any condition on any JSON ends in a verdict that is itself small JSON', () => {
    fc.assert(
      fc.property(anyCondition, fc.oneof(hostileText, fc.json()), (condition, text) => {
        const verdict = evaluate(condition, JSON.parse(text));
        expect(JSON.parse(JSON.stringify(verdict)).matched).toBe(verdict.matched);
        if (verdict.matched) return;
        expect(verdict.reason.length).toBeLessThan(2000);
        expect(JSON.stringify(verdict.why).length).toBeLessThan(5000);
      }),
      { numRuns: 2000 },
    );
  });

  test('"not" says the opposite, and "all" and "any" follow De Morgan', () => {
    fc.assert(
      fc.property(anyCondition, anyCondition, fc.jsonValue(), (one, other, value) => {
        const says = (condition: Condition) => evaluate(condition, value).matched;
        expect(says({ not: one })).toBe(!says(one));
        expect(says({ not: { all: [one, other] } })).toBe(says({ any: [{ not: one }, { not: other }] }));
      }),
      { numRuns: 500 },
    );
  });
});
