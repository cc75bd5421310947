/** The contract's part on what is taken away for good, where it is hardest: nodes that die, and data in unlikely places. */

import { describe, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../core/duration.ts';
import type { JobKind } from '../records/jobs.ts';
import type { Store } from '../store.ts';
import { anActivation, aScene, DONE } from './automation.ts';
import {
  aKey,
  anAttempt,
  anEvent,
  aResult,
  aWorkspace,
  DELIVERED,
  type OpenStore,
  openItems,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
} from './builders.ts';
import { aJob } from './faultJobs.ts';
import { NOW } from './faultScenes.ts';

const PAGE = { limit: 100, before: null };
const LAYLA = 'layla@example.com';
const OF_LAYLA = { subject: null, terms: [LAYLA] };

/** One step of the job that `node` has, or takes up; whether it ended with it. */
async function step(store: Store, node: string, kind: JobKind, now: number): Promise<boolean> {
  const [job] = await store.claimJobs(node, [kind], 1, now);
  if (job === undefined) throw new Error(`${node} has no such job.`);
  const done =
    kind === 'erase' ? await store.eraseSome(node, job, now) : await store.deleteSome(node, job, now);
  if (done === null || done === 'later') throw new Error(`The step was not done: ${done}`);
  // Done again from where it stood before, as by a node that has not noticed, it changes nothing.
  const late = kind === 'erase' ? store.eraseSome(node, job, now) : store.deleteSome(node, job, now);
  expect(await late).toBeNull();
  return ('progress' in done ? done.progress : done).end !== undefined;
}

/** Does the job to its end: each step at another node, the one before it being dead by then. */
async function workAtDyingNodes(store: Store, kind: JobKind, now: number): Promise<number> {
  for (let steps = 1; ; steps += 1) {
    const node = `mortal-${steps}`;
    await store.registerNode(node, { leaseMs: DAY, sends: true });
    const isOver = await step(store, node, kind, now);
    await store.unregisterNode(node);
    if (isOver) return steps;
  }
}

async function eraseLayla(store: Store, workspace: number) {
  const job = aJob(workspace, { kind: 'erase', input: OF_LAYLA, createdAt: T0 + DAY });
  await store.createJob(job, {});
  while (!(await step(store, 'node-a', 'erase', NOW)));
  return store.findJob(workspace, job.key);
}

export function erasureEdgesContract(open: OpenStore): void {
  const opened = useStore(open);

  describe('what is taken away for good', () => {
    test('P1: a deletion goes on wherever nodes die, and counts each row once', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, 700);
      const job = aKey();
      await store.deleteWorkspace(workspace, { job, at: NOW, by: 'me' });
      expect(await workAtDyingNodes(store, 'delete_workspace', NOW + MINUTE)).toBeGreaterThan(5);
      expect(await store.findJob(null, job)).toMatchObject({
        state: 'finished',
        report: { deleted: { events: 700, deliveries: 700, endpoints: 1 } },
      });
      expect(await store.listEvents(workspace, {}, PAGE)).toEqual([]);
    });

    test('P1: an erasure goes on wherever nodes die, counts each event once, and forgets what it looked for', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const body = `{"email":"${LAYLA}"}`;
      const events = Array.from({ length: 90 }, (_, index) =>
        anEvent([endpoint], index % 2 === 0 ? { body } : {}),
      );
      await publishAccepted(store, workspace, events);
      const job = aJob(workspace, { kind: 'erase', input: OF_LAYLA, createdAt: T0 + DAY });
      await store.createJob(job, {});
      expect(await workAtDyingNodes(store, 'erase', NOW)).toBeGreaterThan(10);
      expect(await store.findJob(workspace, job.key)).toMatchObject({
        state: 'finished',
        input: { terms: ['la…'] },
        report: { erased: { events: 45, bodies: 45, deliveries_skipped: 45 } },
      });
      expect(await openItems(store, endpoint)).toHaveLength(45);
    });

    test('a term that only an answer of a receiver holds is found, in its body, headers and error', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const answers = [
        { responseBody: new Uint8Array(Buffer.from(`unknown: ${LAYLA}`)) },
        { responseHeaders: `[["location","/in?of=layla%40example.com"]]` },
        { error: `refused: ${LAYLA}` },
        {},
      ];
      const items = await publishSome(store, endpoint, answers.length);
      const results = answers.map((answer, index) => {
        const attempt = anAttempt(answer);
        return aResult(endpoint, 1, items[index] ?? { key: 0 }, { attempt, next: DELIVERED });
      });
      await store.record('node-a', workspace, results);
      const job = await eraseLayla(store, workspace);
      expect(job?.report.erased).toMatchObject({ events: 3, attempts: 3 });
      const left = await store.listAttempts(
        workspace,
        items.map(({ key }) => key),
        { full: true },
      );
      expect(left).toHaveLength(1);
    });

    test('a term that only the history of a run holds is found: what it has heard was another event', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const details = `{"verdict":{"matched":false,"actual":"${LAYLA}"}}`;
      const steps = [{ step: 'is it her', kind: 'decision', details, at: T0 }];
      const telling = anEvent([], {
        subject: '7',
        activations: [anActivation(rule.key, { ...DONE, steps })],
      });
      const other = anEvent([], { subject: '8', activations: [anActivation(rule.key, { subject: '8' })] });
      await publishAccepted(store, workspace, [telling, other]);
      const job = await eraseLayla(store, workspace);
      expect(job?.report.erased).toMatchObject({ events: 1, runs: 1 });
      const left = await store.listRuns(workspace, {}, PAGE);
      expect(left.map(({ subject }) => subject)).toEqual(['8']);
    });

    test('an event that is about a term is found when its body is gone already, and so are counts about it', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const activations = [anActivation(rule.key, { ...DONE, subject: LAYLA })];
      const events = [
        anEvent([], { subject: LAYLA, activations }),
        anEvent([], { id: `of ${LAYLA.toUpperCase()}` }),
        anEvent([], { subject: 'other@example.com' }),
      ];
      await publishAccepted(store, workspace, events);
      const span = { after: 0, before: aKey() + DAY * 2_048, limit: 100 };
      await store.purgeBodies(workspace, span);
      const job = await eraseLayla(store, workspace);
      expect(job?.report.erased).toMatchObject({ events: 2, bodies: 0, counts: 1 });
      const left = await store.listEvents(workspace, {}, PAGE);
      expect(left.map(({ subject }) => subject ?? '').toSorted()).toEqual(['', '', 'other@example.com']);
      expect(JSON.stringify(left).toLowerCase()).not.toContain(LAYLA);
    });
  });

  test('name, external id and metadata of a workspace change together, or not at all', async () => {
    const { store } = opened();
    const { workspace } = await seed(store);
    await store.createWorkspace(aWorkspace({ externalId: 'cus_1' }));
    const version = (await store.findWorkspace(workspace))?.routingVersion ?? 0;
    const change = (externalId: string, at = version) =>
      store.identifyWorkspace(workspace, { externalId, name: 'Orchid', plan: 'gold' }, T0, 'me', at);
    expect(await change('cus_1')).toMatchObject({ takenBy: expect.any(Number) });
    await expect(change('cus_2', version - 1)).rejects.toThrow();
    expect(await store.findWorkspace(workspace)).toMatchObject({ externalId: null, routingVersion: version });
    expect((await store.findWorkspace(workspace))?.name).not.toBe('Orchid');
    const changed = { externalId: 'cus_2', name: 'Orchid', plan: 'gold' };
    expect(await change('cus_2')).toMatchObject(changed);
    expect(await store.findWorkspace(workspace)).toMatchObject(changed);
  });
}
