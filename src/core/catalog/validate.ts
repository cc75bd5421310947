/**
 * Checking published data against its event type. Pure: the compiled validators that are kept depend
 * on their schema alone.
 *
 * Two validators per schema: a quick one that stops at the first error, for the hot path, where nearly
 * everything is valid; and a thorough one that collects all, compiled when the first error occurs.
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isObject } from '../json/object.ts';
import { CHECK_LIMITS } from '../limits.ts';
import { Work, withinWork } from '../work.ts';
import { builtInEventTypes } from './catalog.ts';
import { schemaChecker } from './checkSchema.ts';
import { RESERVED_MESSAGING_MEMBERS } from './envelope.ts';
import type { EventType } from './eventType.ts';
import { expandRefs } from './expandRefs.ts';
import { type Fault, FORMATS, faultsFrom, MAX_FAULTS } from './fault.ts';
import type { JsonSchema } from './schema.ts';

interface Validators {
  quick: ValidateFunction;
  thorough: ValidateFunction | null;
}

/** Beyond this many values, collecting all errors could take longer than the answer is worth. */
const MAX_THOROUGH_VALUES = 10_000;

const quickAjv = makeAjv({ allErrors: false });
const thoroughAjv = makeAjv({ allErrors: true });
const compiled = new WeakMap<JsonSchema, Validators>();

/** The schemas that come with the product, which are compiled; those of workspaces are read as they stand. */
const builtIn: ReadonlySet<JsonSchema> = new Set([...builtInEventTypes.values()].map(({ schema }) => schema));

/** The keyword of a fault that says that checking was given up. */
export const TOO_COSTLY = 'event_too_costly';

/**
 * Faults of `value`, the parsed `data` of an event, at most 20; none when it is valid. Fields are
 * pointers that begin with "/data". Checking by a workspace's own schema is charged to `work`; where that
 * does not suffice, the one fault has the keyword TOO_COSTLY. Throws when the schema itself is broken, which
 * checkCustomEventType excludes.
 */
export function validateData(
  eventType: Pick<EventType, 'family' | 'schema'>,
  value: unknown,
  work: Work = new Work(CHECK_LIMITS.event.value),
): Fault[] {
  const reserved = eventType.family === 'messaging' ? messagingFaults(value) : [];
  const faults = builtIn.has(eventType.schema)
    ? schemaFaults(eventType.schema, value)
    : ownSchemaFaults(eventType.schema, value, work);
  return reserved.length === 0 ? faults : [...reserved, ...faults].slice(0, MAX_FAULTS);
}

/** The members of messaging data stand in the body itself, beside the envelope's own. */
function messagingFaults(value: unknown): Fault[] {
  if (!isObject(value)) {
    return [{ field: '/data', message: 'must be an object in the messaging family', keyword: 'family' }];
  }
  return RESERVED_MESSAGING_MEMBERS.filter((name) => Object.hasOwn(value, name)).map((name) => ({
    field: `/data/${name}`,
    message: 'is set by the envelope; take it out of data',
    keyword: 'reserved',
  }));
}

function ownSchemaFaults(schema: JsonSchema, value: unknown, work: Work): Fault[] {
  return withinWork<Fault[]>(
    () => faultsFrom(checker.check(schema, value, work), '/data'),
    () => [{ field: '/data', message: costly(work.limit), keyword: TOO_COSTLY }],
  );
}

function costly(limit: number): string {
  return `takes more than ${limit} steps to check against its type's schema; send less at once, or use fewer alternatives and shorter lists in the schema`;
}

function schemaFaults(schema: JsonSchema, value: unknown): Fault[] {
  let validators = compiled.get(schema);
  if (validators === undefined) {
    validators = { quick: compile(quickAjv, schema), thorough: null };
    compiled.set(schema, validators);
  }
  if (validators.quick(value)) return [];
  if (!hasFewValues(value)) return faultsFrom(validators.quick.errors ?? [], '/data');
  validators.thorough ??= compile(thoroughAjv, schema);
  validators.thorough(value);
  return faultsFrom(validators.thorough.errors ?? [], '/data');
}

function compile(ajv: Ajv2020, schema: JsonSchema): ValidateFunction {
  const expanded = expandRefs(schema);
  const validate = ajv.compile(expanded);
  // Ajv would keep every schema it has ever seen; types of workspaces come and go.
  ajv.removeSchema(expanded);
  return validate;
}

function makeAjv(options: { allErrors: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    ...options,
    // The catalog's schemas are tested, a workspace's are checked by checkCustomSchema.
    strict: false,
    validateSchema: false,
    addUsedSchema: false,
    // Infinity, which 1e400 reads as, is no number of JSON Schema.
    strictNumbers: true,
    ownProperties: true,
    verbose: true,
    messages: false,
    logger: false,
  });
  addFormats.default(ajv, { formats: FORMATS.filter((format): format is 'date-time' => format !== 'email') });
  ajv.addFormat('email', isEmail);
  return ajv;
}

const checker = schemaChecker(
  new Map(FORMATS.map((name) => [name, (text: string) => isOfFormat(name, text)])),
);

/** By ajv's own formats, so that one thing is meant by a name. */
function isOfFormat(name: string, text: string): boolean {
  const format = quickAjv.formats[name];
  if (format instanceof RegExp) return format.test(text);
  const validate = typeof format === 'object' && 'validate' in format ? format.validate : format;
  if (validate instanceof RegExp) return validate.test(text);
  return typeof validate === 'function' ? validate(text as never) === true : true;
}

/** Any script on both sides; whether mail arrives there is not for a schema to know. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  return at > 0 && at < text.length - 1 && text.length <= 320 && !/\s/.test(text);
}

function hasFewValues(value: unknown): boolean {
  let left = MAX_THOROUGH_VALUES;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    left -= inner.length;
    if (left < 0) return false;
    for (const item of inner) open.push(item);
  }
  return true;
}
