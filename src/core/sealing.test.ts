/** Stored secrets: opened with the right key in the right place, or not at all. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSealer, SEALING_IV_BYTES, SEALING_KEY_BYTES, SealBroken, seal, unseal } from './sealing.ts';

const KEY = Buffer.alloc(SEALING_KEY_BYTES, 1);
const OTHER_KEY = Buffer.alloc(SEALING_KEY_BYTES, 2);
const IV = Buffer.alloc(SEALING_IV_BYTES, 3);
const TEXT = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const CONTEXT = 'endpoint-secret';

const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('a sealed value', () => {
  it('opens to the text that was sealed', () => {
    fc.assert(
      fc.property(
        anyBytes(SEALING_KEY_BYTES),
        anyBytes(SEALING_IV_BYTES),
        fc.string(),
        fc.string({ unit: 'grapheme' }),
        (key, iv, context, text) => {
          expect(unseal(key, context, seal(key, context, text, iv))).toBe(text);
        },
      ),
    );
    expect(unseal(KEY, CONTEXT, seal(KEY, CONTEXT, 'مرسال', IV))).toBe('مرسال');
  });

  it('does not show its text', () => {
    expect(Buffer.from(seal(KEY, CONTEXT, TEXT, IV)).toString('latin1')).not.toContain(TEXT.slice(6, 12));
  });

  it('does not open with another key', () => {
    expect(() => unseal(OTHER_KEY, CONTEXT, seal(KEY, CONTEXT, TEXT, IV))).toThrow(SealBroken);
  });

  it('does not open in another place', () => {
    const sealed = seal(KEY, CONTEXT, TEXT, IV);
    expect(() => unseal(KEY, 'endpoint-headers', sealed)).toThrow(SealBroken);
    expect(() => unseal(KEY, '', sealed)).toThrow(SealBroken);
  });

  it('does not open with any bit of it flipped', () => {
    const sealed = seal(KEY, CONTEXT, TEXT, IV);
    for (const [index, byte] of sealed.entries()) {
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = Uint8Array.from(sealed);
        damaged[index] = byte ^ (1 << bit);
        expect(() => unseal(KEY, CONTEXT, damaged)).toThrow(SealBroken);
      }
    }
  });

  it('does not open where it was cut short or has grown', () => {
    const sealed = seal(KEY, CONTEXT, TEXT, IV);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => unseal(KEY, CONTEXT, sealed.subarray(0, length))).toThrow(SealBroken);
    }
    expect(() => unseal(KEY, CONTEXT, Buffer.concat([sealed, Buffer.of(0)]))).toThrow(SealBroken);
  });

  it('says what to do when it cannot be opened, and shows neither key nor text', () => {
    const attempt = (): string => unseal(OTHER_KEY, CONTEXT, seal(KEY, CONTEXT, TEXT, IV));
    expect(attempt).toThrow(/endpoint-secret cannot be opened.*another MIRSAL_SECRET.*Start with the secret/);
    expect(attempt).not.toThrow(TEXT);
  });
});

describe('a sealer', () => {
  it('takes a fresh initialisation vector for every value', () => {
    let count = 0;
    const sealer = createSealer(KEY, (length) => {
      count += 1;
      return Buffer.alloc(length, count);
    });
    const first = sealer.seal(CONTEXT, TEXT);
    const second = sealer.seal(CONTEXT, TEXT);
    expect(Buffer.from(first).equals(second)).toBe(false);
    expect(sealer.open(CONTEXT, first)).toBe(TEXT);
    expect(sealer.open(CONTEXT, second)).toBe(TEXT);
    expect(count).toBe(2);
  });
});
