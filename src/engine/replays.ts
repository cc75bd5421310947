/**
 * Works on replays: some originals at a time, each batch one transaction of the store, so that
 * whatever ends in between, here or anywhere, nothing is sent twice and nothing is left out.
 *
 *   claim ─▶ list what is to be sent ─▶ batch ─▶ batch … ─▶ finish
 *                                        │ enough is open in its lanes, or others wait for their turn
 *                                        └─▶ on when its turn comes again
 *
 * A replay rests twice as long as its batch took: what others want to write comes in between.
 */

import { SECOND } from '../core/duration.ts';
import type { ReplayWorkStore } from '../store/ports/replays.ts';
import {
  type LanePlace,
  type Original,
  type OwnedReplay,
  REPLAYABLE_STATES,
  type ReplayBatchAnswer,
} from '../store/records/replays.ts';
import type { Clock } from '../world.ts';
import type { Job, Turn } from './jobs.ts';

/**
 * SQLite's thread is busy with it for some 10 ms. With 200, the p99 of publishing 4,700 events/s went
 * from 3 to 20 ms while 50,000 were replayed in 15 s.
 */
const BATCH = 100;
/** What is published meanwhile stands behind this much of a replay, not behind all of it. */
const MAX_OPEN = 5_000;
const LISTED_AT_ONCE = 2_000;
const REPLAYS_AT_ONCE = 20;
/** How long each goes on before others have their turn. One whose lanes are full gives way at once. */
const TURN_MS = 5 * SECOND;
/** Lists of originals that stay in memory between turns; the others are read again. */
const KEPT = 2 * REPLAYS_AT_ONCE;
/** A lane that is told of every batch would do nothing but read. */
const BATCHES_UNTOLD = 10;
const REST_FACTOR = 2;
const MAX_REST_MS = SECOND;

export interface ReplayerDeps {
  store: ReplayWorkStore;
  clock: Clock;
  node: string;
  nextKey(): number;
  lanesChanged(lanes: readonly number[]): Promise<void>;
}

interface Work {
  replay: OwnedReplay;
  /** What is still to be sent, in order, from `next` on. */
  originals: readonly Original[];
  next: number;
}

export function createReplayer(deps: ReplayerDeps): Job {
  const { store, clock, node } = deps;
  /** Where each that was taken up before stands, the one taken up the longest ago first. */
  const kept = new Map<number, Work>();

  const take = async (replay: OwnedReplay): Promise<Work> => {
    const before = kept.get(replay.key);
    kept.delete(replay.key);
    // Another node may have had it meanwhile.
    const isWhereItWas =
      before?.replay.last.lane === replay.last.lane && before.replay.last.sequence === replay.last.sequence;
    if (before !== undefined && isWhereItWas) return before;
    return { replay, originals: await listInOrder(store, replay), next: 0 };
  };

  const keep = (work: Work): void => {
    kept.set(work.replay.key, work);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  };

  const send = async (work: Work): Promise<ReplayBatchAnswer> => {
    const batch = work.originals
      .slice(work.next, work.next + BATCH)
      .map(({ key, lane, sequence }) => ({ original: key, lane, sequence, key: deps.nextKey() }));
    const now = clock.now();
    const answer = await store.sendReplayBatch(node, work.replay, batch, { now, maxOpen: MAX_OPEN });
    if (answer.kind !== 'sent') return answer;
    work.next += batch.length;
    work.replay = { ...work.replay, last: placeOf(batch.at(-1) ?? work.replay.last) };
    return answer;
  };

  /** Goes on with it for a while; true where it could go on. */
  const goOn = async (replay: OwnedReplay, turn: Turn): Promise<boolean> => {
    const work = await take(replay);
    const untold = new Set<number>();
    const tell = async (): Promise<void> => {
      const lanes = [...untold];
      untold.clear();
      if (lanes.length > 0) await deps.lanesChanged(lanes);
    };
    const startedAt = clock.monotonic();
    for (let batches = 0; work.next < work.originals.length; batches += 1) {
      const batchAt = clock.monotonic();
      if (turn.stopped() || batchAt - startedAt > TURN_MS) {
        keep(work);
        await tell();
        return true;
      }
      const answer = await send(work);
      if (answer.kind !== 'sent') {
        if (answer.kind === 'full') keep(work);
        await tell();
        return false;
      }
      for (const lane of answer.lanes) untold.add(lane);
      if (batches % BATCHES_UNTOLD === 0) await tell();
      await turn.rest(Math.min((clock.monotonic() - batchAt) * REST_FACTOR, MAX_REST_MS));
    }
    await tell();
    await store.finishReplay(node, work.replay, clock.now());
    return false;
  };

  return {
    name: 'replays',
    everyMs: null,
    async turn(turn) {
      while (!turn.stopped()) {
        const mine = await store.claimReplays(node, REPLAYS_AT_ONCE, clock.now());
        const byKey = new Map(mine.map((replay) => [replay.key, replay]));
        const hasMore = await turn.each(
          byKey.keys(),
          async (key) => {
            const replay = byKey.get(key);
            return replay !== undefined && goOn(replay, turn);
          },
          { atOnce: REPLAYS_AT_ONCE },
        );
        if (!hasMore) return;
      }
    },
  };
}

function placeOf({ lane, sequence }: LanePlace): LanePlace {
  return { lane, sequence };
}

/** Lane by lane, older lanes first, each in its order. */
async function listInOrder(
  store: Pick<ReplayWorkStore, 'listOriginals'>,
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
