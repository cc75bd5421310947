/**
 * The schema's step for what rules and workflows leave behind: counts of activations that end, what runs have heard
 * and sent; and for which deliveries were made good by a later one.
 */

import type { Step } from './schemaStep.ts';

export const flows: Step = ({ int, clustered }) => [
  // Until when a count holds; null for ever. Counts of before have no period: they are over.
  `ALTER TABLE activations ADD COLUMN period_ends_at ${int} DEFAULT 0`,
  // A count is void where its automation was reset more often than when it was begun.
  `ALTER TABLE activations ADD COLUMN resets ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE automations ADD COLUMN brake_resets ${int} NOT NULL DEFAULT 0`,
  // The reset of which the void counts are deleted.
  `ALTER TABLE automations ADD COLUMN brake_swept ${int} NOT NULL DEFAULT 0`,
  'CREATE INDEX activations_by_end ON activations (period_ends_at) WHERE period_ends_at IS NOT NULL',
  'CREATE INDEX activations_by_reset ON activations (workspace, automation, resets)',
  'CREATE INDEX automations_to_sweep ON automations (workspace) WHERE brake_swept < brake_resets',
  // The events that a run's waits were for, by the wait's step.
  `CREATE TABLE run_events (workspace ${int} NOT NULL, run ${int} NOT NULL, step text NOT NULL, event ${int} NOT NULL,
    PRIMARY KEY (workspace, run, step)) ${clustered}`,
  // The event comes first, so that nobody takes it for a way to a workspace's rows.
  'CREATE INDEX run_events_by_event ON run_events (event, workspace)',
  // The run and step that asked for a delivery.
  `CREATE TABLE run_deliveries (workspace ${int} NOT NULL, delivery ${int} NOT NULL, run ${int} NOT NULL,
    step text NOT NULL, PRIMARY KEY (workspace, delivery)) ${clustered}`,
  // Replays that have arrived, by the message that they repeat: few rows, and none that publishing writes.
  `CREATE INDEX deliveries_made_good ON deliveries (workspace, message)
    WHERE replay_of IS NOT NULL AND state = 'delivered'`,
];
