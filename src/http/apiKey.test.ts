/** API keys as text. */

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashApiKey, makeApiKey, parseApiKey, randomText } from './apiKey.ts';

describe('an API key', () => {
  test.each([
    ['workspace', /^mirsal_[0-9A-Za-z]{38}$/],
    ['instance', /^mirsali_[0-9A-Za-z]{38}$/],
  ] as const)('of a %s has its prefix, 32 random characters and 6 of checksum', (kind, form) => {
    const made = makeApiKey(kind, randomBytes);
    expect(made.text).toMatch(form);
    expect(parseApiKey(made.text)).toEqual({ ok: true, hash: made.hash, prefix: made.prefix });
    expect(made.text.startsWith(made.prefix)).toBe(true);
    expect(made.hash).toBe(hashApiKey(made.text));
  });

  test('with any one character mistyped is refused', () => {
    const { text } = makeApiKey('workspace', randomBytes);
    for (let at = 'mirsal_'.length; at < text.length; at += 1) {
      const other = text[at] === 'x' ? 'y' : 'x';
      expect(parseApiKey(text.slice(0, at) + other + text.slice(at + 1)).ok).toBe(false);
    }
  });

  test('chosen by the operator needs no checksum, and shows at most a quarter of itself', () => {
    expect(parseApiKey('bootstrap-for-tests')).toMatchObject({ ok: true, prefix: 'boot' });
    expect(parseApiKey('short').ok).toBe(false);
    expect(parseApiKey('with space in it').ok).toBe(false);
  });

  test('is made of characters that are equally likely: bytes over 247 are thrown away', () => {
    const bytes = [255, 0, 248, 61, 62, 123];
    expect(randomText(4, () => Uint8Array.from(bytes))).toBe('0z0z');
  });
});
