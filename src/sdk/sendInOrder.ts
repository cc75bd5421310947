/**
 * Many events in few calls, in their order, each with its own outcome. A batch is accepted whole or not at all, so one event at fault
 * must not take the others with it: it is found (the answer names it, or halves are tried) and told of, and the rest goes on without it.
 */

import type { CallOptions } from './calls.ts';
import type { Mirsal } from './client.ts';
import { MirsalError } from './errors.ts';
import type { AcceptedEvent, NewEvent } from './generated/schemas.ts';

export type Outcome =
  | { kind: 'accepted'; answer: AcceptedEvent }
  /** The event is at fault: trying it again changes nothing. */
  | { kind: 'refused'; error: MirsalError };

export interface Sent {
  /** Of the first events, in their order; of all of them where nothing has stopped it. */
  outcomes: Outcome[];
  /** What has nothing to do with the events, such as a network that is down; from the first event without an outcome on, nothing is known. */
  stopped: unknown;
}

/** As many as the API takes in one call. */
export const MOST_PER_BATCH = 1000;

/** The answers that are about what was sent. */
const EVENTS_FAULTS = new Set([400, 409, 413, 422]);

/** Every event has an id, which makes repeats harmless. */
export async function sendInOrder(
  { events: api }: Pick<Mirsal, 'events'>,
  events: ReadonlyArray<NewEvent & { id: string }>,
  options: CallOptions = {},
): Promise<Sent> {
  const outcomes = new Map<number, Outcome>();
  // Places of events that are sent together; the first range is always the first in order.
  const ranges: number[][] = events.length === 0 ? [] : [[...events.keys()]];
  let stopped: unknown;
  for (let places = ranges.shift(); places !== undefined; places = ranges.shift()) {
    try {
      const batch = places.map((place) => events[place]) as Array<NewEvent & { id: string }>;
      const accepted = (await api.publishBatch({ events: batch as never }, options)).events;
      for (const [index, place] of places.entries()) {
        const answer = accepted[index];
        if (answer !== undefined) outcomes.set(place, { kind: 'accepted', answer });
      }
    } catch (error) {
      if (!(error instanceof MirsalError) || !EVENTS_FAULTS.has(error.status)) {
        stopped = error;
        break;
      }
      ranges.unshift(...withoutFaulty(places, error, outcomes));
    }
  }
  const known = [...events.keys()].map((place) => outcomes.get(place));
  const until = known.indexOf(undefined);
  return { outcomes: (until === -1 ? known : known.slice(0, until)) as Outcome[], stopped };
}

/** What is left to send of a batch that was refused. */
function withoutFaulty(places: number[], error: MirsalError, outcomes: Map<number, Outcome>): number[][] {
  const fields = (error.problem?.errors ?? []).map(
    ({ field }) => /^\/events\/(\d+)(?:\/|$)/.exec(field)?.[1],
  );
  const faulty = new Set(fields.filter((index) => index !== undefined).map((index) => places[Number(index)]));
  const alone = places.length === 1;
  if (faulty.size === 0 && !alone) {
    const half = Math.ceil(places.length / 2);
    return [places.slice(0, half), places.slice(half)];
  }
  const refused = alone ? places : places.filter((place) => faulty.has(place));
  for (const place of refused) outcomes.set(place, { kind: 'refused', error: ofOne(error, place, places) });
  const rest = places.filter((place) => !refused.includes(place));
  return rest.length === 0 ? [] : [rest];
}

/** The part of the problem that is this event's, with fields as a single publish names them. */
function ofOne(error: MirsalError, place: number, places: readonly number[]): MirsalError {
  const { problem, status, requestId } = error;
  if (problem === null) return error;
  const start = `/events/${places.indexOf(place)}`;
  const errors = (problem.errors ?? [])
    .filter(({ field }) => field === start || field.startsWith(`${start}/`))
    .map((fault) => ({ ...fault, field: fault.field.slice(start.length) }));
  if (errors.length === 0) return error;
  const message = errors.map(({ field, message: said }) => `${field} ${said}`).join('; ');
  return new MirsalError(error.code, message, {
    status,
    requestId,
    problem: { ...problem, errors },
    cause: error,
  });
}
