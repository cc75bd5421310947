/**
 * Signing keys as text, and back. Three forms, each a prefix and base64:
 *
 *   whsec_  a shared secret of 24 to 64 bytes (HMAC-SHA256, signature version v1)
 *   whsk_   an Ed25519 private key: 32 bytes of seed, then the 32 bytes of its public key (v1a)
 *   whpk_   an Ed25519 public key: 32 bytes; what receivers are given
 *
 * Pure: random bytes arrive as arguments. No message ever contains key material.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';

/** Standard Webhooks 1.0.0, "Signature scheme": between 24 bytes (192 bits) and 64 bytes (512 bits). */
export const SECRET_MIN_BYTES = 24;
export const SECRET_MAX_BYTES = 64;
/** For secrets that come along from another system: the known-answer vectors hold one of 18 bytes. */
export const IMPORTED_SECRET_MIN_BYTES = 16;
export const ED25519_SEED_BYTES = 32;

const SECRET_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';

/** RFC 8410's fixed DER in front of a raw Ed25519 seed (PKCS#8) and of a raw public key (SPKI). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export type ParsedSecret = { ok: true; bytes: Uint8Array } | { ok: false; message: string };

export type ParsedKey =
  | { ok: true; kind: 'shared'; key: KeyObject }
  | { ok: true; kind: 'private'; key: KeyObject }
  | { ok: true; kind: 'public'; key: KeyObject }
  | { ok: false; message: string };

/**
 * Pure. The bytes of a `whsec_` secret, or why it is none. `minBytes` is the specification's minimum
 * unless an existing secret is only to be used, not issued.
 */
export function parseSecret(text: string, minBytes: number = SECRET_MIN_BYTES): ParsedSecret {
  if (!text.startsWith(SECRET_PREFIX)) {
    return { ok: false, message: `A signing secret starts with "${SECRET_PREFIX}".` };
  }
  const bytes = decodeBase64(text.slice(SECRET_PREFIX.length));
  if (bytes === null) {
    return { ok: false, message: `What follows "${SECRET_PREFIX}" must be base64.` };
  }
  if (bytes.length < minBytes || bytes.length > SECRET_MAX_BYTES) {
    return {
      ok: false,
      message: `A signing secret holds ${minBytes} to ${SECRET_MAX_BYTES} bytes; this one holds ${bytes.length}.`,
    };
  }
  return { ok: true, bytes };
}

/** Pure. `whsec_…` of 24 to 64 bytes. Throws a RangeError on any other length. */
export function formatSecret(bytes: Uint8Array): string {
  if (bytes.length < SECRET_MIN_BYTES || bytes.length > SECRET_MAX_BYTES) {
    throw new RangeError(
      `A signing secret needs ${SECRET_MIN_BYTES} to ${SECRET_MAX_BYTES} bytes, got ${bytes.length}.`,
    );
  }
  return SECRET_PREFIX + encodeBase64(bytes);
}

/** Pure. The key pair of a 32-byte random seed, as `whsk_…` and `whpk_…`. Throws a RangeError on another length. */
export function createSigningKeyPair(seed: Uint8Array): { privateKey: string; publicKey: string } {
  if (seed.length !== ED25519_SEED_BYTES) {
    throw new RangeError(`An Ed25519 seed needs ${ED25519_SEED_BYTES} bytes, got ${seed.length}.`);
  }
  const publicBytes = rawPublicKey(privateKeyFromSeed(seed));
  return {
    privateKey: PRIVATE_PREFIX + Buffer.concat([seed, publicBytes]).toString('base64'),
    publicKey: PUBLIC_PREFIX + publicBytes.toString('base64'),
  };
}

/** Pure. The `whpk_…` that belongs to a `whsk_…`; null when the text is no private key. */
export function derivePublicKey(privateKey: string): string | null {
  const parsed = parseKey(privateKey);
  if (!parsed.ok || parsed.kind !== 'private') return null;
  return PUBLIC_PREFIX + rawPublicKey(parsed.key).toString('base64');
}

/** Pure. Any of the three forms, ready for node:crypto. */
export function parseKey(text: string): ParsedKey {
  if (text.startsWith(SECRET_PREFIX)) {
    const secret = parseSecret(text, IMPORTED_SECRET_MIN_BYTES);
    if (!secret.ok) return secret;
    return { ok: true, kind: 'shared', key: createSecretKey(secret.bytes) };
  }
  if (text.startsWith(PRIVATE_PREFIX)) return parsePrivateKey(text.slice(PRIVATE_PREFIX.length));
  if (text.startsWith(PUBLIC_PREFIX)) return parsePublicKey(text.slice(PUBLIC_PREFIX.length));
  return {
    ok: false,
    message: `A signing key starts with "${SECRET_PREFIX}", "${PRIVATE_PREFIX}" or "${PUBLIC_PREFIX}".`,
  };
}

function parsePrivateKey(base64: string): ParsedKey {
  const bytes = decodeBase64(base64);
  if (bytes === null || bytes.length !== 2 * ED25519_SEED_BYTES) {
    return { ok: false, message: `"${PRIVATE_PREFIX}" is followed by base64 of 64 bytes: seed, public key.` };
  }
  const key = privateKeyFromSeed(bytes.subarray(0, ED25519_SEED_BYTES));
  // A damaged key must not sign: receivers would see signatures that no published key verifies.
  if (!rawPublicKey(key).equals(bytes.subarray(ED25519_SEED_BYTES))) {
    return { ok: false, message: `The two halves of this "${PRIVATE_PREFIX}" key do not belong together.` };
  }
  return { ok: true, kind: 'private', key };
}

function parsePublicKey(base64: string): ParsedKey {
  const bytes = decodeBase64(base64);
  if (bytes === null || bytes.length !== ED25519_SEED_BYTES) {
    return { ok: false, message: `"${PUBLIC_PREFIX}" is followed by base64 of 32 bytes.` };
  }
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' });
  return { ok: true, kind: 'public', key };
}

function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length);
}

function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Strict, because Buffer skips what it cannot read: a mistyped secret would silently become another one. */
function decodeBase64(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes : null;
}
