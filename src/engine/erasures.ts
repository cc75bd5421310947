/** Jobs that take data away: workspaces that were deleted, and people whose data are erased. */

import type { DeletionStore, ErasureStore } from '../store/ports/customers.ts';
import type { LongWork } from './longWork.ts';

export function createWorkspaceDeletion(store: Pick<DeletionStore, 'deleteSome'>): LongWork {
  return {
    kind: 'delete_workspace',
    async step(job, { node, now }) {
      const progress = await store.deleteSome(node, job, now);
      if (progress === 'later') return { kind: 'later' };
      return progress === null ? { kind: 'lost' } : { kind: 'noted', progress };
    },
  };
}

export function createErasure({
  store,
  lanesChanged,
}: {
  store: ErasureStore;
  lanesChanged(lanes: readonly number[]): Promise<void>;
}): LongWork {
  return {
    kind: 'erase',
    async step(job, { node, now }) {
      const done = await store.eraseSome(node, job, now);
      if (done === 'later') return { kind: 'later' };
      if (done === null) return { kind: 'lost' };
      if (done.lanes.length > 0) await lanesChanged(done.lanes);
      return { kind: 'noted', progress: done.progress };
    },
  };
}
