/** What publishing, recording and runs set off beside the plain cases of faultCases.ts: scenes whose statements are looked at. */

import { DAY, MINUTE } from '../../core/duration.ts';
import type { DueRun, NewActivation, RunAdvance } from '../records/automation.ts';
import type { LaneItem } from '../records/lanes.ts';
import type { NewEvent, PublishCall } from '../records/publishing.ts';
import {
  aDelivery,
  aKey,
  anAttempt,
  anEvent,
  aResult,
  DROPPED,
  openItems,
  publish,
  publishSome,
  T0,
  versionOf,
  WAITING,
} from './builders.ts';
import { BULK_SCENES } from './faultBulk.ts';
import { aStoredRule, isDisabled, type Scene, WAITS } from './faultScenes.ts';

const AWAITED = 'contact.tag.added';

function stepsOf(scene: Scene): Pick<RunAdvance, 'deliveries' | 'mails' | 'steps' | 'failure'> {
  const id = aKey();
  return {
    deliveries: [{ ...aDelivery(scene.endpoint), body: '{"own":1}' }],
    mails: [
      {
        recipient: 'sam@example.com',
        language: 'en',
        subject: 'Hello',
        text: 'There',
        messageId: `<${id}@example.com>`,
        step: 'a',
        limits: { perDay: 10, perRecipient: 5 },
      },
    ],
    steps: [{ step: 'a', kind: 'email', details: '{}', at: T0 }],
    failure: { step: 'b', code: 'endpoint_gone', message: 'Its endpoint was deleted.' },
  };
}

async function everyPublish(scene: Scene): Promise<void> {
  const { store, workspace, endpoint } = scene;
  const event = anEvent([endpoint]);
  const again = (over: Partial<PublishCall>, ...events: NewEvent[]) =>
    publish(store, workspace, [event, ...events], over);
  await again({ idempotency: { key: 'k', hash: 'h' } });
  // Known by its key, known by its id, and some of both.
  await again({ idempotency: { key: 'k', hash: 'h' } });
  await again({}, anEvent([endpoint]));
  await again({ quota: { limit: 10, day: 1 } }, anEvent([endpoint], { depth: 1 }));
  const large = await publish(store, workspace, [anEvent([endpoint], { body: `"${'x'.repeat(40_000)}"` })]);
  if (large.kind !== 'accepted') throw new Error('It was not accepted.');
  const [item] = (await openItems(store, endpoint)).filter(({ body }) => body === null);
  if (item === undefined) throw new Error('Its body was loaded with it.');
  await store.readLanesOf(workspace, [...endpoint.lanes, aKey()]);
  await store.readBody(workspace, item);
}

async function everyEffect(scene: Scene): Promise<void> {
  const { store, workspace, endpoint } = scene;
  const automation = await aStoredRule(scene);
  const activation = (over: Partial<NewActivation>): NewActivation => ({
    ...WAITS,
    ...{ run: aKey(), automation, version: 1, subject: 's', limit: 2, periodEndsAt: null, resets: 0 },
    ...over,
  });
  const listens = { waitsFor: AWAITED, listensSince: T0 };
  const activations = [
    activation({ ...stepsOf(scene), state: 'finished', dueAt: null }),
    activation(listens),
    activation({}),
  ];
  await publish(store, workspace, [anEvent([endpoint], { subject: 's', activations })]);
  await publish(store, workspace, [anEvent([], { type: AWAITED, subject: 's', signals: true })]);
  await store.workspacesWithRuns();
  const { runs } = await store.dueRuns(workspace, 10);
  const [run] = runs as [DueRun, ...DueRun[]];
  const version = await versionOf(store, workspace);
  await store.advanceRuns(version, [{ run, next: { ...WAITS, ...listens, ...stepsOf(scene) } }], T0 + 1);
  const own = (await openItems(store, endpoint)).find(({ ownBody }) => ownBody);
  if (own === undefined) throw new Error('No run has sent a body of its own.');
  await store.readBody(workspace, own);
}

function aFailure(scene: Scene, item: LaneItem, number: number) {
  const failed = { outcome: 'http', status: 500 } as const;
  const attempt = anAttempt({ ...failed, number, startedAt: T0 + number, durationMs: 0 });
  return aResult(scene.endpoint, 1, item, { attempt, next: WAITING, charged: true });
}

/** Warnings, a trip, a success that ends what failed, a drop, a receiver that is gone, a probe. */
async function everyConsequence(scene: Scene): Promise<void> {
  const { store, workspace, endpoint } = scene;
  const record = (...results: ReturnType<typeof aFailure>[]) => store.record('node-a', workspace, results);
  const items = await publishSome(store, endpoint, 4);
  const [first, second, third, fourth] = items as [LaneItem, LaneItem, LaneItem, LaneItem];
  await record(aFailure(scene, first, 1));
  await record(aResult(endpoint, 1, first, { attempt: anAttempt({ number: 2 }) }));
  for (let number = 1; number <= 31; number += 1) await record(aFailure(scene, second, number));
  await store.enableEndpoint(workspace, endpoint.key, 'send', 'me', T0 + MINUTE);
  await store.claimProbe(workspace, endpoint.key, endpoint.lanes[0] ?? 0);
  await record(aResult(endpoint, 1, second, { attempt: anAttempt({ number: 32 }), probe: true }));
  await record({ ...aFailure(scene, third, 1), next: DROPPED });
  const gone = { reason: 'gone', at: T0, by: 'receiver' } as const;
  await record({ ...aFailure(scene, fourth, 1), charged: false, disable: gone });
}

/** What the sweeps find something of. */
async function everySweep(scene: Scene): Promise<void> {
  const { store, workspace } = scene;
  await publish(store, workspace, [anEvent([])], { idempotency: { key: 'old', hash: 'h' } });
  await publish(store, workspace, [anEvent([])], { quota: { limit: 10, day: 1 } });
  await store.sweep(T0 + DAY, T0 + DAY, 100);
  await store.sweepOld(T0 + 1_000 * DAY, 100);
}

export const SHARDING_SCENES: ReadonlyArray<(scene: Scene) => Promise<void>> = [
  everyPublish,
  everyEffect,
  everyConsequence,
  async (scene) => {
    await publishSome(scene.store, scene.endpoint, 3);
    await isDisabled(scene);
    await scene.store.enableEndpoint(scene.workspace, scene.endpoint.key, 'skip', 'me', T0);
  },
  everySweep,
  ...BULK_SCENES,
];
