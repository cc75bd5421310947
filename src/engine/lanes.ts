/**
 * The lanes this node owns, each worked by one loop, so that at most one of its requests is in
 * flight (P4) and the next starts only when the last one's result is committed (P3, P5).
 *
 *            ┌──────────────────────── next item ◀────────────────────────┐
 *            ▼                                                            │
 *   idle ─▶ load ─▶ wait until due ─▶ wait for a slot ─▶ send ─▶ record ──┤
 *    ▲        │ nothing open                                 │ fenced     │ retry: same item,
 *    └────────┘                                              ▼            │ due later
 *                                                          lost           ▼
 *
 * A lane may be woken at any point; a wake while its loop runs makes it look again.
 */

import { MINUTE, SECOND } from '../core/duration.ts';
import { formatId } from '../core/ids.ts';
import {
  type AttemptResult,
  type ClaimedLane,
  type LaneItem,
  type RecordVerdict,
  type Store,
  StoreUnavailable,
} from '../store/store.ts';
import type { Clock, Send, Timer } from '../world.ts';
import { buildRequest, concludeAttempt } from './attempt.ts';
import type { Destination, Directory, WorkspaceView } from './directory.ts';
import type { Recorder } from './recorder.ts';
import type { Slots } from './slots.ts';

/** Items kept in memory per lane, and over all lanes of the node; the rest is loaded when its turn comes. */
const LOADED_PER_LANE = 100;
const LOADED_IN_ALL = 50_000;
const LOADED_BYTES_PER_LANE = 1024 * 1024;
const STORE_RETRY_MS = SECOND;
const LEASE_RETRY_MS = SECOND / 2;
/** A drained lane stays owned this long: its next delivery starts without a claim. */
const IDLE_MS = MINUTE;

interface Lane {
  readonly key: number;
  readonly workspace: number;
  readonly endpoint: number;
  readonly epoch: number;
  /** Open items in order, without a gap up to `loadedThrough`; the first is the head. */
  items: LaneItem[];
  loadedThrough: number;
  /** The highest sequence known to exist. */
  last: number;
  /** Everything up to here has ended. */
  done: number;
  /** What is in memory may differ from the store: read again before the next send. */
  stale: boolean;
  running: boolean;
  lost: boolean;
  timer: Timer | null;
  idleSince: number;
}

export interface LanesDeps {
  store: Store;
  clock: Clock;
  send: Send;
  directory: Directory;
  recorder: Recorder;
  slots: Slots;
  node: string;
  /** False where the node's lease would not outlast an attempt of this length. */
  mayStart(timeoutMs: number): boolean;
  /** An attempt's end has changed the workspace's endpoints. */
  routingChanged(workspace: number): Promise<void>;
  /** One line per attempt; `describe` makes it, where somebody wants it. */
  onAttempt(describe: () => Record<string, unknown>): void;
  onError(error: unknown, where: string): void;
}

export interface Lanes {
  /** Starts working a lane that the store says is this node's. */
  adopt(claimed: ClaimedLane): void;
  /** Hands over committed deliveries of an owned lane, in order. */
  offer(claimed: ClaimedLane, items: readonly LaneItem[]): void;
  /** The store's view of a lane has changed. False where the lane is not owned here. */
  wake(lane: number): boolean;
  /** All owned lanes of a workspace look at its endpoints again. */
  wakeWorkspace(workspace: number): void;
  isSending(delivery: number): boolean;
  owned(): number;
  /** Gives up lanes without work. */
  releaseIdle(): Promise<void>;
  /** Tells the store of lanes given up while it was away. */
  releaseAbandoned(): Promise<void>;
  /** Starts nothing more; resolves when what was in flight is recorded. */
  stop(): Promise<void>;
}

/** The log's one wide line per attempt. */
function describeAttempt(result: AttemptResult, verdict: RecordVerdict): Record<string, unknown> {
  const { attempt, next } = result;
  return {
    workspace: formatId('ws', result.workspace),
    endpoint: formatId('ep', result.endpoint),
    delivery: formatId('dlv', result.delivery),
    sequence: result.sequence,
    attempt: attempt.number,
    outcome: attempt.outcome,
    status: attempt.status,
    error: attempt.error,
    durationMs: attempt.durationMs,
    state: next.state,
    verdict,
  };
}

