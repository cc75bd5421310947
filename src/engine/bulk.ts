/**
 * What jobs do to many deliveries: retry, skip, replay. Which ones is settled by the moment when the job was asked for:
 * they are listed once, as places in their lanes, and done in the order of lanes and sequences, each batch in one
 * transaction with the job's row (store/queries/bulk.ts). A node that goes on with a job of another lists them anew,
 * and leaves out what lies before the place where the job stands.
 *
 *   retry    open ones are due now, then ended ones are sent again
 *   skip     open ones end
 *   replay   ended ones are sent again
 */

import { valuesOf } from '../core/limits.ts';
import type { BulkWorkStore } from '../store/ports/bulk.ts';
import type { SkipStore } from '../store/ports/retention.ts';
import {
  BULK_LIMITS,
  type BulkKind,
  type BulkOutcome,
  type BulkStep,
  NOT_DONE,
} from '../store/records/bulk.ts';
import type { JobProgress, JobReport, OwnedJob } from '../store/records/jobs.ts';
import {
  type Batch,
  batchOf,
  type Counts,
  type Cursor,
  choose,
  countOf,
  cursorAfter,
  type Listed,
  listedFrom,
  putOff,
  START,
  takeAway,
  type Verbs,
  WORKS,
} from './bulkPlaces.ts';
import { JOBS_AT_ONCE, type LongWork, type Stepped } from './longWork.ts';

const { most } = valuesOf(BULK_LIMITS);

/** What is published meanwhile stands behind this much of a job, not behind all of it. */
const MAX_OPEN = 5_000;
/** Places that stay in memory, of all jobs: those that are worked on at once. Of the others they are listed again. */
const KEPT_PLACES = JOBS_AT_ONCE * most;
/** A lane that is told of every batch would do nothing but read. */
const BATCHES_UNTOLD = 10;

export interface BulkDeps {
  store: BulkWorkStore & Pick<SkipStore, 'workspacesToSkip'>;
  nextKey(): number;
  isSending(delivery: number): boolean;
  lanesChanged(lanes: readonly number[]): Promise<void>;
}

type BulkJob = OwnedJob & { workspace: number };

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
    batch: Batch,
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

// ---------------------------------------------------------------- what is done, and what came of it

function stepOf(
  { nextKey, isSending }: BulkDeps,
  job: BulkJob,
  verbs: Verbs,
  batch: Batch,
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
