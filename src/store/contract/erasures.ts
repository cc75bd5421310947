/** The contract's part on what is taken away for good: workspaces with all their rows, and people's data. */

import { describe, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { Job, JobKind, JobProgress } from '../records/jobs.ts';
import type { Store } from '../store.ts';
import { anActivation, aScene, LATER } from './automation.ts';
import {
  aBinRequest,
  aDelivery,
  aKey,
  anAttempt,
  anEvent,
  aResult,
  DELIVERED,
  indexAll,
  type OpenStore,
  openItems,
  publish,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
} from './builders.ts';
import { aJob } from './faultJobs.ts';
import { aBin, anApiKey, NOW } from './faultScenes.ts';

const PAGE = { limit: 100, before: null };

/** Does jobs of this kind to their end, as a node would; what the first of them ended with. */
async function work(store: Store, kind: JobKind, now: number): Promise<JobProgress> {
  for (;;) {
    const [job] = await store.claimJobs('node-a', [kind], 1, now);
    if (job === undefined) throw new Error('There is no such job.');
    const done =
      kind === 'erase'
        ? await store.eraseSome('node-a', job, now)
        : await store.deleteSome('node-a', job, now);
    if (done === null || done === 'later') throw new Error(`The step was not done: ${done}`);
    const progress = 'progress' in done ? done.progress : done;
    if (progress.end !== undefined) return progress;
  }
}

async function erase(
  store: Store,
  workspace: number,
  person: { subject: string | null; terms: string[] },
): Promise<Job> {
  const job = aJob(workspace, { kind: 'erase', input: person, createdAt: T0 + DAY });
  await store.createJob(job, {});
  await work(store, 'erase', NOW);
  const found = await store.findJob(workspace, job.key);
  if (found === null) throw new Error('The job is gone.');
  return found;
}

const LAYLA = 'layla@example.com';

/** Of a person with everything that follows of an event: a delivery that was sent, one that is held, a run, a capture. */
async function aPersonsTrail(store: Store) {
  const { workspace, endpoint, rule } = await aScene(store);
  const body = `{"data":{"contact":{"id":4711,"email":"${LAYLA}"}}}`;
  const of = (over = {}) => anEvent([endpoint], { subject: '4711', body, ...over });
  const [sent, held] = [of(), of({ account: `"${LAYLA}"`, verdicts: `[{"actual":"${LAYLA}"}]` })];
  const step = { step: 'a', kind: 'webhook', details: `{"to":"${LAYLA}"}`, at: T0 };
  const activation = anActivation(rule.key, { ...LATER, steps: [step], subject: '4711' });
  const idempotency = { key: 'of layla', hash: 'h' };
  await publishAccepted(store, workspace, [sent], { idempotency });
  const source = { kind: 'workflow', id: rule.key } as const;
  const own = { ...aDelivery(endpoint, { source }), body: `{"own":"${LAYLA}"}` };
  await publishAccepted(store, workspace, [
    { ...held, deliveries: [...held.deliveries, own], activations: [activation] },
  ]);
  const [item] = await openItems(store, endpoint);
  const attempt = anAttempt({
    requestHeaders: `[["x","${LAYLA}"]]`,
    responseBody: new Uint8Array(Buffer.from(LAYLA)),
  });
  await store.record('node-a', workspace, [aResult(endpoint, 1, item ?? { key: 0 }, { attempt })]);
  const bin = aBin(workspace);
  await store.createBin(bin, 9);
  const headers = JSON.stringify([['webhook-id', formatId('msg', item?.key ?? 0)]]);
  const captured = aBinRequest(bin, { headers });
  await store.captureRequest(captured, { requests: 100, bytes: 1e6 });
  const other = anEvent([endpoint], { subject: '9', body: '{"data":{"contact":{"id":9}}}' });
  await publishAccepted(store, workspace, [other]);
  return { workspace, endpoint, sent, held, other, bin };
}

export function erasuresContract(open: OpenStore): void {
  const opened = useStore(open);

  describe('deleting a workspace', () => {
    test('nobody finds it from then on, whatever they held; others stay as they were', async () => {
      const { store } = opened();
      const [{ workspace, endpoint }, other] = [await seed(store), await seed(store)];
      await store.identifyWorkspace(workspace, { externalId: 'cus_1' }, T0, 'me');
      const key = anApiKey(workspace);
      await store.createApiKey(key, 'me');
      const version = (await store.findWorkspace(workspace))?.routingVersion ?? 0;
      const job = aKey();
      expect(await store.deleteWorkspace(workspace, { job, at: NOW, by: 'me' })).toBe(true);
      expect(await store.findWorkspace(workspace)).toBeNull();
      expect(await store.findByExternalId('cus_1')).toBeNull();
      expect(await store.routing(workspace)).toBeNull();
      // Who watches it is told that it is gone.
      expect((await store.readMarks([workspace, other.workspace], T0)).size).toBe(1);
      expect(await store.findApiKey(key.hash)).toBeNull();
      expect((await store.listWorkspaces()).map((found) => found.key)).toEqual([other.workspace]);
      expect((await store.scanWorkspaces({}, PAGE)).rows).toHaveLength(1);
      const stale = await publish(store, workspace, [anEvent([endpoint])], { routingVersion: version });
      expect(stale).toMatchObject({ kind: 'stale' });
      expect(
        await store.suspendWorkspace(workspace, { mode: 'hold', reason: null, at: T0, by: 'me' }),
      ).toBeNull();
      expect(await store.updateWorkspace(workspace, { name: 'x' }, T0, 'me')).toBeNull();
      expect(await store.deleteWorkspace(workspace, { job: aKey(), at: NOW, by: 'me' })).toBe(false);
      expect(await store.findJob(null, job)).toMatchObject({ kind: 'delete_workspace', state: 'running' });
      await publishSome(store, other.endpoint, 1);
    });

    test('a job deletes all its rows, waits until what was under way has ended, and says what there was', async () => {
      const { store } = opened();
      const { workspace, endpoint, sent } = await aPersonsTrail(store);
      await publishSome(store, endpoint, 400);
      await indexAll(store, workspace, () => [1]);
      while (await store.sealBlocks(workspace, Number.MAX_SAFE_INTEGER));
      const other = await seed(store);
      await publishSome(store, other.endpoint, 3);
      const job = aKey();
      await store.deleteWorkspace(workspace, { job, at: NOW, by: 'me' });
      let steps = 0;
      for (;;) {
        const [owned] = await store.claimJobs('node-a', ['delete_workspace'], 1, NOW);
        const done = owned && (await store.deleteSome('node-a', owned, NOW));
        if (done === 'later') break;
        steps += 1;
      }
      expect(steps).toBeGreaterThan(3);
      // A result that was in flight is not kept.
      await store.record('node-a', workspace, [aResult(endpoint, 1, { key: sent.key }, { next: DELIVERED })]);
      const { report } = await work(store, 'delete_workspace', NOW + MINUTE);
      expect(report).toMatchObject({
        workspace_id: formatId('ws', workspace),
        deleted: { events: 403, deliveries: 404, attempts: 1, bins: 1, runs: 1 },
      });
      expect(await store.findJob(null, job)).toMatchObject({ state: 'finished' });
      expect(await store.listEvents(workspace, {}, PAGE)).toEqual([]);
      expect(await openItems(store, other.endpoint)).toHaveLength(3);
      const audit = (await store.listAudit(0, {}, PAGE)).filter(
        ({ target }) => target === formatId('ws', workspace),
      );
      expect(audit.map(({ action }) => action)).toEqual(['workspace.deleted']);
    });
  });

  describe('erasing a person', () => {
    test('events of the subject stay and say so, without a word of theirs; what is open is skipped as erased', async () => {
      const { store } = opened();
      const { workspace, endpoint, sent, held, other, bin } = await aPersonsTrail(store);
      await indexAll(store, workspace, () => [1]);
      const job = await erase(store, workspace, { subject: '4711', terms: [] });
      expect((await store.findEvents(workspace, [1], {}, PAGE)).rows.map(({ id }) => id)).toEqual([other.id]);
      for (const { id } of [sent, held]) {
        expect(await store.findEvent(workspace, id)).toMatchObject({
          ...{ subject: null, body: null, account: null, verdicts: null, erasedAt: NOW },
        });
      }
      expect(await store.findEvent(workspace, other.id)).toMatchObject({ subject: '9', erasedAt: null });
      expect((await openItems(store, endpoint)).map(({ event }) => event)).toEqual([other.key]);
      const listed = await store.listDeliveries(workspace, { event: held.key }, PAGE);
      for (const { state, reason } of listed) {
        expect({ state, reason }).toEqual({ state: 'skipped', reason: expect.stringMatching(/^erased: /) });
      }
      expect(await store.listRuns(workspace, {}, PAGE)).toEqual([]);
      const page = { before: null, limit: 9, maxBytes: 1e6, bodyBytes: 1e6 };
      expect(await store.listBinRequests(workspace, bin.key, page)).toEqual([]);
      expect(job).toMatchObject({
        state: 'finished',
        input: { subject: '…', terms: [] },
        report: {
          erased: {
            events: 2,
            bodies: 2,
            deliveries_skipped: 2,
            attempts: 1,
            runs: 1,
            captures: 1,
            answers: 1,
          },
        },
      });
      // What was in flight meanwhile is not recorded.
      const [late] = listed;
      await store.record('node-a', workspace, [aResult(endpoint, 1, late ?? { key: 0 })]);
      expect(await store.listAttempts(workspace, [late?.key ?? 0], { full: true })).toEqual([]);
    });

    test('terms are found in what others’ events hold; what came in later is not touched', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const bodies = [
        `{"friend":"LAYLA@example.com"}`,
        '{"note":"\\u0644\\u064a\\u0644\\u0649 \\u0623\\u062d\\u0645\\u062f"}',
        '{"note":"nobody"}',
      ];
      const events = bodies.map((body, index) => anEvent([endpoint], { subject: `${index}`, body }));
      await publishAccepted(store, workspace, events);
      const later = anEvent([], { key: aKey() + 3 * DAY * 2_048, subject: '7', body: bodies[0] ?? '' });
      await publishAccepted(store, workspace, [later]);
      await erase(store, workspace, { subject: null, terms: [LAYLA, 'ليلى أحمد'] });
      const erased = [];
      for (const { id } of [...events, later])
        erased.push((await store.findEvent(workspace, id))?.erasedAt ?? null);
      expect(erased).toEqual([NOW, NOW, null, null]);
    });

    test('many events are erased in many steps, and each is counted once', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const events = Array.from({ length: 230 }, (_, index) =>
        anEvent([endpoint], { subject: index % 2 === 0 ? '4711' : '9' }),
      );
      await publishAccepted(store, workspace, events);
      const job = await erase(store, workspace, { subject: '4711', terms: ['no such'] });
      expect(job.report.erased).toMatchObject({ events: 115, deliveries_skipped: 115 });
      const days = { since: 0, until: NOW + DAY, after: null, limit: 9 };
      const usage = await store.readUsage({ workspace, ...days });
      expect(usage.map(({ skipped }) => skipped).reduce((sum, count) => sum + count, 0)).toBe(115);
    });
  });
}
