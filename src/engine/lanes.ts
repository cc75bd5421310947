/**
 * The lanes of the slices that this node holds. A lane is worked by one loop, so that at most one of its
 * requests is in flight (P4) and the next starts only when the last one's result is committed (P3, P5).
 *
 *            ┌─────────────────────── next item ◀─────────────────────────┐
 *            ▼                                                            │
 *   idle ─▶ wait until due ─▶ wait for a slot ─▶ load ─▶ send ─▶ record ──┤
 *    ▲        │ nothing open                                    │ fenced  │ retry: same item,
 *    └────────┘                                                 ▼         │ due later
 *                                                             lost        ▼
 *
 * The store is the truth. A lane is here because the store says that it has work (`agree`), or, a moment earlier,
 * because a publish of this node has given it some (`offer`). What has been in memory for a while is compared with the
 * store before it is sent: someone may have skipped it.
 */

import { sliceOf } from '../core/delivery/slice.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { firstKeyAt, formatId } from '../core/ids.ts';
import type { LaneStore } from '../store/ports/lanes.ts';
import type { LaneItem, LaneState } from '../store/records/lanes.ts';
import type { HeldSlice } from '../store/records/nodes.ts';
import type { AttemptResult, RecordVerdict } from '../store/records/results.ts';
import type { Clock, Send, Tracing } from '../world.ts';
import { buildRequest, concludeAttempt, describeAttempt } from './attempt.ts';
import type { Bodies, HeldBody } from './bodies.ts';
import { activeDestination, type Destination, type Directory, type WorkspaceView } from './directory.ts';
import { FRESH_MS, Lane, LOADED_BYTES_PER_LANE, LOADED_PER_LANE, type Slice } from './lane.ts';
import type { Memory } from './memory.ts';
import { createPacing, type Pacing, rateHere } from './pacing.ts';
import { createLaneReads, type LaneReads } from './reads.ts';
import type { Recorder } from './recorder.ts';
import type { Slots } from './slots.ts';
import { beginAttempt, endAttempt } from './tracing.ts';

/** After an error of the store or of the code. */
const RETRY_MS = SECOND;
const LEASE_RETRY_MS = SECOND / 2;
/** Another lane tries the endpoint's first delivery; its success wakes this one. */
const PROBE_RETRY_MS = SECOND;
/** Wall clocks are set back and forth: a due time that lies far ahead is looked at again by then. */
const LONGEST_WAIT_MS = MINUTE / 2;
/** Lanes of dropped slices are cleared so many at a time, in some 5 ms: 100,000 at once would stop all else for 0.3 s. */
const CLEARED_AT_ONCE = 2_000;

export interface LanesDeps {
  store: Pick<LaneStore, 'readLanesOf' | 'loadLane' | 'claimProbe'>;
  clock: Clock;
  send: Send;
  /** Null where nobody is told of attempts. */
  tracing: Tracing | null;
  directory: Directory;
  recorder: Recorder;
  slots: Slots;
  memory: Memory;
  bodies: Bodies;
  /** False where the node's lease would not outlast an attempt of this length. */
  mayStart(timeoutMs: number): boolean;
  /** The store says that this node does not hold the slice under this epoch. */
  onFenced(slice: number): void;
  /** A result was recorded, or was fenced; `describe` makes a line of it, where somebody wants one. */
  onAttempt(result: AttemptResult, verdict: RecordVerdict, describe: () => Record<string, unknown>): void;
  onError(error: unknown, where: string): void;
}

export class Lanes {
  readonly #deps: LanesDeps;
  readonly #reads: LaneReads;
  readonly #slices = new Map<number, Slice>();
  /** By slice, the last epoch that this node has stopped working it under. */
  readonly #ended = new Map<number, number>();
  /** Dropped slices with lanes that still hold timers and memory. */
  readonly #dropped = new Set<Slice>();
  readonly #loops = new Set<Promise<void>>();
  readonly #sending = new Set<number>();
  readonly #pacing: Pacing<Lane>;
  #stopping = false;

