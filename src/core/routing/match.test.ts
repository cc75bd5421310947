import { describe, expect, test } from 'vitest';
import { eventBody } from './body.ts';
import type { Condition } from './condition.ts';
import { compileSubscriptions, type Subscription } from './match.ts';

const isVip: Condition = { field: 'data.tag', op: 'equals', value: 'vip' };

function aSubscription(id: number, eventTypes: string[], condition: Condition | null = null): Subscription {
  return { id, eventTypes, condition };
}

function noBody(): never {
  throw new Error('the body must not be read');
}

describe('compileSubscriptions', () => {
  const matcher = compileSubscriptions([
    aSubscription(9, ['contact.created']),
    aSubscription(3, ['*']),
    aSubscription(5, ['contact.created', 'contact.created', 'call.ended']),
    aSubscription(4, ['contact.created', '*']),
    aSubscription(7, ['contact.tag.added'], isVip),
  ]);

  test('endpoints of the type and of "*" are considered once each, in ascending order', () => {
    expect(matcher.match('contact.created', noBody).map((found) => found.endpointId)).toEqual([3, 4, 5, 9]);
    expect(matcher.match('unknown.type', noBody).map((found) => found.endpointId)).toEqual([3, 4]);
  });

  test('"*" does not mean system events: an endpoint must name them', () => {
    const system = compileSubscriptions([
      aSubscription(1, ['*']),
      aSubscription(2, ['endpoint.disabled']),
      aSubscription(3, ['*', 'endpoint.disabled', 'contact.created']),
    ]);
    const matched = (type: string) => system.match(type, noBody).map((found) => found.endpointId);
    expect(matched('endpoint.disabled')).toEqual([2, 3]);
    expect(matched('budget.warning')).toEqual([]);
    expect(matched('contact.created')).toEqual([1, 3]);
  });

  test('no prefix is a wildcard', () => {
    const prefixed = compileSubscriptions([aSubscription(1, ['contact.*', 'contact', '__proto__'])]);
    expect(prefixed.match('contact.created', noBody)).toEqual([]);
  });

  test('an endpoint whose condition fails is listed with its reason (P12)', () => {
    const verdicts = matcher.match('contact.tag.added', () =>
      eventBody('{"data":{"tag":"new"}}', { data: { tag: 'new' } }),
    );
    expect(verdicts.map((found) => [found.endpointId, found.verdict.matched])).toEqual([
      [3, true],
      [4, true],
      [7, false],
    ]);
    expect(verdicts[2]?.verdict).toMatchObject({ clause: isVip, actual: 'new' });
  });

  test('the body is read once, and only when a condition asks for it', () => {
    const conditions = compileSubscriptions([1, 2, 3].map((id) => aSubscription(id, ['a'], isVip)));
    let reads = 0;
    const body = () => {
      reads++;
      return eventBody('{}', {});
    };
    conditions.match('b', body);
    expect(reads).toBe(0);
    expect(conditions.match('a', body)).toHaveLength(3);
    expect(reads).toBe(1);
  });

  test('ten thousand endpoints cost nothing for a type that none wants', () => {
    let looks = 0;
    const many = Array.from({ length: 10_000 }, (_, id) => ({
      id,
      eventTypes: ['contact.created'],
      get condition() {
        looks++;
        return isVip;
      },
    }));
    expect(compileSubscriptions(many).match('call.ended', noBody)).toEqual([]);
    expect(looks).toBe(0);
  });
});
