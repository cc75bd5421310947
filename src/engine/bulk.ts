/**
 * What jobs do to many deliveries: retry, skip, replay. Which ones is settled by the moment when the job was asked for:
 * they are listed once, as places in their lanes, and done in the order of lanes and sequences, each batch in one
 * transaction with the job's row (store/queries/bulk.ts). A node that goes on with a job of another lists them anew,
 * and leaves out what lies before the place where the job stands.
 *
 * An endpoint that has as many open as it may (it is slow, or disabled) keeps no other waiting: what is left of its own
 * is put off, and comes after all others, in its order.
 *
 *   retry    open ones are due now, then ended ones are sent again
 *   skip     open ones end
 *   replay   ended ones are sent again
 */

import { isEnd } from '../core/delivery/machine.ts';
import { valuesOf } from '../core/limits.ts';
import type { BulkWorkStore } from '../store/ports/bulk.ts';
import type { SkipStore } from '../store/ports/retention.ts';
import {
  BULK_LIMITS,
  type BulkInput,
  type BulkKind,
  type BulkOutcome,
  type BulkPlace,
  type BulkPreview,
  type BulkStep,
  NOT_DONE,
  type NotDone,
} from '../store/records/bulk.ts';
import type { JobProgress, JobReport, OwnedJob } from '../store/records/jobs.ts';
import { JOBS_AT_ONCE, type LongWork, type Stepped } from './longWork.ts';

const { most } = valuesOf(BULK_LIMITS);

/** SQLite's thread is busy with it for some 10 ms; see replays.ts. */
const BATCH = 100;
/** What is published meanwhile stands behind this much of a job, not behind all of it. */
const MAX_OPEN = 5_000;
const LISTED_AT_ONCE = 1_000;
/** Places that stay in memory, of all jobs: those that are worked on at once. Of the others they are listed again. */
const KEPT_PLACES = JOBS_AT_ONCE * most;
/** A lane that is told of every batch would do nothing but read. */
const BATCHES_UNTOLD = 10;

const WORKS = {
  retry_deliveries: { open: 'retry', done: 'retried', resent: 'resent' },
  skip_deliveries: { open: 'skip', done: 'skipped', resent: null },
  replay_deliveries: { open: null, done: null, resent: 'replayed' },
} as const satisfies Record<BulkKind, Verbs>;

/** What is done to open ones, and how the report names what was done to them and to ended ones; null for nothing. */
interface Verbs {
  open: 'retry' | 'skip' | null;
  done: string | null;
  resent: string | null;
}

export interface BulkDeps {
  store: BulkWorkStore & Pick<SkipStore, 'workspacesToSkip'>;
  nextKey(): number;
  isSending(delivery: number): boolean;
  lanesChanged(lanes: readonly number[]): Promise<void>;
}

type Place = Pick<BulkPlace, 'key' | 'lane' | 'sequence' | 'endpoint'> & { ended: boolean };
/** Open ones come before ended ones. */
type Position = Pick<Place, 'ended' | 'lane' | 'sequence'>;
const START: Position = { ended: false, lane: 0, sequence: 0 };
/** The last one that was done; and of endpoints that were put off, the first one that is not. */
type Cursor = Position & { putOff?: ReadonlyArray<readonly [endpoint: number, from: Position]> };

type Counts = Partial<Record<NotDone, number>>;

/** What is still to be done of a job, from `next` on, where it stands at `revision`. */
interface Listed {
  revision: number;
  places: readonly Place[];
  next: number;
  /** What is left of endpoints that were full, by endpoint, in the order in which they are tried again. */
  putOff: Map<number, readonly Place[]>;
  batches: number;
  untold: Set<number>;
}

type BulkJob = OwnedJob & { workspace: number };

/** What a job asked for now would do it to; null where that are too many. */
export async function previewBulk(
  store: BulkWorkStore,
  kind: BulkKind,
  asked: { workspace: number; input: BulkInput; createdAt: number },
): Promise<BulkPreview | null> {
  const chosen = await choose(store, asked, WORKS[kind]);
  return chosen === null ? null : { total: chosen.places.length, notDone: chosen.notDone };
}

export function createBulkWorks(deps: BulkDeps): LongWork[] {
  const kept = createKept();
  return (Object.keys(WORKS) as BulkKind[]).map((kind) => createBulkWork(deps, kind, kept));
}

