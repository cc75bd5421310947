/**
 * Deliveries with all that is known around them: attempts, whether they are being sent at this
 * moment, and what they wait for. One query for the attempts of all, one per open delivery for its lane.
 */

import { type DeliveryState, isEnd, visibleState } from '../core/delivery/machine.ts';
import type { StoredDelivery } from '../store/records.ts';
import type { HttpDeps } from './deps.ts';
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
  return Promise.all(
    rows.map(async (row) => ({
      ...(await showMembers(deps, row)),
      attempts: (byDelivery.get(row.key) ?? []).map(attemptView),
    })),
  );
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
  deps: Needs,
  workspace: number,
  row: StoredDelivery,
  options: { showSecrets: boolean },
): Promise<DeliveryDetailView> {
  const [members, attempts, own, event] = await Promise.all([
    showMembers(deps, row),
    deps.store.listAttempts(workspace, [row.key], { full: true }),
    deps.store.findOwnBody(workspace, row.message),
    deps.store.findEvent(workspace, row.eventId),
  ]);
  const body = own ?? event?.body ?? null;
  return { ...members, attempts: attempts.map((attempt) => attemptDetailView(attempt, body, options)) };
}

/** What an open delivery waits for; null for one that waits for nothing. */
export async function findWaiting(deps: Needs, row: StoredDelivery): Promise<WaitingFor | null> {
  const state = stateOf(row, deps);
  if (isEnd(state) || state === 'sending') return null;
  const head = state === 'held' ? null : await deps.store.laneHead(row.workspace, row.lane, row.sequence);
  return waitingFor({ state, nextAttemptAt: row.nextAttemptAt }, head, deps.clock.now());
}

async function showMembers(deps: Needs, row: StoredDelivery): Promise<Omit<DeliveryView, 'attempts'>> {
  const waiting = await findWaiting(deps, row);
  return deliveryMembersView(row, { state: stateOf(row, deps), waitingFor: waiting });
}
