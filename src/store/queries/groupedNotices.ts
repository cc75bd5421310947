/**
 * Notices that are grouped: of a kind there is one for an automation and an hour, and what happens again in that
 * hour is counted in it. It tells of the first time; its mail is made when the hour is over. For both databases
 * (statement.ts), within the transaction of what they tell of.
 */

import { HOUR } from '../../core/duration.ts';
import type { AutomationNamed, GroupedKind, NoticeDetails } from '../records/notices.ts';
import type { Steps } from './statement.ts';

/** In the place of an automation: what is about mails of notices. */
export const NO_AUTOMATION = 0;

export interface Happened<Kind extends GroupedKind = GroupedKind> {
  kind: Kind;
  automation: number;
  /** How often. */
  count: number;
  /** The first time. */
  details: Omit<NoticeDetails[Kind], 'automation'>;
  /** How many system events lie between the notice's own and what people published, its own included. */
  depth: number;
}

/** In one order over all that happened at once, so that transactions never wait for each other in a circle. */
export function* writeGrouped(workspace: number, happened: readonly Happened[], at: number): Steps<void> {
  const groups = Map.groupBy(happened, ({ kind, automation }) => `${kind} ${automation}`);
  for (const name of [...groups.keys()].sort()) {
    const [first, ...others] = groups.get(name) ?? [];
    if (first === undefined) continue;
    const count = others.reduce((sum, other) => sum + other.count, first.count);
    yield* writeOne(workspace, { ...first, count }, at);
  }
}

function* writeOne(workspace: number, happened: Happened, at: number): Steps<void> {
  const { kind, automation, count, details, depth } = happened;
  const hour = Math.floor(at / HOUR);
  const known = yield {
    sql: `UPDATE notices SET count = count + ? WHERE workspace = ? AND kind = ? AND automation = ? AND hour = ?
      AND hour IS NOT NULL RETURNING key`,
    values: [count, workspace, kind, automation, hour],
  };
  if (known.length > 0) return;
  const named = yield* nameOf(workspace, automation);
  yield {
    sql: `INSERT INTO notices (workspace, kind, details, at, depth, automation, hour, count)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (workspace, kind, automation, hour) WHERE hour IS NOT NULL
        DO UPDATE SET count = notices.count + excluded.count`,
    values: [
      ...[workspace, kind, JSON.stringify({ automation: named, ...details }), at, depth],
      ...[automation, hour, count],
    ],
  };
}

function* nameOf(workspace: number, automation: number): Steps<AutomationNamed | null> {
  if (automation === NO_AUTOMATION) return null;
  const [row] = yield {
    sql: 'SELECT kind, name FROM automations WHERE workspace = ? AND key = ?',
    values: [workspace, automation],
  };
  if (row === undefined) return null;
  return { key: automation, kind: row.kind === 'rule' ? 'rule' : 'workflow', name: String(row.name) };
}
