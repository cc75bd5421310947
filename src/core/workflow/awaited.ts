/**
 * The events that a run has waited for, as later steps read them: `steps.ID.…`, with the id of the wait, is a path
 * into the body of the event that released it. Pure.
 */
import { isObject } from '../json/object.ts';
import type { EventBody } from '../routing/body.ts';
import { type Condition, parseFieldPath } from '../routing/condition.ts';
import type { TextPart } from './placeholder.ts';
import type { ProgramStep } from './program.ts';

/** The first name of such a path. No event's body has a member of this name. */
export const STEPS_MEMBER = 'steps';

/** The body with the event that the wait `step` was for. What is sent as a whole stays the trigger's body. */
export function withAwaited(body: EventBody, step: string, awaited: EventBody): EventBody {
  const value = isObject(body.value) ? body.value : {};
  const before = isObject(value[STEPS_MEMBER]) ? value[STEPS_MEMBER] : {};
  const isAwaited = (path: readonly string[]) => path[0] === STEPS_MEMBER && path[1] === step;
  return {
    value: { ...value, [STEPS_MEMBER]: { ...before, [step]: awaited.value } },
    slice: (path) => (isAwaited(path) ? awaited.slice(path.slice(2)) : body.slice(path)),
    notes: {
      ...body.notes,
      digitsAt: (path) =>
        isAwaited(path) ? awaited.notes.digitsAt(path.slice(2)) : body.notes.digitsAt(path),
    },
  };
}

/** The waits whose events some step reads, by their ids. */
export function awaitedOf(steps: Iterable<ProgramStep>): Set<string> {
  const read = new Set<string>();
  for (const step of steps) {
    for (const [first, id] of pathsOf(step)) if (first === STEPS_MEMBER && id !== undefined) read.add(id);
  }
  return read;
}

type Path = readonly string[];

function pathsOf(step: ProgramStep): Path[] {
  switch (step.type) {
    case 'webhook':
      if (step.sends.kind !== 'template') return [];
      return step.sends.template.placeholders.flatMap(({ placeholder }) => pathsIn([placeholder]));
    case 'email':
      return [
        ...step.to.flatMap((recipient) => ('names' in recipient ? [recipient.names] : [])),
        ...pathsIn(step.subject),
        ...pathsIn(step.text),
      ];
    case 'delay':
      return step.delay.kind === 'until_member' ? [step.delay.names] : [];
    case 'decision':
      return pathsOfCondition(step.condition);
    case 'wait_for_event':
    case 'exit':
      return [];
    default:
      return step satisfies never;
  }
}

function pathsIn(parts: readonly TextPart[]): Path[] {
  return parts.flatMap((part) =>
    typeof part !== 'string' && 'names' in part.source ? [part.source.names] : [],
  );
}

function pathsOfCondition(condition: Condition): Path[] {
  if ('all' in condition) return condition.all.flatMap(pathsOfCondition);
  if ('any' in condition) return condition.any.flatMap(pathsOfCondition);
  if ('not' in condition) return pathsOfCondition(condition.not);
  // Of a clause on items, the array alone is a path from the body's root.
  return [parseFieldPath(condition.field) ?? []];
}
