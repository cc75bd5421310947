/** Room for large bodies: who gets it, who waits, and who is refused. */

import { expect, test } from 'vitest';
import { LIGHT_LIMITS } from '../core/limits.ts';
import { Overloaded } from '../engine/engine.ts';
import { createIntake } from './intake.ts';

const LARGE = LIGHT_LIMITS.text.value + 1;

interface Call {
  name: string;
  end(): void;
  ended: Promise<void>;
}

/** Bodies of which each stays until it is ended; `reading` are those that have room, in the order in which they got it. */
function open(limits: { bytes: number; waiting: number }) {
  const intake = createIntake(limits);
  const reading: string[] = [];
  const take = (workspace: number, name: string, bytes = LARGE): Call => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = intake.during(workspace, bytes, () => {
      reading.push(name);
      return promise;
    });
    return { name, end: resolve, ended };
  };
  const turns = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { take, reading, turns };
}

test('a workspace holds no more than it leaves free, and another always finds room beside it', async () => {
  const { take, reading } = open({ bytes: 4 * LARGE, waiting: 10 });
  for (const name of ['a1', 'a2', 'a3']) take(1, name);
  expect(reading).toEqual(['a1', 'a2']);
  take(2, 'b1');
  expect(reading).toEqual(['a1', 'a2', 'b1']);
});

test('what has waited is read when there is room, workspaces in turn', async () => {
  const { take, reading, turns } = open({ bytes: 2 * LARGE, waiting: 10 });
  const first = take(1, 'a1');
  for (const name of ['a2', 'a3']) take(1, name);
  const other = take(2, 'b1');
  take(2, 'b2');
  expect(reading).toEqual(['a1', 'b1']);
  first.end();
  await first.ended;
  await turns();
  other.end();
  await other.ended;
  await turns();
  expect(reading).toEqual(['a1', 'b1', 'a2', 'b2']);
});

test('what fails gives its room back', async () => {
  const intake = createIntake({ bytes: LARGE, waiting: 10 });
  await expect(intake.during(1, LARGE, () => Promise.reject(new Error('broken off')))).rejects.toThrow();
  expect(await intake.during(2, LARGE, async () => 'read')).toBe('read');
});

test('P14: more than may wait is refused; what is small or alone is taken, whatever the room', async () => {
  const { take, reading } = open({ bytes: LARGE, waiting: 1 });
  take(1, 'larger than all the room', 3 * LARGE);
  take(1, 'waits');
  await expect(take(1, 'refused').ended).rejects.toBeInstanceOf(Overloaded);
  take(1, 'small', LIGHT_LIMITS.text.value);
  expect(reading).toEqual(['larger than all the room', 'small']);
});
