/** What a person is looked for by when their data are erased. */

import { expect, test } from 'vitest';
import { maskPerson, mentionsOf } from './erasing.ts';

const terms = ['Layla@example.com', 'ليلى أحمد', 'a"b\\c', 'Zoë Núñez', 'a/b%c_d', '+966 55 123', '100%41x'];
const person = { subject: '471108', terms };
const mentions = mentionsOf(person);

test.each([
  ['as it was written, whatever the letter case', '{"email":"LAYLA@EXAMPLE.COM"}'],
  ['within another text', 'mailto:layla@example.com?subject=x'],
  ['as URLs write it', '/in?email=layla%40example.com'],
  ['in Arabic', '{"name":"ليلى أحمد"}'],
  ['escaped by JSON', '{"name":"\\u0644\\u064A\\u0644\\u0649 \\u0623\\u062d\\u0645\\u062f"}'],
  ['with characters that JSON escapes', '{"note":"a\\"b\\\\c"}'],
  ['escaped by JSON in part', '{"email":"layla\\u0040EXAMPLE.com"}'],
  ['escaped by JSON in another letter case', '{"name":"zo\\u00cb N\\u00DA\\u00d1EZ"}'],
  ['in JSON within JSON', '{"text":"{\\"email\\":\\"layla\\\\u0040example.com\\"}"}'],
  ['with slashes that JSON escapes', '{"note":"a\\/b%c_d"}'],
  ['escaped by URLs in another letter case', '/in?name=zo%C3%8B%20n%c3%9a%C3%91ez'],
  ['as forms write it', 'name=Zo%C3%AB+N%C3%BA%C3%B1ez&x=1'],
  ['composed of letters and marks', 'zoe\u0308 nu\u0301n\u0303ez'],
  ['in Arabic-Indic digits', '{"phone":"+٩٦٦ ٥٥ ١٢٣"}'],
  ['that looks as if it were escaped', '{"code":"100%41x"}'],
])('a term is found %s', (_, text) => {
  expect(mentions(text, false)).toBe(true);
});

test('a subject is found as a word of its own, and only where it is asked for', () => {
  for (const text of ['{"id":471108}', '"471108"', '/contacts/471108/x']) {
    expect(mentions(text, true), text).toBe(true);
    expect(mentions(text, false), text).toBe(false);
  }
  for (const text of ['{"id":1471108}', '4711081', 'x471108', '٤471108']) {
    expect(mentions(text, true), text).toBe(false);
  }
  expect(mentionsOf({ subject: '7', terms: [] })('{"id":7}', true)).toBe(false);
});

test.each([
  ['a URL', '/in?next=%2Fcontacts%2F471108%2Fx'],
  ['JSON within JSON', '{"text":"{\\"id\\":\\"471108\\"}"}'],
  ['a text of several lines', '{"text":"id:\\n471108\\n"}'],
  ['Arabic-Indic digits', '{"id":"٤٧١١٠٨"}'],
])('a subject is a word of its own in %s, too', (_, text) => {
  expect(mentions(text, true)).toBe(true);
});

test('signs that mean something to a database’s search stand for themselves', () => {
  const signs = mentionsOf({ subject: '%%%%', terms: ['____', '.*.*'] });
  for (const text of ['abcdefgh', '{"data":{}}', '']) expect(signs(text, true), text).toBe(false);
});

test('masked, nobody reads who it was', () => {
  expect(maskPerson({ ...person, terms: terms.slice(0, 3) })).toEqual({
    subject: '…',
    terms: ['La…', 'لي…', '…'],
  });
  expect(maskPerson({ subject: '29142804', terms: [] })).toEqual({ subject: '29…', terms: [] });
});
