/** Reading the tree of a workflow's steps. Pure; the work is bounded by the limits, whatever is posted. */
import { kindOf } from '../json/excerpt.ts';
import { isObject, own } from '../json/object.ts';
import {
  MAX_INPUT_FAULTS,
  readArray,
  readChoice,
  refuse,
  refuseUnknown,
  shortened,
} from '../routing/reading.ts';
import { readIsoTime } from '../routing/time.ts';
import { DEFINITION_LIMITS, type DelayStep, STEP_TYPES, type Step, type StepType } from './definition.ts';
import { isTimeZone, minutesOf, WEEKDAYS } from './localTime.ts';
import { readAction } from './parseAction.ts';
import {
  type DefinitionReading,
  readCondition,
  readDuration,
  readEventType,
  readField,
  readScope,
} from './parseParts.ts';

const STEP_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** A list of steps at `depth`; null when it holds a fault. */
export function readSteps(
  input: unknown,
  path: string,
  depth: number,
  reading: DefinitionReading,
): Step[] | null {
  if (input === undefined) return refuse(reading, path, MISSING_LIST);
  const items = readArray(input, path, { min: 0, max: DEFINITION_LIMITS.steps, of: 'steps' }, reading);
  if (items === null) return null;
  if (depth > DEFINITION_LIMITS.depth && items.length > 0) {
    return refuse(reading, path, `is nested deeper than ${DEFINITION_LIMITS.depth} levels; flatten it`);
  }
  const steps: Step[] = [];
  for (const [index, item] of items.entries()) {
    const step = readCounted(item, `${path}/${index}`, depth, reading);
    if (step === 'enough') return null;
    if (step !== null) steps.push(step);
  }
  if (steps.length < items.length) return null;
  const end = steps.findIndex(alwaysEnds);
  if (end !== -1 && end < steps.length - 1) {
    return refuse(reading, `${path}/${end + 1}`, 'is never reached: the step before it always ends the run');
  }
  return steps;
}

const MISSING_LIST = 'is missing; every branch is a list of steps, and an empty one, [], goes on after it';

function readCounted(
  item: unknown,
  path: string,
  depth: number,
  reading: DefinitionReading,
): Step | null | 'enough' {
  if (reading.steps > DEFINITION_LIMITS.steps || reading.faults.length >= MAX_INPUT_FAULTS) return 'enough';
  reading.steps++;
  if (reading.steps > DEFINITION_LIMITS.steps) {
    refuse(reading, '/steps', `has more than ${DEFINITION_LIMITS.steps} steps in all; split the workflow`);
    return 'enough';
  }
  return readStep(item, path, depth, reading);
}

function alwaysEnds(step: Step): boolean {
  if (step.type === 'exit') return true;
  if (step.type === 'decision') return step.yes.some(alwaysEnds) && step.no.some(alwaysEnds);
  return step.type === 'wait_for_event' && step.received.some(alwaysEnds) && step.timed_out.some(alwaysEnds);
}

function readStep(input: unknown, path: string, depth: number, reading: DefinitionReading): Step | null {
  if (!isObject(input)) {
    const example = '{"id": "wait", "type": "delay", "for": "P1D"}';
    return refuse(reading, path, `must be an object such as ${example}, but is ${kindOf(input)}`);
  }
  const jumps = ['next', 'goto'].filter((name) => Object.hasOwn(input, name));
  for (const jump of jumps) {
    refuse(reading, `${path}/${jump}`, 'steps follow each other as they stand; none can jump or lead back');
  }
  const id = readId(own(input, 'id'), path, reading);
  const type = readChoice(own(input, 'type'), STEP_TYPES, `${path}/type`, reading);
  if (type === null) return null;
  const step = readByType(type, id ?? '', without(input, jumps), path, depth, reading);
  return id === null ? null : step;
}

function without(input: object, names: readonly string[]): object {
  if (names.length === 0) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.includes(name)));
}

