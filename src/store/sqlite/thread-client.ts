/**
 * The main thread's end of a database thread: posts work, resolves with its answer, and is the
 * connection behind Kysely.
 */

import { Worker } from 'node:worker_threads';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { StoreUnavailable } from '../store.ts';
import type { QueryRows, Reply, Request, ThreadOptions, Work } from './protocol.ts';

/**
 * SQLite's primary result codes that mean "the disk or the file, not the statement":
 * BUSY 5, LOCKED 6, NOMEM 7, READONLY 8, IOERR 10, CORRUPT 11, FULL 13, CANTOPEN 14, NOTADB 26.
 */
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26]);

export interface Thread {
  /** Rejects with StoreUnavailable, or with an Error for a statement's own fault. */
  run(work: Work, lease?: number | null): Promise<unknown>;
  /** Opens an interactive transaction; resolves to its lease. */
  begin(): Promise<number>;
  /** Posted and not answered. */
  open(): number;
  close(): Promise<void>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function toError(error: Extract<Reply, { ok: false }>['error']): Error {
  const primary = error.errcode === null ? null : error.errcode & 0xff;
  if (error.fatal || (primary !== null && UNAVAILABLE.has(primary))) {
    return new StoreUnavailable(`The database file cannot be used: ${error.message}`);
  }
  return new Error(`SQLite: ${error.message}`);
}

export function startThread(options: ThreadOptions): Thread {
  // Built, the file beside this one is JavaScript.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./thread.${extension}`, import.meta.url), { workerData: options });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let gone: Error | null = null;

  const fail = (cause: unknown): void => {
    gone = new StoreUnavailable('The database thread has ended.', { cause });
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(null));
  worker.on('message', (replies: Reply[]) => {
    for (const reply of replies) {
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.value);
      else waiting?.reject(toError(reply.error));
    }
  });

  const post = (id: number, work: Work, lease: number | null): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (gone !== null) {
        reject(gone);
        return;
      }
      pending.set(id, { resolve, reject });
      worker.postMessage({ id, lease, work } satisfies Request);
    });

  return {
    run(work, lease = null) {
      lastId += 1;
      return post(lastId, work, lease);
    },
    async begin() {
      lastId += 1;
      const id = lastId;
      await post(id, { kind: 'begin' }, null);
      return id;
    },
    open: () => pending.size,
    async close() {
      if (gone !== null) return;
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('close');
      await ended;
    },
  };
}

/** A thread that starts when it is first asked something. */
export function lazyThread(options: ThreadOptions): Thread {
  let thread: Thread | null = null;
  const started = (): Thread => {
    thread ??= startThread(options);
    return thread;
  };
  return {
    run: (work, lease) => started().run(work, lease),
    begin: () => started().begin(),
    open: () => thread?.open() ?? 0,
    close: async () => thread?.close(),
  };
}

/** A window on a larger buffer would take all of it along to the thread. */
function compact(parameter: unknown): unknown {
  const isWindow = parameter instanceof Uint8Array && parameter.byteLength !== parameter.buffer.byteLength;
  return isWindow ? new Uint8Array(parameter) : parameter;
}

class ThreadConnection implements DatabaseConnection {
  readonly thread: Thread;
  lease: number | null = null;

  constructor(thread: Thread) {
    this.thread = thread;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const work: Work = { kind: 'query', sql: query.sql, parameters: query.parameters.map(compact) };
    const { rows, changes } = (await this.thread.run(work, this.lease)) as QueryRows;
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Streaming is not used: pages are bounded.');
  }

  async end(kind: 'commit' | 'rollback'): Promise<void> {
    const lease = this.lease;
    this.lease = null;
    await this.thread.run({ kind }, lease);
  }
}

class ThreadDriver implements Driver {
  readonly thread: Thread;

  constructor(thread: Thread) {
    this.thread = thread;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<ThreadConnection> {
    return new ThreadConnection(this.thread);
  }

  async beginTransaction(connection: ThreadConnection): Promise<void> {
    connection.lease = await this.thread.begin();
  }

  async commitTransaction(connection: ThreadConnection): Promise<void> {
    await connection.end('commit');
  }

  async rollbackTransaction(connection: ThreadConnection): Promise<void> {
    await connection.end('rollback');
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.thread.close();
  }
}

/** SQLite's DDL is transactional, and the thread queues transactions by itself. */
class ThreadAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

export function threadDialect(thread: Thread): Dialect {
  return {
    createAdapter: () => new ThreadAdapter(),
    createDriver: () => new ThreadDriver(thread),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
