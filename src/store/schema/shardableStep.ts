/**
 * The schema's step after which PostgreSQL can be sharded by workspace: each unique key of a table that grows
 * contains the workspace. What must be unique over all workspaces (the hashes of API keys, the tokens of bins)
 * stands in small tables of its own, which say where the rest is. What belongs to the installation and not to a
 * workspace has workspace INSTALLATION (schema.ts).
 *
 * SQLite is one file: there only what the queries of both databases need is changed. Its notices, mails and audit
 * entries stay where they are; moved to a new table, they would be numbered from what is left of them, and the
 * number of a notice is the id of an event.
 */

import { INSTALLATION } from './schema.ts';
import type { Step } from './schemaStep.ts';

export const shardable: Step = (types) => [
  ...globals(types),
  `UPDATE audit SET workspace = ${INSTALLATION} WHERE workspace IS NULL`,
  // The oldest of all workspaces, for the sweep.
  'CREATE INDEX notices_by_age ON notices (at)',
  'CREATE INDEX mails_by_age ON mails (created_at) WHERE ended_at IS NOT NULL',
  ...(types.clustered === '' ? POSTGRES : SQLITE),
];

const globals: Step = ({ int, clustered }) => [
  `CREATE TABLE api_key_hashes (hash text NOT NULL PRIMARY KEY, workspace ${int} NOT NULL, api_key ${int} NOT NULL)
    ${clustered}`,
  `INSERT INTO api_key_hashes (hash, workspace, api_key)
    SELECT hash, coalesce(workspace, ${INSTALLATION}), key FROM api_keys`,
  `CREATE TABLE bin_tokens (token text NOT NULL PRIMARY KEY, workspace ${int} NOT NULL, bin ${int} NOT NULL)
    ${clustered}`,
  'INSERT INTO bin_tokens (token, workspace, bin) SELECT token, workspace, key FROM bins',
];

/** The other tables' primary keys start with the workspace already. */
const keyedByWorkspace = (table: string): string[] => [
  `ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`,
  `ALTER TABLE ${table} ADD PRIMARY KEY (workspace, key)`,
];

const POSTGRES = [
  `UPDATE api_keys SET workspace = ${INSTALLATION} WHERE workspace IS NULL`,
  'ALTER TABLE api_keys DROP COLUMN hash',
  // What was captured by a bin that is gone is nobody's.
  'ALTER TABLE bin_requests ADD COLUMN workspace bigint',
  'UPDATE bin_requests SET workspace = b.workspace FROM bins b WHERE b.key = bin_requests.bin',
  'DELETE FROM bin_requests WHERE workspace IS NULL',
  'ALTER TABLE bin_requests ALTER COLUMN workspace SET NOT NULL',
  'DROP INDEX bin_requests_by_bin',
  'CREATE INDEX bin_requests_by_bin ON bin_requests (workspace, bin, key)',
  'ALTER TABLE bins DROP CONSTRAINT bins_token_key',
  'ALTER TABLE mails DROP CONSTRAINT mails_message_id_key',
  'ALTER TABLE mails ADD UNIQUE (workspace, message_id)',
  ...['api_keys', 'bins', 'bin_requests', 'notices', 'mails', 'audit'].flatMap(keyedByWorkspace),
  // The new primary keys do what these did.
  'DROP INDEX api_keys_by_workspace',
  'DROP INDEX bins_by_workspace',
  'DROP INDEX notices_by_workspace',
  'DROP INDEX audit_by_workspace',
];

const BIN = 'key, workspace, token, answer, created_at, expires_at';
const CAPTURED = 'at, method, path, headers, body, truncated, signature';

const SQLITE = [
  `CREATE TABLE api_keys_anew (key INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, name text NOT NULL,
    prefix text NOT NULL, scopes text NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER)`,
  `INSERT INTO api_keys_anew (key, workspace, name, prefix, scopes, created_at, revoked_at)
    SELECT key, coalesce(workspace, ${INSTALLATION}), name, prefix, scopes, created_at, revoked_at FROM api_keys`,
  'DROP TABLE api_keys',
  'ALTER TABLE api_keys_anew RENAME TO api_keys',
  'CREATE INDEX api_keys_by_workspace ON api_keys (workspace)',
  `CREATE TABLE bin_requests_anew (key INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, bin INTEGER NOT NULL,
    at INTEGER NOT NULL, method text NOT NULL, path text NOT NULL, headers text NOT NULL, body BLOB NOT NULL,
    truncated INTEGER NOT NULL, signature text NOT NULL)`,
  // What was captured by a bin that is gone is nobody's.
  `INSERT INTO bin_requests_anew (key, workspace, bin, ${CAPTURED})
    SELECT r.key, b.workspace, r.bin, ${CAPTURED} FROM bin_requests r JOIN bins b ON b.key = r.bin`,
  'DROP TABLE bin_requests',
  'ALTER TABLE bin_requests_anew RENAME TO bin_requests',
  'CREATE INDEX bin_requests_by_bin ON bin_requests (workspace, bin, key)',
  `CREATE TABLE bins_anew (key INTEGER PRIMARY KEY, workspace INTEGER NOT NULL, token text NOT NULL,
    answer text NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL)`,
  `INSERT INTO bins_anew (${BIN}) SELECT ${BIN} FROM bins`,
  'DROP TABLE bins',
  'ALTER TABLE bins_anew RENAME TO bins',
  'CREATE INDEX bins_by_workspace ON bins (workspace, key)',
  // A mail by its workspace and key: the row id ends every index.
  'CREATE INDEX mails_in_workspace ON mails (workspace)',
];
