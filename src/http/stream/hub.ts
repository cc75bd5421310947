/**
 * Who watches workspaces at this node, and what they are told.
 *
 *   written here, or a signal ──▶ due ──at most every 250 ms──▶ ONE look at the marks of all that are due
 *   every 20 s                ──▶ due                               │ equal: nothing
 *                                                                   ▼ moved
 *                                       hints ──▶ everybody who watches that workspace
 *
 * However many watch, the store is asked about each watched workspace once, and about no other. Signals only save time:
 * each watched workspace is looked at every twenty seconds in any case.
 *
 * Nobody is waited for. A watcher whose connection does not take what it is sent is cut off: it comes back and is told
 * what has changed by the id of the last message that it has read.
 */

import { MINUTE, SECOND } from '../../core/duration.ts';
import type { Limit } from '../../core/limits.ts';
import type { SignalStore } from '../../store/ports/signals.ts';
import type { WatchStore } from '../../store/ports/watching.ts';
import type { MarkDetails, Marks } from '../../store/records/watching.ts';
import type { Clock, Timer } from '../../world.ts';
import { changedKinds, type Hint, type HintKind, hintsOf, idOf, needsDetails, readId } from './hints.ts';

export const STREAM_LIMITS = {
  key: { value: 50, unit: 'streams of one API key at a node', beyond: '429 `rate_limited`' },
  workspace: { value: 500, unit: 'streams of one workspace at a node', beyond: '429 `rate_limited`' },
  node: { value: 5_000, unit: 'streams at a node', beyond: '429 `rate_limited`' },
  unread: {
    value: 64 * 1024,
    unit: 'bytes that a reader has not taken',
    beyond: 'the stream is cut off; who comes back is told what has changed',
  },
} as const satisfies Record<string, Limit>;

const GATHER_MS = SECOND / 4;
/** 2,000 workspaces that are watched and idle cost 3 % of a core every 10 s, and half of that so. */
const LOOK_AGAIN_MS = 20 * SECOND;
/** After a look that has failed. */
const REST_MS = SECOND;
/** The backstop goes through the watched workspaces a twentieth at a time. */
const BACKSTOP_MS = SECOND;
const HEARTBEAT_MS = 15 * SECOND;
/** Keys, links and sessions run out, and people leave, without a mark that moves. */
const ASK_AGAIN_MS = MINUTE;
/** Workspaces of one statement. */
const LOOKED_AT_ONCE = 50;
/** Attempts are added up since a moment that moves now and then, which is told as a change where there were any. */
const ANCHOR_MS = 10 * MINUTE;

/** How long a browser waits before it comes back: at once after a shutdown, since another node is there. */
const RETRY_MS = 2 * SECOND;
const RETRY_AFTER_SHUTDOWN_MS = SECOND;

/** The connection of one who watches. */
export interface Sink {
  write(text: string): void;
  /** Bytes that were written and not taken yet. */
  unread(): number;
  /** Ends it when all was taken. */
  end(): void;
  /** Ends it at once. */
  cut(): void;
}

export interface Watcher {
  workspace: number;
  /** For the limit of one key. */
  by: string;
  /** Null for all kinds. */
  kinds: ReadonlySet<HintKind> | null;
  sink: Sink;
  /** Whether it may still watch; asked whenever a key was revoked, and now and then. */
  isAllowed(): Promise<boolean>;
}

export type Refusal = 'key' | 'workspace' | 'node' | 'closed';

export interface Hub {
  /** What speaks against one more; null for nothing. */
  refuses(who: Pick<Watcher, 'workspace' | 'by'>): Refusal | null;
  /** Begins to tell it of changes: of those since the message of this id, where it names one. */
  watch(watcher: Watcher, lastId: string | null): void;
  /** To be called when its connection has closed. */
  leave(watcher: Watcher): void;
  /** Ends all streams. */
  close(): void;
}

interface Watched {
  watchers: Set<Watcher>;
  /** As of the last look; null before the first. */
  seen: { marks: Marks; anchor: number } | null;
  details: MarkDetails | null;
  /** Those that are to be told where they stand, by the id that they came with. */
  arrived: Map<Watcher, string | null>;
  /** When its watchers were asked last whether they may still watch, monotonic ms. */
  askedAt: number;
}

export interface HubDeps {
  store: WatchStore & Pick<SignalStore, 'listen'>;
  clock: Clock;
  onError(error: unknown): void;
}

