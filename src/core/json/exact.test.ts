import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDigits, digitsOf, isExactNumber, readExact } from './exact.ts';

describe('numbers compare by their digits', () => {
  test.each([
    ['7615917337495251231', '7615917337495251200', 1],
    ['-7615917337495251231', '-7615917337495251200', -1],
    ['0.30000000000000001', '0.3', 1],
    ['0.30000000000000004', '0.3', 1],
    ['1.10', '1.1', 0],
    ['1e2', '100', 0],
    ['1E+2', '100.00', 0],
    ['12e-1', '1.2', 0],
    ['1e400', '1e399', 1],
    ['-1e400', '1e-400', -1],
    ['1e-400', '0', 1],
    ['-0', '0', 0],
    ['-0.0e5', '0', 0],
    ['100', '20', 1],
    ['0.05', '0.5', -1],
    ['1e999999999999999999999999999999999999', '1e400', 1],
    ['1e-999999999999999999999999999999999999', '1e-400', -1],
  ])('%s and %s', (one, other, order) => {
    expect(compareDigits(one, other)).toBe(order);
    expect(compareDigits(other, one) + order).toBe(0);
  });

  test('as the doubles do that they stand for', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, double, (one, other) => {
        const wanted = one === other ? 0 : one < other ? -1 : 1;
        expect(compareDigits(JSON.stringify(one), JSON.stringify(other))).toBe(wanted);
      }),
    );
  });
});

describe('readExact', () => {
  test('keeps the digits of what a double would round, and nothing else', () => {
    const text =
      '{"a":7615917337495251231,"b":[0.30000000000000001,1e400,-1e400],"c":0.1,"d":1.10,"e":"1e400"}';
    const value = readExact(text) as { a: unknown; b: unknown[]; c: unknown; d: unknown; e: unknown };
    expect([value.a, ...value.b].map(isExactNumber)).toEqual([true, true, true, true]);
    expect([value.c, value.d, value.e]).toEqual([0.1, 1.1, '1e400']);
    expect(JSON.stringify(value)).toBe(text.replace('1.10', '1.1'));
  });

  test('takes no object for a number that only looks like one', () => {
    expect(isExactNumber(readExact('{"rawJSON":"1"}'))).toBe(false);
  });

  test('digits of a double are those that it is written with', () => {
    expect([digitsOf(0.1), digitsOf(-0), digitsOf(Number.POSITIVE_INFINITY)]).toEqual(['0.1', '0', '1e309']);
  });
});
