/** The schema's step for runs that are woken by their events, paused without cost, and looked at in turns. */

import type { Step } from './schemaStep.ts';

export const runsStep: Step = ({ int }) => [
  // When a waiting run is looked at next: at its time, or as soon as an event has come. Null where it is set
  // aside because its automation is disabled. `due_at` stays the run's own time.
  `ALTER TABLE runs ADD COLUMN wake_at ${int}`,
  `UPDATE runs SET wake_at = due_at WHERE state = 'waiting'`,
  'DROP INDEX runs_due',
  `CREATE INDEX runs_due ON runs (wake_at) WHERE state = 'waiting' AND wake_at IS NOT NULL`,
  `CREATE INDEX runs_due_by_workspace ON runs (workspace, wake_at) WHERE state = 'waiting' AND wake_at IS NOT NULL`,
  `CREATE INDEX runs_set_aside ON runs (workspace, automation) WHERE state = 'waiting' AND wake_at IS NULL`,
  // The versions that waiting runs stand on, and the waiting runs of one automation.
  `CREATE INDEX runs_by_version ON runs (workspace, automation, version) WHERE state = 'waiting'`,
  // Whether runs were set aside while it was disabled.
  `ALTER TABLE automations ADD COLUMN set_aside ${int} NOT NULL DEFAULT 0`,
  'CREATE INDEX automations_set_aside ON automations (workspace) WHERE set_aside = 1',
  'CREATE INDEX notices_unpublished_by_workspace ON notices (workspace, key) WHERE published_at IS NULL',
  'DROP INDEX notices_unpublished',
  `CREATE INDEX mails_due_by_workspace ON mails (workspace, next_attempt_at) WHERE state = 'pending'`,
  'DROP INDEX mails_due',
  // When a node last took it up: those that have waited longest come first.
  `ALTER TABLE replays ADD COLUMN taken_at ${int} NOT NULL DEFAULT 0`,
];
