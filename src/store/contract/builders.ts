/** Small builders of what the port takes, each with overrides, and a store to use them on. */

import { afterAll, afterEach, beforeEach } from 'vitest';
import { SLICES, sliceOf } from '../../core/delivery/slice.ts';
import { createKeyMaker } from '../../core/ids.ts';
import type { NewNotice } from '../queries/notices.ts';
import type { Workspace } from '../records/administration.ts';
import type { Bin, BinRequest } from '../records/bins.ts';
import type { NewDelivery } from '../records/delivery.ts';
import type { NewEndpoint, SealedSecret } from '../records/endpoints.ts';
import type { LaneItem, LaneState } from '../records/lanes.ts';
import type { Page } from '../records/log.ts';
import type { HeldSlice } from '../records/nodes.ts';
import type { NoticeDetails, NoticeKind } from '../records/notices.ts';
import type { NewEvent, PublishAnswer, PublishCall } from '../records/publishing.ts';
import type { AttemptRecord, AttemptResult } from '../records/results.ts';
import { DEFAULT_SETTINGS } from '../records/settings.ts';
import type { Store } from '../store.ts';

/** An empty, migrated store; every test gets its own. */
export interface Opened {
  store: Store;
  /** The same database through connections of its own, where the store admits that; else the same store. */
  another(): Promise<Store>;
  /** Closes the store and opens it anew on the same data. */
  reopen(): Promise<Store>;
  /** Writes notices past the port: within it they come with what they tell of. */
  insertNotices(rows: readonly NewNotice[]): Promise<void>;
  close(): Promise<void>;
}

export type OpenStore = () => Promise<Opened>;

/** A store that can be had again as if it were new: to open one costs more than most tests. */
export interface Reusable extends Opened {
  /** Closes what `another` opened, and removes all rows. */
  empty(): Promise<void>;
}

/** Opens stores that are emptied when a test is over and given to a later one; the last test's end closes them. */
export function reusing(openNew: () => Promise<Reusable>): OpenStore {
  const idle: Reusable[] = [];
  afterAll(async () => {
    for (const opened of idle) await opened.close();
  });
  return async () => {
    const opened = idle.pop() ?? (await openNew());
    return {
      ...opened,
      async close() {
        await opened.empty();
        idle.push(opened);
      },
    };
  };
}

/** Of a database's tables those that a test fills; others hold what the schema's steps put there. */
export function filledByTests(tables: readonly string[]): string[] {
  return tables.filter((table) => !/^(kysely|sqlite)_|^slices$|^search_index/.test(table));
}

/** As the schema's step made them. */
export const SLICES_AS_NEW = 'UPDATE slices SET owner = NULL, epoch = 0 WHERE epoch <> 0';

/** Of SQLite, whose tables of an index are written by the index alone. */
export const INDEX_AS_NEW = "INSERT INTO search_index (search_index) VALUES ('delete-all')";

/** Opens a store before each test and closes it afterwards. */
export function useStore(open: OpenStore): () => Opened {
  let opened: Opened | null = null;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    await opened?.close();
    opened = null;
  });
  return () => {
    if (opened === null) throw new Error('There is a store only while a test runs.');
    return opened;
  };
}

export const T0 = 1_800_000_000_000;
export const ALL: Page = { limit: 1_000, before: null };

const keys = createKeyMaker({ first: 0, count: 1 }, 0);
let counter = 0;

/** A new key; `at` is the time it speaks of. Keys only grow, whatever the time. */
export function aKey(at = T0): number {
  return keys.next(at);
}

function aName(kind: string): string {
  counter += 1;
  return `${kind}-${counter}`;
}

export function aWorkspace(
  over: Partial<Omit<Workspace, 'routingVersion'>> = {},
): Omit<Workspace, 'routingVersion'> {
  return {
    key: aKey(),
    name: 'Acme',
    plan: 'self-hosted',
    settings: DEFAULT_SETTINGS,
    owners: [],
    createdAt: T0,
    ...{ externalId: null, metadata: {}, suspended: null },
    ...over,
  };
}

