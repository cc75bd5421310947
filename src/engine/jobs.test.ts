/** Jobs: one turn at a time, failures that rest and stop nobody else, workspaces that take turns, a stop that waits. */

import { describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { StoreUnavailable } from '../store/store.ts';
import { createJobs, type Job, type Turn } from './jobs.ts';

function aScene(turn: Job['turn'], over: Partial<Job> = {}, ...others: Job[]) {
  const clock = createMovableClock();
  const errors: string[] = [];
  const onError = (error: unknown, where: string): void => {
    errors.push(`${where}: ${error instanceof Error ? error.message : error}`);
  };
  const jobs = createJobs({ clock, onError }, [{ name: 'work', everyMs: null, turn, ...over }, ...others]);
  const ticked = async (): Promise<void> => {
    jobs.tick();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, errors, jobs, ticked };
}

describe('a job', () => {
  test('has one turn at a time, and its stop waits for it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let turns = 0;
    const { jobs, ticked } = aScene(async () => {
      turns += 1;
      await promise;
    });
    await ticked();
    await ticked();
    expect(turns).toBe(1);
    let isStopped = false;
    const stopped = jobs.stop().then(() => {
      isStopped = true;
    });
    await ticked();
    expect([turns, isStopped]).toEqual([1, false]);
    resolve();
    await stopped;
    await ticked();
    expect(turns).toBe(1);
  });

  test('that is ticked during its turn, however often, has one more turn after it', async () => {
    const ends: Array<() => void> = [];
    const { jobs, ticked } = aScene(() => new Promise((resolve) => ends.push(resolve)));
    for (let tick = 0; tick < 5; tick += 1) await ticked();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toHaveLength(2);
    await jobs.stop();
  });

  test('that does not end is waited for with patience, and no longer', async () => {
    const { clock, jobs, ticked } = aScene(() => new Promise(() => {}));
    await ticked();
    const stopped = jobs.stop();
    clock.move(5 * SECOND);
    await stopped;
    expect(clock.pending()).toBe(0);
  });

  test('that rests between its parts goes on at once when it is to stop', async () => {
    let isResting = true;
    const { jobs, ticked } = aScene(async (turn) => {
      await turn.rest(MINUTE);
      isResting = !turn.stopped();
    });
    await ticked();
    await jobs.stop();
    expect(isResting).toBe(false);
  });

  test('that fails says so, rests twice as long each time up to 5 s, and holds up no other', async () => {
    let tries = 0;
    let others = 0;
    const other: Job = {
      name: 'other',
      everyMs: 2 * SECOND,
      async turn() {
        others += 1;
      },
    };
    const { clock, errors, ticked } = aScene(
      async () => {
        tries += 1;
        if (tries < 6) throw new StoreUnavailable('away');
      },
      {},
      other,
    );
    const triedAt: number[] = [];
    for (let second = 0; second < 30; second += 1) {
      const before = tries;
      await ticked();
      if (tries > before) triedAt.push(second);
      clock.move(SECOND);
    }
    expect(triedAt.slice(0, 8)).toEqual([0, 1, 3, 7, 12, 17, 18, 19]);
    expect(errors).toEqual(Array(5).fill('work: away'));
    expect(others).toBe(14);
  });
});

describe('the items of a job', () => {
  const round = (work: (item: string) => Promise<boolean>) => async (turn: Turn) => {
    while (await turn.each(['a', 'b', 'c'], work));
  };

  test('P11: take turns, a part of each', async () => {
    const done: string[] = [];
    const left: Record<string, number> = { a: 3, b: 1, c: 2 };
    const { ticked } = aScene(
      round(async (item) => {
        if (left[item] === 0) return false;
        left[item] = (left[item] ?? 0) - 1;
        done.push(item);
        return left[item] > 0;
      }),
    );
    await ticked();
    expect(done).toEqual(['a', 'b', 'c', 'a', 'c', 'a']);
  });

  test('P11: one that fails is told with what it was, rests, and is tried again; the others go on', async () => {
    const done: string[] = [];
    let isBroken = true;
    const { clock, errors, ticked } = aScene(
      round(async (item) => {
        if (item === 'b' && isBroken) throw new Error('broken');
        done.push(item);
        return false;
      }),
    );
    for (let second = 0; second < 4; second += 1) {
      await ticked();
      clock.move(SECOND);
    }
    expect(done).toEqual(['a', 'c', 'a', 'c', 'a', 'c', 'a', 'c']);
    // At once, and after 1 s and 2 s more.
    expect(errors).toEqual(Array(3).fill('work: b: broken'));
    isBroken = false;
    clock.move(5 * MINUTE);
    await ticked();
    expect(done.slice(-3)).toEqual(['a', 'b', 'c']);
  });

  test('a database that is away ends the turn, when all of it has ended, and nobody is blamed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let done = 0;
    const { clock, errors, ticked } = aScene(async (turn) => {
      await turn.each(
        ['slow', 'away', 'later', 'later still'],
        async (item) => {
          if (item === 'away') throw new StoreUnavailable('away');
          if (item === 'slow') await promise;
          done += 1;
          return false;
        },
        { atOnce: 2 },
      );
    });
    await ticked();
    clock.move(MINUTE);
    await ticked();
    expect([done, errors]).toEqual([0, []]);
    resolve();
    await ticked();
    expect([done, errors]).toEqual([1, ['work: away']]);
  });
});
