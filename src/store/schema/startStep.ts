/** The schema's step for what belongs to the installation as a whole: one row, made at the first start. */

import type { Step } from './schemaStep.ts';

export const startStep: Step = ({ int, bytes }) => [
  // A known text, sealed: it can be opened only with the secret that all others here are sealed with.
  `CREATE TABLE installation (id ${int} PRIMARY KEY, canary ${bytes} NOT NULL)`,
];