const DETAILS: NoticeDetails = {
  'budget.warning': {
    level: 50,
    errors: 15,
    budget: { limit: 30, window_s: 1_800, scope: 'workspace' },
    endpoints: [
      {
        endpoint: 7,
        name: 'CRM',
        url: 'https://example.com/hook',
        errors: 15,
        error: 'http_500: status 500',
      },
    ],
  },
  'endpoint.disabled': {
    name: 'CRM',
    url: 'https://example.com/hook',
    reason: 'error_budget',
    by: 'mirsal',
    error: 'http_500: status 500',
    trip: { errors: 31, own: 31, budget: { limit: 30, window_s: 1_800, scope: 'workspace' } },
  },
  'endpoint.enabled': { name: 'CRM', url: 'https://example.com/hook', by: 'me', held: 3, choice: 'send' },
  'delivery.dropped': {
    name: 'CRM',
    url: 'https://example.com/hook',
    event: 'evt-1',
    event_type: 'contact.created',
    reason: 'retries_exhausted',
    attempts: 4,
  },
  'held.expiring': {
    name: 'CRM',
    url: 'https://example.com/hook',
    held: 12,
    oldest_at: T0,
    expires_at: T0 + 86_400_000,
  },
  'automation.failed': {
    automation: { key: 7, kind: 'rule', name: 'Tell the CRM' },
    run: 8,
    step: 'a',
    code: 'endpoint_gone',
    message: 'Its endpoint was deleted.',
  },
  'automation.braked': {
    automation: { key: 7, kind: 'rule', name: 'Tell the CRM' },
    run: 8,
    subject: '12',
  },
  'mail.refused': {
    automation: { key: 7, kind: 'rule', name: 'Tell the CRM' },
    mail: 9,
    run: 8,
    step: 'a',
    recipient: 'sam@example.com',
    error: '550 no such mailbox',
  },
};

/** An endpoint that the error budget disabled, unless said otherwise. */
export function aNotice<Kind extends NoticeKind = 'endpoint.disabled'>(
  over: Partial<NewNotice> & { workspace: number; kind?: Kind; details?: NoticeDetails[Kind] },
): NewNotice {
  const kind = over.kind ?? 'endpoint.disabled';
  return { kind, endpoint: null, delivery: null, details: DETAILS[kind], at: T0, ...over };
}

export function aSecret(over: Partial<SealedSecret> = {}): SealedSecret {
  return {
    key: aKey(),
    kind: 'v1',
    sealed: new Uint8Array([0, 1, 255]),
    createdAt: T0,
    expiresAt: null,
    ...over,
  };
}

export function anEndpoint(over: Partial<NewEndpoint> & { workspace: number }): NewEndpoint {
  return {
    key: aKey(),
    url: 'https://example.com/hook',
    name: 'A hook',
    eventTypes: ['*'],
    condition: null,
    ordering: { by: 'endpoint' },
    retry: { preset: 'three-minutes' },
    timeoutMs: 5_000,
    rateLimit: null,
    sealedHeaders: null,
    signature: { v1a: false, compatibility: 'none' },
    createdAt: T0,
    automation: null,
    lanes: [aKey()],
    secrets: [aSecret()],
    ...over,
  };
}

export function aDelivery(endpoint: NewEndpoint, over: Partial<NewDelivery> = {}): NewDelivery {
  return {
    key: aKey(),
    endpoint: endpoint.key,
    lane: endpoint.lanes[0] ?? 0,
    source: { kind: 'subscription', id: endpoint.key },
    body: null,
    ...over,
  };
}

/** An event for the first lanes of these endpoints. */
export function anEvent(endpoints: readonly NewEndpoint[], over: Partial<NewEvent> = {}): NewEvent {
  const id = over.id ?? aName('event');
  return {
    key: aKey(),
    id,
    type: 'contact.created',
    subject: null,
    createdAt: T0,
    body: `{"event_id":"${id}"}`,
    account: null,
    hash: `hash of ${id}`,
    verdicts: null,
    warnings: null,
    test: false,
    deliveries: endpoints.map((endpoint) => aDelivery(endpoint)),
    depth: 0,
    trace: null,
    activations: [],
    signals: false,
    ...over,
  };
}

export async function versionOf(store: Store, workspace: number): Promise<number> {
  return (await store.routingVersions([workspace])).get(workspace) ?? 0;
}

/** Publishes at the routing version of now. */
export async function publish(
  store: Store,
  workspace: number,
  events: readonly NewEvent[],
  over: Partial<PublishCall> = {},
): Promise<PublishAnswer> {
  return store.publish({
    workspace,
    routingVersion: over.routingVersion ?? (await versionOf(store, workspace)),
    acceptedAt: T0,
    idempotency: null,
    quota: null,
    searchable: true,
    events,
    ...over,
  });
}

/** Likewise; fails the test where it is not accepted. */
export async function publishAccepted(
  ...parameters: Parameters<typeof publish>
): Promise<Extract<PublishAnswer, { kind: 'accepted' }>> {
  const answer = await publish(...parameters);
  if (answer.kind !== 'accepted') throw new Error(`Not accepted: ${JSON.stringify(answer)}`);
  return answer;
}

