/** B1 to B7: rules and workflows in the engine, with real stores, a real receiver and a moved clock. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anAutomation } from '../../test/support/automation.ts';
import { createMovableClock, type MovableClock, passUntil } from '../../test/support/clock.ts';
import { anEndpoint, anEngine, aSqliteStore, aTagEvent, WORKSPACE } from '../../test/support/engine.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import { accountOf, dataOf } from '../core/catalog/envelope.ts';
import { isSystemEvent } from '../core/catalog/systemEvents.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../core/duration.ts';
import { formatId } from '../core/ids.ts';
import { renderDue } from '../mail/render.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { DueMail } from '../store/records/mails.ts';
import { DEFAULT_SETTINGS } from '../store/records/settings.ts';
import type { Store } from '../store/store.ts';
import type { Mail } from '../world.ts';
import type { Engine, PublishEvent } from './engine.ts';

const FIRST_PAGE = { limit: 100, before: null };

let clock: MovableClock;
let store: Store;
let engine: Engine;
let receiver: Receiver;
let dispose: () => Promise<void>;

beforeEach(async () => {
  clock = createMovableClock();
  ({ store, dispose } = await aSqliteStore(clock));
  engine = anEngine(store, clock);
  receiver = await startReceiver();
  await engine.start();
});

afterEach(async () => {
  await engine.stop();
  await receiver.close();
  await dispose();
});

const until = (condition: () => boolean | Promise<boolean>) => passUntil(clock, condition);

/** Moves on in steps of a second at most, so that every round comes. */
async function pass(ms: number, step = SECOND): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    clock.move(Math.min(step, left));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const target = (path: string): Promise<Endpoint> =>
  anEndpoint(engine, store, { url: receiver.url + path, eventTypes: [] });
const webhook = (endpoint: Endpoint, more: object = {}) => ({
  type: 'webhook',
  endpoint_id: formatId('ep', endpoint.key),
  ...more,
});
const publish = async (...events: PublishEvent[]) => {
  const outcome = await engine.publish(WORKSPACE, () => events, null);
  if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
  return outcome.accepted;
};
const runs = () => store.listRuns(WORKSPACE, {}, FIRST_PAGE);
const stepsOf = async (run: number) =>
  (await store.listRunSteps(WORKSPACE, run)).map(({ step, details }) => [step, JSON.parse(details).outcome]);

/** An event of the catalog's, about contact 1 where it is about one. */
function sampleOf(name: string, sample: string): PublishEvent {
  const type = builtInEventTypes.get(name);
  const body = type?.samples.find((candidate) => candidate.name === sample)?.body ?? '';
  if (type === undefined) throw new Error(name);
  const data = dataOf(type.family, body);
  const account = accountOf(type.family, body);
  return { id: null, type: name, data, value: JSON.parse(data), account, createdAt: null, warnings: null };
}

