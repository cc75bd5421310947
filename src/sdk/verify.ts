/**
 * Verifying webhooks that Mirsal sends, or anybody who follows Standard Webhooks 1.0.0: over the raw bytes of the body, as they came.
 *
 *   const webhook = await verify({ headers, body }, { secrets: process.env.WEBHOOK_SECRET });
 *
 * A body that was parsed and printed again is another body: take it before any parser does (adapters.ts does so).
 */

import { now, subtle } from './platform.ts';

/** How far the sender's clock may be away, seconds. Standard Webhooks recommends five minutes. */
export const DEFAULT_TOLERANCE_S = 300;

export type WebhookFault =
  /** One of the three headers is missing. */
  | 'missing_header'
  /** `webhook-timestamp` is no whole number of seconds. */
  | 'invalid_timestamp'
  /** Sent too long ago: a recorded request that is played again looks like this. */
  | 'too_old'
  /** Sent in the future: one of the two clocks is wrong. */
  | 'too_new'
  /** No signature is of one of the secrets: another secret, or another body. */
  | 'no_matching_signature'
  /** It is signed, and is no JSON. */
  | 'invalid_json';

/** The webhook must not be acted on. Answer 400, or 401 where it is the signature. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly code: WebhookFault;

  constructor(code: WebhookFault, message: string) {
    super(message);
    this.code = code;
  }
}

/** `Headers`, or an object as Node has it: names in any case. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface SignedRequest {
  headers: HeadersLike;
  /** Byte for byte as it came. */
  body: string | Uint8Array;
}

export interface VerifyOptions {
  /**
   * `whsec_…` (shared) or `whpk_…` (public) keys: one that matches is enough, so list the old and the new one while you rotate.
   */
  secrets: string | readonly string[];
  /** Seconds; 0 lifts the limit, and with it the protection against requests that are played again. */
  toleranceS?: number;
  /** Ms since the epoch; the clock of this machine if absent. */
  now?: () => number;
}

export interface Webhook<Event = unknown> {
  /** The same for every retry and replay: keep it to act once. */
  id: string;
  /** When this attempt was signed. */
  sentAt: Date;
  /** `mirsal-event-type`; null from other senders. */
  type: string | null;
  /** Grows by one with each delivery of the lane: a gap is a delivery that was skipped or dropped. Null from other senders. */
  sequence: number | null;
  /** From 1 on; null from other senders. */
  attempt: number | null;
  /** The body, parsed. */
  event: Event;
}

/** Resolves to what was sent; rejects with WebhookError where it must not be acted on, with TypeError for a secret that is none. */
export async function verify<Event = unknown>(
  { headers, body }: SignedRequest,
  { secrets, toleranceS = DEFAULT_TOLERANCE_S, now: clock = now }: VerifyOptions,
): Promise<Webhook<Event>> {
  const keys = await importKeys(typeof secrets === 'string' ? [secrets] : secrets);
  const id = required(headers, 'webhook-id');
  const timestamp = required(headers, 'webhook-timestamp');
  const signatures = required(headers, 'webhook-signature');
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const seconds = readTimestamp(timestamp, toleranceS, clock() / 1000);
  if (!(await isSigned(keys, signatures, joined(`${id}.${timestamp}.`, bytes)))) {
    throw new WebhookError(
      'no_matching_signature',
      'No signature matches: the secret is of another endpoint, or the body is not what was sent (a proxy or a parser changed it).',
    );
  }
  return {
    id,
    sentAt: new Date(seconds * 1000),
    type: read(headers, 'mirsal-event-type'),
    sequence: numberOf(read(headers, 'mirsal-sequence')),
    attempt: numberOf(read(headers, 'mirsal-attempt')),
    event: parse<Event>(bytes),
  };
}

interface Key {
  version: 'v1' | 'v1a';
  key: CryptoKey;
}

async function importKeys(secrets: readonly string[]): Promise<Key[]> {
  if (secrets.length === 0) throw new TypeError('Name a secret to verify with.');
  return Promise.all(
    secrets.map(async (text): Promise<Key> => {
      const [, prefix, base64 = ''] = /^(whsec_|whpk_)(.+)$/.exec(text.trim()) ?? [];
      const bytes = prefix === undefined ? null : decodeBase64(base64);
      if (bytes === null) throw new TypeError('A secret is whsec_… or whpk_… and base64.');
      if (prefix === 'whsec_') {
        const hmac = { name: 'HMAC', hash: 'SHA-256' };
        return { version: 'v1', key: await subtle().importKey('raw', bytes, hmac, false, ['verify']) };
      }
      return { version: 'v1a', key: await subtle().importKey('raw', bytes, 'Ed25519', false, ['verify']) };
    }),
  );
}

/** Web Cryptography compares in constant time. */
async function isSigned(
  keys: readonly Key[],
  header: string,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  for (const entry of header.split(' ')) {
    const comma = entry.indexOf(',');
    const signature = comma === -1 ? null : decodeBase64(entry.slice(comma + 1));
    if (signature === null) continue;
    for (const { version, key } of keys) {
      if (version !== entry.slice(0, comma)) continue;
      if (await subtle().verify(key.algorithm.name, key, signature, signed)) return true;
    }
  }
  return false;
}

function readTimestamp(text: string, toleranceS: number, nowS: number): number {
  if (!/^\d{1,12}$/.test(text)) {
    throw new WebhookError('invalid_timestamp', 'webhook-timestamp is no whole number of seconds.');
  }
  const seconds = Number(text);
  if (toleranceS > 0 && nowS - seconds > toleranceS) {
    throw new WebhookError(
      'too_old',
      `It was sent ${Math.round(nowS - seconds)} s ago; at most ${toleranceS} s are allowed.`,
    );
  }
  if (toleranceS > 0 && seconds - nowS > toleranceS) {
    throw new WebhookError(
      'too_new',
      `It was sent ${Math.round(seconds - nowS)} s in the future: look at this machine's clock.`,
    );
  }
  return seconds;
}

function parse<Event>(bytes: Uint8Array): Event {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Event;
  } catch {
    throw new WebhookError('invalid_json', 'The body is signed, and is no JSON.');
  }
}

function read(headers: HeadersLike, name: string): string | null {
  if (typeof headers.get === 'function') return (headers as { get(name: string): string | null }).get(name);
  const found = Object.entries(headers).find(([known]) => known.toLowerCase() === name)?.[1];
  const value = Array.isArray(found) ? found[0] : found;
  return typeof value === 'string' ? value : null;
}

function required(headers: HeadersLike, name: string): string {
  const value = read(headers, name);
  if (value === null || value === '')
    throw new WebhookError('missing_header', `The header ${name} is missing.`);
  return value;
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function joined(head: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = new TextEncoder().encode(head);
  const all = new Uint8Array(start.length + body.length);
  all.set(start);
  all.set(body, start.length);
  return all;
}

/** Null for what is none. */
function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
