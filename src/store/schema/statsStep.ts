/**
 * The schema's step for statistics: events accepted, and how attempts ended, added up by minute, and later by hour and
 * day. `step` is how long the time is that begins `at`. Each count is in one row only, so that a sum over a span is
 * right whatever the widths of its rows.
 */

import { TALLIED } from '../../core/stats/counts.ts';
import type { Step } from './schemaStep.ts';

export const statsStep: Step = ({ int, clustered, roomy }) => [
  `CREATE TABLE event_stats (workspace ${int} NOT NULL, at ${int} NOT NULL, type text NOT NULL, step ${int} NOT NULL,
    shard ${int} NOT NULL, events ${int} NOT NULL, PRIMARY KEY (workspace, at, type, step, shard)) ${clustered}${roomy}`,
  `CREATE TABLE endpoint_stats (workspace ${int} NOT NULL, endpoint ${int} NOT NULL, at ${int} NOT NULL,
    step ${int} NOT NULL, shard ${int} NOT NULL, ${TALLIED.map((name) => `${name} ${int} NOT NULL`).join(', ')},
    PRIMARY KEY (workspace, endpoint, at, step, shard)) ${clustered}${roomy}`,
  ...['event_stats', 'endpoint_stats'].flatMap((table) => [
    // What has become too old for its width, of all workspaces.
    `CREATE INDEX ${table}_by_age ON ${table} (step, at)`,
    // Small: shards are soon added up.
    `CREATE INDEX ${table}_apart ON ${table} (at) WHERE shard <> 0`,
  ]),
];
