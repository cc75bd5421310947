/** The verbs of rules, workflows and runs, for faults.ts; see faultCases.ts. */

import { expect } from 'vitest';
import type { DueRun, RunAdvance } from '../records/automation.ts';
import { aDelivery, aKey, anEndpoint, anEvent, publishAccepted, T0, versionOf } from './builders.ts';
import {
  aCase,
  aRule,
  aRun,
  aStoredRule,
  type Case,
  NO_BRAKE,
  NOW,
  REFUSED,
  SAME,
  type Scene,
  WAITS,
} from './faultScenes.ts';

async function dueRun({ store, workspace }: Scene, key: number): Promise<DueRun> {
  const run = (await store.dueRuns(workspace, 100)).runs.find((due) => due.key === key);
  if (run === undefined) throw new Error('The run is not due.');
  return run;
}

/** A due run whose automation was disabled after it had begun. */
async function aPausedRun(scene: Scene): Promise<number> {
  const key = await aRun(scene);
  const { automation } = await dueRun(scene, key);
  await scene.store.enableAutomation(scene.workspace, automation, false, 'me', T0);
  return key;
}

export const AUTOMATION_CASES = {
  createAutomation: aCase(async ({ store, workspace }) => {
    const rule = aRule(workspace);
    const typed = anEndpoint({ workspace, automation: rule.key });
    return { call: () => store.createAutomation(rule, [typed], 'me'), first: undefined, again: REFUSED };
  }),
  updateAutomation: aCase(
    async (scene) => {
      const rule = await aStoredRule(scene);
      const saving = { endpoints: [], waiting: 'keep', by: 'me', at: T0 } as const;
      return {
        call: () => scene.store.updateAutomation(scene.workspace, rule, { definition: '{"v":2}' }, saving),
        first: expect.objectContaining({ version: 2 }),
        again: SAME,
      };
    },
    { audited: true },
  ),
  enableAutomation: aCase(async (scene) => {
    const rule = await aStoredRule(scene);
    const call = () => scene.store.enableAutomation(scene.workspace, rule, false, 'me', T0);
    return { call, first: expect.objectContaining({ enabledAt: null }), again: SAME };
  }),
  deleteAutomation: aCase(async (scene) => {
    const rule = await aStoredRule(scene);
    const call = () => scene.store.deleteAutomation(scene.workspace, rule, 'me', T0);
    return { call, first: true, again: false };
  }),
  resetBrake: aCase(
    async (scene) => {
      const { store, workspace } = scene;
      const automation = await aStoredRule(scene);
      const activation = {
        ...WAITS,
        ...NO_BRAKE,
        run: aKey(),
        automation,
        version: 1,
        subject: '7',
        limit: 2,
      };
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations: [activation] })]);
      const call = () => store.resetBrake(workspace, automation, null, 'me', T0);
      return { call, first: { activations: null }, again: SAME };
    },
    { audited: true },
  ),
  cancelRuns: aCase(async (scene) => {
    const run = await aRun(scene);
    return { call: () => scene.store.cancelRuns(scene.workspace, { run }, 'me', T0), first: 1, again: 0 };
  }),
  advanceRuns: aCase(async (scene) => {
    const key = await aRun(scene);
    const run = await dueRun(scene, key);
    const deliveries = [aDelivery(scene.endpoint)];
    const next: RunAdvance = { ...WAITS, state: 'finished', dueAt: null, deliveries };
    const version = await versionOf(scene.store, scene.workspace);
    const call = () => scene.store.advanceRuns(version, [{ run, next }], T0);
    // It has moved on; its lane is found by whoever works it.
    return { call, first: [scene.endpoint.lanes], again: [null] };
  }),
  postponeRun: aCase(async (scene) => {
    const key = await aRun(scene);
    const call = () => scene.store.postponeRun(scene.workspace, key, NOW);
    return { call, first: undefined, again: SAME };
  }),
  setAsideRuns: aCase(async (scene) => {
    const key = await aPausedRun(scene);
    const call = () => scene.store.setAsideRuns(scene.workspace, [key]);
    return { call, first: undefined, again: SAME };
  }),
  resumeRuns: aCase(async (scene) => {
    const key = await aPausedRun(scene);
    await scene.store.setAsideRuns(scene.workspace, [key]);
    for (const { key: rule } of await scene.store.listAutomations(scene.workspace)) {
      await scene.store.enableAutomation(scene.workspace, rule, true, 'me', T0);
    }
    return { call: () => scene.store.resumeRuns(scene.workspace, 10), first: false, again: SAME };
  }),
} satisfies Record<string, Case>;
