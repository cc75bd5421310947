/**
 * Pages stay true by hints: one stream of the API per browser, however many tabs, tells which kinds of things have
 * changed, and what was asked of these is asked anew. A browser opens few connections to one host, so one tab leads
 * (by a lock) and tells the others.
 */

import { useSyncExternalStore } from 'react';
import { mirsal } from './client.ts';
import { queryClient } from './queryClient.ts';

/** What becomes stale, by the first part of its key. */
const STALE: Readonly<Record<string, readonly string[]>> = {
  event: ['events', 'overview', 'stats'],
  delivery: ['deliveries', 'events', 'endpoints', 'overview', 'sparklines', 'stats', 'budget'],
  endpoint: ['endpoints', 'overview', 'budget'],
  notice: ['notices', 'overview', 'budget'],
  run: ['runs', 'events', 'mails'],
  bin: ['bins'],
  replay: ['replays'],
  job: ['jobs'],
  settings: ['settings', 'eventTypes', 'me', 'plans'],
};

interface Told {
  kinds: string[] | 'all';
}

let isLive = true;
const watchers = new Set<() => void>();

function setLive(live: boolean): void {
  if (live === isLive) return;
  isLive = live;
  for (const watch of watchers) watch();
}

/** Whether changes are told of at the moment. */
export function useIsLive(): boolean {
  return useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => isLive,
  );
}

function apply({ kinds }: Told): void {
  if (kinds === 'all') {
    void queryClient.invalidateQueries();
    return;
  }
  const stale = new Set(kinds.flatMap((kind) => STALE[kind] ?? []));
  void queryClient.invalidateQueries({ predicate: ({ queryKey }) => stale.has(String(queryKey[0])) });
}

/** Ends by its signal. */
export function watchChanges(workspace: string, signal: AbortSignal): void {
  const channel = new BroadcastChannel(`mirsal ${workspace}`);
  channel.onmessage = ({ data }: MessageEvent<Told>) => apply(data);
  signal.addEventListener('abort', () => channel.close());
  const tell = (told: Told): void => {
    apply(told);
    if (!signal.aborted) channel.postMessage(told);
  };
  const lead = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        for await (const { event, hints } of mirsal.stream({ signal })) {
          setLive(true);
          tell({ kinds: event === 'changed' ? [...new Set(hints.map(({ kind }) => kind))] : 'all' });
        }
      } catch {
        // Signed out, or no longer a member: the next question of a page says so.
      }
      setLive(signal.aborted);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
  // Locks are there on pages that came by HTTPS or from this machine; elsewhere each tab has a stream of its own.
  if (navigator.locks === undefined) void lead();
  else void navigator.locks.request(`mirsal stream ${workspace}`, { signal }, lead).catch(() => {});
}

const RETRY_MS = 10_000;
