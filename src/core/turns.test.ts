import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('workspaces take turns, whoever has handed in most; within one, the order stays', () => {
  const turns = new Turns<string>();
  for (const item of ['a1', 'a2', 'a3']) turns.add(1, item);
  expect(turns.take()).toBe('a1');
  turns.add(2, 'b1');
  turns.add(3, 'c1');
  turns.add(2, 'b2');
  const taken = Array.from({ length: 6 }, () => turns.take());
  expect(taken).toEqual(['a2', 'b1', 'c1', 'a3', 'b2', null]);
});
