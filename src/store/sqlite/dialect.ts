/** What the shared queries say on SQLite: transactions are alone, and time is the process's own. */

import { sql } from 'kysely';
import type { Clock } from '../../world.ts';
import type { Dialect } from '../dialect.ts';
import { SQLITE_SEARCH } from './searchDialect.ts';

export function sqliteDialect(clock: Pick<Clock, 'now'>): Dialect {
  return {
    now: () => sql<number>`${clock.now()}`,
    locking: () => sql``,
    overlapping: false,
    lockNodes: null,
    composesAlone: null,
    shard: sql<number>`0`,
    routingVersion: (workspace) =>
      sql`SELECT routing_version AS version FROM workspaces WHERE key = ${workspace}`,
    alone: null,
    search: SQLITE_SEARCH,
  };
}