describe('rules', () => {
  const triggers = [...builtInEventTypes.values()]
    .filter(({ name }) => !isSystemEvent(name))
    .flatMap(({ name, samples }) => samples.map((sample) => [name, sample.name] as const));

  test.each(triggers)(
    'B6: %s (%s) fires a rule and a workflow with the documented body',
    async (name, sample) => {
      const [rule, flow, subscribed] = [
        await target('/rule'),
        await target('/flow'),
        await target('/subscribed'),
      ];
      await store.updateEndpoint(WORKSPACE, subscribed.key, { eventTypes: [name] }, 0, 'test');
      await anAutomation(engine, store, 'workflow', {
        triggers: [{ event_type: name }],
        steps: [{ id: 'send', ...webhook(flow) }],
      });
      await anAutomation(engine, store, 'rule', { trigger: { event_type: name }, actions: [webhook(rule)] });
      const [accepted] = await publish(sampleOf(name, sample));
      expect(accepted).toMatchObject({ deliveries: 3, runs: 2 });
      await receiver.count(3);
      const [one, two, three] = ['/rule', '/flow', '/subscribed'].map((path) => receiver.of(path)[0]?.body);
      expect(one).toBe(three);
      expect(two).toBe(three);
    },
  );

  test('B2: scope and condition tell two opt-ins apart, and say why not', async () => {
    const [step, page] = [await target('/step'), await target('/page')];
    const type = 'contact.optin.completed';
    const rule = (scope: object, endpoint: Endpoint, condition?: object) =>
      anAutomation(engine, store, 'rule', {
        trigger: { event_type: type, scope },
        actions: [webhook(endpoint)],
        ...(condition === undefined ? {} : { condition }),
      });
    const funnel = sampleOf(type, builtInEventTypes.get(type)?.samples[0]?.name ?? '');
    const data = funnel.value as { funnel_step: { id: number }; contact: { email: string } };
    const right = await rule({ funnel_step: data.funnel_step.id }, step);
    const other = await rule({ funnel_step: 1 }, page);
    const choosy = await rule({}, page, {
      field: 'data.contact.email',
      op: 'ends_with',
      value: '@nowhere.example',
    });
    const [accepted] = await publish(funnel);
    expect(accepted).toMatchObject({ deliveries: 1, runs: 1 });
    await receiver.count(1);
    expect(receiver.received[0]?.path).toBe('/step');
    expect((await runs()).map(({ automation }) => automation)).toEqual([right.key]);
    const event = await store.findEvent(WORKSPACE, accepted?.id ?? '');
    const verdicts = JSON.parse(event?.verdicts ?? '[]');
    expect(verdicts).toMatchObject([
      { source: { kind: 'rule', id: other.key }, actual: data.funnel_step.id },
      { source: { kind: 'rule', id: choosy.key }, actual: data.contact.email },
    ]);
  });

  test('what one event causes is queued in a fixed order: subscriptions, rules by position, workflows', async () => {
    const one = await target('/one');
    await store.updateEndpoint(WORKSPACE, one.key, { eventTypes: ['contact.tag.added'] }, 0, 'test');
    const trigger = { event_type: 'contact.tag.added' };
    const send = (n: number) => webhook(one, { template: { n } });
    await anAutomation(engine, store, 'workflow', { triggers: [trigger], steps: [{ id: 'a', ...send(4) }] });
    await anAutomation(engine, store, 'rule', { trigger, position: 2, actions: [send(3)] });
    await anAutomation(engine, store, 'rule', { trigger, position: 1, actions: [send(1), send(2)] });
    await publish(aTagEvent(7));
    await receiver.count(5);
    expect(receiver.received.map(({ body }) => JSON.parse(body).n)).toEqual([undefined, 1, 2, 3, 4]);
  });

  test('B7: only what is accepted while it is enabled sets it off', async () => {
    const one = await target('/one');
    const trigger = { event_type: 'contact.tag.added' };
    const rule = await anAutomation(engine, store, 'rule', { trigger, actions: [webhook(one)] });
    const enable = async (enabled: boolean): Promise<void> => {
      await store.enableAutomation(WORKSPACE, rule.key, enabled, 'me', clock.now());
      await engine.routingChanged(WORKSPACE);
    };
    const counts: number[] = [];
    for (const [n, enabled] of [false, true, false].entries()) {
      await enable(enabled);
      counts.push((await publish(aTagEvent(n)))[0]?.runs ?? -1);
    }
    expect(counts).toEqual([0, 1, 0]);
    expect((await runs()).map(({ automation }) => automation)).toEqual([rule.key]);
  });

  test('B7: a contact sets a rule off as often as is allowed; then the brake says so', async () => {
    const one = await target('/one');
    await anAutomation(engine, store, 'rule', {
      trigger: { event_type: 'contact.tag.added' },
      actions: [webhook(one)],
      max_activations_per_subject: 2,
    });
    const accepted = await publish(aTagEvent(1), aTagEvent(2), aTagEvent(3), aTagEvent(4, 2));
    expect(accepted.map((event) => event.runs)).toEqual([1, 1, 0, 1]);
    await receiver.count(3);
    const braked = (await runs()).filter(({ state }) => state === 'skipped');
    expect(braked).toMatchObject([{ subject: '1', reason: expect.stringContaining('loop_brake') }]);
  });

  test('a template that fails at run time fails its action alone, and is seen', async () => {
    const one = await target('/one');
    await anAutomation(engine, store, 'rule', {
      trigger: { event_type: 'contact.tag.added' },
      actions: [
        webhook(one, { template: { ip: '{{data.contact.ip}}' } }),
        webhook(one, { members: ['data.tag.name'] }),
      ],
    });
    await publish(aTagEvent(1));
    await receiver.count(2);
    expect(receiver.received.map(({ body }) => JSON.parse(body))).toEqual([
      { ip: null },
      { data: { tag: { name: 'tag 1' } } },
    ]);
  });

  test('a replay of a delivery with a body of its own sends that body again', async () => {
    const one = await target('/one');
    const trigger = { event_type: 'contact.tag.added' };
    await anAutomation(engine, store, 'rule', {
      trigger,
      actions: [webhook(one, { template: { mine: 1 } })],
    });
    await publish(aTagEvent(1));
    await receiver.count(1);
    const [delivery] = await store.listDeliveries(WORKSPACE, {}, FIRST_PAGE);
    await until(async () => (await store.findDelivery(WORKSPACE, delivery?.key ?? 0))?.state === 'delivered');
    const replay = { key: engine.nextKey(), now: clock.now(), by: 'test' };
    await store.replayDelivery(WORKSPACE, delivery?.key ?? 0, replay);
    await engine.lanesChanged(one.lanes);
    await receiver.count(2);
    expect(receiver.received.map(({ body }) => body)).toEqual(['{"mine":1}', '{"mine":1}']);
  });
});

