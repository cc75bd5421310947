/** What a start page shows, as the API shows it. Pure. */

import { type Static, Type } from 'typebox';
import { STATS_LIMITS } from '../../core/stats/series.ts';
import { nullable, ref, time } from '../operation.ts';
import type { BudgetView } from '../routes/budget.ts';
import type { EndpointView } from './endpoint.ts';
import type { NoticeView } from './notice.ts';
import type { WorkspaceTotals } from './stats.ts';

const DaySchema = Type.Object(
  {
    since: time('When it begins: midnight in UTC.'),
    totals: ref<WorkspaceTotals>('WorkspaceTotals'),
    success_rate: nullable(Type.Number({ minimum: 0, maximum: 1 }), {
      description: 'Attempts that succeeded among all; null where there were none.',
    }),
  },
  {
    $id: 'OverviewDay',
  },
);
export type OverviewDay = Static<typeof DaySchema>;

const OpenSchema = Type.Object(
  {
    count: Type.Integer({ description: 'How many there are.' }),
    oldest_at: nullable(time('When the oldest of them was made.')),
  },
  { $id: 'OpenDeliveries' },
);
type OpenView = Static<typeof OpenSchema>;

const OverviewSchema = Type.Object(
  {
    at: time('When it was so.'),
    today: ref<OverviewDay>('OverviewDay'),
    yesterday: ref<OverviewDay>('OverviewDay'),
    endpoints: Type.Object(
      {
        total: Type.Integer({ description: 'All of them, those of rules and workflows among them.' }),
        enabled: Type.Integer({ description: 'Those that are sent to.' }),
        disabled: Type.Integer({ description: 'Those whose deliveries are held.' }),
        failing: Type.Integer({ description: 'Enabled, and the latest attempt failed.' }),
      },
      { description: 'How many endpoints there are.' },
    ),
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
        has_bins: Type.Boolean({ description: 'A bin was made.' }),
        has_endpoints: Type.Boolean({ description: 'An endpoint was connected.' }),
        has_events: Type.Boolean({ description: 'An event was accepted.' }),
        has_delivered: Type.Boolean({ description: 'Something in the log has arrived.' }),
      },
      { description: 'What a new workspace has done already.' },
    ),
  },
  {
    $id: 'Overview',
    description: 'What a start page shows. `waiting` is open at enabled endpoints, `held` at disabled ones.',
  },
);
export type OverviewView = Static<typeof OverviewSchema>;

export const overviewComponents = [DaySchema, OpenSchema, OverviewSchema];
