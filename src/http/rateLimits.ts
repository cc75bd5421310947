/**
 * How much one caller may ask for in a while, at this node. Far above what a platform does; what is beyond it is a
 * fault or an attack, and is answered 429 with `Retry-After` before anything is read or looked up for it.
 */

import rateLimit from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MINUTE, SECOND } from '../core/duration.ts';
import type { App, RateLimits } from './deps.ts';
import { Problem } from './problem.ts';

/** What is counted together. */
type Who = 'key' | 'address' | 'bin' | 'wrong_keys';

/** `perSecond`: requests a second on the average, with room for a burst; 0 for no limits, which is null. */
export function rateLimitsOf(perSecond: number): RateLimits | null {
  if (perSecond === 0) return null;
  const inTenSeconds = perSecond * 10;
  return { key: inTenSeconds, address: inTenSeconds, bin: inTenSeconds, wrong_keys: 100, waiting: 20 };
}

const WINDOWS_MS: Record<Who, number> = {
  key: 10 * SECOND,
  address: 10 * SECOND,
  bin: 10 * SECOND,
  wrong_keys: MINUTE,
};

/** Callers remembered at a time; beyond that those that were seen longest ago begin anew. */
const REMEMBERED = 10_000;

export interface RateLimiter {
  /** Counts a request of `id`; throws a Problem where it is one too many. */
  count(who: Who, id: string, request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts one that waits for as long as `work` takes; throws a Problem where it is one too many. */
  whileWaiting<Done>(id: string, work: () => Promise<Done>): Promise<Done>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom the request is counted for. */
    countedFor: string;
  }
}

/** To be called before routes are registered. */
export async function createRateLimiter(app: App, limits: RateLimits | null): Promise<RateLimiter> {
  if (limits === null) {
    return { count: () => Promise.resolve(), whileWaiting: (_id, work) => work() };
  }
  await app.register(rateLimit, { global: false, cache: REMEMBERED });
  app.decorateRequest('countedFor', '');
  const keyGenerator = (request: FastifyRequest): string => request.countedFor;
  const limiter = (who: Who) =>
    app.createRateLimit({ max: limits[who], timeWindow: WINDOWS_MS[who], keyGenerator });
  const limiters = {
    key: limiter('key'),
    address: limiter('address'),
    bin: limiter('bin'),
    wrong_keys: limiter('wrong_keys'),
  };
  const waiting = new Map<string, number>();
  return {
    async count(who, id, request, reply) {
      request.countedFor = id;
      const limit = await limiters[who](request);
      if (limit.isAllowed) return;
      const headers = {
        'ratelimit-limit': String(limit.max),
        'ratelimit-remaining': String(limit.remaining),
        'ratelimit-reset': String(limit.ttlInSeconds),
      };
      reply.headers(headers);
      if (limit.isExceeded) throw tooMany(who, limits[who], limit.ttlInSeconds);
    },
    async whileWaiting(id, work) {
      const others = waiting.get(id) ?? 0;
      if (others >= limits.waiting) {
        throw new Problem('rate_limited', `${others} requests of this key wait already.`, {
          headers: { 'retry-after': '1' },
        });
      }
      waiting.set(id, others + 1);
      try {
        return await work();
      } finally {
        const left = (waiting.get(id) ?? 1) - 1;
        if (left === 0) waiting.delete(id);
        else waiting.set(id, left);
      }
    },
  };
}

const WHOSE: Record<Who, string> = {
  key: 'of this API key',
  address: 'from this address',
  bin: 'to this bin',
  wrong_keys: 'with keys that are none from this address',
};

function tooMany(who: Who, max: number, retryAfterS: number): Problem {
  return new Problem(
    'rate_limited',
    `More than ${max} requests ${WHOSE[who]} in ${WINDOWS_MS[who] / SECOND} s. Try again in ${retryAfterS} s.`,
    { headers: { 'retry-after': String(Math.max(1, retryAfterS)) } },
  );
}
