/**
 * Dry runs: the way that a run would take for an event, with nothing sent. Pure. Delays are passed, and
 * shown with the times at which they would be over. What is not known in advance, whether an awaited
 * event comes, is shown both ways, unless one is chosen.
 */
import type { EventBody } from '../routing/body.ts';
import type { RunContext, RunEnd } from './advance.ts';
import { withAwaited } from './awaited.ts';
import type { Program, ProgramStep } from './program.ts';
import { type Effect, enterStep, type HistoryEntry } from './step.ts';
import { type HappenedEvent, judgeTriggers, type TriggersVerdict } from './trigger.ts';

export interface ExplainedStep {
  /** `at` is when the run would come to it. */
  entry: HistoryEntry;
  /** What would be sent; null for steps that send nothing. */
  effect: Effect | null;
  /** For a wait that is shown both ways: each branch up to where they rejoin. */
  branches?: { received: ExplainedStep[]; timed_out: ExplainedStep[] };
}

export interface Explanation {
  path: ExplainedStep[];
  /** When waits are shown both ways: the end of the run in which they time out, if that branch goes on. */
  end: RunEnd & { kind: 'finished' | 'failed' };
  /** When that would be, ms. */
  endsAt: number;
}

/** By ids of wait_for_event steps. A chosen `received` event comes at once. */
export type WaitChoices = Readonly<Record<string, 'received' | 'timed_out'>>;

/** What an event of a type would bring, for the steps after a wait; null: nothing is known of it. */
export type AwaitedSample = (eventType: string) => EventBody | null;

/** Explains a run that starts at `context.now`. Each step is visited at most once, so the work is bounded by the program. */
export function explain(
  program: Program,
  context: RunContext,
  choices: WaitChoices = {},
  sampleOf: AwaitedSample = () => null,
): Explanation {
  const walk: Walk = { program, context, choices, sampleOf };
  const { path, end, at } = follow(program.entry, null, context.now, walk);
  return { path, end: end ?? { kind: 'finished', reason: 'end' }, endsAt: at };
}

export interface DryRun {
  /** Null when no trigger names the event's type. */
  verdict: TriggersVerdict | null;
  /** Null when the event would start no run. */
  explanation: Explanation | null;
}

/** Whether the event would start a run at `now`, and what that run would do. */
export function dryRun(
  program: Program,
  event: HappenedEvent,
  now: number,
  choices: WaitChoices = {},
): DryRun {
  const verdict = judgeTriggers(program.triggers, event);
  if (verdict?.matched !== true) return { verdict, explanation: null };
  return { verdict, explanation: explain(program, { runId: 'test', now, body: event.body }, choices) };
}

interface Walk {
  program: Program;
  context: RunContext;
  choices: WaitChoices;
  sampleOf: AwaitedSample;
}

interface Followed {
  path: ExplainedStep[];
  /** Null when the way leads on to the step at which to stop. */
  end: Explanation['end'] | null;
  at: number;
}

/** From one step up to another; null stands for the end of the run. */
function follow(from: string | null, stop: string | null, startAt: number, walk: Walk): Followed {
  const { program } = walk;
  let { context } = walk;
  const path: ExplainedStep[] = [];
  let at = startAt;
  let id = from;
  while (id !== null && id !== stop) {
    const step = program.steps.get(id);
    if (step === undefined) break;
    const entered = enterStep(step, at, context);
    if (entered.kind === 'wait' && step.type === 'wait_for_event') {
      const waited = followWait(step, entered.entry, { at, until: entered.until }, { ...walk, context });
      path.push(...waited.path);
      if (waited.end !== null) return { path, end: waited.end, at: waited.at };
      at = waited.at;
      id = waited.next;
      context = waited.context;
      continue;
    }
    path.push({ entry: entered.entry, effect: entered.kind === 'go' ? entered.effect : null });
    if (entered.kind === 'exit') return { path, end: { kind: 'finished', reason: 'exit' }, at };
    if (entered.kind === 'failed' && program.on_error === 'stop') {
      return { path, end: { kind: 'failed', step: id, failure: entered.failure }, at };
    }
    if (entered.kind === 'wait') at = entered.until;
    id = entered.kind === 'go' ? entered.next : step.next;
  }
  return { path, end: null, at };
}

function followWait(
  step: ProgramStep & { type: 'wait_for_event' },
  entry: HistoryEntry,
  { at, until }: { at: number; until: number },
  walk: Walk,
): Followed & { next: string | null; context: RunContext } {
  const chosen = Object.hasOwn(walk.choices, step.id) ? walk.choices[step.id] : undefined;
  const here = { step: step.id, type: step.type };
  const { context } = walk;
  const heard = hearing(step, walk);
  if (chosen === 'received') {
    const outcome: HistoryEntry = { ...here, at, outcome: 'received', event_id: null };
    return { path: [{ entry: outcome, effect: null }], end: null, at, next: step.received, context: heard };
  }
  if (chosen === 'timed_out') {
    const outcome: HistoryEntry = { ...here, at: until, outcome: 'timed_out' };
    const path = [entry, outcome].map((one) => ({ entry: one, effect: null }));
    return { path, end: null, at: until, next: step.timed_out, context };
  }
  const received = follow(step.received, step.next, at, { ...walk, context: heard });
  const timedOut = follow(step.timed_out, step.next, until, walk);
  const branches = { received: received.path, timed_out: timedOut.path };
  const path: ExplainedStep[] = [{ entry, effect: null, branches }];
  const goesOn = timedOut.end === null || received.end !== null;
  const onward = goesOn ? timedOut : received;
  return { path, end: onward.end, at: onward.at, next: step.next, context: goesOn ? context : heard };
}

/** After the event has come. */
function hearing(
  { id, awaited }: ProgramStep & { type: 'wait_for_event' },
  { context, sampleOf }: Walk,
): RunContext {
  const sample = sampleOf(awaited.event_type);
  return sample === null ? context : { ...context, body: withAwaited(context.body, id, sample) };
}
