/**
 * The transactional outbox: an event is written in the caller's own transaction, beside what it tells of, and a relay publishes what was
 * committed. So there is no event without its change, and no change without its event.
 *
 * - The row's id is the event's id: whatever is sent twice (an answer was lost, the relay was killed, two relays at once) is accepted once.
 * - Events of one `key` are published in the order in which their transactions committed. On PostgreSQL, writing takes a lock of the key until
 *   the transaction ends, since rows are numbered before they are committed; on SQLite only one transaction writes at a time. Events without
 *   a key go out in no promised order.
 * - Several relays may run: one holds a lease and publishes. A relay that comes back after its lease repeats what it had begun, which the
 *   ids make harmless; it deletes no row of which it has no answer.
 * - A row is deleted after the answer. One that Mirsal refuses for what it says is set aside, with the reason, and the others go on.
 */

import type { NewEventOf } from './calls.ts';
import type { NewEvent } from './generated/schemas.ts';
import { now, randomId } from './platform.ts';

export type OutboxDialect = 'postgres' | 'sqlite';

/** What every driver has in some form: `pg`'s pool and client fit as they are. */
export interface OutboxDatabase {
  query(sql: string, params: unknown[]): PromiseLike<OutboxRows> | OutboxRows;
}
type Row = Record<string, unknown>;
export type OutboxRows = readonly unknown[] | { rows: readonly unknown[] };

export interface Statement {
  sql: string;
  params: unknown[];
}

export interface OutboxRow {
  position: number;
  event: NewEvent & { id: string };
}

export interface Outbox {
  dialect: OutboxDialect;
  /** What makes the tables where they are not there; for your migrations. */
  schema: readonly string[];
  /** Writes it within the transaction that `tx` is in. Resolves to the event's id. */
  write<const Type extends string>(
    tx: OutboxDatabase,
    event: NewEventOf<Type>,
    options?: WriteOptions,
  ): Promise<string>;
  /** The same as statements to run one after the other, for drivers that do not wait: node:sqlite, better-sqlite3. */
  statements<const Type extends string>(event: NewEventOf<Type>, options?: WriteOptions): Statement[];
  /** Events that were set aside, oldest first. */
  refused(db: OutboxDatabase): Promise<Array<{ id: string; error: string }>>;
  /** Has these (or all) published after all, behind nobody: what is wrong with them has been mended. Resolves to how many. */
  release(db: OutboxDatabase, ids?: readonly string[]): Promise<number>;
  /** For the relay. */
  read(db: OutboxDatabase, most: number): Promise<OutboxRow[]>;
  remove(db: OutboxDatabase, positions: readonly number[]): Promise<void>;
  setAside(db: OutboxDatabase, position: number, error: string, at: number): Promise<void>;
  /** True while the lease is this holder's, for `leaseMs` from `at` on. */
  hold(db: OutboxDatabase, holder: string, lease: { at: number; leaseMs: number }): Promise<boolean>;
  letGo(db: OutboxDatabase, holder: string): Promise<void>;
}

export interface WriteOptions {
  /** Events of one key keep their order: such as a contact's id. */
  key?: string;
}

export interface OutboxOptions {
  dialect: OutboxDialect;
  /** `mirsal_outbox`; the relay's lease lies in a table of this name and `_relay`. */
  table?: string;
}

