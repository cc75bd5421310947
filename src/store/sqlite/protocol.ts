/**
 * What the main thread and a database thread say to each other. Messages are structured-cloned.
 */

import type { PublishAnswer } from '../records/publishing.ts';
import type { RecordAnswer } from '../records/results.ts';
import type { Value } from './packing.ts';

export interface ThreadOptions {
  path: string;
  mode: 'write' | 'read';
}

/** What a thread is asked to do. A `lease` marks statements of an open interactive transaction. */
export type Work =
  | { kind: 'query'; sql: string; parameters: readonly unknown[] }
  | { kind: 'publish'; workspace: number; call: readonly Value[] }
  | { kind: 'record'; workspace: number; node: string; results: readonly Value[] }
  | { kind: 'begin' }
  | { kind: 'commit' }
  | { kind: 'rollback' }
  /** Empties the log of writes; by itself, since a transaction would be in its way. */
  | { kind: 'scrub' };

export interface Request {
  id: number;
  lease: number | null;
  work: Work;
}

export interface QueryRows {
  rows: unknown[];
  changes: number;
}

/** The value's type follows the work's kind: QueryRows, PublishAnswer, RecordAnswer, or nothing. */
export type Reply =
  | { id: number; ok: true; value: QueryRows | PublishAnswer | RecordAnswer | null }
  | { id: number; ok: false; error: { message: string; errcode: number | null; fatal: boolean } };
