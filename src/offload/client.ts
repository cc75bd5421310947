/**
 * The main thread's end of the thread beside it: one job at a time, workspaces in turn, so that whoever keeps it busy
 * waits for himself. The thread starts when it is first needed.
 */

import { Worker } from 'node:worker_threads';
import { readExact } from '../core/json/exact.ts';
import { Turns } from '../core/turns.ts';
import { EventTypeGone, Overloaded } from '../engine/engine.ts';
import type { Offload } from '../engine/offload.ts';
import { sizeOf } from '../engine/waking.ts';
import type { DryRunAnswer, DryRuns } from '../http/dryRuns.ts';
import { Problem } from '../http/problem.ts';
import type { Routing } from '../store/records/routing.ts';
import {
  type Done,
  type Job,
  type JobAnswer,
  lentBytes,
  postRouting,
  type Task,
  type ThreadOptions,
} from './protocol.ts';

/** Workspaces of which the thread keeps what it knows. */
const KEPT_WORKSPACES = 20;
/** What may wait for the thread, in characters: three of the largest batches. */
const MAX_WAITING = 48 * 1024 * 1024;
/** What a job weighs beside its text. */
const JOB_WEIGHT = 4 * 1024;
/** Of the heap of the thread: many times what one call may bring along and set off. */
const HEAP_MB = 256;

interface Waiting {
  routing: Routing;
  task: Task;
  weight: number;
  resolve(answer: JobAnswer): void;
  reject(error: Error): void;
}

export interface RunningOffload extends Offload, DryRuns {
  /** Refuses what waits, and ends the thread. */
  close(): Promise<void>;
}

export function createOffload(options: ThreadOptions): RunningOffload {
  const turns = new Turns<Waiting>();
  let weight = 0;
  let thread: Thread | null = null;
  let closed = false;
  let running: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    for (let next = turns.take(); next !== null; next = turns.take()) {
      try {
        if (closed) throw new Overloaded('This node is stopping.');
        thread ??= startThread(options);
        next.resolve(await thread.ask(next.routing, next.task));
      } catch (error) {
        if (error instanceof ThreadEnded) thread = null;
        next.reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        weight -= next.weight;
      }
    }
    running = null;
  };

  const ask = (routing: Routing, task: Task, size: number): Promise<JobAnswer> =>
    new Promise((resolve, reject) => {
      const own = size + JOB_WEIGHT;
      if (closed || (weight > 0 && weight + own > MAX_WAITING)) {
        reject(new Overloaded('As much as this node can hold waits to be looked at already.'));
        return;
      }
      weight += own;
      turns.add(routing.workspace.key, { routing, task, weight: own, resolve, reject });
      running ??= work();
    });

  return {
    async prepare(routing, source, facts, keys) {
      const size =
        'text' in source ? source.text.length : source.reduce((sum, { data }) => sum + data.length, 0);
      const answer = await ask(routing, { kind: 'prepare', keys, source, facts }, size);
      if (answer.kind === 'prepared') return answer.events;
      throw failureOf(answer);
    },
    async wake(routing, waking, keys) {
      const answer = await ask(routing, { kind: 'wake', keys, waking }, sizeOf(waking));
      if (answer.kind === 'woken') return answer.next;
      throw failureOf(answer);
    },
    async terms(routing, events) {
      const size = events.reduce((sum, { body }) => sum + body.length, 0);
      const answer = await ask(routing, { kind: 'terms', events }, size);
      if (answer.kind === 'terms') return answer.docs;
      throw failureOf(answer);
    },
    async dryRun(routing, run) {
      const answer = await ask(routing, { kind: 'dry_run', run }, run.raw.length);
      if (answer.kind === 'dry_run') return readExact(answer.answer) as DryRunAnswer;
      throw failureOf(answer);
    },
    async close() {
      closed = true;
      await running;
      await thread?.end();
    },
  };
}

function failureOf(answer: JobAnswer): Error {
  switch (answer.kind) {
    case 'refused':
      return new Problem(
        answer.code,
        answer.detail,
        answer.errors.length > 0 ? { errors: answer.errors } : {},
      );
    case 'type_gone':
      return new EventTypeGone(answer.message);
    case 'failed':
      return new Error(`The thread has failed: ${answer.message}`);
    default:
      return new Error(`The thread was asked for something else than ${answer.kind}.`);
  }
}

/** Where the routing has changed meanwhile, the same text is read once more. */
function giveBack(task: Task, bytes: Uint8Array<ArrayBuffer>): void {
  if (task.kind === 'prepare' && 'text' in task.source) task.source.text = bytes;
}

class ThreadEnded extends Overloaded {}

interface Thread {
  /** Rejects with ThreadEnded where it ends instead of answering. */
  ask(routing: Routing, task: Task): Promise<JobAnswer>;
  end(): Promise<void>;
}

function startThread(options: ThreadOptions): Thread {
  // Built, the file beside this one is JavaScript.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./offloadThread.${extension}`, import.meta.url), {
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  worker.unref();
  /** By workspace, what the thread has of it; the longest unused first. */
  const known = new Map<number, Routing>();
  let asked: { resolve(done: Done): void; reject(error: Error): void } | null = null;
  let ended: Error | null = null;
  const fail = (cause: unknown): void => {
    ended ??= new ThreadEnded('The thread that looks at large events has ended.', { cause });
    asked?.reject(ended);
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(null));
  worker.on('message', (done: Done) => asked?.resolve(done));

  return {
    ask: (routing, task) =>
      new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        const workspace = routing.workspace.key;
        const posted = known.get(workspace) === routing ? null : postRouting(routing);
        known.delete(workspace);
        const [oldest] = known.keys();
        const forget = known.size >= KEPT_WORKSPACES && oldest !== undefined ? oldest : null;
        const lent = lentBytes(task);
        const job: Job = { workspace, routing: posted, forget, task };
        worker.postMessage(job, lent === null ? [] : [lent.buffer]);
        if (forget !== null) known.delete(forget);
        // Only what has been posted, and taken without a failure, need not be posted again.
        known.set(workspace, routing);
        asked = {
          reject,
          resolve({ answer, lent }) {
            if (lent !== null) giveBack(task, lent);
            if (answer.kind === 'failed') known.delete(workspace);
            resolve(answer);
          },
        };
      }),
    async end() {
      await worker.terminate();
    },
  };
}
