/** `/v1/overview`: what a start page shows, in one call. */

import type { FastifyRequest } from 'fastify';
import { DAY } from '../../core/duration.ts';
import { ALL_ENDPOINTS, emptyTally, readTally } from '../../core/stats/counts.ts';
import { STATS_LIMITS } from '../../core/stats/series.ts';
import type { Endpoint, Failing, OpenCount } from '../../store/records/endpoints.ts';
import type { StatSpan } from '../../store/records/stats.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, ref } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';
import { noticeView } from '../views/notice.ts';
import type { OverviewDay, OverviewView } from '../views/overview.ts';
import { countsView, ratio } from '../views/stats.ts';
import { budgetOf } from './budget.ts';
import { routingOf, showEndpoints } from './endpoints.ts';

const NOTICES = 5;

export function overviewRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/overview',
    {
      config: { access: 'read' },
      schema: describe({
        id: 'getOverview',
        summary: 'Get what a start page shows',
        tag: 'Statistics',
        access: 'read',
        description:
          'Today so far beside yesterday, what needs attention, what is still to be sent, and the latest notices.',
        answers: { 200: { schema: ref<OverviewView>('Overview'), description: 'The overview.' } },
      }),
    },
    async (request) => overviewOf(deps, request),
  );
}

async function overviewOf(deps: HttpDeps, request: FastifyRequest): Promise<OverviewView> {
  const workspace = workspaceOf(request);
  const now = deps.clock.now();
  const today = Math.floor(now / DAY) * DAY;
  const span = { since: today - DAY, until: today + DAY, stepMs: DAY };
  const { endpoints } = await routingOf(deps, workspace);
  const [dayOf, failing, open, budget, notices, onboarding] = await Promise.all([
    readDays(deps, workspace, span),
    deps.store.listFailing(workspace),
    countAll(deps, workspace, endpoints),
    budgetOf(deps, workspace),
    deps.store.listNotices(workspace, { limit: NOTICES, before: null }),
    onboardingOf(deps, workspace, endpoints),
  ]);
  const disabled = endpoints.filter((endpoint) => endpoint.disabled !== null);
  const enabled = endpoints.filter((endpoint) => endpoint.disabled === null);
  return {
    at: formatTime(now),
    today: dayOf(today),
    yesterday: dayOf(today - DAY),
    endpoints: {
      total: endpoints.length,
      enabled: enabled.length,
      disabled: disabled.length,
      failing: enabled.filter(({ key }) => failing.has(key)).length,
    },
    attention: await showEndpoints(deps, request, needingAttention(endpoints, failing)),
    waiting: sumOpen(enabled, open),
    held: sumOpen(disabled, open),
    budget,
    notices: notices.map(noticeView),
    onboarding,
  };
}

async function readDays(
  deps: HttpDeps,
  workspace: number,
  span: StatSpan,
): Promise<(day: number) => OverviewDay> {
  const [attempts, events] = await Promise.all([
    deps.store.readAttemptStats(workspace, ALL_ENDPOINTS, span),
    deps.store.readEventStats(workspace, span),
  ]);
  return (day) => {
    const tally = attempts.find(({ at }) => at === day)?.tally ?? emptyTally();
    const counts = readTally(tally);
    const accepted = events.reduce((sum, point) => (point.at === day ? sum + point.events : sum), 0);
    return {
      since: formatTime(day),
      totals: { events: accepted, ...countsView(counts) },
      success_rate: counts.attempts === 0 ? null : ratio(counts.delivered, counts.attempts),
    };
  };
}

/** Many at a time would be one long statement before everybody else's. */
const COUNTED_AT_ONCE = 100;

async function countAll(
  deps: HttpDeps,
  workspace: number,
  endpoints: readonly Endpoint[],
): Promise<Map<number, OpenCount>> {
  const counts = new Map<number, OpenCount>();
  for (let from = 0; from < endpoints.length; from += COUNTED_AT_ONCE) {
    const keys = endpoints.slice(from, from + COUNTED_AT_ONCE).map(({ key }) => key);
    for (const [key, count] of await deps.store.countOpen(workspace, keys)) counts.set(key, count);
  }
  return counts;
}

function sumOpen(
  endpoints: readonly Endpoint[],
  open: ReadonlyMap<number, OpenCount>,
): OverviewView['waiting'] {
  let count = 0;
  let oldestAt: number | null = null;
  for (const { key } of endpoints) {
    const mine = open.get(key);
    if (mine === undefined) continue;
    count += mine.count;
    oldestAt = Math.min(oldestAt ?? mine.oldestAt, mine.oldestAt);
  }
  return { count, oldest_at: formatTimeOrNull(oldestAt) };
}

function needingAttention(endpoints: readonly Endpoint[], failing: ReadonlyMap<number, Failing>): Endpoint[] {
  const urgent = ({ key, disabled }: Endpoint): { rank: number; at: number } | null => {
    if (disabled !== null) return { rank: disabled.reason === 'manual' ? 2 : 0, at: disabled.at };
    const failed = failing.get(key);
    return failed === undefined ? null : { rank: 1, at: failed.lastAt };
  };
  return endpoints
    .flatMap((endpoint) => {
      const how = urgent(endpoint);
      return how === null ? [] : [{ endpoint, ...how }];
    })
    .sort((one, other) => one.rank - other.rank || other.at - one.at)
    .slice(0, STATS_LIMITS.attention.value)
    .map(({ endpoint }) => endpoint);
}

async function onboardingOf(
  deps: HttpDeps,
  workspace: number,
  endpoints: readonly Endpoint[],
): Promise<OverviewView['onboarding']> {
  const one = { limit: 1, before: null };
  const [bins, events, delivered] = await Promise.all([
    deps.store.listBins(workspace),
    deps.store.listEvents(workspace, {}, one),
    deps.store.scanDeliveries(workspace, { state: 'delivered' }, one),
  ]);
  return {
    has_bins: bins.length > 0,
    has_endpoints: endpoints.some(({ automation }) => automation === null),
    has_events: events.length > 0,
    has_delivered: delivered.rows.length > 0,
  };
}
