/** A9 and P3: which lane of its endpoint an event goes to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { laneCount, lanePlace, MAX_LANES, type Ordering } from './order.ts';

const anyOrdering: fc.Arbitrary<Ordering> = fc.oneof(
  fc.constant<Ordering>({ by: 'endpoint' }),
  fc.record({
    by: fc.constantFrom('subject' as const, 'none' as const),
    lanes: fc.integer({ min: 1, max: MAX_LANES }),
  }),
);
const anyEvent = fc.record({ id: fc.string(), subject: fc.option(fc.string()) });

describe('P3: the lane of an event', () => {
  it('is always one of the endpoint’s', () => {
    fc.assert(
      fc.property(anyOrdering, anyEvent, (ordering, event) => {
        const place = lanePlace(ordering, event);
        expect(Number.isInteger(place) && place >= 0 && place < laneCount(ordering)).toBe(true);
      }),
    );
  });

  it('is the only one where order is by endpoint', () => {
    expect(laneCount({ by: 'endpoint' })).toBe(1);
    expect(lanePlace({ by: 'endpoint' }, { id: 'evt_1', subject: 'contact 9' })).toBe(0);
  });

  it('is the same for the same subject, whatever the event', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.integer({ min: 1, max: MAX_LANES }),
        (subject, a, b, lanes) => {
          const ordering: Ordering = { by: 'subject', lanes };
          expect(lanePlace(ordering, { id: a, subject })).toBe(lanePlace(ordering, { id: b, subject }));
        },
      ),
    );
  });

  it('stays the same over versions: a queue that exists must not be split', () => {
    const ordering: Ordering = { by: 'subject', lanes: 16 };
    const places = ['29142804', '1', 'reader@example.com', 'مرسال', ''].map((subject) =>
      lanePlace(ordering, { id: 'any', subject }),
    );
    expect(places).toEqual([7, 12, 7, 3, 5]);
  });

  it('is the first for an event without a subject', () => {
    expect(lanePlace({ by: 'subject', lanes: 16 }, { id: 'evt_7', subject: null })).toBe(0);
  });
});

describe('A9: lanes share the load', () => {
  // 10,000 over 16 lanes: 625 expected, standard deviation 24; 5 of those either way.
  const EXPECTED = 10_000 / 16;
  const countsOf = (
    ordering: Ordering,
    event: (n: number) => { id: string; subject: string | null },
  ): number[] => {
    const counts = new Array<number>(laneCount(ordering)).fill(0);
    for (let n = 0; n < 10_000; n += 1) {
      const place = lanePlace(ordering, event(n));
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return counts;
  };

  it.each([
    ['running numbers', (n: number) => String(29_142_804 + n)],
    ['e-mail addresses', (n: number) => `reader${n}@example.com`],
    ['prefixed numbers', (n: number) => `contact-${n}`],
  ])('by subject, with %s', (_, subject) => {
    for (const count of countsOf({ by: 'subject', lanes: 16 }, (n) => ({
      id: 'same',
      subject: subject(n),
    }))) {
      expect(Math.abs(count - EXPECTED)).toBeLessThan(120);
    }
  });

  it('by event id, whatever the subject', () => {
    for (const count of countsOf({ by: 'none', lanes: 16 }, (n) => ({
      id: `evt_${n.toString(36)}`,
      subject: 'same',
    }))) {
      expect(Math.abs(count - EXPECTED)).toBeLessThan(120);
    }
  });
});
