/**
 * Mirsal as a process whose clock runs faster than the world's: `HURRIED_FROM` is when it began, ms,
 * the same for a process that follows one that was killed; `HURRIED_BY` how many times as fast.
 */

import { ROLES, readConfig } from '../../src/config.ts';
import { realClock } from '../../src/real.ts';
import { serve } from '../../src/serve.ts';
import type { Clock } from '../../src/world.ts';

const from = Number(process.env.HURRIED_FROM);
const by = Number(process.env.HURRIED_BY);

const clock: Clock = {
  now: () => Math.round(from + (Date.now() - from) * by),
  monotonic: () => realClock.monotonic() * by,
  after: (delayMs, run, options) => realClock.after(delayMs / by, run, options),
  soon: realClock.soon,
};

const running = await serve(readConfig(), new Set(ROLES), { clock });
process.stdout.write(`Mirsal is at ${running.url}\n`);
