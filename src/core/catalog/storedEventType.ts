/** A workspace's own event types as they are stored. */

import type { EventType } from './eventType.ts';

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
    type = { ...(JSON.parse(row.definition) as Omit<EventType, 'name'>), name: row.name };
    read.set(row, type);
  }
  return type;
}
