/** The schema's third step: rules and workflows, their versions, activations and runs. */

import type { Step } from './schemaStep.ts';

export const automation: Step = ({ int, key, primary, clustered }) => [
  // How many system events lie between this event and what people published (the loop brake).
  `ALTER TABLE events ADD COLUMN depth ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE notices ADD COLUMN depth ${int} NOT NULL DEFAULT 0`,
  // The rule or workflow whose typed URL this endpoint is; null for one that a person connected.
  `ALTER TABLE endpoints ADD COLUMN automation ${int}`,
  // What a delivery sends in the place of its event's body.
  `CREATE TABLE delivery_bodies (delivery ${int} NOT NULL, workspace ${int} NOT NULL, body text NOT NULL,
    PRIMARY KEY (workspace, delivery)) ${clustered}`,
  'ALTER TABLE mails ADD COLUMN subject text',
  'ALTER TABLE mails ADD COLUMN text text',
  `CREATE TABLE automations (${key}, workspace ${int} NOT NULL, kind text NOT NULL, name text NOT NULL,
    position ${int} NOT NULL, enabled_at ${int}, version ${int} NOT NULL, definition text NOT NULL,
    created_at ${int} NOT NULL, updated_at ${int} NOT NULL, deleted_at ${int} ${primary('workspace, key')})`,
  'CREATE INDEX automations_by_workspace ON automations (workspace) WHERE deleted_at IS NULL',
  `CREATE TABLE automation_versions (workspace ${int} NOT NULL, automation ${int} NOT NULL, version ${int} NOT NULL,
    definition text NOT NULL, created_by text NOT NULL, created_at ${int} NOT NULL,
    PRIMARY KEY (workspace, automation, version)) ${clustered}`,
  // How often each subject has activated each rule or workflow.
  `CREATE TABLE activations (workspace ${int} NOT NULL, automation ${int} NOT NULL, subject text NOT NULL,
    count ${int} NOT NULL, PRIMARY KEY (workspace, automation, subject)) ${clustered}`,
  // `revision` fences: who would write a run's next step names the revision that it has read.
  `CREATE TABLE runs (${key}, workspace ${int} NOT NULL, automation ${int} NOT NULL, version ${int} NOT NULL,
    event ${int} NOT NULL, subject text, state text NOT NULL, reason text, revision ${int} NOT NULL,
    progress text NOT NULL, due_at ${int}, waits_for text, created_at ${int} NOT NULL, ended_at ${int}
    ${primary('workspace, key')})`,
  'CREATE INDEX runs_by_automation ON runs (workspace, automation, key)',
  'CREATE INDEX runs_by_event ON runs (workspace, event)',
  `CREATE INDEX runs_due ON runs (due_at) WHERE state = 'waiting'`,
  `CREATE INDEX runs_waiting ON runs (workspace, waits_for, subject) WHERE state = 'waiting' AND waits_for IS NOT NULL`,
  `CREATE TABLE run_steps (workspace ${int} NOT NULL, run ${int} NOT NULL, number ${int} NOT NULL, step text,
    kind text NOT NULL, details text NOT NULL, at ${int} NOT NULL,
    PRIMARY KEY (workspace, run, number)) ${clustered}`,
  // Events that came while a run was waiting for one of their type, until it has looked at them.
  `CREATE TABLE run_signals (workspace ${int} NOT NULL, run ${int} NOT NULL, event ${int} NOT NULL,
    PRIMARY KEY (workspace, run, event)) ${clustered}`,
];
