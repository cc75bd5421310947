/** Reads of lanes: bounded in number, shared within a workspace, and fair between workspaces (P11). */

import { expect, test } from 'vitest';
import type { LaneState } from '../store/records/lanes.ts';
import { createLaneReads } from './reads.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store whose statements end when they are told to. */
function aSlowStore() {
  const underWay: Array<{ workspace: number; lanes: readonly number[]; end(error?: Error): void }> = [];
  const stateOf = (lane: number) => ({ lane }) as LaneState;
  const reads = createLaneReads({
    readLanesOf: (workspace, lanes) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void =>
          error === undefined ? resolve(lanes.map(stateOf)) : reject(error);
        underWay.push({ workspace, lanes, end });
      }),
  });
  const load = (workspace: number, lane: number): Promise<number> =>
    reads.load(
      workspace,
      () =>
        new Promise((resolve, reject) => {
          const end = (error?: Error): void => (error === undefined ? resolve(lane) : reject(error));
          underWay.push({ workspace, lanes: [lane], end });
        }),
    );
  return { reads, load, underWay };
}

test('those of a workspace that ask while a statement is under way share the next', async () => {
  const { reads, underWay } = aSlowStore();
  const asked = Array.from({ length: 500 }, (_, lane) => reads.look(1, lane));
  expect(underWay.map(({ lanes }) => lanes.length)).toEqual([1]);
  for (const expected of [200, 200, 99]) {
    underWay.shift()?.end();
    await settle();
    expect(underWay.map(({ lanes }) => lanes.length)).toEqual([expected]);
  }
  underWay.shift()?.end();
  expect((await Promise.all(asked)).map((state) => state?.lane)).toEqual(asked.map((_, lane) => lane));
});

test('no more than six are under way at once, and a workspace that asks late need not wait for all of another’s', async () => {
  const { reads, load, underWay } = aSlowStore();
  const many = Array.from({ length: 100 }, (_, lane) => load(1, lane));
  const few = [load(2, 1_000), reads.look(3, 1_001)];
  expect(underWay).toHaveLength(6);
  for (let ended = 0; ended < 3; ended += 1) {
    underWay.shift()?.end();
    await settle();
    expect(underWay).toHaveLength(6);
  }
  expect(underWay.map(({ workspace }) => workspace)).toEqual([1, 1, 1, 1, 2, 3]);
  while (underWay.length > 0) {
    underWay.shift()?.end();
    await settle();
  }
  expect(await Promise.all(many)).toHaveLength(100);
  expect(await Promise.all(few)).toEqual([1_000, { lane: 1_001 }]);
});

test('whoever shares a statement that fails is told, and nobody else; all that ask at any time are answered', async () => {
  const { reads, load, underWay } = aSlowStore();
  const outcomes: Array<Promise<unknown>> = [];
  for (let turn = 0; turn < 60; turn += 1) {
    for (let lane = 0; lane < 5; lane += 1) {
      const asked = lane % 2 === 0 ? load(turn % 4, lane) : reads.look(turn % 3, lane);
      outcomes.push(
        asked.then(
          () => 'answered',
          () => 'failed',
        ),
      );
    }
    underWay.splice(turn % 3, 1)[0]?.end(turn % 10 === 0 ? new Error('away') : undefined);
    await settle();
  }
  const isFailed = underWay.shift();
  isFailed?.end(new Error('away'));
  while (underWay.length > 0) {
    underWay.pop()?.end();
    await settle();
  }
  const counts = Map.groupBy(await Promise.all(outcomes), (outcome) => outcome);
  expect(counts.get('answered')?.length).toBeGreaterThan(200);
  expect(counts.get('failed')?.length).toBeGreaterThan(0);
});
