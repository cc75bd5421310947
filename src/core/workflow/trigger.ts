/**
 * Whether an event starts a rule or workflow, with the verdict (P12). Pure.
 */
import type { EventType } from '../catalog/eventType.ts';
import type { EventBody } from '../routing/body.ts';
import type { Condition } from '../routing/condition.ts';
import { evaluate, type Mismatch } from '../routing/evaluate.ts';
import { judgeScope, type ScopeMismatch, type TriggerScope } from '../routing/scope.ts';
import type { Trigger } from './definition.ts';

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
  const verdict = evaluate(condition, body.value, body.notes);
  return verdict.matched ? null : { part: 'condition', verdict };
}
