/**
 * Which lanes this node works: the store says it, and this file makes memory agree.
 *
 *   balance   once a second: which slices does the store say are this node's? Take free ones up to this
 *             node's share, give away what is beyond it.
 *   round     a part of the held slices each second: are the lanes with work in memory those of the store?
 *   look      at lanes that a signal names; it saves the time until the next round, no more.
 *
 * A slice is given away only when nothing of it is in flight and every result is recorded, so that who
 * takes it next sends nothing twice.
 */

import { hashLane, SLICES } from '../core/delivery/slice.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import type { LaneStore } from '../store/ports/lanes.ts';
import type { SliceStore } from '../store/ports/nodes.ts';
import type { SignalStore } from '../store/ports/signals.ts';
import type { HeldSlice, SliceDigest } from '../store/records/nodes.ts';
import type { Clock } from '../world.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

/** Every lane is looked at in so many rounds, a second each. */
export const ROUNDS_PER_PASS = 5;
/** A dry lane stays open this long: under steady traffic it is not closed and opened for each delivery. */
const SETTLE_AFTER_MS = 2 * SECOND;
/** Their lanes are read and started at once: 1,500 where a node has 100,000. */
const SLICES_READ_AT_ONCE = 4;
const RELEASE_RETRY_MS = SECOND / 2;
/** In-flight attempts end by their deadline (10 s at most); their results need a moment more. */
export const STOP_PATIENCE_MS = MINUTE / 4;

export interface SliceKeeperDeps {
  store: SliceStore & LaneStore & SignalStore;
  clock: Clock;
  node: string;
  lanes: Lanes;
  onError(error: unknown, where: string): void;
}

export interface SliceKeeper {
  /** Single flight: who asks while it is under way gets another one after it. */
  balance(): Promise<void>;
  /** Compares the next part of the held slices with the store, and closes lanes that have run dry. */
  round(): Promise<void>;
  /** Compares all of them. */
  compareAll(): Promise<void>;
  /** Reads these lanes, as far as they are this node's. */
  look(lanes: readonly number[]): void;
  /** Gives everything away: at once where nothing is in flight, else when it has ended. */
  stop(): Promise<void>;
}

export function createSliceKeeper(deps: SliceKeeperDeps): SliceKeeper {
  const { store, clock, node, lanes } = deps;
  const giver = createGiver(deps);
  const balance = singleFlight(() => balanceOnce());
  let nextPart = 0;
  let stopped = false;
  const named = new Set<number>();

  const balanceOnce = async (): Promise<void> => {
    if (stopped) return;
    const view = await store.readSlices(node);
    if (stopped) return;
    const held = new Map(view.held.map(({ slice, epoch }) => [slice, epoch]));
    for (const { slice, epoch } of lanes.held()) {
      if (held.get(slice) !== epoch) lanes.drop(slice);
    }
    // Those among them that memory does not know were taken by a call whose answer was lost.
    const kept = view.held.filter(({ slice }) => !giver.isLeaving(slice));
    await begin(kept);
    const share = Math.ceil(SLICES / Math.max(1, view.senders));
    if (kept.length > share) giver.give(surplus(kept.length - share));
    else if (view.free > 0 && held.size < share) {
      await begin(await store.takeSlices(node, Math.min(view.free, share - held.size)));
    }
  };

  const begin = async (slices: readonly HeldSlice[]): Promise<void> => {
    const known = new Map(lanes.held().map(({ slice, epoch }) => [slice, epoch]));
    const added = slices.filter(({ slice, epoch }) => known.get(slice) !== epoch);
    if (added.length === 0 || stopped) return;
    lanes.hold(added);
    await readOpen(added.map(({ slice }) => slice));
  };

  /** Idle ones first: they can be given at once. */
  const surplus = (count: number): HeldSlice[] =>
    lanes
      .held()
      .filter(({ slice }) => !giver.isLeaving(slice))
      .sort((one, other) => Number(lanes.isSliceIdle(other.slice)) - Number(lanes.isSliceIdle(one.slice)))
      .slice(0, count);

  /** Makes memory agree with the store on all lanes of these slices. */
  const readOpen = async (slices: readonly number[]): Promise<void> => {
    for (let from = 0; from < slices.length && !stopped; from += SLICES_READ_AT_ONCE) {
      const some = slices.slice(from, from + SLICES_READ_AT_ONCE);
      const before = new Set(some.flatMap((slice) => [...lanes.lanesOf(slice)]));
      const states = await store.listOpenLanes(some);
      lanes.agree(states);
      const open = new Set(states.map(({ lane }) => lane));
      for (const lane of before) {
        if (open.has(lane.key) || lane.lost) continue;
        // The store has closed it, and this node does not know.
        if (lane.isIdleSince(Number.POSITIVE_INFINITY)) lanes.forget(lane);
        else lanes.doubt(lane);
      }
    }
  };

  /**
   * The store answers for a moment between asking and its answer. Where a publish of this node comes in
   * between, memory was right if it agrees as it was before, or as it is after.
   */
  const compare = async (slices: readonly number[]): Promise<void> => {
    const before = slices.map((slice) => digest(slice, lanes.lanesOf(slice)));
    const stored = new Map((await store.digestSlices(slices)).map((found) => [found.slice, found]));
    const differing = before
      .filter((known) => !isEqual(stored.get(known.slice), known))
      .map(({ slice }) => digest(slice, lanes.lanesOf(slice)))
      .filter((known) => !isEqual(stored.get(known.slice), known));
    await readOpen(differing.map(({ slice }) => slice));
  };

  const settle = async (slices: readonly number[]): Promise<void> => {
    const before = clock.monotonic() - SETTLE_AFTER_MS;
    const idle = slices
      .flatMap((slice) => [...lanes.lanesOf(slice)])
      .filter((lane) => lane.isIdleSince(before));
    if (idle.length === 0) return;
    const settled = new Set(
      await store.settleLanes(
        idle.map(({ workspace, key, last, revision }) => ({
          workspace,
          lane: key,
          lastSequence: last,
          revision,
        })),
      ),
    );
    const doubtful: number[] = [];
    for (const lane of idle) {
      if (!settled.has(lane.key)) doubtful.push(lane.key);
      // What has been given work meanwhile is open again.
      if (lane.isIdleSince(Number.POSITIVE_INFINITY)) lanes.forget(lane);
    }
    if (doubtful.length > 0) lanes.agree(await store.readLanes(doubtful));
  };

  const readNamed = singleFlight(async () => {
    const some = [...named];
    named.clear();
    if (some.length > 0) lanes.agree(await store.readLanes(some));
  });

  return {
    balance,
    async round() {
      const part = lanes
        .held()
        .map(({ slice }) => slice)
        .filter((slice) => slice % ROUNDS_PER_PASS === nextPart);
      nextPart = (nextPart + 1) % ROUNDS_PER_PASS;
      if (part.length === 0 || stopped) return;
      await compare(part);
      await settle(part);
    },
    compareAll: () => compare(lanes.held().map(({ slice }) => slice)),
    look(some) {
      for (const lane of some) if (lanes.works(lane)) named.add(lane);
      if (named.size > 0 && !stopped) readNamed().catch((error: unknown) => deps.onError(error, 'look'));
    },
    async stop() {
      stopped = true;
      await balance().catch(() => {});
      await giver.giveAll();
    },
  };
}

