/** What the verbs of faultCases.ts are called on, and what a case is. */

import { expect } from 'vitest';
import { DAY, HOUR } from '../../core/duration.ts';
import { firstKeyAt } from '../../core/ids.ts';
import type { NewNotice } from '../queries/notices.ts';
import type { NewAutomation, RunAdvance } from '../records/automation.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { OwnedReplay, Replay } from '../records/replays.ts';
import type { Store } from '../store.ts';
import {
  aDelivery,
  aKey,
  anEvent,
  aResult,
  DELIVERED,
  publishAccepted,
  publishSome,
  T0,
  WAITING,
} from './builders.ts';

export const SAME = Symbol('the same answer');
export const REFUSED = Symbol('an error that is no StoreUnavailable');

/** A fresh workspace with an endpoint and a registered node `node-a`. */
export interface Scene {
  store: Store;
  insertNotices(rows: readonly NewNotice[]): Promise<void>;
  workspace: number;
  endpoint: NewEndpoint;
}

export interface Given {
  call: () => Promise<unknown>;
  first: unknown;
  again: unknown;
}

export interface Case {
  given(scene: Scene): Promise<Given>;
  /** Whether the first call changes anything beside times, leases and the routing's version. */
  changes: boolean;
  /** The audit log tells how often it was asked for. */
  audited: boolean;
  /** Several transactions: what a fault leaves undone is done by the next call. */
  inSteps: boolean;
}

export function aCase(given: Case['given'], over: Partial<Case> = {}): Case {
  return { given, changes: true, audited: false, inSteps: false, ...over };
}

export const NOW = T0 + 1_000 * HOUR;

export async function aWaiting({ store, endpoint }: Scene): Promise<number> {
  const [item] = await publishSome(store, endpoint, 1);
  if (item === undefined) throw new Error('Nothing is open.');
  await store.record('node-a', endpoint.workspace, [aResult(endpoint, 1, item, { next: WAITING })]);
  return item.key;
}

/** An event of T0 that was delivered at once. */
export async function aDelivered({
  store,
  endpoint,
}: Scene): Promise<{ event: number; id: string; delivery: number }> {
  const delivery = aDelivery(endpoint);
  const event = anEvent([], { deliveries: [delivery] });
  await publishAccepted(store, endpoint.workspace, [event]);
  await store.record('node-a', endpoint.workspace, [aResult(endpoint, 1, delivery, { next: DELIVERED })]);
  return { event: event.key, id: event.id, delivery: delivery.key };
}

/** Everything of the scene's log is older. */
export const SPAN = { after: 0, before: firstKeyAt(NOW), limit: 100 };
export const SOME_GONE = expect.objectContaining({ deleted: expect.any(Number), last: null });
export const NSOME_GONE = expect.objectContaining({ deleted: 0 });

export async function isDisabled({ store, workspace, endpoint }: Scene): Promise<void> {
  await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
}

export async function aReplay(scene: Scene): Promise<Replay> {
  await aDelivered(scene);
  return {
    key: aKey(),
    workspace: scene.workspace,
    endpoint: scene.endpoint.key,
    filter: { since: T0, until: NOW, states: ['delivered'] },
    total: 1,
    done: 0,
    gone: 0,
    state: 'running',
    reason: null,
    createdBy: 'me',
    createdAt: NOW,
    endedAt: null,
  };
}

export async function anOwnedReplay(scene: Scene): Promise<OwnedReplay> {
  const replay = await aReplay(scene);
  await scene.store.createReplay(replay);
  const owned = (await scene.store.claimReplays('node-a', 100, NOW)).find(({ key }) => key === replay.key);
  if (owned === undefined) throw new Error('The replay does not run.');
  return owned;
}

export function aRule(workspace: number): NewAutomation {
  return {
    key: aKey(),
    workspace,
    kind: 'rule',
    name: 'A rule',
    position: 1,
    enabledAt: T0,
    definition: '{"v":1}',
    createdAt: T0,
  };
}

export async function aStoredRule({ store, workspace }: Scene): Promise<number> {
  const rule = aRule(workspace);
  await store.createAutomation(rule, [], 'me');
  return rule.key;
}

export const WAITS: RunAdvance = {
  state: 'waiting',
  reason: null,
  progress: '{}',
  // By any clock of a store.
  dueAt: 1,
  waitsFor: null,
  listensSince: null,
  deliveries: [],
  mails: [],
  steps: [],
  failure: null,
};

/** Of activations that are not counted. */
export const NO_BRAKE = { limit: null, periodEndsAt: null, resets: 0 };

export async function aRun(scene: Scene): Promise<number> {
  const automation = await aStoredRule(scene);
  const run = aKey();
  const activation = { ...WAITS, run, automation, version: 1, subject: null, ...NO_BRAKE };
  await publishAccepted(scene.store, scene.workspace, [anEvent([], { activations: [activation] })]);
  return run;
}

export function aBin(workspace: number) {
  const key = aKey();
  const answer = { status: 200, headers: {}, body: '', delay_ms: 0, failure_rate: 0 };
  return { key, workspace, token: `token-${key}`, answer, createdAt: T0, expiresAt: T0 + DAY };
}

export async function aStoredBin({ store, workspace }: Scene): Promise<number> {
  const bin = aBin(workspace);
  await store.createBin(bin, 9);
  return bin.key;
}

export function anApiKey(workspace: number) {
  const key = aKey();
  return {
    key,
    workspace,
    name: 'ci',
    prefix: `mk_${key}`,
    scopes: ['read'] as const,
    createdAt: T0,
    hash: `${key}`,
  };
}
