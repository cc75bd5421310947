/**
 * One owned lane in memory: the open deliveries at its front, and how far they reach. The store is
 * the truth; what is kept here saves reading it back. Nothing here does I/O.
 *
 *   done ──── items, without a gap ──── loadedThrough ──── (in the store) ──── last
 */

import type { AttemptResult, ClaimedLane, LaneItem } from '../store/records.ts';
import type { Timer } from '../world.ts';

/** Kept in memory per lane; the rest is loaded when its turn comes. Bodies may be 1 MiB each. */
export const LOADED_PER_LANE = 100;
export const LOADED_BYTES_PER_LANE = 1024 * 1024;

/** What items weigh in memory: their bodies, in bytes. */
export function weigh(items: readonly LaneItem[]): number {
  return items.reduce((sum, item) => sum + item.body.length, 0);
}

export class Lane {
  readonly key: number;
  readonly workspace: number;
  readonly endpoint: number;
  readonly epoch: number;
  /** Open items in order; the first is the head. */
  items: LaneItem[] = [];
  /** What they weigh. */
  weight = 0;
  loadedThrough: number;
  /** The highest sequence known to exist. */
  last: number;
  /** Everything up to here has ended. */
  done: number;
  /** What is in memory may differ from the store: read again before the next send. */
  stale = false;
  /** Its loop is under way. */
  running = false;
  /** No longer this node's: nothing more may be sent. */
  lost = false;
  /** Wakes it when a retry is due, or when something is to be tried again. */
  timer: Timer | null = null;
  /** Monotonic, ms: when the last of what was held went out. */
  lastReleaseAt = Number.NEGATIVE_INFINITY;
  /** Monotonic, ms: since when there has been nothing to do. */
  idleSince: number;

  constructor(claimed: ClaimedLane, nowMs: number) {
    this.key = claimed.lane;
    this.workspace = claimed.workspace;
    this.endpoint = claimed.endpoint;
    this.epoch = claimed.epoch;
    this.loadedThrough = claimed.doneSequence;
    this.last = claimed.lastSequence;
    this.done = claimed.doneSequence;
    this.idleSince = nowMs;
  }

  /** The next to be sent, where memory has it and it is as the store has it. */
  get head(): LaneItem | undefined {
    return this.stale ? undefined : this.items[0];
  }

  get hasWork(): boolean {
    return this.last > this.done;
  }

  /** Nothing to do, and nothing that will wake it by itself. */
  isIdleSince(beforeMs: number): boolean {
    return !this.running && this.timer === null && this.items.length === 0 && this.idleSince < beforeMs;
  }

  /** Takes committed items where they follow on without a gap; otherwise notes that there is more to load. */
  append(items: readonly LaneItem[], hasRoom: boolean): void {
    const [first] = items;
    const last = items.at(-1);
    if (first === undefined || last === undefined) return;
    const weight = weigh(items);
    const fits =
      hasRoom &&
      this.items.length + items.length <= LOADED_PER_LANE &&
      this.weight + weight <= LOADED_BYTES_PER_LANE;
    if (fits && !this.stale && first.sequence === this.loadedThrough + 1) {
      this.items.push(...items);
      this.weight += weight;
      this.loadedThrough = last.sequence;
    }
    this.last = Math.max(this.last, last.sequence);
  }

  /** What the store answered for everything after `loadedThrough`; nothing open up to `through` where it is empty. */
  setLoaded(items: LaneItem[], through: number): void {
    this.items = items;
    this.weight = weigh(items);
    this.loadedThrough = items.at(-1)?.sequence ?? through;
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
      item.waitedMs = next.waitedMs;
      item.nextAttemptAt = next.nextAttemptAt;
      return;
    }
    this.done = item.sequence;
    if (this.items[0] !== item) return;
    this.items.shift();
    this.weight -= item.body.length;
  }
}
