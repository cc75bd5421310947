/** Statistics: what was accepted, and how attempts ended, added up by time. */

/** Of rows that begin within it, in steps. */
export interface StatSpan {
  since: number;
  until: number;
  stepMs: number;
}

export interface StatPoint {
  /** The step's beginning, ms. */
  at: number;
  /** As in core/stats/counts.ts. */
  tally: number[];
}

export interface EventPoint {
  at: number;
  type: string;
  events: number;
}

export interface SparkPoint {
  endpoint: number;
  at: number;
  /** Attempts that succeeded, and those that failed. */
  delivered: number;
  failed: number;
}
