/**
 * The body that a receiver gets, put together from raw JSON text so that nothing in it changes. Pure.
 *
 *   marketing  {"type", "data", "account", "created_at"}     created_at: 2021-10-05T15:42:53+00:00
 *   messaging  {"event_type", "event_id", …members of data}
 *   custom     {"type", "timestamp", "data"}                 timestamp: 2022-11-03T20:26:10.344Z
 *
 * Raw texts are valid JSON, checked by parseJson beforehand.
 */
import { memberList, memberSlices, objectInner } from '../json/slices.ts';
import type { EventType, Family } from './eventType.ts';

export interface BodyParts {
  eventType: Pick<EventType, 'name' | 'family'>;
  /** Raw JSON text; an object's in the messaging family. */
  data: string;
  /** Stands in bodies of the messaging family alone. */
  eventId: string;
  /** Milliseconds since the Unix epoch. */
  createdAt: number;
  /** Raw JSON text; stands in bodies of the marketing family alone. Null becomes `{"email":null}`. */
  account: string | null;
}

/** Members of a messaging body that are the envelope's, not of `data`. */
export const RESERVED_MESSAGING_MEMBERS: readonly string[] = ['event_type', 'event_id'];

const NO_ACCOUNT = '{"email":null}';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Throws a RangeError when `createdAt` is no time, a TypeError when messaging `data` is no object. */
export function buildBody(parts: BodyParts): string {
  const { eventType, data, eventId, createdAt, account } = parts;
  const name = JSON.stringify(eventType.name);
  switch (eventType.family) {
    case 'marketing': {
      const owner = account ?? NO_ACCOUNT;
      return `{"type":${name},"data":${data},"account":${owner},"created_at":"${isoSeconds(createdAt)}"}`;
    }
    case 'messaging': {
      const inner = objectInner(data);
      const own = `"event_type":${name},"event_id":${JSON.stringify(eventId)}`;
      return inner === '' ? `{${own}}` : `{${own},${inner}}`;
    }
    case 'custom':
      return `{"type":${name},"timestamp":"${new Date(createdAt).toISOString()}","data":${data}}`;
    default:
      return eventType.family satisfies never;
  }
}

/**
 * The parsed body, put together from the parsed `data` rather than parsed once more: what conditions
 * and pointers look into. Equal to reading `buildBody`'s text.
 */
export function bodyValue(parts: Omit<BodyParts, 'data'>, data: unknown): unknown {
  const { eventType, eventId, createdAt, account } = parts;
  switch (eventType.family) {
    case 'marketing':
      return {
        type: eventType.name,
        data,
        account: JSON.parse(account ?? NO_ACCOUNT) as unknown,
        created_at: isoSeconds(createdAt),
      };
    case 'messaging':
      return { event_type: eventType.name, event_id: eventId, ...(data as object) };
    case 'custom':
      return { type: eventType.name, timestamp: new Date(createdAt).toISOString(), data };
    default:
      return eventType.family satisfies never;
  }
}

/** The family that a stored body was built in, by its second member: its type may be gone by now. */
export function familyOf(body: string): Family {
  if (body.startsWith('{"event_type":')) return 'messaging';
  return memberList(body)[1]?.name === 'timestamp' ? 'custom' : 'marketing';
}

/** The raw `data` of a body: what buildBody was given, white space between messaging members aside. */
export function dataOf(family: Family, body: string): string {
  if (family !== 'messaging') return memberSlices(body).members.get('data') ?? 'null';
  const own = memberList(body).filter(({ name }) => !RESERVED_MESSAGING_MEMBERS.includes(name));
  return `{${own.map(({ rawName, value }) => `${rawName}:${value}`).join(',')}}`;
}

/** The raw `account` of a marketing body; null in the other families, and where the body was built without one. */
export function accountOf(family: Family, body: string): string | null {
  if (family !== 'marketing') return null;
  const account = memberSlices(body).members.get('account') ?? NO_ACCOUNT;
  return account === NO_ACCOUNT ? null : account;
}

/** A messaging body's `event_id`: the caller's id, as written, where it is a UUID of any version. */
export function messagingEventId(callerId: string | null, fallbackUuid: string): string {
  return callerId !== null && UUID.test(callerId) ? callerId : fallbackUuid;
}

/** Seconds are cut off, not rounded: an event never seems to be later than it was. */
function isoSeconds(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, '+00:00');
}
