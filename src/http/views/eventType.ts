/**
 * Event types as the API shows and takes them (A7). Pure.
 */

import { type Static, Type } from 'typebox';
import type { CustomEventTypeDefinition } from '../../core/catalog/customEventType.ts';
import { dataOf } from '../../core/catalog/envelope.ts';
import { type EventType, FAMILIES } from '../../core/catalog/eventType.ts';
import { isSystemEvent } from '../../core/catalog/systemEvents.ts';
import { nullable, oneOf, pageOf, ref } from '../operation.ts';

const TextsSchema = Type.Object(
  { en: Type.String(), ar: Type.String() },
  { $id: 'Texts', description: 'In both languages.' },
);
type TextsView = Static<typeof TextsSchema>;

const AnySchema = Type.Unsafe<EventType['schema']>({
  type: 'object',
  additionalProperties: true,
  description: 'JSON Schema (2020-12) of `data`.',
});

const EventTypeSchema = Type.Object(
  {
    name: Type.String(),
    family: oneOf(FAMILIES, { description: 'The form of the body that receivers get.' }),
    custom: Type.Boolean({ description: "Whether it is the workspace's own." }),
    system: Type.Boolean({
      description: 'Whether Mirsal itself publishes it. `*` does not mean it: an endpoint names it.',
    }),
    title: ref<TextsView>('Texts'),
    description: ref<TextsView>('Texts'),
    use_cases: Type.Object({ en: Type.Array(Type.String()), ar: Type.Array(Type.String()) }),
    schema: AnySchema,
    samples: Type.Array(
      Type.Object({
        name: Type.String(),
        title: ref<TextsView>('Texts'),
        body: Type.Unknown({ description: 'The body as a receiver gets it.' }),
      }),
    ),
    subject: nullable(Type.String(), { description: 'JSON pointer in the body to the contact it is about.' }),
    scopes: Type.Array(
      Type.Object({
        name: Type.String(),
        title: ref<TextsView>('Texts'),
        pointer: Type.String(),
        label_pointer: Type.String(),
      }),
      { description: 'What a rule can be narrowed to.' },
    ),
    searchable: Type.Array(Type.String(), {
      description: 'JSON pointers in the body to what events are found by; `*` is every member or element.',
    }),
  },
  { $id: 'EventType', description: 'A kind of event.' },
);
export type EventTypeView = Static<typeof EventTypeSchema>;

const textsInput = Type.Object(
  { en: Type.Optional(Type.String()), ar: Type.Optional(Type.String()) },
  { additionalProperties: false, description: 'One language is enough; the other then shows the same.' },
);
const word = Type.String({ pattern: '^[a-z0-9_]+$', maxLength: 128 });

const input = {
  schema: AnySchema,
  title: textsInput,
  description: textsInput,
  subject: nullable(Type.String({ description: 'JSON pointer in the body, such as `/data/contact/id`.' })),
  scopes: Type.Array(
    Type.Object(
      {
        name: word,
        title: Type.Optional(textsInput),
        pointer: Type.String(),
        label_pointer: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
  ),
  searchable: Type.Array(Type.String(), {
    description:
      'JSON pointers in the body to what events are found by; `*` is every member or element. If absent, what stands ' +
      'in the two top levels of data. Events that were indexed before stay as they are.',
  }),
  samples: Type.Array(
    Type.Object(
      {
        name: word,
        title: Type.Optional(textsInput),
        data: Type.Unknown({ description: 'As it would be published.' }),
      },
      { additionalProperties: false },
    ),
  ),
};

const optional = {
  title: Type.Optional(input.title),
  description: Type.Optional(input.description),
  subject: Type.Optional(input.subject),
  scopes: Type.Optional(input.scopes),
  searchable: Type.Optional(input.searchable),
  samples: Type.Optional(input.samples),
};

const NewEventTypeSchema = Type.Object(
  {
    name: Type.String({ maxLength: 128, description: 'Words of a–z, 0–9 and _ joined by dots.' }),
    family: Type.Optional(oneOf(FAMILIES, { description: '`custom` if absent.' })),
    schema: Type.Optional(input.schema),
    ...optional,
  },
  { $id: 'NewEventType', additionalProperties: false },
);
export type NewEventTypeInput = Static<typeof NewEventTypeSchema>;

const EventTypePatchSchema = Type.Object(
  { schema: Type.Optional(input.schema), ...optional },
  {
    $id: 'EventTypePatch',
    additionalProperties: false,
    description:
      'What is absent stays. Name and family are for good: events of the type are stored with them.',
  },
);
export type EventTypePatchInput = Static<typeof EventTypePatchSchema>;

export const eventTypeComponents = [
  TextsSchema,
  EventTypeSchema,
  pageOf(ref('EventType'), 'EventTypePage'),
  NewEventTypeSchema,
  EventTypePatchSchema,
];

export function eventTypeView(type: EventType, custom: boolean): EventTypeView {
  return {
    name: type.name,
    family: type.family,
    custom,
    system: isSystemEvent(type.name),
    title: type.title,
    description: type.description,
    use_cases: { en: [...type.useCases.en], ar: [...type.useCases.ar] },
    schema: type.schema,
    samples: type.samples.map(({ name, title, body }) => ({ name, title, body: JSON.parse(body) })),
    subject: type.subject,
    scopes: type.scopes.map(({ name, title, pointer, labelPointer }) => ({
      name,
      title,
      pointer,
      label_pointer: labelPointer,
    })),
    searchable: [...type.searchable],
  };
}

/** The definition in the catalog's own words. Without a schema, any object will do as data. */
export function definitionFrom(posted: NewEventTypeInput): CustomEventTypeDefinition {
  const { scopes, schema, ...rest } = posted;
  const definition: CustomEventTypeDefinition = {
    ...withoutUndefined(rest),
    name: posted.name,
    schema: schema ?? { type: 'object' },
  };
  if (scopes) {
    definition.scopes = scopes.map(({ label_pointer, ...scope }) => ({
      ...scope,
      ...(label_pointer === undefined ? {} : { labelPointer: label_pointer }),
    }));
  }
  return definition;
}

/** What would have to be posted to define the type as it is. */
export function postedFrom(type: EventType): NewEventTypeInput {
  const { name, family, title, description, schema, subject, searchable } = type;
  return {
    name,
    family,
    title: { ...title },
    description: { ...description },
    schema,
    subject,
    searchable: [...searchable],
    scopes: eventTypeView(type, true).scopes.map((scope) => ({ ...scope, title: { ...scope.title } })),
    samples: type.samples.map((sample) => ({
      name: sample.name,
      title: { ...sample.title },
      data: JSON.parse(dataOf(family, sample.body)),
    })),
  };
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: Exclude<T[K], undefined> };
}
