/**
 * The schema's step for people. Who they are, their passwords, sessions and tokens belong to no workspace; what they
 * may do in one (members), who is asked to come (invitations) and links into one (portal_links) do.
 */

import type { Step } from './schemaStep.ts';

export const peopleStep: Step = ({ int, clustered, key, primary }) => [
  // The e-mail in lower case, since that is what a person is found by.
  `CREATE TABLE people (id text NOT NULL PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,
    email_verified ${int} NOT NULL, language text NOT NULL, created_at ${int} NOT NULL, updated_at ${int} NOT NULL)
    ${clustered}`,
  `CREATE TABLE person_accounts (id text NOT NULL PRIMARY KEY, person text NOT NULL, provider text NOT NULL,
    account text NOT NULL, password text, created_at ${int} NOT NULL, updated_at ${int} NOT NULL) ${clustered}`,
  'CREATE INDEX person_accounts_by_person ON person_accounts (person)',
  `CREATE TABLE person_sessions (id text NOT NULL PRIMARY KEY, person text NOT NULL, token text NOT NULL UNIQUE,
    address text, user_agent text, created_at ${int} NOT NULL, updated_at ${int} NOT NULL, expires_at ${int} NOT NULL)
    ${clustered}`,
  'CREATE INDEX person_sessions_by_person ON person_sessions (person)',
  `CREATE TABLE verifications (id text NOT NULL PRIMARY KEY, identifier text NOT NULL, value text NOT NULL,
    created_at ${int} NOT NULL, updated_at ${int} NOT NULL, expires_at ${int} NOT NULL) ${clustered}`,
  'CREATE INDEX verifications_by_identifier ON verifications (identifier)',
  'CREATE INDEX verifications_by_end ON verifications (expires_at)',
  // One row, written by whoever set the installation up: of two that try at once, one does.
  `CREATE TABLE owner_setup (id ${int} NOT NULL PRIMARY KEY, person text NOT NULL, at ${int} NOT NULL)`,
  `CREATE TABLE members (workspace ${int} NOT NULL, person text NOT NULL, role text NOT NULL,
    created_at ${int} NOT NULL, PRIMARY KEY (workspace, person)) ${clustered}`,
  'CREATE INDEX members_by_person ON members (person)',
  `CREATE TABLE invitations (${key}, workspace ${int} NOT NULL, email text NOT NULL, role text NOT NULL,
    language text NOT NULL, hash text NOT NULL, created_by text NOT NULL, created_at ${int} NOT NULL,
    expires_at ${int} NOT NULL, accepted_by text, accepted_at ${int} ${primary('workspace, key')})`,
  'CREATE INDEX invitations_by_workspace ON invitations (workspace, email)',
  `CREATE TABLE portal_links (${key}, workspace ${int} NOT NULL, name text NOT NULL, scopes text NOT NULL,
    hash text NOT NULL, created_by text NOT NULL, created_at ${int} NOT NULL, expires_at ${int} NOT NULL,
    revoked_at ${int} ${primary('workspace, key')})`,
  'CREATE INDEX portal_links_by_end ON portal_links (workspace, expires_at)',
];
