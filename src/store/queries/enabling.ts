/** Switching endpoints off and on (A13, P9), and what is open at them: the queries, for both databases. */

import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import { formatId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { EndpointStore } from '../ports/endpoints.ts';
import type { LaneStore } from '../ports/lanes.ts';
import type { OpenCount } from '../records/endpoints.ts';
import type { Schema } from '../schema/schema.ts';
import { lockWorkspace, moveRouting, readSettings } from './administration.ts';
import { insertAudit } from './audit.ts';
import { clearErrors, type Disabling, disableNow } from './disabling.ts';
import { insertNotices } from './notices.ts';
import { skipOpen } from './skips.ts';
import { driveAsync, inTransaction } from './statement.ts';
import { FIRST_OPEN_AFTER, isOpen, isUnmarked } from './states.ts';

type Enabling = Pick<EndpointStore, 'disableEndpoint' | 'enableEndpoint'> & Pick<LaneStore, 'claimProbe'>;

export function enabling(write: Kysely<Schema>, read: Kysely<Schema>, dialect: Dialect): Enabling {
  return {
    disableEndpoint: (workspace, endpoint, disabled) =>
      write.transaction().execute((trx) => disable(trx, workspace, endpoint, disabled)),
    async enableEndpoint(workspace, endpoint, choice, by, at) {
      // Counted by the reader: of a long queue that takes a while.
      const held = (await countOpen(read, workspace, [endpoint])).get(endpoint)?.count ?? 0;
      return write
        .transaction()
        .execute((trx) => enable(trx, dialect, { workspace, endpoint, choice, by, at, held }));
    },
    async claimProbe(workspace, endpoint, lane) {
      const result = await write
        .updateTable('endpoints')
        .set({ probe_lane: lane })
        .where('workspace', '=', workspace)
        .where('key', '=', endpoint)
        .where('probing', '=', 1)
        .where((eb) =>
          eb.or([
            eb('probe_lane', 'is', null),
            eb('probe_lane', '=', lane),
            eb.not(
              eb.exists(
                eb
                  .selectFrom('lanes as l')
                  .innerJoin('deliveries as d', 'd.lane', 'l.key')
                  .select('d.key')
                  .where('l.workspace', '=', workspace)
                  .where('d.workspace', '=', workspace)
                  .whereRef('l.key', '=', 'endpoints.probe_lane')
                  .where(isOpen('d.state'))
                  .where(isUnmarked),
              ),
            ),
          ]),
        )
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
  };
}

/** The living endpoint, locked with its workspace; undefined where there is none. */
async function lock(trx: Transaction<Schema>, workspace: number, endpoint: number) {
  await lockWorkspace(trx, workspace);
  return trx
    .updateTable('endpoints')
    .set((eb) => ({ updated_at: eb.ref('updated_at') }))
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .where('deleted_at', 'is', null)
    .returning(['name', 'url', 'disabled_at', 'disabled_reason'])
    .executeTakeFirst();
}

async function disable(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  disabled: Disabling['disabled'],
): Promise<boolean> {
  const found = await lock(trx, workspace, endpoint);
  if (found === undefined) return false;
  const { name, url, disabled_reason } = found;
  // The first reason and time stay; save that its workspace is suspended, since that would enable it again.
  if (disabled_reason !== null && disabled_reason !== 'suspended') return true;
  await moveRouting(trx, workspace);
  const steps = disableNow({
    workspace,
    endpoint,
    name,
    url,
    disabled,
    error: null,
    trip: null,
    cause: null,
  });
  await driveAsync(steps, inTransaction(trx));
  return true;
}

async function enable(
  trx: Transaction<Schema>,
  dialect: Dialect,
  {
    workspace,
    endpoint,
    choice,
    by,
    at,
    held,
  }: {
    workspace: number;
    endpoint: number;
    choice: 'send' | 'skip';
    by: string;
    at: number;
    held: number;
  },
): Promise<number | 'suspended' | null> {
  const found = await lock(trx, workspace, endpoint);
  if (found === undefined) return null;
  if (found.disabled_at === null) return held;
  const row = await trx
    .selectFrom('workspaces')
    .select(['settings', 'suspended_at'])
    .where('key', '=', workspace)
    .executeTakeFirstOrThrow();
  if (row.suspended_at !== null) return 'suspended';
  await moveRouting(trx, workspace);
  await trx
    .updateTable('endpoints')
    .set({
      disabled_reason: null,
      disabled_at: null,
      disabled_by: null,
      recovery_since: at,
      probing: 1,
      probe_lane: null,
      held_warned_at: null,
      release_per_second: readSettings(row.settings).release_per_second,
      updated_at: at,
    })
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .execute();
  await driveAsync(clearErrors(workspace, endpoint), inTransaction(trx));
  await trx
    .deleteFrom('failing')
    .where('workspace', '=', workspace)
    .where('endpoint', '=', endpoint)
    .execute();
  if (choice === 'skip') {
    await skipOpen(trx, dialect, { workspace, endpoint }, `skipped_by: ${by}`, at);
  }
  const { name, url } = found;
  await insertNotices(trx, [
    {
      workspace,
      kind: 'endpoint.enabled',
      endpoint,
      delivery: null,
      details: { name, url, by, held, choice },
      at,
    },
  ]);
  await insertAudit(trx, {
    workspace,
    actor: by,
    action: 'endpoint.enabled',
    target: formatId('ep', endpoint),
    details: { held, choice },
    at,
  });
  return held;
}

export async function countOpen(
  db: Kysely<Schema>,
  workspace: number,
  keys: readonly number[],
): Promise<Map<number, OpenCount>> {
  if (keys.length === 0) return new Map();
  // A scalar subquery a lane: each is a range of the index of what is open.
  const open = (what: ReturnType<typeof sql>, end: ReturnType<typeof sql>) => sql`(
    SELECT ${what} FROM deliveries d WHERE d.workspace = ${workspace} AND d.lane = l.key AND ${isOpen('d.state')}
      AND d.sequence > ${FIRST_OPEN_AFTER} ${end})`;
  const { rows } = await sql<{ endpoint: number; count: number; oldest_at: number | null }>`
    SELECT l.endpoint, sum(${open(sql`count(*)`, sql``)}) AS count,
      min(${open(sql`d.created_at`, sql`ORDER BY d.sequence LIMIT 1`)}) AS oldest_at
    FROM lanes l WHERE l.workspace = ${workspace} AND l.endpoint IN (${sql.join(keys)})
      AND ${sql<SqlBool>`l.open = 1`}
    GROUP BY l.endpoint`.execute(db);
  return new Map(
    rows
      .filter(({ count }) => Number(count) > 0)
      .map(({ endpoint, count, oldest_at }) => [
        endpoint,
        { count: Number(count), oldestAt: oldest_at ?? 0 },
      ]),
  );
}
