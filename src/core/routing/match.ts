/**
 * Which of a workspace's endpoints want an event. Pure. Compiled once per routing version; an event of
 * a type that no endpoint takes costs one map lookup, however many endpoints there are.
 */
import { isSystemEvent } from '../catalog/systemEvents.ts';
import type { EventBody } from './body.ts';
import type { Condition } from './condition.ts';
import { evaluate, type Verdict } from './evaluate.ts';

export interface Subscription {
  id: number;
  /** Event type names, or "*" for all of them but the system events. */
  eventTypes: readonly string[];
  condition: Condition | null;
}

export interface SubscriptionVerdict {
  endpointId: number;
  verdict: Verdict;
}

export interface SubscriptionMatcher {
  /**
   * One verdict per endpoint that takes the type, in ascending order of id; endpoints of other types
   * were not considered and do not appear. `body` is called at most once, and only if a condition asks; its
   * account pays for the conditions one after the other.
   */
  match(eventType: string, body: () => EventBody): SubscriptionVerdict[];
}

const ALL_TYPES = '*';
const MATCHED: Verdict = Object.freeze({ matched: true });
const NONE: readonly Subscription[] = [];

/** Indexes endpoints by event type. The input is not kept by reference beyond its elements. */
export function compileSubscriptions(endpoints: readonly Subscription[]): SubscriptionMatcher {
  const ascending = endpoints.toSorted((one, other) => one.id - other.id);
  const forAll: Subscription[] = [];
  const byType = new Map<string, Subscription[]>();
  for (const endpoint of ascending) {
    const takesAll = endpoint.eventTypes.includes(ALL_TYPES);
    if (takesAll) forAll.push(endpoint);
    for (const type of new Set(endpoint.eventTypes)) {
      if (takesAll && !isSystemEvent(type)) continue;
      const listed = byType.get(type);
      if (listed === undefined) byType.set(type, [endpoint]);
      else listed.push(endpoint);
    }
  }
  return {
    match(eventType, body) {
      const named = byType.get(eventType) ?? NONE;
      return judge(isSystemEvent(eventType) ? named : mergeById(named, forAll), body);
    },
  };
}

function judge(endpoints: readonly Subscription[], body: () => EventBody): SubscriptionVerdict[] {
  let read: EventBody | undefined;
  const verdicts: SubscriptionVerdict[] = [];
  for (const { id, condition } of endpoints) {
    if (condition === null) {
      verdicts.push({ endpointId: id, verdict: MATCHED });
      continue;
    }
    read ??= body();
    verdicts.push({ endpointId: id, verdict: evaluate(condition, read.value, read.notes) });
  }
  return verdicts;
}

/** Merged on each match rather than per type in advance: types × "*" endpoints would be memory without use. */
function mergeById(some: readonly Subscription[], others: readonly Subscription[]): readonly Subscription[] {
  if (others.length === 0) return some;
  if (some.length === 0) return others;
  return [...some, ...others].sort((one, other) => one.id - other.id);
}
