/** What the shared queries say on PostgreSQL: rows are locked, and time is the server's. */

import { sql } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { guard } from './connection.ts';
import { POSTGRES_SEARCH } from './searchDialect.ts';

export const POSTGRES_DIALECT: Dialect = {
  // As a subquery it is read once a statement; in a condition by itself it would be asked for each row, and no
  // index could be used.
  now: () => sql<number>`(SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint)`,
  locking: (clause) => sql.raw(clause),
  overlapping: true,
  lockNodes: sql`LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE`,
  composesAlone: (workspace) =>
    sql`SELECT pg_try_advisory_xact_lock(hashtextextended(${`mails of ${workspace}`}, 0)) AS alone`,
  shard: sql<number>`pg_backend_pid()`,
  routingVersion: (workspace) => sql`SELECT mirsal_routing_version(${workspace}) AS version`,
  alone: guard,
  search: POSTGRES_SEARCH,
};
