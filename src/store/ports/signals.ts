/** What nodes tell each other. */

export type Signal =
  /** Something in these lanes changed: who works them is to look again. */
  | { kind: 'lanes'; lanes: readonly number[] }
  /** Slices have become free. */
  | { kind: 'slices' }
  | { kind: 'routing'; workspace: number }
  | { kind: 'bin'; bin: number }
  /** Something was written in these workspaces: who watches them is to look. */
  | { kind: 'written'; workspaces: readonly number[] }
  /** Signals may have been lost, or were too many: look at all you have. */
  | { kind: 'everything' };

/** Signals only save time: whatever depends on one is found by polling, too. */
export interface SignalStore {
  /** Tells the other nodes when it can: never waits, never fails. Signals are merged on the way. */
  notify(signal: Signal): void;
  /**
   * Calls back for signals of other nodes. Whenever some may have been missed, `everything` says so; what is missed
   * all the same is made good by polling.
   */
  listen(receive: (signal: Signal) => void): void;
}
