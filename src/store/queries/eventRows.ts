/** Rows of events with their bodies, for both databases. */

import { type Kysely, sql } from 'kysely';
import type { EventFilter, StoredEvent } from '../records/log.ts';
import type { Schema } from '../schema/schema.ts';

export function eventQuery(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('events as e')
    .leftJoin('event_bodies as b', (join) =>
      join.onRef('b.workspace', '=', 'e.workspace').onRef('b.event', '=', 'e.key'),
    )
    .select([
      'e.key',
      'e.id',
      'e.type',
      'e.subject',
      'e.created_at',
      'e.accepted_at',
      'e.erased_at',
      'e.test',
      'e.deliveries',
    ])
    .select(['b.body', 'b.account', 'b.verdicts', 'b.warnings'])
    .where('e.workspace', '=', workspace);
}

type EventRow = Awaited<ReturnType<ReturnType<typeof eventQuery>['execute']>>[number];

export function toEvent({ created_at, accepted_at, erased_at, test, ...row }: EventRow): StoredEvent {
  return {
    ...row,
    ...{ createdAt: created_at, acceptedAt: accepted_at, erasedAt: erased_at },
    test: test === 1,
  };
}

/** Those of the events that are of the type and about the subject asked for, newest first. */
export async function readEvents(
  db: Kysely<Schema>,
  workspace: number,
  keys: readonly number[],
  { type, subject }: Pick<EventFilter, 'type' | 'subject'>,
): Promise<StoredEvent[]> {
  if (keys.length === 0) return [];
  // The join's order binds SQLite, which otherwise begins with all events of the workspace; the list binds PostgreSQL.
  const { rows } = await sql<EventRow>`
    WITH w(key) AS (VALUES ${sql.join(keys.map((key) => sql`(CAST(${key} AS bigint))`))})
    SELECT e.key, e.id, e.type, e.subject, e.created_at, e.accepted_at, e.erased_at, e.test, e.deliveries, b.body, b.account,
      b.verdicts, b.warnings
    FROM w CROSS JOIN events e LEFT JOIN event_bodies b ON b.workspace = e.workspace AND b.event = e.key
    WHERE e.workspace = ${workspace} AND e.key = w.key AND e.key IN (${sql.join([...keys])})`.execute(db);
  return rows
    .map(toEvent)
    .filter((event) => (type ?? event.type) === event.type && (subject ?? event.subject) === event.subject)
    .sort((one, other) => other.key - one.key);
}
