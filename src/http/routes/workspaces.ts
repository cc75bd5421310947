/** `/v1/workspaces`: the tenants, for holders of an instance key. */

import { Type } from 'typebox';
import { parseId } from '../../core/ids.ts';
import { DEFAULT_PLAN } from '../../core/plan.ts';
import { API_KEY_SCOPES, type Workspace } from '../../store/records/administration.ts';
import { DEFAULT_SETTINGS, mergeSettings } from '../../store/records/settings.ts';
import { makeApiKey } from '../apiKey.ts';
import { callerOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { readAddressesOf, readRecipients } from '../mailAddresses.ts';
import { describe, idParams, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { Problem } from '../problem.ts';
import {
  apiKeyView,
  nameInput,
  recipientsInput,
  type SettingsPatchInput,
  workspaceView,
} from '../views/administration.ts';
import { requirePlan } from './plans.ts';

const planInput = Type.String({ pattern: '^[a-z0-9_-]{1,64}$' });
const ownersInput = recipientsInput('Who gets the mails where the settings name nobody.');

export function workspaceRoutes(app: App, deps: HttpDeps): void {
  createRoute(app, deps);
  readRoutes(app, deps);
  patchRoute(app, deps);
}

function createRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/workspaces',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'createWorkspace',
          summary: 'Create a workspace and its first API key',
          tag: 'Administration',
          access: 'instance',
          answers: { 201: { schema: ref('CreatedWorkspace'), description: 'The workspace and its key.' } },
          problems: ['unknown_plan'],
          hasBody: true,
        }),
        body: Type.Object(
          {
            name: nameInput,
            plan: Type.Optional(planInput),
            settings: Type.Optional(ref<SettingsPatchInput>('SettingsPatch')),
            owners: Type.Optional(ownersInput),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { name, plan = DEFAULT_PLAN, settings = {}, owners = [] } = request.body;
      requirePlan(deps, plan);
      const now = deps.clock.now();
      const workspace = {
        key: deps.engine.nextKey(),
        name,
        plan,
        settings: mergeSettings(DEFAULT_SETTINGS, readAddressesOf(settings, '/settings')),
        owners: readRecipients(owners, '/owners'),
        createdAt: now,
      };
      await deps.store.createWorkspace(workspace);
      const made = makeApiKey('workspace', (length) => deps.random.bytes(length));
      const apiKey = {
        key: deps.engine.nextKey(),
        workspace: workspace.key,
        name: 'First key',
        prefix: made.prefix,
        scopes: API_KEY_SCOPES,
        createdAt: now,
      };
      await deps.store.createApiKey({ ...apiKey, hash: made.hash }, callerOf(request).by);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          ...workspaceView({ ...workspace, routingVersion: 0 }),
          api_key: { ...apiKeyView(apiKey), key: made.text },
        });
    },
  );
}

function readRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/workspaces',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'listWorkspaces',
          summary: 'List workspaces',
          tag: 'Administration',
          access: 'instance',
          answers: { 200: { schema: ref('WorkspacePage'), description: 'Workspaces, newest first.' } },
        }),
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { limit, before } = readPage(request.query);
      const all = await deps.store.listWorkspaces();
      const newestFirst = all
        .filter(({ key }) => before === null || key < before)
        .sort((one, other) => other.key - one.key);
      const { rows, next } = pageFrom(newestFirst, limit);
      return { data: rows.map(workspaceView), next_cursor: next };
    },
  );

  app.get(
    '/v1/workspaces/:id',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'getWorkspace',
          summary: 'Get a workspace',
          tag: 'Administration',
          access: 'instance',
          answers: { 200: { schema: ref('Workspace'), description: 'The workspace.' } },
          problems: ['not_found'],
        }),
        params: idParams('workspace'),
      },
    },
    async (request) => {
      const key = parseId('ws', request.params.id);
      return workspaceView(
        found(key === null ? null : await deps.store.findWorkspace(key), request.params.id),
      );
    },
  );
}

function patchRoute(app: App, deps: HttpDeps): void {
  app.patch(
    '/v1/workspaces/:id',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'updateWorkspace',
          summary: "Change a workspace's name, plan or owners",
          tag: 'Administration',
          access: 'instance',
          answers: { 200: { schema: ref('Workspace'), description: 'The workspace as it is now.' } },
          problems: ['not_found', 'unknown_plan'],
          hasBody: true,
        }),
        params: idParams('workspace'),
        body: Type.Object(
          {
            name: Type.Optional(nameInput),
            plan: Type.Optional(planInput),
            owners: Type.Optional(ownersInput),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const key = parseId('ws', request.params.id);
      const { owners, ...rest } = request.body;
      const patch = owners === undefined ? rest : { ...rest, owners: readRecipients(owners, '/owners') };
      requirePlan(deps, patch.plan);
      const workspace = found(
        key === null
          ? null
          : await deps.store.updateWorkspace(
              key,
              patch,
              deps.clock.now(),
              callerOf(request).by,
              request.expectedVersion,
            ),
        request.params.id,
      );
      await deps.engine.routingChanged(workspace.key);
      return workspaceView(workspace);
    },
  );
}

function found(workspace: Workspace | null, id: string): Workspace {
  if (!workspace) throw new Problem('not_found', `There is no workspace ${JSON.stringify(id)}.`);
  return workspace;
}
