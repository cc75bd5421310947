/** `/v1/settings` of a workspace, and `/v1/meta` of the installation. */

import { Type } from 'typebox';
import type { Workspace } from '../../store/records/administration.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import { MAX_ADMIN_BYTES, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES } from '../bodies.ts';
import type { App, HttpDeps } from '../deps.ts';
import { MAX_HEADERS } from '../headerRules.ts';
import { readAddressesOf } from '../mailAddresses.ts';
import { describe, nullable, ref } from '../operation.ts';
import { Problem } from '../problem.ts';
import type { SettingsPatchInput } from '../views/administration.ts';
import { BIN_LIMITS } from '../views/bin.ts';
import { requireRetention } from './plans.ts';

const MetaSchema = Type.Object({
  version: Type.String(),
  public_url: Type.String(),
  source_ips: Type.Array(Type.String(), { description: 'Where deliveries come from, for allow-lists.' }),
  limits: Type.Record(Type.String(), Type.Number()),
  plan: nullable(Type.String(), {
    description: "The workspace's; null for an instance key that names none.",
  }),
});

export function settingsRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/settings',
    {
      config: { access: 'read' },
      schema: describe({
        id: 'getSettings',
        summary: "Get the workspace's settings",
        tag: 'Administration',
        access: 'read',
        answers: { 200: { schema: ref('Settings'), description: 'The settings.' } },
      }),
    },
    async (request) => (await workspaceRow(deps, workspaceOf(request))).settings,
  );

  app.patch(
    '/v1/settings',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'updateSettings',
          summary: "Change the workspace's settings",
          tag: 'Administration',
          access: 'manage',
          answers: { 200: { schema: ref('Settings'), description: 'The settings as they are now.' } },
          problems: ['limit_reached'],
          hasBody: true,
        }),
        body: ref<SettingsPatchInput>('SettingsPatch'),
      },
    },
    async (request) => {
      const key = workspaceOf(request);
      await requireRetention(deps, key, request.body.retention ?? {});
      const settings = readAddressesOf(request.body);
      const changed = found(
        await deps.store.updateWorkspace(
          key,
          { settings },
          deps.clock.now(),
          callerOf(request).by,
          request.expectedVersion,
        ),
      );
      await deps.engine.routingChanged(key);
      return changed.settings;
    },
  );

  app.get(
    '/v1/meta',
    {
      config: { access: 'key' },
      schema: describe({
        id: 'getMeta',
        summary: 'Get version, source addresses, limits and plan',
        tag: 'Administration',
        access: 'key',
        answers: { 200: { schema: MetaSchema, description: 'Facts about the installation.' } },
      }),
    },
    async (request) => {
      const { workspace } = callerOf(request);
      return {
        version: deps.meta.version,
        public_url: deps.meta.publicUrl(),
        source_ips: deps.meta.sourceIps,
        limits: { ...LIMITS, ...deps.meta.limits },
        plan: workspace === null ? null : (await workspaceRow(deps, workspace)).plan,
      };
    },
  );
}

const LIMITS = {
  event_bytes: MAX_EVENT_BYTES,
  batch_bytes: MAX_BATCH_BYTES,
  batch_events: MAX_BATCH_EVENTS,
  request_bytes: MAX_ADMIN_BYTES,
  endpoint_headers: MAX_HEADERS,
  bin_requests: BIN_LIMITS.requests,
  bin_request_bytes: BIN_LIMITS.request_bytes,
  bin_days: BIN_LIMITS.days,
};

async function workspaceRow(deps: HttpDeps, key: number) {
  return found(await deps.store.findWorkspace(key));
}

function found(workspace: Workspace | null): Workspace {
  if (!workspace) throw new Problem('not_found', 'The workspace is gone.');
  return workspace;
}
