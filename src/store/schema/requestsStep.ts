/** The part of the schema's step 0016 for calls that are done once however often they are made: see records/requests.ts. */

import type { Step } from './schemaStep.ts';

export const requestsStep: Step = ({ int, bytes, clustered }) => [
  // 0 in the place of the workspace for calls that are for none.
  `CREATE TABLE request_keys (workspace ${int} NOT NULL, caller text NOT NULL, idempotency_key text NOT NULL,
    hash text NOT NULL, claim text NOT NULL, claimed_at ${int} NOT NULL, ended_at ${int}, status ${int},
    sealed ${bytes}, PRIMARY KEY (workspace, caller, idempotency_key)) ${clustered}`,
  'CREATE INDEX request_keys_by_age ON request_keys (claimed_at)',
];
