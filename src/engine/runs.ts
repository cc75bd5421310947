/**
 * Waiting runs of workflows, woken when they are due. What a step does are rows (deliveries, mails,
 * history, the next timer), written in one transaction that names the revision it has read: a run that
 * two nodes take up, or that a dying node had taken up, goes on once (B3).
 */

import { formatId } from '../core/ids.ts';
import { parseJson } from '../core/json/parse.ts';
import { eventBody } from '../core/routing/body.ts';
import type { Advance, RunContext, RunSignal, RunState } from '../core/workflow/advance.ts';
import { compileDefinition, type Program } from '../core/workflow/program.ts';
import { wakeRun } from '../core/workflow/wake.ts';
import type { DueRun, RunAdvance } from '../store/records/automation.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../world.ts';
import { type EffectPlaces, toRunAdvance } from './automations.ts';
import type { WorkspaceView } from './directory.ts';

/** In one go; more follow at once. */
const RUNS_AT_ONCE = 200;
/** A result that waits for the database waits for so many runs at the most. */
const WRITTEN_AT_ONCE = 20;
/** Deeper than anything that publishing takes in. */
const MAX_DEPTH = 1_000;
/** Compiled definitions kept: those of versions that runs still stand on. */
const KEPT_PROGRAMS = 1_000;
const BODY_GONE = 'body_gone: the body of the event that set it off is no longer kept';

export interface RunsDeps {
  store: Pick<Store, 'dueRuns' | 'advanceRuns'>;
  clock: Clock;
  /** The workspace as of now; null for an unknown one. */
  workspace(key: number): Promise<WorkspaceView | null>;
  places(view: WorkspaceView): EffectPlaces;
  lanesChanged(lanes: readonly number[]): Promise<void>;
  onError(error: unknown, where: string): void;
}

export interface Runs {
  /** Takes up what is due, unless that is under way; called about once a second. */
  tick(): void;
  /** Resolves when no run is being advanced. The rest waits for whoever comes next. */
  stop(): Promise<void>;
}

export function createRuns(deps: RunsDeps): Runs {
  const { store, clock } = deps;
  const programs = new Map<string, Program>();
  let turn: Promise<void> | null = null;
  let stopped = false;

  const programOf = (run: DueRun, kind: 'rule' | 'workflow'): Program => {
    const name = `${run.automation} ${run.version}`;
    let program = programs.get(name);
    if (program === undefined) {
      program = compileDefinition(kind, run.definition);
      if (programs.size >= KEPT_PROGRAMS) programs.clear();
      programs.set(name, program);
    }
    return program;
  };

  /** What the run does next; null where it waits on. */
  const wake = (run: DueRun, view: WorkspaceView): { run: DueRun; next: RunAdvance } | null => {
    const automation = view.routing.automations.find(({ key }) => key === run.automation);
    // Deleted or disabled since it was read: then it has been cancelled, or is paused.
    if (automation === undefined || automation.enabledAt === null) return null;
    try {
      if (run.body === null) return { run, next: lost(run, BODY_GONE) };
      return { run, next: nextOfRun(run, run.body, programOf(run, automation.kind), view) };
    } catch (error) {
      deps.onError(error, 'run');
      return { run, next: lost(run, 'internal_error: the step could not be computed') };
    }
  };

  const write = async (steps: ReadonlyArray<{ run: DueRun; next: RunAdvance }>): Promise<void> => {
    const lanes = (await store.advanceRuns(steps, clock.now())).flatMap((touched) => touched ?? []);
    if (lanes.length > 0) await deps.lanesChanged([...new Set(lanes)]);
  };

  const nextOfRun = (run: DueRun, body: string, program: Program, view: WorkspaceView): RunAdvance => {
    const now = clock.now();
    const context = { runId: formatId('run', run.key), now, body: bodyOf(body) };
    const state = JSON.parse(run.progress) as RunState;
    const done = judge(program, state, signalsOf(run, view, state, now), context);
    const event = { id: run.eventId, subject: run.subject };
    return toRunAdvance(
      { key: run.automation, kind: 'workflow' },
      event,
      done,
      program,
      deps.places(view),
      now,
    );
  };

  const wakeAll = async (): Promise<void> => {
    for (;;) {
      const due = await store.dueRuns(clock.now(), RUNS_AT_ONCE);
      for (const [workspace, mine] of Map.groupBy(due, (run) => run.workspace)) {
        const view = await deps.workspace(workspace);
        if (view === null) continue;
        const steps = mine.map((run) => wake(run, view)).filter((step) => step !== null);
        for (let from = 0; from < steps.length && !stopped; from += WRITTEN_AT_ONCE) {
          await write(steps.slice(from, from + WRITTEN_AT_ONCE));
        }
      }
      if (stopped || due.length < RUNS_AT_ONCE) return;
    }
  };

  return {
    tick() {
      if (stopped || turn !== null) return;
      turn = wakeAll()
        .catch((error: unknown) => deps.onError(error, 'runs'))
        .then(() => {
          turn = null;
        });
    },
    async stop() {
      stopped = true;
      await turn;
    },
  };
}

function bodyOf(raw: string): RunContext['body'] {
  const parsed = parseJson(raw, { maxDepth: MAX_DEPTH });
  return eventBody(raw, parsed.ok ? parsed.value : null);
}

/** What has happened to a run since it was last looked at, in order: events that came, then its time. */
function signalsOf(run: DueRun, view: WorkspaceView, state: RunState, now: number): RunSignal[] {
  const signals: RunSignal[] = [];
  const eventType = run.waitsFor === null ? undefined : view.eventType(run.waitsFor);
  for (const { event, body } of run.signals) {
    if (body === null || eventType === undefined) continue;
    signals.push({ kind: 'event', event: { id: formatId('evt', event), eventType, body: bodyOf(body) } });
  }
  if (state.status === 'waiting' && state.until <= now) signals.push({ kind: 'timer' });
  return signals;
}

/** The first signal that fits decides; where none does, the run waits on. */
function judge(
  program: Program,
  state: RunState,
  signals: readonly RunSignal[],
  context: RunContext,
): Advance {
  for (const signal of signals) {
    const done = wakeRun(program, state, signal, context, 'enabled');
    if (done.ignored === null) return done;
  }
  return wakeRun(program, state, { kind: 'timer' }, context, 'enabled');
}

function lost({ progress }: DueRun, reason: string): RunAdvance {
  return {
    state: 'failed',
    reason,
    progress,
    dueAt: null,
    waitsFor: null,
    deliveries: [],
    mails: [],
    steps: [],
  };
}
