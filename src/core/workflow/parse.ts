/**
 * Reading a rule or a workflow. Pure. Unknown JSON becomes a definition, or all of its faults at once,
 * each with its JSON pointer. What passes has every default filled in, holds known members only,
 * compiles, and every run of it ends (SPEC.md, W1).
 */
import { kindOf } from '../json/excerpt.ts';
import { isObject, own } from '../json/object.ts';
import type { Condition } from '../routing/condition.ts';
import {
  readArray,
  readBoolean,
  readChoice,
  readInteger,
  readText,
  refuse,
  refuseUnknown,
} from '../routing/reading.ts';
import {
  type Action,
  DEFAULTS,
  DEFINITION_LIMITS,
  type DefinitionContext,
  type DefinitionFault,
  FOR_EVER,
  type Rule,
  type Trigger,
  type Workflow,
} from './definition.ts';
import { readAction } from './parseAction.ts';
import {
  type DefinitionReading,
  readCondition,
  readDuration,
  readEventType,
  readScope,
} from './parseParts.ts';
import { readSteps } from './parseSteps.ts';
import type { DefinitionWarning } from './warnings.ts';

export type RuleParsed =
  | { ok: true; rule: Rule; warnings: DefinitionWarning[] }
  | { ok: false; faults: DefinitionFault[] };
export type WorkflowParsed =
  | { ok: true; workflow: Workflow; warnings: DefinitionWarning[] }
  | { ok: false; faults: DefinitionFault[] };

const RULE_MEMBERS = [
  'name',
  'enabled',
  'position',
  'trigger',
  'condition',
  'actions',
  'max_activations_per_subject',
  'activation_period',
  'on_error',
];
const WORKFLOW_MEMBERS = [
  'name',
  'enabled',
  'triggers',
  'steps',
  'max_activations_per_subject',
  'activation_period',
  'on_error',
  'max_overdue',
];

/** Checks a rule, as parsed JSON. */
export function parseRule(input: unknown, context: DefinitionContext): RuleParsed {
  const reading = beginReading(context);
  if (!isObject(input)) return notAnObject(input);
  refuseUnknown(input, RULE_MEMBERS, '', reading);
  const shared = readShared(input, DEFAULTS.on_error.rule, reading);
  const position = own(input, 'position') ?? undefined;
  if (position !== undefined) readInteger(position, '/position', { min: 0, max: 1_000_000 }, reading);
  const trigger = readTrigger(own(input, 'trigger'), '/trigger', ['event_type', 'scope'], reading);
  const given = own(input, 'condition') ?? null;
  const condition = given === null ? null : readCondition(given, '/condition', reading.types, reading);
  const actions = readActions(own(input, 'actions'), reading);
  if (reading.faults.length > 0 || trigger === null || actions === null || shared === null) {
    return { ok: false, faults: reading.faults };
  }
  return {
    ok: true,
    rule: {
      ...shared,
      ...(position === undefined ? {} : { position: Number(position) }),
      trigger,
      condition,
      actions,
    },
    warnings: reading.warnings,
  };
}

/** Checks a workflow, as parsed JSON. */
export function parseWorkflow(input: unknown, context: DefinitionContext): WorkflowParsed {
  const reading = beginReading(context);
  if (!isObject(input)) return notAnObject(input);
  refuseUnknown(input, WORKFLOW_MEMBERS, '', reading);
  const shared = readShared(input, DEFAULTS.on_error.workflow, reading);
  const overdue = own(input, 'max_overdue') ?? DEFAULTS.max_overdue;
  const max_overdue = readDuration(overdue, '/max_overdue', reading);
  const triggers = readTriggers(own(input, 'triggers'), reading);
  const steps = readSteps(own(input, 'steps'), '/steps', 1, reading);
  if (steps?.length === 0) refuse(reading, '/steps', 'must hold at least one step');
  if (reading.faults.length > 0 || !shared || !max_overdue || !triggers || !steps) {
    return { ok: false, faults: reading.faults };
  }
  const workflow = { ...shared, triggers, steps, max_overdue };
  return { ok: true, workflow, warnings: reading.warnings };
}

