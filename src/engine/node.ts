/**
 * This process among its peers: its registration, its lease, and the round that makes good what
 * a missed signal would leave lying.
 *
 * One lease per node, not per lane: prolonging it is one small write however many lanes are
 * owned. A lane belongs to the node named in its row; once that node's lease has run out, any
 * other may take the lane, and the lane's epoch then fences off whatever the former owner still
 * tries to record. The lease's end is counted on the monotonic clock from before the write that
 * prolonged it, so this node thinks itself out earlier than the others do.
 */

import { DAY, SECOND } from '../core/duration.ts';
import { createKeyMaker, type KeyMaker } from '../core/ids.ts';
import type { Store } from '../store/store.ts';
import type { Clock, Timer } from '../world.ts';

/** Long enough for the longest attempt (10 s) with its margin and two missed heartbeats. */
export const LEASE_MS = 20 * SECOND;
const HEARTBEAT_MS = 4 * SECOND;
const ROUND_MS = SECOND;
/** Between an attempt's deadline and the lease's end: for the record, and for clocks that drift. */
const MARGIN_MS = 2 * SECOND;

/** Where no other process can be: until the database is opened anew, which forgets all nodes. */
const FOR_GOOD_MS = 36_500 * DAY;

export interface NodeDeps {
  store: Store;
  clock: Clock;
  node: string;
  /** False where the store admits one process only: its lock outlives every pause. */
  leased: boolean;
  /** Called about once a second. */
  round(): Promise<void>;
  onError(error: unknown, where: string): void;
}

export interface NodeLife {
  start(): Promise<KeyMaker>;
  mayStart(timeoutMs: number): boolean;
  stop(): Promise<void>;
}

export function createNodeLife(deps: NodeDeps): NodeLife {
  const { store, clock, node } = deps;
  let leaseEnds = Number.NEGATIVE_INFINITY;
  let stopped = false;
  const timers = new Set<Timer>();
  let current: Promise<void> = Promise.resolve();

  const every = (delayMs: number, where: string, task: () => Promise<void>): void => {
    const timer = clock.after(
      delayMs,
      () => {
        timers.delete(timer);
        current = task()
          .catch((error: unknown) => deps.onError(error, where))
          .then(() => {
            if (!stopped) every(delayMs, where, task);
          });
      },
      { unref: true },
    );
    timers.add(timer);
  };

  const register = async () => {
    const from = clock.monotonic();
    const registration = await store.registerNode(node, deps.leased ? LEASE_MS : FOR_GOOD_MS);
    leaseEnds = from + LEASE_MS;
    return registration;
  };

  const beat = async (): Promise<void> => {
    const from = clock.monotonic();
    if (await store.heartbeat(node, LEASE_MS)) leaseEnds = from + LEASE_MS;
    else await register();
  };

  return {
    async start() {
      const { slot, largestKey } = await register();
      if (deps.leased) every(HEARTBEAT_MS, 'heartbeat', beat);
      every(ROUND_MS, 'round', deps.round);
      return createKeyMaker(slot, largestKey);
    },
    mayStart(timeoutMs) {
      return !deps.leased || clock.monotonic() + timeoutMs + MARGIN_MS < leaseEnds;
    },
    async stop() {
      stopped = true;
      for (const timer of timers) timer.cancel();
      await current;
    },
  };
}
