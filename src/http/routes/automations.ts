/** `/v1/rules` and `/v1/workflows`: what follows of events by a workspace's own conditions (B2, B3, B7). */

import type { FastifyRequest } from 'fastify';
import { parseId } from '../../core/ids.ts';
import type { Automation, AutomationKind, WaitingRuns } from '../../store/records/automation.ts';
import type { Routing } from '../../store/records/routing.ts';
import { callerOf, seesSecrets, workspaceOf } from '../auth.ts';
import {
  asWritten,
  type CheckedDefinition,
  checkDefinition,
  missingEndpoints,
  resetsBrake,
  typedUrls,
} from '../automationInput.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, ref } from '../operation.ts';
import { faulty, notFound } from '../problem.ts';
import {
  AS_WRITTEN,
  type AutomationView,
  automationId,
  automationPrefix,
  automationView,
  maskedAutomation,
  writtenView,
} from '../views/automation.ts';
import type { Warning } from '../views/warning.ts';
import { changeOnRouting, routingOf } from './endpoints.ts';
import { requireRoom } from './plans.ts';

/** One of the two kinds, as addresses, ids of operations and texts name it. */
export interface Noun {
  kind: AutomationKind;
  path: '/v1/rules' | '/v1/workflows';
  plural: 'rules' | 'workflows';
  name: 'Rule' | 'Workflow';
}

export const NOUNS: readonly Noun[] = [
  { kind: 'rule', path: '/v1/rules', plural: 'rules', name: 'Rule' },
  { kind: 'workflow', path: '/v1/workflows', plural: 'workflows', name: 'Workflow' },
];

export function automationRoutes(app: App, deps: HttpDeps): void {
  for (const noun of NOUNS) {
    createRoute(app, deps, noun);
    listRoute(app, deps, noun);
    getRoute(app, deps, noun);
    patchRoute(app, deps, noun);
    deleteRoute(app, deps, noun);
  }
}

function createRoute(app: App, deps: HttpDeps, { kind, path, name, plural }: Noun): void {
  app.post(
    path,
    {
      ...AS_WRITTEN,
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: `create${name}`,
          summary: `Make a ${kind}`,
          tag: 'Automation',
          access: 'manage',
          description: `All faults are told at once, each with its place. A typed URL has an endpoint, listed with the others and shared by all actions that name this URL: one secret, one order.`,
          answers: { 201: { schema: ref(name), description: `The ${kind}.` } },
          problems: ['plan_required', 'limit_reached', 'invalid_definition', 'target_refused'],
          hasBody: true,
        }),
        body: ref<object>(`New${name}`),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const routing = await routingOf(deps, workspace);
      await requireRoom(deps, workspace, 'rules', routing.automations.length);
      const input = asWritten(request);
      const checked = await checkDefinition(deps, routing, kind, { pointer: '', input });
      const position = checked.position ?? nextPosition(routing);
      const key = await createAutomation(deps, routing, { kind, checked, position }, callerOf(request).by);
      await deps.engine.routingChanged(workspace);
      const [made] = await showAutomations(deps, workspace, plural, [key]);
      return reply.code(201).send({ ...made, warnings: checked.warnings });
    },
  );
}

function listRoute(app: App, deps: HttpDeps, { kind, path, name, plural }: Noun): void {
  app.get(
    path,
    {
      ...AS_WRITTEN,
      config: { access: 'read' },
      schema: describe({
        id: `list${name}s`,
        summary: `List ${plural}`,
        tag: 'Automation',
        access: 'read',
        description: 'In the order in which they act; always on one page.',
        answers: { 200: { schema: ref(`${name}Page`), description: 'All of them.' } },
      }),
    },
    async (request) => {
      const { automations, endpoints } = await routingOf(deps, workspaceOf(request));
      const rows = automations.filter((row) => row.kind === kind);
      const mask = seesSecrets(request) ? (view: AutomationView) => view : maskedAutomation;
      return { data: rows.map((row) => mask(show(row, endpoints))), next_cursor: null };
    },
  );
}

function getRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.get(
    `${path}/:id`,
    {
      ...AS_WRITTEN,
      config: { access: 'read' },
      schema: {
        ...describe({
          id: `get${name}`,
          summary: `Get a ${kind}`,
          tag: 'Automation',
          access: 'read',
          answers: { 200: { schema: ref(name), description: `The ${kind}.` } },
        }),
        params: idParams(kind),
      },
    },
    async (request) => {
      const view = await showAutomation(deps, workspaceOf(request), noun, request.params.id);
      return seesSecrets(request) ? view : maskedAutomation(view);
    },
  );
}

function patchRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.patch(
    `${path}/:id`,
    {
      ...AS_WRITTEN,
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: `update${name}`,
          summary: `Change a ${kind}`,
          tag: 'Automation',
          access: 'manage',
          description:
            'Members that are named are replaced as a whole, and all is checked again. A change of what it does ' +
            'makes a new version.',
          answers: { 200: { schema: ref(name), description: `The ${kind} as it is now.` } },
          problems: ['plan_required', 'invalid_definition', 'target_refused', 'changed_meanwhile'],
          hasBody: true,
        }),
        params: idParams(kind),
        body: ref<object>(`${name}Patch`),
      },
    },
    async (request) => {
      const { members, waiting } = readPatch(kind, asWritten(request));
      return changeAutomation(deps, request, noun, {
        ...{ id: request.params.id, waiting },
        input: (row) => ({ ...writtenView(row), ...members }),
      });
    },
  );
}

/** Puts what is written in its place, checked as a whole on the routing that it is saved on. */
export async function changeAutomation(
  deps: HttpDeps,
  request: FastifyRequest,
  noun: Noun,
  { id, input, waiting }: { id: string; input(row: Automation): object; waiting: WaitingRuns },
): Promise<AutomationView & { warnings: Warning[] }> {
  const workspace = workspaceOf(request);
  const { by } = callerOf(request);
  const { expectedVersion } = request;
  let warnings: Warning[] = [];
  await changeOnRouting(
    deps,
    workspace,
    async (routing) => {
      const row = automationOfId(routing, noun, id);
      const checked = await checkDefinition(deps, routing, noun.kind, {
        pointer: '',
        input: input(row),
        known: connectedUrls(routing),
      });
      ({ warnings } = checked);
      return (await save(deps, routing, row, { checked, waiting, by, expectedVersion })) || null;
    },
    expectedVersion,
  );
  await deps.engine.routingChanged(workspace);
  return { ...(await showAutomation(deps, workspace, noun, id)), warnings };
}

/** A name that cannot be looked up at this moment must not keep anybody from changing the rest. */
function connectedUrls({ endpoints }: Routing): Set<string> {
  return new Set(endpoints.filter(({ automation }) => automation !== null).map(({ url }) => url));
}

interface Saving {
  checked: CheckedDefinition;
  waiting: WaitingRuns;
  by: string;
  expectedVersion: number | undefined;
}

/** False, and nothing is saved, where routing has moved since it was read. */
async function save(
  deps: HttpDeps,
  routing: Routing,
  row: Automation,
  { checked, waiting, by, expectedVersion }: Saving,
): Promise<boolean> {
  const { workspace, key, kind } = row;
  const gone = () => notFound(kind, automationId(kind, key));
  const at = deps.clock.now();
  const endpoints = missingEndpoints(deps, routing, key, checked);
  const { name, definition } = checked;
  const position = checked.position ?? row.position;
  const isChanged = definition !== row.definition || position !== row.position || endpoints.length > 0;
  if (isChanged) {
    const { routingVersion } = routing.workspace;
    const resets = resetsBrake(kind, row.definition, definition);
    const saving = { endpoints, waiting, resetsBrake: resets, routingVersion, by, at };
    const saved = await deps.store.updateAutomation(workspace, key, { name, position, definition }, saving);
    if (!saved) throw gone();
    if (saved === 'stale') return false;
  }
  if (checked.enabled !== (row.enabledAt !== null)) {
    // What was saved just now has moved it.
    const version = isChanged ? undefined : expectedVersion;
    if (!(await deps.store.enableAutomation(workspace, key, checked.enabled, by, at, version))) throw gone();
  }
  return true;
}

