/** Every verb that writes, on SQLite with a thread that fails at each statement and commit, or loses its answer. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { copyMigrated } from '../../../test/support/sqlite.ts';
import { realClock } from '../../real.ts';
import { filledByTests, INDEX_AS_NEW, SLICES_AS_NEW } from '../contract/builders.ts';
import { type Fault, type Faulty, faultContract } from '../contract/faults.ts';
import { insertNotices } from '../queries/notices.ts';
import type { Schema } from '../schema/schema.ts';
import { StoreUnavailable } from '../store.ts';
import { createStore } from './sqlite.ts';
import { startThread, type Thread, threadDialect } from './thread-client.ts';

/** Where the next fault strikes, counted over both threads. */
class Strike {
  #fault: Fault | null = null;
  #left = 0;
  struck = false;

  arm(fault: Fault, nth: number): void {
    this.#fault = fault;
    this.#left = nth;
    this.struck = false;
  }

  disarm(): void {
    this.#fault = null;
  }

  /** Whether this is the place where this fault is to strike. */
  hits(fault: Fault): boolean {
    if (this.#fault !== fault || this.struck) return false;
    this.#left -= 1;
    this.struck = this.#left === 0;
    return this.struck;
  }
}

/** The real thread, and between it and the store what a full disk or an ended thread would do. */
function faultyThread(thread: Thread, strike: Strike): Thread {
  return {
    async run(work, lease = null) {
      if (strike.hits('nothing committed')) {
        // A commit that fails undoes its transaction; so does the rollback that follows any other failure.
        if (work.kind === 'commit') await thread.run({ kind: 'rollback' }, lease);
        throw new StoreUnavailable('The disk is full.');
      }
      const answer = await thread.run(work, lease);
      const isEnd = lease === null || work.kind === 'commit';
      if (isEnd && strike.hits('answer lost')) throw new StoreUnavailable('The thread has ended.');
      return answer;
    },
    async begin() {
      if (strike.hits('nothing committed')) throw new StoreUnavailable('The disk is full.');
      return thread.begin();
    },
    open: () => thread.open(),
    close: () => thread.close(),
  };
}

async function open(): Promise<Faulty> {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-sqlite-'));
  const path = copyMigrated(directory);
  const strike = new Strike();
  const writer = startThread({ path, mode: 'write' });
  const reader = startThread({ path, mode: 'read' });
  const store = createStore({
    writer: faultyThread(writer, strike),
    reader: faultyThread(reader, strike),
    clock: realClock,
  });
  const db = new Kysely<Schema>({ dialect: threadDialect(writer) });
  const file = new DatabaseSync(path);
  file.exec('PRAGMA busy_timeout = 5000');
  const named = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const tables = named.map(({ name }) => String(name));
  return {
    store,
    insertNotices: (rows) => db.transaction().execute((trx) => insertNotices(trx, rows)),
    arm: (fault, nth) => strike.arm(fault, nth),
    disarm() {
      strike.disarm();
      return strike.struck;
    },
    async dump() {
      const rowsOf = (table: string): string[] =>
        readRows(file.prepare(`SELECT * FROM ${table}`), table.startsWith('search_index')).map((row) =>
          JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
        );
      return new Map(tables.map((name) => [name, rowsOf(name)]));
    },
    async empty() {
      const removal = filledByTests(tables)
        .map((table) => `DELETE FROM ${table}`)
        .join(';');
      file.exec(`BEGIN IMMEDIATE; ${removal}; ${INDEX_AS_NEW}; ${SLICES_AS_NEW}; COMMIT`);
    },
    async close() {
      file.close();
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** The numbers of an index's own rows may be larger than JavaScript's. */
function readRows(statement: StatementSync, areLarge: boolean): unknown[] {
  statement.setReadBigInts(areLarge);
  return statement.all();
}

faultContract('SQLite', open);