export function createOutbox({ dialect, table = 'mirsal_outbox' }: OutboxOptions): Outbox {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?$/.test(table)) {
    throw new TypeError(`"${table}" is no plain name of a table.`);
  }
  const run = async (db: OutboxDatabase, { sql, params }: Statement): Promise<Row[]> => {
    const answer = await db.query(dialect === 'postgres' ? numbered(sql) : sql, params);
    return ('rows' in answer ? answer.rows : answer) as Row[];
  };
  const asRun = ({ sql, params }: Statement): Statement => ({
    sql: dialect === 'postgres' ? numbered(sql) : sql,
    params,
  });

  function writing(event: NewEvent, { key }: WriteOptions): { id: string; statements: Statement[] } {
    const id = event.id ?? randomId();
    const at = now();
    const text = JSON.stringify({ created_at: new Date(at).toISOString(), ...event, id });
    const insert = {
      sql: `INSERT INTO ${table} (id, event, written_at) VALUES (?, ?, ?)`,
      params: [id, text, at],
    };
    if (key === undefined || dialect === 'sqlite') return { id, statements: [insert] };
    const lock = { sql: 'SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', params: [`${table} ${key}`] };
    return { id, statements: [lock, insert] };
  }

  return {
    dialect,
    schema: schemaOf(dialect, table),
    async write(tx, event, options = {}) {
      const { id, statements } = writing(event as NewEvent, options);
      for (const statement of statements) await run(tx, statement);
      return id;
    },
    statements: (event, options = {}) => writing(event as NewEvent, options).statements.map(asRun),
    async refused(db) {
      const sql = `SELECT id, error FROM ${table} WHERE refused_at IS NOT NULL ORDER BY position LIMIT 1000`;
      return (await run(db, { sql, params: [] })) as Array<{ id: string; error: string }>;
    },
    async release(db, ids) {
      const which = ids === undefined ? '' : ` AND id IN (${ids.map(() => '?').join(', ')})`;
      if (ids?.length === 0) return 0;
      const sql = `UPDATE ${table} SET refused_at = NULL, error = NULL WHERE refused_at IS NOT NULL${which} RETURNING id`;
      return (await run(db, { sql, params: [...(ids ?? [])] })).length;
    },
    async read(db, most) {
      const sql = `SELECT position, event FROM ${table} WHERE refused_at IS NULL ORDER BY position LIMIT ?`;
      const rows = await run(db, { sql, params: [most] });
      // Drivers answer 64-bit integers as texts, numbers or bigints.
      return rows.map(({ position, event }) => ({
        position: Number(position),
        event: JSON.parse(String(event)) as OutboxRow['event'],
      }));
    },
    async remove(db, positions) {
      if (positions.length === 0) return;
      const places = positions.map(() => '?').join(', ');
      await run(db, { sql: `DELETE FROM ${table} WHERE position IN (${places})`, params: [...positions] });
    },
    async setAside(db, position, error, at) {
      const sql = `UPDATE ${table} SET refused_at = ?, error = ? WHERE position = ?`;
      await run(db, { sql, params: [at, error, position] });
    },
    async hold(db, holder, { at, leaseMs }) {
      const sql = `INSERT INTO ${table}_relay AS lease (name, holder, held_until) VALUES ('relay', ?, ?)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
        WHERE lease.holder = excluded.holder OR lease.held_until < ? RETURNING holder`;
      return (await run(db, { sql, params: [holder, at + leaseMs, at] })).length === 1;
    },
    async letGo(db, holder) {
      await run(db, { sql: `DELETE FROM ${table}_relay WHERE holder = ?`, params: [holder] });
    },
  };
}

function schemaOf(dialect: OutboxDialect, table: string): string[] {
  const position =
    dialect === 'postgres'
      ? 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY'
      : 'INTEGER PRIMARY KEY AUTOINCREMENT';
  const name = table.replace('.', '_');
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  position ${position},
  id TEXT NOT NULL UNIQUE,
  event TEXT NOT NULL,
  written_at BIGINT NOT NULL,
  refused_at BIGINT,
  error TEXT
)`,
    `CREATE INDEX IF NOT EXISTS ${name}_next ON ${table} (position) WHERE refused_at IS NULL`,
    `CREATE TABLE IF NOT EXISTS ${table}_relay (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  held_until BIGINT NOT NULL
)`,
  ];
}

/** `?` as PostgreSQL has it. */
function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => {
    count += 1;
    return `$${count}`;
  });
}
