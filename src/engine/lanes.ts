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
import { firstKeyAt, formatId } from '../core/ids.ts';
import type { AttemptResult, ClaimedLane, LaneItem, RecordVerdict } from '../store/records.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { Clock, Send } from '../world.ts';
import { buildRequest, concludeAttempt } from './attempt.ts';
import type { Destination, Directory, WorkspaceView } from './directory.ts';
import { Lane, LOADED_BYTES_PER_LANE, LOADED_PER_LANE } from './lane.ts';
import type { Recorder } from './recorder.ts';
import type { Slots } from './slots.ts';

/** Bodies kept in memory over all lanes of the node, in bytes; beyond, lanes read the store. */
const LOADED_IN_ALL = 64 * 1024 * 1024;
const STORE_RETRY_MS = SECOND;
const LEASE_RETRY_MS = SECOND / 2;
/** Another lane tries the endpoint's first delivery; its success wakes this one. */
const PROBE_RETRY_MS = SECOND;
/** A drained lane stays owned this long: its next delivery starts without a claim. */
const IDLE_MS = MINUTE;

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
  /** One line per attempt; `describe` makes it, where somebody wants it. */
  onAttempt(describe: () => Record<string, unknown>): void;
  onError(error: unknown, where: string): void;
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

/** Where to send to now; null where the endpoint is off or gone. */
function activeDestination(view: WorkspaceView | null, endpoint: number): Destination | null {
  const destination = view?.destination(endpoint);
  return destination === undefined || destination.endpoint.disabled !== null ? null : destination;
}

export class Lanes {
  readonly #deps: LanesDeps;
  readonly #lanes = new Map<number, Lane>();
  readonly #sending = new Set<number>();
  readonly #loops = new Set<Promise<void>>();
  /** Lanes given up, with their epoch, until the store has let go of them. */
  readonly #abandoned = new Map<number, number>();
  #loaded = 0;
  #stopping = false;

  constructor(deps: LanesDeps) {
    this.#deps = deps;
  }

  /** Starts working a lane that the store says is this node's. */
  adopt(claimed: ClaimedLane): void {
    const lane = this.#hold(claimed);
    if (lane === null) return;
    // Nothing says yet that this node's view of its workspace is of now.
    lane.stale = true;
    this.#start(lane);
  }

