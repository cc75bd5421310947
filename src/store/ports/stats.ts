/** Statistics: read by people's pages, and kept small. They are written with what they count. */

import type { EventPoint, SparkPoint, StatPoint, StatSpan } from '../records/stats.ts';

export interface StatsStore {
  /** How attempts ended, of one endpoint or (ALL_ENDPOINTS) of the workspace. Steps without any are absent. */
  readAttemptStats(workspace: number, endpoint: number, span: StatSpan): Promise<StatPoint[]>;
  /** Events accepted, by type, tests and system events included. */
  readEventStats(workspace: number, span: StatSpan): Promise<EventPoint[]>;
  /** Likewise attempts of these endpoints. */
  readSparklines(workspace: number, endpoints: readonly number[], span: StatSpan): Promise<SparkPoint[]>;
}

export interface StatsWorkStore {
  /**
   * Adds rows that are older than their width is kept for to those of the next width, and deletes the oldest: at most
   * `limit` of each kind. How many rows it took up. Nothing is lost or counted twice, however often it is called at once.
   */
  foldStats(now: number, limit: number): Promise<number>;
}
