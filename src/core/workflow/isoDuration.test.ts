import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../duration.ts';
import { addDuration, longestMs, parseIsoDuration } from './isoDuration.ts';

describe('ISO 8601 durations', () => {
  test.each([
    ['P1DT2H', 0, DAY + 2 * HOUR],
    ['P2W', 0, 14 * DAY],
    ['P1W1D', 0, 8 * DAY],
    ['PT90M', 0, 90 * MINUTE],
    ['PT0.5S', 0, 500],
    ['PT1,25S', 0, 1250],
    ['P1M', 1, 0],
    ['PT1M', 0, MINUTE],
    ['P1Y2M3DT4H5M6S', 14, 3 * DAY + 4 * HOUR + 5 * MINUTE + 6000],
    ['P0D', 0, 0],
  ])('%s is %d months and %d ms', (text, months, ms) => {
    expect(parseIsoDuration(text)).toEqual({ months, ms });
  });

  test.each([
    '',
    'P',
    'PT',
    'P1DT',
    '1D',
    'P1H',
    'PT1D',
    'P1.5D',
    'PT1.5H',
    'PT1.S',
    '-P1D',
    'P-1D',
    'p1d',
    'P1D ',
    'PT1S1M',
    'P1D2Y',
    'P٣D',
    `P${'9'.repeat(10)}D`,
  ])('%j is none', (text) => {
    expect(parseIsoDuration(text)).toBeNull();
  });

  const add = (from: string, text: string) =>
    new Date(addDuration(Date.parse(from), parseIsoDuration(text) ?? expect.fail(text))).toISOString();

  test.each([
    ['2026-01-31T08:00:00.000Z', 'P1M', '2026-02-28T08:00:00.000Z'],
    ['2028-01-31T08:00:00.000Z', 'P1M', '2028-02-29T08:00:00.000Z'],
    ['2028-02-29T08:00:00.000Z', 'P1Y', '2029-02-28T08:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', 'P2MT1S', '2027-03-01T00:00:00.999Z'],
    ['2026-01-31T08:00:00.000Z', 'P1DT2H', '2026-02-01T10:00:00.000Z'],
  ])('%s and %s is %s', (from, text, to) => {
    expect(add(from, text)).toBe(to);
  });

  test('none ends before it begins or lasts longer than its longest', () => {
    const parts = fc.record({ months: fc.nat(24), ms: fc.nat(400 * DAY) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0) }), parts, (at, duration) => {
        const lasts = addDuration(at, duration) - at;
        expect(lasts).toBeGreaterThanOrEqual(duration.ms);
        expect(lasts).toBeLessThanOrEqual(longestMs(duration));
      }),
    );
  });
});
