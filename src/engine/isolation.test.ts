/** P11: what cannot be read, rendered or afforded says so itself, and stops nobody else; with a real store and receiver. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anAutomation } from '../../test/support/automation.ts';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import {
  anEndpoint,
  anEngine,
  aSqliteStore,
  aTagEvent,
  aWorkspace,
  type NewNotice,
  WORKSPACE,
} from '../../test/support/engine.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { SECOND } from '../core/duration.ts';
import { formatId } from '../core/ids.ts';
import { EFFECT_LIMITS } from '../core/workflow/step.ts';
import { renderDue } from '../mail/render.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import { DEFAULT_SETTINGS } from '../store/records/settings.ts';
import type { Store } from '../store/store.ts';
import type { Mail } from '../world.ts';
import type { Engine, PublishEvent } from './engine.ts';

const ALL = { limit: 1_000, before: null };
const TRIGGER = { event_type: 'contact.tag.added' };

let clock: MovableClock;
let store: Store;
let insert: (rows: readonly NewNotice[]) => Promise<void>;
let engine: Engine;
let receiver: Receiver;
let dispose: () => Promise<void>;

beforeEach(async () => {
  clock = createMovableClock();
  const opened = await aSqliteStore(clock);
  ({ store, dispose } = opened);
  insert = opened.insertNotices;
  engine = anEngine(store, clock);
  receiver = await startReceiver();
  await engine.start();
});
afterEach(async () => {
  await engine.stop();
  await receiver.close();
  await dispose();
});

const target = (path: string): Promise<Endpoint> =>
  anEndpoint(engine, store, { url: receiver.url + path, eventTypes: [] });
const webhook = (endpoint: Endpoint, more: object = {}) => ({
  type: 'webhook',
  endpoint_id: formatId('ep', endpoint.key),
  ...more,
});
const publish = async (event: PublishEvent) => {
  const outcome = await engine.publish(WORKSPACE, () => [event], null);
  if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
  const [accepted] = outcome.accepted;
  return { ...accepted, verdicts: (await store.findEvent(WORKSPACE, accepted?.id ?? ''))?.verdicts ?? '[]' };
};
const runs = () => store.listRuns(WORKSPACE, {}, ALL);

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    clock.move(SECOND);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** As a version that was laxer has saved it. */
async function corrupt(automation: number, definition: object, waiting: 'keep' | 'move'): Promise<void> {
  const saving = { endpoints: [], waiting, by: 'me', at: clock.now() };
  await store.updateAutomation(WORKSPACE, automation, { definition: JSON.stringify(definition) }, saving);
  await engine.routingChanged(WORKSPACE);
}

describe('W23: a definition that cannot be read any more', () => {
  test.each([
    ['does not compile', { steps: [{ id: 'a', type: 'delay', for: 'a while' }] }],
    ['lacks its steps', { steps: undefined }],
    ['has a condition that cannot be judged', { triggers: [{ ...TRIGGER, condition: { all: 7 } }] }],
  ])('%s: it says so on its events; endpoints and other automations go on', async (_name, broken) => {
    const [one, two] = [await target('/one'), await target('/two')];
    await store.updateEndpoint(WORKSPACE, two.key, { eventTypes: [TRIGGER.event_type] }, 0, 'test');
    const flow = { triggers: [TRIGGER], steps: [{ id: 'a', ...webhook(one) }] };
    const { key } = await anAutomation(engine, store, 'workflow', flow);
    await anAutomation(engine, store, 'rule', { trigger: TRIGGER, actions: [webhook(one)] });
    await corrupt(
      key,
      { on_error: 'stop', max_activations_per_subject: 20, max_overdue: 'P1D', ...flow, ...broken },
      'keep',
    );
    const accepted = await publish(aTagEvent(1));
    expect(accepted).toMatchObject({ deliveries: 2, runs: 1 });
    expect(JSON.parse(accepted.verdicts)).toMatchObject([
      { source: { kind: 'workflow', id: key }, reason: expect.stringContaining('definition_invalid: ') },
    ]);
    await receiver.count(2);
    expect(receiver.received.map(({ path }) => path).toSorted()).toEqual(['/one', '/two']);
  });

  test('its waiting runs fail with that reason, and others that are due go on', async () => {
    const one = await target('/one');
    const steps = [
      { id: 'wait', type: 'delay', for: 'PT1S' },
      { id: 'send', ...webhook(one) },
    ];
    const broken = await anAutomation(engine, store, 'workflow', { triggers: [TRIGGER], steps });
    await anAutomation(engine, store, 'workflow', { triggers: [TRIGGER], steps });
    await publish(aTagEvent(1));
    await corrupt(
      broken.key,
      { triggers: [TRIGGER], steps: [{ id: 'wait', type: 'delay', for: '' }] },
      'move',
    );
    await until(async () => (await runs()).every(({ state }) => state !== 'waiting'));
    const ended = (await runs()).map(({ automation, state, reason }) => [
      automation === broken.key,
      state,
      reason,
    ]);
    expect(ended).toContainEqual([true, 'failed', expect.stringContaining('definition_invalid: ')]);
    expect(ended).toContainEqual([false, 'finished', 'end']);
    await receiver.count(1);
  });
});

