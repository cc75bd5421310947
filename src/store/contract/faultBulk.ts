/** The verbs of jobs over many deliveries, for faults.ts; see faultCases.ts. */

import { expect } from 'vitest';
import type { BulkStep } from '../records/bulk.ts';
import { aKey } from './builders.ts';
import { aJob, anOwnedJob } from './faultJobs.ts';
import { aCase, aDelivered, aWaiting, NOW, type Scene } from './faultScenes.ts';

export type BulkReading = 'scanPlaces' | 'findPlaces';

/** A call of one step that is done to one delivery. */
export async function aStep({ store, workspace }: Pick<Scene, 'store' | 'workspace'>, step: BulkStep) {
  const job = { ...(await anOwnedJob(store, aJob(workspace))), workspace };
  return () =>
    store.changeMany(
      'node-a',
      job,
      step,
      ({ done }) => ({ done, total: 1, cursor: { done }, report: { done } }),
      NOW,
    );
}

const CASES = {
  skip: async (scene: Scene): Promise<BulkStep> => ({
    ...{ act: 'skip', deliveries: [await aWaiting(scene)], reason: 'skipped_by: me' },
  }),
  retry: async (scene: Scene): Promise<BulkStep> => ({ act: 'retry', deliveries: [await aWaiting(scene)] }),
  resend: async (scene: Scene): Promise<BulkStep> => {
    const items = [{ original: (await aDelivered(scene)).delivery, key: aKey() }];
    return { act: 'resend', endpoint: scene.endpoint.key, items, maxOpen: 10 };
  },
};

export const BULK_CASES = {
  // Of the three, the one that makes something; the others are tried by bulk.ts.
  changeMany: aCase(async (scene) => ({
    call: await aStep(scene, await CASES.resend(scene)),
    first: expect.objectContaining({ kind: 'noted', progress: expect.objectContaining({ done: 1 }) }),
    // The job has moved on since it was read: it is read again.
    again: { kind: 'lost' },
  })),
};

/** Scenes for what statements a sharded database would be given. */
export const BULK_SCENES = Object.values(CASES).map((stepOf) => async (scene: Scene) => {
  await (await aStep(scene, await stepOf(scene)))();
});