function readId(input: unknown, path: string, reading: DefinitionReading): string | null {
  const place = `${path}/id`;
  if (typeof input !== 'string' || !STEP_ID.test(input)) {
    const given = typeof input === 'string' ? JSON.stringify(shortened(input)) : kindOf(input);
    return refuse(reading, place, `must be 1 to 64 letters a–z, digits, _ and -, but is ${given}`);
  }
  const first = reading.ids.get(input);
  if (first !== undefined) return refuse(reading, place, `"${input}" is the id of ${first} already`);
  reading.ids.set(input, path);
  return input;
}

function readByType(
  type: StepType,
  id: string,
  input: object,
  path: string,
  depth: number,
  reading: DefinitionReading,
): Step | null {
  switch (type) {
    case 'webhook':
    case 'email': {
      const action = readAction(type, input, path, ['id'], reading);
      return action === null ? null : { id, ...action };
    }
    case 'delay':
      return readDelay(id, input, path, reading);
    case 'decision':
      return readDecision(id, input, path, depth, reading);
    case 'wait_for_event':
      return readWait(id, input, path, depth, reading);
    case 'exit':
      refuseUnknown(input, ['id', 'type'], path, reading);
      return { id, type };
    default:
      return type satisfies never;
  }
}

function readDecision(
  id: string,
  input: object,
  path: string,
  depth: number,
  reading: DefinitionReading,
): Step | null {
  refuseUnknown(input, ['id', 'type', 'condition', 'yes', 'no'], path, reading);
  const condition = readCondition(own(input, 'condition'), `${path}/condition`, reading.types, reading);
  const before = reading.awaited;
  const yes = readSteps(own(input, 'yes'), `${path}/yes`, depth + 1, reading);
  const afterYes = reading.awaited;
  reading.awaited = before;
  const no = readSteps(own(input, 'no'), `${path}/no`, depth + 1, reading);
  rejoin([afterYes, yes], [reading.awaited, no], reading);
  return condition === null || yes === null || no === null
    ? null
    : { id, type: 'decision', condition, yes, no };
}

function readWait(
  id: string,
  input: object,
  path: string,
  depth: number,
  reading: DefinitionReading,
): Step | null {
  const known = [
    'id',
    'type',
    'event_type',
    'scope',
    'condition',
    'since',
    'timeout',
    'received',
    'timed_out',
  ];
  refuseUnknown(input, known, path, reading);
  const awaited = readEventType(own(input, 'event_type'), `${path}/event_type`, reading);
  const aboutNobody = [...reading.types, awaited].filter((type) => type !== null && type.subject === null);
  for (const type of aboutNobody) {
    const message = `events of ${type?.name} are about nobody, so there is no event about the same subject to wait for`;
    refuse(reading, `${path}/event_type`, message);
  }
  const scope = awaited && readScope(own(input, 'scope') ?? undefined, `${path}/scope`, awaited, reading);
  const given = own(input, 'condition') ?? null;
  const types = awaited === null ? [] : [awaited];
  const condition = given === null ? null : readCondition(given, `${path}/condition`, types, reading);
  const timeout = readDuration(own(input, 'timeout'), `${path}/timeout`, reading);
  const sinceGiven = own(input, 'since') ?? null;
  const since = sinceGiven === null ? null : readChoice(sinceGiven, ['start'], `${path}/since`, reading);
  const before = reading.awaited;
  if (awaited !== null) reading.awaited = new Map(before).set(id, { eventType: awaited, isSure: true });
  const received = readSteps(own(input, 'received'), `${path}/received`, depth + 1, reading);
  const afterReceived = reading.awaited;
  reading.awaited = before;
  const timed_out = readSteps(own(input, 'timed_out'), `${path}/timed_out`, depth + 1, reading);
  rejoin([afterReceived, received], [reading.awaited, timed_out], reading);
  if (awaited === null || timeout === null || received === null || timed_out === null) return null;
  return {
    id,
    type: 'wait_for_event',
    event_type: awaited.name,
    ...(scope === null ? {} : { scope }),
    ...(condition === null ? {} : { condition }),
    ...(since === null ? {} : { since }),
    timeout,
    received,
    timed_out,
  };
}

type Branch = [awaited: DefinitionReading['awaited'], steps: readonly Step[] | null];

