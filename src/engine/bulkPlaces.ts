/**
 * Which deliveries a job over many is done to (bulk.ts), and in which order they come. Dry runs ask the first alone.
 *
 * An endpoint that has as many open as it may (it is slow, or disabled) keeps no other waiting: what is left of its own
 * is put off, and comes after all others, in its order.
 */

import { isEnd } from '../core/delivery/machine.ts';
import { valuesOf } from '../core/limits.ts';
import type { BulkWorkStore } from '../store/ports/bulk.ts';
import {
  BULK_LIMITS,
  type BulkInput,
  type BulkKind,
  type BulkPlace,
  type BulkPreview,
  type NotDone,
} from '../store/records/bulk.ts';
import { Overloaded } from './engine.ts';

const { most, dryRuns: MAX_PREVIEWS } = valuesOf(BULK_LIMITS);

/** SQLite's thread is busy with it for some 10 ms; see replays.ts. */
const BATCH = 100;
const LISTED_AT_ONCE = 1_000;
const PREVIEWS_AT_ONCE = 2;

export const WORKS = {
  retry_deliveries: { open: 'retry', done: 'retried', resent: 'resent' },
  skip_deliveries: { open: 'skip', done: 'skipped', resent: null },
  replay_deliveries: { open: null, done: null, resent: 'replayed' },
} as const satisfies Record<BulkKind, Verbs>;

/** What is done to open ones, and how the report names what was done to them and to ended ones; null for nothing. */
export interface Verbs {
  open: 'retry' | 'skip' | null;
  done: string | null;
  resent: string | null;
}

export type Place = Pick<BulkPlace, 'key' | 'lane' | 'sequence' | 'endpoint'> & { ended: boolean };
/** Open ones come before ended ones. */
type Position = Pick<Place, 'ended' | 'lane' | 'sequence'>;
export const START: Position = { ended: false, lane: 0, sequence: 0 };
/** The last one that was done; and of endpoints that were put off, the first one that is not. */
export type Cursor = Position & { putOff?: ReadonlyArray<readonly [endpoint: number, from: Position]> };

/** What is still to be done of a job, from `next` on, where it stands at `revision`. */
export interface Listed {
  revision: number;
  places: readonly Place[];
  next: number;
  /** What is left of endpoints that were full, by endpoint, in the order in which they are tried again. */
  putOff: Map<number, readonly Place[]>;
  batches: number;
  untold: Set<number>;
}

export type Counts = Partial<Record<NotDone, number>>;

/** Where there is a next one. */
export type Batch = readonly [Place, ...Place[]];

// ---------------------------------------------------------------- which

/** Null where they are too many. */
export async function choose(
  store: BulkWorkStore,
  { workspace, createdAt, ...job }: { workspace: number; input: unknown; createdAt: number },
  verbs: Verbs,
): Promise<{ places: Place[]; notDone: Counts } | null> {
  const input = job.input as BulkInput;
  const found =
    'ids' in input ? await store.findPlaces(workspace, input.ids) : await scan(store, workspace, input);
  if (found === null) return null;
  const notDone: Counts = 'ids' in input ? { not_found: new Set(input.ids).size - found.length } : {};
  const places: Place[] = [];
  const messages = new Set<number>();
  // Of those that repeat one message, the first one stands for all.
  for (const place of found.sort((one, other) => one.key - other.key)) {
    const why = refusal(place, createdAt, verbs);
    const { key, lane, sequence, endpoint, message } = place;
    const ended = isEnd(place.state);
    if (why !== null) {
      if ('ids' in input) notDone[why] = (notDone[why] ?? 0) + 1;
    } else if (ended && messages.has(message)) notDone.same_message = (notDone.same_message ?? 0) + 1;
    else {
      if (ended) messages.add(message);
      places.push({ key, lane, sequence, endpoint, ended });
    }
  }
  return { places: places.sort(compare), notDone };
}

async function scan(
  store: BulkWorkStore,
  workspace: number,
  { filter, states }: Extract<BulkInput, { filter: unknown }>,
): Promise<BulkPlace[] | null> {
  const found: BulkPlace[] = [];
  // What is found by its events is found anew for each page (store/queries/deliveryLists.ts), so it comes on one.
  const { event, subject, type } = filter;
  const isByEvents = event !== undefined || subject !== undefined || type !== undefined;
  const limit = isByEvents ? most + 1 : LISTED_AT_ONCE;
  for (const state of states) {
    for (let before: number | null = null; ; ) {
      const page = await store.scanPlaces(workspace, { ...filter, state }, { limit, before });
      found.push(...page.places);
      if (found.length > most) return null;
      if (page.next === null) break;
      before = page.next;
    }
  }
  return found;
}

