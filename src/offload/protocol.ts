/** What is said between the main thread and the one beside it (client.ts, offloadThread.ts). */

import type { Plan } from '../core/plan.ts';
import type { PostedText, PublishEvent } from '../engine/engine.ts';
import type { SpareKeys } from '../engine/offload.ts';
import type { PublishFacts } from '../engine/prepare.ts';
import type { Code } from '../http/codes.ts';
import type { DryRun, DryRunAnswer } from '../http/dryRuns.ts';
import type { Fault } from '../http/problem.ts';
import type { NewEvent } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';

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
  | { kind: 'dry_run'; run: DryRun };

export interface Job {
  workspace: number;
  /** Null where the thread has it already. */
  routing: Routing | null;
  /** A workspace that the thread need not keep any longer. */
  forget: number | null;
  task: Task;
}

export type JobAnswer =
  | { kind: 'prepared'; events: NewEvent[] }
  | { kind: 'dry_run'; answer: DryRunAnswer }
  /** What a route answers with. */
  | { kind: 'refused'; code: Code; detail: string; errors: readonly Fault[] }
  | { kind: 'type_gone'; message: string }
  | { kind: 'failed'; message: string };
