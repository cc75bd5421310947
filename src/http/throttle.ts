/**
 * How often somebody may try what costs a password's hash or a mail, at this node: per address, so that one attacker
 * cannot try many people, and per e-mail, so that many cannot try one. Not lifted with the limits of requests.
 */

import { HOUR, MINUTE } from '../core/duration.ts';
import type { Limit } from '../core/limits.ts';
import type { Clock } from '../world.ts';
import { Problem } from './problem.ts';

const AGAIN = '429 `rate_limited` with `Retry-After`';

export const TRY_LIMITS = {
  sign_in_address: {
    value: 30,
    unit: 'tries of one address in 5 min, also to set up or accept',
    beyond: AGAIN,
  },
  sign_in_email: { value: 10, unit: 'tries of one e-mail in 5 min', beyond: AGAIN },
  reset_address: {
    value: 20,
    unit: 'requests for a new password from one address in an hour',
    beyond: AGAIN,
  },
  reset_email: { value: 5, unit: 'mails for a new password to one e-mail in an hour', beyond: AGAIN },
} as const satisfies Record<string, Limit>;

export type Tried = keyof typeof TRY_LIMITS;

const WINDOWS_MS: Readonly<Record<Tried, number>> = {
  sign_in_address: 5 * MINUTE,
  sign_in_email: 5 * MINUTE,
  reset_address: HOUR,
  reset_email: HOUR,
};

/** Remembered of a kind at a time; beyond that those whose window began first begin anew. */
const REMEMBERED = 10_000;

export interface Throttle {
  /** Counts a try; throws a Problem where it is one too many. */
  count(what: Tried, who: string): void;
  /** After one that was right. */
  forget(what: Tried, who: string): void;
}

export function createThrottle(clock: Pick<Clock, 'monotonic'>): Throttle {
  const tries = new Map<Tried, Map<string, { count: number; endsAt: number }>>();
  const triesOf = (what: Tried) => {
    const known = tries.get(what) ?? new Map<string, { count: number; endsAt: number }>();
    tries.set(what, known);
    return known;
  };
  return {
    count(what, who) {
      const now = clock.monotonic();
      const known = triesOf(what);
      const kept = known.get(who);
      const window = kept && kept.endsAt > now ? kept : { count: 0, endsAt: now + WINDOWS_MS[what] };
      if (window !== kept) {
        known.delete(who);
        const [oldest] = known.keys();
        if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
        known.set(who, window);
      }
      if (window.count >= TRY_LIMITS[what].value) throw tooOften(what, window.endsAt - now);
      window.count += 1;
    },
    forget: (what, who) => void triesOf(what).delete(who),
  };
}

function tooOften(what: Tried, leftMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(leftMs / 1_000));
  const { value, unit } = TRY_LIMITS[what];
  return new Problem('rate_limited', `More than ${value} ${unit}. Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}
