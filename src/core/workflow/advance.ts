/**
 * Advancing a run: from a state and a signal to effects, history and the next state. Pure, and the same
 * in the same order however often it is asked. SPEC.md is its specification.
 *
 *   new ── start ──▶ waiting ── timer, event ──▶ waiting … ──▶ ended
 *
 * One call goes as far as the run can go without waiting. The caller stores state, history and effects
 * in one transaction; when it is asked twice, the effects' keys are the same.
 */
import { withAwaited } from './awaited.ts';
import type { Awaited, Program } from './program.ts';
import {
  EFFECT_LIMITS,
  type Effect,
  enterStep,
  type HistoryEntry,
  type StepContext,
  type StepFailure,
  sizeOf,
} from './step.ts';
import { type HappenedEvent, judgeEvent, type TriggerFailure } from './trigger.ts';

/** What is stored of a run between two calls: small JSON. Times in ms. */
export type RunState =
  | { status: 'new' }
  | { status: 'waiting'; step: string; for: 'time' | 'event'; entered_at: number; until: number }
  | { status: 'ended'; end: RunEnd };

/** How a run ended. `finished` has come to the end or to an exit. */
export type RunEnd =
  | { kind: 'finished'; reason: 'end' | 'exit' }
  | { kind: 'failed'; step: string; failure: StepFailure }
  | { kind: 'skipped'; code: SkipCode; reason: string };

export type SkipCode = 'disabled' | 'deleted' | 'overdue' | 'cancelled';

export type RunSignal =
  | { kind: 'start' }
  /** The time that the run waits for has come, or its timeout. */
  | { kind: 'timer' }
  /**
   * An event about the run's subject; whether it is the one that is waited for is judged here. When it was
   * accepted, ms, decides whether it was in time, not when it is looked at.
   */
  | { kind: 'event'; event: HappenedEvent & { id: string; acceptedAt: number } };

/** `body` holds what earlier waits have heard, too (awaited.ts). */
export interface RunContext extends StepContext {
  /** Milliseconds since the epoch. */
  now: number;
}

/** What the run waits for, or how it ended. */
export type Next =
  /** A run that has not started waits for no step and is due at once. */
  | { kind: 'wait_until'; step: string | null; at: number }
  | { kind: 'wait_event'; step: string; awaited: Awaited; until: number }
  | RunEnd;

export interface Advance {
  state: RunState;
  next: Next;
  /** In the order in which they are to be done. */
  effects: Effect[];
  history: HistoryEntry[];
  /** Why nothing has changed; null when the run went on. */
  ignored: Ignored | null;
}

/** Why a signal changed nothing. */
export type Ignored =
  | { code: 'ended' | 'not_new' | 'not_started' | 'not_due' | 'not_waiting_for_event' | 'other_event_type' }
  | { code: 'not_matched'; failure: Omit<TriggerFailure, 'trigger'> };

/** The run's next stretch. A signal that does not fit the state changes nothing and says why. */
export function advance(program: Program, state: RunState, signal: RunSignal, context: RunContext): Advance {
  const { now } = context;
  if (state.status === 'ended') return unchanged(program, state, { code: 'ended' });
  if (state.status === 'new') {
    if (signal.kind !== 'start') return unchanged(program, state, { code: 'not_started' });
    return proceed(program, program.entry, [], context);
  }
  if (signal.kind === 'start') return unchanged(program, state, { code: 'not_new' });
  const step = program.steps.get(state.step);
  const fits = state.for === 'time' ? step?.type === 'delay' : step?.type === 'wait_for_event';
  if (step === undefined || !fits) return stepGone(state.step, now);
  if (signal.kind === 'timer' && now < state.until) return unchanged(program, state, { code: 'not_due' });
  if (step.type === 'delay') {
    if (signal.kind === 'event') return unchanged(program, state, { code: 'not_waiting_for_event' });
    return proceed(
      program,
      step.next,
      [{ step: step.id, at: now, type: 'delay', outcome: 'passed' }],
      context,
    );
  }
  if (step.type !== 'wait_for_event') return stepGone(state.step, now);
  const waited = { step: step.id, at: now, type: 'wait_for_event' as const };
  if (signal.kind === 'timer' || signal.event.acceptedAt >= state.until) {
    if (now < state.until) return unchanged(program, state, { code: 'not_due' });
    return proceed(program, step.timed_out, [{ ...waited, outcome: 'timed_out' }], context);
  }
  const ignored = judgeAwaited(step.awaited, signal.event);
  if (ignored !== null) return unchanged(program, state, ignored);
  return proceed(program, step.received, [{ ...waited, outcome: 'received', event_id: signal.event.id }], {
    ...context,
    body: withAwaited(context.body, step.id, signal.event.body),
  });
}

