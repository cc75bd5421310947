/** Keys grow and are unique; public ids are read back or refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyMaker, firstKeyAt, formatId, type IdPrefix, NODE_SLOTS, parseId } from './ids.ts';

const NOW = Date.UTC(2026, 0, 5, 9);
/** Keys one slot makes per millisecond before it runs ahead of the clock. */
const PER_MS = 16;

const anySlot = fc.integer({ min: 0, max: NODE_SLOTS - 1 });
/** A wall clock that stands, moves on, and steps back. */
const anyTimes = fc.array(fc.integer({ min: NOW, max: NOW + 50 }), { minLength: 1, maxLength: 200 });

describe('keys', () => {
  it('grow with every call, even where the clock steps back', () => {
    fc.assert(
      fc.property(anySlot, anyTimes, (slot, times) => {
        const maker = createKeyMaker({ first: slot, count: 1 }, 0);
        let last = -1;
        for (const now of times) {
          const key = maker.next(now);
          expect(key).toBeGreaterThan(last);
          expect(Number.isSafeInteger(key)).toBe(true);
          last = key;
        }
      }),
    );
  });

  it('are larger than every key known before, so that a restart never repeats one', () => {
    fc.assert(
      fc.property(anySlot, fc.integer({ min: 0, max: firstKeyAt(NOW + 1_000) }), (slot, floor) => {
        expect(createKeyMaker({ first: slot, count: 1 }, floor).next(NOW)).toBeGreaterThan(floor);
      }),
    );
  });

  it('differ between nodes, whatever their clocks say', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anySlot, { minLength: 2, maxLength: 5 }), anyTimes, (slots, times) => {
        const keys = slots.flatMap((slot) => {
          const maker = createKeyMaker({ first: slot, count: 1 }, 0);
          return times.map((now) => maker.next(now));
        });
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  it('made at a time lie at or after that time’s first key, and before the next millisecond’s', () => {
    fc.assert(
      fc.property(anySlot, fc.integer({ min: 0, max: 2 ** 42 - 2 }), (slot, now) => {
        const maker = createKeyMaker({ first: slot, count: 1 }, 0);
        for (let count = 0; count < PER_MS; count += 1) {
          const key = maker.next(now);
          expect(key).toBeGreaterThanOrEqual(firstKeyAt(now));
          // The very first key of all is 1: 0 is no key.
          if (now > 0) expect(key).toBeLessThan(firstKeyAt(now + 1));
        }
      }),
    );
  });

  it('run ahead of the clock, in order, where more than 16 are made in a slot and a millisecond', () => {
    const maker = createKeyMaker({ first: 5, count: 1 }, 0);
    const keys = Array.from({ length: 3 * PER_MS }, () => maker.next(NOW));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.at(-1)).toBeGreaterThanOrEqual(firstKeyAt(NOW + 2));
    expect(keys.at(-1)).toBeLessThan(firstKeyAt(NOW + 3));
    // Caught up again, it follows the clock.
    expect(maker.next(NOW + 100)).toBe(firstKeyAt(NOW + 100) + 5);
  });

  it('of a node with several slots grow, are unique, and keep up with the clock at 16 a slot and millisecond', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: NODE_SLOTS }),
        fc.integer({ min: 0, max: firstKeyAt(NOW) - 1 }),
        (count, floor) => {
          const first = NODE_SLOTS - count;
          const maker = createKeyMaker({ first, count }, floor);
          let last = floor;
          for (let n = 0; n < PER_MS * count; n += 1) {
            const key = maker.next(NOW);
            expect(key).toBeGreaterThan(last);
            expect(key % NODE_SLOTS).toBeGreaterThanOrEqual(first);
            expect(key).toBeLessThan(firstKeyAt(NOW + 1));
            last = key;
          }
          expect(maker.next(NOW)).toBeGreaterThanOrEqual(firstKeyAt(NOW + 1));
        },
      ),
    );
  });

  it('fit into a safe integer until the year 2109', () => {
    const last = createKeyMaker({ first: NODE_SLOTS - 1, count: 1 }, 0).next(Date.UTC(2109, 0, 1));
    expect(Number.isSafeInteger(last)).toBe(true);
  });

  it.each([-1, NODE_SLOTS, 0.5, Number.NaN])('are refused to a node with slot %d', (slot) => {
    expect(() => createKeyMaker({ first: slot, count: 1 }, 0)).toThrow(`between 0 and ${NODE_SLOTS - 1}`);
  });

  it('a time before the epoch starts with the first key, a fraction of a millisecond with the next', () => {
    expect(firstKeyAt(-5)).toBe(0);
    expect(firstKeyAt(0.2)).toBe(firstKeyAt(1));
  });
});

describe('public ids', () => {
  const prefixes: IdPrefix[] = ['ws', 'key', 'ep', 'evt', 'dlv', 'msg', 'bin', 'req'];

  it('are read back as what they were made of', () => {
    fc.assert(
      fc.property(fc.constantFrom(...prefixes), fc.maxSafeNat(), (prefix, key) => {
        const id = formatId(prefix, key);
        expect(id).toMatch(/^[a-z]+_[0-9a-z]+$/);
        expect(parseId(prefix, id)).toBe(key);
      }),
    );
    expect(formatId('dlv', 42)).toBe('dlv_16');
  });

  it('of one kind are no ids of another', () => {
    for (const prefix of prefixes) {
      for (const other of prefixes.filter((name) => name !== prefix)) {
        expect(parseId(other, formatId(prefix, 42))).toBeNull();
      }
    }
  });

  it.each([
    '',
    '16',
    'dlv',
    'dlv_',
    'dlv_-1',
    'dlv_-16',
    'dlv_+1',
    'dlv_016',
    'dlv_00',
    'dlv_1G',
    'DLV_16',
    ' dlv_16',
    'dlv_16 ',
    'dlv_1.5',
    'dlv_1e5!',
    'dlv_16\n',
    'dlv_١٦',
    'dlv_zzzzzzzzzzzzzzzz',
    'dlv_2gosa7pa2gw',
    'dlv_Infinity',
    'dlv_0x10',
    'dlv_16/../16',
    "dlv_16' OR '1'='1",
  ])('%j is none', (text) => {
    expect(parseId('dlv', text)).toBeNull();
  });

  it('each key has one spelling only', () => {
    fc.assert(
      fc.property(fc.string(), (digits) => {
        const key = parseId('ep', `ep_${digits}`);
        if (key !== null) expect(formatId('ep', key)).toBe(`ep_${digits}`);
      }),
    );
  });
});
