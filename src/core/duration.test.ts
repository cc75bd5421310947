/** Durations are milliseconds. */
import { expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from './duration.ts';

it('a second, a minute, an hour and a day are what Date takes them for', () => {
  expect(SECOND).toBe(Date.UTC(2026, 0, 1, 0, 0, 1) - Date.UTC(2026, 0, 1));
  expect(MINUTE).toBe(Date.UTC(2026, 0, 1, 0, 1) - Date.UTC(2026, 0, 1));
  expect(HOUR).toBe(Date.UTC(2026, 0, 1, 1) - Date.UTC(2026, 0, 1));
  expect(DAY).toBe(Date.UTC(2026, 0, 2) - Date.UTC(2026, 0, 1));
});