describe('workflows', () => {
  const flow = (yes: Endpoint, no: Endpoint, end: Endpoint) => ({
    triggers: [{ event_type: 'contact.tag.added' }],
    max_overdue: 'P7D',
    steps: [
      { id: 'wait', type: 'delay', for: 'P2DT1H' },
      {
        id: 'which',
        type: 'decision',
        condition: { field: 'data.tag.id', op: 'less_than', value: 10 },
        yes: [{ id: 'small', ...webhook(yes) }],
        no: [{ id: 'large', ...webhook(no) }],
      },
      {
        id: 'removed',
        type: 'wait_for_event',
        event_type: 'contact.tag.removed',
        timeout: 'P3D',
        received: [{ id: 'gone', ...webhook(end, { template: { gone: true } }) }],
        timed_out: [{ id: 'stays', ...webhook(end, { template: { gone: false } }) }],
      },
      { id: 'last', ...webhook(end, { template: { last: '{{data.tag.id}}' } }) },
    ],
  });
  const removal = (contact: number): PublishEvent => ({
    ...aTagEvent(1, contact),
    type: 'contact.tag.removed',
  });

  test('B3: a delay, a decision and a wait for an event run through a week, over restarts, each step once', async () => {
    const [yes, no, end] = [await target('/yes'), await target('/no'), await target('/end')];
    await anAutomation(engine, store, 'workflow', flow(yes, no, end));
    await publish(aTagEvent(1, 1), aTagEvent(50, 2));
    expect((await runs()).map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    const restart = async (): Promise<void> => {
      await engine.stop();
      engine = anEngine(store, clock);
      await engine.start();
    };
    await pass(2 * DAY, HOUR);
    await restart();
    expect(receiver.received).toEqual([]);
    await pass(HOUR + 2 * SECOND, MINUTE);
    await until(() => receiver.received.length === 2);
    expect(receiver.received.map(({ path }) => path).toSorted()).toEqual(['/no', '/yes']);
    await restart();
    // About another contact: nobody's.
    await publish(removal(3));
    await publish(removal(2));
    await pass(3 * SECOND);
    await until(() => receiver.received.length === 4);
    expect(receiver.of('/end').map(({ body }) => body)).toEqual(['{"gone":true}', '{"last":50}']);
    await restart();
    await pass(3 * DAY + 3 * SECOND, HOUR);
    await pass(3 * SECOND);
    await until(() => receiver.received.length === 6);
    expect(
      receiver
        .of('/end')
        .slice(2)
        .map(({ body }) => body),
    ).toEqual(['{"gone":false}', '{"last":1}']);
    const [second, first] = await runs();
    expect([first?.state, second?.state]).toEqual(['finished', 'finished']);
    expect(await stepsOf(first?.key ?? 0)).toEqual([
      ['wait', 'waiting'],
      ['wait', 'passed'],
      ['which', 'yes'],
      ['small', 'done'],
      ['removed', 'waiting'],
      ['removed', 'timed_out'],
      ['stays', 'done'],
      ['last', 'done'],
    ]);
  });

  test('a paused workflow goes on where it was; a run that is overdue by then is skipped, and says so', async () => {
    const [one] = [await target('/one')];
    const made = await anAutomation(engine, store, 'workflow', {
      triggers: [{ event_type: 'contact.tag.added' }],
      max_overdue: 'PT2H',
      steps: [
        { id: 'wait', type: 'delay', for: 'PT1H' },
        { id: 'send', ...webhook(one) },
      ],
    });
    const enable = async (enabled: boolean): Promise<void> => {
      await store.enableAutomation(WORKSPACE, made.key, enabled, 'me', clock.now());
      await engine.routingChanged(WORKSPACE);
    };
    await publish(aTagEvent(1));
    await enable(false);
    await pass(2 * HOUR, MINUTE);
    expect(receiver.received).toEqual([]);
    await enable(true);
    await pass(3 * SECOND);
    await until(() => receiver.received.length === 1);
    await publish(aTagEvent(2));
    await enable(false);
    await pass(4 * HOUR, MINUTE);
    await enable(true);
    await pass(3 * SECOND);
    await until(async () => (await runs()).every(({ state }) => state !== 'waiting'));
    expect((await runs())[0]).toMatchObject({ state: 'skipped', reason: expect.stringContaining('overdue') });
    expect(receiver.received).toHaveLength(1);
  });

  test('B3: an e-mail step mails each recipient what it says, once; without a mail server it says why not', async () => {
    const definition = {
      triggers: [{ event_type: 'contact.tag.added' }],
      steps: [
        {
          id: 'tell',
          type: 'email',
          to: ['owner@example.com', { field: 'data.contact.email' }],
          subject: 'وسم جديد: {{data.tag.name}}',
          text: 'مرحبًا {{data.contact.email}}',
        },
      ],
    };
    await anAutomation(engine, store, 'workflow', definition);
    await publish(aTagEvent(1));
    const [unsent] = await runs();
    const told = await store.listRunSteps(WORKSPACE, unsent?.key ?? 0);
    expect(told.at(-1)?.details).toContain('MIRSAL_SMTP_URL');
    await engine.stop();
    const mails: Mail[] = [];
    const send = async (mail: Mail) => {
      mails.push(mail);
      return { kind: 'accepted' as const };
    };
    const render = (mail: DueMail) =>
      renderDue(mail, { publicUrl: 'https://hooks.example.com', webhooksPage: null });
    engine = anEngine(store, clock, { mailing: { render, send, host: 'hooks.example.com' } });
    await engine.start();
    await publish(aTagEvent(2));
    while (mails.length < 2) await pass(SECOND);
    await pass(10 * SECOND);
    expect(mails.map(({ to, subject, text }) => [to, subject, text])).toEqual([
      ['owner@example.com', 'وسم جديد: tag 2', 'مرحبًا reader@example.com'],
      ['reader@example.com', 'وسم جديد: tag 2', 'مرحبًا reader@example.com'],
    ]);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(2);
  });

  test('a workflow that triggers itself through a system event is stopped by the brake, and says so', async () => {
    receiver.answerWith(() => 500);
    await store.updateWorkspace(
      WORKSPACE,
      { settings: { ...DEFAULT_SETTINGS, budget: { ...DEFAULT_SETTINGS.budget, limit: 1_000 } } },
      0,
      'test',
    );
    const one = await anEndpoint(engine, store, {
      url: `${receiver.url}/one`,
      eventTypes: ['contact.tag.added'],
      retry: { preset: 'none' },
    });
    const looping = await anAutomation(engine, store, 'workflow', {
      triggers: [{ event_type: 'delivery.dropped' }],
      steps: [{ id: 'again', ...webhook(one) }],
    });
    await publish(aTagEvent(1));
    let stopped: string | null = null;
    while (stopped === null) {
      await pass(SECOND);
      const events = await store.listEvents(WORKSPACE, { type: 'delivery.dropped' }, FIRST_PAGE);
      stopped = events.find(({ verdicts }) => verdicts?.includes('causation_depth'))?.verdicts ?? null;
    }
    expect(JSON.parse(stopped)).toMatchObject([{ source: { kind: 'workflow', id: looping.key }, actual: 6 }]);
    expect(await runs()).toHaveLength(5);
  });
});