interface Kept {
  get(job: number): Listed | undefined;
  delete(job: number): void;
  keep(job: number, listed: Listed): void;
}

/** What is listed of jobs of all kinds; the one that was worked on the longest ago is forgotten first. */
function createKept(): Kept {
  const kept = new Map<number, Listed>();
  return {
    get: (job) => kept.get(job),
    delete: (job) => void kept.delete(job),
    keep(job, listed) {
      kept.delete(job);
      kept.set(job, listed);
      let places = kept.values().reduce((all, each) => all + countOf(each), 0);
      for (const [oldest, own] of kept) {
        if (places <= KEPT_PLACES || oldest === job) break;
        kept.delete(oldest);
        places -= countOf(own);
      }
    },
  };
}

function countOf({ places, putOff }: Listed): number {
  return putOff.values().reduce((all, own) => all + own.length, places.length);
}

function createBulkWork(deps: BulkDeps, kind: BulkKind, kept: Kept): LongWork {
  const verbs: Verbs = WORKS[kind];

  const begin = async (job: BulkJob): Promise<Stepped> => {
    // What counts as skipped is listed once its rows are written (store/queries/skips.ts).
    if (verbs.resent !== null && (await deps.store.workspacesToSkip()).includes(job.workspace))
      return { kind: 'later' };
    const chosen = await choose(deps.store, job, verbs);
    if (chosen === null) {
      const reason = `too_many: more than ${most} deliveries match; take a narrower filter`;
      return { kind: 'done', progress: { ...standing(job), end: { state: 'failed', reason } } };
    }
    const { places, notDone } = chosen;
    const refused = sum(notDone);
    const total = places.length + refused;
    kept.keep(job.key, listedFrom(job.revision + 1, places));
    const report = withCounts(job.report, verbs, { notDone });
    const end = places.length === 0 ? ({ state: 'finished', reason: null } as const) : undefined;
    const progress = { done: refused, total, cursor: START, report };
    return { kind: 'done', progress: end === undefined ? progress : { ...progress, end } };
  };

  const listedOf = async (job: BulkJob): Promise<Listed> => {
    const before = kept.get(job.key);
    if (before?.revision === job.revision) return before;
    const chosen = await choose(deps.store, job, verbs);
    return listedFrom(job.revision, chosen?.places ?? [], job.cursor as Cursor);
  };

  const tell = async ({ untold }: Listed): Promise<void> => {
    const lanes = [...untold];
    untold.clear();
    if (lanes.length > 0) await deps.lanesChanged(lanes);
  };

  /** Null where what comes next is of an endpoint that is full: it is put off. */
  const doBatch = async (
    job: BulkJob,
    listed: Listed,
    batch: readonly [Place, ...Place[]],
    at: { node: string; now: number },
  ): Promise<Stepped | null> => {
    const { step, inFlight } = stepOf(deps, job, verbs, batch);
    const cursor = cursorAfter(job.cursor as Cursor, listed, batch);
    const progressOf = (outcome: BulkOutcome): JobProgress =>
      afterBatch(job, verbs, cursor, { ...outcome, inFlight, ended: batch[0].ended });
    const answer = await deps.store.changeMany(at.node, job, step, progressOf, at.now);
    if (answer.kind === 'full') {
      putOff(listed, batch[0].endpoint);
      return null;
    }
    if (answer.kind === 'lost') {
      kept.delete(job.key);
      await tell(listed);
      return answer;
    }
    takeAway(listed, batch);
    listed.revision = job.revision + 1;
    kept.keep(job.key, listed);
    for (const lane of answer.lanes) listed.untold.add(lane);
    if (listed.batches % BATCHES_UNTOLD === 0) await tell(listed);
    listed.batches += 1;
    return { kind: 'noted', progress: answer.progress };
  };

  const goOn = async (job: BulkJob, at: { node: string; now: number }): Promise<Stepped> => {
    const listed = await listedOf(job);
    const full = new Set<number>();
    for (;;) {
      const [first, ...others] = batchOf(listed);
      if (first === undefined) {
        kept.delete(job.key);
        await tell(listed);
        return { kind: 'done', progress: finished(job, verbs) };
      }
      if (full.has(first.endpoint)) {
        kept.keep(job.key, listed);
        await tell(listed);
        return { kind: 'later' };
      }
      const stepped = await doBatch(job, listed, [first, ...others], at);
      if (stepped !== null) return stepped;
      full.add(first.endpoint);
    }
  };

  return {
    kind,
    async step(job, at) {
      const { workspace } = job;
      if (workspace === null) throw new Error('Deliveries are of a workspace.');
      return job.cursor === null ? begin({ ...job, workspace }) : goOn({ ...job, workspace }, at);
    },
  };
}

