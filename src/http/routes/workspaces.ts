/** `/v1/workspaces`: the tenants, for holders of an instance key. */

import { Type } from 'typebox';
import { formatId, parseId } from '../../core/ids.ts';
import { DEFAULT_PLAN } from '../../core/plan.ts';
import { API_KEY_SCOPES, type Workspace } from '../../store/records/administration.ts';
import { WORKSPACE_STATES, type WorkspaceFilter } from '../../store/records/customers.ts';
import { DEFAULT_SETTINGS, mergeSettings } from '../../store/records/settings.ts';
import { makeApiKey } from '../apiKey.ts';
import { callerOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { readAddressesOf, readRecipients } from '../mailAddresses.ts';
import { describe, idParams, nullable, oneOf, ref } from '../operation.ts';
import { cursorOf, pageQuery, readPage } from '../paging.ts';
import { notFound, Problem } from '../problem.ts';
import {
  apiKeyView,
  externalIdInput,
  metadataInput,
  nameInput,
  recipientsInput,
  type SettingsPatchInput,
  workspaceView,
} from '../views/administration.ts';
import { requirePlan } from './plans.ts';

const planInput = Type.String({ pattern: '^[a-z0-9_-]{1,64}$' });
const ownersInput = recipientsInput('Who gets the mails where the settings name nobody.');

const listQuery = {
  ...pageQuery,
  external_id: Type.Optional(
    Type.String({ maxLength: 255, description: 'The one that your platform calls so.' }),
  ),
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'Part of the name or the external id, whatever the letter case and the Arabic forms.',
    }),
  ),
  state: Type.Optional(oneOf(WORKSPACE_STATES)),
  metadata: Type.Optional(
    Type.String({
      maxLength: 2_000,
      pattern: '^[A-Za-z0-9_.-]{1,64}:[^,]*(,[A-Za-z0-9_.-]{1,64}:[^,]*)*$',
      description: 'Members of the metadata, all of them: `tier:gold`, or `tier:gold,region:eu`.',
    }),
  ),
};

/** `tier:gold,region:eu` as an object. */
function readNotes(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const colon = part.indexOf(':');
      return [part.slice(0, colon), part.slice(colon + 1)];
    }),
  );
}

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
          problems: ['unknown_plan', 'external_id_taken'],
          description:
            'With an `external_id`, a repeat after a lost answer is refused with `external_id_taken`, which names the ' +
            'workspace that was made.',
          hasBody: true,
        }),
        body: Type.Object(
          {
            name: nameInput,
            plan: Type.Optional(planInput),
            settings: Type.Optional(ref<SettingsPatchInput>('SettingsPatch')),
            owners: Type.Optional(ownersInput),
            external_id: Type.Optional(externalIdInput),
            metadata: Type.Optional(metadataInput('What your platform notes of it.')),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { name, plan = DEFAULT_PLAN, settings = {}, owners = [], metadata = {} } = request.body;
      const externalId = request.body.external_id ?? null;
      requirePlan(deps, plan);
      const now = deps.clock.now();
      const workspace = {
        key: deps.engine.nextKey(),
        name,
        plan,
        settings: mergeSettings(DEFAULT_SETTINGS, readAddressesOf(settings, '/settings')),
        owners: readRecipients(owners, '/owners'),
        createdAt: now,
        ...{ externalId, metadata, suspended: null },
      };
      const owner = await deps.store.createWorkspace(workspace);
      if (owner !== null) throw externalIdTaken(externalId, owner);
      const made = makeApiKey('workspace', (length) => deps.random.bytes(length));
      const apiKey = {
        key: deps.engine.nextKey(),
        workspace: workspace.key,
        name: 'First key',
        prefix: made.prefix,
        scopes: API_KEY_SCOPES,
        createdAt: now,
        expiresAt: null,
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
          description: 'Where little matches, a page may be short, and still have a `next_cursor`.',
          answers: { 200: { schema: ref('WorkspacePage'), description: 'Workspaces, newest first.' } },
        }),
        querystring: Type.Object(listQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { external_id, state, search, metadata } = request.query;
      const page = readPage(request.query);
      if (external_id !== undefined) {
        const found = await deps.store.findByExternalId(external_id);
        return { data: found === null ? [] : [workspaceView(found)], next_cursor: null };
      }
      const filter: WorkspaceFilter = {
        ...(state === undefined ? {} : { state }),
        ...(search === undefined ? {} : { search }),
        ...(metadata === undefined ? {} : { metadata: readNotes(metadata) }),
      };
      const { rows, next } = await deps.store.scanWorkspaces(filter, page);
      return { data: rows.map(workspaceView), next_cursor: next === null ? null : cursorOf(next) };
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
      const { id } = request.params;
      return workspaceView(foundWorkspace(await deps.store.findWorkspace(workspaceKey(id)), id));
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
          summary: "Change a workspace's name, plan, owners, external id or metadata",
          tag: 'Administration',
          access: 'instance',
          answers: { 200: { schema: ref('Workspace'), description: 'The workspace as it is now.' } },
          problems: ['not_found', 'unknown_plan', 'external_id_taken'],
          hasBody: true,
        }),
        params: idParams('workspace'),
        body: Type.Object(
          {
            name: Type.Optional(nameInput),
            plan: Type.Optional(planInput),
            owners: Type.Optional(ownersInput),
            external_id: Type.Optional(
              nullable(externalIdInput, { description: 'What your platform calls it; null for nothing.' }),
            ),
            metadata: Type.Optional(metadataInput('It replaces all that was noted.')),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { id } = request.params;
      const key = workspaceKey(id);
      const { owners, external_id, metadata, ...rest } = request.body;
      const patch = owners === undefined ? rest : { ...rest, owners: readRecipients(owners, '/owners') };
      requirePlan(deps, patch.plan);
      const by = callerOf(request).by;
      const now = deps.clock.now();
      const isIdentified = external_id !== undefined || metadata !== undefined;
      const identity = {
        ...patch,
        ...(external_id === undefined ? {} : { externalId: external_id }),
        ...(metadata === undefined ? {} : { metadata }),
      };
      const version = request.expectedVersion;
      const changed = isIdentified
        ? await deps.store.identifyWorkspace(key, identity, now, by, version)
        : await deps.store.updateWorkspace(key, patch, now, by, version);
      if (changed !== null && 'takenBy' in changed) {
        throw externalIdTaken(external_id ?? null, changed.takenBy);
      }
      const workspace = foundWorkspace(changed, id);
      await deps.engine.routingChanged(workspace.key);
      return workspaceView(workspace);
    },
  );
}

function externalIdTaken(externalId: string | null, owner: number): Problem {
  const id = formatId('ws', owner);
  return new Problem(
    'external_id_taken',
    `The workspace ${id} has the external id ${JSON.stringify(externalId)} already.`,
    { errors: [{ field: '/external_id', message: `belongs to ${id}` }], facts: { workspace_id: id } },
  );
}

/** Throws a Problem for what is no id of a workspace. */
export function workspaceKey(id: string): number {
  const key = parseId('ws', id);
  if (key === null) throw notFound('workspace', id);
  return key;
}

export function foundWorkspace(workspace: Workspace | null, id: string): Workspace {
  if (!workspace) throw notFound('workspace', id);
  return workspace;
}
