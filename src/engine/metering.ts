/** What the engine works with, told to a meter as it is used; and how the node stands. */

import { KEYS_PER_MS } from '../core/ids.ts';
import type { Clock } from '../world.ts';
import type { Standing } from './engine.ts';
import type { Lanes } from './lanes.ts';
import type { Meter } from './meter.ts';
import type { Mailing } from './outbox.ts';

/** A call of the store on the hot path. */
export function timed<Parameters extends unknown[], Answer>(
  name: 'publish' | 'record',
  call: (...parameters: Parameters) => Promise<Answer>,
  { clock, meter }: { clock: Clock; meter: Meter },
): (...parameters: Parameters) => Promise<Answer> {
  return async (...parameters) => {
    const from = clock.monotonic();
    let isDone = false;
    try {
      const answer = await call(...parameters);
      isDone = true;
      return answer;
    } finally {
      meter.committed(name, clock.monotonic() - from, isDone);
    }
  };
}

export function meteredMailing(mailing: Mailing, meter: Meter): Mailing {
  return {
    ...mailing,
    async send(mail) {
      const result = await mailing.send(mail);
      meter.mailed(result.kind);
      return result;
    },
  };
}

/** `nowMs` is the wall clock. Lanes whose next delivery has not been read from the store count, and tell no age. */
export function standingOf(
  lanes: Pick<Lanes, 'held' | 'lanesOf'>,
  nowMs: number,
): Pick<Standing, 'lanes' | 'oldestMs'> {
  let open = 0;
  let oldest = nowMs;
  for (const { slice } of lanes.held()) {
    for (const lane of lanes.lanesOf(slice)) {
      if (!lane.isDry) open += 1;
      if (lane.head !== undefined) oldest = Math.min(oldest, lane.head.key / KEYS_PER_MS);
    }
  }
  return { lanes: open, oldestMs: nowMs - oldest };
}
