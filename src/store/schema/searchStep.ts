/**
 * The schema's step for finding events by text (queries/search.ts): which events are still to be indexed, what each is
 * found by, and runs of 64 of them, found by what is in any. And notices by kind.
 */

import type { Step } from './schemaStep.ts';

export const searchStep: Step = ({ int, clustered }) => {
  const isSqlite = clustered !== '';
  return [
    // A row for each call that published, under the lowest of its events' keys; `events` are the keys as JSON.
    `CREATE TABLE search_queue (workspace ${int} NOT NULL, key ${int} NOT NULL, events text NOT NULL,
      PRIMARY KEY (workspace, key)) ${clustered}`,
    `CREATE TABLE search_marks (workspace ${int} NOT NULL, sealed ${int} NOT NULL,
      PRIMARY KEY (workspace)) ${clustered}`,
    `CREATE TABLE search_docs (workspace ${int} NOT NULL, event ${int} NOT NULL, terms text NOT NULL,
      PRIMARY KEY (workspace, event)) ${clustered}`,
    `CREATE TABLE search_blocks (workspace ${int} NOT NULL, key ${int} NOT NULL, first ${int} NOT NULL,
      ${isSqlite ? '' : 'terms text[] NOT NULL, '}PRIMARY KEY (workspace, key)) ${clustered}`,
    isSqlite
      ? `CREATE VIRTUAL TABLE search_index USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii')`
      : 'CREATE INDEX search_blocks_by_term ON search_blocks USING gin (terms)',
    // What is in the log already is found, too, once the job has come to it.
    `INSERT INTO search_queue (workspace, key, events) SELECT workspace, key, '[' || key || ']' FROM events`,
    'CREATE INDEX notices_by_kind ON notices (workspace, kind, key)',
  ];
};
