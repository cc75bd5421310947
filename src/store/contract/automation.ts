/** The contract's part on rules and workflows: their versions, and what events set off. */

import { describe, expect, test } from 'vitest';
import type { DueRun, NewActivation, NewAutomation, RunAdvance } from '../records/automation.ts';
import type { Store } from '../store.ts';
import {
  aDelivery,
  aKey,
  anEndpoint,
  anEvent,
  type OpenStore,
  openItems,
  publish,
  publishAccepted,
  seed,
  T0,
  useStore,
  versionOf,
} from './builders.ts';

export const FIRST_PAGE = { limit: 100, before: null };

export function aRule(workspace: number, over: Partial<NewAutomation> = {}): NewAutomation {
  return {
    key: aKey(),
    workspace,
    kind: 'rule',
    name: 'After opt-in',
    position: 1,
    enabledAt: T0,
    definition: '{"v":1}',
    createdAt: T0,
    ...over,
  };
}

export const DONE: RunAdvance = {
  state: 'finished',
  reason: null,
  progress: '{}',
  dueAt: null,
  waitsFor: null,
  listensSince: null,
  deliveries: [],
  mails: [],
  steps: [{ step: 'a', kind: 'webhook', details: '{"x":1}', at: T0 }],
  failure: null,
};
/** A second ago, and in an hour. */
export const PAST = Date.now() - 1_000;
export const FUTURE = PAST + 3_600_000;
export const LATER: RunAdvance = { ...DONE, state: 'waiting', dueAt: PAST, steps: [] };
export const AWAITS: RunAdvance = {
  ...LATER,
  dueAt: FUTURE,
  waitsFor: 'contact.tag.added',
  listensSince: T0,
};

export function anActivation(automation: number, over: Partial<NewActivation> = {}): NewActivation {
  return {
    ...DONE,
    run: aKey(),
    automation,
    version: 1,
    subject: '7',
    limit: 20,
    periodEndsAt: null,
    resets: 0,
    ...over,
  };
}

export async function aScene(store: Store) {
  const { workspace, endpoint } = await seed(store);
  const rule = aRule(workspace);
  await store.createAutomation(rule, [], 'me');
  return { workspace, endpoint, rule };
}

export async function advanceOne(store: Store, run: DueRun, next: RunAdvance, now: number) {
  const version = await versionOf(store, run.workspace);
  const [lanes] = await store.advanceRuns(version, [{ run, next }], now);
  return lanes;
}

export async function sole(store: Store, workspace: number) {
  const [run] = await store.listRuns(workspace, {}, FIRST_PAGE);
  if (run === undefined) throw new Error('There is no run.');
  return run;
}

/** Runs made by these tests are due by the real clock, where they are due in the past. */
export async function due(store: Store, workspace: number) {
  const [run] = await dueIn(store, workspace);
  if (run === undefined) throw new Error('No run is due.');
  return run;
}

export async function dueIn(store: Store, workspace: number) {
  return (await store.dueRuns(workspace, 10)).runs;
}

