import { expect, test } from 'vitest';
import { Overloaded } from '../engine/engine.ts';
import { createPageTurns } from './pageTurns.ts';

const soon = (run: () => void): void => void setImmediate(run);

test('pages are made one at a time, workspaces in turn, and one that fails stops no other', async () => {
  const { take } = createPageTurns({ soon });
  const made: string[] = [];
  let atOnce = 0;
  const page = (name: string) => async (): Promise<string> => {
    atOnce += 1;
    expect(atOnce).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
    made.push(name);
    if (name === 'a2') throw new Error('It cannot be made.');
    return name;
  };
  const asked = [take(1, page('a1')), take(1, page('a2')), take(1, page('a3')), take(2, page('b1'))];
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(made).toEqual(['a1', 'a2', 'b1', 'a3']);
  expect(await take(1, page('a4'))).toBe('a4');
});

test('P14: more than may wait are refused, and later ones are made', async () => {
  const { take } = createPageTurns({ soon });
  const asked = Array.from({ length: 250 }, () => take(1, async () => 'made'));
  const outcomes = await Promise.allSettled(asked);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toHaveLength(50);
  expect(refused.every(({ reason }) => reason instanceof Overloaded)).toBe(true);
  expect(await take(1, async () => 'made')).toBe('made');
});
