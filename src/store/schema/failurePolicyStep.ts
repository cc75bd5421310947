/** The schema's second step: error budget, notices and mails, replays, retention, audit, plan limits. */

import type { Step } from './schemaStep.ts';

export const failurePolicy: Step = ({ int, key, serial, primary, clustered }) => [
  // While `probing`, one delivery is tried alone, by `probe_lane`; what was held before
  // `recovery_since` goes out at `release_per_second`.
  `ALTER TABLE endpoints ADD COLUMN recovery_since ${int}`,
  `ALTER TABLE endpoints ADD COLUMN probing ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE endpoints ADD COLUMN probe_lane ${int}`,
  `ALTER TABLE endpoints ADD COLUMN release_per_second ${int}`,
  `ALTER TABLE endpoints ADD COLUMN held_warned_at ${int}`,
  `ALTER TABLE workspaces ADD COLUMN owners text NOT NULL DEFAULT '[]'`,
  // The window's failed attempts of enabled endpoints; their number is what the budget limits.
  `CREATE TABLE budget_errors (workspace ${int} NOT NULL, delivery ${int} NOT NULL, number ${int} NOT NULL,
    endpoint ${int} NOT NULL, at ${int} NOT NULL, PRIMARY KEY (workspace, delivery, number)) ${clustered}`,
  // A row for each endpoint whose latest attempt failed.
  `CREATE TABLE failing (workspace ${int} NOT NULL, endpoint ${int} NOT NULL, since ${int} NOT NULL,
    last_at ${int} NOT NULL, failures ${int} NOT NULL, error text NOT NULL,
    PRIMARY KEY (workspace, endpoint)) ${clustered}`,
  // When each warning was last given; endpoint 0 stands for the budget that all share.
  `CREATE TABLE budget_warnings (workspace ${int} NOT NULL, endpoint ${int} NOT NULL, level ${int} NOT NULL,
    at ${int} NOT NULL, PRIMARY KEY (workspace, endpoint, level)) ${clustered}`,
  // The outbox: what happened, written with what made it happen; published and mailed later.
  `CREATE TABLE notices (${serial}, workspace ${int} NOT NULL, kind text NOT NULL, endpoint ${int},
    delivery ${int}, details text NOT NULL, at ${int} NOT NULL, published_at ${int}, mailed_at ${int})`,
  'CREATE INDEX notices_by_workspace ON notices (workspace, key)',
  'CREATE INDEX notices_unpublished ON notices (key) WHERE published_at IS NULL',
  'CREATE INDEX notices_unmailed ON notices (workspace, at) WHERE mailed_at IS NULL',
  `CREATE TABLE mails (${serial}, workspace ${int} NOT NULL, recipient text NOT NULL, language text NOT NULL,
    message_id text NOT NULL UNIQUE, kind text NOT NULL, notices text NOT NULL, state text NOT NULL, attempts ${int} NOT NULL,
    next_attempt_at ${int} NOT NULL, error text, created_at ${int} NOT NULL, ended_at ${int})`,
  'CREATE INDEX mails_by_workspace ON mails (workspace, created_at)',
  `CREATE INDEX mails_due ON mails (next_attempt_at) WHERE state = 'pending'`,
  `CREATE TABLE replays (${key}, workspace ${int} NOT NULL, endpoint ${int} NOT NULL, filter text NOT NULL,
    total ${int} NOT NULL, done ${int} NOT NULL, gone ${int} NOT NULL, last_lane ${int} NOT NULL,
    last_sequence ${int} NOT NULL, owner text, state text NOT NULL, reason text, created_by text NOT NULL,
    created_at ${int} NOT NULL, ended_at ${int} ${primary('workspace, key')})`,
  'CREATE INDEX replays_by_workspace ON replays (workspace, key)',
  `CREATE INDEX replays_running ON replays (key) WHERE state = 'running'`,
  // How many originals retention has deleted, by how they had ended and the hour in which they were made.
  `CREATE TABLE purged_deliveries (workspace ${int} NOT NULL, endpoint ${int} NOT NULL, state text NOT NULL,
    hour ${int} NOT NULL, count ${int} NOT NULL, PRIMARY KEY (workspace, endpoint, state, hour)) ${clustered}`,
  'CREATE INDEX purged_deliveries_by_age ON purged_deliveries (hour)',
  `CREATE TABLE audit (${serial}, workspace ${int}, actor text NOT NULL, action text NOT NULL,
    target text NOT NULL, details text NOT NULL, at ${int} NOT NULL)`,
  'CREATE INDEX audit_by_workspace ON audit (workspace, key)',
  'CREATE INDEX audit_by_target ON audit (workspace, target, key)',
  `CREATE TABLE usage_by_day (workspace ${int} NOT NULL, day ${int} NOT NULL, events ${int} NOT NULL,
    PRIMARY KEY (workspace, day)) ${clustered}`,
];
