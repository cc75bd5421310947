/**
 * Waiting runs of workflows, looked at when they are due. What a step does are rows (deliveries, mails, history, the
 * next timer), written in one transaction that names the revision it has read: a run that two nodes take up, or that
 * a dying node had taken up, goes on once (B3). Now is what the store's clock said when it was asked what is due.
 */

import { MINUTE, SECOND } from '../core/duration.ts';
import { formatId } from '../core/ids.ts';
import { LIGHT_LIMITS, WORK_LIMITS } from '../core/limits.ts';
import { Work } from '../core/work.ts';
import { compileDefinition, type Program } from '../core/workflow/program.ts';
import type { RunWorkStore } from '../store/ports/automation.ts';
import type { Automation, DueRun, RunAdvance, RunFailure } from '../store/records/automation.ts';
import { StoreUnavailable } from '../store/store.ts';
import { type EffectPlaces, invalidDefinition } from './automations.ts';
import type { WorkspaceView } from './directory.ts';
import { Overloaded } from './engine.ts';
import type { Job, Turn } from './jobs.ts';
import { inSpareKeys, type Offload, type SpareKeys } from './offload.ts';
import { sizeOf, type Waking, wake } from './waking.ts';

/** Of one workspace before the others have their turn. */
const RUNS_AT_ONCE = 20;
const RESUMED_AT_ONCE = 1_000;
/** Compiled definitions kept: those of versions that runs still stand on. */
const KEPT_PROGRAMS = 1_000;
const BODY_GONE = 'body_gone: the body of the event that set it off is no longer kept';
const HEARD_GONE = 'body_gone: the body of an event that it has waited for is no longer kept';
/** How long a run rests whose step could not be written, doubled with each failure of late. */
const FIRST_REST_MS = 10 * SECOND;
const LONGEST_REST_MS = 10 * MINUTE;
const REMEMBERED_FAILURES = 10_000;

export interface RunsDeps {
  store: RunWorkStore;
  /** The workspace as of now; null for an unknown one. */
  workspace(key: number): Promise<WorkspaceView | null>;
  places(view: WorkspaceView): EffectPlaces;
  /** Null where all work is done on the loop. */
  offload: Offload | null;
  spareKeys(): SpareKeys;
  lanesChanged(lanes: readonly number[]): Promise<void>;
  onError(error: unknown, where: string): void;
}

interface Step {
  run: DueRun;
  next: RunAdvance;
}

