/** The schema of the body that a receiver gets: the envelope (envelope.ts) around the schema of `data`. Pure. */

import { RESERVED_MESSAGING_MEMBERS } from './envelope.ts';
import type { EventType } from './eventType.ts';
import { expandRefs } from './expandRefs.ts';
import { isoTime, type JsonSchema, object, text } from './schema.ts';

/** JSON Schema (2020-12) without references. */
export function bodySchema(eventType: EventType): JsonSchema {
  const { name, family, title, description } = eventType;
  const said = { title: title.en, description: description.en };
  const type = { const: name, title: 'Event type' };
  const data = expandRefs(eventType.schema);
  switch (family) {
    case 'marketing':
      return {
        ...object(
          name,
          {
            type,
            data,
            account: {
              type: 'object',
              title: 'Account',
              description: 'Whatever was published with the event.',
            },
            created_at: isoTime('When it happened'),
          },
          ['type', 'data', 'account', 'created_at'],
        ),
        ...said,
      };
    case 'messaging': {
      const {
        properties = {},
        required = [],
        ...rest
      } = data as {
        properties?: Record<string, JsonSchema>;
        required?: string[];
      };
      const envelope = {
        event_type: type,
        event_id: text('Event id', 'A UUID; the same however often it is sent.'),
      };
      return {
        ...rest,
        ...said,
        properties: { ...envelope, ...properties },
        required: [...RESERVED_MESSAGING_MEMBERS, ...required],
      };
    }
    case 'custom':
      return {
        ...object(name, { type, timestamp: isoTime('When it happened'), data }, [
          'type',
          'timestamp',
          'data',
        ]),
        ...said,
      };
    default:
      return family satisfies never;
  }
}
