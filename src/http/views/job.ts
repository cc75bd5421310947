/** Jobs as the API shows them. Pure. */

import { type Static, Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import { JOB_KINDS, JOB_STATES, type Job, type JobKind } from '../../store/records/jobs.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';

export const jobKinds = Object.keys(JOB_KINDS) as [JobKind, ...JobKind[]];

const JobSchema = Type.Object(
  {
    id: Type.String(),
    kind: oneOf(jobKinds, { description: 'What it does.' }),
    state: oneOf(JOB_STATES),
    done: Type.Integer({ description: 'How much of it is done.' }),
    total: nullable(Type.Integer(), {
      description: 'How much there is to do; null while that is not known.',
    }),
    report: Type.Record(Type.String(), Type.Unknown(), {
      description:
        'What came of it so far, in members of its kind: such as how many could not be done, by reason.',
    }),
    reason: nullable(Type.String(), { description: 'Why it was cancelled, or failed.' }),
    created_by: Type.String(),
    created_at: time('When it was asked for.'),
    ended_at: nullable(time('When it ended.')),
  },
  {
    $id: 'Job',
    description: 'Long work that goes on in steps, whatever becomes of a node, until it has ended.',
  },
);
export type JobView = Static<typeof JobSchema>;

export const jobComponents = [JobSchema, pageOf(ref('Job'), 'JobPage')];

export function jobView({ key, kind, state, done, total, report, reason, ...job }: Job): JobView {
  return {
    id: formatId('job', key),
    kind,
    state,
    done,
    total,
    report: { ...report },
    reason,
    created_by: job.createdBy,
    created_at: formatTime(job.createdAt),
    ended_at: formatTimeOrNull(job.endedAt),
  };
}