/** Why the event is not the one that is waited for; null when it is. */
export function judgeAwaited(
  { event_type, scope, condition }: Awaited,
  event: HappenedEvent,
): Ignored | null {
  if (event.eventType.name !== event_type) return { code: 'other_event_type' };
  const failure = judgeEvent(scope, condition, event);
  return failure === null ? null : { code: 'not_matched', failure };
}

/** Ends a run that must not go on. */
export function skipRun(
  program: Program,
  state: RunState,
  end: RunEnd & { kind: 'skipped' },
  now: number,
): Advance {
  if (state.status === 'ended') return unchanged(program, state, { code: 'ended' });
  const type = state.status === 'waiting' ? program.steps.get(state.step)?.type : undefined;
  const history: HistoryEntry[] =
    state.status === 'waiting' && type !== undefined
      ? [{ step: state.step, at: now, type, outcome: 'skipped', reason: end.reason }]
      : [];
  return ended(end, [], history);
}

function proceed(
  program: Program,
  from: string | null,
  history: HistoryEntry[],
  context: RunContext,
): Advance {
  const effects: Effect[] = [];
  let room = context.room ?? EFFECT_LIMITS.event;
  let at = from;
  while (at !== null) {
    const step = program.steps.get(at);
    if (step === undefined) return stepGone(at, context.now, effects, history);
    const entered = enterStep(step, context.now, { ...context, room });
    history.push(entered.entry);
    if (entered.kind === 'exit') return ended({ kind: 'finished', reason: 'exit' }, effects, history);
    if (entered.kind === 'wait') {
      const { until } = entered;
      const state: RunState = {
        status: 'waiting',
        step: at,
        for: entered.for,
        entered_at: context.now,
        until,
      };
      return { state, next: nextOf(program, state), effects, history, ignored: null };
    }
    if (entered.kind === 'failed' && program.on_error === 'stop') {
      return ended({ kind: 'failed', step: at, failure: entered.failure }, effects, history);
    }
    if (entered.kind === 'go' && entered.effect !== null) {
      effects.push(entered.effect);
      room -= sizeOf(entered.effect);
    }
    at = entered.kind === 'go' ? entered.next : step.next;
  }
  return ended({ kind: 'finished', reason: 'end' }, effects, history);
}

function ended(end: RunEnd, effects: Effect[], history: HistoryEntry[]): Advance {
  return { state: { status: 'ended', end }, next: end, effects, history, ignored: null };
}

/** The workflow was changed and has no such step any more. */
function stepGone(step: string, now: number, effects: Effect[] = [], history: HistoryEntry[] = []): Advance {
  const failure: StepFailure = { code: 'step_gone', message: `the workflow has no step ${step} any more` };
  history.push({ step, at: now, type: null, outcome: 'failed', failure });
  return ended({ kind: 'failed', step, failure }, effects, history);
}

function unchanged(program: Program, state: RunState, ignored: Ignored): Advance {
  return { state, next: nextOf(program, state), effects: [], history: [], ignored };
}

/** What a stored run waits for. */
export function nextOf(program: Program, state: RunState): Next {
  switch (state.status) {
    case 'ended':
      return state.end;
    case 'new':
      return { kind: 'wait_until', step: null, at: 0 };
    case 'waiting': {
      const step = program.steps.get(state.step);
      if (step?.type !== 'wait_for_event') return { kind: 'wait_until', step: state.step, at: state.until };
      return { kind: 'wait_event', step: state.step, awaited: step.awaited, until: state.until };
    }
    default:
      return state satisfies never;
  }
}

/** Why a signal changed nothing, as a sentence. */
export function inSentence(ignored: Ignored): string {
  switch (ignored.code) {
    case 'ended':
      return 'the run has ended';
    case 'not_new':
      return 'the run has started already';
    case 'not_started':
      return 'the run has not started yet';
    case 'not_due':
      return 'it is not due yet';
    case 'not_waiting_for_event':
      return 'the run waits for a time, not for an event';
    case 'other_event_type':
      return 'the run waits for an event of another type';
    case 'not_matched':
      return ignored.failure.verdict.reason;
    default:
      return ignored satisfies never;
  }
}
