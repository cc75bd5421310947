/**
 * The schema's step for platforms whose customers are workspaces: what a platform calls them and notes of them, whether
 * they are suspended or being deleted; keys that expire; what is counted for bills; events of which a person's data
 * were erased.
 */

import type { Step } from './schemaStep.ts';

export const customersStep: Step = ({ int, clustered }) => [
  'ALTER TABLE workspaces ADD COLUMN external_id text',
  "ALTER TABLE workspaces ADD COLUMN metadata text NOT NULL DEFAULT '{}'",
  'ALTER TABLE workspaces ADD COLUMN suspended_mode text',
  'ALTER TABLE workspaces ADD COLUMN suspended_reason text',
  `ALTER TABLE workspaces ADD COLUMN suspended_at ${int}`,
  'ALTER TABLE workspaces ADD COLUMN suspended_by text',
  // Nobody finds the workspace any more, and a job deletes what is of it; the row itself goes last.
  `ALTER TABLE workspaces ADD COLUMN deleted_at ${int}`,
  // Unique over all workspaces: see shardableStep.ts.
  `CREATE TABLE external_ids (external_id text NOT NULL PRIMARY KEY, workspace ${int} NOT NULL) ${clustered}`,
  `ALTER TABLE api_keys ADD COLUMN expires_at ${int}`,
  // Beside the events of a type and a time: what became of deliveries of that type meanwhile.
  ...['attempts', 'delivered', 'dropped', 'skipped'].map(
    (name) => `ALTER TABLE event_stats ADD COLUMN ${name} ${int} NOT NULL DEFAULT 0`,
  ),
  `ALTER TABLE events ADD COLUMN erased_at ${int}`,
];
