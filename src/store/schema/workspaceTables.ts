/** Workspaces and the keys into them, as Kysely sees their tables. */

import type { Generated } from 'kysely';

export interface WorkspacesTable {
  key: number;
  name: string;
  plan: string;
  settings: string;
  routing_version: number;
  created_at: number;
  owners: Generated<string>;
  external_id: Generated<string | null>;
  metadata: Generated<string>;
  suspended_mode: Generated<string | null>;
  suspended_reason: Generated<string | null>;
  suspended_at: Generated<number | null>;
  suspended_by: Generated<string | null>;
  /** Since then nobody finds it; a job deletes what is of it. */
  deleted_at: Generated<number | null>;
}

/** Which workspace a platform calls so. */
export interface ExternalIdsTable {
  external_id: string;
  workspace: number;
}

export interface ApiKeysTable {
  key: number;
  /** 0 (INSTALLATION) for an instance key. */
  workspace: number;
  name: string;
  prefix: string;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
  expires_at: Generated<number | null>;
}

/** Where the API key of a hash stands: whoever calls says the key alone. */
export interface ApiKeyHashesTable {
  hash: string;
  workspace: number;
  api_key: number;
}
