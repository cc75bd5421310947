/** The dashboard is built before the first test where its sources have changed, as `npm start` does it. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export function setup(): void {
  // In a process of its own: this one's NODE_ENV would have React's slow and large form built.
  const { NODE_ENV: _ours, ...env } = process.env;
  execFileSync(process.execPath, [join(import.meta.dirname, '../../dashboard/build.ts')], {
    env,
    stdio: 'inherit',
  });
}
