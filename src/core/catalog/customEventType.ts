/**
 * Event types that a workspace defines itself. Pure. checkCustomEventType says what is wrong with a
 * definition, all faults at once; buildCustomEventType turns a faultless one into an EventType.
 */

import { kindOf } from '../json/excerpt.ts';
import { isObject, own } from '../json/object.ts';
import { isPointer, pointerToken } from '../json/pointer.ts';
import { SEARCH_LIMITS } from '../search/limits.ts';
import { builtInEventTypes } from './catalog.ts';
import { checkCustomSchema } from './customSchema.ts';
import { buildBody } from './envelope.ts';
import { DEFAULT_SEARCHABLE, type EventType, FAMILIES, type Family, type Texts } from './eventType.ts';
import { type Fault, MAX_FAULTS } from './fault.ts';
import type { JsonSchema } from './schema.ts';
import { validateData } from './validate.ts';

/** As posted. Texts may come in one language; the other one then shows the same. */
export interface CustomEventTypeDefinition {
  /** Words of a–z, 0–9 and _ joined by dots, at most 128 characters, not the name of a built-in type. */
  name: string;
  /** See customSchema.ts for what it may use. */
  schema: JsonSchema;
  title?: Partial<Texts>;
  description?: Partial<Texts>;
  /** `custom` unless named: {type, timestamp, data}. */
  family?: Family;
  /** Pointer in the body to the id of the contact. */
  subject?: string | null;
  scopes?: ReadonlyArray<{ name: string; title?: Partial<Texts>; pointer: string; labelPointer?: string }>;
  /** Pointers in the body to what events are found by; what stands in the two top levels of data if absent. */
  searchable?: readonly string[];
  /** `data` is what would be published. */
  samples?: ReadonlyArray<{ name: string; title?: Partial<Texts>; data: unknown }>;
}

const NAME = /^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/;
const LIMITS = {
  nameLength: 128,
  titleLength: 200,
  descriptionLength: 2000,
  scopes: 10,
  samples: 10,
} as const;
/** Stands in the samples of custom types, which belong to no real event. */
const SAMPLE_EVENT_ID = '00000000-0000-4000-8000-000000000000';
const SAMPLE_CREATED_AT = Date.UTC(2026, 0, 1);

/** Faults of a posted definition; fields are pointers into it ("/schema/properties/a/pattern"). */
export function checkCustomEventType(definition: unknown): Fault[] {
  if (!isObject(definition)) return [fault('', `must be an object, but is ${kindOf(definition)}`, 'type')];
  const schemaFaults = checkCustomSchema(own(definition, 'schema'), '/schema');
  const faults = [
    ...nameFaults(own(definition, 'name')),
    ...unknownMembers(definition, DEFINITION_MEMBERS, ''),
    ...schemaFaults,
    ...textsFaults(own(definition, 'title'), '/title', LIMITS.titleLength),
    ...textsFaults(own(definition, 'description'), '/description', LIMITS.descriptionLength),
    ...familyFaults(own(definition, 'family')),
    ...pointerFaults(own(definition, 'subject') ?? undefined, '/subject'),
    ...searchableFaults(own(definition, 'searchable')),
    ...listFaults(own(definition, 'scopes'), '/scopes', LIMITS.scopes, scopeFaults),
    ...listFaults(own(definition, 'samples'), '/samples', LIMITS.samples, sampleFaults),
  ];
  if (faults.length > 0) return faults.slice(0, MAX_FAULTS);
  return sampleDataFaults(definition as CustomEventTypeDefinition & object).slice(0, MAX_FAULTS);
}

const DEFINITION_MEMBERS = [
  'name',
  'schema',
  'title',
  'description',
  'family',
  'subject',
  'scopes',
  'searchable',
  'samples',
];

/** For a definition in which checkCustomEventType found no fault. */
export function buildCustomEventType(definition: CustomEventTypeDefinition): EventType {
  const { name, schema, family = 'custom', subject = null, scopes = [], samples = [] } = definition;
  const { searchable = DEFAULT_SEARCHABLE[family] } = definition;
  return {
    name,
    family,
    title: bothTexts(definition.title, name),
    description: bothTexts(definition.description, ''),
    useCases: { en: [], ar: [] },
    schema,
    samples: samples.map((sample) => ({
      name: sample.name,
      title: bothTexts(sample.title, sample.name),
      body: buildBody({
        eventType: { name, family },
        data: JSON.stringify(sample.data),
        eventId: SAMPLE_EVENT_ID,
        createdAt: SAMPLE_CREATED_AT,
        account: null,
      }),
    })),
    subject,
    searchable,
    scopes: scopes.map((scope) => ({
      name: scope.name,
      title: bothTexts(scope.title, scope.name),
      pointer: scope.pointer,
      labelPointer: scope.labelPointer ?? scope.pointer,
    })),
  };
}

function bothTexts(texts: Partial<Texts> | undefined, otherwise: string): Texts {
  return { en: texts?.en ?? texts?.ar ?? otherwise, ar: texts?.ar ?? texts?.en ?? otherwise };
}

