/** `/v1/plans`: what each plan allows (A1), and the checks that hold a workspace to its own. */

import { type Static, Type } from 'typebox';
import { leastPlan, type Plan, type PlanLimits, planFor, planOf } from '../../core/plan.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, nullable, ref } from '../operation.ts';
import { faulty, Problem } from '../problem.ts';

const limit = (description: string) =>
  nullable(Type.Integer(), { description: `${description}; null for any number.` });

const PlanSchema = Type.Object(
  {
    name: Type.String(),
    webhooks: Type.Boolean({ description: 'Whether webhooks, rules and workflows may be used at all.' }),
    limits: Type.Object({
      endpoints: limit('Endpoints'),
      rules: limit('Rules and workflows'),
      members: limit('Members, with those who are invited'),
      events_per_day: limit('Events accepted per UTC day'),
      retention_days: limit('Days that events are kept at most'),
      mails_per_day: limit('Mails that rules and workflows send per UTC day'),
      mails_per_recipient_per_day: limit('Of these, to one address'),
    }),
  },
  { $id: 'Plan', description: 'What a workspace may use, and how much of it.' },
);
type PlanView = Static<typeof PlanSchema>;

export const planComponents = [PlanSchema];

export function planRoutes(app: App, deps: HttpDeps): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.webhooks === true) await requireWebhooks(deps, workspaceOf(request));
  });

  app.get(
    '/v1/plans',
    {
      config: { access: 'key' },
      schema: describe({
        id: 'listPlans',
        summary: 'List plans, from the least to the most',
        tag: 'Administration',
        access: 'key',
        answers: {
          200: {
            schema: Type.Object({ data: Type.Array(ref<PlanView>('Plan')) }),
            description: 'The plans of this installation.',
          },
        },
      }),
    },
    async () => ({ data: deps.plans.map(planView) }),
  );
}

function planView({ name, webhooks, limits }: Plan): PlanView {
  return { name, webhooks, limits: { ...limits } };
}

async function planOfWorkspace(deps: HttpDeps, workspace: number): Promise<Plan> {
  const routing = await deps.engine.routing(workspace);
  if (routing === null) throw new Problem('not_found', 'The workspace is gone.');
  return planOf(deps.plans, routing.workspace.plan);
}

async function requireWebhooks(deps: HttpDeps, workspace: number): Promise<void> {
  const plan = await planOfWorkspace(deps, workspace);
  if (plan.webhooks) return;
  const better = leastPlan(deps.plans, ({ webhooks }) => webhooks);
  const advice = better === null ? 'No plan of this installation does.' : `The plan "${better.name}" does.`;
  throw new Problem(
    'plan_required',
    `The workspace's plan "${plan.name}" does not include webhooks. ${advice}`,
    better === null ? {} : { facts: { plan: better.name } },
  );
}

const NAMES = { endpoints: 'endpoints', rules: 'rules and workflows' } as const;

/** Throws where one more, or so many, would exceed the workspace's plan. */
export async function requireRoom(
  deps: HttpDeps,
  workspace: number,
  what: Extract<keyof PlanLimits, 'endpoints' | 'rules'>,
  reached: number,
  more = 1,
): Promise<void> {
  const plan = await planOfWorkspace(deps, workspace);
  const limit = plan.limits[what];
  if (limit === null || reached + more <= limit) return;
  const better = planFor(deps.plans, what, reached + more);
  const advice =
    better === null
      ? `Delete some of them first.`
      : `Delete some of them, or take the plan "${better.name}".`;
  throw new Problem(
    'limit_reached',
    `The plan "${plan.name}" allows ${limit} ${NAMES[what]}, and there are ${reached}. ${advice}`,
    { facts: { limit, reached, ...(better === null ? {} : { plan: better.name }) } },
  );
}

/** Throws where there is no such plan. */
export function requirePlan(deps: HttpDeps, name: string | undefined): void {
  if (name === undefined || deps.plans.some((plan) => plan.name === name)) return;
  const known = deps.plans.map((plan) => plan.name).join(', ');
  throw faulty('unknown_plan', [{ field: '/plan', message: `is none of ${known}` }]);
}

/** Throws where the settings would keep something for longer than the plan does. */
export async function requireRetention(
  deps: HttpDeps,
  workspace: number,
  retention: Readonly<Record<string, number | undefined>>,
): Promise<void> {
  const plan = await planOfWorkspace(deps, workspace);
  const most = plan.limits.retention_days;
  if (most === null) return;
  const faults = Object.entries(retention).flatMap(([name, days]) =>
    days === undefined || days <= most
      ? []
      : [{ field: `/retention/${name}`, message: `is at most ${most} on the plan "${plan.name}"` }],
  );
  if (faults.length > 0) throw faulty('limit_reached', faults);
}
