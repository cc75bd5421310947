import { describe, expect, test } from 'vitest';
import { type Condition, OPERATORS } from './condition.ts';
import { evaluate, type Mismatch } from './evaluate.ts';
import { parseCondition } from './parse.ts';
import { sayWhy } from './why.ts';

const body = {
  data: {
    email: 'Owner@Example.com',
    amount: 583,
    tags: ['vip', 'new'],
    items: [{ n: 1 }, { n: 20 }],
    none: [],
  },
};

function mismatch(input: unknown): Mismatch {
  const parsed = parseCondition(input);
  if (!parsed.ok) return expect.fail(JSON.stringify(parsed));
  const verdict = evaluate(parsed.condition as Condition, body);
  return verdict.matched ? expect.fail('it matched') : verdict;
}

/** The sentence, without the marks that keep values in their direction. */
function inArabic(input: unknown): string {
  const { why } = mismatch(input);
  if (why === undefined) return expect.fail('no why');
  return sayWhy(why, 'ar').replaceAll(/[\u2068\u2069]/g, '');
}

const clause = (field: string, op: string, value: unknown) => ({ field, op, value });

describe('why a condition said no, in Arabic (P12)', () => {
  test.each([
    [
      clause('data.email', 'ends_with', '@example.org'),
      'قيمة data.email هي "Owner@Example.com"، والمطلوب أن تنتهي بـ "@example.org"',
    ],
    [clause('data.phone', 'equals', 'x'), 'الحقل data.phone غير موجود، والمطلوب أن تساوي "x"'],
    [clause('data.amount', 'less_or_equal', 500), 'قيمة data.amount هي 583، والمطلوب ألّا تزيد على 500'],
    [
      clause('data.email', 'exists', false),
      'قيمة data.email هي "Owner@Example.com"، والمطلوب ألّا تكون موجودة',
    ],
    [
      clause('data.email', 'before', '2026-01-31'),
      'قيمة data.email هي "Owner@Example.com" وهي ليست وقتًا، والمطلوب أن تكون قبل "2026-01-31"',
    ],
    [{ not: clause('data.amount', 'equals', 583) }, 'قيمة data.amount هي 583، والمستثنى أن تساوي 583'],
    [{ not: { all: [clause('data.amount', 'equals', 583)] } }, 'تحقّق ما يستثنيه الشرط'],
    [
      { any: [1, 2].map((value) => clause('data.amount', 'equals', value)) },
      'لم يتحقّق أيّ من البديلين: قيمة data.amount هي 583، والمطلوب أن تساوي 1؛ قيمة data.amount هي 583، والمطلوب أن تساوي 2',
    ],
    [
      { any: [1, 2, 3, 4, 5].map((value) => clause('data.amount', 'equals', value)) },
      'لم يتحقّق أيّ من 5 بدائل: قيمة data.amount هي 583، والمطلوب أن تساوي 1؛ قيمة data.amount هي 583، والمطلوب أن تساوي 2؛ ' +
        'قيمة data.amount هي 583، والمطلوب أن تساوي 3؛ و2 غيرها',
    ],
    [
      clause('data.items', 'all_items', clause('n', 'less_than', 10)),
      'العنصر [1] في data.items لا يطابق: قيمة n هي 20، والمطلوب أن تكون أصغر من 10',
    ],
    [
      clause('data.items', 'any_item', clause('n', 'equals', 3)),
      'لم يطابق أيّ من العنصرين في data.items: [0] قيمة n هي 1، والمطلوب أن تساوي 3؛ [1] قيمة n هي 20، والمطلوب أن تساوي 3',
    ],
    [clause('data.none', 'any_item', clause('n', 'equals', 3)), 'ليس في data.none أيّ عنصر'],
    [
      clause('data.amount', 'any_item', clause('n', 'equals', 3)),
      'قيمة data.amount هي 583 وهي ليست قائمة، والمطلوب أن يطابق الشرطَ عنصر واحد فيها على الأقل',
    ],
  ])('%j', (condition, sentence) => {
    expect(inArabic(condition)).toBe(sentence);
  });

  test('every operator has its words', () => {
    for (const op of Object.keys(OPERATORS)) {
      const said = sayWhy({ kind: 'value', field: 'a', is: '1', op: op as never, wanted: 'true' }, 'ar');
      expect(said, op).toMatch(/والمطلوب (أن|ألّا) /);
    }
  });

  test('a value stands in its own direction', () => {
    const { why } = mismatch(clause('data.amount', 'equals', 1));
    expect(why && sayWhy(why, 'ar')).toContain('\u2068data.amount\u2069 هي \u2068583\u2069');
  });

  test('however deep alternatives lie within one another, what is kept is small', () => {
    const deep = (levels: number): object =>
      levels === 0
        ? clause('data.email', 'equals', 'x'.repeat(900))
        : { any: [1, 2, 3].map(() => deep(levels - 1)) };
    const { why, reason } = mismatch(deep(4));
    expect(JSON.stringify(why).length).toBeLessThan(4_000);
    expect(reason.length).toBeLessThanOrEqual(1_001);
  });
});
