/**
 * Which rules and workflows an event starts, each with its verdict (P12). Pure. Compiled once per
 * routing version; an event of a type that no trigger names costs one map lookup.
 */
import type { EventType } from '../catalog/eventType.ts';
import type { EventBody } from '../routing/body.ts';
import type { Condition } from '../routing/condition.ts';
import { evaluate, type Mismatch } from '../routing/evaluate.ts';
import { judgeScope, type ScopeMismatch, type TriggerScope } from '../routing/scope.ts';
import type { Trigger } from './definition.ts';
import type { Program } from './program.ts';

export interface HappenedEvent {
  eventType: Pick<EventType, 'name' | 'scopes'>;
  body: EventBody;
}

export type TriggersVerdict =
  | { matched: true /** Index of the first trigger that matched. */; trigger: number }
  | { matched: false; failures: TriggerFailure[] };

/** Why one trigger of the event's type did not match. */
export type TriggerFailure =
  | { trigger: number; part: 'scope'; verdict: ScopeMismatch }
  | { trigger: number; part: 'condition'; verdict: Mismatch };

/** Null when no trigger names the event's type: then it was not considered. */
export function judgeTriggers(triggers: readonly Trigger[], event: HappenedEvent): TriggersVerdict | null {
  const failures: TriggerFailure[] = [];
  for (const [index, trigger] of triggers.entries()) {
    if (trigger.event_type !== event.eventType.name) continue;
    const failed = judgeEvent(trigger.scope ?? null, trigger.condition ?? null, event);
    if (failed === null) return { matched: true, trigger: index };
    failures.push({ trigger: index, ...failed });
  }
  return failures.length === 0 ? null : { matched: false, failures };
}

/** Scope first, then condition; null when both match. */
export function judgeEvent(
  scope: TriggerScope | null,
  condition: Condition | null,
  { eventType, body }: HappenedEvent,
): { part: 'scope'; verdict: ScopeMismatch } | { part: 'condition'; verdict: Mismatch } | null {
  if (scope !== null) {
    const verdict = judgeScope(scope, eventType, body);
    if (!verdict.matched) return { part: 'scope', verdict };
  }
  if (condition === null) return null;
  const verdict = evaluate(condition, body.value);
  return verdict.matched ? null : { part: 'condition', verdict };
}

export interface TriggerMatcher<T> {
  /** Verdicts of all that name the type, in the order in which they were given. `event` is asked at most once, if at all. */
  match(eventType: string, event: () => HappenedEvent): Array<{ owner: T; verdict: TriggersVerdict }>;
}

/** `owned` are the enabled programs in the order of their positions; `owner` is whatever identifies one. */
export function compileTriggers<T>(
  owned: ReadonlyArray<{ owner: T; program: Pick<Program, 'triggers'> }>,
): TriggerMatcher<T> {
  const byType = new Map<string, Array<{ owner: T; program: Pick<Program, 'triggers'> }>>();
  for (const one of owned) {
    for (const type of new Set(one.program.triggers.map(({ event_type }) => event_type))) {
      const listed = byType.get(type);
      if (listed === undefined) byType.set(type, [one]);
      else listed.push(one);
    }
  }
  return {
    match(eventType, event) {
      const named = byType.get(eventType);
      if (named === undefined) return [];
      const happened = event();
      return named.flatMap(({ owner, program }) => {
        const verdict = judgeTriggers(program.triggers, happened);
        return verdict === null ? [] : [{ owner, verdict }];
      });
    },
  };
}
