/** What is said between the main thread and the one beside it (client.ts, offloadThread.ts). */

import { readExact } from '../core/json/exact.ts';
import type { Plan } from '../core/plan.ts';
import type { PostedText, PublishEvent } from '../engine/engine.ts';
import type { SpareKeys } from '../engine/offload.ts';
import type { PublishFacts } from '../engine/prepare.ts';
import type { Waking } from '../engine/waking.ts';
import type { Code } from '../http/codes.ts';
import type { DryRun } from '../http/dryRuns.ts';
import type { Fault } from '../http/problem.ts';
import type { RunAdvance } from '../store/records/automation.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { NewEvent } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';
import type { IndexBatch, Unindexed } from '../store/records/search.ts';

/** What the thread is started with. */
export interface ThreadOptions {
  plans: readonly Plan[];
  mailHost: string | null;
}

export type Task =
  | {
      kind: 'prepare';
      keys: SpareKeys;
      source: PostedText | readonly PublishEvent[];
      facts: PublishFacts;
    }
  | { kind: 'wake'; keys: SpareKeys; waking: Waking }
  | { kind: 'terms'; events: Unindexed['events'] }
  | { kind: 'dry_run'; run: DryRun };

/** Without conditions, which are posted as JSON texts: a copy would lose the digits of their numbers (json/exact.ts). */
export interface PostedRouting {
  routing: Routing;
  /** Of the endpoints, in their order. */
  conditions: ReadonlyArray<string | null>;
}

export function postRouting(routing: Routing): PostedRouting {
  const { endpoints } = routing;
  return {
    routing: { ...routing, endpoints: endpoints.map((endpoint) => ({ ...endpoint, condition: null })) },
    conditions: endpoints.map(({ condition }) => (condition === null ? null : JSON.stringify(condition))),
  };
}

export function takeRouting({ routing, conditions }: PostedRouting): Routing {
  const endpoints = routing.endpoints.map((endpoint, index) => {
    const text = conditions[index] ?? null;
    return { ...endpoint, condition: text === null ? null : (readExact(text) as Endpoint['condition']) };
  });
  return { ...routing, endpoints };
}

export interface Job {
  workspace: number;
  /** Null where the thread has it already. */
  routing: PostedRouting | null;
  /** A workspace that the thread need not keep any longer. */
  forget: number | null;
  task: Task;
}

/** What the thread posts. */
export interface Done {
  answer: JobAnswer;
  /** The bytes that came with the job. */
  lent: Uint8Array<ArrayBuffer> | null;
}

/** Bytes that change threads with a job, and come back with its answer; null for none. */
export function lentBytes(task: Task): Uint8Array<ArrayBuffer> | null {
  if (task.kind !== 'prepare' || !('text' in task.source)) return null;
  return typeof task.source.text === 'string' ? null : task.source.text;
}

export type JobAnswer =
  | { kind: 'prepared'; events: NewEvent[] }
  | { kind: 'woken'; next: RunAdvance }
  | { kind: 'terms'; docs: IndexBatch['docs'] }
  /** JSON text, for the same reason. */
  | { kind: 'dry_run'; answer: string }
  /** What a route answers with. */
  | { kind: 'refused'; code: Code; detail: string; errors: readonly Fault[] }
  | { kind: 'type_gone'; message: string }
  | { kind: 'failed'; message: string };
