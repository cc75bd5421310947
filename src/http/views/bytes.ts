/** Stored bytes in a JSON answer: as text where they are UTF-8, else as base64 that says so. Pure. */

import { isUtf8 } from 'node:buffer';
import { Type } from 'typebox';
import { oneOf } from '../operation.ts';

export const bytesMembers = {
  body: Type.String({ description: 'As text, or base64 where `encoding` says so.' }),
  encoding: oneOf(['utf8', 'base64'] as const, { description: '`base64` where the bytes are not UTF-8.' }),
};

export const HeaderPairs = Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), {
  description: 'Pairs of name and value, order and repeats kept.',
});

/** A text that was cut in the middle of a character is shown without that character. */
export function bytesView(bytes: Uint8Array): { body: string; encoding: 'utf8' | 'base64' } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = withoutCutCharacter(buffer);
  return isUtf8(text)
    ? { body: text.toString('utf8'), encoding: 'utf8' }
    : { body: buffer.toString('base64'), encoding: 'base64' };
}

/** The sealed part of stored header pairs; null where there is none. */
export function sealedHeaders(text: string): Uint8Array | null {
  const stored: unknown = JSON.parse(text);
  const last: unknown = Array.isArray(stored) ? stored.at(-1) : null;
  if (typeof last !== 'object' || last === null || !('sealed' in last)) return null;
  return typeof last.sealed === 'string' ? Buffer.from(last.sealed, 'base64') : null;
}

/** Header pairs from their stored JSON text; what is not a pair of texts is left out. */
export function headerPairs(text: string | null): string[][] {
  const stored: unknown = text === null ? [] : JSON.parse(text);
  if (!Array.isArray(stored)) return [];
  return stored.filter(
    (pair): pair is string[] =>
      Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string'),
  );
}

/** UTF-8, 3: the bytes of a character that begins within the last three, and is not complete. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (length > 0) return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
