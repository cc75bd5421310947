/** What a start page shows, as the API shows it. Pure. */

import { type Static, Type } from 'typebox';
import { STATS_LIMITS } from '../../core/stats/series.ts';
import { nullable, ref, time } from '../operation.ts';
import type { BudgetView } from '../routes/budget.ts';
import type { EndpointView } from './endpoint.ts';
import type { NoticeView } from './notice.ts';
import type { WorkspaceTotals } from './stats.ts';

const NO_ATTEMPTS = {
  attempts: 0,
  delivered: 0,
  failed: 0,
  failures: { http: 0, timeout: 0, connect: 0, dns: 0, tls: 0, protocol: 0, blocked: 0 },
  dropped: 0,
  latency_ms: null,
};
const DAY_EXAMPLE = { since: '2026-03-02T00:00:00.000Z', success_rate: null, events: 0, ...NO_ATTEMPTS };

const DaySchema = Type.Object(
  {
    since: time('When it begins: midnight in UTC.'),
    totals: ref<WorkspaceTotals>('WorkspaceTotals'),
    success_rate: nullable(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Attempts that succeeded among all; null where there were none.',
      }),
    ),
  },
  {
    $id: 'OverviewDay',
    examples: [{ since: DAY_EXAMPLE.since, totals: { events: 0, ...NO_ATTEMPTS }, success_rate: null }],
  },
);
export type OverviewDay = Static<typeof DaySchema>;

const OpenSchema = Type.Object(
  {
    count: Type.Integer(),
    oldest_at: nullable(time('When the oldest of them was made.')),
  },
  { $id: 'OpenDeliveries', examples: [{ count: 214, oldest_at: '2026-03-02T14:02:11.000Z' }] },
);
type OpenView = Static<typeof OpenSchema>;

const OverviewSchema = Type.Object(
  {
    at: time('When it was so.'),
    today: ref<OverviewDay>('OverviewDay'),
    yesterday: ref<OverviewDay>('OverviewDay'),
    endpoints: Type.Object({
      total: Type.Integer(),
      enabled: Type.Integer(),
      disabled: Type.Integer(),
      failing: Type.Integer({ description: 'Enabled, and the latest attempt failed.' }),
    }),
    attention: Type.Array(ref<EndpointView>('Endpoint'), {
      description:
        'Endpoints that are disabled, but not by hand, then those that fail, then those disabled by hand; the latest first, and ' +
        `${STATS_LIMITS.attention.value} at the most.`,
    }),
    waiting: ref<OpenView>('OpenDeliveries'),
    held: ref<OpenView>('OpenDeliveries'),
    budget: ref<BudgetView>('Budget'),
    notices: Type.Array(ref<NoticeView>('Notice'), { description: 'The latest five.' }),
    onboarding: Type.Object(
      {
        has_bins: Type.Boolean(),
        has_endpoints: Type.Boolean(),
        has_events: Type.Boolean(),
        has_delivered: Type.Boolean({ description: 'Something in the log has arrived.' }),
      },
      { description: 'What a new workspace has done already.' },
    ),
  },
  {
    $id: 'Overview',
    description: 'What a start page shows. `waiting` is open at enabled endpoints, `held` at disabled ones.',
    examples: [
      {
        at: '2026-03-02T09:00:00.000Z',
        today: {
          since: '2026-03-02T00:00:00.000Z',
          totals: { events: 0, ...NO_ATTEMPTS },
          success_rate: null,
        },
        yesterday: {
          since: '2026-03-01T00:00:00.000Z',
          totals: { events: 0, ...NO_ATTEMPTS },
          success_rate: null,
        },
        endpoints: { total: 0, enabled: 0, disabled: 0, failing: 0 },
        attention: [],
        waiting: { count: 0, oldest_at: null },
        held: { count: 0, oldest_at: null },
        budget: { limit: 30, window_s: 1_800, scope: 'workspace', errors: 0, endpoints: [] },
        notices: [],
        onboarding: { has_bins: true, has_endpoints: false, has_events: false, has_delivered: false },
      },
    ],
  },
);
export type OverviewView = Static<typeof OverviewSchema>;

export const overviewComponents = [DaySchema, OpenSchema, OverviewSchema];
