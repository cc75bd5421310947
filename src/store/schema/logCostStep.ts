/** The schema's step that keeps what lists, skipping and retention cost apart from the size of the log. */

import type { Step } from './schemaStep.ts';

export const logCost: Step = ({ int, clustered }) => [
  // Open deliveries up to it count as skipped, for that reason and since then; their rows are written later.
  `ALTER TABLE lanes ADD COLUMN skip_through ${int} NOT NULL DEFAULT 0`,
  'ALTER TABLE lanes ADD COLUMN skip_reason text',
  `ALTER TABLE lanes ADD COLUMN skip_at ${int}`,
  // Small: a lane is in it only until those rows are written.
  'CREATE INDEX lanes_skipping ON lanes (workspace, endpoint) WHERE skip_through > 0',
  // What is pending or held, newest first, endpoint by endpoint; in the place of one by workspace.
  `CREATE INDEX deliveries_open_by_endpoint ON deliveries (workspace, endpoint, key) WHERE state IN ('pending', 'waiting')`,
  'DROP INDEX deliveries_open_by_age',
  // Of one endpoint, what was not delivered: for its lists, and for sending it again.
  `CREATE INDEX deliveries_unsent_by_endpoint ON deliveries (workspace, endpoint, state, key)
    WHERE state IN ('dropped', 'skipped')`,
  // One delivery a lane waits at most: small, and nothing to publishing.
  `CREATE INDEX deliveries_waiting ON deliveries (workspace, state, key) WHERE state = 'waiting'`,
  'CREATE INDEX runs_by_state ON runs (workspace, state, key)',
  // PostgreSQL's primary key starts with the workspace already.
  ...(clustered === '' ? [] : ['CREATE INDEX runs_by_workspace ON runs (workspace)']),
  'CREATE INDEX audit_by_action ON audit (workspace, action, key)',
];
