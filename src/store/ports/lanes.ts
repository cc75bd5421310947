/** The lanes as who works them sees them. */

import type { DrainedLane, LaneItem, LaneState } from '../records/lanes.ts';
import type { SliceDigest } from '../records/nodes.ts';

/** What of the lanes is open, read by slice, by lane and by delivery. */
export interface LaneStore {
  /** Of each of these slices that has lanes with work: their digest. */
  digestSlices(slices: readonly number[]): Promise<SliceDigest[]>;
  /** The lanes of these slices that may have open deliveries. */
  listOpenLanes(slices: readonly number[]): Promise<LaneState[]>;
  readLanes(lanes: readonly number[]): Promise<LaneState[]>;
  /** The same of one workspace's lanes, with one statement: a few hundred at the most. */
  readLanesOf(workspace: number, lanes: readonly number[]): Promise<LaneState[]>;
  /**
   * Open deliveries of a lane after a sequence, in order, as far as their bodies come to `maxBytes`: at least
   * one. Bodies over LARGE_BODY, or over `maxBytes`, are left to `readBody`.
   */
  loadLane(
    lane: { workspace: number; lane: number },
    afterSequence: number,
    limit: number,
    maxBytes: number,
  ): Promise<LaneItem[]>;
  /** UTF-8; null where it is gone. */
  readBody(
    workspace: number,
    item: Pick<LaneItem, 'event' | 'message' | 'ownBody'>,
  ): Promise<Uint8Array | null>;
  /** Notes of lanes that nothing is open in them, where that is so; answers for which it was. */
  settleLanes(lanes: readonly DrainedLane[]): Promise<number[]>;
  /**
   * Whether this lane may try the first delivery of an endpoint that has just been enabled: the first
   * lane that asks, until it has nothing open.
   */
  claimProbe(workspace: number, endpoint: number, lane: number): Promise<boolean>;
}
