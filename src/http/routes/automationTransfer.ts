/** Rules and workflows as a document: out of one workspace, into another. */

import { maskDefinition } from '../../core/egress/maskUrl.ts';
import { callerOf, seesSecrets, workspaceOf } from '../auth.ts';
import { asWritten, type CheckedDefinition, checkDefinitions } from '../automationInput.ts';
import { MIB } from '../bodies.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, ref } from '../operation.ts';
import { AS_WRITTEN, writtenView } from '../views/automation.ts';
import { createAutomation, NOUNS, type Noun, nextPosition, showAutomations } from './automations.ts';
import { routingOf } from './endpoints.ts';
import { requireRoom } from './plans.ts';

const MAX_IMPORT_BYTES = 4 * MIB;

export function automationTransferRoutes(app: App, deps: HttpDeps): void {
  for (const noun of NOUNS) {
    exportRoute(app, deps, noun);
    importRoute(app, deps, noun);
  }
}

function exportRoute(app: App, deps: HttpDeps, { kind, path, name, plural }: Noun): void {
  app.get(
    `${path}/export`,
    {
      ...AS_WRITTEN,
      config: { access: 'read' },
      schema: describe({
        id: `export${name}s`,
        summary: `Export all ${plural}`,
        tag: 'Automation',
        access: 'read',
        description:
          'As they were written, without their ids, in the order in which they act. Secrets in URLs are masked unless ' +
          'the key may manage; a masked URL cannot be imported.',
        answers: { 200: { schema: ref(`${name}Export`), description: 'Fit for importing.' } },
      }),
    },
    async (request) => {
      const { automations } = await routingOf(deps, workspaceOf(request));
      const written = automations.filter((row) => row.kind === kind).map(writtenView);
      return { [plural]: seesSecrets(request) ? written : maskDefinition(written) };
    },
  );
}

function importRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name, plural } = noun;
  app.post(
    `${path}/import`,
    {
      ...AS_WRITTEN,
      bodyLimit: MAX_IMPORT_BYTES,
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: `import${name}s`,
          summary: `Import ${plural}`,
          tag: 'Automation',
          access: 'manage',
          description:
            'All of them or none. They get ids of their own, are disabled, and stand after those that there are, ' +
            'in the order of the list.',
          answers: { 201: { schema: ref(`${name}Page`), description: 'Those that were made.' } },
          problems: ['plan_required', 'limit_reached', 'invalid_definition', 'target_refused'],
          hasBody: true,
        }),
        body: ref<Record<Noun['plural'], readonly object[]>>(`${name}Import`),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const routing = await routingOf(deps, workspace);
      const body = asWritten(request);
      const given = body[plural];
      await requireRoom(deps, workspace, 'rules', routing.automations.length, given.length);
      const checked = await checkDefinitions(
        deps,
        routing,
        kind,
        given.map((input, index) => ({ pointer: `/${plural}/${index}`, input })),
      );
      const keys = await createAll(deps, workspace, noun, checked, callerOf(request).by);
      const made = await showAutomations(deps, workspace, plural, keys);
      return reply.code(201).send({
        data: made.map((view, index) => ({ ...view, warnings: checked[index]?.warnings ?? [] })),
        next_cursor: null,
      });
    },
  );
}

/** Where one cannot be stored, those before it are taken back. */
async function createAll(
  deps: HttpDeps,
  workspace: number,
  { kind }: Noun,
  all: readonly CheckedDefinition[],
  by: string,
): Promise<number[]> {
  const routing = await routingOf(deps, workspace);
  const first = nextPosition(routing);
  const keys: number[] = [];
  try {
    for (const [index, one] of all.entries()) {
      const checked = { ...one, enabled: false };
      keys.push(await createAutomation(deps, routing, { kind, checked, position: first + index }, by));
    }
  } catch (error) {
    for (const key of keys) await deps.store.deleteAutomation(workspace, key, by, deps.clock.now());
    throw error;
  } finally {
    await deps.engine.routingChanged(workspace);
  }
  return keys;
}
