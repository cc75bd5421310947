/** Statistics as the API shows them. Pure. */

import { type Static, Type } from 'typebox';
import { ATTEMPT_OUTCOMES } from '../../core/delivery/decide.ts';
import { SECOND } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import { addTally, type Counts, emptyTally, LATENCY_BOUNDS_MS, readTally } from '../../core/stats/counts.ts';
import { fill, RANGES, type Range, type Span, STATS_LIMITS } from '../../core/stats/series.ts';
import type { EventPoint, SparkPoint, StatPoint } from '../../store/records/stats.ts';
import { nullable, oneOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';

export const rangeQuery = {
  range: Type.Optional(
    oneOf(RANGES, {
      default: 'day',
      description:
        '`hour`: 60 steps of a minute; `day`: 24 of an hour; `week`: 168 of an hour; `month`: 31 of a day. Steps are those of UTC, ' +
        'and the last one is still going on.',
    }),
  ),
};

const [, ...FAILURES] = ATTEMPT_OUTCOMES;

const FAILED: Record<(typeof FAILURES)[number], string> = {
  http: 'The receiver answered, and not with a 2xx.',
  timeout: 'No answer in time.',
  connect: 'No connection.',
  dns: 'The name did not resolve.',
  tls: 'No trusted, encrypted connection.',
  protocol: 'The answer was no HTTP.',
  blocked: 'The address may not be sent to.',
};

const LatencySchema = Type.Object(
  {
    p50: Type.Integer({ description: 'Half of them took no longer.' }),
    p95: Type.Integer({ description: 'Of a hundred, 95 took no longer.' }),
    p99: Type.Integer({ description: 'Of a hundred, 99 took no longer.' }),
  },
  {
    $id: 'Latency',
    description:
      'How long attempts took that a receiver answered or let time out, ms. Taken from buckets with the bounds ' +
      `${LATENCY_BOUNDS_MS.join(', ')}: off by less than the distance between the two around it.`,
  },
);

const counts = {
  attempts: Type.Integer({ description: 'Those of repeats and tests, too.' }),
  delivered: Type.Integer({ description: 'Attempts that succeeded: each ends its delivery.' }),
  failed: Type.Integer({ description: 'Attempts that failed, whether or not there was another.' }),
  failures: Type.Object(
    Object.fromEntries(FAILURES.map((name) => [name, Type.Integer({ description: FAILED[name] })])),
    {
      description: 'The failed ones by class.',
    },
  ),
  dropped: Type.Integer({ description: 'Deliveries given up after their last attempt.' }),
  latency_ms: nullable(ref<Static<typeof LatencySchema>>('Latency'), {
    description: 'Null where no attempt says how fast the receiver is.',
  }),
};

export const AttemptCountsSchema = Type.Object(counts, {
  $id: 'AttemptCounts',
  description: 'How attempts ended, by the time at which they ended.',
});
type AttemptCounts = Static<typeof AttemptCountsSchema>;

const AttemptPointSchema = Type.Object(
  { at: time('When the step begins.'), ...counts },
  { $id: 'AttemptPoint' },
);

const span = {
  range: oneOf(RANGES, { description: 'As asked for.' }),
  step_s: Type.Integer({ description: 'How long each step is, seconds.' }),
  since: time('When the first step begins.'),
  until: time('When the last step ends.'),
};

const EndpointStatsSchema = Type.Object(
  {
    endpoint_id: Type.String(),
    ...span,
    totals: ref<AttemptCounts>('AttemptCounts'),
    points: Type.Array(ref<Static<typeof AttemptPointSchema>>('AttemptPoint'), {
      description: 'One for each step, oldest first, zero where nothing was.',
    }),
  },
  {
    $id: 'EndpointStats',
    description: 'How attempts at one endpoint ended.',
  },
);
export type EndpointStatsView = Static<typeof EndpointStatsSchema>;

const WorkspacePointSchema = Type.Object(
  { at: time('When the step begins.'), events: Type.Integer({ description: 'Accepted.' }), ...counts },
  { $id: 'WorkspacePoint' },
);
const WorkspaceTotalsSchema = Type.Object(
  { events: Type.Integer({ description: 'Accepted.' }), ...counts },
  { $id: 'WorkspaceTotals' },
);
export type WorkspaceTotals = Static<typeof WorkspaceTotalsSchema>;

const EventTypeSeriesSchema = Type.Object(
  {
    event_type: nullable(Type.String(), {
      description: `Null for all but the ${STATS_LIMITS.eventTypes.value} types with most events, together.`,
    }),
    events: Type.Integer(),
    points: Type.Array(Type.Integer(), { description: 'Events of each step.' }),
  },
  {
    $id: 'EventTypeSeries',
  },
);

const WorkspaceStatsSchema = Type.Object(
  {
    ...span,
    totals: ref<WorkspaceTotals>('WorkspaceTotals'),
    points: Type.Array(ref<Static<typeof WorkspacePointSchema>>('WorkspacePoint'), {
      description: 'One for each step, oldest first, zero where nothing was.',
    }),
    event_types: nullable(Type.Array(ref<Static<typeof EventTypeSeriesSchema>>('EventTypeSeries')), {
      description: 'Most events first; null unless asked for.',
    }),
  },
  {
    $id: 'WorkspaceStats',
    description: 'What the workspace accepted, and how attempts at all its endpoints ended.',
  },
);
export type WorkspaceStatsView = Static<typeof WorkspaceStatsSchema>;

const SparklineSchema = Type.Object(
  {
    endpoint_id: Type.String(),
    delivered: Type.Array(Type.Integer(), { description: 'Of each step, oldest first.' }),
    failed: Type.Array(Type.Integer(), { description: 'Likewise.' }),
    success_rate: Type.Number({ minimum: 0, maximum: 1, description: 'Of the attempts of the whole time.' }),
  },
  {
    $id: 'Sparkline',
  },
);

const SparklinesSchema = Type.Object(
  {
    ...span,
    data: Type.Array(ref<Static<typeof SparklineSchema>>('Sparkline'), {
      description: 'Endpoints to which nothing was sent in this time are absent.',
    }),
  },
  {
    $id: 'Sparklines',
    description: 'How attempts at all endpoints ended, in little.',
  },
);
export type SparklinesView = Static<typeof SparklinesSchema>;

export const statsComponents = [
  LatencySchema,
  AttemptCountsSchema,
  AttemptPointSchema,
  EndpointStatsSchema,
  WorkspacePointSchema,
  WorkspaceTotalsSchema,
  EventTypeSeriesSchema,
  WorkspaceStatsSchema,
  SparklineSchema,
  SparklinesSchema,
];

export function countsView({ latency, ...rest }: Counts): AttemptCounts {
  return { ...rest, latency_ms: latency };
}

function spanView(range: Range, { since, until, stepMs }: Span) {
  return { range, step_s: stepMs / SECOND, since: formatTime(since), until: formatTime(until) };
}

const EMPTY = emptyTally();

/** Each point's tally by its time, and what they add up to. */
function summed(points: readonly StatPoint[]) {
  const total = emptyTally();
  for (const { tally } of points) addTally(total, tally);
  return {
    byTime: new Map(points.map(({ at, tally }) => [at, tally])),
    totals: countsView(readTally(total)),
  };
}

export function endpointStatsView(
  endpoint: number,
  range: Range,
  spanned: Span,
  points: readonly StatPoint[],
): EndpointStatsView {
  const { byTime, totals } = summed(points);
  return {
    endpoint_id: formatId('ep', endpoint),
    ...spanView(range, spanned),
    totals,
    points: fill(spanned, (at) => ({
      at: formatTime(at),
      ...countsView(readTally(byTime.get(at) ?? EMPTY)),
    })),
  };
}

export function workspaceStatsView(
  range: Range,
  spanned: Span,
  {
    points,
    events,
    byType,
  }: { points: readonly StatPoint[]; events: readonly EventPoint[]; byType: boolean },
): WorkspaceStatsView {
  const { byTime, totals } = summed(points);
  const accepted = new Map<number, number>();
  let all = 0;
  for (const point of events) {
    accepted.set(point.at, (accepted.get(point.at) ?? 0) + point.events);
    all += point.events;
  }
  return {
    ...spanView(range, spanned),
    totals: { events: all, ...totals },
    points: fill(spanned, (at) => ({
      at: formatTime(at),
      events: accepted.get(at) ?? 0,
      ...countsView(readTally(byTime.get(at) ?? EMPTY)),
    })),
    event_types: byType ? eventTypeSeries(spanned, events) : null,
  };
}

function eventTypeSeries(spanned: Span, events: readonly EventPoint[]) {
  const series = [...Map.groupBy(events, ({ type }) => type)].map(([type, mine]) => ({
    event_type: type as string | null,
    events: mine.reduce((sum, point) => sum + point.events, 0),
    points: mine,
  }));
  series.sort((one, other) => other.events - one.events);
  const shown = series.slice(0, STATS_LIMITS.eventTypes.value);
  const rest = series.slice(shown.length);
  if (rest.length > 0) {
    const points = rest.flatMap((some) => some.points);
    shown.push({ event_type: null, events: rest.reduce((sum, some) => sum + some.events, 0), points });
  }
  return shown.map(({ points, ...some }) => ({
    ...some,
    points: fill(spanned, (at) =>
      points.reduce((sum, point) => (point.at === at ? sum + point.events : sum), 0),
    ),
  }));
}

export function sparklinesView(range: Range, spanned: Span, points: readonly SparkPoint[]): SparklinesView {
  const data = [...Map.groupBy(points, ({ endpoint }) => endpoint)].map(([endpoint, mine]) => {
    const byTime = new Map(mine.map((point) => [point.at, point]));
    const delivered = fill(spanned, (at) => byTime.get(at)?.delivered ?? 0);
    const failed = fill(spanned, (at) => byTime.get(at)?.failed ?? 0);
    return { endpoint_id: formatId('ep', endpoint), delivered, failed };
  });
  const sum = (values: readonly number[]): number => values.reduce((so, value) => so + value, 0);
  return {
    ...spanView(range, spanned),
    // Where all attempts were drops without an attempt there is nothing to divide by.
    data: data.flatMap((line) => {
      const arrived = sum(line.delivered);
      const attempts = arrived + sum(line.failed);
      return attempts === 0 ? [] : [{ ...line, success_rate: ratio(arrived, attempts) }];
    }),
  };
}

const DIGITS = 10_000;

/** To four digits, and 1 only where none has failed. */
export function ratio(part: number, whole: number): number {
  return Math.floor((part / whole) * DIGITS) / DIGITS;
}
