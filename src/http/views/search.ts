/** What a search finds, as the API shows it. Pure. */

import { type Static, Type } from 'typebox';
import { nullable, oneOf, ref, time } from '../operation.ts';
import type { DeliveryView } from './delivery.ts';
import type { EventView } from './event.ts';

export const THINGS = [
  'event',
  'delivery',
  'endpoint',
  'rule',
  'workflow',
  'run',
  'bin',
  'replay',
  'event_type',
] as const;
export type ThingKind = (typeof THINGS)[number];

const ThingSchema = Type.Object(
  {
    kind: oneOf(THINGS, { description: 'What it is.' }),
    id: Type.String({ description: "Its id; an event type's name." }),
    name: nullable(Type.String(), { description: 'Its name or URL; null where it has none.' }),
    path: Type.String({ description: 'Where the API has it, such as `/v1/endpoints/ep_…`.' }),
  },
  { $id: 'FoundThing', description: 'Something that a search has found, and where to ask for it.' },
);
export type ThingView = Static<typeof ThingSchema>;

const SearchSchema = Type.Object(
  {
    exact: nullable(ref<ThingView>('FoundThing'), {
      description: 'What has exactly this id, message id or event id; null where nothing has.',
    }),
    events: Type.Array(ref<EventView>('Event'), {
      description:
        'The newest events that hold all the words; the event itself, and that of a delivery, by their ids.',
    }),
    deliveries: Type.Array(ref<DeliveryView>('Delivery'), {
      description: 'The newest deliveries of such events, with what became of them.',
    }),
    endpoints: Type.Array(ref<ThingView>('FoundThing'), { description: 'By name and URL.' }),
    automations: Type.Array(ref<ThingView>('FoundThing'), { description: 'Rules and workflows, by name.' }),
    event_types: Type.Array(ref<ThingView>('FoundThing'), { description: 'By name and title.' }),
    indexed_until: nullable(time('A moment.'), {
      description: 'Events accepted before it are found by what they hold; null where search by text is off.',
    }),
  },
  { $id: 'SearchResult', description: 'What a search has found, by kind.' },
);
export type SearchView = Static<typeof SearchSchema>;

export const searchComponents = [ThingSchema, SearchSchema];
