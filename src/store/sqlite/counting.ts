/** SQLite counts in the thread that writes, in the transaction of what is counted: one row for each type or endpoint of a call. */

import type { StatementSync } from 'node:sqlite';
import { type CountedResult, minuteOf, TALLIED, tallyResults } from '../../core/stats/counts.ts';
import { addUp, statsColumns, WRITTEN_STEP } from '../queries/statsRows.ts';
import type { NewEvent } from '../records/publishing.ts';

type Prepare = (sql: string) => Pick<StatementSync, 'run'>;

const COUNT_EVENTS = `INSERT INTO event_stats (${statsColumns('event_stats').join(', ')})
  VALUES (?, ?, ?, ${WRITTEN_STEP}, 0, ?) ${addUp('event_stats')}`;
const COUNT_RESULTS = `INSERT INTO endpoint_stats (${statsColumns('endpoint_stats').join(', ')})
  VALUES (?, ?, ?, ${WRITTEN_STEP}, 0, ${TALLIED.map(() => '?').join(', ')}) ${addUp('endpoint_stats')}`;

export function countEvents(
  prepare: Prepare,
  workspace: number,
  acceptedAt: number,
  events: ReadonlyArray<Pick<NewEvent, 'type'>>,
): void {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  const at = minuteOf(acceptedAt);
  for (const [type, count] of counts) prepare(COUNT_EVENTS).run(workspace, type, at, count);
}

export function countResults(prepare: Prepare, workspace: number, results: readonly CountedResult[]): void {
  for (const { endpoint, at, tally } of tallyResults(results)) {
    prepare(COUNT_RESULTS).run(workspace, endpoint, at, ...tally);
  }
}
