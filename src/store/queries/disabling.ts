/**
 * Disabling an endpoint, written once for a person's wish (enabling.ts) and for what a result brings about
 * (budget.ts), and for both databases (statement.ts). The caller holds the workspace's row and the endpoint's, and
 * moves the routing version.
 */

import { formatId } from '../../core/ids.ts';
import type { DisabledReason } from '../records/endpoints.ts';
import type { NoticeDetails } from '../records/notices.ts';
import type { Steps } from './statement.ts';
import { writeNotice } from './writeNotice.ts';

export interface Disabling {
  workspace: number;
  endpoint: number;
  name: string;
  url: string;
  disabled: { reason: DisabledReason; at: number; by: string };
  /** Its latest error, where that is the reason. */
  error: string | null;
  trip: NoticeDetails['endpoint.disabled']['trip'];
  /** The delivery whose result disables it; null for a person. */
  cause: number | null;
}

/** Of an endpoint that is enabled now. */
export function* disableNow({
  workspace,
  endpoint,
  disabled: { reason, at, by },
  cause,
  ...told
}: Disabling): Steps<void> {
  yield {
    sql: `UPDATE endpoints SET disabled_reason = ?, disabled_at = ?, disabled_by = ?, recovery_since = NULL,
        probing = 0, probe_lane = NULL, release_per_second = NULL, held_warned_at = NULL
      WHERE workspace = ? AND key = ?`,
    values: [reason, at, by, workspace, endpoint],
  };
  yield* clearErrors(workspace, endpoint);
  yield* writeNotice(
    workspace,
    'endpoint.disabled',
    { ...told, reason, by },
    { endpoint, delivery: null, at, cause },
  );
  yield {
    sql: 'INSERT INTO audit (workspace, actor, action, target, details, at) VALUES (?, ?, ?, ?, ?, ?)',
    values: [workspace, by, 'endpoint.disabled', formatId('ep', endpoint), JSON.stringify({ reason }), at],
  };
}

/** Takes the endpoint's errors out of the budget, and its warnings with them. */
export function* clearErrors(workspace: number, endpoint: number): Steps<void> {
  for (const table of ['budget_errors', 'budget_warnings']) {
    yield {
      sql: `DELETE FROM ${table} WHERE workspace = ? AND endpoint = ?`,
      values: [workspace, endpoint],
    };
  }
}
