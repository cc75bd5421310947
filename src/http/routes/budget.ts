/** `/v1/budget`: how much of the error budget is used, and by whom (A11). */

import { type Static, Type } from 'typebox';
import { SECOND } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, nullable, oneOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { routingOf } from './endpoints.ts';

const BudgetSchema = Type.Object(
  {
    limit: Type.Integer({ description: 'Errors that are allowed within the window; the next one trips.' }),
    window_s: Type.Integer(),
    scope: oneOf(['workspace', 'endpoint'] as const),
    errors: Type.Integer({ description: 'Failed attempts within the window, of enabled endpoints.' }),
    endpoints: Type.Array(
      Type.Object({
        endpoint_id: Type.String(),
        errors: Type.Integer(),
        last_error_at: time('When the latest of them ended.'),
        last_error: nullable(Type.String(), { description: 'Null where the latest attempt succeeded.' }),
      }),
      { description: 'Who has caused them, most errors first.' },
    ),
  },
  { $id: 'Budget', description: 'The error budget as it stands.' },
);
export type BudgetView = Static<typeof BudgetSchema>;

export const budgetComponents = [BudgetSchema];

export function budgetRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/budget',
    {
      config: { access: 'read' },
      schema: describe({
        id: 'getBudget',
        summary: 'Get the error budget as it stands',
        tag: 'Endpoints',
        access: 'read',
        answers: { 200: { schema: ref<BudgetView>('Budget'), description: 'The budget.' } },
      }),
    },
    async (request) => budgetOf(deps, workspaceOf(request)),
  );
}

export async function budgetOf(deps: HttpDeps, workspace: number): Promise<BudgetView> {
  const { settings } = (await routingOf(deps, workspace)).workspace;
  const { budget } = settings;
  const [errors, failing] = await Promise.all([
    deps.store.listBudgetErrors(workspace, deps.clock.now() - budget.window_s * SECOND),
    deps.store.listFailing(workspace),
  ]);
  const byEndpoint = [...Map.groupBy(errors, ({ endpoint }) => endpoint)];
  return {
    ...budget,
    errors: errors.length,
    endpoints: byEndpoint
      .map(([endpoint, mine]) => ({
        endpoint_id: formatId('ep', endpoint),
        errors: mine.length,
        last_error_at: formatTime(Math.max(...mine.map(({ at }) => at))),
        last_error: failing.get(endpoint)?.error ?? null,
      }))
      .sort((one, other) => other.errors - one.errors),
  };
}