  /** Hands over committed deliveries of an owned lane, in order. */
  offer(claimed: ClaimedLane, items: readonly LaneItem[]): void {
    if (this.#stopping) return;
    const lane = this.#hold(claimed);
    if (lane === null) return;
    this.#change(lane, () => lane.append(items, this.#loaded < LOADED_IN_ALL));
    if (lane.timer === null) this.#start(lane);
  }

  /** The store's view of a lane has changed. False where the lane is not owned here. */
  wake(key: number): boolean {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return false;
    lane.stale = true;
    this.#start(lane);
    return true;
  }

  /** All owned lanes of a workspace look at its endpoints again. */
  wakeWorkspace(workspace: number): void {
    for (const lane of this.#lanes.values()) {
      if (lane.workspace === workspace) this.#start(lane);
    }
  }

  isSending(delivery: number): boolean {
    return this.#sending.has(delivery);
  }

  /** Gives up lanes without work. */
  async releaseIdle(): Promise<void> {
    const before = this.#deps.clock.monotonic() - IDLE_MS;
    const idle = [...this.#lanes.values()].filter((lane) => lane.isIdleSince(before));
    for (const lane of idle) this.#forget(lane);
    const held = idle.map(({ key, epoch }) => ({ lane: key, epoch }));
    const freed = new Set<number>();
    try {
      const released = await this.#deps.store.releaseLanes(this.#deps.node, held, 'drained');
      for (const key of released) freed.add(key);
    } finally {
      // Given work at this very moment by a resend: nobody else would look at it while it is this node's.
      for (const { key, workspace, endpoint, epoch, last, done } of idle) {
        if (freed.has(key) || this.#lanes.has(key)) continue;
        this.adopt({ lane: key, workspace, endpoint, epoch, lastSequence: last, doneSequence: done });
      }
    }
  }

  /** Tells the store of lanes given up while it was away. */
  async releaseAbandoned(): Promise<void> {
    const held = [...this.#abandoned].map(([lane, epoch]) => ({ lane, epoch }));
    if (held.length === 0) return;
    await this.#deps.store.releaseLanes(this.#deps.node, held, 'all');
    for (const { lane, epoch } of held) {
      if (this.#abandoned.get(lane) === epoch) this.#abandoned.delete(lane);
    }
  }

  /**
   * The store has freed this node's lanes: none of them may send any more. Those that a publish has
   * taken since then are among them; they are given back under their new epoch.
   */
  dropAll(): void {
    for (const lane of [...this.#lanes.values()]) this.#abandon(lane);
  }

  /** Starts nothing more; resolves when what was in flight is recorded. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const lane of this.#lanes.values()) lane.timer?.cancel();
    await Promise.allSettled(this.#loops);
    await this.#deps.recorder.drain();
    this.#lanes.clear();
  }

  /** The lane in memory; null where it has been given up and the store does not know yet. */
  #hold(claimed: ClaimedLane): Lane | null {
    if (claimed.epoch <= (this.#abandoned.get(claimed.lane) ?? -1)) return null;
    const known = this.#lanes.get(claimed.lane);
    if (known !== undefined && known.epoch >= claimed.epoch) return known;
    if (known !== undefined) this.#forget(known);
    const lane = new Lane(claimed, this.#deps.clock.monotonic());
    this.#lanes.set(lane.key, lane);
    return lane;
  }

  /** Changes a lane's items and keeps account of what all of them weigh. */
  #change(lane: Lane, change: () => void): void {
    const before = lane.weight;
    change();
    this.#loaded += lane.weight - before;
  }

  #forget(lane: Lane): void {
    lane.lost = true;
    lane.timer?.cancel();
    this.#change(lane, () => lane.unload());
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
  }

  /** Gives up a lane that this node must not send for any more; the store is told now or in the next round. */
  #abandon(lane: Lane): void {
    this.#forget(lane);
    this.#abandoned.set(lane.key, lane.epoch);
    this.releaseAbandoned().catch((error: unknown) => this.#deps.onError(error, 'release'));
  }

  #later(lane: Lane, delayMs: number): void {
    lane.timer?.cancel();
    lane.timer = this.#deps.clock.after(delayMs, () => this.#start(lane));
  }

  #start(lane: Lane): void {
    if (lane.running || lane.lost || this.#stopping) return;
    lane.timer?.cancel();
    lane.timer = null;
    lane.running = true;
    const loop = this.#run(lane).finally(() => {
      lane.running = false;
      this.#loops.delete(loop);
      // Woken, or given more, after the loop had decided to end.
      if (lane.timer === null && (lane.stale || lane.hasWork)) this.#start(lane);
    });
    this.#loops.add(loop);
  }

  async #run(lane: Lane): Promise<void> {
    try {
      let goOn = true;
      while (goOn && !this.#stopping && !lane.lost) goOn = await this.#step(lane);
    } catch (error) {
      this.#deps.onError(error, 'lane');
      lane.stale = true;
      if (error instanceof StoreUnavailable && !this.#stopping) this.#later(lane, STORE_RETRY_MS);
      // Not knowing what went wrong, let another claim decide what is true.
      else this.#abandon(lane);
    }
  }

  /** One turn of a lane's loop. False where nothing more can be done now. */
  async #step(lane: Lane): Promise<boolean> {
    const { clock, slots, directory } = this.#deps;
    // Most turns have all they need in memory: what need not wait is not awaited.
    const item = lane.head ?? (await this.#head(lane));
    if (item === null) {
      lane.idleSince = clock.monotonic();
      return false;
    }
    const dueIn = (item.nextAttemptAt ?? 0) - clock.now();
    if (dueIn > 0) {
      this.#later(lane, dueIn);
      return false;
    }
    if (!slots.tryAcquire(lane.workspace)) await slots.acquire(lane.workspace);
    let attempted: AttemptResult | null = null;
    try {
      // While it waited for the slot things may have changed: look at everything once more.
      const view = directory.held(lane.workspace) ?? (await directory.view(lane.workspace));
      const destination = activeDestination(view, lane.endpoint);
      if (this.#stopping || lane.stale || lane.lost || lane.items[0] !== item) return true;
      if (destination === null) {
        this.#abandon(lane);
        return false;
      }
      const isRecovering = destination.endpoint.recovery !== null;
      const delayMs = isRecovering ? await this.#recoveryDelay(lane, item, destination) : 0;
      if (delayMs > 0) {
        this.#later(lane, delayMs);
        return false;
      }
      if (!this.#deps.mayStart(destination.endpoint.timeoutMs)) {
        this.#later(lane, LEASE_RETRY_MS);
        return false;
      }
      this.#sending.add(item.key);
      attempted = await this.#attempt(lane, item, destination);
    } finally {
      slots.release(lane.workspace);
      if (attempted === null) this.#sending.delete(item.key);
    }
    return await this.#record(lane, item, attempted);
  }

  /** The lane's head, from memory or the store; null where nothing is open. */
  async #head(lane: Lane): Promise<LaneItem | null> {
    const { store, node } = this.#deps;
    for (;;) {
      if (lane.stale && !(await this.#readAnew(lane))) return null;
      const { head } = lane;
      if (head !== undefined) return head;
      const { last, loadedThrough } = lane;
      if (loadedThrough >= last) {
        if (lane.done < last) {
          // Its tail was skipped: note it, so that the lane does not look like work.
          await store.settleLane(node, lane.key, lane.epoch, last);
          lane.done = last;
        }
        return null;
      }
      const items = await store.loadLane(lane.key, loadedThrough, LOADED_PER_LANE, LOADED_BYTES_PER_LANE);
      if (!lane.stale && !lane.lost) this.#change(lane, () => lane.setLoaded(items, last));
      if (lane.lost) return null;
    }
  }

  /**
   * Forgets what is in memory and asks the store how far the lane goes, and which routing holds for
   * it; false where it is another's.
   */
  async #readAnew(lane: Lane): Promise<boolean> {
    lane.stale = false;
    this.#change(lane, () => lane.unload());
    const state = await this.#deps.store.readLane(lane.key);
    if (state === null || state.owner !== this.#deps.node || state.epoch !== lane.epoch) {
      this.#forget(lane);
      return false;
    }
    lane.last = Math.max(lane.last, state.lastSequence);
    await this.#deps.directory.refresh(lane.workspace, state.routingVersion);
    return true;
  }

  /**
   * How long an item of an endpoint that was enabled lately has to wait, ms (P9): while the first
   * delivery is tried alone, all others do; then what was held goes out at the set rate, of which each
   * lane has its share, so that no node need ask another.
   */
  async #recoveryDelay(lane: Lane, item: LaneItem, { endpoint }: Destination): Promise<number> {
    const { recovery } = endpoint;
    if (recovery === null) return 0;
    if (recovery.probing) {
      const mine = await this.#deps.store.claimProbe(lane.workspace, endpoint.key, lane.key);
      if (!mine) return PROBE_RETRY_MS;
      lane.lastReleaseAt = this.#deps.clock.monotonic();
      return 0;
    }
    if (item.key >= firstKeyAt(recovery.since) || item.attempts > 0) return 0;
    const intervalMs = (SECOND * endpoint.lanes.length) / recovery.perSecond;
    const now = this.#deps.clock.monotonic();
    const waitMs = lane.lastReleaseAt + intervalMs - now;
    if (waitMs > 0) return waitMs;
    lane.lastReleaseAt = now;
    return 0;
  }

  /** Sends the item once. Never rejects for what the receiver does. */
  async #attempt(lane: Lane, item: LaneItem, destination: Destination): Promise<AttemptResult> {
    const { clock, send } = this.#deps;
    const startedAt = clock.now();
    const request = buildRequest(item, lane.key, destination, startedAt);
    const result = await send(request);
    const span = { startedAt, endedAt: Math.max(clock.now(), startedAt) };
    const place = { workspace: lane.workspace, lane: lane.key, epoch: lane.epoch };
    return concludeAttempt(place, item, destination, request, result, span);
  }

  /** Records what came of it; only then may the lane go on. False where the lane is another's by now. */
  async #record(lane: Lane, item: LaneItem, attempted: AttemptResult): Promise<boolean> {
    const { recorder, onAttempt } = this.#deps;
    let verdict: RecordVerdict;
    try {
      verdict = await recorder.record(attempted);
    } finally {
      this.#sending.delete(item.key);
    }
    onAttempt(() => describeAttempt(attempted, verdict));
    if (verdict === 'fenced') {
      this.#forget(lane);
      return false;
    }
    this.#change(lane, () => lane.advance(item, attempted.next));
    return true;
  }
}
