/** Workspaces, API keys and event types of their own, as a store keeps them. */

import type { Recipient, SettingsPatch, WorkspaceSettings } from './settings.ts';

export interface Workspace {
  key: number;
  name: string;
  plan: string;
  settings: WorkspaceSettings;
  /** Who gets the mails where the settings name nobody. */
  owners: readonly Recipient[];
  /** Grows with every change that routing or sending must see. */
  routingVersion: number;
  createdAt: number;
  /** What a platform calls it; no two workspaces have the same. */
  externalId: string | null;
  /** What a platform notes of it. */
  metadata: Readonly<Record<string, string>>;
  suspended: Suspension | null;
}

/** `refuse`: no events are accepted; `hold`: they are, and wait. Either way nothing is sent. */
export const SUSPENSION_MODES = ['refuse', 'hold'] as const;

export interface Suspension {
  mode: (typeof SUSPENSION_MODES)[number];
  reason: string | null;
  at: number;
  by: string;
}

/** Of a workspace that is made, which nobody can have suspended. */
export type NewWorkspace = Omit<Workspace, 'routingVersion' | 'suspended' | 'externalId' | 'metadata'> &
  Partial<Pick<Workspace, 'externalId' | 'metadata'>>;

export interface WorkspacePatch {
  name?: string;
  plan?: string;
  /** Members that are named replace what is stored; in `budget` and `retention`, members of theirs. */
  settings?: SettingsPatch;
  owners?: readonly Recipient[];
}

export const API_KEY_SCOPES = ['publish', 'read', 'manage'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

export interface ApiKey {
  key: number;
  /** Null for an instance key. */
  workspace: number | null;
  name: string;
  /** The readable beginning of the key, to recognise it by. */
  prefix: string;
  scopes: readonly ApiKeyScope[];
  createdAt: number;
  revokedAt: number | null;
  /** When it is no longer valid; null for never. */
  expiresAt: number | null;
}

export interface NewApiKey extends Omit<ApiKey, 'revokedAt' | 'expiresAt'> {
  expiresAt?: number | null;
  /** SHA-256 of the whole key, lower-case hex. */
  hash: string;
}

export interface CustomEventType {
  workspace: number;
  name: string;
  /** The definition as JSON text: everything of an event type but its name. */
  definition: string;
  createdAt: number;
  updatedAt: number;
}
