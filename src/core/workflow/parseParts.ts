/** The parts that triggers and steps are made of: event types, scopes, conditions, durations, fields. Pure. */
import type { EventType } from '../catalog/eventType.ts';
import { DAY } from '../duration.ts';
import { isExactNumber } from '../json/exact.ts';
import { kindOf } from '../json/excerpt.ts';
import { isObject } from '../json/object.ts';
import { pointerToken } from '../json/pointer.ts';
import { type Condition, isItemsClause, parseFieldPath } from '../routing/condition.ts';
import { parseCondition } from '../routing/parse.ts';
import { type Reading, refuse, shortened } from '../routing/reading.ts';
import type { ScopeId, TriggerScope } from '../routing/scope.ts';
import { STEPS_MEMBER } from './awaited.ts';
import { DEFINITION_LIMITS, type DefinitionContext } from './definition.ts';
import { longestMs, parseIsoDuration } from './isoDuration.ts';
import { knowMember } from './members.ts';
import { type DefinitionWarning, MAX_WARNINGS, warnOfClause, warnOfMember, warnOfScope } from './warnings.ts';

export interface DefinitionReading extends Reading {
  context: DefinitionContext;
  /** Event types of the triggers: what the body can be. */
  types: EventType[];
  /** How many have been read. */
  steps: number;
  /** Ids of steps, with the pointers of their steps. */
  ids: Map<string, string>;
  /** What a step at the place that is read may know of events that were waited for, by the wait's id. */
  awaited: ReadonlyMap<string, AwaitedEvent>;
  warnings: DefinitionWarning[];
}

export function warn(reading: DefinitionReading, warnings: readonly DefinitionWarning[]): void {
  reading.warnings.push(...warnings.slice(0, MAX_WARNINGS - reading.warnings.length));
}

export interface AwaitedEvent {
  eventType: EventType;
  /** Whether it has come on every way to this place. */
  isSure: boolean;
}

export function readEventType(input: unknown, path: string, reading: DefinitionReading): EventType | null {
  if (typeof input !== 'string') {
    return refuse(reading, path, `must be the name of an event type, but is ${kindOf(input)}`);
  }
  const eventType = reading.context.eventType(input);
  if (eventType !== undefined) return eventType;
  return refuse(reading, path, `${JSON.stringify(shortened(input))} is not an event type of this workspace`);
}

/** Null when there is none, or a faulty one. */
export function readScope(
  input: unknown,
  path: string,
  eventType: EventType,
  reading: DefinitionReading,
): TriggerScope | null {
  if (input === undefined) return null;
  const names = eventType.scopes.map(({ name }) => name);
  if (!isObject(input)) {
    return refuse(reading, path, `must be an object such as {"tag": 141002}, but is ${kindOf(input)}`);
  }
  const ids = Object.entries(input).map(([name, id]): [string, ScopeId] | null => {
    const place = `${path}/${pointerToken(shortened(name))}`;
    if (names.includes(name)) {
      const read = idOf(id);
      return isScopeId(read) ? [name, read] : refuse(reading, place, wrongId(read));
    }
    const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    return refuse(reading, place, `is not a scope of ${eventType.name}; ${known}`);
  });
  if (!ids.every((id) => id !== null) || ids.length === 0) return null;
  for (const [name, id] of ids) {
    warn(reading, warnOfScope({ name, id }, eventType, `${path}/${pointerToken(name)}`));
  }
  return Object.fromEntries(ids);
}

/** An id is its digits, however many. */
function idOf(id: unknown): unknown {
  return isExactNumber(id) && /^-?\d+$/.test(id.rawJSON) ? id.rawJSON : id;
}

function isScopeId(id: unknown): id is ScopeId {
  if (typeof id === 'string') return id !== '' && id.length <= DEFINITION_LIMITS.scopeIdLength;
  return Number.isSafeInteger(id);
}

function wrongId(id: unknown): string {
  if (typeof id === 'number')
    return 'must be a whole number within ±(2^53 − 1); write a larger one as a text';
  if (typeof id !== 'string') return `must be an id, a number or a text, but is ${kindOf(id)}`;
  return `must be an id of 1 to ${DEFINITION_LIMITS.scopeIdLength} characters`;
}

/** `types`: what the body can be. A member that none of them knows is a fault. */
export function readCondition(
  input: unknown,
  path: string,
  types: readonly EventType[],
  reading: DefinitionReading,
): Condition | null {
  const parsed = parseCondition(input);
  if (!parsed.ok) {
    for (const fault of parsed.faults) refuse(reading, `${path}${fault.path}`, fault.message);
    return null;
  }
  checkFields(parsed.condition, path, types, reading);
  return parsed.condition;
}