export function createHub(deps: HubDeps): Hub {
  const { store, clock } = deps;
  const watched = new Map<number, Watched>();
  const byKey = new Map<string, number>();
  const due = new Set<number>();
  let streams = 0;
  let closed = false;
  let looking = false;
  let lastLookAt = Number.NEGATIVE_INFINITY;
  let look: Timer | null = null;
  let backstop: Timer | null = null;
  let heartbeat: Timer | null = null;
  /** Workspaces that the backstop has yet to look at in this round. */
  let round: number[] = [];
  let roundAt = Number.NEGATIVE_INFINITY;

  store.listen((signal) => {
    if (signal.kind === 'written') for (const workspace of signal.workspaces) touch(workspace);
    else if (signal.kind === 'routing') touch(signal.workspace);
    else if (signal.kind === 'everything') for (const workspace of watched.keys()) touch(workspace);
  });

  const touch = (workspace: number): void => {
    if (!watched.has(workspace)) return;
    due.add(workspace);
    lookSoon();
  };

  const lookSoon = (): void => {
    if (look !== null || looking || closed || due.size === 0) return;
    const waitMs = Math.max(0, lastLookAt + GATHER_MS - clock.monotonic());
    look = clock.after(
      waitMs,
      () => {
        look = null;
        looking = true;
        lastLookAt = clock.monotonic();
        void lookAtDue()
          .catch(deps.onError)
          .finally(() => {
            looking = false;
            lookSoon();
          });
      },
      { unref: true },
    );
  };

  const lookAtDue = async (): Promise<void> => {
    const all = [...due];
    due.clear();
    try {
      for (let from = 0; from < all.length; from += LOOKED_AT_ONCE) {
        await lookAt(all.slice(from, from + LOOKED_AT_ONCE));
      }
    } catch (error) {
      // The store is away: they are looked at again with the next try, and so is all that is due meanwhile.
      lastLookAt = clock.monotonic() + REST_MS;
      for (const workspace of all) if (watched.has(workspace)) due.add(workspace);
      throw error;
    }
  };

  const lookAt = async (workspaces: readonly number[]): Promise<void> => {
    const anchor = Math.floor(clock.now() / ANCHOR_MS) * ANCHOR_MS - ANCHOR_MS;
    // Whoever arrives while the store is asked is told of the next look.
    const present = new Map(workspaces.map((key) => [key, [...(watched.get(key)?.arrived ?? [])]]));
    const found = await store.readMarks(workspaces, anchor);
    for (const workspace of workspaces) {
      const one = watched.get(workspace);
      const marks = found.get(workspace);
      if (one === undefined) continue;
      if (marks === undefined) {
        // The workspace is gone.
        for (const watcher of one.watchers) watcher.sink.end();
        continue;
      }
      await tell(workspace, one, { marks, anchor }, present.get(workspace) ?? []);
    }
  };

  /** Tells a workspace's watchers what has changed since the last look, and those who have come where they stand. */
  const tell = async (
    workspace: number,
    one: Watched,
    now: { marks: Marks; anchor: number },
    arrived: ReadonlyArray<readonly [Watcher, string | null]>,
  ): Promise<void> => {
    const before = one.seen;
    // Before anything is told to them.
    const isRevoked = before !== null && before.marks.revoked !== now.marks.revoked;
    if (isRevoked || clock.monotonic() - one.askedAt >= ASK_AGAIN_MS) await dismiss(one);
    const kinds = before === null ? [] : changedKinds(before.marks, now.marks);
    let hints: Hint[] = [];
    if (kinds.length > 0) {
      const details = needsDetails(kinds) ? await store.readMarkDetails(workspace, now.anchor) : null;
      // Numbers that were added up since another moment say nothing of which things have changed.
      hints = hintsOf(kinds, before?.anchor === now.anchor ? one.details : null, details);
      one.details = details ?? one.details;
    }
    one.seen = now;
    const id = idOf(now.marks, now.anchor);
    for (const [watcher] of arrived) one.arrived.delete(watcher);
    const isNew = new Set(arrived.map(([watcher]) => watcher));
    if (hints.length > 0) {
      for (const watcher of one.watchers) {
        if (!isNew.has(watcher) && !one.arrived.has(watcher)) sendHints(watcher, id, hints);
      }
    }
    for (const [watcher, lastId] of arrived) if (one.watchers.has(watcher)) welcome(watcher, lastId, now);
  };

  /** The first message: where it stands, or what it has missed. */
  const welcome = (watcher: Watcher, lastId: string | null, now: { marks: Marks; anchor: number }): void => {
    const id = idOf(now.marks, now.anchor);
    if (lastId === null) {
      send(watcher, `id: ${id}\nevent: ready\ndata: {}\n\n`);
      return;
    }
    const last = readId(lastId);
    if (last === null) {
      send(watcher, `id: ${id}\nevent: reset\ndata: {}\n\n`);
      return;
    }
    const missed = changedKinds(last.marks, now.marks).map((kind): Hint => ({ kind, id: null }));
    send(watcher, `id: ${id}\nevent: ready\ndata: {}\n\n`);
    sendHints(watcher, id, missed);
  };

  const sendHints = (watcher: Watcher, id: string, hints: readonly Hint[]): void => {
    const { kinds } = watcher;
    const wanted = kinds === null ? hints : hints.filter(({ kind }) => kinds.has(kind));
    if (wanted.length === 0) return;
    send(watcher, `id: ${id}\nevent: changed\ndata: ${JSON.stringify({ hints: wanted })}\n\n`);
  };

  const send = (watcher: Watcher, text: string): void => {
    if (watcher.sink.unread() > STREAM_LIMITS.unread.value) {
      leave(watcher);
      watcher.sink.cut();
      return;
    }
    watcher.sink.write(text);
  };

  const dismiss = async (one: Watched): Promise<void> => {
    one.askedAt = clock.monotonic();
    for (const watcher of [...one.watchers]) {
      if (await watcher.isAllowed()) continue;
      leave(watcher);
      watcher.sink.end();
    }
  };

  const leave = (watcher: Watcher): void => {
    const one = watched.get(watcher.workspace);
    if (one === undefined || !one.watchers.delete(watcher)) return;
    one.arrived.delete(watcher);
    streams -= 1;
    const left = (byKey.get(watcher.by) ?? 1) - 1;
    if (left === 0) byKey.delete(watcher.by);
    else byKey.set(watcher.by, left);
    if (one.watchers.size === 0) watched.delete(watcher.workspace);
    if (streams === 0) stopTimers();
  };

  const stopTimers = (): void => {
    for (const timer of [look, backstop, heartbeat]) timer?.cancel();
    look = null;
    backstop = null;
    heartbeat = null;
  };

  const startTimers = (): void => {
    backstop ??= clock.after(BACKSTOP_MS, beginBackstop, { unref: true });
    heartbeat ??= clock.after(HEARTBEAT_MS, beat, { unref: true });
  };

  const beginBackstop = (): void => {
    backstop = clock.after(BACKSTOP_MS, beginBackstop, { unref: true });
    const now = clock.monotonic();
    if (round.length === 0 && now - roundAt >= LOOK_AGAIN_MS) {
      round = [...watched.keys()];
      roundAt = now;
    }
    const part = Math.ceil((watched.size * BACKSTOP_MS) / LOOK_AGAIN_MS);
    for (const workspace of round.splice(0, part)) touch(workspace);
  };

  const beat = (): void => {
    heartbeat = clock.after(HEARTBEAT_MS, beat, { unref: true });
    for (const { watchers } of watched.values()) for (const watcher of watchers) send(watcher, ':\n\n');
  };

  return {
    refuses({ workspace, by }) {
      if (closed) return 'closed';
      if ((byKey.get(by) ?? 0) >= STREAM_LIMITS.key.value) return 'key';
      if ((watched.get(workspace)?.watchers.size ?? 0) >= STREAM_LIMITS.workspace.value) return 'workspace';
      return streams >= STREAM_LIMITS.node.value ? 'node' : null;
    },
    watch(watcher, lastId) {
      const { workspace, by, sink } = watcher;
      const one = watched.get(workspace) ?? {
        watchers: new Set<Watcher>(),
        seen: null,
        details: null,
        arrived: new Map<Watcher, string | null>(),
        askedAt: clock.monotonic(),
      };
      watched.set(workspace, one);
      one.watchers.add(watcher);
      one.arrived.set(watcher, lastId);
      byKey.set(by, (byKey.get(by) ?? 0) + 1);
      streams += 1;
      sink.write(`retry: ${RETRY_MS}\n\n`);
      startTimers();
      touch(workspace);
    },
    leave,
    close() {
      closed = true;
      stopTimers();
      for (const { watchers } of watched.values()) {
        for (const { sink } of watchers) {
          sink.write(`retry: ${RETRY_AFTER_SHUTDOWN_MS}\n\n`);
          sink.end();
        }
      }
      watched.clear();
    },
  };
}
