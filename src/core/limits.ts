/**
 * Limits of work, one table per area: each with its value, its unit, and what happens beyond it. Pure data, from which
 * docs can be made; the code that enforces a limit reads its value here.
 */

export interface Limit {
  value: number;
  unit: string;
  /** What happens beyond it, as the end of a sentence. */
  beyond: string;
}

/**
 * Work is counted in steps, never in time, so that the same event meets the same end on every machine (work.ts). A step
 * is about a character looked at or a member visited; on a slow core the worst kinds of work take some 10 ns a step.
 */
export const WORK_LIMITS = {
  /** An event of 1 MB that twenty endpoints search for texts, with templates of five rules, takes four fifths. */
  event: {
    value: 60_000_000,
    unit: 'steps for all that considers one event: conditions, scopes, templates up to the first wait',
    beyond: 'what no longer fits is a verdict or a failed step that says work_limit; the event is accepted',
  },
  /** As with the size of effects: a call may cost twice what one event may. */
  call: {
    value: 120_000_000,
    unit: 'steps for all events of one call',
    beyond: 'as with one event',
  },
  run: {
    value: 60_000_000,
    unit: 'steps each time that a waiting run goes on',
    beyond: 'the step fails and says work_limit',
  },
} as const satisfies Record<string, Limit>;

/**
 * What is done where all else is done, too; what takes more is done in a thread of its own (offload.ts), so that nobody
 * waits for it. A step takes up to 20 ns.
 */
export const LIGHT_LIMITS = {
  work: { value: 1_000_000, unit: 'steps of work', beyond: 'it is done in a thread of its own' },
  check: { value: 500_000, unit: 'steps of checking', beyond: 'it is done in a thread of its own' },
  text: { value: 128 * 1024, unit: 'bytes of events', beyond: 'they are read in a thread of its own' },
} as const satisfies Record<string, Limit>;

/** What an event's data may cost to check against a schema that a workspace has written. */
export const CHECK_LIMITS = {
  event: {
    value: 10_000_000,
    unit: 'steps of checking the data of one event',
    beyond: 'the event is refused as event_too_costly',
  },
  call: {
    value: 20_000_000,
    unit: 'steps of checking all events of one call',
    beyond: 'the call is refused as event_too_costly',
  },
  errors: {
    value: 200,
    unit: 'places at fault that are collected of one event',
    beyond: 'the others are not looked for',
  },
} as const satisfies Record<string, Limit>;

/** What a workspace's schema may ask for. */
export const SCHEMA_LIMITS = {
  bytes: { value: 64 * 1024, unit: 'bytes of JSON', beyond: 'the event type is refused' },
  depth: { value: 32, unit: 'levels of schemas', beyond: 'the event type is refused' },
  subschemas: {
    value: 2000,
    unit: 'subschemas with references put in place',
    beyond: 'the event type is refused',
  },
  perValue: { value: 50, unit: 'subschemas that apply to one value', beyond: 'the event type is refused' },
  /** A list of 5,000 codes is checked for 1,500 members of one event within its budget. */
  namesPerValue: {
    value: 5000,
    unit: 'values and names of enum, const, required and properties that one value is compared with',
    beyond: 'the event type is refused',
  },
} as const satisfies Record<string, Limit>;

/** Suggestions for names of event types that nobody knows. */
export const SUGGESTION_LIMITS = {
  distance: { value: 3, unit: 'changed, missing or added characters', beyond: 'the name is not suggested' },
  comparisons: {
    value: 2000,
    unit: 'comparisons of names in one call',
    beyond: 'unknown names are told without a suggestion',
  },
} as const satisfies Record<string, Limit>;

/** The values alone, for code and for tables that show no more. */
export function valuesOf<T extends Record<string, Limit>>(
  limits: T,
): { [name in keyof T]: T[name]['value'] } {
  const values = Object.entries(limits).map(([name, { value }]) => [name, value]);
  return Object.fromEntries(values);
}
