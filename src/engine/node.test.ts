/** The node's lease: what it allows to start (P4), how it is kept, and what its loss means. */
import { describe, expect, it } from 'vitest';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { firstKeyAt, NODE_SLOTS } from '../core/ids.ts';
import type { NodeRegistration } from '../store/records/nodes.ts';
import { StoreUnavailable } from '../store/store.ts';
import { createNodeLife, LEASE_MS, type NodeDeps } from './node.ts';

const TIMEOUT_MS = 5 * SECOND;
const MARGIN_MS = 2 * SECOND;
const HEARTBEAT_MS = 3 * SECOND;
const away = () => Promise.reject(new StoreUnavailable('The database is away.'));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What the store answers to a heartbeat. */
const KNOWN = { now: 0, listening: [] };
const UNKNOWN = null;

function aRegistration(over: Partial<NodeRegistration> = {}): NodeRegistration {
  return { slots: { first: 3, count: 2 }, largestKey: 0, now: 0, listening: [], ...over };
}

/** A node whose store answers at once and well, unless told otherwise. */
function aNode(overrides: Partial<NodeDeps & NodeDeps['store']> = {}) {
  const clock = createMovableClock();
  const errors: string[] = [];
  const sending: boolean[] = [];
  const counts = { registrations: 0, heartbeats: 0, rounds: 0, losses: 0, times: 0 };
  const life = createNodeLife({
    clock,
    node: 'node-a',
    leased: overrides.leased ?? true,
    store: {
      registerNode(node, options) {
        counts.registrations += 1;
        return (overrides.registerNode ?? (() => Promise.resolve(aRegistration())))(node, options);
      },
      heartbeat(node, options) {
        counts.heartbeats += 1;
        sending.push(options.sends);
        return (overrides.heartbeat ?? (() => Promise.resolve(KNOWN)))(node, options);
      },
    },
    sends: true,
    listens: () => [],
    onListening() {},
    onLost() {
      counts.losses += 1;
    },
    onTime() {
      counts.times += 1;
    },
    round() {
      counts.rounds += 1;
      return (overrides.round ?? (() => Promise.resolve()))();
    },
    onError: (_, where) => errors.push(where),
  });
  return { life, clock, counts, errors, sending };
}

/** Moves in steps, letting each heartbeat and round end before the next. */
async function moveOn(clock: MovableClock, ms: number): Promise<void> {
  for (let moved = 0; moved < ms; moved += SECOND) {
    clock.move(Math.min(SECOND, ms - moved));
    await settle();
  }
}

describe('P4: what the lease allows to start', () => {
  it('nothing before the node is registered', () => {
    expect(aNode().life.mayStart(1)).toBe(false);
  });

  it('no lane outlives the registration that it was taken under', async () => {
    const { life, clock, counts } = aNode({ heartbeat: () => Promise.resolve(UNKNOWN) });
    await life.start();
    expect(counts).toMatchObject({ registrations: 1, losses: 0 });
    await moveOn(clock, HEARTBEAT_MS);
    expect(counts).toMatchObject({ registrations: 2, losses: 1 });
    await life.stop();
  });

  it('an attempt whose deadline and margin end within the lease, and no later one', async () => {
    const { life, clock, errors } = aNode({ heartbeat: away });
    await life.start();
    await moveOn(clock, LEASE_MS - TIMEOUT_MS - MARGIN_MS - 1);
    expect(life.mayStart(TIMEOUT_MS)).toBe(true);
    await moveOn(clock, 1);
    expect(life.mayStart(TIMEOUT_MS)).toBe(false);
    expect(life.mayStart(TIMEOUT_MS - 1)).toBe(true);
    expect(errors.every((where) => where === 'heartbeat')).toBe(true);
    await life.stop();
  });

  it('the longest attempt, even where two heartbeats in a row have failed', async () => {
    const { life, clock } = aNode({ heartbeat: away });
    await life.start();
    await moveOn(clock, 2 * HEARTBEAT_MS - 1);
    expect(life.mayStart(10 * SECOND)).toBe(true);
    await life.stop();
  });

  it('everything, where the store admits one process only', async () => {
    const { life, clock, counts } = aNode({ leased: false });
    expect(life.mayStart(TIMEOUT_MS)).toBe(true);
    await life.start();
    await moveOn(clock, 10 * MINUTE);
    expect(life.mayStart(TIMEOUT_MS)).toBe(true);
    expect(counts.heartbeats).toBe(0);
    await life.stop();
  });
});