  constructor(deps: LanesDeps) {
    this.#deps = deps;
    this.#reads = createLaneReads(deps.store);
    this.#pacing = createPacing({
      clock: deps.clock,
      wake: (lane: Lane) => {
        this.#start(lane);
        return !lane.lost;
      },
    });
  }

  // ---------------------------------------------------------------- slices

  /**
   * Begins to hold slices; their lanes come with `agree` and `offer`. An epoch that has ended here never
   * comes back: what says so was read before, and another node may send by now (P4).
   */
  hold(held: readonly HeldSlice[]): void {
    for (const { slice: number, epoch } of held) {
      const known = this.#slices.get(number);
      if (known?.epoch === epoch || epoch <= (this.#ended.get(number) ?? -1)) continue;
      if (known !== undefined) this.drop(number);
      this.#slices.set(number, {
        number,
        epoch,
        lanes: new Map(),
        sending: 0,
        isLeaving: false,
        isDropped: false,
        onIdle: null,
      });
    }
  }

  /** Stops working a slice at once: what is in flight is fenced by the store if another holds it by then. */
  drop(number: number): void {
    const slice = this.#slices.get(number);
    if (slice === undefined) return;
    this.#slices.delete(number);
    this.#ended.set(number, slice.epoch);
    slice.isLeaving = true;
    slice.isDropped = true;
    if (this.#dropped.size === 0) this.#deps.clock.soon(() => this.#clear());
    this.#dropped.add(slice);
    slice.onIdle?.();
  }

  dropAll(): void {
    for (const number of [...this.#slices.keys()]) this.drop(number);
  }

  /** Starts nothing more in the slice; resolves when nothing of it is in flight, and it has been dropped. */
  async leave(number: number): Promise<void> {
    const slice = this.#slices.get(number);
    if (slice === undefined) return;
    slice.isLeaving = true;
    if (slice.sending > 0) await new Promise<void>((resolve) => (slice.onIdle = resolve));
    if (this.#slices.get(number) === slice) this.drop(number);
  }

  held(): HeldSlice[] {
    return [...this.#slices.values()].map(({ number, epoch }) => ({ slice: number, epoch }));
  }

  isSliceIdle(number: number): boolean {
    return (this.#slices.get(number)?.sending ?? 0) === 0;
  }

  /** The lanes of a held slice. */
  lanesOf(number: number): Iterable<Lane> {
    return this.#slices.get(number)?.lanes.values() ?? [];
  }

  /** Whether this node works the lane. */
  works(lane: number): boolean {
    return this.#slices.has(sliceOf(lane));
  }

  // ---------------------------------------------------------------- what comes from outside

  /** Makes memory agree with what the store says of lanes; those of other nodes are passed over. */
  agree(states: readonly LaneState[]): void {
    if (this.#stopping) return;
    for (const state of states) {
      const slice = this.#slices.get(state.slice);
      if (slice === undefined || slice.isLeaving) continue;
      const known = slice.lanes.get(state.lane);
      const lane = known ?? this.#add(state, slice);
      if (known !== undefined) {
        this.#change(lane, () => lane.agree(state, this.#deps.clock.monotonic()));
      }
      // A changed lane may have something due earlier than what it waits for.
      this.#start(lane);
    }
  }

  /** Hands over committed deliveries, in order. */
  offer(state: Omit<LaneState, 'slice'>, items: readonly LaneItem[]): void {
    const slice = this.#slices.get(sliceOf(state.lane));
    if (slice === undefined || slice.isLeaving || this.#stopping) return;
    const now = this.#deps.clock.monotonic();
    const lane = slice.lanes.get(state.lane) ?? this.#add(state, slice);
    // Changed since the last look: what is in memory behind the head may have been skipped.
    if (state.revision > lane.revision) lane.stale = true;
    this.#change(lane, () => lane.append(items, this.#deps.memory.roomForLanes(), now));
    if (lane.timer === null) this.#start(lane);
  }

  /** All lanes of a workspace look at its endpoints again. */
  wakeWorkspace(workspace: number): void {
    for (const { lanes } of this.#slices.values()) {
      for (const lane of lanes.values()) if (lane.workspace === workspace) this.#start(lane);
    }
  }

  isSending(delivery: number): boolean {
    return this.#sending.has(delivery);
  }

  /** Forgets a lane in which nothing is in flight; where it has work after all, `agree` brings it back. */
  forget(lane: Lane): void {
    if (!lane.running) this.#forget(lane);
  }

  /** Has the store asked about the lane before its next send. */
  doubt(lane: Lane): void {
    lane.stale = true;
    this.#start(lane);
  }

  /** Starts nothing more; resolves when what was in flight is recorded. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pacing.stop();
    for (const { lanes } of this.#slices.values()) for (const lane of lanes.values()) lane.timer?.cancel();
    await Promise.allSettled(this.#loops);
    await this.#deps.recorder.drain();
    this.dropAll();
  }

  // ---------------------------------------------------------------- memory

  #add(state: Omit<LaneState, 'slice'>, slice: Slice): Lane {
    const lane = new Lane(state, slice, this.#deps.clock.monotonic());
    slice.lanes.set(lane.key, lane);
    return lane;
  }

  /** Changes a lane's items and keeps account of what all of them weigh. */
  #change(lane: Lane, change: () => void): void {
    const before = lane.weight;
    change();
    this.#deps.memory.add(lane.weight - before);
  }

  #forget(lane: Lane): void {
    lane.isForgotten = true;
    lane.timer?.cancel();
    lane.timer = null;
    this.#change(lane, () => lane.unload());
    if (lane.slice.lanes.get(lane.key) === lane) lane.slice.lanes.delete(lane.key);
  }

  /** Lets go of what dropped lanes hold. They are lost by then: it may take its time. */
  #clear(): void {
    const left = this.#dropped.values().flatMap(({ lanes }) => lanes.values());
    for (const lane of left.take(CLEARED_AT_ONCE)) this.#forget(lane);
    for (const slice of this.#dropped) if (slice.lanes.size === 0) this.#dropped.delete(slice);
    if (this.#dropped.size > 0) this.#deps.clock.soon(() => this.#clear());
  }

  // ---------------------------------------------------------------- the loop of a lane

  #later(lane: Lane, delayMs: number): void {
    lane.timer?.cancel();
    lane.timer = this.#deps.clock.after(Math.min(delayMs, LONGEST_WAIT_MS), () => this.#start(lane));
  }

  #start(lane: Lane): void {
    // A loop that may do nothing ends at once: woken, it would be begun again and again, and nothing else with it.
    if (!this.#mayWork(lane)) return;
    if (lane.running) {
      lane.isWoken = true;
      return;
    }
    lane.timer?.cancel();
    lane.timer = null;
    lane.running = true;
    const loop = this.#run(lane).finally(() => {
      lane.running = false;
      this.#loops.delete(loop);
      // Woken after the loop had decided to end.
      if (lane.isWoken) this.#start(lane);
    });
    this.#loops.add(loop);
  }

  async #run(lane: Lane): Promise<void> {
    try {
      let goOn = true;
      while (goOn && this.#mayWork(lane)) goOn = await this.#step(lane);
    } catch (error) {
      this.#deps.onError(error, 'lane');
      // What the store holds by now is not known.
      lane.stale = true;
      if (this.#mayWork(lane)) this.#later(lane, RETRY_MS);
    }
  }

  #mayWork(lane: Lane): boolean {
    return !this.#stopping && !lane.lost && !lane.slice.isLeaving;
  }

  /** One turn of a lane's loop. False where nothing more can be done now. */
  async #step(lane: Lane): Promise<boolean> {
    const { clock, slots, directory } = this.#deps;
    lane.isWoken = false;
    if (lane.stale) await this.#look(lane);
    if (lane.lost || this.#isDry(lane)) return false;
    const wait = (lane.head?.nextAttemptAt ?? 0) - clock.now();
    if (wait > 0) {
      this.#later(lane, wait);
      return false;
    }
    // Most turns have all they need in memory: what need not wait is not awaited.
    const view = this.#currentView(lane) ?? (await directory.refresh(lane.workspace, lane.routingVersion));
    if (activeDestination(view, lane.endpoint) === null) return this.#park(lane, view);
    if (!slots.tryAcquire(lane.workspace)) await slots.acquire(lane.workspace);
    let isSent = false;
    try {
      if (lane.head === undefined && this.#mayWork(lane) && !lane.stale) {
        await this.#load(lane);
        return true;
      }
      const attempted = await this.#try(lane);
      if (typeof attempted === 'boolean') return attempted;
      isSent = true;
      slots.release(lane.workspace);
      return await this.#record(lane, attempted.item, attempted.result);
    } finally {
      if (!isSent) slots.release(lane.workspace);
    }
  }

  #isDry(lane: Lane): boolean {
    if (!lane.isDry) return false;
    lane.idleSince = this.#deps.clock.monotonic();
    return true;
  }

  /** The workspace as this node holds it, where that is as new as the lane needs it. */
  #currentView(lane: Lane): WorkspaceView | undefined {
    const held = this.#deps.directory.held(lane.workspace);
    return held !== undefined && held.version >= lane.routingVersion ? held : undefined;
  }

  /** Nothing is sent until the routing moves. Of an endpoint that is gone, nothing is left to send. */
  #park(lane: Lane, view: WorkspaceView | null): false {
    this.#change(lane, () => lane.unload());
    if (view?.destination(lane.endpoint) === undefined) {
      lane.loadedThrough = lane.last;
      lane.idleSince = this.#deps.clock.monotonic();
    }
    return false;
  }

  /** Asks the store how the lane stands. */
  async #look(lane: Lane): Promise<void> {
    const state = await this.#reads.look(lane.workspace, lane.key);
    if (state === null) this.#forget(lane);
    else this.#change(lane, () => lane.agree(state, this.#deps.clock.monotonic()));
  }

  async #load(lane: Lane): Promise<void> {
    const { store, memory, clock } = this.#deps;
    const { key, workspace, last, loadedThrough, revision } = lane;
    let seenAt = 0;
    const items = await this.#reads.load(workspace, async () => {
      if (lane.stale || lane.lost) return [];
      seenAt = clock.monotonic();
      // Where memory is full, one at a time, and its body when it is sent.
      const hasRoom = memory.roomForLanes() >= LOADED_BYTES_PER_LANE;
      const room = hasRoom ? LOADED_BYTES_PER_LANE : 0;
      return store.loadLane({ workspace, lane: key }, loadedThrough, hasRoom ? LOADED_PER_LANE : 1, room);
    });
    if (lane.stale || lane.lost) return;
    // What was read may be older than a change that the lane has been told of meanwhile.
    if (lane.loadedThrough !== loadedThrough || lane.revision !== revision) return;
    this.#change(lane, () => lane.setLoaded(items, last, seenAt));
  }

  /**
   * Sends the head, if all is as it should be at the moment of sending. Otherwise true to look again at
   * once, false where something will wake the lane.
   */
  async #try(lane: Lane): Promise<boolean | { item: LaneItem; result: AttemptResult }> {
    const { clock, bodies } = this.#deps;
    const item = lane.head;
    if (item === undefined || lane.stale || !this.#mayWork(lane)) return true;
    if (clock.monotonic() - lane.seenAt > FRESH_MS) {
      await this.#look(lane);
      if (lane.head !== item) return true;
    }
    const destination = activeDestination(this.#currentView(lane) ?? null, lane.endpoint);
    if (destination === null) return true;
    const delayMs =
      destination.endpoint.recovery === null ? 0 : await this.#recoveryDelay(lane, item, destination);
    if (delayMs > 0) {
      this.#later(lane, delayMs);
      return false;
    }
    let held: HeldBody | null = null;
    if (item.body === null) {
      held = await bodies.hold(lane.workspace, item);
      if (held === null) throw new Error(`The body of delivery ${formatId('dlv', item.key)} is gone.`);
    }
    try {
      const view = this.#currentView(lane);
      // While it waited, things may have changed: everything is looked at once more, and nothing awaited after that.
      if (!this.#mayWork(lane) || lane.stale || lane.head !== item || view === undefined) return true;
      if (view.destination(lane.endpoint) !== destination) return true;
      if (!this.#deps.mayStart(destination.endpoint.timeoutMs)) {
        this.#later(lane, LEASE_RETRY_MS);
        return false;
      }
      if (!this.#mayStartInTurn(lane, destination)) return false;
      const body = item.body ?? held?.bytes ?? new Uint8Array();
      return { item, result: await this.#send(lane, item, body, destination) };
    } finally {
      held?.release();
    }
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

  #mayStartInTurn(lane: Lane, { endpoint }: Destination): boolean {
    const perSecond = rateHere(endpoint, (key) => this.works(key));
    return perSecond === null || this.#pacing.mayStart(lane, perSecond);
  }

  /** Sends the item once. Never rejects for what the receiver does. */
  async #send(
    lane: Lane,
    item: LaneItem,
    body: Uint8Array,
    destination: Destination,
  ): Promise<AttemptResult> {
    const { clock, send, tracing } = this.#deps;
    const { slice } = lane;
    this.#sending.add(item.key);
    slice.sending += 1;
    try {
      const startedAt = clock.now();
      const span = tracing && beginAttempt(tracing, lane.workspace, item, destination.endpoint);
      const request = buildRequest(item, body, lane.key, destination, startedAt, span?.traceparent);
      const result = await send(request);
      const times = { startedAt, endedAt: Math.max(clock.now(), startedAt) };
      const isAccepting = this.#pacing.isAccepting(lane.endpoint);
      const place = { workspace: lane.workspace, slice: slice.number, epoch: slice.epoch };
      const concluded = concludeAttempt(place, item, destination, { request, result, isAccepting }, times);
      if (span) endAttempt(span, concluded);
      if (concluded.attempt.outcome === 'success') this.#pacing.noteSuccess(lane.endpoint);
      return concluded;
    } catch (error) {
      this.#sent(lane, item);
      throw error;
    }
  }

  /** Nothing of the item is in flight any more. */
  #sent({ slice }: Lane, item: LaneItem): void {
    this.#sending.delete(item.key);
    slice.sending -= 1;
    if (slice.sending === 0) slice.onIdle?.();
  }

  /** Records what came of it; only then may the lane go on. False where the lane is another's by now. */
  async #record(lane: Lane, item: LaneItem, result: AttemptResult): Promise<boolean> {
    const { recorder, onAttempt, onFenced } = this.#deps;
    let verdict: RecordVerdict;
    try {
      verdict = await recorder.record(result);
    } finally {
      this.#sent(lane, item);
    }
    onAttempt(result, verdict, () => describeAttempt(lane, item, result, verdict));
    if (verdict === 'fenced') {
      // The whole slice is another's: none of its lanes may send any more.
      if (this.#slices.get(lane.slice.number) === lane.slice) this.drop(lane.slice.number);
      onFenced(lane.slice.number);
      return false;
    }
    this.#change(lane, () => lane.advance(item, result.next));
    return true;
  }
}
