/**
 * Works on replays: some originals at a time, each batch one transaction of the store, so that
 * whatever ends in between, here or anywhere, nothing is sent twice and nothing is left out.
 *
 *   claim ─▶ list what is to be sent ─▶ batch ─▶ batch … ─▶ finish
 *                                        │ enough is open in its lanes
 *                                        └─▶ on with the next tick
 *
 * A replay rests twice as long as its batch took: what others want to write comes in between.
 */

import { SECOND } from '../core/duration.ts';
import {
  type LanePlace,
  type Original,
  type OwnedReplay,
  REPLAYABLE_STATES,
} from '../store/records/history.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';

/**
 * SQLite's thread is busy with it for some 10 ms. With 200, the p99 of publishing 4,700 events/s went
 * from 3 to 20 ms while 50,000 were replayed in 15 s.
 */
const BATCH = 100;
/** What is published meanwhile stands behind this much of a replay, not behind all of it. */
const MAX_OPEN = 5_000;
const LISTED_AT_ONCE = 2_000;
const REPLAYS_AT_ONCE = 20;
/** A lane that is told of every batch would do nothing but read. */
const BATCHES_UNTOLD = 10;
const REST_FACTOR = 2;
const MAX_REST_MS = SECOND;

export interface ReplayerDeps {
  store: Pick<Store, 'claimReplays' | 'listOriginals' | 'sendReplayBatch' | 'finishReplay'>;
  clock: Clock;
  node: string;
  nextKey(): number;
  lanesChanged(lanes: readonly number[]): Promise<void>;
  onError(error: unknown, where: string): void;
}

export interface Replayer {
  /** Takes up what runs; called about once a second. */
  tick(): void;
  /** Resolves when no batch is under way. The rest waits for whoever comes next. */
  stop(): Promise<void>;
}

interface Job {
  replay: OwnedReplay;
  /** What is still to be sent, in order, from `next` on. */
  originals: readonly Original[];
  next: number;
}

export function createReplayer(deps: ReplayerDeps): Replayer {
  const { store, clock, node } = deps;
  /** Those at rest. */
  const jobs = new Map<number, Job>();
  const working = new Map<number, Promise<void>>();
  let claiming: Promise<void> | null = null;
  let stopped = false;

  const resting = new Set<() => void>();

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

  const work = async (job: Job): Promise<void> => {
    const untold = new Set<number>();
    const tell = async (): Promise<void> => {
      const lanes = [...untold];
      untold.clear();
      if (lanes.length > 0) await deps.lanesChanged(lanes);
    };
    for (let batches = 0; !stopped && job.next < job.originals.length; batches += 1) {
      const startedAt = clock.monotonic();
      const batch = job.originals
        .slice(job.next, job.next + BATCH)
        .map(({ key, lane, sequence }) => ({ original: key, lane, sequence, key: deps.nextKey() }));
      const answer = await store.sendReplayBatch(node, job.replay, batch, {
        now: clock.now(),
        maxOpen: MAX_OPEN,
      });
      if (answer.kind === 'lost') {
        jobs.delete(job.replay.key);
        return tell();
      }
      if (answer.kind === 'full') return tell();
      job.next += batch.length;
      job.replay = { ...job.replay, last: placeOf(batch.at(-1) ?? job.replay.last) };
      for (const lane of answer.lanes) untold.add(lane);
      if (batches % BATCHES_UNTOLD === 0) await tell();
      await rest(Math.min((clock.monotonic() - startedAt) * REST_FACTOR, MAX_REST_MS));
    }
    await tell();
    if (job.next < job.originals.length) return;
    await store.finishReplay(node, job.replay, clock.now());
    jobs.delete(job.replay.key);
  };

  const take = async (replay: OwnedReplay): Promise<void> => {
    let job = jobs.get(replay.key);
    if (job === undefined) {
      job = { replay, originals: await listInOrder(store, replay), next: 0 };
      jobs.set(replay.key, job);
    }
    await work(job);
  };

  const claim = async (): Promise<void> => {
    const mine = await store.claimReplays(node, REPLAYS_AT_ONCE);
    const running = new Set(mine.map(({ key }) => key));
    for (const key of jobs.keys()) if (!running.has(key) && !working.has(key)) jobs.delete(key);
    for (const replay of mine) {
      if (stopped || working.has(replay.key)) continue;
      const turn = take(replay)
        .catch((error: unknown) => {
          // Whether the last batch was written is not known: read again where it stands.
          jobs.delete(replay.key);
          deps.onError(error, 'replay');
        })
        .finally(() => working.delete(replay.key));
      working.set(replay.key, turn);
    }
  };

  return {
    tick() {
      if (stopped) return;
      claiming ??= claim()
        .catch((error: unknown) => deps.onError(error, 'replays'))
        .finally(() => {
          claiming = null;
        });
    },
    async stop() {
      stopped = true;
      for (const wake of resting) wake();
      await claiming;
      await Promise.all(working.values());
    },
  };
}

function placeOf({ lane, sequence }: LanePlace): LanePlace {
  return { lane, sequence };
}

/** Lane by lane, older lanes first, each in its order. */
async function listInOrder(
  store: Pick<Store, 'listOriginals'>,
  replay: OwnedReplay,
): Promise<readonly Original[]> {
  const all: Original[] = [];
  for (const state of REPLAYABLE_STATES) {
    if (!replay.filter.states.includes(state)) continue;
    for (let after = 0; ; ) {
      const page = await store.listOriginals(replay, state, after, LISTED_AT_ONCE);
      for (const { key, lane, sequence } of page) all.push({ key, lane, sequence });
      after = page.at(-1)?.key ?? after;
      if (page.length < LISTED_AT_ONCE) break;
    }
  }
  return all.sort((one, other) => one.lane - other.lane || one.sequence - other.sequence);
}
