/** What publishing and sending need to know of a workspace. */

import type { CustomEventType, Workspace } from './administration.ts';
import type { Automation, KeptDefinition } from './automation.ts';
import type { Endpoint } from './endpoints.ts';

/** All that publishing and sending need to know of a workspace, as of one routing version. */
export interface Routing {
  workspace: Workspace;
  endpoints: readonly Endpoint[];
  eventTypes: readonly CustomEventType[];
  /** Enabled or not: rules by position, then workflows in the order in which they were made. */
  automations: readonly Automation[];
  /** Former versions that waiting runs stand on. */
  keptDefinitions: readonly KeptDefinition[];
}