// ---------------------------------------------------------------- which

/** Null where they are too many. */
async function choose(
  store: BulkWorkStore,
  { workspace, createdAt, ...job }: Pick<BulkJob, 'workspace' | 'input' | 'createdAt'>,
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
function listedFrom(revision: number, all: readonly Place[], cursor: Cursor = START): Listed {
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
function batchOf({ places, next, putOff: later }: Listed): readonly Place[] {
  const first = places[next];
  if (first === undefined) return later.values().next().value?.slice(0, BATCH) ?? [];
  const some = places.slice(next, next + BATCH);
  const end = some.findIndex(
    ({ ended, endpoint }) => ended !== first.ended || (ended && endpoint !== first.endpoint),
  );
  return end === -1 ? some : some.slice(0, end);
}

/** What is left of the endpoint's comes after all others, and after those of other endpoints that were put off before. */
function putOff(listed: Listed, endpoint: number): void {
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

function takeAway(listed: Listed, batch: readonly [Place, ...Place[]]): void {
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
function cursorAfter(before: Cursor, listed: Listed, batch: readonly [Place, ...Place[]]): Cursor {
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

// ---------------------------------------------------------------- what is done, and what came of it

function stepOf(
  { nextKey, isSending }: BulkDeps,
  job: BulkJob,
  verbs: Verbs,
  batch: readonly [Place, ...Place[]],
): { step: BulkStep; inFlight: number } {
  const [first] = batch;
  if (first.ended) {
    const items = batch.map(({ key }) => ({ original: key, key: nextKey() }));
    const step = { act: 'resend', endpoint: first.endpoint, items, maxOpen: MAX_OPEN } as const;
    return { step, inFlight: 0 };
  }
  const idle = batch.filter(({ key }) => !isSending(key)).map(({ key }) => key);
  const inFlight = batch.length - idle.length;
  if (verbs.open !== 'skip') return { step: { act: 'retry', deliveries: idle }, inFlight };
  return { step: { act: 'skip', deliveries: idle, reason: `skipped_by: ${job.createdBy}` }, inFlight };
}

function standing({ done, total, cursor, report }: OwnedJob): JobProgress {
  return { done, total, cursor, report };
}

function afterBatch(
  job: OwnedJob,
  verbs: Verbs,
  cursor: Cursor,
  { done, notDone, inFlight, ended }: BulkOutcome & { inFlight: number; ended: boolean },
): JobProgress {
  const all: Counts = { ...notDone, in_flight: inFlight };
  const name = ended ? verbs.resent : verbs.done;
  return {
    done: job.done + done + sum(all),
    total: job.total,
    cursor,
    report: withCounts(job.report, verbs, { notDone: all, done: name === null ? {} : { [name]: done } }),
  };
}

/** What is not there any more had been counted as to be done. */
function finished(job: OwnedJob, verbs: Verbs): JobProgress {
  const total = job.total ?? job.done;
  const report = withCounts(job.report, verbs, { notDone: { already_ended: total - job.done } });
  return { done: total, total, cursor: job.cursor, report, end: { state: 'finished', reason: null } };
}

function withCounts(
  report: JobReport,
  verbs: Verbs,
  { done = {}, notDone }: { done?: Readonly<Record<string, number>>; notDone: Counts },
): JobReport {
  const names = [verbs.done, verbs.resent].filter((name) => name !== null);
  const before = (report.not_done ?? {}) as Counts;
  const counts = NOT_DONE.map((why) => [why, (before[why] ?? 0) + (notDone[why] ?? 0)] as const);
  return {
    ...Object.fromEntries(names.map((name) => [name, Number(report[name] ?? 0) + (done[name] ?? 0)])),
    not_done: Object.fromEntries(counts.filter(([, count]) => count > 0)),
  };
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}
