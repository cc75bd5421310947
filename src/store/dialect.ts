/**
 * What differs between the databases for the queries that they share (queries/): one object for each, in
 * sqlite/dialect.ts and postgres/dialect.ts. On SQLite transactions come one after the other, in one process; on
 * PostgreSQL they overlap, within a node and between nodes.
 */

import type { RawBuilder } from 'kysely';
import type { SearchDialect } from './queries/searchDialect.ts';

export interface Dialect {
  /** The clock by which a store judges what is due, ms: on PostgreSQL the server's, which all nodes share. */
  now(): RawBuilder<number>;
  /** The locking clause of a SELECT, such as `FOR SHARE OF b`; nothing where transactions are alone anyway. */
  locking(clause: string): RawBuilder<unknown>;
  /** Whether transactions overlap, so that what others are about to commit must be waited for. */
  overlapping: boolean;
  /** Makes registrations of nodes wait for each other; null where transactions do anyway. */
  lockNodes: RawBuilder<unknown> | null;
  /** Whether this transaction alone composes the workspace's mails; null where transactions are alone anyway. */
  composesAlone: ((workspace: number) => RawBuilder<{ alone: boolean }>) | null;
  /** The row of statistics that this transaction adds to, where others overlap with it (schema/statsTables.ts). */
  shard: RawBuilder<number>;
  /** The workspace's routing version, which stays as it is until the transaction ends. */
  routingVersion(workspace: number): RawBuilder<{ version: number | null }>;
  /** Runs one transaction of several at once, again after a collision; null where one comes after the other anyway. */
  alone: (<T>(verb: () => Promise<T>) => Promise<T>) | null;
  /** Blocks of what events are found by. */
  search: SearchDialect;
}
