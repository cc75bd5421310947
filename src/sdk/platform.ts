/** What the SDK takes of its surroundings: there in Node, Bun, Deno, workers and browsers. Its only file that touches them. */

/** Ms since the epoch. */
export const now = (): number => Date.now();

/** Web Cryptography. Everywhere the same; in browsers only on pages that came by HTTPS. */
export const subtle = (): SubtleCrypto => {
  const { crypto } = globalThis;
  if (crypto?.subtle === undefined) {
    throw new Error('Web Cryptography is missing here: signatures cannot be verified.');
  }
  return crypto.subtle;
};
