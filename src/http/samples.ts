/** Samples of event types as events to publish: the body that a receiver gets, taken apart again. Pure. */

import { accountOf, dataOf } from '../core/catalog/envelope.ts';
import type { EventType, Sample } from '../core/catalog/eventType.ts';
import type { PublishEvent } from '../engine/engine.ts';
import type { Routing } from '../store/records/routing.ts';
import { eventTypesOf, unknownEventType } from './eventTypesOf.ts';
import { faulty } from './problem.ts';

/** Throws a Problem where the type or the sample does not exist. */
export function findSample(
  routing: Routing,
  typeName: string,
  sampleName: string | null,
): { type: EventType; sample: Sample } {
  const types = eventTypesOf(routing);
  const type = types.get(typeName);
  if (!type) {
    throw faulty('unknown_event_type', [
      { field: '/event_type', message: unknownEventType(typeName, types) },
    ]);
  }
  const sample = sampleName === null ? type.samples[0] : type.samples.find(({ name }) => name === sampleName);
  if (!sample) {
    const names = type.samples.map(({ name }) => `"${name}"`).join(', ');
    const message =
      names === '' ? 'this event type has no sample' : `is no sample of this event type; it has ${names}`;
    throw faulty('invalid_request', [{ field: sampleName === null ? '/event_type' : '/sample', message }]);
  }
  return { type, sample };
}

/** Likewise. */
export function sampleEvent(routing: Routing, typeName: string, sampleName: string | null): PublishEvent {
  const { type, sample } = findSample(routing, typeName, sampleName);
  const data = dataOf(type.family, sample.body);
  return {
    id: null,
    type: type.name,
    data,
    value: JSON.parse(data),
    account: accountOf(type.family, sample.body),
    createdAt: null,
    warnings: null,
  };
}