/** Gives slices away when nothing of them is in flight any more. */
function createGiver({ store, clock, node, lanes, onError }: SliceKeeperDeps) {
  /** By slice, under which epoch it is given up; idle once nothing is in flight: the store is to be told. */
  const leaving = new Map<number, { held: HeldSlice; isIdle: boolean }>();
  let onEmpty: (() => void) | null = null;

  const release = singleFlight(async () => {
    const idle = [...leaving].filter(([, { isIdle }]) => isIdle);
    if (idle.length === 0) return;
    await store.releaseSlices(
      node,
      idle.map(([, { held }]) => held),
    );
    // Where an answer was lost, it may have been taken and given up once more since.
    for (const [slice, one] of idle) if (leaving.get(slice) === one) leaving.delete(slice);
    store.notify({ kind: 'slices' });
    if (leaving.size === 0) onEmpty?.();
  });

  const tryRelease = (): void => {
    release().catch((error: unknown) => {
      onError(error, 'release');
      clock.after(RELEASE_RETRY_MS, tryRelease, { unref: true });
    });
  };

  const give = (slices: readonly HeldSlice[]): void => {
    for (const held of slices) {
      const one = { held, isIdle: false };
      leaving.set(held.slice, one);
      void lanes.leave(held.slice).then(() => {
        one.isIdle = true;
        tryRelease();
      });
    }
  };

  return {
    give,
    isLeaving: (slice: number): boolean => leaving.has(slice),
    async giveAll() {
      give(lanes.held().filter(({ slice, epoch }) => leaving.get(slice)?.held.epoch !== epoch));
      if (leaving.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onEmpty = resolve;
      const patience = clock.after(STOP_PATIENCE_MS, resolve);
      await promise;
      patience.cancel();
    },
  };
}

/** Runs it once at a time; calls made meanwhile share one more run after that. */
function singleFlight(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = (): Promise<void> => {
    running = task().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (running === null) return start();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = null;
        return start();
      });
    return next;
  };
}

/** A slice's digest as memory has it. */
function digest(slice: number, known: Iterable<Lane>): SliceDigest {
  let lanes = 0;
  let hashes = 0;
  for (const { key, last, revision } of known) {
    lanes += 1;
    hashes += hashLane(key, last, revision);
  }
  return { slice, lanes, hashes };
}

/** The store has none of a slice without lanes. */
function isEqual(stored: SliceDigest | undefined, { lanes, hashes }: SliceDigest): boolean {
  return (stored?.lanes ?? 0) === lanes && (stored?.hashes ?? 0) === hashes;
}
