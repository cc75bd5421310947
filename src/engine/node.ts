/**
 * This process among its peers: its registration, its lease, and its rounds.
 *
 * One lease per node, not per slice: prolonging it is one small write however many slices are held. Once
 * it has run out, any other node may take the slices, and this node's results are refused from then on
 * (store/queries/nodes.ts). The lease's end is counted on the monotonic clock from before the write that prolonged
 * it, so this node thinks itself out earlier than the others do.
 */

import { DAY, SECOND } from '../core/duration.ts';
import { createKeyMaker, type KeyMaker, type Slots } from '../core/ids.ts';
import type { NodeStore } from '../store/ports/nodes.ts';
import type { Listening } from '../store/records/nodes.ts';
import type { Clock, Timer } from '../world.ts';
import type { SpareKeys } from './offload.ts';

/** Long enough for the longest attempt (10 s) with its margin and two missed heartbeats. */
export const LEASE_MS = 18 * SECOND;
const HEARTBEAT_MS = 3 * SECOND;
const ROUND_MS = SECOND;
/** Between an attempt's deadline and the lease's end: for the record, and for clocks that drift. */
const MARGIN_MS = 2 * SECOND;

/** Where no other process can be: until the database is opened anew, which forgets all nodes. */
const FOR_GOOD_MS = 36_500 * DAY;

export interface NodeDeps {
  store: Pick<NodeStore, 'registerNode' | 'heartbeat'>;
  clock: Clock;
  node: string;
  /** False where the store admits one process only: its lock outlives every pause. */
  leased: boolean;
  /** Whether it takes its share of the slices. */
  sends: boolean;
  /** Where others reach this node. */
  listens(): readonly Listening[];
  /** Where living nodes listen. */
  onListening(listening: readonly Listening[]): void;
  /** The lease ran out and the node has registered anew: its slices are gone. */
  onLost(): void;
  /** The store's time, ms, at some moment since `askedAt` (monotonic). */
  onTime(storeMs: number, askedAt: number): void;
  /** Called about once a second. */
  round(): Promise<void>;
  onError(error: unknown, where: string): void;
}

export interface NodeLife {
  /** Registers and starts the rounds. The keys are this node's, also after it had to register anew. */
  start(): Promise<KeyMaker>;
  /** Keys that another thread of this process may make. They are others after each registration. */
  spareKeys(): SpareKeys;
  /** False where an attempt of this length might outlast the lease. */
  mayStart(timeoutMs: number): boolean;
  /** Tells the others that this node takes no share of the slices any more; its lease is still prolonged. */
  leave(): Promise<void>;
  /** Resolves when no heartbeat and no round is under way, and none will be. */
  stop(): Promise<void>;
}

/** The last slot makes the keys of what is prepared in a thread of its own, as it is for a few events in a thousand. */
function shareSlots({ first, count }: Slots): [own: Slots, spare: Slots] {
  const own = count - 1;
  return [
    { first, count: own },
    { first: first + own, count: 1 },
  ];
}

export function createNodeLife(deps: NodeDeps): NodeLife {
  const { store, clock, node } = deps;
  let leaseEnds = Number.NEGATIVE_INFINITY;
  let stopped = false;
  let leaving = false;
  /** False while the store may have registered this node anew without its knowing: the answer was lost. */
  let isRegistered = false;
  const timers = new Set<Timer>();
  const running = new Set<Promise<void>>();
  let keys: KeyMaker | null = null;
  let spareKeys: SpareKeys | null = null;
  let lastKey = 0;

  const every = (delayMs: number, where: string, task: () => Promise<void>): void => {
    const timer = clock.after(
      delayMs,
      () => {
        timers.delete(timer);
        const turn = task()
          .catch((error: unknown) => deps.onError(error, where))
          .then(() => {
            running.delete(turn);
            if (!stopped) every(delayMs, where, task);
          });
        running.add(turn);
      },
      { unref: true },
    );
    timers.add(timer);
  };

  const register = async (): Promise<void> => {
    isRegistered = false;
    const from = clock.monotonic();
    const { slots, largestKey, now, listening } = await store.registerNode(node, {
      leaseMs: deps.leased ? LEASE_MS : FOR_GOOD_MS,
      sends: deps.sends,
      listens: deps.listens(),
    });
    deps.onListening(listening);
    // Registering frees what this node held; nothing of it may be sent under the new lease.
    if (keys !== null) deps.onLost();
    leaseEnds = from + LEASE_MS;
    if (deps.leased) deps.onTime(now, from);
    // Another node may hold the former slots by now: keys made in them could be made twice.
    const floor = Math.max(largestKey, lastKey);
    const [own, spare] = shareSlots(slots);
    keys = createKeyMaker(own, floor);
    spareKeys = { slots: spare, floor };
    isRegistered = true;
  };

  const nextKey = (nowMs: number): number => {
    if (keys === null) throw new Error('A node makes keys after it has registered.');
    lastKey = keys.next(nowMs);
    return lastKey;
  };

  const beat = async (): Promise<void> => {
    if (!isRegistered) {
      // A heartbeat would find the new registration, and prolong a lease under which this node holds nothing.
      await register();
      return;
    }
    const from = clock.monotonic();
    const listens = deps.listens();
    const known = await store.heartbeat(node, { leaseMs: LEASE_MS, sends: deps.sends && !leaving, listens });
    if (known !== null) {
      deps.onListening(known.listening);
      leaseEnds = from + LEASE_MS;
      deps.onTime(known.now, from);
    } else if (!stopped) await register();
  };

  return {
    async start() {
      await register();
      if (deps.leased) every(HEARTBEAT_MS, 'heartbeat', beat);
      every(ROUND_MS, 'round', deps.round);
      return { next: nextKey };
    },
    spareKeys() {
      if (spareKeys === null) throw new Error('A node makes keys after it has registered.');
      return spareKeys;
    },
    mayStart(timeoutMs) {
      return !deps.leased || clock.monotonic() + timeoutMs + MARGIN_MS < leaseEnds;
    },
    async leave() {
      leaving = true;
      if (deps.leased) await beat();
    },
    async stop() {
      stopped = true;
      for (const timer of timers) timer.cancel();
      await Promise.all(running);
    },
  };
}