/** After two branches: what has come on one of the ways that go on, and for sure what has come on both. */
function rejoin([one, oneSteps]: Branch, [other, otherSteps]: Branch, reading: DefinitionReading): void {
  if (oneSteps?.some(alwaysEnds)) reading.awaited = other;
  else if (otherSteps?.some(alwaysEnds)) reading.awaited = one;
  else {
    const ids = new Set([...one.keys(), ...other.keys()]);
    reading.awaited = new Map(
      [...ids].flatMap((id) => {
        const [first, second] = [one.get(id), other.get(id)];
        const known = first ?? second;
        if (known === undefined) return [];
        return [[id, { ...known, isSure: first?.isSure === true && second?.isSure === true }]];
      }),
    );
  }
}

const DELAY_FORMS = ['for', 'until', 'until_next'] as const;

function readDelay(id: string, input: object, path: string, reading: DefinitionReading): DelayStep | null {
  refuseUnknown(input, ['id', 'type', ...DELAY_FORMS], path, reading);
  const forms = DELAY_FORMS.filter((form) => Object.hasOwn(input, form));
  const [form] = forms;
  if (form === undefined || forms.length > 1) {
    const message =
      'a delay has one of for ("P1DT2H"), until ("2026-01-31T08:00:00Z" or {"field": "data.scheduled_at"}) and until_next';
    return refuse(reading, path, message);
  }
  const value = own(input, form);
  const place = `${path}/${form}`;
  if (form === 'for') {
    const duration = readDuration(value, place, reading);
    return duration === null ? null : { id, type: 'delay', for: duration };
  }
  if (form === 'until') {
    const until = readUntil(value, place, reading);
    return until === null ? null : { id, type: 'delay', until };
  }
  const until_next = readUntilNext(value, place, reading);
  return until_next === null ? null : { id, type: 'delay', until_next };
}

function readUntil(
  input: unknown,
  path: string,
  reading: DefinitionReading,
): string | { field: string } | null {
  if (isObject(input)) {
    refuseUnknown(input, ['field'], path, reading);
    const field = readField(own(input, 'field'), `${path}/field`, 'every', reading);
    return field === null ? null : { field };
  }
  if (typeof input === 'string' && readIsoTime(input) !== null) return input;
  const given = typeof input === 'string' ? JSON.stringify(shortened(input)) : kindOf(input);
  const wanted = 'an ISO 8601 time such as "2026-01-31T08:00:00Z" or {"field": "data.scheduled_at"}';
  return refuse(reading, path, `must be ${wanted}, but is ${given}`);
}

type UntilNext = Extract<DelayStep, { until_next: unknown }>['until_next'];

function readUntilNext(input: unknown, path: string, reading: DefinitionReading): UntilNext | null {
  if (!isObject(input)) {
    const example = '{"time": "10:00", "weekdays": ["sun", "mon"], "time_zone": "Asia/Riyadh"}';
    return refuse(reading, path, `must be an object such as ${example}, but is ${kindOf(input)}`);
  }
  refuseUnknown(input, ['time', 'weekdays', 'time_zone'], path, reading);
  const time = own(input, 'time');
  const zone = own(input, 'time_zone');
  const hasTime = typeof time === 'string' && minutesOf(time) !== null;
  if (!hasTime) refuse(reading, `${path}/time`, 'must be a time of day from "00:00" to "23:59"');
  const hasZone = typeof zone === 'string' && isTimeZone(zone);
  if (!hasZone)
    refuse(reading, `${path}/time_zone`, 'must be the name of a time zone, such as "Asia/Riyadh" or "UTC"');
  const limits = { min: 1, max: WEEKDAYS.length, of: 'weekdays' };
  const items = readArray(own(input, 'weekdays'), `${path}/weekdays`, limits, reading);
  const weekdays = items?.map((item, index) =>
    readChoice(item, WEEKDAYS, `${path}/weekdays/${index}`, reading),
  );
  if (!hasTime || !hasZone || !weekdays?.every((weekday) => weekday !== null)) return null;
  return { time, weekdays: [...new Set(weekdays)], time_zone: zone };
}