function checkFields(
  condition: Condition,
  path: string,
  types: readonly EventType[],
  reading: DefinitionReading,
  within: readonly string[] = [],
): void {
  if ('field' in condition) {
    const names = [...within, ...(parseFieldPath(condition.field) ?? [])];
    // An item of an array is like the others.
    if (isItemsClause(condition)) {
      checkFields(condition.value, `${path}/value`, types, reading, [...names, '0']);
    }
    if (
      types === reading.types &&
      checkAwaited(condition.field, names, { path: `${path}/field` }, 'some', reading)
    ) {
      return;
    }
    const without = types.filter((type) => knowMember(type, names) === 'unknown');
    if (types.length > 0 && without.length === types.length) {
      refuse(reading, `${path}/field`, unknownMember(condition.field, types));
    } else {
      warn(reading, warnOfClause(condition, names, types, path));
    }
    return;
  }
  if ('not' in condition) {
    checkFields(condition.not, `${path}/not`, types, reading, within);
    return;
  }
  const [name, parts] =
    'all' in condition ? (['all', condition.all] as const) : (['any', condition.any] as const);
  for (const [index, part] of parts.entries()) {
    checkFields(part, `${path}/${name}/${index}`, types, reading, within);
  }
}

/** Which of the event types that can trigger must know a member: all where it must be there, else one. */
export type KnownTo = 'every' | 'some';

export function checkMember(
  field: string,
  names: readonly string[],
  at: { path: string; position?: number },
  knownTo: KnownTo,
  reading: DefinitionReading,
): void {
  if (checkAwaited(field, names, at, knownTo, reading)) return;
  const without = reading.types.filter((type) => knowMember(type, names) === 'unknown');
  const tolerated = knownTo === 'every' ? 0 : reading.types.length - 1;
  if (without.length > Math.max(0, tolerated)) {
    refuse(reading, at.path, unknownMember(field, without), at.position);
  } else {
    warn(reading, warnOfMember(field, names, reading.types, at.path));
  }
}

/** Whether it is a path into an awaited event; a fault is noted. */
function checkAwaited(
  field: string,
  [first, id = '', ...rest]: readonly string[],
  at: { path: string; position?: number },
  knownTo: KnownTo,
  reading: DefinitionReading,
): boolean {
  if (first !== STEPS_MEMBER || reading.steps === 0) return false;
  const awaited = reading.awaited.get(id);
  const said = JSON.stringify(shortened(field));
  if (awaited === undefined) {
    const message = `${said} names no wait_for_event whose event can have come by then; write steps, the id of such a step before this one, and a path: steps.wait.data.contact.email`;
    refuse(reading, at.path, message, at.position);
  } else if (rest.length > 0 && knowMember(awaited.eventType, rest) === 'unknown') {
    refuse(reading, at.path, unknownMember(field, [awaited.eventType]), at.position);
  } else if (knownTo === 'every' && !awaited.isSure) {
    const message = `${said} may not have come: the wait can have timed out by then; put this step under received, or give a default`;
    refuse(reading, at.path, message, at.position);
  }
  return true;
}

function unknownMember(field: string, types: readonly EventType[]): string {
  const names = types.map(({ name }) => name).join(', ');
  return `${JSON.stringify(shortened(field))} is not a member of ${names}; check how it is written`;
}

/** A path to a member of the body; faults say whether it is malformed or unknown. */
export function readField(
  input: unknown,
  path: string,
  knownTo: KnownTo,
  reading: DefinitionReading,
): string | null {
  if (typeof input !== 'string') {
    return refuse(reading, path, `must be a path such as "data.contact.email", but is ${kindOf(input)}`);
  }
  const names = input.length > 1000 ? null : parseFieldPath(input);
  if (names === null) {
    const message = `${JSON.stringify(shortened(input))} is not a path; write member names joined by dots, a dot within a name as \\.`;
    return refuse(reading, path, message);
  }
  checkMember(input, names, { path }, knownTo, reading);
  return input;
}

/** Longer than nothing, at most 366 days. */
export function readDuration(input: unknown, path: string, reading: DefinitionReading): string | null {
  const duration = typeof input === 'string' ? parseIsoDuration(input) : null;
  if (typeof input !== 'string' || duration === null) {
    const given = typeof input === 'string' ? JSON.stringify(shortened(input)) : kindOf(input);
    return refuse(reading, path, `must be an ISO 8601 duration such as "P1DT2H" or "PT30M", but is ${given}`);
  }
  const longest = longestMs(duration);
  if (longest === 0) return refuse(reading, path, 'must be longer than nothing');
  if (longest <= DEFINITION_LIMITS.delayDays * DAY) return input;
  return refuse(
    reading,
    path,
    `${input} is longer than ${DEFINITION_LIMITS.delayDays} days, which is the longest`,
  );
}
