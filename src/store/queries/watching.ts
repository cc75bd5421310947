/**
 * Whether anything of a workspace has changed, in one statement for many workspaces: each mark is a range of an index,
 * or the newest few rows of one. For both databases.
 *
 * Marks are sums of what is there, not the largest key: on PostgreSQL, where transactions overlap, a lower key may be
 * committed after a higher one. Of lists that grow, the newest rows are enough: they are what a first page shows.
 */

import { type Kysely, type RawBuilder, sql } from 'kysely';
import { TALLIED } from '../../core/stats/counts.ts';
import type { WatchStore } from '../ports/watching.ts';
import type { Marks } from '../records/watching.ts';
import { INSTALLATION, type Schema } from '../schema/schema.ts';

/** Rows of a list that are added up. */
const NEWEST = 25;

const ATTEMPTS = sql.raw(TALLIED.slice(0, TALLIED.indexOf('dropped') + 1).join(' + '));
const asNumber = (sum: RawBuilder<unknown>) => sql<number>`CAST(coalesce(${sum}, 0) AS bigint)`;

/** Of a table's newest rows of workspace `w`. */
function newest(table: keyof Schema, mark: string): RawBuilder<number> {
  return asNumber(sql`(SELECT sum(n.mark) FROM (SELECT ${sql.raw(mark)} AS mark FROM ${sql.table(table)} t
    WHERE t.workspace = w.key ORDER BY t.key DESC LIMIT ${sql.lit(NEWEST)}) n)`);
}

const LATEST_OF_BIN = sql`(SELECT max(r.key) FROM bin_requests r WHERE r.workspace = b.workspace AND r.bin = b.key)`;

export function watching(read: Kysely<Schema>): WatchStore {
  return {
    async readMarks(workspaces, anchor) {
      if (workspaces.length === 0) return new Map();
      const { rows } = await sql<Marks & { workspace: number }>`
        SELECT w.key AS workspace, w.routing_version AS routing, ${newest('events', 't.key % 1000000007')} AS events,
          ${asNumber(sql`(SELECT sum(${ATTEMPTS}) FROM endpoint_stats s
            WHERE s.workspace = w.key AND s.endpoint = 0 AND s.at >= ${anchor})`)} AS attempts,
          ${asNumber(sql`(SELECT sum(l.last_sequence + l.revision) FROM lanes l WHERE l.workspace = w.key)`)} AS queues,
          ${newest('notices', 't.key + t.count')} AS notices,
          ${newest('runs', 't.key % 1000000007 + t.revision')} AS runs,
          ${newest('replays', 't.key % 1000000007 + t.done + t.gone + coalesce(t.ended_at, 0) % 1000000007')} AS replays,
          ${newest('jobs', 't.key % 1000000007 + t.revision')} AS jobs,
          ${asNumber(sql`(SELECT sum(b.key % 1000000007 + coalesce(${LATEST_OF_BIN}, 0) % 1000000007) FROM bins b
            WHERE b.workspace = w.key)`)} AS bins,
          (SELECT count(k.revoked_at) FROM api_keys k WHERE k.workspace IN (w.key, ${sql.lit(INSTALLATION)})) AS revoked
        FROM workspaces w WHERE w.key IN (${sql.join(workspaces)}) AND w.deleted_at IS NULL`.execute(read);
      return new Map(rows.map(({ workspace, ...marks }) => [workspace, marks]));
    },
    async readMarkDetails(workspace, anchor) {
      const [deliveries, endpoints, replays, jobs, bins] = await Promise.all([
        marksBy(
          read,
          sql`SELECT e.key, ${asNumber(sql`(SELECT sum(${ATTEMPTS}) FROM endpoint_stats s
              WHERE s.workspace = e.workspace AND s.endpoint = e.key AND s.at >= ${anchor})`)}
            + ${asNumber(sql`(SELECT sum(l.last_sequence + l.revision) FROM lanes l
              WHERE l.workspace = e.workspace AND l.endpoint = e.key)`)} AS mark
            FROM endpoints e WHERE e.workspace = ${workspace} AND e.deleted_at IS NULL`,
        ),
        marksBy(
          read,
          sql`SELECT e.key, e.updated_at + coalesce(e.disabled_at, 0) + e.probing AS mark FROM endpoints e
            WHERE e.workspace = ${workspace} AND e.deleted_at IS NULL`,
        ),
        marksBy(
          read,
          sql`SELECT t.key, t.done + t.gone + coalesce(t.ended_at, 0) AS mark FROM replays t
            WHERE t.workspace = ${workspace} ORDER BY t.key DESC LIMIT ${sql.lit(NEWEST)}`,
        ),
        marksBy(
          read,
          sql`SELECT t.key, t.revision AS mark FROM jobs t
            WHERE t.workspace = ${workspace} ORDER BY t.key DESC LIMIT ${sql.lit(NEWEST)}`,
        ),
        marksBy(
          read,
          sql`SELECT b.key, coalesce(${LATEST_OF_BIN}, 0) AS mark FROM bins b WHERE b.workspace = ${workspace}`,
        ),
      ]);
      return { deliveries, endpoints, replays, jobs, bins };
    },
  };
}

async function marksBy(read: Kysely<Schema>, query: RawBuilder<unknown>): Promise<Map<number, number>> {
  const { rows } = await sql<{ key: number; mark: number }>`${query}`.execute(read);
  return new Map(rows.map(({ key, mark }) => [key, mark]));
}
