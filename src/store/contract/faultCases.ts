/**
 * Every verb of the port that writes, for faults.ts: a call of it, what that answers, and what the same call
 * answers when it had been done already and its answer was lost. A verb that is added to the port must be
 * added here, or to those that only read (reading.ts): it does not compile otherwise.
 *
 * What is created bears a key of the caller's: made again under it, it is refused (REFUSED) and nothing
 * changes. It is not answered as if it were new, since another thing might have that key.
 */

import { expect } from 'vitest';
import { SLICES } from '../../core/delivery/slice.ts';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import { SKIPPED_AT_ONCE } from '../queries/skips.ts';
import type { Store } from '../store.ts';
import {
  aBinRequest,
  aKey,
  aNotice,
  anEndpoint,
  anEvent,
  aResult,
  aSecret,
  aWorkspace,
  laneOf,
  publish,
  publishSome,
  seed,
  T0,
  versionOf,
} from './builders.ts';
import { AUTOMATION_CASES } from './faultAutomation.ts';
import { BULK_CASES } from './faultBulk.ts';
import { CUSTOMER_CASES } from './faultCustomers.ts';
import { JOB_CASES } from './faultJobs.ts';
import { PEOPLE_CASES } from './faultPeople.ts';
import { REQUEST_CASES } from './faultRequests.ts';
import {
  aBin,
  aCase,
  aDelivered,
  anApiKey,
  anOwnedReplay,
  aReplay,
  aStoredBin,
  aWaiting,
  type Case,
  isDisabled,
  NOW,
  NSOME_GONE,
  REFUSED,
  SAME,
  type Scene,
  SOME_GONE,
  SPAN,
} from './faultScenes.ts';
import { SEARCH_CASES } from './faultSearch.ts';
import type { Reading } from './reading.ts';

type Other = 'migrate' | 'ping' | 'load' | 'close' | 'recording' | 'notify' | 'listen';
type Writing = Exclude<keyof Store, Reading | Other>;

const ADMINISTRATION = {
  keepCanary: aCase(async ({ store }) => {
    const canary = new Uint8Array([1, 2, 3]);
    return { call: async () => [...(await store.keepCanary(canary))], first: [1, 2, 3], again: SAME };
  }),
  createApiKey: aCase(async ({ store, workspace }) => {
    const key = anApiKey(workspace);
    return { call: () => store.createApiKey(key, 'me'), first: undefined, again: REFUSED };
  }),
  revokeApiKey: aCase(async ({ store, workspace }) => {
    const key = anApiKey(workspace);
    await store.createApiKey(key, 'me');
    return { call: () => store.revokeApiKey(workspace, key.key, T0, 'me'), first: true, again: false };
  }),
  putEventType: aCase(async ({ store, workspace }) => {
    const type = { workspace, name: 'a.b', definition: '{}', createdAt: T0, updatedAt: T0 };
    return { call: () => store.putEventType(type), first: true, again: SAME };
  }),
  deleteEventType: aCase(async ({ store, workspace }) => {
    await store.putEventType({ workspace, name: 'a.b', definition: '{}', createdAt: T0, updatedAt: T0 });
    return { call: () => store.deleteEventType(workspace, 'a.b'), first: true, again: false };
  }),
} satisfies Partial<Record<Writing, Case>>;

const ENDPOINTS = {
  createEndpoint: aCase(async ({ store, workspace }) => {
    const endpoint = anEndpoint({ workspace });
    return { call: () => store.createEndpoint(endpoint, 'me'), first: undefined, again: REFUSED };
  }),
  updateEndpoint: aCase(
    async ({ store, workspace, endpoint }) => ({
      call: () => store.updateEndpoint(workspace, endpoint.key, { name: 'Other' }, T0, 'me'),
      first: true,
      again: SAME,
    }),
    { audited: true },
  ),
  deleteEndpoint: aCase(async ({ store, workspace, endpoint }) => {
    await publishSome(store, endpoint, 1);
    return { call: () => store.deleteEndpoint(workspace, endpoint.key, T0, 'me'), first: true, again: false };
  }),
  disableEndpoint: aCase(async ({ store, workspace, endpoint }) => ({
    call: () => store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' }),
    first: true,
    again: SAME,
  })),
  enableEndpoint: aCase(async (scene) => {
    const { store, workspace, endpoint } = scene;
    await publishSome(store, endpoint, 2);
    await isDisabled(scene);
    const call = () => store.enableEndpoint(workspace, endpoint.key, 'skip', 'me', T0);
    // What it skipped is not held any more.
    return { call, first: 2, again: 0 };
  }),
  rotateSecret: aCase(async ({ store, workspace, endpoint }) => {
    const secret = aSecret();
    const call = () => store.rotateSecret(workspace, endpoint.key, secret, T0 + DAY, 'me');
    return { call, first: true, again: REFUSED };
  }),
  claimProbe: aCase(async (scene) => {
    const { store, workspace, endpoint } = scene;
    await isDisabled(scene);
    await store.enableEndpoint(workspace, endpoint.key, 'send', 'me', T0);
    const lane = endpoint.lanes[0] ?? 0;
    return { call: () => store.claimProbe(workspace, endpoint.key, lane), first: true, again: SAME };
  }),
} satisfies Partial<Record<Writing, Case>>;