/** A workspace with endpoints of one lane each, and a node `node-a` that holds all slices under epoch 1. */
export async function seed(
  store: Store,
  { endpoints: count = 1 }: { endpoints?: number } = {},
): Promise<{ workspace: number; endpoint: NewEndpoint; endpoints: NewEndpoint[] }> {
  const workspace = aWorkspace();
  await store.createWorkspace(workspace);
  const endpoints = Array.from({ length: count }, () => anEndpoint({ workspace: workspace.key }));
  for (const endpoint of endpoints) await store.createEndpoint(endpoint, 'me');
  if ((await store.heartbeat('node-a', { leaseMs: 60_000, sends: true })) === null)
    await join(store, 'node-a');
  const [endpoint] = endpoints;
  if (endpoint === undefined) throw new Error('At least one endpoint, please.');
  return { workspace: workspace.key, endpoint, endpoints };
}

/** Registers a node and has it take all free slices. */
export async function join(store: Store, node: string, leaseMs = 60_000): Promise<HeldSlice[]> {
  await store.registerNode(node, { leaseMs, sends: true });
  return store.takeSlices(node, SLICES);
}

/** The endpoint's first lane as its row says. */
export async function laneOf(store: Store, endpoint: NewEndpoint): Promise<LaneState> {
  const [state] = await store.readLanes(endpoint.lanes.slice(0, 1));
  if (state === undefined) throw new Error('There is no such lane.');
  return state;
}

/** What is open in the endpoint's first lane, with the bodies as text. */
export async function openItems(
  store: Store,
  endpoint: NewEndpoint,
  after = 0,
): Promise<Array<LaneItem & { text: string }>> {
  const lane = { workspace: endpoint.workspace, lane: endpoint.lanes[0] ?? 0 };
  const items = await store.loadLane(lane, after, 1_000, 1e9);
  return items.map((item) => ({ ...item, text: Buffer.from(item.body ?? []).toString() }));
}

export function anAttempt(over: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    number: 1,
    startedAt: T0 + 10,
    durationMs: 25,
    outcome: 'success',
    status: 200,
    error: null,
    note: null,
    address: '192.0.2.1',
    timings: '{"response":25}',
    requestHeaders: '[["content-type","application/json"]]',
    responseHeaders: '[["server","x"]]',
    responseBody: null,
    truncated: false,
    url: 'https://example.com/hook',
    ...over,
  };
}

export const DELIVERED: AttemptResult['next'] = { state: 'delivered', endedAt: T0 + 35, reason: 'HTTP 200' };
export const DROPPED: AttemptResult['next'] = { state: 'dropped', endedAt: T0 + 35, reason: 'used up' };
export const WAITING: AttemptResult['next'] = {
  state: 'waiting',
  nextAttemptAt: T0 + 30_035,
  waitedMs: 30_000,
  putOffs: 0,
  reason: 'HTTP 500',
};

/** The result of an item's attempt, under the epoch of its lane's slice. */
export function aResult(
  endpoint: NewEndpoint,
  epoch: number,
  item: Pick<LaneItem, 'key'>,
  over: Partial<AttemptResult> = {},
): AttemptResult {
  return {
    workspace: endpoint.workspace,
    slice: sliceOf(endpoint.lanes[0] ?? 0),
    epoch,
    delivery: item.key,
    endpoint: endpoint.key,
    eventType: 'contact.tag.added',
    attempt: anAttempt(),
    next: DELIVERED,
    disable: null,
    charged: false,
    probe: false,
    ...over,
  };
}

/** Publishes `count` events to the endpoint and returns what is open in its lane. */
export async function publishSome(store: Store, endpoint: NewEndpoint, count: number): Promise<LaneItem[]> {
  const events = Array.from({ length: count }, () => anEvent([endpoint]));
  await publishAccepted(store, endpoint.workspace, events);
  return openItems(store, endpoint);
}

export function aBinRequest(
  { workspace, key }: Pick<Bin, 'workspace' | 'key'>,
  over: Partial<BinRequest> = {},
): BinRequest {
  return {
    key: aKey(),
    workspace,
    bin: key,
    at: T0,
    method: 'POST',
    path: '/x?y=1',
    headers: '[["a","b"]]',
    body: new Uint8Array([0, 1, 2, 255]),
    truncated: false,
    signature: 'null',
    ...over,
  };
}

/** Indexes what the workspace has published: each event by what `termsOf` says of it. */
export async function indexAll(
  store: Store,
  workspace: number,
  termsOf: (event: { key: number; body: string }) => number[],
): Promise<void> {
  for (;;) {
    const { events, ...read } = await store.readUnindexed(workspace, { events: 100, bytes: 100_000 });
    if (read.done.length === 0 && read.left === null) return;
    const docs = events.map((event) => ({ event: event.key, terms: termsOf(event) }));
    await store.indexEvents(workspace, { ...read, docs });
  }
}