function beginReading(context: DefinitionContext): DefinitionReading {
  return { faults: [], context, types: [], steps: 0, ids: new Map(), awaited: new Map(), warnings: [] };
}

function notAnObject(input: unknown): { ok: false; faults: DefinitionFault[] } {
  return { ok: false, faults: [{ path: '', message: `must be an object, but is ${kindOf(input)}` }] };
}

type Shared = Pick<
  Rule,
  'name' | 'enabled' | 'max_activations_per_subject' | 'activation_period' | 'on_error'
>;

function readShared(input: object, onError: Rule['on_error'], reading: DefinitionReading): Shared | null {
  const name = readText(own(input, 'name'), '/name', { min: 1, max: DEFINITION_LIMITS.nameLength }, reading);
  const enabled = readBoolean(own(input, 'enabled') ?? DEFAULTS.enabled, '/enabled', reading);
  const max_activations_per_subject = readInteger(
    own(input, 'max_activations_per_subject') ?? DEFAULTS.max_activations_per_subject,
    '/max_activations_per_subject',
    { min: 1, max: DEFINITION_LIMITS.activations },
    reading,
  );
  const on_error = readChoice(own(input, 'on_error') ?? onError, ['stop', 'continue'], '/on_error', reading);
  const period = own(input, 'activation_period') ?? DEFAULTS.activation_period;
  const activation_period =
    period === FOR_EVER ? FOR_EVER : readDuration(period, '/activation_period', reading);
  if (name === null || enabled === null || max_activations_per_subject === null) return null;
  if (activation_period === null || on_error === null) return null;
  return { name, enabled, max_activations_per_subject, activation_period, on_error };
}

function readTriggers(input: unknown, reading: DefinitionReading): Trigger[] | null {
  const limits = { min: 1, max: DEFINITION_LIMITS.triggers, of: 'triggers' };
  const items = readArray(input, '/triggers', limits, reading);
  if (items === null) return null;
  const known = ['event_type', 'scope', 'condition'];
  const triggers = items.map((item, index) => readTrigger(item, `/triggers/${index}`, known, reading));
  return triggers.every((trigger) => trigger !== null) ? triggers : null;
}

/** Adds the trigger's event type to those whose bodies the steps may read. */
function readTrigger(
  input: unknown,
  path: string,
  known: readonly string[],
  reading: DefinitionReading,
): Trigger | null {
  if (!isObject(input)) {
    return refuse(
      reading,
      path,
      `must be an object such as {"event_type": "contact.tag.added"}, but is ${kindOf(input)}`,
    );
  }
  refuseUnknown(input, known, path, reading);
  const eventType = readEventType(own(input, 'event_type'), `${path}/event_type`, reading);
  if (eventType === null) return null;
  if (!reading.types.includes(eventType)) reading.types.push(eventType);
  const scope = readScope(own(input, 'scope') ?? undefined, `${path}/scope`, eventType, reading);
  const given = known.includes('condition') ? (own(input, 'condition') ?? null) : null;
  const condition: Condition | null =
    given === null ? null : readCondition(given, `${path}/condition`, [eventType], reading);
  return {
    event_type: eventType.name,
    ...(scope === null ? {} : { scope }),
    ...(condition === null ? {} : { condition }),
  };
}

function readActions(input: unknown, reading: DefinitionReading): Action[] | null {
  const limits = { min: 1, max: DEFINITION_LIMITS.actions, of: 'actions' };
  const items = readArray(input, '/actions', limits, reading);
  if (items === null) return null;
  const actions = items.map((item, index) => {
    const path = `/actions/${index}`;
    if (!isObject(item)) {
      return refuse(
        reading,
        path,
        `must be an object such as {"type": "webhook", "url": "https://…"}, but is ${kindOf(item)}`,
      );
    }
    const type = readChoice(own(item, 'type'), ['webhook', 'email'], `${path}/type`, reading);
    return type === null ? null : readAction(type, item, path, [], reading);
  });
  return actions.every((action) => action !== null) ? actions : null;
}