function nameFaults(name: unknown): Fault[] {
  if (typeof name !== 'string') return [fault('/name', `must be a string, but is ${kindOf(name)}`, 'type')];
  if (name.length > LIMITS.nameLength) {
    return [
      fault('/name', `has ${name.length} characters; at most ${LIMITS.nameLength} are allowed`, 'maxLength'),
    ];
  }
  if (!NAME.test(name)) {
    return [fault('/name', 'must be words of a–z, 0–9 and _ joined by dots, such as order.paid', 'name')];
  }
  return builtInEventTypes.has(name)
    ? [fault('/name', `${name} is a built-in event type; choose another name`, 'name')]
    : [];
}

function familyFaults(family: unknown): Fault[] {
  if (family === undefined || FAMILIES.some((known) => known === family)) return [];
  return [fault('/family', `must be one of ${FAMILIES.join(', ')}`, 'enum')];
}

function textsFaults(texts: unknown, at: string, maxLength: number): Fault[] {
  if (texts === undefined) return [];
  if (!isObject(texts)) return [fault(at, `must be an object such as {"en": "…", "ar": "…"}`, 'type')];
  const wrong = ['en', 'ar'].flatMap((language) => {
    const text = own(texts, language);
    if (text === undefined) return [];
    const place = `${at}/${language}`;
    if (typeof text !== 'string') return [fault(place, `must be a string, but is ${kindOf(text)}`, 'type')];
    if (text.length <= maxLength) return [];
    return [fault(place, `has ${text.length} characters; at most ${maxLength} are allowed`, 'maxLength')];
  });
  return [...unknownMembers(texts, ['en', 'ar'], at), ...wrong];
}

function pointerFaults(pointer: unknown, at: string): Fault[] {
  if (pointer === undefined) return [];
  if (typeof pointer === 'string' && pointer.length <= 500 && isPointer(pointer)) return [];
  return [fault(at, 'must be a JSON pointer into the body, such as /data/contact/id', 'pointer')];
}

function searchableFaults(pointers: unknown): Fault[] {
  if (pointers === undefined) return [];
  if (!Array.isArray(pointers))
    return [fault('/searchable', `must be an array, but is ${kindOf(pointers)}`, 'type')];
  const most = SEARCH_LIMITS.paths.value;
  if (pointers.length > most) {
    return [fault('/searchable', `has ${pointers.length} elements; at most ${most} are allowed`, 'maxItems')];
  }
  return pointers.flatMap((pointer, index) => pointerFaults(pointer ?? null, `/searchable/${index}`));
}

function listFaults(
  list: unknown,
  at: string,
  maxItems: number,
  check: (item: object, at: string) => Fault[],
): Fault[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return [fault(at, `must be an array, but is ${kindOf(list)}`, 'type')];
  if (list.length > maxItems) {
    return [fault(at, `has ${list.length} elements; at most ${maxItems} are allowed`, 'maxItems')];
  }
  const names = new Set<unknown>();
  return list.flatMap((item, index) => {
    const place = `${at}/${index}`;
    if (!isObject(item)) return [fault(place, `must be an object, but is ${kindOf(item)}`, 'type')];
    const name = own(item, 'name');
    const again = names.has(name);
    names.add(name);
    return [...itemNameFaults(name, again, place), ...check(item, place)];
  });
}

function itemNameFaults(name: unknown, again: boolean, at: string): Fault[] {
  if (typeof name !== 'string' || name.length > LIMITS.nameLength || !/^[a-z0-9_]+$/.test(name)) {
    return [fault(`${at}/name`, 'must be a word of a–z, 0–9 and _', 'name')];
  }
  return again ? [fault(`${at}/name`, `${name} stands here twice`, 'name')] : [];
}

function scopeFaults(scope: object, at: string): Fault[] {
  return [
    ...unknownMembers(scope, ['name', 'title', 'pointer', 'labelPointer'], at),
    ...textsFaults(own(scope, 'title'), `${at}/title`, LIMITS.titleLength),
    ...pointerFaults(own(scope, 'pointer') ?? null, `${at}/pointer`),
    ...pointerFaults(own(scope, 'labelPointer'), `${at}/labelPointer`),
  ];
}

function sampleFaults(sample: object, at: string): Fault[] {
  const faults = [
    ...unknownMembers(sample, ['name', 'title', 'data'], at),
    ...textsFaults(own(sample, 'title'), `${at}/title`, LIMITS.titleLength),
  ];
  return Object.hasOwn(sample, 'data') ? faults : [...faults, fault(`${at}/data`, 'is missing', 'required')];
}

/** Samples that the type itself would refuse would mislead whoever reads the docs. */
function sampleDataFaults(definition: CustomEventTypeDefinition): Fault[] {
  const { family = 'custom', schema, samples = [] } = definition;
  return samples.flatMap((sample, index) =>
    validateData({ family, schema }, sample.data).map((found) => ({
      ...found,
      field: `/samples/${index}${found.field}`,
    })),
  );
}

function unknownMembers(value: object, known: readonly string[], at: string): Fault[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .slice(0, MAX_FAULTS)
    .map((name) =>
      fault(
        `${at}/${pointerToken(name)}`,
        `is not known here; known are ${known.join(', ')}`,
        'additionalProperties',
      ),
    );
}

function fault(field: string, message: string, keyword: string): Fault {
  return { field, message, keyword };
}
