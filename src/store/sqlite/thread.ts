/**
 * The thread that owns a SQLite connection. A sync on a slow disk takes milliseconds; here it
 * stops nobody's sockets.
 *
 * Group commit: whatever has queued up while the last commit was syncing becomes the next
 * transaction, each request in a savepoint of its own, all answered after the one commit:
 *
 *   queue: [publish][record][query][publish] ──▶ BEGIN … COMMIT (one sync) ──▶ four answers
 *
 * An interactive transaction (Kysely's) takes the connection for itself: `begin` is answered
 * with a lease, and until its `commit` or `rollback` only requests that bear it are worked on.
 */

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { publish, record, Undo } from './hot.ts';
import { unpackCall, unpackResults } from './packing.ts';
import type { Reply, Request, ThreadOptions, Work } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('thread.ts runs as a worker thread only');
const options = workerData as ThreadOptions;

/** Prepared statements are kept; a fixed number, since filters make many shapes. */
const KEPT_STATEMENTS = 300;

/** Packed values: some 100 events with a delivery each, about 2 ms. */
const PUBLISHED_AT_ONCE = 2_000;

const db = new DatabaseSync(options.path, { readOnly: options.mode === 'read' });
// Another process cannot hold the lock (lock.ts); a checkpoint by the other thread can, briefly.
db.exec('PRAGMA busy_timeout = 5000');
if (options.mode === 'write') {
  db.exec('PRAGMA journal_mode = WAL');
  // FULL syncs the log at each commit: an acknowledged transaction survives power loss (P1).
  db.exec('PRAGMA synchronous = FULL');
  // 16,000 pages, 64 MB: a checkpoint stops commits while it copies pages, and a page that is written
  // often is copied once per checkpoint. Deliveries/s on a disk that others used, too: 1,000 pages 9,400;
  // 4,000 15,200; 16,000 14,400 and 25,800; 64,000 25,800.
  db.exec('PRAGMA wal_autocheckpoint = 16000');
}
db.exec('PRAGMA cache_size = -65536');
db.exec('PRAGMA temp_store = MEMORY');

const statements = new Map<string, StatementSync>();

function prepare(sql: string): StatementSync {
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = db.prepare(sql);
    if (statements.size >= KEPT_STATEMENTS) {
      const [oldest] = statements.keys();
      if (oldest !== undefined) statements.delete(oldest);
    }
    statements.set(sql, statement);
  }
  return statement;
}

type Value = Extract<Reply, { ok: true }>['value'];

function run(work: Work): Value {
  switch (work.kind) {
    case 'query': {
      const statement = prepare(work.sql);
      const parameters = work.parameters as Array<string | number | null | Uint8Array>;
      if (statement.columns().length > 0) return { rows: statement.all(...parameters), changes: 0 };
      return { rows: [], changes: Number(statement.run(...parameters).changes) };
    }
    case 'publish':
      return publish(prepare, unpackCall(work.call));
    case 'record':
      return record(prepare, work.node, unpackResults(work.results));
    case 'begin':
    case 'commit':
    case 'rollback':
      return null;
  }
  return work satisfies never;
}

function failure(id: number, error: unknown, fatal: boolean): Reply {
  const errcode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : null;
  const message = error instanceof Error ? error.message : String(error);
  return { id, ok: false, error: { message, errcode, fatal } };
}

/** Does one request within the open transaction; its own failure undoes only itself. */
function runInSavepoint(request: Request): Reply {
  db.exec('SAVEPOINT request');
  try {
    const value = run(request.work);
    db.exec('RELEASE request');
    return { id: request.id, ok: true, value };
  } catch (error) {
    // A full disk or a failed write rolls the whole transaction back by itself.
    if (!db.isTransaction) throw error;
    db.exec('ROLLBACK TO request');
    db.exec('RELEASE request');
    if (error instanceof Undo) return { id: request.id, ok: true, value: error.answer };
    return failure(request.id, error, false);
  }
}

/** Does all requests in one transaction; where it fails as a whole, all of them have failed. */
function runGroup(requests: readonly Request[]): Reply[] {
  try {
    db.exec('BEGIN IMMEDIATE');
    const replies = requests.map(runInSavepoint);
    db.exec('COMMIT');
    return replies;
  } catch (error) {
    rollBack();
    return requests.map((request) => failure(request.id, error, true));
  }
}

function rollBack(): void {
  if (db.isTransaction) db.exec('ROLLBACK');
}

let lease: number | null = null;
const queue: Request[] = [];

/** One step of the interactive transaction. */
function runLeased(request: Request): Reply {
  try {
    switch (request.work.kind) {
      case 'commit':
        lease = null;
        db.exec('COMMIT');
        return { id: request.id, ok: true, value: null };
      case 'rollback':
        lease = null;
        rollBack();
        return { id: request.id, ok: true, value: null };
      default:
        return { id: request.id, ok: true, value: run(request.work) };
    }
  } catch (error) {
    if (lease === null) rollBack();
    return failure(request.id, error, request.work.kind === 'commit');
  }
}

/**
 * Everything up to the next `begin`, save that publishes beyond PUBLISHED_AT_ONCE wait for the next
 * group: a lane sends nothing while its result waits for a thousand deliveries to be inserted.
 */
function takeGroup(): Request[] {
  const end = queue.findIndex((request) => request.work.kind === 'begin');
  const group: Request[] = [];
  const later: Request[] = [];
  let published = 0;
  for (const request of queue.splice(0, end === -1 ? queue.length : end)) {
    const size = request.work.kind === 'publish' ? request.work.call.length : 0;
    if (size > 0 && published > 0 && published + size > PUBLISHED_AT_ONCE) later.push(request);
    else group.push(request);
    published += size;
  }
  queue.unshift(...later);
  return group;
}

function begin(request: Request): Reply {
  try {
    db.exec('BEGIN IMMEDIATE');
    lease = request.id;
    return { id: request.id, ok: true, value: null };
  } catch (error) {
    return failure(request.id, error, true);
  }
}

/** Works until nothing can go on; returns the answers. */
function work(): Reply[] {
  for (;;) {
    if (lease !== null) {
      const index = queue.findIndex((request) => request.lease === lease);
      if (index === -1) return [];
      return queue.splice(index, 1).map(runLeased);
    }
    if (queue.length === 0) return [];
    const group = takeGroup();
    if (group.length > 0) return options.mode === 'read' ? group.map(readOne) : runGroup(group);
    return queue.splice(0, 1).map(begin);
  }
}

/** Reads need no transaction: each sees the latest commit. */
function readOne(request: Request): Reply {
  try {
    return { id: request.id, ok: true, value: run(request.work) };
  } catch (error) {
    return failure(request.id, error, false);
  }
}

port.on('message', (first: Request | 'close') => {
  let message: Request | 'close' | undefined = first;
  do {
    while (message !== undefined) {
      if (message === 'close') {
        db.close();
        port.close();
        return;
      }
      queue.push(message);
      message = receiveMessageOnPort(port)?.message as Request | 'close' | undefined;
    }
    const replies = work();
    if (replies.length === 0) return;
    port.postMessage(replies);
    message = receiveMessageOnPort(port)?.message as Request | 'close' | undefined;
  } while (message !== undefined || queue.length > 0);
});
