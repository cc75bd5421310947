import { describe, expect, test } from 'vitest';
import { builtInEventTypes } from '../catalog/catalog.ts';
import { eventBody } from '../routing/body.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { keyOfTerm, termsOf, wordsOf } from './terms.ts';

const WORKSPACE = 7;

function termsIn(raw: string, searchable: readonly string[] = ['/*']): number[] {
  return termsOf(WORKSPACE, { searchable, subject: null }, eventBody(raw, JSON.parse(raw)));
}

/** Whether an event that holds `text` is found by the search. */
function finds(search: string, text: string): boolean {
  const terms = new Set(termsIn(JSON.stringify({ text })));
  const words = wordsOf(WORKSPACE, search);
  return words.length > 0 && words.every((word) => terms.has(word));
}

describe('what an event is found by', () => {
  test.each([
    ['612661', 'Order 612661'],
    ['٦١٢٦٦١', '612661'],
    ['612661', '۶۱۲۶۶۱'],
    ['BUYER@example.COM', 'buyer@Example.com'],
    ['buyer', 'buyer@example.com'],
    ['example.com', 'buyer@example.com'],
    ['first.last', 'first.last@example.com'],
    ['<buyer@example.com>', 'buyer@example.com'],
    ['فاطمه', 'فاطِمة'],
    ['احمد', 'أحمد'],
    ['Émile', 'E\u0301mile'],
    ['smith', 'Agent Smith-Jones'],
    ['smith-jones', 'Agent Smith-Jones'],
    ['smith agent', 'Agent Smith'],
    ['+60 12 345 6789', '+60123456789'],
    ['60123456789', '+60 (12) 345-6789'],
    ['0060123456789', '+60123456789'],
    ['0123456789', '+60123456789'],
    ['2026-01-31', 'from 2026-01-31 on'],
    ['ZX-900719925', 'zx-900719925'],
    ['paris', 'https://example.com/paris?x=1'],
    ['東京', '東京 タワー'],
  ])('%j finds %j', (search, text) => {
    expect(finds(search, text)).toBe(true);
  });

  test.each([
    ['612661', '1612661'],
    ['smith', 'Smithson'],
    ['a@b.example', 'b@a.example'],
    ['60123456789', '+60123456780'],
    ['--', 'a -- b'],
    ['buyer seller', 'buyer'],
  ])('%j does not find %j', (search, text) => {
    expect(finds(search, text)).toBe(false);
  });

  test('a number is its digits, also those that a double rounds', () => {
    const terms = termsIn('{"a":9007199254740993,"b":12.5,"c":1e400,"d":true,"e":null}');
    expect(terms).toContain(keyOfTerm(WORKSPACE, '9007199254740993'));
    expect(terms).not.toContain(keyOfTerm(WORKSPACE, '9007199254740992'));
    for (const word of wordsOf(WORKSPACE, '12.5')) expect(terms).toContain(word);
  });

  test('pointers lead to members, elements, and all of them; never to what every object inherits', () => {
    const raw = '{"list":[{"id":11},{"id":12}],"map":{"x":"one","y":"two"},"z":"three"}';
    const found = (pointers: string[]) => termsIn(raw, pointers).length;
    expect(found(['/list/*/id'])).toBe(2);
    expect(found(['/map/*', '/z'])).toBe(3);
    expect(found(['/list/0/id', '/list/9/id', '/constructor/name', '/z/*'])).toBe(1);
  });

  test('the contact whom it is about is found, whatever the type marks', () => {
    const raw = '{"contact":{"id":42}}';
    const type = { searchable: [], subject: '/contact/id' };
    expect(termsOf(WORKSPACE, type, eventBody(raw, JSON.parse(raw)))).toEqual(wordsOf(WORKSPACE, '42'));
  });

  test('it is bounded: characters of a member and of all, terms, and what is visited', () => {
    const word = (number: number) => `w${number}`;
    const many = Array.from({ length: 5_000 }, (_, index) => word(index));
    expect(termsIn(JSON.stringify({ a: many.join(' ') })).length).toBeLessThan(SEARCH_LIMITS.value.value);
    expect(termsIn(JSON.stringify({ a: many }), ['/a/*']).length).toBe(SEARCH_LIMITS.terms.value);
    const objects = Array.from({ length: 100_000 }, () => ({ b: {} }));
    expect(termsIn(JSON.stringify({ a: [...objects, { b: 'late' }] }), ['/a/*/b'])).toEqual([]);
  });

  test('another workspace has other keys for the same term', () => {
    expect(keyOfTerm(1, 'buyer')).not.toBe(keyOfTerm(2, 'buyer'));
    expect(keyOfTerm(1, 'buyer')).not.toBe(keyOfTerm(1 + 2 ** 40, 'buyer'));
  });

  test('keys are safe integers, and differ where terms do', () => {
    const keys = Array.from({ length: 200_000 }, (_, index) => keyOfTerm(WORKSPACE, `${index}`));
    expect(keys.every(Number.isSafeInteger)).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test('every sample of the catalog is found by what its type marks', () => {
  for (const type of builtInEventTypes.values()) {
    for (const { body } of type.samples) {
      const terms = termsOf(WORKSPACE, type, eventBody(body, JSON.parse(body)));
      expect(terms.length, type.name).toBeGreaterThan(1);
    }
  }
});
