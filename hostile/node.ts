/**
 * Mirsal with a watch on its own loop: each second it writes to HOSTILE_WATCH how long the loop has been blocked at
 * most, which no one outside can measure.
 */

import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const path = process.env.HOSTILE_WATCH;
if (path === undefined) throw new Error('HOSTILE_WATCH names the file to write to.');
delete process.env.HOSTILE_WATCH;

const RESOLUTION_MS = 5;
const NS_PER_MS = 1e6;
const BYTES_PER_KIB = 1024;

export interface Watched {
  /** How late the loop was at the worst, in milliseconds, since the process was ready. */
  blockedMs: number;
  /** The most that was resident, in bytes. */
  residentBytes: number;
}

await import('../src/main.ts');

// What it takes to start is no tenant's doing.
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
setInterval(() => {
  const watched: Watched = {
    blockedMs: Math.max(0, delay.max / NS_PER_MS - RESOLUTION_MS),
    residentBytes: process.resourceUsage().maxRSS * BYTES_PER_KIB,
  };
  writeFileSync(path, JSON.stringify(watched));
}, 1_000).unref();
