/**
 * The thread that owns a SQLite connection. A sync on a slow disk takes milliseconds; here it
 * stops nobody's sockets.
 *
 * Group commit: what has queued up while the last commit was syncing becomes the next transaction, up
 * to a size (GROUP_VALUES) and workspaces in turn (turnQueue.ts), all answered after the one commit:
 *
 *   queue: [publish][record][query][publish] ──▶ BEGIN … COMMIT (one sync) ──▶ four answers
 *
 * An interactive transaction (Kysely's) takes the connection for itself: `begin` is answered
 * with a lease, and until its `commit` or `rollback` only requests that bear it are worked on.
 */

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Counting } from './counting.ts';
import { publish, record, Undo } from './hot.ts';
import { unpackCall, unpackResults } from './packing.ts';
import type { Reply, Request, ThreadOptions, Work } from './protocol.ts';
import { TurnQueue } from './turnQueue.ts';

const port = parentPort;
if (port === null) throw new Error('thread.ts runs as a worker thread only');
const options = workerData as ThreadOptions;

/** Prepared statements are kept; a fixed number, since filters make many shapes. */
const KEPT_STATEMENTS = 300;

/**
 * Packed values in one transaction: some 100 results, or 100 events with a delivery each, 2 to 3 ms. A
 * lane sends nothing while its result waits for others to be written, so that larger groups leave the
 * sending thread without work (200 lanes: 12,400 deliveries/s without a limit, 13,600 with it), and
 * smaller ones cost a sync each. What is larger by itself, such as an event for a thousand endpoints,
 * goes alone.
 */
const GROUP_VALUES = 3_000;

const db = new DatabaseSync(options.path, { readOnly: options.mode === 'read' });
// Another process cannot hold the lock (lock.ts); a checkpoint by the other thread can, briefly.
db.exec('PRAGMA busy_timeout = 5000');
if (options.mode === 'write') {
  db.exec('PRAGMA journal_mode = WAL');
  // FULL syncs the log at each commit: an acknowledged transaction survives power loss (P1).
  db.exec('PRAGMA synchronous = FULL');
  // What is deleted is overwritten: of erased data nothing stays in the file (queries/erasing.ts).
  db.exec('PRAGMA secure_delete = ON');
  // 16,000 pages, 64 MB: a checkpoint stops commits while it copies pages, and a page that is written
  // often is copied once per checkpoint. Deliveries/s on a disk that others used, too: 1,000 pages 9,400;
  // 4,000 15,200; 16,000 14,400 and 25,800; 64,000 25,800.
  db.exec('PRAGMA wal_autocheckpoint = 16000');
}
// In KiB, for each of the three threads. Deliveries/s are the same with 16 and 64 MB.
db.exec('PRAGMA cache_size = -16384');
db.exec('PRAGMA temp_store = MEMORY');

const counting = new Counting();
const statements = new Map<string, StatementSync>();

function prepare(sql: string): StatementSync {
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = db.prepare(sql);
    // Told with every change is the rowid of the connection's last insert: FTS5 leaves one that no JavaScript number holds.
    if (statement.columns().length === 0) statement.setReadBigInts(true);
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
      return counting.during(() => publish(prepare, counting, unpackCall(work.call)));
    case 'record':
      return counting.during(() => record(prepare, counting, work.node, unpackResults(work.results)));
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'scrub':
      return null;
  }
  return work satisfies never;
}

function failure(id: number, error: unknown, fatal: boolean): Reply {
  const errcode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : null;
  const message = error instanceof Error ? error.message : String(error);
  return { id, ok: false, error: { message, errcode, fatal } };
}

/**
 * Does all requests in one transaction; where it fails as a whole, all of them have failed. Hardly ever
 * does one of them fail by itself: only then is the group done again with a savepoint for each, because
 * savepoints cost a copy of every page that is written: 41 µs a delivery with them, 36 without.
 */
function runGroup(requests: readonly Request[]): Reply[] {
  try {
    db.exec('BEGIN IMMEDIATE');
    let replies = runAll(requests);
    if (replies === null) {
      rollBack();
      db.exec('BEGIN IMMEDIATE');
      replies = requests.map(runInSavepoint);
    }
    counting.write(prepare);
    db.exec('COMMIT');
    return replies;
  } catch (error) {
    rollBack();
    return requests.map((request) => failure(request.id, error, true));
  }
}

/** Null where one of them has failed and what it wrote is to be undone. */
function runAll(requests: readonly Request[]): Reply[] | null {
  try {
    return requests.map(({ id, work }) => ({ id, ok: true, value: run(work) }));
  } catch {
    return null;
  }
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

function rollBack(): void {
  counting.clear();
  if (db.isTransaction) db.exec('ROLLBACK');
}

let lease: number | null = null;
const queue = new TurnQueue();

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

function begin(request: Request): Reply {
  try {
    db.exec('BEGIN IMMEDIATE');
    lease = request.id;
    return { id: request.id, ok: true, value: null };
  } catch (error) {
    return failure(request.id, error, true);
  }
}

function scrub({ id }: Request): Reply {
  try {
    return { id, ok: true, value: { rows: db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all(), changes: 0 } };
  } catch (error) {
    return failure(id, error, false);
  }
}

/** Works until nothing can go on; returns the answers. */
function work(): Reply[] {
  if (lease !== null) {
    const request = queue.takeLeased(lease);
    return request === undefined ? [] : [runLeased(request)];
  }
  const group = queue.takeGroup(GROUP_VALUES);
  const [first] = group;
  if (first === undefined) return [];
  if (first.work.kind === 'scrub') return [scrub(first)];
  if (first.work.kind !== 'begin') return options.mode === 'read' ? group.map(readOne) : runGroup(group);
  return [begin(first)];
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
      queue.add(message);
      message = receiveMessageOnPort(port)?.message as Request | 'close' | undefined;
    }
    const replies = work();
    if (replies.length === 0) return;
    port.postMessage(replies);
    message = receiveMessageOnPort(port)?.message as Request | 'close' | undefined;
  } while (message !== undefined || !queue.isEmpty);
});
