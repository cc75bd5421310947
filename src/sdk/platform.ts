/**
 * What the SDK takes of its surroundings: there in Node, Bun, Deno, workers and browsers. Its only file that touches them.
 */

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

/** 128 bits, as hexadecimal digits. */
export function randomId(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** From 0 to below 1; for spreading tries, for no secret. */
export const fraction = (): number => Math.random();

/** Runs `work` after `ms`; what is answered calls it off. */
export function later(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}

/** Resolves after `ms`; rejects with the signal's reason once that is given. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = later(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** `fetch` as it is when it is called, so that what replaces it later is used, too. */
export const fetchHere: typeof fetch = (input, init) => globalThis.fetch(input, init);
