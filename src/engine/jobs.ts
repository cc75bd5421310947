/**
 * Jobs: what the engine does in the background, turn by turn (notices, mails, runs, replays, retention). All of them
 * keep to the same rules:
 *
 *   a job has one turn at a time      whoever ticks meanwhile gets one more turn after it
 *   what fails is said and rests      a job for up to 5 s, an item of its work (a workspace, a notice) for up to 5 min,
 *                                     twice as long after each failure; the other items go on
 *   workspaces take turns             `each` does a small part of each, and only then more of the first
 *   stopping waits for what is done   and for no longer than its patience; nothing new is begun
 *
 * A database that is away, and a node that is full, are nobody's fault: they end the turn, and the job rests.
 */

import { MINUTE, SECOND } from '../core/duration.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Clock } from '../world.ts';
import { Overloaded } from './engine.ts';

export interface Job {
  /** What is said of it where it fails. */
  name: string;
  /** At most one turn in this time, the first after it; null for one at each tick. */
  everyMs: number | null;
  /** Does what there is to do. */
  turn(turn: Turn): Promise<void>;
}

export interface Turn {
  /** Nothing new is to be begun. */
  stopped(): boolean;
  /**
   * Has `work` do a part of each item, in the order given, `atOnce` of them at one time (1 by default); it answers
   * whether there is more of the same. Items that rest are passed over. True where some item has more to do.
   */
  each<Item extends string | number>(
    items: Iterable<Item>,
    work: (item: Item) => Promise<boolean>,
    options?: { atOnce?: number },
  ): Promise<boolean>;
  /** Does this alone, unless it rests after a failure; null where it rests or has failed. `item` names it. */
  attempt<T>(item: string, work: () => Promise<T>): Promise<T | null>;
  /** Resolves after so long, or at once when nothing new is to be begun. */
  rest(delayMs: number): Promise<void>;
}

export interface Jobs {
  /** Starts each job that is not under way and does not rest; called about once a second. */
  tick(): void;
  /** Resolves when what is under way has ended, or the patience has. */
  stop(): Promise<void>;
}

export interface JobsDeps {
  clock: Clock;
  onError(error: unknown, where: string): void;
}

const FIRST_REST_MS = SECOND;
const LONGEST_JOB_REST_MS = 5 * SECOND;
const LONGEST_ITEM_REST_MS = 5 * MINUTE;
/** Items that are remembered to rest; with more, the oldest are tried again early. */
const MAX_RESTING = 10_000;
const STOP_PATIENCE_MS = 5 * SECOND;

export function createJobs(deps: JobsDeps, jobs: readonly Job[]): Jobs {
  const { clock } = deps;
  const resting = new Set<() => void>();
  let stopped = false;

  const rest = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (delayMs <= 0 || stopped) {
        resolve();
        return;
      }
      const wake = (): void => {
        timer.cancel();
        resting.delete(wake);
        resolve();
      };
      const timer = clock.after(delayMs, wake);
      resting.add(wake);
    });

  const running = jobs.map((job) => createRunner(deps, job, { stopped: () => stopped, rest }));
  return {
    tick() {
      if (!stopped) for (const runner of running) runner.tick();
    },
    async stop() {
      stopped = true;
      for (const wake of resting) wake();
      const patience = Promise.withResolvers<void>();
      const timer = clock.after(STOP_PATIENCE_MS, patience.resolve);
      await Promise.race([Promise.all(running.map((runner) => runner.ended())), patience.promise]);
      timer.cancel();
    },
  };
}

/** How often something has failed in a row, and until when it rests, by the monotonic clock. */
interface Rest {
  failures: number;
  until: number;
}

function afterFailure(before: Rest | undefined, now: number, longestMs: number): Rest {
  const failures = (before?.failures ?? 0) + 1;
  return { failures, until: now + Math.min(FIRST_REST_MS * 2 ** (failures - 1), longestMs) };
}

function createRunner(
  { clock, onError }: JobsDeps,
  job: Job,
  { stopped, rest }: Pick<Turn, 'stopped' | 'rest'>,
): { tick(): void; ended(): Promise<void> } {
  const items = new Map<string, Rest>();
  let own: Rest | undefined;
  let lastTurnAt = clock.monotonic();
  let under: Promise<void> | null = null;
  let isTicked = false;

  const attempt: Turn['attempt'] = async (item, work) => {
    const before = items.get(item);
    if (before !== undefined && clock.monotonic() < before.until) return null;
    try {
      const done = await work();
      items.delete(item);
      return done;
    } catch (error) {
      if (isNobodysFault(error)) throw error;
      onError(error, `${job.name}: ${item}`);
      items.delete(item);
      if (items.size >= MAX_RESTING) items.delete(items.keys().next().value ?? '');
      items.set(item, afterFailure(before, clock.monotonic(), LONGEST_ITEM_REST_MS));
      return null;
    }
  };

  const each: Turn['each'] = async (wanted, work, { atOnce = 1 } = {}) => {
    const left = [...wanted].values();
    let hasMore = false;
    let isOver = false;
    const worker = async (): Promise<void> => {
      for (const item of left) {
        if (isOver || stopped()) return;
        if ((await attempt(String(item), () => work(item))) === true) hasMore = true;
      }
    };
    const workers = Array.from({ length: atOnce }, () =>
      worker().catch((error: unknown) => {
        isOver = true;
        return { error };
      }),
    );
    // The turn ends when all of it has ended, however it does.
    const failed = (await Promise.all(workers)).find((outcome) => outcome !== undefined);
    if (failed !== undefined) throw failed.error;
    return hasMore;
  };

  const begin = async (): Promise<void> => {
    lastTurnAt = clock.monotonic();
    try {
      await job.turn({ stopped, each, attempt, rest });
      own = undefined;
    } catch (error) {
      onError(error, job.name);
      own = afterFailure(own, clock.monotonic(), LONGEST_JOB_REST_MS);
    }
  };

  const isDue = (now: number): boolean =>
    (job.everyMs === null || now - lastTurnAt >= job.everyMs) && (own === undefined || now >= own.until);

  const tick = (): void => {
    if (under !== null) {
      // What has become due since the turn looked is not left to the next second.
      isTicked = true;
      return;
    }
    if (!isDue(clock.monotonic())) return;
    under = begin().then(() => {
      under = null;
      const again = isTicked && !stopped();
      isTicked = false;
      if (again) tick();
    });
  };

  return {
    tick,
    async ended() {
      await under;
    },
  };
}

function isNobodysFault(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof Overloaded;
}
