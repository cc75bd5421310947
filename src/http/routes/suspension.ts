/** `/v1/workspaces/{id}/suspend` and `/resume`: a platform stops what a customer sends, and lets it go on. */

import { Type } from 'typebox';
import { SUSPENSION_MODES } from '../../store/records/administration.ts';
import { callerOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { workspaceView } from '../views/administration.ts';
import { foundWorkspace, workspaceKey } from './workspaces.ts';

const MAX_REASON_LENGTH = 500;

export function suspensionRoutes(app: App, deps: HttpDeps): void {
  suspendRoute(app, deps);
  resumeRoute(app, deps);
}

function suspendRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/workspaces/:id/suspend',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'suspendWorkspace',
          summary: 'Suspend a workspace: nothing of it is sent any more',
          tag: 'Administration',
          access: 'instance',
          description:
            'Deliveries are held, runs wait, and so do the mails of rules and workflows; what was in flight ends. With ' +
            '`refuse`, publishing is answered with 409 `workspace_suspended`; with `hold`, events are accepted and wait. ' +
            'Reading goes on. Suspended already, it gets this mode and reason.',
          answers: { 200: { schema: ref('Workspace'), description: 'The workspace as it is now.' } },
          problems: ['not_found'],
          hasBody: true,
        }),
        params: idParams('workspace'),
        body: Type.Object(
          {
            mode: oneOf(SUSPENSION_MODES, { description: 'What becomes of events that are published.' }),
            reason: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: MAX_REASON_LENGTH,
                description: 'Whoever reads or publishes in the workspace is told so.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { mode, reason = null } = request.body;
      const suspension = { mode, reason, at: deps.clock.now(), by: callerOf(request).by };
      const key = workspaceKey(request.params.id);
      const workspace = foundWorkspace(await deps.store.suspendWorkspace(key, suspension), request.params.id);
      await deps.engine.routingChanged(workspace.key);
      return workspaceView(workspace);
    },
  );
}

function resumeRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/workspaces/:id/resume',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'resumeWorkspace',
          summary: 'Resume a suspended workspace',
          tag: 'Administration',
          access: 'instance',
          description:
            'Endpoints that the suspension has disabled are enabled: one delivery of each alone, then what was held, in ' +
            'order, at `release_per_second`. Those that were disabled for another reason stay so.',
          answers: { 200: { schema: ref('Workspace'), description: 'The workspace as it is now.' } },
          problems: ['not_found'],
        }),
        params: idParams('workspace'),
      },
    },
    async (request) => {
      const key = workspaceKey(request.params.id);
      const { by } = callerOf(request);
      const workspace = foundWorkspace(
        await deps.store.resumeWorkspace(key, deps.clock.now(), by),
        request.params.id,
      );
      await deps.engine.routingChanged(workspace.key);
      return workspaceView(workspace);
    },
  );
}
