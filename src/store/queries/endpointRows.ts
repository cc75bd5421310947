/** Inserting endpoints with what belongs to them; to be part of a transaction that moves the routing. */

import type { Transaction } from 'kysely';
import { sliceOf } from '../../core/delivery/slice.ts';
import type { NewEndpoint, SealedSecret } from '../records/endpoints.ts';
import type { Schema } from '../schema/schema.ts';

export async function createLanes(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  lanes: readonly number[],
): Promise<void> {
  const rows = lanes.map((key) => ({
    key,
    workspace,
    endpoint,
    slice: sliceOf(key),
    last_sequence: 0,
    done_sequence: 0,
  }));
  await trx.insertInto('lanes').values(rows).execute();
}

export async function insertSecret(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  secret: SealedSecret,
): Promise<void> {
  const { createdAt, expiresAt, ...rest } = secret;
  await trx
    .insertInto('secrets')
    .values({ ...rest, workspace, endpoint, created_at: createdAt, expires_at: expiresAt })
    .execute();
}

/**
 * The endpoint with its lanes and secrets; the caller moves the routing. In a suspended workspace it waits to be resumed
 * like the others: the workspace's row is locked, so that no suspension passes it by.
 */
export async function insertEndpoint(
  trx: Transaction<Schema>,
  { lanes, secrets, ...endpoint }: NewEndpoint,
): Promise<void> {
  const suspended = await trx
    .updateTable('workspaces')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('key', '=', endpoint.workspace)
    .returning(['suspended_at', 'suspended_by'])
    .executeTakeFirst();
  const since = suspended?.suspended_at ?? null;
  await trx
    .insertInto('endpoints')
    .values({
      key: endpoint.key,
      workspace: endpoint.workspace,
      url: endpoint.url,
      name: endpoint.name,
      event_types: JSON.stringify(endpoint.eventTypes),
      condition: endpoint.condition === null ? null : JSON.stringify(endpoint.condition),
      ordering: JSON.stringify(endpoint.ordering),
      retry: JSON.stringify(endpoint.retry),
      timeout_ms: endpoint.timeoutMs,
      rate_limit: endpoint.rateLimit === null ? null : JSON.stringify(endpoint.rateLimit),
      sealed_headers: endpoint.sealedHeaders,
      signature: JSON.stringify(endpoint.signature),
      automation: endpoint.automation,
      lanes: JSON.stringify(lanes),
      disabled_reason: since === null ? null : 'suspended',
      disabled_at: since,
      disabled_by: since === null ? null : (suspended?.suspended_by ?? null),
      created_at: endpoint.createdAt,
      updated_at: endpoint.createdAt,
      deleted_at: null,
    })
    .execute();
  await createLanes(trx, endpoint.workspace, endpoint.key, lanes);
  for (const secret of secrets) await insertSecret(trx, endpoint.workspace, endpoint.key, secret);
}
