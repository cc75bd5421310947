/** `/v1/jobs`: long work that somebody has asked for, with its progress. */

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { parseId } from '../../core/ids.ts';
import { JOB_KINDS, JOB_STATES, type Job, type JobFilter } from '../../store/records/jobs.ts';
import { callerOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { notFound, Problem } from '../problem.ts';
import { jobKinds, jobView } from '../views/job.ts';

const WHOSE =
  "Jobs of the workspace; with an instance key that names no workspace, the installation's own, such as those that " +
  'delete a workspace.';

export function jobRoutes(app: App, deps: HttpDeps): void {
  listRoute(app, deps);
  getRoute(app, deps);
  cancelRoute(app, deps);
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/jobs',
    {
      config: { access: 'read', installationToo: true },
      schema: {
        ...describe({
          id: 'listJobs',
          summary: 'List jobs',
          tag: 'Jobs',
          access: 'read',
          description: WHOSE,
          answers: { 200: { schema: ref('JobPage'), description: 'Jobs, newest first.' } },
        }),
        querystring: Type.Object(
          {
            ...pageQuery,
            kind: Type.Optional(oneOf(jobKinds, { description: 'Only jobs of this kind.' })),
            state: Type.Optional(oneOf(JOB_STATES, { description: 'Only jobs in this state.' })),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const page = readPage(request.query);
      const { kind, state } = request.query;
      const filter: JobFilter = {
        ...(kind === undefined ? {} : { kind }),
        ...(state === undefined ? {} : { state }),
      };
      const { workspace } = callerOf(request);
      const found = await deps.store.listJobs(workspace, filter, { ...page, limit: page.limit + 1 });
      const { rows, next } = pageFrom(found, page.limit);
      return { data: rows.map(jobView), next_cursor: next };
    },
  );
}

function getRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/jobs/:id',
    {
      config: { access: 'read', installationToo: true },
      schema: {
        ...describe({
          id: 'getJob',
          summary: 'Get a job with its progress',
          tag: 'Jobs',
          access: 'read',
          description: WHOSE,
          answers: { 200: { schema: ref('Job'), description: 'The job.' } },
        }),
        params: idParams('job'),
      },
    },
    async (request) => jobView(await jobOfId(deps, request, request.params.id)),
  );
}

function cancelRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/jobs/:id/cancel',
    {
      config: { access: 'manage', installationToo: true },
      schema: {
        ...describe({
          id: 'cancelJob',
          summary: 'Cancel a job: what it has done stays done, the rest is not done',
          tag: 'Jobs',
          access: 'manage',
          description: WHOSE,
          answers: { 200: { schema: ref('Job'), description: 'The job as it is now.' } },
          problems: ['job_ended', 'job_not_cancellable'],
        }),
        params: idParams('job'),
      },
    },
    async (request) => {
      const { id } = request.params;
      const { key, workspace, kind } = await jobOfId(deps, request, id);
      if (!JOB_KINDS[kind].cancellable) {
        throw new Problem('job_not_cancellable', `A job of the kind ${kind} goes on until it has ended.`);
      }
      if (!(await deps.store.cancelJob(workspace, key, deps.clock.now(), callerOf(request).by))) {
        const { state } = await jobOfId(deps, request, id);
        throw new Problem('job_ended', `It is ${state}.`);
      }
      return jobView(await jobOfId(deps, request, id));
    },
  );
}

async function jobOfId(deps: HttpDeps, request: FastifyRequest, id: string): Promise<Job> {
  const key = parseId('job', id);
  const job = key === null ? null : await deps.store.findJob(callerOf(request).workspace, key);
  if (job === null) throw notFound('job', id);
  return job;
}
