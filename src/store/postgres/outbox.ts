/**
 * Signals on their way to other nodes. Whoever signals waits for nothing: signals are gathered here, merged,
 * and sent by one statement at a time, so that a thousand publishes a second cost as many notifications as the
 * database takes one after the other, not a thousand.
 *
 *   idle ──signal──▶ due at the end of this turn ──▶ sending ──all sent──▶ idle
 *                      ▲                               │ more has come: again at once
 *                      └──────── RETRY_MS later ───────┘ failed: what was sent is gathered again
 *
 * Beyond MOST_GATHERED all that is gathered becomes one signal: "look at everything".
 */

import { SECOND } from '../../core/duration.ts';
import type { Clock, Timer } from '../../world.ts';
import type { Signal } from '../ports/signals.ts';

/** A payload is at most 8,000 bytes; a key and its comma take 17. */
const KEYS_PER_SIGNAL = 400;
/** Ten payloads of lanes. Looking at everything costs the other nodes less than reading more of them. */
const MOST_GATHERED = 4_000;
const RETRY_MS = SECOND / 2;

export interface SignalOutbox {
  add(signal: Signal): void;
  /** Resolves when what was added has been sent, or one more try of it has failed; nothing is sent afterwards. */
  close(): Promise<void>;
}

/** `send` resolves when all of these signals are on their way, and rejects where none of them is. */
export function createSignalOutbox(
  clock: Clock,
  send: (signals: readonly Signal[]) => Promise<void>,
): SignalOutbox {
  const lanes = new Set<number>();
  const workspaces = new Set<number>();
  const bins = new Set<number>();
  const written = new Set<number>();
  let everything = false;
  let slices = false;
  let sending: Promise<void> | null = null;
  let isDue = false;
  let retry: Timer | null = null;
  let closed = false;

  const gather = (signal: Signal): void => {
    switch (signal.kind) {
      case 'lanes':
        for (const lane of signal.lanes) lanes.add(lane);
        break;
      case 'routing':
        workspaces.add(signal.workspace);
        break;
      case 'bin':
        bins.add(signal.bin);
        break;
      case 'written':
        for (const workspace of signal.workspaces) written.add(workspace);
        break;
      case 'slices':
        slices = true;
        break;
      case 'everything':
        everything = true;
        break;
      default:
        signal satisfies never;
    }
    if (lanes.size + workspaces.size + bins.size + written.size > MOST_GATHERED) everything = true;
    if (everything) clear();
  };

  const clear = (): void => {
    for (const gathered of [lanes, workspaces, bins, written]) gathered.clear();
    slices = false;
  };

  const takeAll = (): Signal[] => {
    const parts = (keys: ReadonlySet<number>): number[][] => {
      const all = [...keys];
      const starts = Array.from({ length: Math.ceil(all.length / KEYS_PER_SIGNAL) }, (_, part) => part);
      return starts.map((part) => all.slice(part * KEYS_PER_SIGNAL, (part + 1) * KEYS_PER_SIGNAL));
    };
    const signals: Signal[] = everything ? [{ kind: 'everything' }] : [];
    for (const workspace of workspaces) signals.push({ kind: 'routing', workspace });
    for (const part of parts(lanes)) signals.push({ kind: 'lanes', lanes: part });
    for (const part of parts(written)) signals.push({ kind: 'written', workspaces: part });
    for (const bin of bins) signals.push({ kind: 'bin', bin });
    if (slices) signals.push({ kind: 'slices' });
    everything = false;
    clear();
    return signals;
  };

  const sendAll = async (): Promise<void> => {
    for (let signals = takeAll(); signals.length > 0; signals = takeAll()) {
      try {
        await send(signals);
      } catch {
        for (const signal of signals) gather(signal);
        if (!closed) retry = clock.after(RETRY_MS, flush, { unref: true });
        return;
      }
    }
  };

  const flush = (): void => {
    isDue = false;
    if (sending !== null) return;
    retry?.cancel();
    retry = null;
    sending = sendAll().finally(() => {
      sending = null;
    });
  };

  return {
    add(signal) {
      if (closed) return;
      gather(signal);
      // Until a failed try is repeated, what comes in waits with it.
      if (isDue || sending !== null || retry !== null) return;
      isDue = true;
      clock.soon(flush);
    },
    async close() {
      closed = true;
      await sending;
      flush();
      await sending;
    },
  };
}
