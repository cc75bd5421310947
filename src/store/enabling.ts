/** Switching endpoints off and on (A13, P9), and what is open at them: the queries, for both databases. */

import type { Kysely, Transaction } from 'kysely';
import { formatId } from '../core/ids.ts';
import { lockWorkspace, moveRouting, readSettings } from './administration.ts';
import { insertAudit } from './audit.ts';
import { insertNotices } from './notices.ts';
import type { DisabledReason, OpenCount } from './records.ts';
import type { Schema } from './schema.ts';
import { isOpen } from './states.ts';
import type { Store } from './store.ts';

type Enabling = Pick<Store, 'disableEndpoint' | 'enableEndpoint' | 'claimProbe'>;

export function enabling(write: Kysely<Schema>): Enabling {
  return {
    disableEndpoint: (workspace, endpoint, disabled) =>
      write.transaction().execute((trx) => disable(trx, workspace, endpoint, disabled)),
    enableEndpoint: (workspace, endpoint, choice, by, at) =>
      write.transaction().execute((trx) => enable(trx, workspace, endpoint, choice, { by, at })),
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
                  .selectFrom('deliveries')
                  .select('key')
                  .where('workspace', '=', workspace)
                  .whereRef('lane', '=', 'endpoints.probe_lane')
                  .where(isOpen('state')),
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
  { reason, at, by }: { reason: DisabledReason; at: number; by: string },
): Promise<boolean> {
  const found = await lock(trx, workspace, endpoint);
  if (found === undefined) return false;
  // The first reason and time stay.
  if (found.disabled_at !== null) return true;
  await moveRouting(trx, workspace);
  await trx
    .updateTable('endpoints')
    .set({ disabled_reason: reason, disabled_at: at, disabled_by: by, ...NOT_RECOVERING })
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .execute();
  await clearErrors(trx, workspace, endpoint);
  const { name, url } = found;
  const details = { name, url, reason, by, error: null, trip: null };
  await insertNotices(trx, [{ workspace, kind: 'endpoint.disabled', endpoint, delivery: null, details, at }]);
  const target = formatId('ep', endpoint);
  await insertAudit(trx, {
    workspace,
    actor: by,
    action: 'endpoint.disabled',
    target,
    details: { reason },
    at,
  });
  return true;
}

const NOT_RECOVERING = {
  recovery_since: null,
  probing: 0,
  probe_lane: null,
  release_per_second: null,
  held_warned_at: null,
};

/** Takes the endpoint's errors out of the budget, and its warnings with them. */
async function clearErrors(trx: Transaction<Schema>, workspace: number, endpoint: number): Promise<void> {
  for (const table of ['budget_errors', 'budget_warnings'] as const) {
    await trx.deleteFrom(table).where('workspace', '=', workspace).where('endpoint', '=', endpoint).execute();
  }
}

async function enable(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  choice: 'send' | 'skip',
  { by, at }: { by: string; at: number },
): Promise<number | null> {
  const found = await lock(trx, workspace, endpoint);
  if (found === undefined) return null;
  const held = (await countOpen(trx, workspace, [endpoint])).get(endpoint)?.count ?? 0;
  if (found.disabled_at === null) return held;
  await moveRouting(trx, workspace);
  const row = await trx
    .selectFrom('workspaces')
    .select('settings')
    .where('key', '=', workspace)
    .executeTakeFirstOrThrow();
  await trx
    .updateTable('endpoints')
    .set({
      ...NOT_RECOVERING,
      disabled_reason: null,
      disabled_at: null,
      disabled_by: null,
      recovery_since: at,
      probing: 1,
      release_per_second: readSettings(row.settings).release_per_second,
      updated_at: at,
    })
    .where('workspace', '=', workspace)
    .where('key', '=', endpoint)
    .execute();
  await clearErrors(trx, workspace, endpoint);
  await trx
    .deleteFrom('failing')
    .where('workspace', '=', workspace)
    .where('endpoint', '=', endpoint)
    .execute();
  if (choice === 'skip') await skipOpen(trx, workspace, endpoint, `skipped_by: ${by}`, at);
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
  const lanes = db
    .selectFrom('lanes as l')
    .select('l.endpoint')
    .where('l.workspace', '=', workspace)
    .where('l.endpoint', 'in', keys)
    .groupBy('l.endpoint');
  const counts = await lanes
    .innerJoin('deliveries as d', 'd.lane', 'l.key')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('d.workspace', '=', workspace)
    .where(isOpen('d.state'))
    .execute();
  if (counts.length === 0) return new Map();
  // Each lane's first open one, by index: the oldest is among them.
  const oldest = await lanes
    .select((eb) =>
      eb.fn
        .min<number | null>(
          eb
            .selectFrom('deliveries as d')
            .select('d.created_at')
            .where('d.workspace', '=', workspace)
            .whereRef('d.lane', '=', 'l.key')
            .where(isOpen('d.state'))
            .orderBy('d.sequence')
            .limit(1),
        )
        .as('oldest_at'),
    )
    .execute();
  const oldestAt = new Map(oldest.map((row) => [row.endpoint, row.oldest_at ?? 0]));
  return new Map(
    counts.map(({ endpoint, count }) => [endpoint, { count, oldestAt: oldestAt.get(endpoint) ?? 0 }]),
  );
}

/** Ends all open deliveries of an endpoint as skipped; returns how many. */
export async function skipOpen(
  trx: Transaction<Schema>,
  workspace: number,
  endpoint: number,
  reason: string,
  at: number,
): Promise<number> {
  const result = await trx
    .updateTable('deliveries')
    .set({ state: 'skipped', reason, ended_at: at, next_attempt_at: null })
    .where('workspace', '=', workspace)
    // By way of the lanes: what is open is indexed by lane.
    .where('lane', 'in', (eb) =>
      eb
        .selectFrom('lanes')
        .select('key')
        .where('workspace', '=', workspace)
        .where('endpoint', '=', endpoint),
    )
    .where(isOpen('state'))
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}
