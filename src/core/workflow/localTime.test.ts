import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY } from '../duration.ts';
import { isTimeZone, minutesOf, nextLocalTime, WEEKDAYS, type Weekday } from './localTime.ts';

function next(from: string, time: string, weekdays: readonly Weekday[], time_zone: string): string {
  const at = nextLocalTime(Date.parse(from), { time, weekdays, time_zone });
  return at === null ? 'never' : new Date(at).toISOString();
}

const WORKDAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu'];

describe('the next local time', () => {
  test.each([
    // 24 November 2026 is a Tuesday; Riyadh is three hours ahead.
    ['2026-11-24T06:59:59.999Z', '10:00', WORKDAYS, 'Asia/Riyadh', '2026-11-24T07:00:00.000Z'],
    ['2026-11-24T07:00:00.000Z', '10:00', WORKDAYS, 'Asia/Riyadh', '2026-11-25T07:00:00.000Z'],
    ['2026-11-26T08:00:00.000Z', '10:00', WORKDAYS, 'Asia/Riyadh', '2026-11-29T07:00:00.000Z'],
    ['2026-11-24T08:00:00.000Z', '10:00', ['tue'], 'Asia/Riyadh', '2026-12-01T07:00:00.000Z'],
    // It is Wednesday in Auckland already.
    ['2026-11-24T12:00:00.000Z', '09:00', ['wed'], 'Pacific/Auckland', '2026-11-24T20:00:00.000Z'],
    // And still Monday in Honolulu.
    ['2026-11-24T05:00:00.000Z', '23:00', ['mon'], 'Pacific/Honolulu', '2026-11-24T09:00:00.000Z'],
    ['2026-11-24T05:00:00.000Z', '00:00', ['tue'], 'Asia/Kathmandu', '2026-11-30T18:15:00.000Z'],
    ['2026-12-31T23:00:00.000Z', '00:00', WEEKDAYS, 'UTC', '2027-01-01T00:00:00.000Z'],
  ] as const)('after %s, %s on %j in %s is %s', (from, time, weekdays, zone, expected) => {
    expect(next(from, time, weekdays, zone)).toBe(expected);
  });

  test('a time that is skipped when clocks go forward moves on by what was skipped', () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00, at 01:00 UTC. 02:30 becomes 03:30 in summer time.
    expect(next('2026-03-28T12:00:00Z', '02:30', ['sun'], 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
    // Cairo, 24 April 2026: 00:00 becomes 01:00. Midnight moves to 01:00.
    expect(next('2026-04-23T12:00:00Z', '00:00', ['fri'], 'Africa/Cairo')).toBe('2026-04-23T22:00:00.000Z');
  });

  test('a time that comes twice when clocks go back means the first one', () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC.
    expect(next('2026-10-24T12:00:00Z', '02:30', ['sun'], 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(next('2026-10-25T00:30:00Z', '02:30', ['sun'], 'Europe/Berlin')).toBe('2026-11-01T01:30:00.000Z');
  });

  test('the same local time is an hour earlier in UTC in summer', () => {
    expect(next('2026-03-28T12:00:00Z', '10:00', ['sun'], 'Europe/Berlin')).toBe('2026-03-29T08:00:00.000Z');
    expect(next('2026-03-27T12:00:00Z', '10:00', ['sat'], 'Europe/Berlin')).toBe('2026-03-28T09:00:00.000Z');
  });

  test('a zone that skips a whole day goes on with the next', () => {
    // Apia went from 29 to 31 December 2011.
    expect(next('2011-12-29T12:00:00Z', '10:00', ['fri'], 'Pacific/Apia')).toBe('2011-12-30T20:00:00.000Z');
  });

  test.each([
    ['Asia/Riyadh', true],
    ['UTC', true],
    ['America/Argentina/Buenos_Aires', true],
    ['Etc/GMT+3', true],
    ['Asia/Atlantis', false],
    ['+03:00', false],
    ['', false],
    ['Asia/Riyadh ', false],
    ['x'.repeat(1000), false],
  ])('%j is a time zone: %j', (name, expected) => {
    expect(isTimeZone(name)).toBe(expected);
  });

  test.each([
    ['00:00', 0],
    ['23:59', 1439],
    ['24:00', null],
    ['9:00', null],
    ['10:60', null],
    ['١٠:٠٠', null],
  ])('%j is %j minutes', (time, minutes) => {
    expect(minutesOf(time)).toBe(minutes);
  });

  test('it lies ahead, within nine days, and clocks show it but where it was skipped', () => {
    const zones = [
      'Asia/Riyadh',
      'Africa/Cairo',
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'UTC',
    ];
    const at = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) });
    const days = fc.subarray([...WEEKDAYS], { minLength: 1 });
    fc.assert(
      fc.property(at, fc.nat(1439), days, fc.constantFrom(...zones), (now, minutes, weekdays, time_zone) => {
        const time = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
        const found = nextLocalTime(now, { time, weekdays, time_zone }) ?? expect.fail('never');
        expect(found).toBeGreaterThan(now);
        expect(found - now).toBeLessThanOrEqual(9 * DAY);
        const shown = new Date(found).toLocaleTimeString('en-GB', { timeZone: time_zone });
        if (shown === `${time}:00`) {
          const day = new Date(found).toLocaleDateString('en-US', { timeZone: time_zone, weekday: 'short' });
          expect(weekdays).toContain(day.toLowerCase());
          return;
        }
        const offset = (ms: number) =>
          new Date(ms).toLocaleString('en-US', { timeZone: time_zone, timeZoneName: 'longOffset' }).slice(-9);
        expect(offset(found - DAY / 8)).not.toBe(offset(found));
      }),
      { numRuns: 500 },
    );
  });
});
