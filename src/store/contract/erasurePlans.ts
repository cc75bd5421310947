/** The plans of jobs that take data away: a part of plans.ts, over the same rows. */

import { expect, test } from 'vitest';
import { HOUR } from '../../core/duration.ts';
import { deletion } from '../queries/deletion.ts';
import { erasing } from '../queries/erasing.ts';
import { jobs } from '../queries/jobs.ts';
import { nodes } from '../queries/nodes.ts';
import type { JobKind, OwnedJob } from '../records/jobs.ts';
import type { Explained } from './plans.ts';

/** Runs a verb and explains each statement that it ran: `by` is used, and nothing of `readsTooMuch`. */
type Check = (verb: () => Promise<unknown>, by?: RegExp, readsTooMuch?: RegExp[]) => Promise<void>;

const NODE = 'erases';

export function erasurePlans(opened: () => Explained, check: Check): void {
  const verbs = () => {
    const { db, dialect } = opened();
    return {
      ...jobs(db, db),
      ...deletion(db, dialect),
      ...erasing(db, db, dialect, async () => true),
      ...nodes(db, db, dialect),
    };
  };
  const owned = async (kind: JobKind): Promise<OwnedJob> => {
    const [job] = await verbs().claimJobs(NODE, [kind], 1, 1);
    if (job === undefined) throw new Error('The job does not run.');
    return job;
  };

  // The one has much, which is deleted by the batch; the other nothing, so that all tables are looked at in one step.
  test.each([
    { workspace: 2, batches: 3 },
    { workspace: 3, batches: 1 },
  ])('deleting $workspace reads nothing of other workspaces', async ({ workspace, batches }) => {
    const { readsAll } = opened();
    const { registerNode, deleteWorkspace, deleteSome } = verbs();
    await registerNode(NODE, { leaseMs: HOUR, sends: false });
    await check(() => deleteWorkspace(workspace, { job: 99_000 + workspace, at: 1, by: 'me' }));
    for (let done = 0; done < batches; done += 1) {
      const job = await owned('delete_workspace');
      await check(() => deleteSome(NODE, job, 2), /./, [readsAll]);
    }
    await verbs().cancelJob(null, 99_000 + workspace, 3, 'me');
  });

  test('erasing a person reads by the batch, in each phase', async () => {
    const { readsAll, readsWorkspace, rowsRead } = opened();
    // A workspace has few lanes. Where the database counts the rows that are read, that says more.
    const tooMuch = rowsRead === null ? [new RegExp(`^(?!.* lanes_)(${readsWorkspace.source})`)] : [];
    const { registerNode, createJob, eraseSome, advanceJob } = verbs();
    await registerNode(NODE, { leaseMs: HOUR, sends: false });
    const input = { subject: 's5', terms: ['no such term'] };
    const asked = { report: {}, total: null, createdBy: 'me', createdAt: HOUR };
    await createJob({ key: 99_009, workspace: 1, kind: 'erase', input, ...asked }, {});
    const phases = 'subject,events,own bodies,attempts,steps,captures,answers,mails,notices,counts';
    for (const phase of phases.split(',')) {
      const at = await owned('erase');
      const cursor = { phase, after: 0, bin: 0, name: '' };
      expect(await advanceJob(NODE, at, { done: 0, total: null, report: {}, cursor }, 1)).toBe(true);
      const job = await owned('erase');
      await check(() => eraseSome(NODE, job, 2), /./, [readsAll, ...tooMuch]);
    }
  });
}
