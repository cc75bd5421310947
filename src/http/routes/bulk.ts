/** Retrying, skipping and replaying many deliveries: each call makes a job (P13). */

import { parseId } from '../../core/ids.ts';
import { valuesOf } from '../../core/limits.ts';
import { BULK_LIMITS, type BulkFilter, type BulkInput, type BulkKind } from '../../store/records/bulk.ts';
import type { Job, NewJob } from '../../store/records/jobs.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, ref } from '../operation.ts';
import { readTime } from '../paging.ts';
import { type Fault, faulty, notFound, Problem } from '../problem.ts';
import {
  BULK_STATES,
  type BulkFilterInput,
  bulkPreviewView,
  type ManyDeliveriesInput,
} from '../views/bulk.ts';
import { jobView } from '../views/job.ts';

const { most, running } = valuesOf(BULK_LIMITS);

interface Verb {
  kind: BulkKind;
  path: string;
  id: string;
  summary: string;
  description: string;
}

const SETTLED =
  ' Which ones is settled by the moment of the call. What could not be done is counted in the `report` of the job, by ' +
  'reason, in `not_done`.';

const VERBS: readonly Verb[] = [
  {
    kind: 'retry_deliveries',
    path: '/v1/deliveries/retry',
    id: 'retryDeliveries',
    summary: 'Retry many waiting deliveries now, and resend many that have ended',
    description:
      'Waiting ones are due at once and keep their places (`report.retried`). Ended ones are sent anew, in their order: new ' +
      "deliveries at the ends of the endpoints' lanes, with `replay_of` and the same `webhook-id` (`report.resent`)." +
      SETTLED,
  },
  {
    kind: 'skip_deliveries',
    path: '/v1/deliveries/skip',
    id: 'skipDeliveries',
    summary: 'Skip many deliveries: they are not sent, and what follows in their lanes is',
    description: `What is being sent at that moment is not skipped (\`report.skipped\`).${SETTLED}`,
  },
  {
    kind: 'replay_deliveries',
    path: '/v1/deliveries/replay',
    id: 'replayDeliveries',
    summary: 'Send many deliveries that have ended again',
    description:
      "New deliveries in the order of the old ones, at the ends of the endpoints' lanes, with `replay_of` and the same " +
      '`webhook-id` (`report.replayed`); one of each message. For all of a range of one endpoint, which leaves out what ' +
      'was made good since, see `POST /v1/endpoints/{id}/replay`.' +
      SETTLED,
  },
];

export function bulkRoutes(app: App, deps: HttpDeps): void {
  for (const verb of VERBS) bulkRoute(app, deps, verb);
}

function bulkRoute(app: App, deps: HttpDeps, { kind, path, id, summary, description }: Verb): void {
  app.post(
    path,
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          ...{ id, summary, description },
          tag: 'Deliveries',
          access: 'manage',
          answers: {
            200: { schema: ref('ManyDeliveriesPreview'), description: 'With `dry_run`: what it would do.' },
            202: { schema: ref('Job'), description: 'The job; follow it under `/v1/jobs/{id}`.' },
          },
          problems: ['too_many', 'too_many_jobs'],
          hasBody: true,
        }),
        body: ref<ManyDeliveriesInput>('ManyDeliveries'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const input = await readInput(deps, workspace, kind, request.body);
      if (request.body.dry_run === true) {
        const preview = await deps.engine.previewBulk(kind, workspace, input);
        if (preview === null) throw tooMany();
        return reply.code(200).send(bulkPreviewView(preview));
      }
      const job: NewJob = {
        ...{ key: deps.engine.nextKey(), workspace, kind, input },
        total: 'ids' in input ? input.ids.length : null,
        report: {},
        createdBy: callerOf(request).by,
        createdAt: deps.clock.now(),
      };
      const { ids, filter } = request.body;
      if (!(await deps.store.createJob(job, ids === undefined ? { filter } : { ids: ids.length }, running))) {
        throw new Problem(
          'too_many_jobs',
          `${running} run in this workspace, which is as many as may. Wait until one has ended, or cancel one.`,
        );
      }
      const made: Job = { ...job, state: 'running', done: 0, reason: null, endedAt: null };
      return reply.code(202).send(jobView(made));
    },
  );
}

function tooMany(): Problem {
  return new Problem('too_many', `More than ${most} deliveries match; take a narrower filter.`);
}

async function readInput(
  deps: HttpDeps,
  workspace: number,
  kind: BulkKind,
  { ids, filter }: ManyDeliveriesInput,
): Promise<BulkInput> {
  if ((ids === undefined) === (filter === undefined)) {
    throw faulty('invalid_request', [{ field: '', message: 'needs either `ids` or a `filter`' }]);
  }
  if (ids !== undefined) return { ids: readIds(ids) };
  if (filter === undefined || Object.keys(filter).length === 0) {
    throw faulty('invalid_request', [{ field: '/filter', message: 'needs at least one member' }]);
  }
  return readFilter(deps, workspace, kind, filter);
}

function readIds(ids: readonly string[]): number[] {
  const keys = ids.map((id) => parseId('dlv', id));
  const faults = keys.flatMap((key, index): Fault[] =>
    key === null ? [{ field: `/ids/${index}`, message: 'is not the id of a delivery (dlv_…)' }] : [],
  );
  if (faults.length > 0) throw faulty('invalid_request', faults);
  return keys.filter((key) => key !== null);
}

async function readFilter(
  deps: HttpDeps,
  workspace: number,
  kind: BulkKind,
  asked: BulkFilterInput,
): Promise<BulkInput> {
  const { all, usual } = BULK_STATES[kind];
  const states = asked.states ?? usual;
  const wrong = states.findIndex((state) => !(all as readonly string[]).includes(state));
  if (wrong !== -1) {
    const message = `is none that this is for: ${all.join(', ')}`;
    throw faulty('invalid_request', [{ field: `/filter/states/${wrong}`, message }]);
  }
  const { type, subject, since, until, endpoint_id, event_id } = asked;
  const filter: BulkFilter = {
    ...(type === undefined ? {} : { type }),
    ...(subject === undefined ? {} : { subject }),
    ...(since === undefined ? {} : { since: readTime(since, '/filter/since') }),
    ...(until === undefined ? {} : { until: readTime(until, '/filter/until') }),
  };
  if (endpoint_id !== undefined) {
    const endpoint = parseId('ep', endpoint_id);
    if (endpoint === null) {
      const message = 'is not the id of an endpoint (ep_…)';
      throw faulty('invalid_request', [{ field: '/filter/endpoint_id', message }]);
    }
    filter.endpoint = endpoint;
  }
  if (event_id !== undefined) {
    const event = await deps.store.findEvent(workspace, event_id);
    if (event === null) throw notFound('event', event_id);
    filter.event = event.key;
  }
  return { filter, states: [...states] };
}
