/** The schema's step for tracing: what published an event, for the requests that deliver it. */

import type { Step } from './schemaStep.ts';

export const traceStep: Step = () => ['ALTER TABLE events ADD COLUMN trace text'];
