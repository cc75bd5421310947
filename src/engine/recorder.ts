/**
 * Group commit for results: what has gathered while the last batch was being written is the next
 * batch. A lane goes on only when its own result is committed (P5). While the store is away,
 * results are kept and written when it is back; nothing is sent again for want of a record.
 */

import { SECOND } from '../core/duration.ts';
import type { AttemptResult, RecordVerdict } from '../store/records.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { Clock } from '../world.ts';

/**
 * Batches handed to the store at one time. With one, the store idles while its answer travels and the
 * lanes start their next sends: measured on SQLite with 200 lanes, two carry half as much again.
 */
const WRITERS = 2;
/** Results in one transaction; more than that makes the first of them wait for the last. */
const BATCH = 500;
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
  store: Pick<Store, 'record'>;
  clock: Clock;
  node: string;
  onUnavailable(error: StoreUnavailable): void;
  /** The results have changed the endpoints of this workspace. Never rejects. */
  onMoved(workspace: number): Promise<void>;
}): Recorder {
  const { store, clock, node } = deps;
  let queue: Entry[] = [];
  const writers = new Set<Promise<void>>();
  let givenUp = false;

  const writeBatch = async (batch: Entry[]): Promise<void> => {
    for (;;) {
      try {
        const { verdicts, moved } = await store.record(
          node,
          batch.map((entry) => entry.result),
        );
        // Before any lane goes on: one of theirs may be disabled.
        await Promise.all(moved.map(deps.onMoved));
        for (const [index, entry] of batch.entries()) entry.resolve(verdicts[index] ?? 'fenced');
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || givenUp) {
          for (const entry of batch) entry.reject(error);
          return;
        }
        deps.onUnavailable(error);
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  };

  const write = async (): Promise<void> => {
    // Results that end in the same turn of the event loop share the first batch, too.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.slice(0, BATCH);
      queue = queue.slice(BATCH);
      await writeBatch(batch);
    }
  };

  const startWriter = (): void => {
    if (writers.size >= WRITERS) return;
    const writer = write().finally(() => {
      writers.delete(writer);
      // Handed in after this writer had found the queue empty, while it still counted as one.
      if (queue.length > 0) startWriter();
    });
    writers.add(writer);
  };

  return {
    record(result) {
      return new Promise((resolve, reject) => {
        queue.push({ result, resolve, reject });
        startWriter();
      });
    },
    async drain() {
      while (writers.size > 0) await Promise.all(writers);
    },
    giveUp() {
      givenUp = true;
    },
  };
}
