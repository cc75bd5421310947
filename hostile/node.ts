/**
 * Mirsal with a watch on its own loop. From SIGUSR2 on it writes each second to HOSTILE_WATCH how late the loop was
 * at most, and how much CPU time one turn of it has taken at most, which no one outside can measure.
 */

import { writeFileSync } from 'node:fs';

const file = process.env.HOSTILE_WATCH ?? '';
if (file === '') throw new Error('HOSTILE_WATCH names the file to write to.');
delete process.env.HOSTILE_WATCH;

const LOOK_EVERY_MS = 5;
const US_PER_MS = 1_000;
const BYTES_PER_KIB = 1024;

export interface Watched {
  /** How late the loop was at the worst, in milliseconds, since the process was ready. */
  lateMs: number;
  /**
   * The CPU time that the loop's thread took between two looks at the most: what one turn takes, and up to 5 ms more.
   * A loop that is late for more than that was kept waiting by other threads and processes.
   */
  workedMs: number;
  /** The most that was resident, in bytes. */
  residentBytes: number;
}

await import('../src/main.ts');

/** Once the node is ready, and told so: what it takes to start is no tenant's doing. */
function watch(): void {
  let lateMs = 0;
  let workedMs = 0;
  let at = performance.now();
  let cpu = process.threadCpuUsage();
  setInterval(() => {
    const now = performance.now();
    const { user, system } = process.threadCpuUsage(cpu);
    lateMs = Math.max(lateMs, now - at - LOOK_EVERY_MS);
    workedMs = Math.max(workedMs, (user + system) / US_PER_MS);
    at = now;
    cpu = process.threadCpuUsage();
  }, LOOK_EVERY_MS).unref();
  setInterval(() => {
    const residentBytes = process.resourceUsage().maxRSS * BYTES_PER_KIB;
    writeFileSync(file, JSON.stringify({ lateMs, workedMs, residentBytes } satisfies Watched));
  }, 1_000).unref();
}

process.once('SIGUSR2', watch);
