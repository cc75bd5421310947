/** Sending again: of one delivery, of one event, and as a job over a span of an endpoint's deliveries. */

/** States of originals that can be sent again: the ends. */
export const REPLAYABLE_STATES = ['delivered', 'dropped', 'skipped'] as const;
export type ReplayableState = (typeof REPLAYABLE_STATES)[number];

/** Which originals of an endpoint: by when they were made, `[since, until)`, and how they ended. */
export interface ReplayFilter {
  since: number;
  until: number;
  states: readonly ReplayableState[];
  /** Those, too, that a repeat of theirs has made good. */
  includeResolved?: boolean;
}

export const REPLAY_STATES = ['running', 'finished', 'cancelled', 'failed'] as const;
export type ReplayState = (typeof REPLAY_STATES)[number];

/**
 * A job that sends an endpoint's originals again, lane by lane in their order. What belongs to it is
 * settled when it is made: originals made and ended before `createdAt`, so none of its own replays.
 */
export interface Replay {
  key: number;
  workspace: number;
  endpoint: number;
  filter: ReplayFilter;
  /** How many there are to send. */
  total: number;
  done: number;
  /** How many retention had deleted, or deleted the bodies of, before they could be sent again. */
  gone: number;
  state: ReplayState;
  reason: string | null;
  createdBy: string;
  createdAt: number;
  endedAt: number | null;
}

/** A delivery's place in its endpoint's lanes; what a replay sends next comes after its last one. */
export interface LanePlace {
  lane: number;
  sequence: number;
}

/** A running replay as the node has it that works on it. */
export interface OwnedReplay extends Replay {
  last: LanePlace;
}

export interface Original extends LanePlace {
  key: number;
}

/** An original with the key of the delivery to be made of it. */
export interface ReplayItem extends LanePlace {
  original: number;
  key: number;
}

/** What a replay would send. */
export interface ReplayCount {
  total: number;
  /** Of the range, but made good by a repeat, and so left out. */
  resolved: number;
  gone: number;
  oldestAt: number | null;
  newestAt: number | null;
}

export type CreateReplayAnswer =
  | { kind: 'created' }
  /** One at a time per endpoint. */
  | { kind: 'running'; key: number }
  | { kind: 'missing' };

export type ReplayBatchAnswer =
  | { kind: 'sent'; lanes: number[] }
  /** As many are open as may be in one of the endpoint's lanes. Nothing was sent. */
  | { kind: 'full' }
  /** It has ended, or another node has it. */
  | { kind: 'lost' };

/** The answer to sending one delivery again. */
export type ResendAnswer =
  | { kind: 'changed'; lane: number }
  | { kind: 'missing' }
  | { kind: 'endpoint_gone' }
  /** Its event's body is no longer kept. */
  | { kind: 'body_gone' };

export interface EventReplayAnswer {
  /** The new deliveries with the lanes that they are in. */
  made: Array<{ key: number; lane: number }>;
  /** Originals that have not ended yet: they are sent anyway. */
  open: number;
  /** Originals whose endpoint was deleted. */
  withoutEndpoint: number;
  bodyGone: boolean;
}
