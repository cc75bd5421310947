/** What a person can do to a rule or workflow: switch it, copy it, look at its versions, cancel its runs. */

import { Type } from 'typebox';
import { MAX_SUBJECT_LENGTH } from '../../core/catalog/subject.ts';
import { maskDefinition } from '../../core/egress/maskUrl.ts';
import { jsonText } from '../../core/json/raw.ts';
import { DEFINITION_LIMITS } from '../../core/workflow/definition.ts';
import { readDefinition } from '../../core/workflow/raw.ts';
import { callerOf, seesSecrets, workspaceOf } from '../auth.ts';
import { typedUrls } from '../automationInput.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, nullable, ref } from '../operation.ts';
import { notFound } from '../problem.ts';
import { AS_WRITTEN, versionView, writtenView } from '../views/automation.ts';
import {
  automationOfId,
  changeAutomation,
  createAutomation,
  NOUNS,
  type Noun,
  nextPosition,
  readPatch,
  showAutomation,
  showAutomations,
} from './automations.ts';
import { routingOf } from './endpoints.ts';
import { requireRoom } from './plans.ts';

export function automationActionRoutes(app: App, deps: HttpDeps): void {
  for (const noun of NOUNS) {
    switchRoute(app, deps, noun, 'enable');
    switchRoute(app, deps, noun, 'disable');
    duplicateRoute(app, deps, noun);
    versionsRoute(app, deps, noun);
    restoreRoute(app, deps, noun);
    cancelRunsRoute(app, deps, noun);
    resetBrakeRoute(app, deps, noun);
  }
}

const SWITCH_TEXTS = {
  enable: 'Events that are accepted from then on count, and runs that were paused go on.',
  disable: 'Runs that wait are paused.',
} as const;

function switchRoute(app: App, deps: HttpDeps, noun: Noun, action: 'enable' | 'disable'): void {
  const { kind, path, name } = noun;
  const enabling = action === 'enable';
  app.post(
    `${path}/:id/${action}`,
    {
      ...AS_WRITTEN,
      config: { access: 'manage', webhooks: enabling },
      schema: {
        ...describe({
          id: `${action}${name}`,
          summary: `${enabling ? 'Enable' : 'Disable'} a ${kind}`,
          tag: 'Automation',
          access: 'manage',
          description: SWITCH_TEXTS[action],
          answers: { 200: { schema: ref(name), description: `The ${kind} as it is now.` } },
          problems: enabling ? ['plan_required'] : [],
        }),
        params: idParams(kind),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const { key } = automationOfId(await routingOf(deps, workspace), noun, id);
      const { by } = callerOf(request);
      if (!(await deps.store.enableAutomation(workspace, key, enabling, by, deps.clock.now()))) {
        throw notFound(kind, id);
      }
      await deps.engine.routingChanged(workspace);
      return showAutomation(deps, workspace, noun, id);
    },
  );
}

function duplicateRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name, plural } = noun;
  app.post(
    `${path}/:id/duplicate`,
    {
      ...AS_WRITTEN,
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: `duplicate${name}`,
          summary: `Copy a ${kind}`,
          tag: 'Automation',
          access: 'manage',
          description: 'The copy is disabled and stands at the end. It shares the endpoints of typed URLs.',
          answers: { 201: { schema: ref(name), description: 'The copy.' } },
          problems: ['plan_required', 'limit_reached'],
        }),
        params: idParams(kind),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const routing = await routingOf(deps, workspace);
      const original = automationOfId(routing, noun, request.params.id);
      await requireRoom(deps, workspace, 'rules', routing.automations.length);
      const copy = copyName(original.name);
      const checked = {
        name: copy,
        enabled: false,
        position: null,
        definition: jsonText({ ...(readDefinition(original.definition) as object), name: copy }),
        urls: typedUrls(kind, original.definition),
        warnings: [],
      };
      const position = nextPosition(routing);
      const key = await createAutomation(deps, routing, { kind, checked, position }, callerOf(request).by);
      await deps.engine.routingChanged(workspace);
      const [made] = await showAutomations(deps, workspace, plural, [key]);
      return reply.code(201).send(made);
    },
  );
}

const COPY = ' (copy)';

function copyName(name: string): string {
  return `${name.slice(0, DEFINITION_LIMITS.nameLength - COPY.length).toWellFormed()}${COPY}`;
}

function versionsRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.get(
    `${path}/:id/versions`,
    {
      ...AS_WRITTEN,
      config: { access: 'read' },
      schema: {
        ...describe({
          id: `list${name}Versions`,
          summary: `List the versions of a ${kind}`,
          tag: 'Automation',
          access: 'read',
          answers: {
            200: {
              schema: ref(`${name}VersionPage`),
              description: 'All of them, newest first, on one page.',
            },
          },
        }),
        params: idParams(kind),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { key } = automationOfId(await routingOf(deps, workspace), noun, request.params.id);
      const versions = await deps.store.listAutomationVersions(workspace, key);
      const shown = versions.map(versionView);
      return { data: seesSecrets(request) ? shown : maskDefinition(shown), next_cursor: null };
    },
  );
}

function restoreRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.post(
    `${path}/:id/versions/:version/restore`,
    {
      ...AS_WRITTEN,
      config: { access: 'manage', webhooks: true },
      schema: {
        ...describe({
          id: `restore${name}Version`,
          summary: `Have a ${kind} do again what an older version of it did`,
          tag: 'Automation',
          access: 'manage',
          description:
            'Makes a new version that is equal to the old one, checked as things are now: an endpoint or event type that is ' +
            `gone is a fault. Whether the ${kind} is enabled, and its position, stay as they are.`,
          answers: { 200: { schema: ref(name), description: `The ${kind} as it is now.` } },
          problems: ['plan_required', 'invalid_definition', 'target_refused', 'changed_meanwhile'],
          hasBody: true,
        }),
        params: Type.Object({
          id: Type.String({ minLength: 1, maxLength: 200, description: `The ${kind}'s id.` }),
          version: Type.Integer({ minimum: 1, description: 'The number of the old version.' }),
        }),
        body: ref<object>(`${name}Restore`),
      },
    },
    async (request) => {
      const { id, version } = request.params;
      const workspace = workspaceOf(request);
      const { key } = automationOfId(await routingOf(deps, workspace), noun, id);
      const versions = await deps.store.listAutomationVersions(workspace, key);
      const old = versions.find((each) => each.version === version);
      if (old === undefined) throw notFound('version', String(version));
      const { waiting } = readPatch(kind, request.body);
      return changeAutomation(deps, request, noun, {
        ...{ id, waiting },
        input: (row) => writtenView({ ...row, definition: old.definition }),
      });
    },
  );
}

function cancelRunsRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.post(
    `${path}/:id/cancel-runs`,
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: `cancel${name}Runs`,
          summary: `Cancel all runs of a ${kind} that wait`,
          tag: 'Automation',
          access: 'manage',
          answers: {
            200: { schema: Type.Object({ cancelled: Type.Integer() }), description: 'How many there were.' },
          },
        }),
        params: idParams(kind),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { key } = automationOfId(await routingOf(deps, workspace), noun, request.params.id);
      const { by } = callerOf(request);
      const cancelled = await deps.store.cancelRuns(workspace, { automation: key }, by, deps.clock.now());
      return { cancelled };
    },
  );
}

function resetBrakeRoute(app: App, deps: HttpDeps, noun: Noun): void {
  const { kind, path, name } = noun;
  app.post(
    `${path}/:id/reset-brake`,
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: `reset${name}Brake`,
          summary: `Let subjects set a ${kind} off again that have done so as often as is allowed`,
          tag: 'Automation',
          access: 'manage',
          description:
            'Counting begins anew: for one subject, or for all of them. Events that were braked before stay ' +
            'so. A change of its triggers or of `activation_period` does the same.',
          answers: {
            200: {
              schema: Type.Object({
                activations: nullable(Type.Integer(), {
                  description:
                    'How often the subject had set it off in its period, braked times included; null where all ' +
                    'subjects were reset.',
                }),
              }),
              description: 'From now on they are counted anew.',
            },
          },
          hasBody: true,
        }),
        params: idParams(kind),
        body: Type.Object(
          {
            subject: Type.Optional(
              Type.String({
                maxLength: MAX_SUBJECT_LENGTH,
                description: 'The contact, as its events and runs name it; all if absent.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { id } = request.params;
      const { key } = automationOfId(await routingOf(deps, workspace), noun, id);
      const { by } = callerOf(request);
      const { subject = null } = request.body;
      const answer = await deps.store.resetBrake(workspace, key, subject, by, deps.clock.now());
      if (answer === null) throw notFound(kind, id);
      if (subject === null) await deps.engine.routingChanged(workspace);
      return answer;
    },
  );
}
