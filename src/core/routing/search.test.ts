import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holdsText } from './search.ts';

test('a text holds what String.includes finds in it', () => {
  const text = (minLength: number, maxLength: number) =>
    fc.string({ unit: fc.constantFrom('a', 'b', 'م'), minLength, maxLength });
  fc.assert(
    fc.property(text(65, 200), text(0, 9), (long, wanted) => {
      expect(holdsText(long, wanted)).toBe(long.includes(wanted));
      const part = long.slice(wanted.length, wanted.length + 40);
      expect(holdsText(long, part)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
