/** The schema's step for mails: how many a workspace and an address got, which run sent them, and what failed by the hour. */

import type { Step } from './schemaStep.ts';

export const mailStep: Step = ({ int, clustered }) => [
  // Mails of rules and workflows by UTC day; the recipient is '' for all of the workspace.
  `CREATE TABLE mail_counts (workspace ${int} NOT NULL, day ${int} NOT NULL, recipient text NOT NULL,
    count ${int} NOT NULL, PRIMARY KEY (workspace, day, recipient)) ${clustered}`,
  // The oldest of all workspaces, for the sweep.
  'CREATE INDEX mail_counts_by_day ON mail_counts (day)',
  // The run and the step that a mail is of; null for mails of notices.
  `ALTER TABLE mails ADD COLUMN run ${int}`,
  'ALTER TABLE mails ADD COLUMN step text',
  'CREATE INDEX mails_by_run ON mails (workspace, run, key) WHERE run IS NOT NULL',
  'CREATE INDEX mails_by_state ON mails (workspace, state, key)',
  'CREATE INDEX mails_by_recipient ON mails (workspace, recipient, key)',
  // However many mails of rules and workflows there are, those of notices are found without them.
  `CREATE INDEX mails_of_notices ON mails (workspace, created_at) WHERE kind <> 'step'`,
  `CREATE INDEX mails_of_notices_due ON mails (workspace, next_attempt_at) WHERE state = 'pending' AND kind <> 'step'`,
  // Notices that are grouped: one of a kind for an automation and an hour, with a count.
  `ALTER TABLE notices ADD COLUMN automation ${int}`,
  `ALTER TABLE notices ADD COLUMN hour ${int}`,
  `ALTER TABLE notices ADD COLUMN count ${int} NOT NULL DEFAULT 1`,
  `CREATE UNIQUE INDEX notices_by_hour ON notices (workspace, kind, automation, hour) WHERE hour IS NOT NULL`,
];
