/** The contract's part on rules and workflows: their versions, what events set off, and runs. */

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
const PAST = Date.now() - 1_000;
const FUTURE = PAST + 3_600_000;
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

async function sole(store: Store, workspace: number) {
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

async function dueIn(store: Store, workspace: number) {
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
      const saving = { endpoints: [], waiting: 'keep', by: 'Omar', at: T0 + 5 } as const;
      expect(await store.updateAutomation(workspace, rule.key, { name: 'b' }, saving)).toMatchObject({
        version: 1,
      });
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
      expect(await versionOf(store, workspace)).toBe(version + 5);
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

  describe('runs', () => {
    test('are found when due, and advanced once: who comes second writes nothing', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, endpoint, rule } = await aScene(store);
      const activation = anActivation(rule.key, { ...LATER });
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      const { now, runs, paused } = await store.dueRuns(workspace, 10);
      expect(now).toBeGreaterThanOrEqual(PAST);
      expect(now).toBeLessThanOrEqual(Date.now() + 1_000);
      expect(paused).toEqual([]);
      expect(await store.workspacesWithRuns()).toEqual({ due: [workspace], resuming: [] });
      const [run] = runs;
      if (run === undefined) throw new Error('No run is due.');
      expect(run).toMatchObject({ revision: 1, definition: '{"v":1}', signals: [], moreSignals: false });
      expect(run.body).toContain('event_id');
      const source = { kind: 'workflow', id: rule.key } as const;
      const next = () => ({ ...DONE, deliveries: [aDelivery(endpoint, { source, body: '{"late":true}' })] });
      const lanes = await Promise.all([
        advanceOne(store, run, next(), T0 + 60_000),
        advanceOne(other, run, next(), T0 + 60_000),
      ]);
      expect(lanes.filter((lane) => lane !== null)).toEqual([endpoint.lanes]);
      expect((await openItems(store, endpoint)).map(({ text }) => text)).toEqual(['{"late":true}']);
      expect(await sole(store, workspace)).toMatchObject({ state: 'finished', endedAt: T0 + 60_000 });
      expect(await dueIn(store, workspace)).toEqual([]);
      expect(await store.workspacesWithRuns()).toEqual({ due: [], resuming: [] });
      expect(await store.listRunSteps(workspace, run.key)).toHaveLength(1);
    });

    test('are not due before their time, by the store’s clock', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const activation = anActivation(rule.key, { ...LATER, dueAt: FUTURE });
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      expect(await store.dueRuns(workspace, 10)).toEqual({ now: 0, runs: [], paused: [] });
      await store.postponeRun(workspace, activation.run, PAST);
      expect(await dueIn(store, workspace)).toHaveLength(1);
      await store.postponeRun(workspace, activation.run, FUTURE);
      expect(await dueIn(store, workspace)).toEqual([]);
    });

    test('wait for an event of a type about their subject; each is shown to them once, in order', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      await publishAccepted(store, workspace, [
        anEvent([], { subject: '7', activations: [anActivation(rule.key, AWAITS)] }),
      ]);
      expect(await dueIn(store, workspace)).toEqual([]);
      const of = (subject: string, type = 'contact.tag.added') =>
        anEvent([], { type, subject, signals: true });
      const [first, second] = [of('7'), of('7')];
      await publishAccepted(store, workspace, [of('8'), first, of('7', 'contact.created')]);
      await publishAccepted(store, workspace, [second], { acceptedAt: T0 + 5 });
      const run = await due(store, workspace);
      expect(run.signals.map(({ event, type, acceptedAt }) => [event, type, acceptedAt])).toEqual([
        [first.key, 'contact.tag.added', T0],
        [second.key, 'contact.tag.added', T0 + 5],
      ]);
      // The run's own time stays what it was.
      expect(run.dueAt).toBe(FUTURE);
      const waitsOn = { ...AWAITS, listensSince: null };
      await advanceOne(store, run, waitsOn, T0);
      expect(await dueIn(store, workspace)).toEqual([]);
      await publishAccepted(store, workspace, [of('7')]);
      expect((await due(store, workspace)).signals).toHaveLength(1);
    });

    test('an event that comes between reading a run and writing it voids what was read', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, rule } = await aScene(store);
      const activation = anActivation(rule.key, { ...AWAITS, dueAt: PAST - 5_000 });
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      const before = await due(store, workspace);
      const event = anEvent([], { type: 'contact.tag.added', subject: '7', signals: true });
      await publishAccepted(other, workspace, [event]);
      expect(await advanceOne(store, before, DONE, T0)).toBeNull();
      const after = await due(other, workspace);
      expect(after.signals.map((signal) => signal.event)).toEqual([event.key]);
      expect(await advanceOne(store, after, DONE, T0)).toEqual([]);
      // Ended, it hears nothing more.
      await publishAccepted(store, workspace, [{ ...event, key: aKey(), id: 'again' }]);
      expect(await store.dueRuns(workspace, 10)).toMatchObject({ runs: [] });
    });

    test('a run that begins to wait hears what was accepted since, in its own call, too, and nothing older', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const of = (over = {}) =>
        anEvent([], { type: 'contact.tag.added', subject: '7', signals: true, ...over });
      const [older, before] = [of(), of()];
      await publishAccepted(store, workspace, [older], { acceptedAt: T0 - 1 });
      const trigger = of({ activations: [anActivation(rule.key, AWAITS)] });
      const [test, others, after] = [of({ test: true }), of({ subject: '8' }), of()];
      await publishAccepted(store, workspace, [before, trigger, test, others, after]);
      const run = await due(store, workspace);
      expect(run.signals.map(({ event }) => event)).toEqual([after.key]);
      // Waiting anew from a later time on: what came since is heard, though nobody waited when it was published.
      const pausing = { ...LATER, dueAt: PAST };
      await advanceOne(store, run, pausing, T0 + 10);
      const meanwhile = of({ key: aKey(T0 + 20) });
      await publishAccepted(store, workspace, [of()], { acceptedAt: T0 + 19 });
      await publishAccepted(store, workspace, [meanwhile], { acceptedAt: T0 + 20 });
      await advanceOne(store, await due(store, workspace), { ...AWAITS, listensSince: T0 + 20 }, T0 + 20);
      const signals = (await due(store, workspace)).signals;
      expect(signals.map(({ event }) => event)).toEqual([meanwhile.key]);
    });

    test('many events at once are shown some at a time, until none is left', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const activation = anActivation(rule.key, AWAITS);
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      const events = Array.from({ length: 45 }, () =>
        anEvent([], { type: 'contact.tag.added', subject: '7', signals: true }),
      );
      await publishAccepted(store, workspace, events);
      const shown: number[] = [];
      for (;;) {
        const [run] = await dueIn(store, workspace);
        if (run === undefined) break;
        shown.push(...run.signals.map(({ event }) => event));
        expect(run.moreSignals).toBe(shown.length < events.length);
        await advanceOne(store, run, { ...AWAITS, listensSince: null }, T0);
      }
      expect(shown).toEqual(events.map(({ key }) => key));
    });

    test('definitions that waiting runs stand on stay known when they are replaced', async () => {
      const { store } = opened();
      const { workspace } = await aScene(store);
      const flow = aRule(workspace, { kind: 'workflow' });
      await store.createAutomation(flow, [], 'me');
      const activation = anActivation(flow.key, AWAITS);
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      const kept = async () => (await store.routing(workspace))?.keptDefinitions;
      expect(await kept()).toEqual([]);
      const saving = { endpoints: [], waiting: 'keep', by: 'me', at: T0 } as const;
      for (const definition of ['{"v":2}', '{"v":3}']) {
        await store.updateAutomation(workspace, flow.key, { definition }, saving);
        expect(await kept()).toEqual([{ kind: 'workflow', definition: '{"v":1}' }]);
      }
      await store.cancelRuns(workspace, { run: activation.run }, 'me', T0);
      expect(await kept()).toEqual([]);
    });

    test('W12: a step that was computed by another routing is not written', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const activation = anActivation(rule.key, LATER);
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      const run = await due(store, workspace);
      const version = await versionOf(store, workspace);
      await store.enableAutomation(workspace, rule.key, false, 'me', T0);
      expect(await store.advanceRuns(version, [{ run, next: DONE }], T0)).toEqual([null]);
      expect(await sole(store, workspace)).toMatchObject({ state: 'waiting' });
    });

    test('while their automation is disabled they are set aside at the first look, and resumed with it', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const begin = (next: RunAdvance) =>
        publishAccepted(store, workspace, [
          anEvent([], { subject: '7', activations: [anActivation(rule.key, next)] }),
        ]);
      await begin(LATER);
      await begin(LATER);
      await begin({ ...LATER, dueAt: FUTURE });
      await store.enableAutomation(workspace, rule.key, false, 'me', T0);
      const { runs, paused } = await store.dueRuns(workspace, 10);
      expect(runs).toEqual([]);
      expect(paused).toHaveLength(2);
      await store.setAsideRuns(workspace, paused);
      expect(await store.workspacesWithRuns()).toEqual({ due: [], resuming: [] });
      await store.enableAutomation(workspace, rule.key, true, 'me', T0);
      // Enabled meanwhile, nothing is set aside any more.
      await store.setAsideRuns(workspace, paused);
      expect(await store.workspacesWithRuns()).toEqual({ due: [], resuming: [workspace] });
      expect(await store.resumeRuns(workspace, 1)).toBe(true);
      expect(await store.resumeRuns(workspace, 2)).toBe(false);
      expect(await store.workspacesWithRuns()).toEqual({ due: [workspace], resuming: [] });
      expect((await dueIn(store, workspace)).map(({ key }) => key)).toEqual(paused);
    });

    test('P11: every workspace with due runs is named, however many another has', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const others = [await aScene(store), await aScene(store)];
      const activations = Array.from({ length: 700 }, () =>
        anActivation(rule.key, { ...LATER, dueAt: PAST - 9_000 }),
      );
      await publishAccepted(store, workspace, [anEvent([], { activations })]);
      for (const scene of others) {
        const activation = anActivation(scene.rule.key, LATER);
        await publishAccepted(store, scene.workspace, [anEvent([], { activations: [activation] })]);
      }
      const idle = await aScene(store);
      const waiting = anActivation(idle.rule.key, { ...LATER, dueAt: FUTURE });
      await publishAccepted(store, idle.workspace, [anEvent([], { activations: [waiting] })]);
      const { due } = await store.workspacesWithRuns();
      expect(due).toEqual([workspace, ...others.map((scene) => scene.workspace)]);
      expect(await dueIn(store, others[0]?.workspace ?? 0)).toHaveLength(1);
    });

    test('pause while their automation is disabled, and are cancelled by a person or with it', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const begin = () =>
        publishAccepted(store, workspace, [anEvent([], { activations: [anActivation(rule.key, LATER)] })]);
      await begin();
      await store.enableAutomation(workspace, rule.key, false, 'me', T0);
      expect(await dueIn(store, workspace)).toEqual([]);
      await store.enableAutomation(workspace, rule.key, true, 'me', T0);
      const run = await due(store, workspace);
      expect(await store.cancelRuns(workspace, { run: run.key }, 'Layla', T0 + 7)).toBe(1);
      expect(await advanceOne(store, run, DONE, T0)).toBeNull();
      expect(await store.findRun(workspace, run.key)).toMatchObject({
        state: 'cancelled',
        reason: 'cancelled_by: Layla',
        endedAt: T0 + 7,
      });
      await begin();
      await begin();
      expect(await store.cancelRuns(workspace, { automation: rule.key }, 'Layla', T0)).toBe(2);
      await begin();
      await store.deleteAutomation(workspace, rule.key, 'me', T0);
      const runs = await store.listRuns(workspace, { automation: rule.key }, FIRST_PAGE);
      expect(runs.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
    });

    test('finish on their version, or move to the new one where that is asked for', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      await publishAccepted(store, workspace, [
        anEvent([], { activations: [anActivation(rule.key, LATER)] }),
      ]);
      const save = (definition: string, waiting: 'keep' | 'cancel' | 'move') =>
        store.updateAutomation(
          workspace,
          rule.key,
          { definition },
          { endpoints: [], waiting, by: 'me', at: T0 },
        );
      await save('{"v":2}', 'keep');
      expect((await due(store, workspace)).definition).toBe('{"v":1}');
      await save('{"v":3}', 'move');
      expect((await due(store, workspace)).definition).toBe('{"v":3}');
      await save('{"v":4}', 'cancel');
      expect(await sole(store, workspace)).toMatchObject({ state: 'cancelled', reason: 'new_version: 4' });
    });
  });
}
