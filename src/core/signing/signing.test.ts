/** Signing: known answers, round trips, and a receiver's library as the judge. */
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createSigningKeyPair, derivePublicKey, formatSecret, parseKey, parseSecret } from './secret.ts';
import {
  compatibilitySignature,
  prepareKey,
  signatureHeader,
  signV1,
  signV1a,
  standardHeaders,
} from './sign.ts';
import vectors from './vectors.json' with { type: 'json' };
import { type VerifyInput, verify, verifyCompatibility } from './verify.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = formatSecret(new Uint8Array(32).fill(7));
const NOW_S = 1_700_000_000;

function aWebhook(overrides: Partial<VerifyInput> = {}): VerifyInput {
  const content = { id: 'msg_1', timestampS: NOW_S, body: '{"a":"مرسال"}' };
  return {
    id: content.id,
    timestamp: String(content.timestampS),
    signature: signV1({ secret: SECRET, ...content }),
    body: content.body,
    keys: [SECRET],
    nowS: NOW_S,
    ...overrides,
  };
}

describe('known-answer vectors', () => {
  it.each(vectors.standard_webhooks)('signs $id as the vector says', (vector) => {
    const content = { id: vector.id, timestampS: vector.timestamp, body: vector.payload };
    const key = vector.secret ?? vector.private_key ?? '';
    expect(prepareKey(key).sign(content)).toBe(vector.signature);
    expect(prepareKey(key).sign({ ...content, body: new TextEncoder().encode(vector.payload) })).toBe(
      vector.signature,
    );
    const verdict = verify({
      id: vector.id,
      timestamp: String(vector.timestamp),
      signature: vector.signature,
      body: vector.payload,
      keys: [vector.public_key ?? key],
      nowS: vector.timestamp,
    });
    expect(verdict).toEqual({ kind: 'valid' });
    if (vector.private_key !== undefined) {
      expect(derivePublicKey(vector.private_key)).toBe(vector.public_key);
      expect(signV1a({ privateKey: vector.private_key, ...content })).toBe(vector.signature);
    }
  });

  it.each(vectors.raw_body_hmac_base64)('signs the raw body with $key as the vector says', (vector) => {
    expect(compatibilitySignature(vector.key, vector.payload, 'base64')).toBe(vector.signature);
    const hex = compatibilitySignature(vector.key, vector.payload, 'hex');
    expect(hex).toBe(Buffer.from(vector.signature, 'base64').toString('hex'));
    expect(verifyCompatibility(vector.key, vector.payload, vector.signature)).toBe(true);
    expect(verifyCompatibility(vector.key, vector.payload, hex)).toBe(true);
    expect(verifyCompatibility('another key', vector.payload, hex)).toBe(false);
  });
});

describe('a receiver', () => {
  it('verifies with the standardwebhooks library what was signed here, for any body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.json(), (bytes, body) => {
        const secret = formatSecret(bytes);
        // The library reads the machine's clock, so the timestamp has to be recent.
        const timestampS = Math.floor(Date.now() / 1000);
        const headers = Object.fromEntries(
          standardHeaders([prepareKey(secret)], { id: 'msg_1', timestampS, body }),
        );
        expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
      }),
      { numRuns: 50 },
    );
  });

  it('verifies with the old or the new secret while both sign', () => {
    const content = { id: 'msg_1', timestampS: Math.floor(Date.now() / 1000), body: '{}' };
    const headers = Object.fromEntries(
      standardHeaders([prepareKey(OTHER_SECRET), prepareKey(SECRET)], content),
    );
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const secret of [SECRET, OTHER_SECRET]) {
      expect(() => new Webhook(secret).verify(content.body, headers)).not.toThrow();
    }
  });

  it('verifies an Ed25519 signature with the public key alone', () => {
    const pair = createSigningKeyPair(new Uint8Array(32).fill(9));
    const content = { id: 'msg_1', timestampS: NOW_S, body: 'x' };
    const signature = signatureHeader([prepareKey(pair.privateKey), prepareKey(SECRET)], content);
    expect(verify(aWebhook({ body: 'x', signature, keys: [pair.publicKey] }))).toEqual({ kind: 'valid' });
    expect(verify(aWebhook({ body: 'y', signature, keys: [pair.publicKey] }))).toMatchObject({
      reason: 'no_matching_signature',
    });
  });
});

describe('verify', () => {
  it('accepts what it should', () => {
    expect(verify(aWebhook())).toEqual({ kind: 'valid' });
    expect(verify(aWebhook({ keys: [OTHER_SECRET, SECRET] }))).toEqual({ kind: 'valid' });
    expect(verify(aWebhook({ nowS: NOW_S + 300 }))).toEqual({ kind: 'valid' });
  });

  it.each([
    ['missing_headers', { signature: undefined }],
    ['missing_headers', { id: '' }],
    ['bad_timestamp', { timestamp: '2023-11-14T22:13:20Z' }],
    ['bad_timestamp', { timestamp: `0${NOW_S}` }],
    ['timestamp_out_of_tolerance', { nowS: NOW_S + 301 }],
    ['timestamp_out_of_tolerance', { nowS: NOW_S - 301 }],
    ['bad_key', { keys: ['whsec_short'] }],
    ['no_matching_signature', { keys: [OTHER_SECRET] }],
    ['no_matching_signature', { keys: [] }],
    ['no_matching_signature', { body: '{}' }],
    ['no_matching_signature', { id: 'msg_2' }],
    ['no_matching_signature', { signature: 'v1,' }],
    ['no_matching_signature', { signature: 'v1a,AAAA v2,BBBB' }],
  ])('answers %s for %o', (reason, overrides) => {
    expect(verify(aWebhook(overrides))).toMatchObject({ kind: 'invalid', reason });
  });
});

describe('keys as text', () => {
  it('come back as the bytes they were made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        const parsed = parseSecret(formatSecret(bytes));
        expect(parsed.ok && Array.from(parsed.bytes)).toEqual(Array.from(bytes));
      }),
    );
  });

  it.each([
    ['', 'starts with'],
    ['secret', 'starts with'],
    ['whsec_', 'base64'],
    ['whsec_***', 'base64'],
    [`whsec_${'A'.repeat(28)}`, 'holds 21'],
    [`whsec_${'A'.repeat(88)}`, 'holds 66'],
  ])('refuse %s', (text, words) => {
    expect(parseSecret(text)).toMatchObject({ ok: false, message: expect.stringContaining(words) });
  });

  it('refuse a private key whose halves do not belong together', () => {
    const one = createSigningKeyPair(new Uint8Array(32).fill(1));
    const bytes = Buffer.from(one.privateKey.slice(5), 'base64');
    bytes.fill(0, 32);
    expect(parseKey(`whsk_${bytes.toString('base64')}`)).toMatchObject({ ok: false });
  });

  it('never sign with a public key or a wrong length', () => {
    const pair = createSigningKeyPair(new Uint8Array(32).fill(1));
    expect(() => prepareKey(pair.publicKey)).toThrow('only verifies');
    expect(() => signV1({ secret: pair.privateKey, id: 'a', timestampS: 1, body: '' })).toThrow(
      'v1a, not v1',
    );
    expect(() => signV1({ secret: SECRET, id: 'a', timestampS: 1.5, body: '' })).toThrow('whole number');
    expect(() => formatSecret(new Uint8Array(23))).toThrow('24 to 64');
    expect(() => createSigningKeyPair(new Uint8Array(31))).toThrow('32 bytes');
  });
});
