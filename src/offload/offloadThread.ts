/** The thread beside the loop: does one job after the other. */

import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createKeyMaker, type KeyMaker } from '../core/ids.ts';
import { WORK_LIMITS } from '../core/limits.ts';
import { Work } from '../core/work.ts';
import { compileDefinition } from '../core/workflow/program.ts';
import { compilePrograms } from '../engine/automations.ts';
import { createView, type WorkspaceView } from '../engine/directory.ts';
import { EventTypeGone } from '../engine/engine.ts';
import type { SpareKeys } from '../engine/offload.ts';
import { placesOf, prepareEvents } from '../engine/prepare.ts';
import { termsOfEvents } from '../engine/searchTerms.ts';
import { wake } from '../engine/waking.ts';
import { dryRun } from '../http/dryRun.ts';
import { Problem } from '../http/problem.ts';
import { readPosted, rulesOf } from '../http/publishInput.ts';
import { realRandom } from '../real.ts';
import type { RunAdvance } from '../store/records/automation.ts';
import type { NewEvent } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';
import {
  type Done,
  type Job,
  type JobAnswer,
  lentBytes,
  type Task,
  type ThreadOptions,
  takeRouting,
} from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('This file runs as a thread.');
// Where it and the loop want the same core, the loop goes first. Linux alone counts 0 as this thread, not the process.
if (process.platform === 'linux') setPriority(0, Math.min(19, getPriority(0) + 10));
const { plans, mailHost } = workerData as ThreadOptions;
const views = new Map<number, WorkspaceView>();
const keys = createKeys();

port.on('message', (job: Job) => {
  const lent = lentBytes(job.task);
  port.postMessage({ answer: answerOf(job), lent } satisfies Done, lent === null ? [] : [lent.buffer]);
});

function answerOf({ workspace, routing, forget, task }: Job): JobAnswer {
  try {
    if (forget !== null) views.delete(forget);
    // Secrets stay sealed: nothing is sent from here.
    if (routing !== null) views.set(workspace, viewOf(takeRouting(routing), views.get(workspace)));
    const view = views.get(workspace);
    if (view === undefined) throw new Error('The thread has not been told of the workspace.');
    switch (task.kind) {
      case 'prepare':
        return { kind: 'prepared', events: prepare(view, task) };
      case 'wake':
        return { kind: 'woken', next: wakeRun(view, task) };
      case 'terms':
        return { kind: 'terms', docs: termsOfEvents(workspace, view, task.events) };
      case 'dry_run':
        return { kind: 'dry_run', answer: JSON.stringify(dryRun(view.routing, task.run, new Work())) };
    }
  } catch (error) {
    if (error instanceof Problem) {
      const { code, body } = error;
      return { kind: 'refused', code, detail: body.detail, errors: body.errors ?? [] };
    }
    if (error instanceof EventTypeGone) return { kind: 'type_gone', message: error.message };
    return {
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

/** Here, whoever compiles keeps nobody else waiting but those who wait for this thread. */
function viewOf(routing: Routing, before: WorkspaceView | undefined): WorkspaceView {
  const compiling = compilePrograms(routing, before?.programs ?? new Map());
  let step = compiling.next();
  while (step.done !== true) step = compiling.next();
  return createView(routing, null, step.value);
}

function prepare(
  view: WorkspaceView,
  { source, facts, keys: spare }: Task & { kind: 'prepare' },
): NewEvent[] {
  const events = 'text' in source ? readPosted(source, rulesOf(view.routing)) : source;
  const nextKey = keys.from(spare, facts.acceptedAt);
  const deps = { plans, mailHost, nextKey, uuid: () => realRandom.uuid() };
  const prepared = prepareEvents(deps, view, events, facts, { light: false });
  if (prepared === null) throw new Error('All the work that it may take is allowed here.');
  return prepared;
}

function wakeRun(view: WorkspaceView, { waking, keys: spare }: Task & { kind: 'wake' }): RunAdvance {
  const { run, now } = waking;
  const automation = view.routing.automations.find(({ key }) => key === run.automation);
  const program = compileDefinition(automation?.kind ?? 'workflow', run.definition);
  const places = placesOf({ nextKey: keys.from(spare, now), mailHost, plans }, view);
  return wake(waking, program, view, places, new Work(WORK_LIMITS.run.value));
}

/** Goes on where it was as long as the slots are the same. */
function createKeys() {
  let maker: KeyMaker | null = null;
  let of = '';
  let last = 0;
  return {
    from({ slots, floor }: SpareKeys, now: number): () => number {
      const name = `${slots.first} ${slots.count} ${floor}`;
      if (maker === null || of !== name) maker = createKeyMaker(slots, Math.max(floor, last));
      of = name;
      const current = maker;
      return () => {
        last = current.next(now);
        return last;
      };
    },
  };
}
