/**
 * A publisher that gathers events into batches: by number, size and time, one batch on its way at a time, so that the order of
 * `publish` calls is the order of acceptance. What it holds is in memory alone: `close()` before the process ends, and where an
 * event must not be lost with the process, use the outbox (outbox.ts).
 *
 *   const publisher = createPublisher(mirsal, { onRefused: ({ event, error }) => log(event.id, error.code) });
 *   publisher.publish({ type: 'lead.created', data });
 *   await publisher.close();
 */

import type { NewEventOf } from './calls.ts';
import type { Mirsal } from './client.ts';
import type { AcceptedEvent, NewEvent } from './generated/schemas.ts';
import { later, randomId } from './platform.ts';
import { MOST_PER_BATCH, sendInOrder } from './sendInOrder.ts';

export interface PublisherOptions {
  /** A batch is sent once it has so many; 100, at most 1000. */
  maxEvents?: number;
  /** … or so many bytes of JSON; 1 MiB. */
  maxBytes?: number;
  /** … or its first event has waited so long, ms; 100. */
  maxWaitMs?: number;
  /** What may wait and be on its way in all; 10 000. Further events are refused at once. */
  maxQueue?: number;
  /** Told of every event that was not accepted. With it, promises of `publish` need not be looked at. */
  onRefused?: (refused: { event: NewEvent & { id: string }; error: unknown }) => void;
}

export interface Publisher {
  /**
   * Resolves once it is accepted, durably. Rejects with what its batch or itself met, or with a RangeError where the queue is full.
   * An event without an id gets one, so that whatever is repeated is accepted once.
   */
  publish<const Type extends string>(event: NewEventOf<Type>): Promise<AcceptedEvent>;
  /** Events that wait or are on their way. */
  readonly size: number;
  /** Resolves once there is room in the queue. */
  room(): Promise<void>;
  /** Sends what waits, now; resolves when it has an outcome. Never rejects. */
  flush(): Promise<void>;
  /** Takes no more events, and flushes. */
  close(): Promise<void>;
}

interface Entry {
  event: NewEvent & { id: string };
  bytes: number;
  resolve(answer: AcceptedEvent): void;
  reject(error: unknown): void;
}

export function createPublisher(mirsal: Pick<Mirsal, 'events'>, options: PublisherOptions = {}): Publisher {
  const { maxEvents = 100, maxBytes = 2 ** 20, maxWaitMs = 100, maxQueue = 10_000, onRefused } = options;
  const most = Math.min(maxEvents, MOST_PER_BATCH);
  const queue: Entry[] = [];
  let queuedBytes = 0;
  let onItsWay = 0;
  let closed = false;
  let working: Promise<void> | null = null;
  /** What has to be sent without waiting for more: as many events from the queue's head. */
  let due = 0;
  let cancelTimer: (() => void) | null = null;
  const waitingForRoom: Array<() => void> = [];
  const size = (): number => queue.length + onItsWay;

  function start(): void {
    if (queue.length >= most || queuedBytes >= maxBytes) due = Math.max(due, Math.min(queue.length, most));
    if (due > 0) working ??= work().finally(afterWork);
    else if (queue.length > 0 && working === null) {
      cancelTimer ??= later(maxWaitMs, () => {
        cancelTimer = null;
        due = queue.length;
        start();
      });
    }
  }

  function afterWork(): void {
    working = null;
    start();
  }

  async function work(): Promise<void> {
    cancelTimer?.();
    cancelTimer = null;
    while (due > 0 && queue.length > 0) {
      const batch = takeBatch();
      onItsWay = batch.length;
      await send(batch);
      onItsWay = 0;
      for (const resolve of waitingForRoom.splice(0)) resolve();
    }
    due = 0;
  }

  function takeBatch(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of queue) {
      if (count === most || (count > 0 && bytes + entry.bytes > maxBytes)) break;
      bytes += entry.bytes;
      count += 1;
    }
    due = Math.max(0, due - count);
    queuedBytes -= bytes;
    return queue.splice(0, count);
  }

  async function send(batch: readonly Entry[]): Promise<void> {
    const { outcomes, stopped } = await sendInOrder(
      mirsal,
      batch.map(({ event }) => event),
    );
    for (const [index, entry] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'accepted') entry.resolve(outcome.answer);
      else refuse(entry, outcome === undefined ? stopped : outcome.error);
    }
  }

  function refuse({ event, reject }: Pick<Entry, 'event' | 'reject'>, error: unknown): void {
    reject(error);
    onRefused?.({ event, error });
  }

  return {
    publish(given) {
      const event = { ...(given as NewEvent), id: given.id ?? randomId() };
      const promise = new Promise<AcceptedEvent>((resolve, reject) => {
        if (closed) return refuse({ event, reject }, new Error('This publisher is closed.'));
        if (size() >= maxQueue) {
          const text = `The queue holds ${maxQueue} events already: await room() before you publish more.`;
          return refuse({ event, reject }, new RangeError(text));
        }
        const bytes = new TextEncoder().encode(JSON.stringify(event)).length;
        queuedBytes += bytes;
        queue.push({ event, bytes, resolve, reject });
        start();
      });
      if (onRefused !== undefined) promise.catch(() => {});
      return promise;
    },
    get size() {
      return size();
    },
    room() {
      return size() < maxQueue ? Promise.resolve() : new Promise((resolve) => waitingForRoom.push(resolve));
    },
    async flush() {
      due = queue.length;
      start();
      while (working !== null && due + onItsWay > 0) await working;
    },
    async close() {
      closed = true;
      await this.flush();
      for (const resolve of waitingForRoom.splice(0)) resolve();
    },
  };
}
