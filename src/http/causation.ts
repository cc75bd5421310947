/**
 * Deliveries that come back in as events. A receiver that is this server by a name that the guard cannot know
 * (a proxy, another node, another installation) would publish what it is sent, and so on without end. So a
 * delivery says how deep its event is, and an event that comes by a delivery is one deeper. Nothing proves
 * that the headers are Mirsal's: who writes them himself only makes his own event count as deeper. Pure.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { MAX_DEPTH } from '../engine/engine.ts';
import { Problem } from './problem.ts';

/** How many events lie before the ones of this request. Throws a Problem where they are too many. */
export function depthOfRequest(headers: IncomingHttpHeaders): number {
  // The number of the attempt is in every delivery, the depth only where there is one.
  const told = headers['mirsal-depth'];
  if (told === undefined && headers['mirsal-attempt'] === undefined) return 0;
  const depth = (typeof told === 'string' && /^\d{1,6}$/.test(told) ? Number(told) : 0) + 1;
  if (depth <= MAX_DEPTH) return depth;
  throw new Problem(
    'event_loop',
    `This request is a delivery of Mirsal's, and ${depth} events caused one another up to here; at most ${MAX_DEPTH} may. An endpoint's URL leads back to where events are published.`,
  );
}
