/**
 * Group commit for results: what a workspace's lanes end in one turn of the event loop, or while as many
 * batches as the store wants are being written, is its next batch; workspaces take turns. A lane goes on
 * only when its own result is committed (P5). While the store is away, results are kept and written when it
 * is back; nothing is sent again for want of a record.
 */

import { SECOND } from '../core/duration.ts';
import type { RecordStore } from '../store/ports/recording.ts';
import type { AttemptResult, RecordVerdict } from '../store/records/results.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Clock } from '../world.ts';

const RETRY_MS = SECOND / 2;

export interface Recorder {
  /** Resolves when the result is durable or was fenced off; rejects once the recorder has given up. */
  record(result: AttemptResult): Promise<RecordVerdict>;
  /** Resolves when everything handed in is written. After `giveUp`, what cannot be written is rejected. */
  drain(): Promise<void>;
  giveUp(): void;
}

interface Entry {
  result: AttemptResult;
  resolve(verdict: RecordVerdict): void;
  reject(error: unknown): void;
}

export function createRecorder(deps: {
  store: RecordStore;
  clock: Clock;
  node: string;
  onUnavailable(error: StoreUnavailable): void;
  /** The results have changed the endpoints of this workspace. Never rejects. */
  onMoved(workspace: number): Promise<void>;
}): Recorder {
  const { store, clock, node } = deps;
  const { batch: batchSize, writers, writersPerWorkspace } = store.recording;
  /** By workspace, in the order of their turns. */
  const queues = new Map<number, Entry[]>();
  const writing = new Set<Promise<void>>();
  /** Batches being written, by workspace. */
  const busy = new Map<number, number>();
  let isFlushDue = false;
  let givenUp = false;

  const writeBatch = async (workspace: number, batch: Entry[]): Promise<void> => {
    for (;;) {
      try {
        const { verdicts, moved } = await store.record(
          node,
          workspace,
          batch.map((entry) => entry.result),
        );
        // Before any lane goes on: one of theirs may be disabled.
        await Promise.all(moved.map(deps.onMoved));
        for (const [index, entry] of batch.entries()) entry.resolve(verdicts[index] ?? 'fenced');
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || givenUp) {
          // One result that cannot be written must not take along those that happened to be beside it.
          if (batch.length > 1 && !givenUp) {
            await Promise.all(batch.map((entry) => writeBatch(workspace, [entry])));
          } else {
            for (const entry of batch) entry.reject(error);
          }
          return;
        }
        deps.onUnavailable(error);
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  };

  const mayWrite = (workspace: number): boolean =>
    writing.size < writers && (busy.get(workspace) ?? 0) < writersPerWorkspace;

  const flush = (): void => {
    for (const [workspace, queue] of queues) {
      if (writing.size >= writers) return;
      if (!mayWrite(workspace)) continue;
      const batch = queue.splice(0, batchSize);
      // To the end of the line: a Map iterates over what is added while it is walked.
      queues.delete(workspace);
      if (queue.length > 0) queues.set(workspace, queue);
      busy.set(workspace, (busy.get(workspace) ?? 0) + 1);
      const written = writeBatch(workspace, batch).finally(() => {
        writing.delete(written);
        const left = (busy.get(workspace) ?? 1) - 1;
        if (left > 0) busy.set(workspace, left);
        else busy.delete(workspace);
        flushSoon();
      });
      writing.add(written);
    }
  };

  /** At the end of the event loop's turn, so that what ends in one turn is not written one by one. */
  const flushSoon = (): void => {
    if (isFlushDue || queues.size === 0 || writing.size >= writers) return;
    isFlushDue = true;
    clock.soon(() => {
      isFlushDue = false;
      flush();
    });
  };

  return {
    record(result) {
      return new Promise((resolve, reject) => {
        const queue = queues.get(result.workspace) ?? [];
        if (queue.length === 0) queues.set(result.workspace, queue);
        queue.push({ result, resolve, reject });
        // A full batch is written while the rest of the turn's results are still on their way.
        if (queue.length >= batchSize && mayWrite(result.workspace)) flush();
        else flushSoon();
      });
    },
    async drain() {
      while (queues.size > 0 || writing.size > 0) {
        await Promise.all(writing);
        await new Promise<void>((resolve) => clock.soon(resolve));
      }
    },
    giveUp() {
      givenUp = true;
    },
  };
}