const WAITING_RUNS: readonly WaitingRuns[] = ['keep', 'cancel', 'move'];

/** Rules have no runs that wait. */
export function readPatch(kind: AutomationKind, body: object): { members: object; waiting: WaitingRuns } {
  if (kind === 'rule' || !('waiting_runs' in body)) return { members: body, waiting: 'keep' };
  const { waiting_runs, ...members } = body;
  const waiting = WAITING_RUNS.find((choice) => choice === waiting_runs);
  if (waiting !== undefined) return { members, waiting };
  throw faulty('invalid_request', [
    { field: '/waiting_runs', message: `must be one of ${WAITING_RUNS.join(', ')}` },
  ]);
}

function deleteRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.delete(
    `${path}/:id`,
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: `delete${name}`,
          summary: `Delete a ${kind}`,
          tag: 'Automation',
          access: 'manage',
          description: 'Runs that wait are cancelled; its endpoints, its runs and its deliveries stay.',
          answers: { 204: { schema: null, description: 'It is gone.' } },
        }),
        params: idParams(kind),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const { key } = automationOfId(await routingOf(deps, workspace), noun, id);
      const { by } = callerOf(request);
      const { expectedVersion } = request;
      if (!(await deps.store.deleteAutomation(workspace, key, by, deps.clock.now(), expectedVersion)))
        throw notFound(kind, id);
      await deps.engine.routingChanged(workspace);
      return reply.code(204).send();
    },
  );
}

/** Behind the last rule. */
export function nextPosition({ automations }: Routing): number {
  const positions = automations.filter(({ kind }) => kind === 'rule').map(({ position }) => position);
  return Math.max(-1, ...positions) + 1;
}

/** Answers its key. The caller tells the engine of the change. */
export async function createAutomation(
  deps: HttpDeps,
  routing: Routing,
  { kind, checked, position }: { kind: AutomationKind; checked: CheckedDefinition; position: number },
  by: string,
): Promise<number> {
  const key = deps.engine.nextKey();
  const now = deps.clock.now();
  const row = {
    key,
    workspace: routing.workspace.key,
    kind,
    name: checked.name,
    position: kind === 'rule' ? position : 0,
    enabledAt: checked.enabled ? now : null,
    definition: checked.definition,
    createdAt: now,
  };
  await deps.store.createAutomation(row, missingEndpoints(deps, routing, key, checked), by);
  return key;
}

function show(row: Automation, endpoints: Routing['endpoints']): AutomationView {
  return automationView(row, typedUrls(row.kind, row.definition), endpoints);
}

/** Those that were made or changed a moment ago, in the order of `keys`. */
export async function showAutomations(
  deps: HttpDeps,
  workspace: number,
  plural: Noun['plural'],
  keys: readonly number[],
): Promise<AutomationView[]> {
  const { automations, endpoints } = await routingOf(deps, workspace);
  return keys.map((key) => {
    const row = automations.find((candidate) => candidate.key === key);
    if (!row) throw new Error(`${key} is not among the ${plural} that were read after its change.`);
    return show(row, endpoints);
  });
}

/** Throws a Problem where there is none of this id. */
export async function showAutomation(
  deps: HttpDeps,
  workspace: number,
  noun: Noun,
  id: string,
): Promise<AutomationView> {
  const routing = await routingOf(deps, workspace);
  return show(automationOfId(routing, noun, id), routing.endpoints);
}

/** Throws a Problem where there is none of this id. */
export function automationOfId(routing: Routing, { kind }: Noun, id: string): Automation {
  const key = parseId(automationPrefix(kind), id);
  const row = routing.automations.find((candidate) => candidate.key === key && candidate.kind === kind);
  if (!row) throw notFound(kind, id);
  return row;
}
