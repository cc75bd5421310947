/** The contract's part on marks: what moves them, and that nothing of another workspace does. */

import { describe, expect, test } from 'vitest';
import { DAY, HOUR } from '../../core/duration.ts';
import type { Marks } from '../records/watching.ts';
import type { Store } from '../store.ts';
import {
  aBinRequest,
  aKey,
  aNotice,
  anAttempt,
  anEvent,
  aResult,
  type OpenStore,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
} from './builders.ts';
import { aJob } from './faultJobs.ts';
import { aBin, aDelivered, anApiKey, aReplay } from './faultScenes.ts';

const ANCHOR = T0 - HOUR;

async function marksOf(store: Store, workspace: number): Promise<Marks> {
  const marks = (await store.readMarks([workspace], ANCHOR)).get(workspace);
  if (marks === undefined) throw new Error('The workspace is gone.');
  return marks;
}

function movedOf(before: Marks, after: Marks): string[] {
  return (Object.keys(before) as Array<keyof Marks>).filter((name) => before[name] !== after[name]).sort();
}

export function watchingContract(open: OpenStore): void {
  describe('marks', () => {
    const opened = useStore(open);

    test('each change moves the marks of its kind and no other, and looking moves none', async () => {
      const { store, insertNotices } = opened();
      const { workspace, endpoint } = await seed(store);
      const other = await seed(store);
      const foreign = await marksOf(store, other.workspace);
      const bin = aBin(workspace);
      const key = anApiKey(workspace);
      await store.createApiKey(key, 'me');
      const scene = { store, insertNotices, workspace, endpoint, endpoints: [endpoint] };
      await aDelivered(scene);
      const replay = await aReplay(scene);
      const job = aJob(workspace);
      const changes: Array<[moves: string[], change: () => Promise<unknown>]> = [
        [['events'], () => publishAccepted(store, workspace, [anEvent([])])],
        [['events', 'queues'], () => publishSome(store, endpoint, 1)],
        [
          ['attempts'],
          async () => {
            const [item] = await store.loadLane({ workspace, lane: endpoint.lanes[0] ?? 0 }, 0, 1, 1e6);
            const attempt = anAttempt({ number: 7 });
            await store.record('node-a', workspace, [aResult(endpoint, 1, item ?? { key: 0 }, { attempt })]);
          },
        ],
        [['routing'], () => store.updateEndpoint(workspace, endpoint.key, { name: 'Other' }, T0 + 5, 'me')],
        [['notices'], () => insertNotices([aNotice({ workspace })])],
        [['bins'], () => store.createBin(bin, 9)],
        [['bins'], () => store.captureRequest(aBinRequest(bin), { requests: 5, bytes: 1_000 })],
        [['replays'], () => store.createReplay(replay)],
        [['replays'], () => store.cancelReplay(workspace, replay.key, T0 + DAY, 'me')],
        [['jobs'], () => store.createJob(job, {})],
        [['jobs'], () => store.cancelJob(workspace, job.key, T0 + DAY, 'me')],
        [['revoked'], () => store.revokeApiKey(workspace, key.key, T0, 'me')],
      ];
      for (const [moves, change] of changes) {
        const before = await marksOf(store, workspace);
        expect(await marksOf(store, workspace)).toEqual(before);
        await change();
        expect(movedOf(before, await marksOf(store, workspace))).toEqual(moves);
      }
      expect(await marksOf(store, other.workspace)).toEqual(foreign);
      expect(Object.values(await marksOf(store, workspace)).every(Number.isSafeInteger)).toBe(true);
    });

    test('a workspace that is not there has none', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      expect([...(await store.readMarks([workspace, aKey()], ANCHOR)).keys()]).toEqual([workspace]);
      expect(await store.readMarks([], ANCHOR)).toEqual(new Map());
    });

    test('details tell which endpoint, bin and replay it was', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 3 });
      const [first, second] = endpoints;
      if (first === undefined || second === undefined) throw new Error('Two endpoints, please.');
      const bins = [aBin(workspace), aBin(workspace)] as const;
      for (const bin of bins) await store.createBin(bin, 9);
      const before = await store.readMarkDetails(workspace, ANCHOR);
      await publishSome(store, first, 1);
      await store.updateEndpoint(workspace, second.key, { name: 'Other' }, T0 + 5, 'me');
      await store.captureRequest(aBinRequest(bins[1]), { requests: 5, bytes: 1_000 });
      const after = await store.readMarkDetails(workspace, ANCHOR);
      const moved = (of: 'deliveries' | 'endpoints' | 'bins') =>
        [...after[of]].filter(([key, mark]) => before[of].get(key) !== mark).map(([key]) => key);
      expect(moved('deliveries')).toEqual([first.key]);
      expect(moved('endpoints')).toEqual([second.key]);
      expect(moved('bins')).toEqual([bins[1].key]);
      expect([...after.deliveries.keys()].sort()).toEqual(endpoints.map(({ key }) => key).sort());
    });
  });
}
