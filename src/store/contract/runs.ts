/** The contract's part on the runs of rules and workflows. */

import { describe, expect, test } from 'vitest';
import type { RunAdvance } from '../records/automation.ts';
import {
  AWAITS,
  advanceOne,
  anActivation,
  aRule,
  aScene,
  DONE,
  due,
  dueIn,
  FIRST_PAGE,
  FUTURE,
  LATER,
  PAST,
  sole,
} from './automation.ts';
import {
  aDelivery,
  aKey,
  anEvent,
  type OpenStore,
  openItems,
  publishAccepted,
  T0,
  useStore,
  versionOf,
} from './builders.ts';

export function runsContract(open: OpenStore): void {
  const opened = useStore(open);

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
      expect(await store.dueRuns(workspace, 10)).toEqual({ now: 0, runs: [], more: false, paused: [] });
      await store.postponeRun(workspace, activation.run, PAST);
      expect(await dueIn(store, workspace)).toHaveLength(1);
      await store.postponeRun(workspace, activation.run, FUTURE);
      expect(await dueIn(store, workspace)).toEqual([]);
    });

    test('whose bodies are large are read some at a time, and so are the events that come to one', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const body = JSON.stringify({ text: 'x'.repeat(3_000_000) });
      const events = Array.from({ length: 4 }, (_, n) =>
        anEvent([], {
          subject: `${n}`,
          body,
          activations: [anActivation(rule.key, { ...LATER, dueAt: PAST })],
        }),
      );
      await publishAccepted(store, workspace, events);
      const first = await store.dueRuns(workspace, 10);
      expect([first.runs.map((run) => run.body?.length), first.more]).toEqual([
        [body.length, body.length],
        true,
      ]);
      for (const run of first.runs) await advanceOne(store, run, DONE, T0);
      const rest = await store.dueRuns(workspace, 10);
      expect([rest.runs.length, rest.more]).toEqual([2, false]);
      for (const run of rest.runs) await advanceOne(store, run, DONE, T0);

      const waits = anActivation(rule.key, AWAITS);
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [waits] })]);
      const heard = () => anEvent([], { type: 'contact.tag.added', subject: '7', signals: true, body });
      await publishAccepted(store, workspace, [heard(), heard(), heard()]);
      const { runs } = await store.dueRuns(workspace, 10);
      expect(runs.map((run) => [run.signals.length, run.moreSignals])).toEqual([[2, true]]);
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
