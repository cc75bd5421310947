/** The schema's step for what sending does to the network: rates, deliveries that were put off, own listeners. */

import type { Step } from './schemaStep.ts';

export const networkStep: Step = ({ int }) => [
  // JSON, as `retry` is; null for no limit.
  'ALTER TABLE endpoints ADD COLUMN rate_limit text',
  // Of its attempts, how many the receiver has put off.
  `ALTER TABLE deliveries ADD COLUMN put_offs ${int} NOT NULL DEFAULT 0`,
  // JSON: addresses and ports at which others reach it.
  `ALTER TABLE nodes ADD COLUMN listens text NOT NULL DEFAULT '[]'`,
];
