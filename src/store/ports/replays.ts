/** Sending again (P13): new deliveries at the tails of the endpoints' lanes, under the same messages. */

import type { Page } from '../records/log.ts';
import type {
  CreateReplayAnswer,
  EventReplayAnswer,
  Original,
  OwnedReplay,
  Replay,
  ReplayableState,
  ReplayBatchAnswer,
  ReplayCount,
  ReplayItem,
  ResendAnswer,
} from '../records/replays.ts';

/** One delivery, or one event: at once. */
export interface ResendStore {
  replayDelivery(
    workspace: number,
    delivery: number,
    replay: { key: number; now: number; by: string },
  ): Promise<ResendAnswer>;
  /** All of the event's originals that have ended, or those of the endpoints named. */
  replayEvent(
    workspace: number,
    event: { key: number; id: string },
    replay: { endpoints: readonly number[] | null; nextKey: () => number; now: number; by: string },
  ): Promise<EventReplayAnswer>;
}

/** A span of an endpoint's deliveries: a job that people start, watch and cancel. */
export interface ReplayStore {
  /** What a replay made now would send. */
  countOriginals(
    replay: Pick<Replay, 'workspace' | 'endpoint' | 'filter' | 'createdAt'>,
  ): Promise<ReplayCount>;
  createReplay(replay: Replay): Promise<CreateReplayAnswer>;
  /** By message, the repeat that arrived first; none for a message without one. */
  findResolving(workspace: number, messages: readonly number[]): Promise<Map<number, number>>;
  findReplay(workspace: number, key: number): Promise<Replay | null>;
  listReplays(workspace: number, page: Page): Promise<Replay[]>;
  /** False where it does not run. */
  cancelReplay(workspace: number, key: number, at: number, by: string): Promise<boolean>;
}

/** The same job as the nodes see that do it. */
export interface ReplayWorkStore {
  /**
   * Running replays that this node takes up: of those it has, and those that no living node has. Workspaces take
   * turns, and within each those come first that were taken up the longest ago.
   */
  claimReplays(node: string, limit: number, now: number): Promise<OwnedReplay[]>;
  /** What is still to be sent of those that ended so, by key. */
  listOriginals(
    replay: OwnedReplay,
    state: ReplayableState,
    afterKey: number,
    limit: number,
  ): Promise<Original[]>;
  /** Sends some, in order, and notes the last one's place. A disabled endpoint holds any number of them. */
  sendReplayBatch(
    node: string,
    replay: OwnedReplay,
    batch: readonly ReplayItem[],
    options: { now: number; maxOpen: number },
  ): Promise<ReplayBatchAnswer>;
  /** False where it has ended otherwise, or is another node's. */
  finishReplay(node: string, replay: OwnedReplay, now: number): Promise<boolean>;
}
