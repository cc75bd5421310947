/** What a person is looked for by when their data are erased. */

import { expect, test } from 'vitest';
import { maskPerson, mentionsOf } from './erasing.ts';

const person = { subject: '471108', terms: ['Layla@example.com', 'ليلى أحمد', 'a"b\\c'] };
const mentions = mentionsOf(person);

test.each([
  ['as it was written, whatever the letter case', '{"email":"LAYLA@EXAMPLE.COM"}'],
  ['within another text', 'mailto:layla@example.com?subject=x'],
  ['as URLs write it', '/in?email=layla%40example.com'],
  ['in Arabic', '{"name":"ليلى أحمد"}'],
  ['escaped by JSON', '{"name":"\\u0644\\u064A\\u0644\\u0649 \\u0623\\u062d\\u0645\\u062f"}'],
  ['with characters that JSON escapes', '{"note":"a\\"b\\\\c"}'],
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

test('masked, nobody reads who it was', () => {
  expect(maskPerson(person)).toEqual({ subject: '…', terms: ['La…', 'لي…', '…'] });
  expect(maskPerson({ subject: '29142804', terms: [] })).toEqual({ subject: '29…', terms: [] });
});
