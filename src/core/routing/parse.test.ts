import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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

  test('a number that doubles cannot hold digit for digit is refused', () => {
    expect(
      faultsOf(JSON.parse('{"field":"a","op":"equals","value":9007199254740993}'))[0]?.message,
    ).toContain('2^53');
    expect(faultsOf({ ...aClause, value: Number.MAX_SAFE_INTEGER })).toEqual([]);
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
