import { describe, expect, test } from 'vitest';
import { isMailAddress } from './mailAddress.ts';

describe('a mail address', () => {
  test.each([
    'a@b',
    'owner@example.com',
    'first.last+tag@mail.example.com',
    'ليلى@مثال.إختبار',
    "o'brien@example.com",
  ])('may be %s', (text) => {
    expect(isMailAddress(text)).toBe(true);
  });

  test.each([
    'owner',
    '@example.com',
    'a@b@c',
    'a@example.com, b@example.com',
    'a@example.com\r\nBcc: b@example.com',
    'A <a@example.com>',
    '"a b"@example.com',
    'a@[192.0.2.1]',
    'a\u0007@example.com',
    'a\u200b@example.com',
    `${'a'.repeat(250)}@b.cd`,
  ])('is not %j: a header would read it otherwise, or not at all', (text) => {
    expect(isMailAddress(text)).toBe(false);
  });
});
