/**
 * API keys as text. A made key is a prefix, 32 random characters and 6 of checksum, all base 62:
 *
 *   mirsal_   a workspace's key        mirsal_<32><6>
 *   mirsali_  an instance key          mirsali_<32><6>
 *
 * The checksum (CRC-32 over prefix and random part) lets a mistyped or made-up key be refused without
 * asking the store. 32 characters of base 62 are 190 bits of chance. Only a key's SHA-256 is stored:
 * with that much chance no slower hash is needed.
 *
 * An operator may choose a key of another form for automation (MIRSAL_BOOTSTRAP_API_KEY); it has no
 * checksum, and the store alone knows it. Pure: randomness is an argument.
 */

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_CHARS = 32;
/** 62^6 > 2^32. */
const CHECKSUM_CHARS = 6;
/** Of the random part: enough to recognise a key by, useless for guessing it. */
const SHOWN_CHARS = 6;
const CHOSEN_MIN_CHARS = 8;
const CHOSEN_MAX_CHARS = 256;

export type ApiKeyKind = 'workspace' | 'instance';

const PREFIX: Record<ApiKeyKind, string> = { workspace: 'mirsal_', instance: 'mirsali_' };

export interface MadeApiKey {
  /** The whole key; shown once. */
  text: string;
  /** SHA-256 of it, lower-case hex: what is stored. */
  hash: string;
  /** Its readable beginning. */
  prefix: string;
}

export type ParsedApiKey = { ok: true; hash: string; prefix: string } | { ok: false; message: string };

/** Pure. A new key from `randomBytes(length)`. */
export function makeApiKey(kind: ApiKeyKind, randomBytes: (length: number) => Uint8Array): MadeApiKey {
  const body = PREFIX[kind] + randomText(RANDOM_CHARS, randomBytes);
  const text = body + checksum(body);
  return { text, hash: hashApiKey(text), prefix: readablePrefix(text) };
}

/** Pure. What a presented key is, or why it cannot be one. Does not say whether it is known. */
export function parseApiKey(text: string): ParsedApiKey {
  if (/^mirsali?_[0-9A-Za-z]{38}$/.test(text)) {
    const body = text.slice(0, -CHECKSUM_CHARS);
    if (checksum(body) !== text.slice(-CHECKSUM_CHARS)) {
      return { ok: false, message: 'The API key is mistyped: its checksum does not fit.' };
    }
  } else if (
    !/^[\x21-\x7e]+$/.test(text) ||
    text.length < CHOSEN_MIN_CHARS ||
    text.length > CHOSEN_MAX_CHARS
  ) {
    return {
      ok: false,
      message: `An API key is ${CHOSEN_MIN_CHARS} to ${CHOSEN_MAX_CHARS} visible ASCII characters.`,
    };
  }
  return { ok: true, hash: hashApiKey(text), prefix: readablePrefix(text) };
}

/** Pure. SHA-256 of the whole key, lower-case hex. */
export function hashApiKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Pure. `length` characters of base 62, each equally likely: bytes that would favour some are thrown away. */
export function randomText(length: number, randomBytes: (length: number) => Uint8Array): string {
  const fair = 256 - (256 % DIGITS.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < fair && text.length < length) text += DIGITS.charAt(byte % DIGITS.length);
    }
  }
  return text;
}

function readablePrefix(text: string): string {
  const made = /^mirsali?_/.exec(text);
  // Of a chosen key, which may be short, no more than a quarter is shown.
  return made && text.length >= 40
    ? text.slice(0, made[0].length + SHOWN_CHARS)
    : text.slice(0, Math.min(SHOWN_CHARS, Math.floor(text.length / 4)));
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let place = 0; place < CHECKSUM_CHARS; place += 1) {
    text = DIGITS.charAt(rest % DIGITS.length) + text;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}
