/** The contract's part on what rules and workflows leave behind: the loop brake's counts, what runs heard and sent. */

import { describe, expect, test } from 'vitest';
import { DAY } from '../../core/duration.ts';
import type { NewActivation, NewAutomation } from '../records/automation.ts';
import type { Store } from '../store.ts';
import { AWAITS, advanceOne, anActivation, aScene, due, FIRST_PAGE, LATER } from './automation.ts';
import {
  aDelivery,
  aKey,
  anEvent,
  aResult,
  type OpenStore,
  openItems,
  publishAccepted,
  T0,
  useStore,
  versionOf,
} from './builders.ts';

export function traceContract(open: OpenStore): void {
  const opened = useStore(open);

  describe('B7: the brake counts', () => {
    const setOff = async (
      store: Store,
      rule: NewAutomation,
      at: number,
      over: Partial<NewActivation> = {},
    ) => {
      const activation = anActivation(rule.key, { limit: 2, periodEndsAt: at + DAY, ...over });
      const event = anEvent([], { subject: '7', activations: [activation] });
      const answer = await publishAccepted(store, rule.workspace, [event], { acceptedAt: at });
      return answer.accepted[0]?.runs;
    };

    test('within a period, which begins with the first activation after the last one ended', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, rule } = await aScene(store);
      const at = async (offset: number) => [
        await setOff(store, rule, T0 + offset),
        await setOff(other, rule, T0 + offset + 1),
        await setOff(store, rule, T0 + offset + 2),
      ];
      expect(await at(0)).toEqual([1, 1, 0]);
      expect(await setOff(store, rule, T0 + DAY - 1)).toBe(0);
      const [braked] = await store.listRuns(workspace, { state: 'skipped' }, FIRST_PAGE);
      expect(braked?.reason).toContain(
        `2 times, as often as is allowed until ${new Date(T0 + DAY).toISOString()}`,
      );
      // What was braked does not make the period longer.
      expect(await at(DAY)).toEqual([1, 1, 0]);
      expect(await setOff(store, rule, T0 + 2 * DAY - 1)).toBe(0);
    });

    test('for ever where that was chosen', async () => {
      const { store } = opened();
      const { rule } = await aScene(store);
      const ever = (at: number) => setOff(store, rule, at, { periodEndsAt: null });
      expect([await ever(T0), await ever(T0 + DAY), await ever(T0 + 1_000 * DAY)]).toEqual([1, 1, 0]);
      await store.sweepOld(T0 + 2_000 * DAY, 100);
      expect(await ever(T0 + 2_000 * DAY)).toBe(0);
    });

    test('anew after a reset, of one subject or of all, at every node at once; an audit entry tells of it', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace, rule } = await aScene(store);
      const resets = async () => (await store.listAutomations(workspace))[0]?.brakeResets ?? -1;
      const once = async (subject = '7') =>
        setOff(store, rule, T0, { subject, limit: 1, periodEndsAt: null, resets: await resets() });
      expect([await once(), await once(), await once('8'), await once('8')]).toEqual([1, 0, 1, 0]);
      expect(await other.resetBrake(workspace, rule.key, '7', 'Layla', T0)).toEqual({ activations: 2 });
      expect(await other.resetBrake(workspace, rule.key, '9', 'Layla', T0)).toEqual({ activations: 0 });
      expect([await once(), await once(), await once('8')]).toEqual([1, 0, 0]);
      const version = await versionOf(store, workspace);
      expect(await other.resetBrake(workspace, rule.key, null, 'Layla', T0)).toEqual({ activations: null });
      // Who counts by the routing of before is told to read it anew.
      expect(await versionOf(store, workspace)).toBe(version + 1);
      expect([await once(), await once(), await once('8'), await once('8')]).toEqual([1, 0, 1, 0]);
      expect(await store.resetBrake(workspace, aKey(), null, 'Layla', T0)).toBeNull();
      const entries = await store.listAudit(workspace, { action: 'rule.brake_reset' }, FIRST_PAGE);
      expect(entries.map(({ actor, details }) => [actor, details])).toEqual([
        ['Layla', {}],
        ['Layla', { subject: '9' }],
        ['Layla', { subject: '7' }],
      ]);
    });

    test('anew after a change that says so, and on under a new version that does not', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const once = async () => {
        const [{ brakeResets = -1 } = {}] = await store.listAutomations(workspace);
        return setOff(store, rule, T0, { limit: 1, resets: brakeResets });
      };
      const save = (definition: string, resetsBrake: boolean) => {
        const saving = { endpoints: [], waiting: 'keep', resetsBrake, by: 'me', at: T0 } as const;
        return store.updateAutomation(workspace, rule.key, { definition }, saving);
      };
      expect([await once(), await once()]).toEqual([1, 0]);
      await save('{"v":2}', false);
      expect(await once()).toBe(0);
      await save('{"v":3}', true);
      expect([await once(), await once()]).toEqual([1, 0]);
    });

    test('are deleted when their period is over, when they were reset, and with their rule; no others', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const { rule: another } = await aScene(store);
      const begin = async (of: NewAutomation, count: number, over: Partial<NewActivation> = {}) => {
        for (let subject = 0; subject < count; subject += 1) {
          await setOff(store, of, T0, { subject: `${subject}`, limit: 1, ...over });
        }
      };
      await begin(rule, 5);
      await begin(another, 3, { periodEndsAt: null });
      expect(await store.sweepOld(T0 + DAY - 1, 100)).toBe(0);
      expect([await store.sweepOld(T0 + DAY, 3), await store.sweepOld(T0 + DAY, 3)]).toEqual([3, 2]);
      await store.resetBrake(another.workspace, another.key, null, 'me', T0);
      await begin(another, 1, { periodEndsAt: null, resets: 1 });
      expect([await store.sweepOld(T0, 1), await store.sweepOld(T0, 1)]).toEqual([1, 1]);
      expect([await store.sweepOld(T0, 1), await store.sweepOld(T0, 1)]).toEqual([0, 0]);
      await begin(rule, 2, { periodEndsAt: null });
      await store.deleteAutomation(workspace, rule.key, 'me', T0);
      expect([await store.sweepOld(T0, 9), await store.sweepOld(T0, 9)]).toEqual([2, 0]);
      expect(await setOff(store, another, T0, { subject: '0', limit: 1, resets: 1 })).toBe(0);
    });
  });

  describe('runs', () => {
    test('name the events that they heard and the deliveries that they asked for; both keep what is needed', async () => {
      const { store } = opened();
      const { workspace, endpoint, rule } = await aScene(store);
      await publishAccepted(store, workspace, [
        anEvent([], { subject: '7', activations: [anActivation(rule.key, AWAITS)] }),
      ]);
      const event = anEvent([], { type: 'contact.tag.added', subject: '7', signals: true });
      await publishAccepted(store, workspace, [event]);
      const run = await due(store, workspace);
      expect(run.signals).toMatchObject([{ event: event.key, id: event.id }]);
      const delivery = aDelivery(endpoint, { source: { kind: 'workflow', id: rule.key }, step: 'tell' });
      const heard = { step: 'wait', event: event.key };
      await advanceOne(store, run, { ...LATER, heard, deliveries: [delivery] }, T0);
      expect(await store.listReleases(workspace, event.key)).toMatchObject([
        { run: { key: run.key }, step: 'wait' },
      ]);
      expect(await store.findOrigins(workspace, [delivery.key, aKey()])).toEqual([
        { delivery: delivery.key, run: run.key, step: 'tell' },
      ]);
      const read = () => store.readHeard(workspace, run.key, ['wait', 'other']);
      expect(await read()).toEqual([{ step: 'wait', type: event.type, body: event.body }]);
      const span = { after: event.key - 1, before: event.key + 1, limit: 10 };
      expect(await store.purgeBodies(workspace, span)).toMatchObject({ deleted: 0, kept: event.key });
      expect(await store.purgeEvents(workspace, span)).toMatchObject({ deleted: 0, kept: event.key });
      await store.cancelRuns(workspace, { run: run.key }, 'me', T0);
      await store.purgeEvents(workspace, span);
      expect([await read(), await store.listReleases(workspace, event.key)]).toEqual([[], []]);
      const [item] = await openItems(store, endpoint);
      if (item === undefined) throw new Error('Nothing is queued.');
      await store.record('node-a', workspace, [aResult(endpoint, 1, item)]);
      await store.purgeEvents(workspace, { ...span, after: 0 });
      expect(await store.findOrigins(workspace, [delivery.key])).toEqual([]);
    });
  });
}
