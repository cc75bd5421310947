/** A workspace's own event types as they are stored. */

import { DEFAULT_SEARCHABLE, type EventType } from './eventType.ts';

export interface StoredEventType {
  name: string;
  /** Everything of an event type but its name, as JSON text. */
  definition: string;
}

/** A schema may be 64 KB, and a workspace may have hundreds. */
const read = new WeakMap<StoredEventType, EventType>();

/** The event type that a row holds; read once for each row. */
export function storedEventType(row: StoredEventType): EventType {
  let type = read.get(row);
  if (type === undefined) {
    const definition = JSON.parse(row.definition) as Omit<EventType, 'name' | 'searchable'> &
      Partial<EventType>;
    // Types that were stored before events could be found by text mark nothing.
    type = { searchable: DEFAULT_SEARCHABLE[definition.family], ...definition, name: row.name };
    read.set(row, type);
  }
  return type;
}
