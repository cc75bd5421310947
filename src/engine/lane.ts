/**
 * One lane in the memory of the node that works it: the open deliveries at its front, and how far they
 * reach. The store is the truth; what is kept here saves reading it back. Nothing here does I/O.
 *
 *   done ──── items, without a gap ──── loadedThrough ──── (in the store) ──── last
 */

import { SECOND } from '../core/duration.ts';
import type { LaneItem, LaneState } from '../store/records/lanes.ts';
import type { AttemptResult } from '../store/records/results.ts';
import type { Timer } from '../world.ts';

/** Kept in memory per lane; the rest is loaded when its turn comes. */
export const LOADED_PER_LANE = 100;
export const LOADED_BYTES_PER_LANE = 512 * 1024;
/** What has been in memory for longer is compared with the store before it is sent. */
export const FRESH_MS = SECOND;
/** What an item weighs beside its body, in bytes. */
const ITEM_BYTES = 512;

/** A part of all lanes that this node holds, under one epoch. */
export interface Slice {
  readonly number: number;
  readonly epoch: number;
  readonly lanes: Map<number, Lane>;
  /** Lanes with a request in flight, or its result on the way to the store. */
  sending: number;
  /** Being given up: no more sends start. */
  isLeaving: boolean;
  /** No longer this node's, and none of its lanes is. */
  isDropped: boolean;
  /** Called when nothing is in flight any more. */
  onIdle: (() => void) | null;
}

/** What an item weighs in memory, in bytes. */
function weigh({ body }: LaneItem): number {
  return (body?.length ?? 0) + ITEM_BYTES;
}

export class Lane {
  readonly key: number;
  readonly workspace: number;
  readonly endpoint: number;
  readonly slice: Slice;
  /** Open items in order; the first is the head. */
  items: LaneItem[] = [];
  /** What they weigh. */
  weight = 0;
  loadedThrough: number;
  /** The highest sequence known to exist. */
  last: number;
  /** Everything up to here has ended. */
  done: number;
  /** The store's count of changes to what is queued, as of the last look. */
  revision: number;
  /** The endpoint is looked up in a routing of at least this version. */
  routingVersion: number;
  /** Monotonic, ms: the first item was then as the store had it. */
  seenAt: number;
  /** What is in memory may differ from the store: to be read again before the next send. */
  stale = false;
  /** Its loop is under way. */
  running = false;
  /** Something has happened since its loop's last turn began. */
  isWoken = false;
  /** No longer in this node's memory. */
  isForgotten = false;
  /** Wakes it when a retry is due, or when something is to be tried again. */
  timer: Timer | null = null;
  /** Monotonic, ms: when the last of what was held went out. */
  lastReleaseAt = Number.NEGATIVE_INFINITY;
  /** Monotonic, ms: since when there has been nothing to do. */
  idleSince: number;

  constructor(state: Omit<LaneState, 'slice'>, slice: Slice, nowMs: number) {
    this.key = state.lane;
    this.workspace = state.workspace;
    this.endpoint = state.endpoint;
    this.slice = slice;
    this.loadedThrough = state.doneSequence;
    this.last = state.lastSequence;
    this.done = state.doneSequence;
    this.revision = state.revision;
    this.routingVersion = state.routingVersion;
    this.seenAt = nowMs;
    this.idleSince = nowMs;
  }

  /** Nothing more of it may be sent. */
  get lost(): boolean {
    return this.isForgotten || this.slice.isDropped;
  }

  get head(): LaneItem | undefined {
    return this.items[0];
  }

  /** As far as memory knows, every delivery has ended. */
  get isDry(): boolean {
    return this.items.length === 0 && this.loadedThrough >= this.last;
  }

  /** Dry, and nothing will wake it by itself. */
  isIdleSince(beforeMs: number): boolean {
    return !this.running && this.timer === null && this.isDry && !this.stale && this.idleSince < beforeMs;
  }

  /** Takes over what the store says now. Where what is queued has changed, what was in memory is forgotten. */
  agree(state: LaneState, nowMs: number): void {
    this.last = Math.max(this.last, state.lastSequence);
    this.routingVersion = Math.max(this.routingVersion, state.routingVersion);
    if (this.stale || state.revision !== this.revision) this.unload();
    this.revision = state.revision;
    this.stale = false;
    this.seenAt = nowMs;
  }

  /** Takes committed items where they follow on without a gap; otherwise notes that there is more to load. */
  append(items: readonly LaneItem[], room: number, nowMs: number): void {
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return;
    const weight = items.reduce((sum, item) => sum + weigh(item), 0);
    const fits =
      weight <= room &&
      this.items.length + items.length <= LOADED_PER_LANE &&
      this.weight + weight <= LOADED_BYTES_PER_LANE;
    if (fits && !this.stale && first.sequence === this.loadedThrough + 1) {
      if (this.items.length === 0) this.seenAt = nowMs;
      this.items.push(...items);
      this.weight += weight;
      this.loadedThrough = last.sequence;
    }
    this.last = Math.max(this.last, last.sequence);
  }

  /** What the store answered for everything after `loadedThrough`; nothing open up to `through` where it is empty. */
  setLoaded(items: LaneItem[], through: number, nowMs: number): void {
    this.items = items;
    this.weight = items.reduce((sum, item) => sum + weigh(item), 0);
    this.loadedThrough = items.at(-1)?.sequence ?? through;
    this.seenAt = nowMs;
    if (items.length === 0) this.done = through;
  }

  /** Starts over from what is known to have ended. */
  unload(): void {
    this.items = [];
    this.weight = 0;
    this.loadedThrough = this.done;
  }

  /** Applies a recorded attempt to the head: it waits for its retry, or makes way for the next. */
  advance(item: LaneItem, next: AttemptResult['next']): void {
    if (next.state === 'waiting') {
      item.attempts += 1;
      item.putOffs = next.putOffs;
      item.waitedMs = next.waitedMs;
      item.nextAttemptAt = next.nextAttemptAt;
      return;
    }
    this.done = Math.max(this.done, item.sequence);
    this.loadedThrough = Math.max(this.loadedThrough, this.done);
    if (this.items[0] !== item) return;
    this.items.shift();
    this.weight -= weigh(item);
  }
}
