/** The tables of people, as Kysely sees them; see schema.ts. Those up to `owner_setup` belong to no workspace. */

export interface PeopleTable {
  id: string;
  name: string;
  /** In lower case. */
  email: string;
  email_verified: number;
  language: string;
  created_at: number;
  updated_at: number;
}

/** How a person proves to be one: a password, hashed. */
export interface PersonAccountsTable {
  id: string;
  person: string;
  provider: string;
  account: string;
  password: string | null;
  created_at: number;
  updated_at: number;
}

export interface PersonSessionsTable {
  id: string;
  person: string;
  token: string;
  address: string | null;
  user_agent: string | null;
  created_at: number;
  updated_at: number;
  expires_at: number;
}

/** Tokens of mails, such as those for a new password; the identifier is hashed. */
export interface VerificationsTable {
  id: string;
  identifier: string;
  value: string;
  created_at: number;
  updated_at: number;
  expires_at: number;
}

/** One row at the most: who set the installation up. */
export interface OwnerSetupTable {
  id: number;
  person: string;
  at: number;
}

export interface MembersTable {
  workspace: number;
  person: string;
  role: string;
  created_at: number;
}

export interface InvitationsTable {
  key: number;
  workspace: number;
  email: string;
  role: string;
  language: string;
  hash: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  accepted_by: string | null;
  accepted_at: number | null;
}

export interface PortalLinksTable {
  key: number;
  workspace: number;
  name: string;
  scopes: string;
  hash: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

export interface PeopleSchema {
  people: PeopleTable;
  person_accounts: PersonAccountsTable;
  person_sessions: PersonSessionsTable;
  verifications: VerificationsTable;
  owner_setup: OwnerSetupTable;
  members: MembersTable;
  invitations: InvitationsTable;
  portal_links: PortalLinksTable;
}