export function createRuns(deps: RunsDeps): Job {
  const { store } = deps;
  const programOf = keepPrograms();
  const failures = new Map<number, number>();

  const tell = (lanes: readonly number[]): Promise<void> =>
    lanes.length === 0
      ? Promise.resolve()
      : deps.lanesChanged([...new Set(lanes)]).catch((error: unknown) => deps.onError(error, 'runs'));

  /** One that cannot be written is not in the way of the others. */
  const writeAlone = async (view: WorkspaceView, step: Step, now: number): Promise<void> => {
    const { run, next } = step;
    try {
      await store.advanceRuns(view.version, [step], now);
      failures.delete(run.key);
      // It may be that the batch before has written it, and failed over another.
      await tell(next.deliveries.map(({ lane }) => lane));
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      deps.onError(error, `runs: ${formatId('run', run.key)}`);
      const times = failures.get(run.key) ?? 0;
      if (failures.size >= REMEMBERED_FAILURES) failures.clear();
      failures.set(run.key, times + 1);
      const restMs = Math.min(FIRST_REST_MS * 2 ** times, LONGEST_REST_MS);
      await store.postponeRun(run.workspace, run.key, now + restMs);
    }
  };

  const write = async (view: WorkspaceView, steps: readonly Step[], now: number): Promise<void> => {
    if (steps.length === 0) return;
    try {
      const lanes = await store.advanceRuns(view.version, steps, now);
      await tell(lanes.flatMap((touched) => touched ?? []));
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      for (const step of steps) await writeAlone(view, step, now);
    }
  };

  /** Some of the workspace's runs; true where there may be more. */
  const wakeSome = async (workspace: number): Promise<boolean> => {
    const view = await deps.workspace(workspace);
    if (view === null) return false;
    const { now, runs, more, paused } = await store.dueRuns(workspace, RUNS_AT_ONCE);
    if (paused.length > 0) await store.setAsideRuns(workspace, paused);
    const steps: Step[] = [];
    for (const run of runs) {
      const next = await nextOf(run, view, now);
      if (next !== null) steps.push({ run, next });
    }
    await write(view, steps, now);
    return paused.length > 0 || more;
  };

  /** Null where it is to be left alone for now. */
  const nextOf = async (run: DueRun, view: WorkspaceView, now: number): Promise<RunAdvance | null> => {
    const automation = view.routing.automations.find(({ key }) => key === run.automation);
    const isSuspended = view.routing.workspace.suspended !== null;
    // Disabled, or its workspace suspended, since it was read: with the next look it is set aside.
    if (automation !== undefined && (automation.enabledAt === null || isSuspended)) return null;
    if (run.body === null) return lost(run, BODY_GONE);
    let program: Program;
    try {
      program = programOf(run, automation?.kind ?? 'workflow');
    } catch (error) {
      return lost(run, invalidDefinition(error));
    }
    const heard = await store.readHeard(run.workspace, run.key, [...program.readsAwaited]);
    if (heard.some(({ body }) => body === null)) return lost(run, HEARD_GONE);
    try {
      const standing = automation === undefined ? 'deleted' : 'enabled';
      const waking = { run: { ...run, body: run.body }, heard, standing, now } as const;
      return await advanceOf(deps, waking, program, view);
    } catch (error) {
      // Another look finds the thread free.
      if (error instanceof Overloaded) throw error;
      deps.onError(error, `runs: ${formatId('run', run.key)}`);
      return lost(run, 'internal_error: the step could not be computed');
    }
  };

  return {
    name: 'runs',
    everyMs: null,
    async turn(turn: Turn) {
      for (;;) {
        const { due, resuming } = await store.workspacesWithRuns();
        const resumed = await turn.each(resuming, (workspace) =>
          store.resumeRuns(workspace, RESUMED_AT_ONCE),
        );
        const woken = await turn.each(due, wakeSome);
        if (turn.stopped() || !(resumed || woken)) return;
      }
    },
  };
}

/** On the loop where that takes little; else in a thread of its own. */
async function advanceOf(
  { offload, spareKeys, places }: RunsDeps,
  waking: Waking,
  program: Program,
  view: WorkspaceView,
): Promise<RunAdvance> {
  if (offload === null) return wake(waking, program, view, places(view), new Work(WORK_LIMITS.run.value));
  if (sizeOf(waking) <= LIGHT_LIMITS.text.value) {
    const work = new Work(LIGHT_LIMITS.work.value);
    const advance = wake(waking, program, view, places(view), work);
    if (!work.isExhausted) return advance;
  }
  return inSpareKeys(spareKeys, (keys) => offload.wake(view.routing, waking, keys));
}

/** Compiles each version once. */
function keepPrograms(): (run: DueRun, kind: Automation['kind']) => Program {
  const programs = new Map<string, Program>();
  return (run, kind) => {
    const name = `${run.automation} ${run.version}`;
    let program = programs.get(name);
    if (program === undefined) {
      program = compileDefinition(kind, run.definition);
      if (programs.size >= KEPT_PROGRAMS) programs.clear();
      programs.set(name, program);
    }
    return program;
  };
}

function lost({ progress }: DueRun, reason: string): RunAdvance {
  return {
    state: 'failed',
    reason,
    progress,
    dueAt: null,
    waitsFor: null,
    listensSince: null,
    deliveries: [],
    mails: [],
    steps: [],
    failure: failureOf(reason),
  };
}

/** `body_gone: the body …` as code and message. */
function failureOf(reason: string): RunFailure {
  const at = reason.indexOf(': ');
  return { step: null, code: reason.slice(0, at), message: reason.slice(at + 2) };
}
