/** Dry runs of rules and workflows: what one would do with a sample or a past event, and why. */

import { compileDefinition, type Program } from '../../core/workflow/program.ts';
import type { Routing } from '../../store/records/routing.ts';
import { seesSecrets, workspaceOf } from '../auth.ts';
import { asWritten, checkDefinition, storedWarnings } from '../automationInput.ts';
import type { App, HttpDeps } from '../deps.ts';
import { dryRunBeside } from '../dryRun.ts';
import { languageOf } from '../failureTexts.ts';
import { describe, ref } from '../operation.ts';
import { type Fault, faulty, notFound } from '../problem.ts';
import { findSample } from '../samples.ts';
import type { DryRunInput } from '../views/dryRun.ts';
import type { Warning } from '../views/warning.ts';
import { automationOfId, NOUNS, type Noun } from './automations.ts';
import { bodyExpired } from './deliveryActions.ts';
import { routingOf } from './endpoints.ts';

export function automationTestRoutes(app: App, deps: HttpDeps): void {
  for (const noun of NOUNS) testRoute(app, deps, noun);
}

function testRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.post(
    `${path}/test`,
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: `test${name}`,
          summary: `See what a ${kind} would do, and why`,
          tag: 'Automation',
          access: 'read',
          description:
            'Takes a sample or a past event. Nothing is sent or stored; how often its subject has set it off ' +
            'already, and whether it is enabled, do not count.',
          answers: { 200: { schema: ref('DryRun'), description: 'What would happen.' } },
          problems: ['invalid_definition', 'unknown_event_type', 'body_expired'],
          hasBody: true,
        }),
        body: ref<DryRunInput>('DryRunInput'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const input = asWritten(request);
      refuseMixtures(input);
      const routing = await routingOf(deps, workspace);
      const { definition, program, warnings } = await programToTest(routing, noun, input);
      const { shown, raw } = await eventToTest(deps, routing, program, input);
      const { waits = {} } = input;
      const showUrls = seesSecrets(request);
      const run = {
        kind,
        definition,
        type: shown.type,
        raw,
        waits,
        showUrls,
        language: languageOf(request),
        now: deps.clock.now(),
      };
      return { event: shown, ...(await dryRunBeside(deps.dryRuns, routing, run)), warnings };
    },
  );
}

function refuseMixtures({ definition, id, event_type, sample, event_id }: DryRunInput): void {
  const faults: Fault[] = [];
  if (definition === undefined && id === undefined)
    faults.push({ field: '/definition', message: 'is missing; or name one that is stored by `id`' });
  if (definition !== undefined && id !== undefined)
    faults.push({ field: '/id', message: 'cannot stand beside `definition`' });
  if (event_id !== undefined && (event_type !== undefined || sample !== undefined))
    faults.push({ field: '/event_id', message: 'cannot stand beside `event_type` or `sample`' });
  if (faults.length > 0) throw faulty('invalid_request', faults);
}

async function programToTest(
  routing: Routing,
  noun: Noun,
  { definition, id }: DryRunInput,
): Promise<{ definition: string; program: Program; warnings: Warning[] }> {
  const { kind } = noun;
  if (id !== undefined) {
    const row = automationOfId(routing, noun, id);
    const program = compileDefinition(kind, row.definition);
    return { definition: row.definition, program, warnings: storedWarnings(routing, row) };
  }
  // Nothing is sent, so no name is looked up for it.
  const checked = await checkDefinition(null, routing, kind, { pointer: '/definition', input: definition });
  const { warnings } = checked;
  const program = compileDefinition(kind, checked.definition);
  return { definition: checked.definition, program, warnings };
}

async function eventToTest(
  deps: HttpDeps,
  routing: Routing,
  program: Program,
  { event_type, sample, event_id }: DryRunInput,
): Promise<{
  shown: { type: string; id: string | null; sample: string | null };
  raw: string;
}> {
  if (event_id === undefined) {
    const found = findSample(routing, event_type ?? program.triggers[0]?.event_type ?? '', sample ?? null);
    return { shown: { type: found.type.name, id: null, sample: found.sample.name }, raw: found.sample.body };
  }
  const event = await deps.store.findEvent(routing.workspace.key, event_id);
  if (!event) throw notFound('event', event_id);
  if (event.body === null) throw bodyExpired();
  return { shown: { type: event.type, id: event.id, sample: null }, raw: event.body };
}
