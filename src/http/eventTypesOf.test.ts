import { describe, expect, test } from 'vitest';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { SUGGESTION_LIMITS } from '../core/limits.ts';
import { suggestionsFrom } from './eventTypesOf.ts';

describe('suggestions for unknown event types', () => {
  test('every name of the catalog is found from a single slip of the pen', () => {
    for (const name of builtInEventTypes.keys()) {
      for (const typed of [`${name}s`, name.slice(0, -1), name.replace('.', '_'), `x${name.slice(1)}`]) {
        if (builtInEventTypes.has(typed)) continue;
        expect(suggestionsFrom(builtInEventTypes)(typed)).toContain('did you mean "');
      }
      expect(suggestionsFrom(builtInEventTypes)(`${name}s`)).toContain(`"${name}"`);
    }
  });

  test('names that are too unlike are not suggested', () => {
    expect(suggestionsFrom(builtInEventTypes)('order.paid')).toBe('there is no event type "order.paid"');
  });

  test('a call compares at most 2,000 times, and each name once (P11)', () => {
    const [any] = builtInEventTypes.values();
    if (any === undefined) return expect.fail('the catalog is empty');
    const types = new Map<string, EventType>(
      Array.from({ length: 200 }, (_, n) => [`${'a'.repeat(100)}.${100 + n}`, any]),
    );
    let asked = 0;
    const counted = new Map(types);
    counted.keys = () => {
      asked++;
      return types.keys();
    };
    const unknown = suggestionsFrom(counted);
    const hints = Array.from({ length: 200 }, (_, n) => unknown(`${'a'.repeat(100)}.x${10 + (n % 90)}`));
    expect(asked).toBe(90);
    const limit = SUGGESTION_LIMITS.comparisons.value / types.size;
    expect(new Set(hints.filter((hint) => hint.includes('did you mean'))).size).toBeLessThanOrEqual(limit);
    expect(hints[0]).toContain('did you mean');
  });
});
