/**
 * The schema's fifth step: lanes belong to slices, and nodes hold slices (SlicesTable). Before it, each
 * lane's row named the node that owned it.
 */

import { SLICES } from '../../core/delivery/slice.ts';
import type { Step } from './schemaStep.ts';

export const slices: Step = ({ int }) => [
  `CREATE TABLE slices (slice ${int} PRIMARY KEY, owner text, epoch ${int} NOT NULL)`,
  `INSERT INTO slices (slice, owner, epoch)
    WITH RECURSIVE n(slice) AS (SELECT 0 UNION ALL SELECT slice + 1 FROM n WHERE slice < ${SLICES - 1})
    SELECT slice, NULL, 0 FROM n`,
  `ALTER TABLE nodes ADD COLUMN sends ${int} NOT NULL DEFAULT 1`,
  `ALTER TABLE lanes ADD COLUMN slice ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE lanes ADD COLUMN open ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE lanes ADD COLUMN revision ${int} NOT NULL DEFAULT 0`,
  // The same as sliceOf (core/delivery/slice.ts).
  `UPDATE lanes SET slice = (key + key / 128 + key / 2048) % ${SLICES},
    open = CASE WHEN last_sequence > done_sequence THEN 1 ELSE 0 END`,
  'ALTER TABLE lanes DROP COLUMN owner',
  'ALTER TABLE lanes DROP COLUMN epoch',
  // Small: a lane is in it only while it has work.
  'CREATE INDEX lanes_open ON lanes (slice, key) WHERE open = 1',
];

/** PostgreSQL's keys start with the workspace; lanes are asked for by their own key, too. Not unique, so that it can be sharded. */
export const lanesByKey = ['DROP INDEX lanes_by_key', 'CREATE INDEX lanes_by_key ON lanes (key)'];
