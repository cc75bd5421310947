/** Calls under idempotency keys: the queries, for both databases. */

import { type Kysely, sql, type Transaction } from 'kysely';
import type { RequestStore } from '../ports/requests.ts';
import { IDEMPOTENCY_KEPT_MS } from '../records/publishing.ts';
import {
  type ClaimAnswer,
  REQUEST_PATIENCE_MS,
  type RequestClaim,
  type RequestKey,
} from '../records/requests.ts';
import { INSTALLATION, type Schema } from '../schema/schema.ts';

/** The other call's claim may be given back between two looks. */
const MOST_LOOKS = 5;

export function requests(write: Kysely<Schema>): RequestStore {
  return {
    async claimRequest(claim) {
      for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
        const answer = await write.transaction().execute((trx) => claimOnce(trx, claim));
        if (answer !== null) return answer;
      }
      return { kind: 'running' };
    },
    async endRequest(key, claim, { status, sealed }, at) {
      const { numUpdatedRows } = await write
        .updateTable('request_keys')
        .set({ ended_at: at, status, sealed })
        .where('workspace', '=', key.workspace ?? INSTALLATION)
        .where('caller', '=', key.caller)
        .where('idempotency_key', '=', key.key)
        .where('claim', '=', claim)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async releaseRequest(key, claim) {
      const { numDeletedRows } = await write
        .deleteFrom('request_keys')
        .where('workspace', '=', key.workspace ?? INSTALLATION)
        .where('caller', '=', key.caller)
        .where('idempotency_key', '=', key.key)
        .where('claim', '=', claim)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

/** Null where the key was given back at this moment. */
async function claimOnce(trx: Transaction<Schema>, claim: RequestClaim): Promise<ClaimAnswer | null> {
  const workspace = claim.workspace ?? INSTALLATION;
  const { caller, key, hash, at } = claim;
  // A key that is old enough is unused, whether it was swept or not.
  const { rows } = await sql<{ claim: string }>`
    INSERT INTO request_keys (workspace, caller, idempotency_key, hash, claim, claimed_at)
    VALUES (${workspace}, ${caller}, ${key}, ${hash}, ${claim.claim}, ${at})
    ON CONFLICT (workspace, caller, idempotency_key) DO UPDATE SET hash = excluded.hash, claim = excluded.claim,
      claimed_at = excluded.claimed_at, ended_at = NULL, status = NULL, sealed = NULL
      WHERE request_keys.claimed_at <= ${at - IDEMPOTENCY_KEPT_MS}
    RETURNING claim`.execute(trx);
  return rows.length > 0 ? { kind: 'claimed' } : look(trx, { ...claim, workspace });
}

async function look(
  trx: Transaction<Schema>,
  { workspace, caller, key, hash, claim, at }: RequestClaim & RequestKey & { workspace: number },
): Promise<ClaimAnswer | null> {
  const found = await trx
    .selectFrom('request_keys')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('caller', '=', caller)
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
  if (found === undefined) return null;
  // This very attempt's, whose answer was lost.
  if (found.claim === claim && found.ended_at === null) return { kind: 'claimed' };
  if (found.hash !== hash) return { kind: 'conflict' };
  const { status, sealed, claimed_at } = found;
  if (status !== null) return { kind: 'done', status, sealed };
  const isOver = found.ended_at !== null || claimed_at <= at - REQUEST_PATIENCE_MS;
  return isOver ? { kind: 'unknown', at: claimed_at } : { kind: 'running' };
}