export function automationContract(open: OpenStore): void {
  const opened = useStore(open);

  describe('B2, B3: rules and workflows', () => {
    test('are kept with each version of their definition; every change moves the routing', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const rule = aRule(workspace, { name: 'قاعدة', position: 2, enabledAt: null });
      const typed = anEndpoint({ workspace, automation: rule.key, eventTypes: [] });
      const version = await versionOf(store, workspace);
      await store.createAutomation(rule, [typed], 'Layla');
      const kept = { ...rule, version: 1, brakeResets: 0, updatedAt: T0 };
      expect(await store.listAutomations(workspace)).toEqual([kept]);
      expect((await store.routing(workspace))?.automations).toEqual([kept]);
      expect((await store.routing(workspace))?.endpoints.at(-1)?.automation).toBe(rule.key);
      const typed2 = anEndpoint({
        workspace,
        automation: rule.key,
        url: 'https://other.example.com/',
        eventTypes: [],
      });
      // Who saves a URL at the same time did not see the endpoint that it has by now.
      const again = anEndpoint({ workspace, automation: rule.key, eventTypes: [] });
      const saving = { endpoints: [again, typed2], waiting: 'keep', by: 'Omar', at: T0 + 5 } as const;
      const another = aRule(workspace);
      await store.createAutomation(another, [again], 'Layla');
      await store.deleteAutomation(workspace, another.key, 'Layla', T0);
      expect(await store.updateAutomation(workspace, rule.key, { name: 'b' }, saving)).toMatchObject({
        version: 1,
      });
      const typedKeys = ((await store.routing(workspace))?.endpoints ?? [])
        .filter(({ automation }) => automation !== null)
        .map(({ key }) => key);
      expect(typedKeys).toEqual([typed.key, typed2.key]);
      const next = { definition: '{"v":2}' };
      expect(await store.updateAutomation(workspace, rule.key, next, saving)).toMatchObject({ version: 2 });
      expect(await store.updateAutomation(workspace, rule.key, next, saving)).toMatchObject({ version: 2 });
      const stale = { ...saving, routingVersion: (await versionOf(store, workspace)) - 1 };
      expect(await store.updateAutomation(workspace, rule.key, { name: 'c' }, stale)).toBe('stale');
      expect(await store.listAutomationVersions(workspace, rule.key)).toEqual([
        { version: 2, definition: '{"v":2}', createdBy: 'Omar', createdAt: T0 + 5 },
        { version: 1, definition: '{"v":1}', createdBy: 'Layla', createdAt: T0 },
      ]);
      expect(await store.enableAutomation(workspace, rule.key, true, 'me', T0 + 9)).toMatchObject({
        enabledAt: T0 + 9,
      });
      expect(await store.enableAutomation(workspace, rule.key, true, 'me', T0 + 10)).toMatchObject({
        enabledAt: T0 + 9,
      });
      expect(await versionOf(store, workspace)).toBe(version + 7);
      expect(await store.deleteAutomation(workspace, rule.key, 'me', T0)).toBe(true);
      expect(await store.deleteAutomation(workspace, rule.key, 'me', T0)).toBe(false);
      expect(await store.updateAutomation(workspace, rule.key, {}, saving)).toBeNull();
      expect(await store.enableAutomation(workspace, rule.key, true, 'me', T0)).toBeNull();
      expect(await store.listAutomations(workspace)).toEqual([]);
      const actions = (await store.listAudit(workspace, {}, FIRST_PAGE)).map(({ action }) => action);
      expect(actions.filter((action) => action.startsWith('rule.'))).toEqual([
        'rule.deleted',
        'rule.enabled',
        'rule.updated',
        'rule.updated',
        'rule.updated',
        'rule.deleted',
        'rule.created',
        'rule.created',
      ]);
    });

    test('act in order: rules by position, then workflows as they were made', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      for (const [kind, name, position] of [
        ['workflow', 'first flow', 0],
        ['rule', 'late', 9],
        ['rule', 'early', 1],
        ['workflow', 'second flow', 0],
        ['rule', 'also early', 1],
      ] as const) {
        await store.createAutomation(aRule(workspace, { kind, name, position }), [], 'me');
      }
      const names = (await store.listAutomations(workspace)).map(({ name }) => name);
      expect(names).toEqual(['early', 'also early', 'late', 'first flow', 'second flow']);
    });
  });

  describe('B6: what an event sets off', () => {
    test('is written with it: run, history, deliveries after the subscriptions’, with bodies of their own', async () => {
      const { store } = opened();
      const { workspace, endpoint, rule } = await aScene(store);
      const source = { kind: 'rule', id: rule.key } as const;
      const activation = anActivation(rule.key, {
        deliveries: [aDelivery(endpoint, { source, body: '{"own":1}' }), aDelivery(endpoint, { source })],
      });
      const event = anEvent([endpoint], { subject: '7', activations: [activation], depth: 2 });
      const answer = await publishAccepted(store, workspace, [event]);
      expect(answer.accepted).toEqual([{ id: event.id, deliveries: 3, runs: 1 }]);
      const items = await openItems(store, endpoint);
      expect(items.map(({ sequence, text, source }) => [sequence, text, source.kind])).toEqual([
        [1, event.body, 'subscription'],
        [2, '{"own":1}', 'rule'],
        [3, event.body, 'rule'],
      ]);
      expect(await Promise.all(items.map(({ message }) => store.findOwnBody(workspace, message)))).toEqual([
        null,
        '{"own":1}',
        null,
      ]);
      const run = await sole(store, workspace);
      expect(run).toMatchObject({ key: activation.run, state: 'finished', eventId: event.id, subject: '7' });
      expect(await store.listRunSteps(workspace, run.key)).toEqual(DONE.steps);
      const again = await publishAccepted(store, workspace, [{ ...event, key: aKey(), activations: [] }]);
      expect(again).toMatchObject({ accepted: [{ deliveries: 3, runs: 1 }], repeated: [true] });
    });

    test('B7: the brake lets a subject set off as often as is allowed; what it stops says so, and sends nothing', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoint, rule } = await aScene(store);
      const set = (subject: string | null, from = store) => {
        const activation = anActivation(rule.key, {
          subject,
          limit: 2,
          deliveries: [aDelivery(endpoint, { source: { kind: 'rule', id: rule.key } })],
        });
        return publish(from, workspace, [anEvent([], { subject, activations: [activation] })]);
      };
      const answers = await Promise.all([
        set('a'),
        set('a', other),
        set('a'),
        set('b'),
        set(null),
        set(null),
        set(null),
      ]);
      const runs = answers.map((answer) => (answer.kind === 'accepted' ? answer.accepted[0]?.runs : null));
      expect(runs.slice(0, 3).toSorted()).toEqual([0, 1, 1]);
      expect(runs.slice(3)).toEqual([1, 1, 1, 1]);
      const [stopped, ...others] = await store.listRuns(workspace, { state: 'skipped' }, FIRST_PAGE);
      expect(others).toEqual([]);
      expect(stopped?.reason).toContain('loop_brake');
      expect(await openItems(store, endpoint)).toHaveLength(6);
      const braked = answers.flatMap((answer) => (answer.kind === 'accepted' ? answer.braked : []));
      expect(braked).toEqual([stopped?.key]);
    });
  });
}
