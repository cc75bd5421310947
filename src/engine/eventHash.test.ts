/** What makes a repeat the same event, and what makes it another. */

import { describe, expect, test } from 'vitest';
import { hashEvent } from './eventHash.ts';

const hashOf = (
  data: string,
  more: { type?: string; account?: string | null; createdAt?: number | null } = {},
) => hashEvent({ type: 'a.b', data, value: JSON.parse(data), account: null, createdAt: null, ...more });

describe('a repeat', () => {
  test.each([
    ['{"a":1,"b":{"c":2,"d":[1,2]}}', '{ "b": {"d":[1, 2],\n"c":2}, "a":1.0 }'],
    ['{"a":"\\u0645"}', '{"a":"م"}'],
    ['{"a":1.10}', '{"a":1.1}'],
  ])('%s is %s', (one, other) => {
    expect(hashOf(one)).toBe(hashOf(other));
  });

  test.each([
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":7615917337495251231}', '{"a":7615917337495251200}'],
    ['{"a":0.10000000000000001}', '{"a":0.1}'],
    ['{"a":-0}', '{"a":0}'],
    ['{"a":1e400}', '{"a":2e400}'],
    ['{"a":"1"}', '{"a":1}'],
    ['{"a":null}', '{}'],
    ['{"a":"b","c":"d"}', '{"a":"d","c":"b"}'],
  ])('%s is not %s', (one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });

  test('is of the same type, account and time', () => {
    const all = [
      hashOf('{}'),
      hashOf('{}', { type: 'a.c' }),
      hashOf('{}', { account: '{"email":"a@example.com"}' }),
      hashOf('{}', { account: '{"email":"b@example.com"}' }),
      hashOf('{}', { createdAt: 0 }),
      hashOf('{}', { createdAt: 1 }),
    ];
    expect(new Set(all).size).toBe(all.length);
    const two = [{ account: '{"a":1,"b":2}' }, { account: '{"b":2, "a":1}' }];
    expect(new Set(two.map((more) => hashOf('{}', more))).size).toBe(1);
  });
});
