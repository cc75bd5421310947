/** Who is served when by the database thread. */

import { expect, test } from 'vitest';
import type { Request, Work } from './protocol.ts';
import { TurnQueue } from './turnQueue.ts';

const QUERY: Work = { kind: 'query', sql: 'SELECT 1', parameters: [] };
const publish = (workspace: number, weight: number): Work => ({
  kind: 'publish',
  workspace,
  call: Array.from({ length: weight }, () => 0),
});

function queueOf(...works: Array<Work | { lease: number }>): TurnQueue {
  const queue = new TurnQueue();
  for (const [id, work] of works.entries()) {
    const request: Request =
      'lease' in work ? { id, lease: work.lease, work: QUERY } : { id, lease: null, work };
    queue.add(request);
  }
  return queue;
}

function groupsOf(queue: TurnQueue): number[][] {
  const groups: number[][] = [];
  while (!queue.isEmpty) groups.push(queue.takeGroup(100).map(({ id }) => id));
  return groups;
}

test('a backlog of one workspace delays another by no more than a group; within each the order stays', () => {
  const backlog = Array.from({ length: 1_000 }, () => publish(1, 40));
  const groups = groupsOf(queueOf(...backlog, publish(2, 40), publish(2, 40), QUERY));
  expect(groups.slice(0, 3)).toEqual([
    [0, 1_000, 1_002],
    [1, 1_001],
    [2, 3],
  ]);
  const first = groups.flat().filter((id) => id < 1_000);
  expect(first).toEqual(Array.from({ length: 1_000 }, (_, id) => id));
});

test('an interactive transaction begins when its turn comes, alone', () => {
  const queue = queueOf(publish(1, 1), publish(1, 1), publish(1, 1), { kind: 'begin' }, QUERY);
  expect(groupsOf(queue)).toEqual([[0], [3], [1, 4, 2]]);
});

test('what is larger than a group is one by itself', () => {
  expect(groupsOf(queueOf(publish(1, 5_000), publish(2, 1), publish(1, 1)))).toEqual([[0], [1, 2]]);
});

test('steps of an interactive transaction are taken by its lease, in order', () => {
  const queue = queueOf({ lease: 7 }, publish(1, 1), { lease: 8 }, { lease: 7 });
  expect([7, 7, 7].map((lease) => queue.takeLeased(lease)?.id)).toEqual([0, 3, undefined]);
  expect(queue.takeGroup(100).map(({ id }) => id)).toEqual([1]);
});
