/**
 * The events that a run has waited for, as later steps read them: `steps.ID.…`, with the id of the wait, is a path
 * into the body of the event that released it. Pure.
 */
import { isObject } from '../json/object.ts';
import type { EventBody } from '../routing/body.ts';

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
