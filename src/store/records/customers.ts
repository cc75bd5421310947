/** Workspaces as the customers of a platform: what it calls them, and what they have used. */

/** Members that are named replace what is stored. */
export interface WorkspaceIdentity {
  externalId?: string | null;
  metadata?: Readonly<Record<string, string>>;
}

export const WORKSPACE_STATES = ['active', 'suspended'] as const;
export type WorkspaceState = (typeof WORKSPACE_STATES)[number];

/** All of it must hold. */
export interface WorkspaceFilter {
  state?: WorkspaceState;
  /** Part of the name or of the external id, whatever the letter case and the Arabic forms. */
  search?: string;
  metadata?: Readonly<Record<string, string>>;
}

/** What is counted of a day and an event type. */
export const USED = ['events', 'attempts', 'delivered', 'dropped', 'skipped'] as const;

export type UsageCounts = Record<(typeof USED)[number], number>;

export interface UsageRow extends UsageCounts {
  workspace: number;
  /** The UTC day's beginning, ms. */
  at: number;
  type: string;
}

/** Of days that begin within it, in the order of day and type; what comes after `after`. */
export interface UsageQuery {
  workspace: number;
  since: number;
  until: number;
  after: Pick<UsageRow, 'at' | 'type'> | null;
  limit: number;
}
