/**
 * Using connections to PostgreSQL: statements and transactions, what an error means, and texts that can be
 * stored. How connections are made is in pool.ts.
 */

import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type PrimitiveValueListNode,
  type ValueNode,
} from 'kysely';
import pg from 'pg';
import { numbered, type Row, type Statement } from '../queries/statement.ts';
import { StoreUnavailable } from '../store.ts';

/** SQLSTATE classes: connection, resources (disk full, too many connections), shutdown, system errors. */
const AWAY = /^(08|53|57P|58)/;
/** Cancelled by a timeout; a server that became a standby while we were connected. */
const AWAY_TOO = new Set(['57014', '25P03', '25006']);
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_SOCKET_CLOSED',
]);
/** The driver's own errors, and those of its Kysely dialect, bear no code. */
const DRIVER_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after|Postgres connection has been discarded|driver has already been destroyed|There was an error establishing an SSL connection)/;

export function sqlState(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function isAway(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (isAway(error.cause)) return true;
  const code = sqlState(error);
  if (code === null) return DRIVER_MESSAGES.test(error.message);
  return SYSTEM_CODES.has(code) || AWAY_TOO.has(code) || (code.length === 5 && AWAY.test(code));
}

/** Deadlock, or a serialization failure: the transaction is undone, and trying again is right. */
function isCollision(error: unknown): boolean {
  const code = sqlState(error);
  return code === '40P01' || code === '40001';
}

const COLLISION_TRIES = 5;

/** Runs a verb that is one transaction: again after a collision, and saying so when the database is away. */
export async function guard<T>(verb: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await verb();
    } catch (error) {
      // A guard within this one has said so.
      if (error instanceof StoreUnavailable) throw error;
      if (isCollision(error) && tries < COLLISION_TRIES) continue;
      if (isAway(error)) {
        const detail = error.message === '' ? sqlState(error) : error.message;
        throw new StoreUnavailable(`PostgreSQL cannot be used: ${detail}`, { cause: error });
      }
      throw error;
    }
  }
}

/** The same verbs, each guarded. */
export function guardAll<T extends object>(verbs: T): T {
  const guarded = Object.entries(verbs).map(
    ([name, verb]: [string, (...args: unknown[]) => Promise<unknown>]) => [
      name,
      (...args: unknown[]) => guard(async () => verb(...args)),
    ],
  );
  return Object.fromEntries(guarded) as T;
}

/**
 * One statement, one transaction. Unlike the pool's own `query`, this keeps the connection after an
 * error of the statement: repeats are refused by a unique index all day long.
 */
export async function runStatement<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<R>> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await client.query<R>(statement);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.severity === 'ERROR')) broken = toError(error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** One transaction on a connection of its own. Where it fails, everything is undone. */
export async function transact<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const value = await work(client);
    await client.query('COMMIT');
    return value;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: unknown) => {
      broken = toError(failure);
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** PostgreSQL's text can hold neither the character NUL nor half a surrogate pair: U+FFFD takes their place. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** Makes every text that a query of Kysely's brings along storable. */
class TextTransformer extends OperationNodeTransformer {
  protected override transformValue(node: ValueNode): ValueNode {
    return typeof node.value === 'string' ? { ...node, value: storable(node.value) } : node;
  }

  protected override transformPrimitiveValueList(node: PrimitiveValueListNode): PrimitiveValueListNode {
    return {
      ...node,
      values: node.values.map((value) => (typeof value === 'string' ? storable(value) : value)),
    };
  }
}

export const storableTexts: KyselyPlugin = {
  transformQuery: ({ node }) => new TextTransformer().transformNode(node),
  transformResult: async ({ result }) => result,
};

/** Runs shared statements (statement.ts) within the client's transaction. */
export function runner(client: pg.PoolClient): (statement: Statement) => Promise<Row[]> {
  return async ({ sql, values }) => (await client.query<Row>(numbered(sql), [...values])).rows;
}
