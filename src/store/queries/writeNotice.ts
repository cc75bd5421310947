/** Writing a notice within the transaction of what it tells of, for both databases (statement.ts). */

import { maskDetails } from '../../core/egress/maskUrl.ts';
import type { NoticeDetails, NoticeKind } from '../records/notices.ts';
import type { Steps } from './statement.ts';

export interface NoticeAbout {
  endpoint: number | null;
  delivery: number | null;
  at: number;
  /** The delivery whose result made it so: the system event is one deeper than that one's event. Null for a person. */
  cause: number | null;
}

export function* writeNotice<Kind extends NoticeKind>(
  workspace: number,
  kind: Kind,
  details: NoticeDetails[Kind],
  { endpoint, delivery, at, cause }: NoticeAbout,
): Steps<void> {
  // Mails and system events are made of it.
  const values = [kind, endpoint, delivery, JSON.stringify(maskDetails(details)), at];
  yield cause === null
    ? {
        sql: 'INSERT INTO notices (workspace, kind, endpoint, delivery, details, at) VALUES (?, ?, ?, ?, ?, ?)',
        values: [workspace, ...values],
      }
    : {
        sql: `INSERT INTO notices (workspace, kind, endpoint, delivery, details, at, depth)
          SELECT d.workspace, ?, ?, ?, ?, ?, e.depth + 1 FROM deliveries d
            JOIN events e ON e.workspace = d.workspace AND e.key = d.event
          WHERE d.workspace = ? AND d.key = ?`,
        values: [...values, workspace, cause],
      };
}
