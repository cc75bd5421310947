/**
 * Checking a webhook's signature: the receiver's half of Standard Webhooks 1.0.0, for bins, the SDK and
 * tests. Pure: the present moment is an argument. Verdicts are data; nothing here throws for a bad webhook.
 */
import { type KeyObject, timingSafeEqual, verify as verifyBytes } from 'node:crypto';
import { parseKey } from './secret.ts';
import { compatibilitySignature, hmacOf, type SignedContent, signedBytes } from './sign.ts';

/** Five minutes, as the specification's reference libraries have it. */
export const DEFAULT_TOLERANCE_S = 5 * 60;

/** A sender rotates with two keys, rarely more. A longer list is somebody making us compute. */
const MAX_SIGNATURES = 16;

export type InvalidReason =
  | 'missing_headers'
  | 'bad_timestamp'
  | 'timestamp_out_of_tolerance'
  | 'bad_key'
  | 'no_matching_signature';

export type SignatureVerdict =
  | { kind: 'valid' }
  | { kind: 'invalid'; reason: InvalidReason; message: string };

export interface VerifyInput {
  /** The values of webhook-id, webhook-timestamp and webhook-signature; undefined where a header is absent. */
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
  body: string | Uint8Array;
  /** `whsec_…`, `whpk_…` or `whsk_…`; any one that matches is enough. */
  keys: readonly string[];
  nowS: number;
  toleranceS?: number;
}

/** Pure. Whether one of the keys made one of the signatures, recently enough. */
export function verify(input: VerifyInput): SignatureVerdict {
  const { id, timestamp, signature, body, nowS, toleranceS = DEFAULT_TOLERANCE_S } = input;
  if (!id || !timestamp || !signature) {
    return invalid('missing_headers', `The request lacks ${missingHeaders(input).join(', ')}.`);
  }
  if (!/^[0-9]{1,12}$/.test(timestamp)) {
    return invalid('bad_timestamp', 'webhook-timestamp is not a Unix time in seconds.');
  }
  const timestampS = Number(timestamp);
  const ageS = nowS - timestampS;
  if (Math.abs(ageS) > toleranceS) {
    const message = `webhook-timestamp is ${Math.abs(ageS)} s ${ageS > 0 ? 'in the past' : 'in the future'}; at most ${toleranceS} s are allowed.`;
    return invalid('timestamp_out_of_tolerance', message);
  }
  // The timestamp is signed as it was sent; "007" and "7" are different contents.
  if (String(timestampS) !== timestamp) {
    return invalid('bad_timestamp', 'webhook-timestamp has leading zeros.');
  }
  const content: SignedContent = { id, timestampS, body };
  const offered = signature.split(' ').slice(0, MAX_SIGNATURES);
  for (const text of input.keys) {
    const parsed = parseKey(text);
    if (!parsed.ok) return invalid('bad_key', parsed.message);
    const matches = parsed.kind === 'shared' ? matchesHmac : matchesEd25519;
    if (matches(parsed.key, content, offered)) return { kind: 'valid' };
  }
  return invalid('no_matching_signature', 'No signature in webhook-signature was made with a known key.');
}

/** Pure. Whether `X-Webhook-Signature` (base64 or hex) belongs to the body. */
export function verifyCompatibility(key: string, body: string | Uint8Array, offered: string): boolean {
  const encoding = /^[0-9a-f]{64}$/i.test(offered) ? 'hex' : 'base64';
  const text = encoding === 'hex' ? offered.toLowerCase() : offered;
  return equalText(compatibilitySignature(key, body, encoding), text);
}

function matchesHmac(key: KeyObject, content: SignedContent, offered: readonly string[]): boolean {
  const expected = `v1,${hmacOf(key, content)}`;
  return offered.some((candidate) => equalText(candidate, expected));
}

function matchesEd25519(key: KeyObject, content: SignedContent, offered: readonly string[]): boolean {
  const bytes = signedBytes(content);
  return offered.some((candidate) => {
    if (!candidate.startsWith('v1a,')) return false;
    return verifyBytes(null, bytes, key, Buffer.from(candidate.slice('v1a,'.length), 'base64'));
  });
}

/** Compares without telling by its duration where the texts differ; their length is no secret. */
function equalText(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

function missingHeaders(input: VerifyInput): string[] {
  const missing: string[] = [];
  if (!input.id) missing.push('webhook-id');
  if (!input.timestamp) missing.push('webhook-timestamp');
  if (!input.signature) missing.push('webhook-signature');
  return missing;
}

function invalid(reason: InvalidReason, message: string): SignatureVerdict {
  return { kind: 'invalid', reason, message };
}
