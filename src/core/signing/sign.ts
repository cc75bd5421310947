/**
 * Signatures of a webhook: Standard Webhooks 1.0.0 over `id.timestamp.body`, and the compatibility
 * header `X-Webhook-Signature` over the raw body alone.
 *
 *   v1,<base64>   HMAC-SHA256 with a shared secret (whsec_)
 *   v1a,<base64>  Ed25519 with a private key (whsk_)
 *
 * Pure: time arrives as an argument. Parsing a key costs more than signing with it, so a caller that
 * signs often keeps the prepared key.
 */
import { createHmac, type KeyObject, sign as signBytes } from 'node:crypto';
import { parseKey } from './secret.ts';

/** What a signature covers. `timestampS` is Unix seconds; the body is signed byte for byte. */
export interface SignedContent {
  id: string;
  timestampS: number;
  body: string | Uint8Array;
}

export interface PreparedKey {
  version: 'v1' | 'v1a';
  /** `v1,…` or `v1a,…`. Throws a RangeError when `timestampS` is not a whole number of seconds. */
  sign(content: SignedContent): string;
}

/** Pure. A key ready to sign many times. Throws an Error (without key material) for a text that cannot sign. */
export function prepareKey(text: string): PreparedKey {
  const parsed = parseKey(text);
  if (!parsed.ok) throw new Error(`This key cannot sign. ${parsed.message}`);
  switch (parsed.kind) {
    case 'shared':
      return { version: 'v1', sign: (content) => `v1,${hmacOf(parsed.key, content)}` };
    case 'private':
      return { version: 'v1a', sign: (content) => `v1a,${ed25519Of(parsed.key, content)}` };
    case 'public':
      throw new Error('A public key (whpk_) only verifies. Sign with its private key (whsk_).');
    default:
      return parsed satisfies never;
  }
}

/** Pure. `v1,…` for a `whsec_` secret. */
export function signV1(input: SignedContent & { secret: string }): string {
  return signAs('v1', input.secret, input);
}

/** Pure. `v1a,…` for a `whsk_` private key. */
export function signV1a(input: SignedContent & { privateKey: string }): string {
  return signAs('v1a', input.privateKey, input);
}

/**
 * Pure. The value of `webhook-signature`: one signature per key, space-delimited. While a secret is
 * being rotated the old and the new one both sign, the new one first.
 */
export function signatureHeader(keys: readonly PreparedKey[], content: SignedContent): string {
  if (keys.length === 1 && keys[0] !== undefined) return keys[0].sign(content);
  return keys.map((key) => key.sign(content)).join(' ');
}

/** Pure. The three headers of Standard Webhooks, ready to be sent. */
export function standardHeaders(
  keys: readonly PreparedKey[],
  content: SignedContent,
): Array<[name: string, value: string]> {
  return [
    ['webhook-id', content.id],
    ['webhook-timestamp', String(content.timestampS)],
    ['webhook-signature', signatureHeader(keys, content)],
  ];
}

export type CompatibilityEncoding = 'base64' | 'hex';

/**
 * Pure. The value of `X-Webhook-Signature`: HMAC-SHA256 of the raw body with the key's UTF-8 bytes, as
 * base64 (the messaging platform's form) or lower-case hex.
 */
export function compatibilitySignature(
  key: string,
  body: string | Uint8Array,
  encoding: CompatibilityEncoding,
): string {
  return createHmac('sha256', key).update(body).digest(encoding);
}

/** Pure. Base64 of HMAC-SHA256 over `id.timestamp.body`. */
export function hmacOf(key: KeyObject, content: SignedContent): string {
  const head = signedHead(content);
  const { body } = content;
  const hmac = createHmac('sha256', key);
  // One update for text, because a second call into the native side costs more than joining the strings.
  if (typeof body === 'string') hmac.update(head + body);
  else hmac.update(head).update(body);
  return hmac.digest('base64');
}

/** Pure. `id.timestamp.body` as bytes. */
export function signedBytes(content: SignedContent): Uint8Array {
  const { body } = content;
  if (typeof body === 'string') return Buffer.from(signedHead(content) + body);
  return Buffer.concat([Buffer.from(signedHead(content)), body]);
}

function ed25519Of(key: KeyObject, content: SignedContent): string {
  return signBytes(null, signedBytes(content), key).toString('base64');
}

function signedHead(content: SignedContent): string {
  if (!Number.isSafeInteger(content.timestampS)) {
    throw new RangeError(`A webhook timestamp is a whole number of seconds, got ${content.timestampS}.`);
  }
  return `${content.id}.${content.timestampS}.`;
}

function signAs(version: PreparedKey['version'], text: string, content: SignedContent): string {
  const key = prepareKey(text);
  if (key.version !== version) throw new Error(`This key signs ${key.version}, not ${version}.`);
  return key.sign(content);
}
