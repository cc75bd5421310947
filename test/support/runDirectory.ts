/**
 * Where a run of the tests keeps all its files: one directory, named after the run's process. So what a run left that
 * was killed can be told, and is removed by the next one.
 */

import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = 'mirsal-run-';

/** Makes it in `place`; it goes when this process ends. */
export function makeRunDirectory(place: string): string {
  for (const name of readdirSync(place)) {
    const [pid] = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-', 1) : [];
    if (pid !== undefined && !isRunning(Number(pid))) remove(join(place, name));
  }
  const directory = mkdtempSync(join(place, `${PREFIX}${process.pid}-`));
  // PostgreSQL, and nodes that tests start as somebody else, reach what is theirs in it.
  chmodSync(directory, 0o755);
  process.once('exit', () => remove(directory));
  return directory;
}

/** Another process may still be putting files there, or removing them. */
function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
