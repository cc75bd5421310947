/** The tables of statistics (queries/stats.ts), as Kysely sees them. */

import type { Generated } from 'kysely';

/** Events accepted, by type and time. */
export interface EventStatsTable {
  workspace: number;
  /** When its time begins, ms. */
  at: number;
  type: string;
  /** How long its time is, ms: a minute, an hour or a day. */
  step: number;
  /** 0, or the connection that counts here until its row is added up (postgres/counting.ts). */
  shard: number;
  events: number;
  /** Of deliveries of this type: attempts that have ended, and how deliveries have. */
  attempts: Generated<number>;
  delivered: Generated<number>;
  dropped: Generated<number>;
  skipped: Generated<number>;
}

/** How attempts ended, by endpoint (0 for all) and time; its other columns are those of a tally (core/stats/counts.ts). */
export interface EndpointStatsTable {
  workspace: number;
  endpoint: number;
  at: number;
  step: number;
  shard: number;
}