const DELIVERIES = {
  publish: aCase(async ({ store, workspace, endpoint }) => {
    const event = anEvent([endpoint]);
    const routingVersion = await versionOf(store, workspace);
    return {
      call: () => publish(store, workspace, [event], { routingVersion }),
      first: expect.objectContaining({ kind: 'accepted', repeated: [false] }),
      again: expect.objectContaining({ kind: 'accepted', repeated: [true] }),
    };
  }),
  record: aCase(async ({ store, workspace, endpoint }) => {
    const items = await publishSome(store, endpoint, 2);
    const results = items.map((item) => aResult(endpoint, 1, item));
    const first = { verdicts: ['recorded', 'recorded'], moved: [] };
    return { call: () => store.record('node-a', workspace, results), first, again: SAME };
  }),
  retryNow: aCase(
    async (scene) => {
      const delivery = await aWaiting(scene);
      const call = () => scene.store.retryNow(scene.workspace, delivery, T0 + 1, 'me');
      return { call, first: expect.objectContaining({ kind: 'changed' }), again: SAME };
    },
    { audited: true },
  ),
  skipDelivery: aCase(async (scene) => {
    const delivery = await aWaiting(scene);
    return {
      call: () => scene.store.skipDelivery(scene.workspace, delivery, 'me', T0 + 1),
      first: expect.objectContaining({ kind: 'changed' }),
      again: { kind: 'unchanged', state: 'skipped' },
    };
  }),
  replayDelivery: aCase(async (scene) => {
    const { delivery } = await aDelivered(scene);
    const replay = { key: aKey(), now: NOW, by: 'me' };
    return {
      call: () => scene.store.replayDelivery(scene.workspace, delivery, replay),
      first: expect.objectContaining({ kind: 'changed' }),
      again: REFUSED,
    };
  }),
  replayEvent: aCase(async (scene) => {
    const { event, id } = await aDelivered(scene);
    const key = aKey();
    const replay = { endpoints: null, nextKey: () => key, now: NOW, by: 'me' };
    return {
      call: () => scene.store.replayEvent(scene.workspace, { key: event, id }, replay),
      first: expect.objectContaining({ made: [expect.objectContaining({ key })] }),
      again: REFUSED,
    };
  }),
} satisfies Partial<Record<Writing, Case>>;

const REPLAYS = {
  createReplay: aCase(async (scene) => {
    const replay = await aReplay(scene);
    const again = { kind: 'running', key: replay.key };
    return { call: () => scene.store.createReplay(replay), first: { kind: 'created' }, again };
  }),
  cancelReplay: aCase(async (scene) => {
    const { key, workspace } = await anOwnedReplay(scene);
    return { call: () => scene.store.cancelReplay(workspace, key, NOW, 'me'), first: true, again: false };
  }),
  // One after the other, each by itself.
  claimReplays: aCase(
    async (scene) => {
      // Those of earlier scenes would be claimed along, each at a place of its own where the fault can strike.
      for (const { workspace, key } of await scene.store.claimReplays('node-a', 100, NOW))
        await scene.store.cancelReplay(workspace, key, NOW, 'me');
      const replays = [await aReplay(scene), await aReplay({ ...scene, ...(await seed(scene.store)) })];
      for (const replay of replays) await scene.store.createReplay(replay);
      const first = replays.map(({ key }) => expect.objectContaining({ key }));
      return { call: () => scene.store.claimReplays('node-a', 100, NOW), first, again: first };
    },
    { inSteps: true },
  ),
  sendReplayBatch: aCase(async (scene) => {
    const replay = await anOwnedReplay(scene);
    const originals = await scene.store.listOriginals(replay, 'delivered', 0, 10);
    const batch = originals.map(({ key, ...place }) => ({ original: key, key: aKey(), ...place }));
    const call = () => scene.store.sendReplayBatch('node-a', replay, batch, { now: NOW, maxOpen: 100 });
    // The replay has moved on since it was read: it is read again.
    return { call, first: expect.objectContaining({ kind: 'sent' }), again: { kind: 'lost' } };
  }),
  finishReplay: aCase(async (scene) => {
    const replay = await anOwnedReplay(scene);
    return { call: () => scene.store.finishReplay('node-a', replay, NOW), first: true, again: false };
  }),
} satisfies Partial<Record<Writing, Case>>;

