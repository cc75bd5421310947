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

export function bytesView(bytes: Uint8Array): { body: string; encoding: 'utf8' | 'base64' } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer)
    ? { body: buffer.toString('utf8'), encoding: 'utf8' }
    : { body: buffer.toString('base64'), encoding: 'base64' };
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