/** Why this one is none of the job's; null where it is. */
function refusal({ state, createdAt, endedAt }: BulkPlace, askedAt: number, verbs: Verbs): NotDone | null {
  if (createdAt > askedAt) return 'not_ended';
  if (!isEnd(state)) return verbs.open === null ? 'not_ended' : null;
  // What ended since somebody looked and asked may have arrived.
  return verbs.resent === null || (endedAt ?? 0) > askedAt ? 'already_ended' : null;
}

function compare(one: Position, other: Position): number {
  return Number(one.ended) - Number(other.ended) || one.lane - other.lane || one.sequence - other.sequence;
}

function positionOf({ ended, lane, sequence }: Position): Position {
  return { ended, lane, sequence };
}

// ---------------------------------------------------------------- what comes next

/** What of these is still to be done where the job stands at `cursor`. */
export function listedFrom(revision: number, all: readonly Place[], cursor: Cursor = START): Listed {
  const from = new Map(cursor.putOff);
  const isLeft = (place: Place): boolean => {
    const start = place.ended ? from.get(place.endpoint) : undefined;
    return start === undefined ? compare(place, cursor) > 0 : compare(place, start) >= 0;
  };
  const left = all.filter(isLeft);
  const listed = {
    revision,
    places: left,
    next: 0,
    putOff: new Map(),
    batches: 0,
    untold: new Set<number>(),
  };
  for (const endpoint of from.keys()) putOff(listed, endpoint);
  return listed;
}

/** The next ones of a kind, and where they are sent again, of one endpoint. */
export function batchOf({ places, next, putOff: later }: Listed): readonly Place[] {
  const first = places[next];
  if (first === undefined) return later.values().next().value?.slice(0, BATCH) ?? [];
  const some = places.slice(next, next + BATCH);
  const end = some.findIndex(
    ({ ended, endpoint }) => ended !== first.ended || (ended && endpoint !== first.endpoint),
  );
  return end === -1 ? some : some.slice(0, end);
}

/** What is left of the endpoint's comes after all others, and after those of other endpoints that were put off before. */
export function putOff(listed: Listed, endpoint: number): void {
  const { places, next, putOff: later } = listed;
  const own = later.get(endpoint);
  later.delete(endpoint);
  const isOwn = (place: Place): boolean => place.ended && place.endpoint === endpoint;
  const left = own ?? places.slice(next).filter(isOwn);
  if (left.length > 0) later.set(endpoint, left);
  if (own !== undefined) return;
  listed.places = places.slice(next).filter((place) => !isOwn(place));
  listed.next = 0;
}

export function takeAway(listed: Listed, batch: Batch): void {
  const [{ endpoint }] = batch;
  if (listed.next < listed.places.length) {
    listed.next += batch.length;
    return;
  }
  const left = listed.putOff.get(endpoint)?.slice(batch.length) ?? [];
  if (left.length > 0) listed.putOff.set(endpoint, left);
  else listed.putOff.delete(endpoint);
}

/** Where the job stands once the batch is done. */
export function cursorAfter(before: Cursor, listed: Listed, batch: Batch): Cursor {
  const after = { ...listed, putOff: new Map(listed.putOff) };
  takeAway(after, batch);
  const last = batch.at(-1) ?? batch[0];
  // What was put off may lie before others that are done.
  const furthest = positionOf(compare(last, before) > 0 ? last : before);
  const left = [...after.putOff].flatMap(([endpoint, [first]]) =>
    first === undefined ? [] : [[endpoint, positionOf(first)] as const],
  );
  return left.length === 0 ? furthest : { ...furthest, putOff: left };
}

export function countOf({ places, putOff: later }: Listed): number {
  return later.values().reduce((all, own) => all + own.length, places.length);
}

// ---------------------------------------------------------------- dry runs

/** What a job asked for now would do it to; null where that are too many. */
export type PreviewBulk = (
  kind: BulkKind,
  asked: { workspace: number; input: BulkInput; createdAt: number },
) => Promise<BulkPreview | null>;

/** Each holds as many places in memory as a job does: few are made at once, and a workspace has few of those that wait. */
export function createPreviews(store: BulkWorkStore): PreviewBulk {
  const asking = new Map<number, number>();
  const waiting: Array<() => void> = [];
  let running = 0;
  const preview: PreviewBulk = async (kind, asked) => {
    const chosen = await choose(store, asked, WORKS[kind]);
    return chosen === null ? null : { total: chosen.places.length, notDone: chosen.notDone };
  };
  const inTurn: PreviewBulk = async (...asked) => {
    if (running < PREVIEWS_AT_ONCE) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await preview(...asked);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return async (kind, asked) => {
    const { workspace } = asked;
    const others = asking.get(workspace) ?? 0;
    if (others >= MAX_PREVIEWS) {
      throw new Overloaded(`${others} dry runs of this workspace are being made. Try again once they are.`);
    }
    asking.set(workspace, others + 1);
    try {
      return await inTurn(kind, asked);
    } finally {
      const left = (asking.get(workspace) ?? 1) - 1;
      if (left === 0) asking.delete(workspace);
      else asking.set(workspace, left);
    }
  };
}
