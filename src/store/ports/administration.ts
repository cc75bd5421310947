/** Workspaces, API keys and the workspaces' own event types. */

import type {
  ApiKey,
  CustomEventType,
  NewApiKey,
  NewWorkspace,
  Workspace,
  WorkspacePatch,
} from '../records/administration.ts';

/**
 * What an operator and the owners of a workspace set up. Changes that name a routing version are made at that version or
 * not at all (RoutingMoved).
 */
export interface AdministrationStore {
  /** The workspace that has its external id already, where there is one: then nothing was made. */
  createWorkspace(workspace: NewWorkspace): Promise<number | null>;
  listWorkspaces(): Promise<Workspace[]>;
  findWorkspace(workspace: number): Promise<Workspace | null>;
  updateWorkspace(
    workspace: number,
    patch: WorkspacePatch,
    at: number,
    by: string,
    routingVersion?: number,
  ): Promise<Workspace | null>;
  createApiKey(key: NewApiKey, by: string): Promise<void>;
  /** Null for an unknown or revoked key; whoever asks looks whether it has expired. */
  findApiKey(hash: string): Promise<ApiKey | null>;
  listApiKeys(workspace: number | null): Promise<ApiKey[]>;
  revokeApiKey(workspace: number | null, key: number, at: number, by: string): Promise<boolean>;
  /** False, and nothing is written, where `routingVersion` is given and routing has moved since. */
  putEventType(type: CustomEventType, routingVersion?: number): Promise<boolean>;
  deleteEventType(workspace: number, name: string, routingVersion?: number): Promise<boolean>;
}
