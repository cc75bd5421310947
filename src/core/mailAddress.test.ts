import { describe, expect, test } from 'vitest';
import { isMailAddress, MAX_MAIL_ADDRESS_LENGTH, readMailAddress } from './mailAddress.ts';

/** Every format character and space of Unicode, and what else leaves no ink: they cannot be told from nothing. */
const INVISIBLE = allOf(/[\p{Cf}\p{Z}\p{DI}]/u);

function allOf(kind: RegExp): string[] {
  const found: string[] = [];
  for (let code = 0; code <= 0x10ffff; code += 1) {
    // Halves of pairs are no characters.
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    if (kind.test(character)) found.push(character);
  }
  return found;
}

describe('a mail address', () => {
  test.each([
    'a@b',
    'owner@example.com',
    'first.last+tag@mail.example.com',
    'ليلى@مثال.إختبار',
    "o'brien@example.com",
    `${'a'.repeat(MAX_MAIL_ADDRESS_LENGTH - 5)}@b.cd`,
  ])('may be %s', (text) => {
    expect(isMailAddress(text)).toBe(true);
    expect(readMailAddress(text)).toEqual({ ok: true, address: text });
  });

  test.each([
    ['owner', 'must be one e-mail address such as owner@example.com'],
    ['', 'must be one e-mail address'],
    ['@example.com', 'must be one e-mail address'],
    ['a@b@c', 'must be one e-mail address'],
    ['a@example.com,b@example.com', 'must be one e-mail address'],
    ['a@example.com\r\nBcc: b@example.com', 'U+000D CARRIAGE RETURN'],
    ['A <a@example.com>', 'U+0020 SPACE'],
    ['"ab"@example.com', 'must be one e-mail address'],
    ['a@[192.0.2.1]', 'must be one e-mail address'],
    ['a\u0007@example.com', 'U+0007'],
    [`${'a'.repeat(250)}@b.cd`, 'longer than the 254 characters'],
    ['\u200e'.repeat(1_000_000), 'longer than the 254 characters'],
  ])('is not %j: a header would read it otherwise, or not at all', (text, message) => {
    expect(isMailAddress(text)).toBe(false);
    expect(readMailAddress(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  test('marks that nobody sees are taken off its ends, whichever they are', () => {
    expect(INVISIBLE.length).toBeGreaterThan(400);
    for (const mark of INVISIBLE) {
      expect(readMailAddress(`${mark}${mark}a@example.com${mark}`)).toEqual({
        ok: true,
        address: 'a@example.com',
      });
    }
  });

  test('a mark within it is refused, and named by its number', () => {
    for (const mark of INVISIBLE) {
      const number = mark.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
      for (const text of [`a${mark}b@example.com`, `ab@exam${mark}ple.com`]) {
        expect(isMailAddress(text)).toBe(false);
        expect(readMailAddress(text)).toEqual({
          ok: false,
          message: expect.stringContaining(`holds U+${number} `),
        });
      }
    }
  });

  test.each([
    ['\u200e', 'U+200E LEFT-TO-RIGHT MARK'],
    ['\u200f', 'U+200F RIGHT-TO-LEFT MARK'],
    ['\u200b', 'U+200B ZERO WIDTH SPACE'],
    ['\u00a0', 'U+00A0 NO-BREAK SPACE'],
    ['\ufeff', 'U+FEFF ZERO WIDTH NO-BREAK SPACE'],
    ['\u2067', 'U+2067 RIGHT-TO-LEFT ISOLATE'],
  ])('the marks that people paste have their names: %j is %s', (mark, name) => {
    expect(readMailAddress(`owner@exam${mark}ple.com`)).toEqual({
      ok: false,
      message: `holds ${name} within the address; type it anew without it`,
    });
  });
});
