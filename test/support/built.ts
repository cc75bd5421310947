/**
 * Mirsal in a few files of JavaScript, made of the sources before the first test (globalBuilt.ts). From `src` a process
 * loads 800 modules and a database thread 270: 1.3 and 0.28 s of a core each time, of which 0.6 and 0.05 are left.
 */

import { join } from 'node:path';

/** Kept between runs, since Node keeps what it compiled by path. */
export const BUILT = join(import.meta.dirname, '../../node_modules/.cache/mirsal');

/** A file of `src` or `test/support` as it was built, by its name without an ending. */
export function built(name: 'bin' | 'main' | 'thread' | 'offloadThread' | 'hurried'): string {
  return join(BUILT, `${name}.js`);
}
