/** `/v1/runs`: what rules and workflows did, and what they wait for. */

import { Type } from 'typebox';
import type { Language } from '../../core/failures/texts.ts';
import { parseId } from '../../core/ids.ts';
import { DEFINITION_LIMITS } from '../../core/workflow/definition.ts';
import { RUN_STATES, type Run, type RunFilter } from '../../store/records/automation.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import { automationIds } from '../automationIds.ts';
import type { App, HttpDeps } from '../deps.ts';
import { explainRun, explainStep, languageOf } from '../failureTexts.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { faulty, notFound, Problem } from '../problem.ts';
import { type RunDetailView, runStepView, runView } from '../views/run.ts';

/** Of one run: each step may mail to as many. */
const MAX_MAILS = DEFINITION_LIMITS.steps * DEFINITION_LIMITS.recipients;

const RunQuery = Type.Object(
  {
    ...pageQuery,
    automation_id: Type.Optional(Type.String({ maxLength: 64, description: 'A rule or workflow.' })),
    event_id: Type.Optional(Type.String({ maxLength: 128 })),
    state: Type.Optional(oneOf(RUN_STATES)),
  },
  { additionalProperties: false },
);

export function runRoutes(app: App, deps: HttpDeps): void {
  listRoute(app, deps);
  getRoute(app, deps);
  cancelRoute(app, deps);
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/runs',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listRuns',
          summary: 'List runs of rules and workflows',
          tag: 'Automation',
          access: 'read',
          answers: { 200: { schema: ref('RunPage'), description: 'Runs, newest first.' } },
        }),
        querystring: RunQuery,
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { automation_id, event_id, state } = request.query;
      const page = readPage(request.query);
      const filter: RunFilter = state === undefined ? {} : { state };
      if (automation_id !== undefined) filter.automation = readAutomationId(automation_id);
      if (event_id !== undefined) {
        const event = await deps.store.findEvent(workspace, event_id);
        if (!event) return { data: [], next_cursor: null };
        filter.event = event.key;
      }
      const found = await deps.store.listRuns(workspace, filter, { ...page, limit: page.limit + 1 });
      const { rows, next } = pageFrom(found, page.limit);
      const ids = await automationIds(
        deps,
        workspace,
        rows.map(({ automation }) => automation),
      );
      const language = languageOf(request);
      return { data: rows.map((row) => explainRun(runView(row, ids), language)), next_cursor: next };
    },
  );
}

function readAutomationId(id: string): number {
  const key = parseId('rule', id) ?? parseId('wf', id);
  if (key !== null) return key;
  throw faulty('invalid_request', [
    { field: '/automation_id', message: 'is not the id of a rule or workflow (rule_…, wf_…)', in: 'query' },
  ]);
}

function getRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/runs/:id',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getRun',
          summary: 'Get a run with its history',
          tag: 'Automation',
          access: 'read',
          answers: { 200: { schema: ref('RunDetail'), description: 'The run.' } },
        }),
        params: idParams('run'),
      },
    },
    async (request) => showRun(deps, workspaceOf(request), request.params.id, languageOf(request)),
  );
}

function cancelRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/runs/:id/cancel',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'cancelRun',
          summary: 'Cancel a run that waits',
          tag: 'Automation',
          access: 'manage',
          description: 'What it did stays done.',
          answers: { 200: { schema: ref('RunDetail'), description: 'The run as it is now.' } },
          problems: ['run_ended'],
        }),
        params: idParams('run'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const { key } = await runOfId(deps, workspace, id);
      const { by } = callerOf(request);
      const cancelled = await deps.store.cancelRuns(workspace, { run: key }, by, deps.clock.now());
      if (cancelled === 0) {
        const { state } = await runOfId(deps, workspace, id);
        throw new Problem('run_ended', `It is ${state}.`);
      }
      return showRun(deps, workspace, id, languageOf(request));
    },
  );
}

async function showRun(
  deps: HttpDeps,
  workspace: number,
  id: string,
  language: Language,
): Promise<RunDetailView> {
  const run = await runOfId(deps, workspace, id);
  const [ids, steps, mails] = await Promise.all([
    automationIds(deps, workspace, [run.automation]),
    deps.store.listRunSteps(workspace, run.key),
    deps.store.listMails(workspace, { run: run.key }, { limit: MAX_MAILS, before: null }),
  ]);
  return {
    ...explainRun(runView(run, ids), language),
    steps: steps.map((step) => explainStep(runStepView(step, mails), language)),
  };
}

async function runOfId(deps: Pick<HttpDeps, 'store'>, workspace: number, id: string): Promise<Run> {
  const key = parseId('run', id);
  const run = key === null ? null : await deps.store.findRun(workspace, key);
  if (!run) throw notFound('run', id);
  return run;
}
