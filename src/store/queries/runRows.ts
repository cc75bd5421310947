/** Runs as rows, with the event that set each off. For both databases. */

import type { Kysely } from 'kysely';
import type { Run, RunState } from '../records/automation.ts';
import type { Schema } from '../schema/schema.ts';

export function runQuery(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('runs as r')
    .innerJoin('events as e', (join) =>
      join.onRef('e.workspace', '=', 'r.workspace').onRef('e.key', '=', 'r.event'),
    )
    .selectAll('r')
    .select(['e.id as event_id', 'e.type as event_type'])
    .where('r.workspace', '=', workspace);
}

type RunRow = Awaited<ReturnType<ReturnType<typeof runQuery>['execute']>>[number];

export function toRun(row: RunRow): Run {
  return {
    key: row.key,
    workspace: row.workspace,
    automation: row.automation,
    version: row.version,
    event: row.event,
    eventId: row.event_id,
    eventType: row.event_type,
    subject: row.subject,
    state: row.state as RunState,
    reason: row.reason,
    progress: row.progress,
    dueAt: row.due_at,
    waitsFor: row.waits_for,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}
