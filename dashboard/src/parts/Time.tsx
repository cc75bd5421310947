/** A moment: how long ago, which ticks, and on it the time in full with its zone. */

import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { formatRelative, formatTime } from '../texts/format.ts';

const SECOND = 1_000;
let now = Date.now();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

/** One timer, however many times are shown. */
function watch(onTick: () => void): () => void {
  watchers.add(onTick);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tick of watchers) tick();
  }, SECOND);
  return () => {
    watchers.delete(onTick);
    if (watchers.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

export function useNow(): number {
  return useSyncExternalStore(watch, () => now);
}

export function Time({ at }: { at: string }) {
  const ms = Date.parse(at);
  const text = formatRelative(ms, Math.max(useNow(), ms > Date.now() ? 0 : ms));
  return (
    <Tooltip label={formatTime(ms)} openDelay={300}>
      <time dateTime={at} className="tabular">
        {text}
      </time>
    </Tooltip>
  );
}
