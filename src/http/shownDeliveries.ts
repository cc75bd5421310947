/**
 * Deliveries with all that is known around them: attempts, whether they are being sent at this
 * moment, and what they wait for. One query for the attempts of all, one for the lanes of those that are open.
 */

import { type DeliveryState, visibleState } from '../core/delivery/machine.ts';
import type { DeliveryOrigin } from '../store/records/automation.ts';
import type { StoredDelivery } from '../store/records/log.ts';
import type { HttpDeps } from './deps.ts';
import { openHeaders } from './endpointSecrets.ts';
import { sealedHeaders } from './views/bytes.ts';
import {
  attemptDetailView,
  attemptView,
  type DeliveryDetailView,
  type DeliveryView,
  deliveryMembersView,
} from './views/delivery.ts';
import { type WaitingFor, waitingFor } from './views/waiting.ts';

type Needs = Pick<HttpDeps, 'store' | 'engine' | 'clock'>;

export function stateOf(row: StoredDelivery, deps: Pick<HttpDeps, 'engine'>): DeliveryState {
  return visibleState(row.state, {
    endpointEnabled: row.endpointEnabled,
    sending: deps.engine.isSending(row.key),
  });
}

export async function showDeliveries(
  deps: Needs,
  workspace: number,
  rows: readonly StoredDelivery[],
): Promise<DeliveryView[]> {
  const tried = rows.filter((row) => row.attempts > 0).map((row) => row.key);
  const attempts = tried.length === 0 ? [] : await deps.store.listAttempts(workspace, tried, { full: false });
  const byDelivery = Map.groupBy(attempts, (attempt) => attempt.delivery);
  const [waiting, origins, resolving] = await Promise.all([
    findWaiting(deps, workspace, rows),
    findOrigins(deps, workspace, rows),
    findResolving(deps, workspace, rows),
  ]);
  return rows.map((row) => ({
    ...deliveryMembersView(row, {
      state: stateOf(row, deps),
      waitingFor: waiting.get(row.key) ?? null,
      origin: origins.get(row.message),
      resolvedBy: isUnsent(row) ? resolving.get(row.message) : undefined,
    }),
    attempts: (byDelivery.get(row.key) ?? []).map(attemptView),
  }));
}

export async function showDelivery(
  deps: Needs,
  workspace: number,
  row: StoredDelivery,
): Promise<DeliveryView> {
  const [shown] = await showDeliveries(deps, workspace, [row]);
  if (!shown) throw new Error('One delivery in, one delivery out.');
  return shown;
}

export async function showDeliveryInFull(
  deps: Needs & Pick<HttpDeps, 'sealer'>,
  workspace: number,
  row: StoredDelivery,
  options: { showSecrets: boolean },
): Promise<DeliveryDetailView> {
  const [waiting, origins, resolving, attempts, own, event] = await Promise.all([
    findWaiting(deps, workspace, [row]),
    findOrigins(deps, workspace, [row]),
    findResolving(deps, workspace, [row]),
    deps.store.listAttempts(workspace, [row.key], { full: true }),
    deps.store.findOwnBody(workspace, row.message),
    deps.store.findEvent(workspace, row.eventId),
  ]);
  const body = own ?? event?.body ?? null;
  const members = deliveryMembersView(row, {
    state: stateOf(row, deps),
    waitingFor: waiting.get(row.key) ?? null,
    origin: origins.get(row.message),
    resolvedBy: isUnsent(row) ? resolving.get(row.message) : undefined,
  });
  return {
    ...members,
    attempts: attempts.map((attempt) => {
      const own = openHeaders(deps.sealer, sealedHeaders(attempt.requestHeaders), options.showSecrets);
      return attemptDetailView(attempt, body, own, options);
    }),
  };
}

/** By message, the runs and steps that asked for them: repeats keep their message. */
async function findOrigins(
  deps: Pick<HttpDeps, 'store'>,
  workspace: number,
  rows: readonly StoredDelivery[],
): Promise<Map<number, DeliveryOrigin>> {
  const asked = rows.filter(({ source }) => source.kind === 'rule' || source.kind === 'workflow');
  const messages = [...new Set(asked.map(({ message }) => message))];
  const origins = messages.length === 0 ? [] : await deps.store.findOrigins(workspace, messages);
  return new Map(origins.map((origin) => [origin.delivery, origin]));
}

function isUnsent({ state }: StoredDelivery): boolean {
  return state === 'dropped' || state === 'skipped';
}

/** By message, the repeats that made good what did not arrive. */
async function findResolving(
  deps: Pick<HttpDeps, 'store'>,
  workspace: number,
  rows: readonly StoredDelivery[],
): Promise<Map<number, number>> {
  const messages = new Set(rows.filter(isUnsent).map(({ message }) => message));
  return messages.size === 0 ? new Map() : deps.store.findResolving(workspace, [...messages]);
}

/** By key, what those that are open wait for; none for one that has ended, is being sent, or is next in turn. */
export async function findWaiting(
  deps: Needs,
  workspace: number,
  rows: readonly StoredDelivery[],
): Promise<Map<number, WaitingFor>> {
  const states = new Map(rows.map((row) => [row.key, stateOf(row, deps)]));
  const queued = rows.filter(({ key }) => ['pending', 'waiting'].includes(states.get(key) ?? ''));
  const heads = await deps.store.laneHeads(workspace, queued);
  const headOf = new Map(queued.map(({ key }, index) => [key, heads[index] ?? null]));
  const now = deps.clock.now();
  return new Map(
    [...states].flatMap(([key, state]) => {
      const nextAttemptAt = rows.find((row) => row.key === key)?.nextAttemptAt ?? null;
      const waiting = waitingFor({ state, nextAttemptAt }, headOf.get(key) ?? null, now);
      return waiting === null ? [] : [[key, waiting] as const];
    }),
  );
}
