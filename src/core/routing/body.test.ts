import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { getPath } from '../json/pointer.ts';
import { eventBody } from './body.ts';

const RAW =
  ' {"a" : {"n": 9007199254740993, "s": "\\u0061"}, "l":[1, [ 2.0 ]], "a":{"n":1e400 }, "__proto__":{"x":0}} ';
const body = eventBody(RAW, JSON.parse(RAW));

describe('slices of a body', () => {
  test.each([
    [[], RAW.trim()],
    [['a', 'n'], '1e400'],
    [['a', 's'], null],
    [['l', '0'], '1'],
    [['l', '1', '0'], '2.0'],
    [['l', '2'], null],
    [['l', 'length'], null],
    [['l', '0', 'x'], null],
    [['__proto__', 'x'], '0'],
    [['constructor'], null],
  ])('at %j stands %j', (path, expected) => {
    expect(body.slice(path)).toBe(expected);
    expect(body.slice(path)).toBe(expected);
  });

  test('a slice reads as what the parsed body has there', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '0', '1', '__proto__', 'length', ''), { maxLength: 3 });
    const json = fc.oneof(
      fc.json(),
      fc.object({ key: fc.constantFrom('a', 'b', '0') }).map((it) => JSON.stringify(it)),
    );
    fc.assert(
      fc.property(json, path, (raw, names) => {
        const value: unknown = JSON.parse(raw);
        const slice = eventBody(raw, value).slice(names);
        const found = getPath(value, names);
        expect(slice === null ? { found: false } : { found: true, value: JSON.parse(slice) }).toEqual(found);
      }),
      { numRuns: 500 },
    );
  });
});
