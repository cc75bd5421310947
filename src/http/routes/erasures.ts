/** What is taken away for good: a workspace, and a person's data in one. Jobs do it (`/v1/jobs`). */

import { Type } from 'typebox';
import { ERASURE_LIMITS, MIN_TERM_LENGTH, maskPerson, type Person } from '../../core/erasing.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, ref } from '../operation.ts';
import { faulty, notFound, Problem } from '../problem.ts';
import { jobView } from '../views/job.ts';
import { workspaceKey } from './workspaces.ts';

/** A start without it would make it anew (bootstrap.ts). */
const FIRST_WORKSPACE = 1;

export function erasureRoutes(app: App, deps: HttpDeps, forgetCallers: () => void): void {
  deleteWorkspaceRoute(app, deps, forgetCallers);
  eraseRoute(app, deps);
}

function deleteWorkspaceRoute(app: App, deps: HttpDeps, forgetCallers: () => void): void {
  app.delete(
    '/v1/workspaces/:id',
    {
      config: { access: 'instance' },
      schema: {
        ...describe({
          id: 'deleteWorkspace',
          summary: 'Delete a workspace and all that is of it',
          tag: 'Administration',
          access: 'instance',
          description:
            'From now on nobody finds it: its keys, members and links are gone, nothing is published to it or sent. A job ' +
            'of the installation deletes the rest, and tells what was deleted and what remains. Read its usage before.',
          answers: { 202: { schema: ref('Job'), description: 'The job that deletes the rest.' } },
          problems: ['not_found', 'first_workspace'],
        }),
        params: idParams('workspace'),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const workspace = workspaceKey(id);
      if (workspace === FIRST_WORKSPACE) {
        throw new Problem('first_workspace', 'Suspend it where nothing is to be sent from it.');
      }
      const asked = { job: deps.engine.nextKey(), at: deps.clock.now(), by: callerOf(request).by };
      if (!(await deps.store.deleteWorkspace(workspace, asked))) throw notFound('workspace', id);
      forgetCallers();
      await deps.engine.routingChanged(workspace);
      return reply.code(202).send(await jobOf(deps, null, asked.job));
    },
  );
}

async function jobOf(deps: HttpDeps, workspace: number | null, key: number) {
  const job = await deps.store.findJob(workspace, key);
  if (job === null) throw new Error('A job that was made a moment ago is there.');
  return jobView(job);
}

const term = Type.String({ minLength: MIN_TERM_LENGTH, maxLength: ERASURE_LIMITS.term.value });

function eraseRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/erasures',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: {
        ...describe({
          id: 'eraseData',
          summary: "Erase a person's data",
          tag: 'Administration',
          access: 'manage',
          description:
            'Events about the subject, and those whose bodies hold one of the terms, stay as rows that say so ' +
            '(`erased_at`): bodies, attempts, runs, mails, captures of bins and remembered answers are deleted, and what was ' +
            'still to be sent is skipped as `erased`. Events that come in later are not touched. The job counts what it has ' +
            'erased; nobody is told what was looked for.',
          answers: { 202: { schema: ref('Job'), description: 'The job that erases them.' } },
          problems: ['portal_refused'],
          hasBody: true,
        }),
        body: Type.Object(
          {
            subject: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: ERASURE_LIMITS.term.value,
                description: 'The contact that events are about.',
              }),
            ),
            terms: Type.Optional(
              Type.Array(term, {
                minItems: 1,
                maxItems: ERASURE_LIMITS.terms.value,
                description:
                  'What tells of the person wherever it stands, such as an e-mail; whatever the letter case.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const person: Person = { subject: request.body.subject ?? null, terms: request.body.terms ?? [] };
      if (person.subject === null && person.terms.length === 0) {
        throw faulty('invalid_request', [
          { field: '/subject', message: 'is missing, and there are no terms' },
        ]);
      }
      const workspace = workspaceOf(request);
      const key = deps.engine.nextKey();
      const masked = maskPerson(person);
      const job = {
        ...{ key, workspace, kind: 'erase' as const, input: person, total: null },
        ...{
          report: { ...masked, erased: {} },
          createdBy: callerOf(request).by,
          createdAt: deps.clock.now(),
        },
      };
      await deps.store.createJob(job, { ...masked });
      return reply.code(202).send(await jobOf(deps, workspace, key));
    },
  );
}
