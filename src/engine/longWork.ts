/**
 * Does jobs (store/records/jobs.ts): long work that somebody has asked for. Each kind says how one step of it is done;
 * here is what holds for all kinds: which jobs this node works on, whose turn it is, how much rest is between two steps.
 *
 *   claim ─▶ step ─▶ note where it stands ─▶ rest ─▶ step … ─▶ the step that ends it
 *
 * What is in memory of a job is only its latest cursor: after a crash any node goes on from the row. A step may then be
 * done a second time, so it is either harmless twice, or it notes its progress in the transaction of what it writes.
 */

import { SECOND } from '../core/duration.ts';
import type { JobWorkStore } from '../store/ports/jobs.ts';
import type { JobKind, JobProgress, OwnedJob } from '../store/records/jobs.ts';
import type { Clock } from '../world.ts';
import type { Job, Turn } from './jobs.ts';

/**
 * Few, since each may hold 100,000 places in memory (bulk.ts). Those that are next are asked for anew after each turn, so
 * that a workspace with one job waits for one turn, however many jobs another one has.
 */
export const JOBS_AT_ONCE = 4;
/** How long each goes on before others have their turn. */
const TURN_MS = 5 * SECOND;
/** As long as what it did took, twice: what others want to write comes in between. */
const REST_FACTOR = 2;
const MAX_REST_MS = SECOND;

export type Stepped =
  /** The step is done; that it was is to be noted. */
  | { kind: 'done'; progress: JobProgress }
  /** The step is done, and noted in the same transaction. */
  | { kind: 'noted'; progress: JobProgress }
  /** Nothing can be done at present; it comes up again a second later. */
  | { kind: 'later' }
  /** The job was cancelled, or another node has it. */
  | { kind: 'lost' };

/** How jobs of one kind are done. A step takes some ten milliseconds, whatever the size of the whole. */
export interface LongWork {
  kind: JobKind;
  step(job: OwnedJob, at: { node: string; now: number }): Promise<Stepped>;
}

export interface LongWorkDeps {
  store: JobWorkStore;
  clock: Clock;
  node: string;
  works: readonly LongWork[];
}

export function createLongWork({ store, clock, node, works }: LongWorkDeps): Job {
  const byKind = new Map(works.map((work) => [work.kind, work]));

  /** One step; null where it does not go on now. */
  const goOnce = async (work: LongWork, job: OwnedJob): Promise<OwnedJob | null> => {
    const stepped = await work.step(job, { node, now: clock.now() });
    if (stepped.kind === 'later' || stepped.kind === 'lost') return null;
    const { progress } = stepped;
    const isNoted = stepped.kind === 'noted' || (await store.advanceJob(node, job, progress, clock.now()));
    if (!isNoted || progress.end !== undefined) return null;
    const { done, total, cursor, report, input = job.input } = progress;
    return { ...job, done, total, cursor, report, input, revision: job.revision + 1 };
  };

  /** Goes on with it for a while; true where it could go on. */
  const goOn = async (claimed: OwnedJob, turn: Turn): Promise<boolean> => {
    const work = byKind.get(claimed.kind);
    if (work === undefined) return false;
    const startedAt = clock.monotonic();
    for (let job: OwnedJob | null = claimed; ; ) {
      const stepAt = clock.monotonic();
      if (turn.stopped() || stepAt - startedAt > TURN_MS) return true;
      job = await goOnce(work, job);
      if (job === null) return false;
      await turn.rest(Math.min((clock.monotonic() - stepAt) * REST_FACTOR, MAX_REST_MS));
    }
  };

  return {
    name: 'long work',
    everyMs: null,
    async turn(turn) {
      while (!turn.stopped()) {
        const mine = await store.claimJobs(node, [...byKind.keys()], JOBS_AT_ONCE, clock.now());
        const jobs = new Map(mine.map((job) => [job.key, job]));
        const hasMore = await turn.each(
          jobs.keys(),
          async (key) => {
            const job = jobs.get(key);
            return job !== undefined && goOn(job, turn);
          },
          { atOnce: JOBS_AT_ONCE },
        );
        if (!hasMore) return;
      }
    },
  };
}