describe('the lease', () => {
  it('is prolonged by heartbeats', async () => {
    const { life, clock, counts } = aNode();
    await life.start();
    for (let round = 0; round < 100; round += 1) {
      await moveOn(clock, SECOND);
      expect(life.mayStart(10 * SECOND)).toBe(true);
    }
    expect(counts).toMatchObject({ registrations: 1, heartbeats: 33 });
    await life.stop();
  });

  it('counts from before the heartbeat was asked, however late it is answered', async () => {
    let answer: (known: typeof KNOWN | null) => void = () => {};
    const { life, clock } = aNode({
      heartbeat: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    await life.start();
    await moveOn(clock, 12 * SECOND);
    expect(life.mayStart(TIMEOUT_MS)).toBe(false);
    answer(KNOWN);
    await settle();
    expect(life.mayStart(TIMEOUT_MS)).toBe(true);
    // Asked after the first HEARTBEAT_MS, so it ends LEASE_MS after that.
    await moveOn(clock, HEARTBEAT_MS + LEASE_MS - TIMEOUT_MS - MARGIN_MS - 12 * SECOND - 1);
    expect(life.mayStart(TIMEOUT_MS)).toBe(true);
    clock.move(1);
    expect(life.mayStart(TIMEOUT_MS)).toBe(false);
    answer(KNOWN);
    await life.stop();
  });

  it('counts from before the registration was asked, too', async () => {
    let answer: (registration: NodeRegistration) => void = () => {};
    const { life, clock } = aNode({
      registerNode: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const started = life.start();
    clock.move(LEASE_MS - TIMEOUT_MS - MARGIN_MS);
    answer(aRegistration());
    await started;
    expect(life.mayStart(TIMEOUT_MS)).toBe(false);
    await life.stop();
  });

  it('that was lost is registered anew', async () => {
    let known = true;
    const { life, clock, counts } = aNode({ heartbeat: () => Promise.resolve(known ? KNOWN : UNKNOWN) });
    await life.start();
    known = false;
    await moveOn(clock, HEARTBEAT_MS);
    expect(counts.registrations).toBe(2);
    expect(life.mayStart(TIMEOUT_MS)).toBe(true);
    await life.stop();
  });

  it('P4: that was lost is registered once more where the answer was lost, and lets nothing start before', async () => {
    let isAnswerLost = true;
    const slots = [3, 9, 11];
    const { life, clock, counts } = aNode({
      registerNode: () => {
        const registration = aRegistration({ slots: { first: slots.shift() ?? 0, count: 2 } });
        return isAnswerLost && slots.length === 1 ? away() : Promise.resolve(registration);
      },
      // The first one finds no node, every later one the registration whose answer was lost.
      heartbeat: () => Promise.resolve(counts.heartbeats === 1 ? UNKNOWN : KNOWN),
    });
    const keys = await life.start();
    await moveOn(clock, LEASE_MS - SECOND);
    expect(counts.heartbeats).toBeGreaterThan(1);
    isAnswerLost = false;
    expect(counts.losses).toBe(1);
    expect(keys.next(clock.now()) % NODE_SLOTS).toBe(11);
    await life.stop();
  });

  it('that was lost takes its slots with it: keys are made in the new ones, and go on growing', async () => {
    const slots = [3, 9];
    const { life, clock } = aNode({
      registerNode: () => Promise.resolve(aRegistration({ slots: { first: slots.shift() ?? 0, count: 2 } })),
      heartbeat: () => Promise.resolve(UNKNOWN),
    });
    const keys = await life.start();
    const far = clock.now() + MINUTE;
    const before = keys.next(far);
    expect(before % NODE_SLOTS).toBe(3);
    await moveOn(clock, HEARTBEAT_MS);
    const after = keys.next(clock.now());
    expect(after % NODE_SLOTS).toBe(9);
    expect(after).toBeGreaterThan(before);
    await life.stop();
  });

  it('tells the time by the store with its registration and each heartbeat', async () => {
    const { life, clock, counts } = aNode();
    await life.start();
    expect(counts.times).toBe(1);
    await moveOn(clock, 2 * HEARTBEAT_MS);
    expect(counts.times).toBe(3);
    await life.stop();
  });

  it('starts keys above the largest in the database', async () => {
    const largestKey = firstKeyAt(Date.UTC(2030, 0, 1));
    const { life, clock } = aNode({ registerNode: () => Promise.resolve(aRegistration({ largestKey })) });
    expect((await life.start()).next(clock.now())).toBeGreaterThan(largestKey);
    await life.stop();
  });

  it('a store that is away at start refuses the start', async () => {
    const { life, clock } = aNode({ registerNode: away });
    await expect(life.start()).rejects.toThrow(StoreUnavailable);
    expect(clock.pending()).toBe(0);
  });
});

describe('rounds', () => {
  it('come once a second, and go on after one has failed', async () => {
    const { life, clock, counts, errors } = aNode({ round: away });
    await life.start();
    await moveOn(clock, 10 * SECOND);
    expect(counts.rounds).toBe(10);
    expect(errors).toEqual(Array<string>(10).fill('round'));
    await life.stop();
  });

  it('never overlap: the next waits for the last to end', async () => {
    let end: () => void = () => {};
    const { life, clock, counts } = aNode({
      round: () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    });
    await life.start();
    await moveOn(clock, 10 * SECOND);
    expect(counts.rounds).toBe(1);
    end();
    await settle();
    await moveOn(clock, SECOND);
    expect(counts.rounds).toBe(2);
    end();
    await life.stop();
  });
});

describe('stopping', () => {
  it('tells the others at once that they share the slices without it, and prolongs its lease meanwhile', async () => {
    const { life, clock, sending } = aNode();
    await life.start();
    await moveOn(clock, HEARTBEAT_MS);
    await life.leave();
    await moveOn(clock, HEARTBEAT_MS);
    expect(sending).toEqual([true, false, false]);
    expect(life.mayStart(10 * SECOND)).toBe(true);
    await life.stop();
  });

  it('waits for the heartbeat and the round that are under way, and starts no more', async () => {
    const ends: Array<() => void> = [];
    const { life, clock, counts } = aNode({
      heartbeat: () => new Promise((resolve) => ends.push(() => resolve(KNOWN))),
      round: () => new Promise((resolve) => ends.push(resolve)),
    });
    await life.start();
    await moveOn(clock, HEARTBEAT_MS);
    expect(ends).toHaveLength(2);
    let stopped = false;
    const stop = life.stop().then(() => {
      stopped = true;
    });
    for (const end of ends) {
      await settle();
      expect(stopped).toBe(false);
      end();
    }
    await stop;
    expect(clock.pending()).toBe(0);
    await moveOn(clock, MINUTE);
    expect(counts).toMatchObject({ heartbeats: 1, rounds: 1 });
  });

  it('does not register a node anew that is going', async () => {
    let answer: (known: typeof KNOWN | null) => void = () => {};
    const { life, clock, counts } = aNode({
      heartbeat: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    await life.start();
    await moveOn(clock, HEARTBEAT_MS);
    const stop = life.stop();
    answer(UNKNOWN);
    await stop;
    expect(counts.registrations).toBe(1);
  });
});
