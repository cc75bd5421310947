/**
 * Waking a run: before it goes on, whether it still may (SPEC.md, W12, W13). Pure. A run that must not go on
 * ends as skipped, with its reason; it is never dropped in silence (P2).
 */
import {
  type Advance,
  advance,
  type RunContext,
  type RunEnd,
  type RunSignal,
  type RunState,
  skipRun,
} from './advance.ts';
import type { Program } from './program.ts';

/** How the rule or workflow stands now. */
export type Standing = 'enabled' | 'disabled' | 'deleted';

/**
 * What has become of a run since it was last looked at, however late that is: the first of the events that fits
 * decides, and only then the time (W8). `events` are in the order in which they were accepted; while more are to
 * come, the time decides nothing.
 */
export function lookAtRun(
  program: Program,
  state: RunState,
  events: ReadonlyArray<(RunSignal & { kind: 'event' })['event']>,
  context: RunContext,
  standing: Standing,
  { moreToCome = false }: { moreToCome?: boolean } = {},
): Advance {
  for (const event of events) {
    const advanced = wakeRun(program, state, { kind: 'event', event }, context, standing);
    if (advanced.ignored === null) return advanced;
  }
  const at = moreToCome && state.status === 'waiting' ? Math.min(context.now, state.until - 1) : context.now;
  return wakeRun(program, state, { kind: 'timer' }, { ...context, now: at }, standing);
}

/** advance(), unless the run may not go on. */
export function wakeRun(
  program: Program,
  state: RunState,
  signal: RunSignal,
  context: RunContext,
  standing: Standing,
): Advance {
  const { now } = context;
  const off = judgeStanding(state, standing);
  if (off !== null) return skipRun(program, state, off, now);
  const advanced = advance(program, state, signal, context);
  if (advanced.ignored !== null) return advanced;
  const overdue = judgeDelay(program, state, signal, now);
  return overdue === null ? advanced : skipRun(program, state, overdue, now);
}

type Skipped = RunEnd & { kind: 'skipped' };

function judgeStanding(state: RunState, standing: Standing): Skipped | null {
  if (state.status === 'ended' || standing === 'enabled') return null;
  const done = standing === 'disabled' ? 'switched off' : 'deleted';
  return { kind: 'skipped', code: standing, reason: `it was ${done} meanwhile` };
}

/** Whether what wakes the run, its time or its event, lies too far back (W13). */
function judgeDelay(
  { maxOverdueMs }: Program,
  state: RunState,
  signal: RunSignal,
  now: number,
): Skipped | null {
  if (state.status !== 'waiting' || signal.kind === 'start' || maxOverdueMs === null) return null;
  // An event may have come before the wait began (`since`): nothing was late by then.
  const cameAt = signal.kind === 'timer' ? state.until : Math.max(signal.event.acceptedAt, state.entered_at);
  const dueAt = Math.min(cameAt, state.until);
  const overdueMs = now - dueAt;
  if (overdueMs <= maxOverdueMs) return null;
  const reason = `it was due at ${new Date(dueAt).toISOString()}, ${seconds(overdueMs)} s ago; at most ${seconds(maxOverdueMs)} s are allowed`;
  return { kind: 'skipped', code: 'overdue', reason };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
