import { expect, test } from 'vitest';
import { readExact } from '../core/json/exact.ts';
import type { Routing } from '../store/records/routing.ts';
import { postRouting, takeRouting } from './protocol.ts';

test('conditions come to the thread with all digits of their numbers, and nothing else is changed', () => {
  const condition = '{"field":"data.id","op":"one_of","value":[7615917337495251231,0.1,"x"]}';
  const endpoints = [
    { key: 1, condition: readExact(condition) },
    { key: 2, condition: null },
  ];
  const routing = { workspace: { key: 7 }, endpoints } as unknown as Routing;
  const taken = takeRouting(structuredClone(postRouting(routing)));
  expect(taken).toEqual(routing);
  expect(JSON.stringify(taken.endpoints[0]?.condition)).toBe(condition);
});
