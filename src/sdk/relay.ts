/** Publishes what an outbox holds (outbox.ts): in order, until it is told to stop. Run it in as many processes as you like. */

import type { Mirsal } from './client.ts';
import type { NewEvent } from './generated/schemas.ts';
import type { Outbox, OutboxDatabase } from './outbox.ts';
import { later, now, randomId } from './platform.ts';
import { MOST_PER_BATCH, sendInOrder } from './sendInOrder.ts';

export interface RelayOptions {
  mirsal: Pick<Mirsal, 'events'>;
  outbox: Outbox;
  /** Its statements are each a transaction of their own: a pool, or a connection that nobody begins transactions on. */
  db: OutboxDatabase;
  /** Events of a call; 100, at most 1000. */
  maxEvents?: number;
  /** How often it looks by itself, ms; 1000. `wake()` after a commit has it look at once. */
  pollMs?: number;
  /** Told of each event that is set aside. */
  onRefused?: (refused: { event: NewEvent & { id: string }; error: Error }) => void;
  /** Told of what stops it for the moment: the network, the database, a key that is revoked. It goes on trying. */
  onError?: (error: unknown) => void;
}

export interface Relay {
  /** Looks now. */
  wake(): void;
  /** One round: what it has published and set aside, or null where another relay holds the lease. */
  round(): Promise<{ published: number; refused: number } | null>;
  /** Ends after the call that is on its way, and lets others go on at once. */
  stop(): Promise<void>;
}

/** Longer than a call may take with all its tries, so that a living relay keeps its lease. */
const LEASE_MS = 60_000;
const CALL_MS = 30_000;
const LONGEST_REST_MS = 30_000;

/** Starts at once. */
export function startRelay(options: RelayOptions): Relay {
  const relay = createRelay(options);
  const { pollMs = 1000, onError } = options;
  let stopped = false;
  let failed = 0;
  let wake: () => void = () => {};
  let isAwake = true;

  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (isAwake || stopped) return resolve();
      const cancel = later(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  const running = (async () => {
    while (!stopped) {
      isAwake = false;
      try {
        const done = await relay.round();
        failed = 0;
        if (done !== null && done.published + done.refused > 0) continue;
      } catch (error) {
        failed += 1;
        onError?.(error);
        // Nobody's commit makes a network come back sooner.
        isAwake = false;
      }
      await rest(Math.min(LONGEST_REST_MS, pollMs * 2 ** Math.min(failed, 10)));
    }
    await relay.letGo().catch((error) => onError?.(error));
  })();

  return {
    wake() {
      isAwake = true;
      if (failed === 0) wake();
    },
    round: relay.round,
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}

/** Without a loop: for processes that are called now and then, such as a worker's schedule. */
export function createRelay(options: RelayOptions): Pick<Relay, 'round'> & { letGo(): Promise<void> } {
  const { mirsal, outbox, db, maxEvents = 100, onRefused } = options;
  const most = Math.min(maxEvents, MOST_PER_BATCH);
  const holder = randomId();
  return {
    async round() {
      if (!(await outbox.hold(db, holder, { at: now(), leaseMs: LEASE_MS }))) return null;
      const rows = await outbox.read(db, most);
      const events = rows.map(({ event }) => event);
      const { outcomes, stopped } = await sendInOrder(mirsal, events, { deadlineMs: CALL_MS });
      const accepted: number[] = [];
      for (const [index, { position, event }] of rows.entries()) {
        const outcome = outcomes[index];
        if (outcome?.kind === 'accepted') accepted.push(position);
        if (outcome?.kind !== 'refused') continue;
        await outbox.setAside(db, position, `${outcome.error.code}: ${outcome.error.message}`, now());
        onRefused?.({ event, error: outcome.error });
      }
      await outbox.remove(db, accepted);
      if (stopped !== undefined) throw stopped;
      return { published: accepted.length, refused: outcomes.length - accepted.length };
    },
    letGo: () => outbox.letGo(db, holder),
  };
}
