/** A10 and P6: when a failed delivery is tried again. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../duration.ts';
import {
  MAX_WAIT_S,
  MAX_WAITS,
  nextWaitMs,
  parseRetryAfterMs,
  RETRY_PRESETS,
  type RetryPolicy,
  waitsMs,
} from './retry.ts';

const THREE_MINUTES: RetryPolicy = { preset: 'three-minutes' };

/** The waits of a delivery whose every attempt fails, each with what the receiver then asks for. */
function waitsOf(
  policy: RetryPolicy,
  retryAfterMs: (attempt: number) => number | null = () => null,
): number[] {
  const waits: number[] = [];
  for (let attempts = 1; ; attempts += 1) {
    const waitedMs = waits.reduce((sum, wait) => sum + wait, 0);
    const wait = nextWaitMs(policy, { attempts, putOffs: 0, waitedMs }, retryAfterMs(attempts));
    if (wait === null) return waits;
    waits.push(wait);
    if (waits.length > MAX_WAITS) throw new Error('It never ends.');
  }
}

describe('A10: the schedule', () => {
  it('waits 30, 60 and 90 seconds, then drops: 4 attempts, 180 s of waits', () => {
    expect(waitsOf(THREE_MINUTES)).toEqual([30 * SECOND, 60 * SECOND, 90 * SECOND]);
  });

  it('P6: the preset `standard` is the one that Standard Webhooks recommends', () => {
    expect(waitsOf({ preset: 'standard' })).toEqual([
      5 * SECOND,
      5 * MINUTE,
      30 * MINUTE,
      2 * HOUR,
      5 * HOUR,
      10 * HOUR,
      14 * HOUR,
      20 * HOUR,
      DAY,
    ]);
  });

  it('P6: the preset `none` never retries', () => {
    expect(waitsOf({ preset: 'none' })).toEqual([]);
    expect(waitsOf({ preset: 'none' }, () => 10 * SECOND)).toEqual([]);
  });

  it('P6: waits of one’s own are in seconds', () => {
    expect(waitsOf({ waits_s: [1, 5, 2] })).toEqual([1 * SECOND, 5 * SECOND, 2 * SECOND]);
    expect(waitsOf({ waits_s: [MAX_WAIT_S] })).toEqual([7 * DAY]);
  });

  it('P6: SPEC.md gives each preset’s waits, attempts and limit', () => {
    const spec = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8');
    const units: Record<string, number> = { s: SECOND, min: MINUTE, h: HOUR };
    const toMs = (text: string): number =>
      [...text.matchAll(/(\d+) (s|min|h)/g)].reduce(
        (sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? 0),
        0,
      );
    for (const preset of RETRY_PRESETS) {
      const row = spec.split('\n').find((line) => line.startsWith(`| \`${preset}\``)) ?? '';
      const [, , waits = '', attempts, limit = ''] = row.split('|').map((cell) => cell.trim());
      const made = waitsOf({ preset });
      expect(waits === 'none' ? [] : waits.split(', ').map(toMs)).toEqual(made);
      expect(attempts).toBe(String(made.length + 1));
      expect(toMs(limit)).toBe(made.reduce((sum, wait) => sum + wait, 0));
    }
  });
});

describe('R4: Retry-After', () => {
  it('is honoured where it is longer than the schedule', () => {
    expect(nextWaitMs(THREE_MINUTES, { attempts: 1, putOffs: 0, waitedMs: 0 }, 45 * SECOND)).toBe(
      45 * SECOND,
    );
  });

  it('is ignored where it is shorter', () => {
    expect(nextWaitMs(THREE_MINUTES, { attempts: 2, putOffs: 0, waitedMs: 30 * SECOND }, 5 * SECOND)).toBe(
      60 * SECOND,
    );
    expect(nextWaitMs(THREE_MINUTES, { attempts: 1, putOffs: 0, waitedMs: 0 }, 0)).toBe(30 * SECOND);
  });

  it('reaches as far as the limit, and uses it up', () => {
    expect(waitsOf(THREE_MINUTES, () => DAY)).toEqual([180 * SECOND]);
  });

  it('R5: shortens later waits to what is left, as in SPEC.md’s example', () => {
    expect(waitsOf(THREE_MINUTES, (attempt) => (attempt === 1 ? 120 * SECOND : null))).toEqual([
      120 * SECOND,
      60 * SECOND,
    ]);
    expect(waitsOf(THREE_MINUTES, (attempt) => (attempt === 1 ? 170 * SECOND : null))).toEqual([
      170 * SECOND,
      10 * SECOND,
    ]);
  });
});