export function createLanes(deps: LanesDeps): Lanes {
  const { store, clock, directory, recorder, slots, node } = deps;
  const lanes = new Map<number, Lane>();
  const sending = new Set<number>();
  const running = new Set<Promise<void>>();
  /** Lanes given up, with the epoch, until the store has let go of them. */
  const abandoned = new Map<number, number>();
  let loaded = 0;
  let stopping = false;

  const forget = (lane: Lane): void => {
    lane.lost = true;
    lane.timer?.cancel();
    loaded -= lane.items.length;
    lane.items = [];
    if (lanes.get(lane.key) === lane) lanes.delete(lane.key);
  };

  /** Gives up a lane that this node must not send for any more; the store is told now or in the next round. */
  const abandon = (lane: Lane): void => {
    forget(lane);
    abandoned.set(lane.key, lane.epoch);
    releaseAbandoned().catch((error: unknown) => deps.onError(error, 'release'));
  };

  const releaseAbandoned = async (): Promise<void> => {
    const released = [...abandoned];
    if (released.length === 0) return;
    const keys = released.map(([key]) => key);
    await store.releaseLanes(node, keys, 'all');
    for (const [key, epoch] of released) if (abandoned.get(key) === epoch) abandoned.delete(key);
  };

  const setItems = (lane: Lane, items: LaneItem[], through: number): void => {
    loaded += items.length - lane.items.length;
    lane.items = items;
    lane.loadedThrough = through;
  };

  const later = (lane: Lane, delayMs: number): void => {
    lane.timer?.cancel();
    lane.timer = clock.after(delayMs, () => start(lane));
  };

  /** Forgets what is in memory and asks the store how far the lane goes; false where it is another's. */
  const readAnew = async (lane: Lane): Promise<boolean> => {
    lane.stale = false;
    setItems(lane, [], lane.done);
    const state = await store.readLane(lane.key);
    if (state === null || state.owner !== node || state.epoch !== lane.epoch) {
      forget(lane);
      return false;
    }
    lane.last = Math.max(lane.last, state.lastSequence);
    return true;
  };

  /** The lane's head, from memory or the store; null where nothing is open. */
  const head = async (lane: Lane): Promise<LaneItem | null> => {
    for (;;) {
      if (lane.stale && !(await readAnew(lane))) return null;
      const [first] = lane.items;
      if (first !== undefined) return first;
      const last = lane.last;
      if (lane.loadedThrough >= last) {
        if (lane.done < last) {
          // Its tail was skipped: note it, so that the lane does not look like work.
          await store.settleLane(node, lane.key, lane.epoch, last);
          lane.done = last;
        }
        return null;
      }
      const items = await store.loadLane(
        lane.key,
        lane.loadedThrough,
        LOADED_PER_LANE,
        LOADED_BYTES_PER_LANE,
      );
      if (lane.stale) continue;
      setItems(lane, items, items.at(-1)?.sequence ?? last);
    }
  };

  /** The destination to send to now, or null where the endpoint is off or gone. */
  const destinationOf = (view: WorkspaceView | null, lane: Lane): Destination | null => {
    const destination = view?.destination(lane.endpoint);
    return destination === undefined || destination.endpoint.disabled !== null ? null : destination;
  };

  /** One attempt from slot to record. False where the lane is no longer this node's. */
  const attempt = async (lane: Lane, item: LaneItem, destination: Destination): Promise<boolean> => {
    const startedAt = clock.now();
    const request = buildRequest(item, lane.key, destination, startedAt);
    sending.add(item.key);
    const result = await deps.send(request);
    slots.release(lane.workspace);
    const endedAt = Math.max(clock.now(), startedAt);
    const place = { workspace: lane.workspace, lane: lane.key, epoch: lane.epoch };
    const concluded = concludeAttempt(place, item, destination, request, result, { startedAt, endedAt });
    const verdict = await recorder.record(concluded).finally(() => sending.delete(item.key));
    deps.onAttempt(() => describeAttempt(concluded, verdict));
    if (verdict === 'fenced') return false;
    const { next } = concluded;
    if (next.state === 'waiting') {
      item.attempts += 1;
      item.waitedMs = next.waitedMs;
      item.nextAttemptAt = next.nextAttemptAt;
    } else {
      lane.done = item.sequence;
      if (lane.items[0] === item) {
        lane.items.shift();
        loaded -= 1;
      }
    }
    if (concluded.disable !== null) await deps.routingChanged(lane.workspace);
    return true;
  };

  /** Works the lane until nothing can be done now. */
  const work = async (lane: Lane): Promise<void> => {
    while (!stopping && !lane.lost) {
      const item = await head(lane);
      if (item === null) {
        lane.idleSince = clock.monotonic();
        return;
      }
      const dueIn = (item.nextAttemptAt ?? 0) - clock.now();
      if (dueIn > 0) {
        later(lane, dueIn);
        return;
      }
      await slots.acquire(lane.workspace);
      // While waiting for the slot things may have changed: look at everything once more.
      const view = directory.held(lane.workspace) ?? (await directory.view(lane.workspace));
      const destination = destinationOf(view, lane);
      const ready = !stopping && !lane.stale && !lane.lost && lane.items[0] === item;
      if (destination === null || !ready || !deps.mayStart(destination.endpoint.timeoutMs)) {
        slots.release(lane.workspace);
        if (destination === null) {
          abandon(lane);
          return;
        }
        if (ready) {
          later(lane, LEASE_RETRY_MS);
          return;
        }
        continue;
      }
      if (!(await attempt(lane, item, destination))) forget(lane);
    }
  };

  const run = async (lane: Lane): Promise<void> => {
    try {
      await work(lane);
    } catch (error) {
      deps.onError(error, 'lane');
      lane.stale = true;
      if (error instanceof StoreUnavailable && !stopping) later(lane, STORE_RETRY_MS);
      // Not knowing what went wrong, let another claim decide what is true.
      else abandon(lane);
    }
  };

  const start = (lane: Lane): void => {
    if (lane.running || lane.lost || stopping) return;
    lane.timer?.cancel();
    lane.timer = null;
    lane.running = true;
    const loop = run(lane).finally(() => {
      lane.running = false;
      running.delete(loop);
      // Woken after the loop had decided to end.
      if (lane.stale && lane.timer === null) start(lane);
      else if (lane.timer === null && lane.last > lane.done) start(lane);
    });
    running.add(loop);
  };

  /** The lane in memory; null where it has been given up and the store does not know yet. */
  const adopt = (claimed: ClaimedLane): Lane | null => {
    if (claimed.epoch <= (abandoned.get(claimed.lane) ?? -1)) return null;
    const known = lanes.get(claimed.lane);
    if (known !== undefined && known.epoch >= claimed.epoch) return known;
    if (known !== undefined) forget(known);
    const lane: Lane = {
      key: claimed.lane,
      workspace: claimed.workspace,
      endpoint: claimed.endpoint,
      epoch: claimed.epoch,
      items: [],
      loadedThrough: claimed.doneSequence,
      last: claimed.lastSequence,
      done: claimed.doneSequence,
      stale: false,
      running: false,
      lost: false,
      timer: null,
      idleSince: clock.monotonic(),
    };
    lanes.set(lane.key, lane);
    return lane;
  };

  const append = (lane: Lane, items: readonly LaneItem[]): void => {
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return;
    const fits = lane.items.length + items.length <= LOADED_PER_LANE && loaded < LOADED_IN_ALL;
    if (fits && !lane.stale && first.sequence === lane.loadedThrough + 1) {
      lane.items.push(...items);
      loaded += items.length;
      lane.loadedThrough = last.sequence;
    }
    lane.last = Math.max(lane.last, last.sequence);
  };

  return {
    adopt(claimed) {
      const lane = adopt(claimed);
      if (lane !== null) start(lane);
    },
    offer(claimed, items) {
      if (stopping) return;
      const lane = adopt(claimed);
      if (lane === null) return;
      append(lane, items);
      if (lane.timer === null) start(lane);
    },
    wake(key) {
      const lane = lanes.get(key);
      if (lane === undefined) return false;
      lane.stale = true;
      start(lane);
      return true;
    },
    wakeWorkspace(workspace) {
      for (const lane of lanes.values()) {
        if (lane.workspace === workspace) start(lane);
      }
    },
    isSending: (delivery) => sending.has(delivery),
    owned: () => lanes.size,
    releaseAbandoned,
    async releaseIdle() {
      const before = clock.monotonic() - IDLE_MS;
      const idle = [...lanes.values()].filter(
        (lane) => !lane.running && lane.timer === null && lane.items.length === 0 && lane.idleSince < before,
      );
      for (const lane of idle) forget(lane);
      const keys = idle.map((lane) => lane.key);
      await store.releaseLanes(node, keys, 'drained');
    },
    async stop() {
      stopping = true;
      for (const lane of lanes.values()) lane.timer?.cancel();
      await Promise.allSettled(running);
      await recorder.drain();
      lanes.clear();
    },
  };
}