test('P11: a run that cannot be written rests; the others of its batch, and of other workspaces, go on', async () => {
  await engine.stop();
  let broken = 0;
  let tries = 0;
  const advanceRuns: Store['advanceRuns'] = (version, steps, now) => {
    if (!steps.some(({ run }) => run.key === broken)) return store.advanceRuns(version, steps, now);
    tries += 1;
    return Promise.reject(new Error('its lane is gone'));
  };
  engine = anEngine({ ...store, advanceRuns }, clock);
  await engine.start();
  const steps = [{ id: 'wait', type: 'delay', for: 'PT1S' }];
  await anAutomation(engine, store, 'workflow', { triggers: [TRIGGER], steps });
  for (const contact of [1, 2, 3]) await publish(aTagEvent(contact, contact));
  broken = (await runs())[1]?.key ?? 0;
  await until(async () => (await runs()).filter(({ state }) => state === 'finished').length === 2);
  await until(async () => tries > 0 && (await store.dueRuns(WORKSPACE, 10)).runs.length === 0);
  const before = tries;
  expect((await runs())[1]).toMatchObject({ key: broken, state: 'waiting' });
  await until(async () => tries > before);
  broken = 0;
  await until(async () => (await runs()).every(({ state }) => state === 'finished'));
});

test('P11: notices that cannot be read are passed over; those of their workspace and of others are told', async () => {
  await engine.stop();
  const sent: string[] = [];
  const send = async ({ to, subject }: Mail) => {
    sent.push(`${to} ${subject}`);
    return { kind: 'accepted' as const };
  };
  const render = (mail: Parameters<typeof renderDue>[0]) =>
    renderDue(mail, { publicUrl: 'https://hooks.example.com', webhooksPage: null });
  engine = anEngine(store, clock, { mailing: { render, send, host: 'hooks.example.com' } });
  await engine.start();
  await aWorkspace(store, 2);
  for (const workspace of [WORKSPACE, 2]) {
    const notification_recipients = [{ email: `w${workspace}@example.com`, language: 'en' as const }];
    await store.updateWorkspace(
      workspace,
      { settings: { ...DEFAULT_SETTINGS, notification_recipients } },
      0,
      'me',
    );
  }
  const url = `${receiver.url}/ops`;
  const eventTypes = ['endpoint.enabled'];
  await anEndpoint(engine, store, { url, eventTypes });
  await anEndpoint(engine, store, { url, eventTypes, workspace: 2 });
  const details = {
    name: 'CRM',
    url: 'https://crm.example.com/',
    by: 'me',
    held: 0,
    choice: 'send',
  } as const;
  const notice = (workspace: number, good: boolean): NewNotice => ({
    ...{ workspace, kind: 'endpoint.enabled', endpoint: 7, delivery: null, at: clock.now() },
    details: good ? details : ({} as typeof details),
  });
  const broken = Array.from({ length: 250 }, () => notice(WORKSPACE, false));
  await insert([...broken, notice(WORKSPACE, true), notice(2, true)]);
  await until(async () => receiver.received.length === 2 && sent.length === 2);
  expect(sent.map((mail) => mail.split(' ')[0]).toSorted()).toEqual(['w1@example.com', 'w2@example.com']);
  expect(await store.listUnpublishedNotices(2, 0, 10)).toEqual([]);
  expect(await store.listUnpublishedNotices(WORKSPACE, 0, 1_000)).toHaveLength(250);
});

test('P14, W22: a hundred rules that embed a body of 1 MB do not exhaust the memory; what has no room says so', async () => {
  const one = await target('/one');
  await store.disableEndpoint(WORKSPACE, one.key, { reason: 'manual', at: 0, by: 'me' });
  const actions = [webhook(one, { template: { body: '{{data.tag.name}}' } })];
  for (let n = 0; n < 100; n += 1) await anAutomation(engine, store, 'rule', { trigger: TRIGGER, actions });
  const large = aTagEvent(1);
  const value = large.value as { tag: { name: string } };
  value.tag.name = 'م'.repeat(900_000);
  const before = process.memoryUsage.rss();
  const accepted = await publish({ ...large, data: JSON.stringify(value) });
  const grown = process.memoryUsage.rss() - before;
  const fitting = Math.floor(EFFECT_LIMITS.event / 900_011);
  expect(accepted).toMatchObject({ deliveries: fitting, runs: 100 });
  const ended = await runs();
  const steps = await Promise.all(ended.map(({ key }) => store.listRunSteps(WORKSPACE, key)));
  const outcomes = steps.map(([step]) => JSON.parse(step?.details ?? '{}'));
  expect(outcomes.filter(({ outcome }) => outcome === 'done')).toHaveLength(fitting);
  expect(outcomes.filter(({ failure }) => failure?.code === 'too_large')).toHaveLength(100 - fitting);
  expect(grown).toBeLessThan(600 * 1024 * 1024);
}, 180_000);