const anyPolicy: fc.Arbitrary<RetryPolicy> = fc.oneof(
  fc.constantFrom(...RETRY_PRESETS).map((preset) => ({ preset })),
  fc
    .array(fc.integer({ min: 1, max: MAX_WAIT_S }), { minLength: 1, maxLength: MAX_WAITS })
    .map((waits_s) => ({ waits_s })),
);

describe('whatever the receiver asks for', () => {
  const anyAnswers = fc.array(fc.option(fc.integer({ min: 0, max: 30 * DAY })), { maxLength: MAX_WAITS + 1 });

  it('R3: the waits never add up to more than the limit', () => {
    fc.assert(
      fc.property(anyPolicy, anyAnswers, (policy, asked) => {
        const limit = waitsMs(policy).reduce((sum, wait) => sum + wait, 0);
        const waited = waitsOf(policy, (attempt) => asked[attempt - 1] ?? null);
        expect(waited.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('R2: there are never more attempts than the policy has waits, and one', () => {
    fc.assert(
      fc.property(anyPolicy, anyAnswers, (policy, asked) => {
        const waited = waitsOf(policy, (attempt) => asked[attempt - 1] ?? null);
        expect(waited.length).toBeLessThanOrEqual(waitsMs(policy).length);
        for (const wait of waited) expect(wait).toBeGreaterThan(0);
      }),
    );
  });

  it('R5: a wait is shorter than the schedule only where the limit leaves no more', () => {
    fc.assert(
      fc.property(anyPolicy, anyAnswers, (policy, asked) => {
        const scheduled = waitsMs(policy);
        let left = scheduled.reduce((sum, wait) => sum + wait, 0);
        for (const [index, wait] of waitsOf(policy, (attempt) => asked[attempt - 1] ?? null).entries()) {
          if (wait < (scheduled[index] ?? 0)) expect(wait).toBe(left);
          left -= wait;
        }
      }),
    );
  });
});

describe('R6: reading Retry-After', () => {
  const NOW = Date.UTC(2026, 0, 5, 9, 0, 0);

  it.each([
    ['120', 120 * SECOND],
    [' 7 ', 7 * SECOND],
    ['0', 0],
    ['999999999', 999_999_999 * SECOND],
    ['Mon, 05 Jan 2026 09:01:30 GMT', 90 * SECOND],
    ['Tue, 06 Jan 2026 09:00:00 GMT', DAY],
  ])('"%s" is %i ms', (value, expected) => {
    expect(parseRetryAfterMs(value, NOW)).toBe(expected);
  });

  it.each([
    ['Monday, 05-Jan-26 09:02:00 GMT', 2 * MINUTE],
    ['Wednesday, 07-Jan-26 09:00:00 GMT', 2 * DAY],
    ['Mon Jan  5 09:02:00 2026', 2 * MINUTE],
    ['Thu Jan 15 09:00:00 2026', 10 * DAY],
    // Two digits mean at most 50 years ahead.
    ['Monday, 05-Jan-76 09:00:00 GMT', Date.UTC(2076, 0, 5, 9) - NOW],
    ['Monday, 05-Jan-77 09:00:00 GMT', null],
    ['Sunday, 04-Jan-26 09:00:00 GMT', null],
    ['Sun Jan  4 09:00:00 2026', null],
    ['Monday, 05-Jan-26 10:00:00', null],
    ['Mon Jan 5 10:00:00 2026', null],
    ['Mon Jan  5 10:00:00 2026 PST', null],
  ])('reads the two older forms of HTTP dates: %j', (value, expected) => {
    expect(parseRetryAfterMs(value, NOW)).toBe(expected);
  });

  it.each([
    null,
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '9999999999',
    'soon',
    '30 seconds',
    'Mon, 05 Jan 2026 09:00:00 GMT',
    'Sun, 04 Jan 2026 09:00:00 GMT',
    'Mon, 05 Jan 2026 10:00:00',
    'Mon, 2099',
    'Mon, 99 Jan 2026 09:00:00 GMT',
    '2026-01-06T09:00:00Z',
    '120, 30',
  ])('%j counts as absent', (value) => {
    expect(parseRetryAfterMs(value, NOW)).toBeNull();
  });

  it('never throws and never answers a negative or unsafe number, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = parseRetryAfterMs(text, NOW);
        expect(read === null || (Number.isSafeInteger(read) && read >= 0)).toBe(true);
      }),
    );
  });
});
