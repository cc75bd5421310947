/**
 * Series: how far a range reaches back and in what steps, and a list of points without holes. Pure.
 *
 * Steps are whole minutes, hours and days of UTC. The last one is still going on.
 */

import { DAY, HOUR, MINUTE } from '../duration.ts';
import type { Limit } from '../limits.ts';

export const RANGES = ['hour', 'day', 'week', 'month'] as const;
export type Range = (typeof RANGES)[number];

const STEPS: Record<Range, { stepMs: number; points: number }> = {
  hour: { stepMs: MINUTE, points: 60 },
  day: { stepMs: HOUR, points: 24 },
  week: { stepMs: HOUR, points: 7 * 24 },
  month: { stepMs: DAY, points: 31 },
};

/**
 * How long each width of a row is kept before it is added to a row of the next: a range finds its steps, and a result
 * that is recorded late, its minute.
 */
export const STATS_LIMITS = {
  minutes: { value: 2, unit: 'hours that are kept minute by minute', beyond: 'they are added up to hours' },
  hours: { value: 9, unit: 'days that are kept hour by hour', beyond: 'they are added up to days' },
  days: { value: 400, unit: 'days that are kept', beyond: 'they are deleted' },
  eventTypes: {
    value: 50,
    unit: 'event types of one series, those with most events',
    beyond: 'the others are added up',
  },
  sparklines: { value: 1_000, unit: 'endpoints, the newest', beyond: 'the others are asked for one by one' },
  attention: {
    value: 20,
    unit: 'endpoints of the overview that fail or are disabled',
    beyond: 'the others are counted',
  },
} as const satisfies Record<string, Limit>;

export interface Span {
  /** The first step's beginning, ms. */
  since: number;
  /** The last step's end, ms. */
  until: number;
  stepMs: number;
}

export function spanOf(range: Range, now: number): Span {
  const { stepMs, points } = STEPS[range];
  const until = (Math.floor(now / stepMs) + 1) * stepMs;
  return { since: until - points * stepMs, until, stepMs };
}

/** One point for each step; `empty` where there is none. */
export function fill<Point>({ since, until, stepMs }: Span, of: (at: number) => Point): Point[] {
  const points: Point[] = [];
  for (let at = since; at < until; at += stepMs) points.push(of(at));
  return points;
}
