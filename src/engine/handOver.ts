/**
 * From a commit to the lanes, through memory: the store has answered with the sequence numbers, so nothing has to be
 * read back for lanes that this node works. The nodes that work the others are told.
 */

import type { SignalStore } from '../store/ports/signals.ts';
import type { NewDelivery } from '../store/records/delivery.ts';
import { LARGE_BODY, type LaneItem, type LaneState } from '../store/records/lanes.ts';
import type { NewEvent, PublishCall, TouchedLane } from '../store/records/publishing.ts';
import type { Lanes } from './lanes.ts';
import type { Published } from './publisher.ts';

export interface HandOverDeps {
  store: Pick<SignalStore, 'notify'>;
  lanes: Pick<Lanes, 'works' | 'offer'>;
}

/** Gives committed deliveries to the lanes that this node works, and tells the nodes that work the others. */
export function handOver({ store, lanes }: HandOverDeps, { answer, call }: Published): void {
  if (answer.kind !== 'accepted' || answer.lanes.length === 0) return;
  const items = laneItems(call, answer, new Map(answer.lanes.map((l) => [l.lane, l.firstSequence])));
  const elsewhere: number[] = [];
  for (const touched of answer.lanes) {
    const mine = items.get(touched.lane) ?? [];
    if (lanes.works(touched.lane)) lanes.offer(touchedState(call, touched, mine), mine);
    else elsewhere.push(touched.lane);
  }
  if (elsewhere.length > 0) store.notify({ kind: 'lanes', lanes: elsewhere });
}

/** A lane as a publish has left it. */
function touchedState(
  { workspace, routingVersion }: PublishCall,
  { lane, endpoint, revision, doneSequence, firstSequence }: TouchedLane,
  items: readonly LaneItem[],
): Omit<LaneState, 'slice'> {
  const lastSequence = items.at(-1)?.sequence ?? firstSequence;
  return { lane, workspace, endpoint, revision, doneSequence, lastSequence, routingVersion };
}

/** What was queued for an event, in its order. */
function queuedOf({ deliveries, activations }: NewEvent, braked: readonly number[]): readonly NewDelivery[] {
  if (activations.length === 0) return deliveries;
  const begun = activations.filter(({ run }) => !braked.includes(run));
  return [...deliveries, ...begun.flatMap((activation) => activation.deliveries)];
}

/** Null for a large one: it is read when it is sent. */
function encode(body: string): Uint8Array | null {
  return body.length > LARGE_BODY ? null : Buffer.from(body);
}

/** The fresh deliveries of a committed call per lane, with the sequences that the store gave them. */
function laneItems(
  call: PublishCall,
  { repeated, braked }: { repeated: readonly boolean[]; braked: readonly number[] },
  firstSequences: ReadonlyMap<number, number>,
): Map<number, LaneItem[]> {
  const items = new Map<number, LaneItem[]>();
  for (const [index, event] of call.events.entries()) {
    if (repeated[index] === true) continue;
    const queued = queuedOf(event, braked);
    if (queued.length === 0) continue;
    const body = encode(event.body);
    for (const delivery of queued) {
      let list = items.get(delivery.lane);
      if (list === undefined) {
        list = [];
        items.set(delivery.lane, list);
      }
      list.push({
        key: delivery.key,
        sequence: (firstSequences.get(delivery.lane) ?? 0) + list.length,
        message: delivery.key,
        event: event.key,
        eventType: event.type,
        source: delivery.source,
        replay: false,
        attempts: 0,
        putOffs: 0,
        waitedMs: 0,
        nextAttemptAt: null,
        depth: event.depth,
        trace: event.trace,
        ownBody: delivery.body !== null,
        // Encoded once for all who get it: for each attempt anew it took 1.7 µs per KB.
        body: delivery.body === null ? body : encode(delivery.body),
      });
    }
  }
  return items;
}