async function aTenant({ store, insertNotices }: Scene): Promise<number> {
  const workspace = aWorkspace({ owners: [{ email: 'sam@example.com', language: 'en' }] });
  await store.createWorkspace(workspace);
  await insertNotices([aNotice({ workspace: workspace.key, kind: 'budget.warning' })]);
  return workspace.key;
}

const composing = (store: Store, workspace: number) => {
  const messageId = `<${aKey()}@example.com>`;
  return store.composeMails(workspace, {
    now: T0 + MINUTE,
    groupMs: MINUTE,
    droppedMs: HOUR,
    notBefore: T0 - DAY,
    messageId: () => messageId,
  });
};

const NOTICES = {
  markPublished: aCase(async (scene) => {
    const workspace = await aTenant(scene);
    const notices = (await scene.store.listUnpublishedNotices(workspace, 0, 100)).map(({ key }) => key);
    return { call: () => scene.store.markPublished(workspace, notices, T0), first: undefined, again: SAME };
  }),
  composeMails: aCase(async (scene) => {
    const workspace = await aTenant(scene);
    const first = expect.objectContaining({ mails: 1 });
    return {
      call: () => composing(scene.store, workspace),
      first,
      again: expect.objectContaining({ mails: 0 }),
    };
  }),
  claimDueMails: aCase(async (scene) => {
    const workspace = await aTenant(scene);
    await composing(scene.store, workspace);
    const call = () => scene.store.claimDueMails(workspace, T0 + MINUTE, 100, MINUTE);
    // They come again when the lease is over, under the same Message-ID.
    return { call, first: [expect.objectContaining({ attempts: 1 })], again: [] };
  }),
  settleMail: aCase(async (scene) => {
    const workspace = await aTenant(scene);
    await composing(scene.store, workspace);
    const mail = (await scene.store.claimDueMails(workspace, T0 + MINUTE, 100, MINUTE))[0]?.key ?? 0;
    const refused = { kind: 'refused', at: T0 + MINUTE, error: '550 no such mailbox' } as const;
    const call = () => scene.store.settleMail(workspace, mail, refused);
    return { call, first: undefined, again: SAME };
  }),
} satisfies Partial<Record<Writing, Case>>;

const BINS = {
  createBin: aCase(async ({ store, workspace }) => {
    const bin = aBin(workspace);
    return { call: () => store.createBin(bin, 9), first: true, again: REFUSED };
  }),
  updateBinAnswer: aCase(async (scene) => {
    const bin = await aStoredBin(scene);
    const answer = { ...aBin(0).answer, status: 500 };
    return {
      call: () => scene.store.updateBinAnswer(scene.workspace, bin, answer),
      first: true,
      again: SAME,
    };
  }),
  deleteBin: aCase(async (scene) => {
    const bin = await aStoredBin(scene);
    return { call: () => scene.store.deleteBin(scene.workspace, bin), first: true, again: false };
  }),
  captureRequest: aCase(
    async (scene) => {
      const bin = { workspace: scene.workspace, key: await aStoredBin(scene) };
      const request = aBinRequest(bin);
      return {
        call: () => scene.store.captureRequest(request, { requests: 5, bytes: 1_000 }),
        first: undefined,
        again: undefined,
      };
    },
    { inSteps: true },
  ),
} satisfies Partial<Record<Writing, Case>>;

