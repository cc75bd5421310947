/** What publishing and sending go by, as of one version. */

import type { Routing } from '../records/routing.ts';

/** Publishing checks the version in its transaction; whoever holds an older view reads it anew. */
export interface RoutingStore {
  /** Null for an unknown workspace. Endpoints by ascending key. */
  routing(workspace: number): Promise<Routing | null>;
  routingVersions(workspaces: readonly number[]): Promise<Map<number, number>>;
}
