import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readExact } from '../json/exact.ts';
import { type Condition, OPERATORS, parseFieldPath } from './condition.ts';
import { parseCondition } from './parse.ts';

const aClause = { field: 'data.a', op: 'equals', value: 1 };

function faultsOf(input: unknown): Array<{ path: string; message: string }> {
  const parsed = parseCondition(input);
  return parsed.ok ? [] : parsed.faults;
}

/** `levels` levels in all, the clause included. */
function nested(levels: number): unknown {
  let condition: unknown = aClause;
  for (let level = 1; level < levels; level++) condition = { not: condition };
  return condition;
}

describe('parseCondition', () => {
  test('a condition of every form comes back as it was written', () => {
    const written: Condition = {
      all: [
        { field: 'data.contact.email', op: 'ends_with', value: '@example.com', ignore_case: true },
        {
          any: [
            { field: 'data.n', op: 'less_than', value: 3 },
            { not: { field: 'x', op: 'exists', value: true } },
          ],
        },
        { field: 'type', op: 'one_of', value: ['a', 1, null, false] },
        { field: 'created_at', op: 'before', value: '2026-01-31' },
      ],
    };
    expect(parseCondition(JSON.parse(JSON.stringify(written)))).toEqual({ ok: true, condition: written });
  });

  test('all faults are reported at once, each at its own place', () => {
    const faults = faultsOf({
      all: [
        { field: 'a..b', op: 'matches', value: 1 },
        { field: 'a', op: 'greater_than', value: '3' },
        { field: 'a', op: 'after', value: 'yesterday' },
        { field: 'a', op: 'equals' },
        { nor: [] },
        { field: 'a', op: 'exists', value: true, ignore_case: true, ignore_arabic_forms: 1, flags: 'i' },
      ],
    });
    expect(faults.map((fault) => fault.path)).toEqual([
      '/all/0/field',
      '/all/0/op',
      '/all/1/value',
      '/all/2/value',
      '/all/3/value',
      '/all/4',
      '/all/5/flags',
      '/all/5/ignore_case',
      '/all/5/ignore_arabic_forms',
    ]);
  });

  test('an unknown operator is answered with the valid ones', () => {
    expect(faultsOf({ field: 'a', op: 'regex', value: '.*' })[0]?.message).toContain(
      'starts_with, ends_with',
    );
    for (const op of ['constructor', '__proto__', 'toString']) {
      expect(faultsOf({ field: 'a', op, value: 1 })[0]?.path).toBe('/op');
    }
  });

  test.each([
    null,
    1,
    'x',
    [],
    {},
    { all: 'x' },
    { all: [] },
    { all: [aClause], any: [aClause] },
    { not: null },
  ])('%j is not a condition', (input) => {
    expect(faultsOf(input)).toHaveLength(1);
  });

  test('10 levels are accepted, 11 are refused', () => {
    expect(faultsOf(nested(10))).toEqual([]);
    expect(faultsOf(nested(11))[0]?.message).toContain('10 levels');
    expect(faultsOf(nested(100_000))).toHaveLength(1);
  });

  test('100 clauses are accepted, 101 are refused, however they are grouped', () => {
    const group = (count: number) => ({ any: Array.from({ length: count }, () => aClause) });
    expect(faultsOf({ all: [group(50), group(50)] })).toEqual([]);
    expect(faultsOf({ all: [group(50), group(51)] })[0]?.message).toContain('100 clauses');
    expect(faultsOf(group(101))[0]?.message).toContain('at most 100');
  });

  test('texts of 1000 characters are accepted, of 1001 refused', () => {
    expect(faultsOf({ ...aClause, value: 'x'.repeat(1000) })).toEqual([]);
    expect(faultsOf({ ...aClause, value: 'x'.repeat(1001) })[0]?.path).toBe('/value');
    expect(faultsOf({ ...aClause, field: 'x'.repeat(1001) })[0]?.path).toBe('/field');
    expect(faultsOf({ field: 'a', op: 'one_of', value: ['x'.repeat(1001)] })[0]?.path).toBe('/value/0');
  });

  test('a number of any size is kept digit for digit, up to 1000 of them', () => {
    const written = '{"field":"a","op":"one_of","value":[9007199254740993,1e400,-0.10000000000000000001]}';
    expect(JSON.stringify(parseCondition(readExact(written)))).toBe(`{"ok":true,"condition":${written}}`);
    const long = (digits: number) =>
      readExact(`{"field":"a","op":"less_than","value":${'9'.repeat(digits)}}`);
    expect(faultsOf(long(1000))).toEqual([]);
    expect(faultsOf(long(1001))[0]?.message).toContain('1001 characters');
    expect(faultsOf({ ...aClause, value: Number.POSITIVE_INFINITY })[0]?.path).toBe('/value');
  });

  test('a condition on items is read like any other; within it alone, "" is the item itself', () => {
    const items = (value: unknown) => ({ field: 'a', op: 'any_item', value });
    expect(faultsOf(items({ field: '', op: 'equals', value: 1 }))).toEqual([]);
    expect(faultsOf({ field: '', op: 'equals', value: 1 })[0]?.path).toBe('/field');
    expect(faultsOf(items({ field: 'b', op: 'nope', value: 1 }))[0]?.path).toBe('/value/op');
    expect(faultsOf({ field: 'a', op: 'all_items' })[0]?.message).toContain('a condition on the items');
    expect(faultsOf(items('x'))[0]?.path).toBe('/value');
    expect(faultsOf({ ...items(aClause), ignore_case: true })[0]?.path).toBe('/ignore_case');
    const deep = (levels: number): unknown => (levels === 1 ? aClause : items(deep(levels - 1)));
    expect([faultsOf(deep(10)), faultsOf(deep(11))[0]?.message]).toEqual([
      [],
      expect.stringContaining('10 levels'),
    ]);
  });

  test('any JSON ends in a verdict', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(OPERATORS)), (value, op) => {
        expect(parseCondition(value)).toHaveProperty('ok');
        expect(parseCondition({ field: 'a', op, value })).toHaveProperty('ok');
      }),
    );
  });
});

describe('field paths', () => {
  test.each([
    ['data.contact.email', ['data', 'contact', 'email']],
    ['a\\.b.0', ['a.b', '0']],
    ['a\\\\.b', ['a\\', 'b']],
    ['اسم.الحقل', ['اسم', 'الحقل']],
  ])('%j names its members', (field, names) => {
    expect(parseFieldPath(field)).toEqual(names);
  });

  test.each(['', '.', 'a.', '.a', 'a..b', 'a\\', 'a\\n'])('%j is malformed', (field) => {
    expect(parseFieldPath(field)).toBeNull();
  });
});
