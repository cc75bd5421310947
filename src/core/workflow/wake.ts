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

/** advance(), unless the run may not go on. */
export function wakeRun(
  program: Program,
  state: RunState,
  signal: RunSignal,
  context: RunContext,
  standing: Standing,
): Advance {
  const end = judgeWake(program, state, signal, context.now, standing);
  return end === null ? advance(program, state, signal, context) : skipRun(program, state, end, context.now);
}

/** Why the run may not go on; null when it may. */
export function judgeWake(
  program: Pick<Program, 'maxOverdueMs'>,
  state: RunState,
  signal: RunSignal,
  now: number,
  standing: Standing,
): (RunEnd & { kind: 'skipped' }) | null {
  if (state.status === 'ended') return null;
  if (standing === 'disabled') {
    return { kind: 'skipped', code: 'disabled', reason: 'it was switched off meanwhile' };
  }
  if (standing === 'deleted') return { kind: 'skipped', code: 'deleted', reason: 'it was deleted meanwhile' };
  if (state.status !== 'waiting' || signal.kind !== 'timer' || program.maxOverdueMs === null) return null;
  const overdueMs = now - state.until;
  if (overdueMs <= program.maxOverdueMs) return null;
  const due = new Date(state.until).toISOString();
  const reason = `it was due at ${due}, ${seconds(overdueMs)} s ago; at most ${seconds(program.maxOverdueMs)} s are allowed`;
  return { kind: 'skipped', code: 'overdue', reason };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
