/** The schema's step for jobs: long work that goes on in steps, on whichever node. */

import type { Step } from './schemaStep.ts';

export const jobsStep: Step = ({ int, clustered, key, primary }) => [
  // 0 in the place of the workspace for what belongs to the installation.
  `CREATE TABLE jobs (${key}, workspace ${int} NOT NULL, kind text NOT NULL, input text NOT NULL, state text NOT NULL,
    done ${int} NOT NULL, total ${int}, report text NOT NULL, reason text, cursor text NOT NULL, revision ${int} NOT NULL,
    created_by text NOT NULL, created_at ${int} NOT NULL, ended_at ${int}, taken_by text,
    taken_at ${int} NOT NULL ${primary('workspace, key')})`,
  `CREATE INDEX jobs_running ON jobs (workspace, taken_at) WHERE state = 'running'`,
  'CREATE INDEX jobs_by_end ON jobs (ended_at) WHERE ended_at IS NOT NULL',
  // PostgreSQL's primary key starts with the workspace already.
  ...(clustered === '' ? [] : ['CREATE INDEX jobs_by_workspace ON jobs (workspace)']),
];