const HOUSEKEEPING = {
  sweep: aCase(async (scene) => {
    await aStoredBin(scene);
    return { call: () => scene.store.sweep(T0 + DAY, T0, 100), first: 1, again: 0 };
  }),
  sweepOld: aCase(
    async ({ store, insertNotices, workspace }) => {
      await insertNotices([aNotice({ workspace })]);
      return { call: () => store.sweepOld(T0 + 1_000 * DAY, 100), first: expect.any(Number), again: SAME };
    },
    { inSteps: true },
  ),
  foldStats: aCase(
    async ({ store, workspace, endpoint }) => {
      await publishSome(store, endpoint, 1);
      const call = () => store.foldStats(T0 + 3 * HOUR, 100);
      const events = async () => {
        const span = { since: T0 - DAY, until: T0 + DAY, stepMs: DAY };
        return (await store.readEventStats(workspace, span)).map((point) => point.events);
      };
      // However often it is called, what was counted stays as it was.
      return { call: async () => [await call(), await events()].slice(1), first: [[1]], again: SAME };
    },
    { inSteps: true },
  ),
  purgeAttempts: aCase(async (scene) => {
    await aDelivered(scene);
    return {
      call: () => scene.store.purgeAttempts(scene.workspace, SPAN),
      first: SOME_GONE,
      again: NSOME_GONE,
    };
  }),
  purgeBodies: aCase(async (scene) => {
    await aDelivered(scene);
    return {
      call: () => scene.store.purgeBodies(scene.workspace, SPAN),
      first: SOME_GONE,
      again: NSOME_GONE,
    };
  }),
  purgeEvents: aCase(async (scene) => {
    await aDelivered(scene);
    return {
      call: () => scene.store.purgeEvents(scene.workspace, SPAN),
      first: SOME_GONE,
      again: NSOME_GONE,
    };
  }),
  warnOfExpiry: aCase(async (scene) => {
    await publishSome(scene.store, scene.endpoint, 1);
    await isDisabled(scene);
    return { call: () => scene.store.warnOfExpiry(scene.workspace, T0 + 6.5 * DAY, 7), first: 1, again: 0 };
  }),
  writeSkips: aCase(async ({ store, workspace, endpoint }) => {
    await publishSome(store, endpoint, SKIPPED_AT_ONCE + 2);
    await store.deleteEndpoint(workspace, endpoint.key, T0, 'me');
    return { call: () => store.writeSkips(workspace, 100), first: false, again: false };
  }),
  expireHeld: aCase(async (scene) => {
    await publishSome(scene.store, scene.endpoint, 1);
    await isDisabled(scene);
    return {
      call: () => scene.store.expireHeld(scene.workspace, T0 + 8 * DAY, 7, 100),
      first: { skipped: 1, lanes: scene.endpoint.lanes },
      again: { skipped: 0, lanes: [] },
    };
  }),
} satisfies Partial<Record<Writing, Case>>;

const SENDS = { leaseMs: MINUTE, sends: true };

async function releaseSlice(store: Store, wanted: number): Promise<void> {
  const { held } = await store.readSlices('node-a');
  await store.releaseSlices(
    'node-a',
    held.filter(({ slice }) => slice === wanted),
  );
}

const NODES = {
  registerNode: aCase(async ({ store }) => {
    const node = `node-${aKey()}`;
    const first = expect.objectContaining({ slots: expect.anything() });
    return { call: () => store.registerNode(node, SENDS), first, again: SAME };
  }),
  heartbeat: aCase(
    async ({ store }) => ({
      call: () => store.heartbeat('node-a', { leaseMs: MINUTE, sends: true }),
      first: { now: expect.any(Number), listening: expect.any(Array) },
      again: SAME,
    }),
    { changes: false },
  ),
  unregisterNode: aCase(async ({ store }) => {
    const node = `node-${aKey()}`;
    await store.registerNode(node, SENDS);
    return { call: () => store.unregisterNode(node), first: undefined, again: SAME };
  }),
  // What was taken when the answer was lost is told by readSlices.
  takeSlices: aCase(async ({ store }) => {
    await releaseSlice(store, 7);
    return {
      call: () => store.takeSlices('node-a', 10),
      first: [{ slice: 7, epoch: expect.any(Number) }],
      again: [],
    };
  }),
  releaseSlices: aCase(async ({ store }) => {
    await store.takeSlices('node-a', SLICES);
    const held = (await store.readSlices('node-a')).held.filter(({ slice }) => slice === 7);
    return { call: () => store.releaseSlices('node-a', held), first: undefined, again: SAME };
  }),
  settleLanes: aCase(async ({ store, endpoint, workspace }) => {
    const [item] = await publishSome(store, endpoint, 1);
    await store.skipDelivery(workspace, item?.key ?? 0, 'me', T0);
    const { lane, lastSequence, revision } = await laneOf(store, endpoint);
    return {
      call: () => store.settleLanes([{ workspace, lane, lastSequence, revision }]),
      first: [lane],
      // Closed already; who asks finds that by looking at the lane.
      again: [],
    };
  }),
} satisfies Partial<Record<Writing, Case>>;

export const CASES: Record<Writing, Case> = {
  ...ADMINISTRATION,
  ...ENDPOINTS,
  ...DELIVERIES,
  ...REPLAYS,
  ...NOTICES,
  ...AUTOMATION_CASES,
  ...BINS,
  ...CUSTOMER_CASES,
  ...PEOPLE_CASES,
  ...JOB_CASES,
  ...BULK_CASES,
  ...REQUEST_CASES,
  ...SEARCH_CASES,
  ...HOUSEKEEPING,
  ...NODES,
};
