/**
 * Sealing of stored secrets: AES-256-GCM. Pure: the initialisation vector is an argument.
 *
 * Layout: 1 byte version (1), 12 bytes IV, ciphertext, 16 bytes tag. `context` names the place
 * (such as `endpoint-secret`) and is authenticated, so that one sealed value cannot be put in
 * another's place.
 */

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

const VERSION = 1;
export const SEALING_KEY_BYTES = 32;
export const SEALING_IV_BYTES = 12;
const TAG_BYTES = 16;

/** The value was sealed under another key, for another context, or is damaged. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

export function seal(key: Uint8Array, context: string, text: string, iv: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), iv, sealed, cipher.getAuthTag()]);
}

/** The sealed text. Throws SealBroken. */
export function unseal(key: Uint8Array, context: string, sealed: Uint8Array): string {
  if (sealed[0] !== VERSION || sealed.length < 1 + SEALING_IV_BYTES + TAG_BYTES) {
    throw new SealBroken(`A stored ${context} has a layout that this version does not know.`);
  }
  const iv = sealed.subarray(1, 1 + SEALING_IV_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, iv);
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const text = decipher.update(sealed.subarray(1 + SEALING_IV_BYTES, sealed.length - TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new SealBroken(
      `A stored ${context} cannot be opened: it was sealed with another MIRSAL_SECRET, or is damaged. ` +
        'Start with the secret that this database was made with.',
      { cause },
    );
  }
}

/** Seals and opens with one key; what main.ts hands to those who store secrets. */
export interface Sealer {
  seal(context: string, text: string): Uint8Array;
  open(context: string, sealed: Uint8Array): string;
  /** Another secret for that purpose, the same wherever the key is the same; it tells nothing of the key. */
  derive(purpose: string): Uint8Array;
}

export function createSealer(key: Uint8Array, randomBytes: (length: number) => Uint8Array): Sealer {
  return {
    seal: (context, text) => seal(key, context, text, randomBytes(SEALING_IV_BYTES)),
    open: (context, sealed) => unseal(key, context, sealed),
    derive: (purpose) => new Uint8Array(hkdfSync('sha256', key, '', purpose, SEALING_KEY_BYTES)),
  };
}
