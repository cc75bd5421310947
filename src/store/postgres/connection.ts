/**
 * Connections to PostgreSQL: pools, how values are read, and what an error means.
 */

import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type PrimitiveValueListNode,
  type ValueNode,
} from 'kysely';
import pg from 'pg';
import { numbered, type Row, type Statement } from '../statement.ts';
import { StoreUnavailable } from '../store.ts';

const CONNECT_TIMEOUT_MS = 2_000;
/** The longest statement that is right here is a page of a list; what takes longer is stuck. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** On this side, for a server that has stopped answering altogether; after the server's own limit. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 2_000;

const INT8 = 20;
const BYTEA = 17;

/** Keys, times and counts are integers below 2^53; bytes are plain Uint8Arrays. For these connections only. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === INT8 && format !== 'binary') return Number;
    if (oid === BYTEA && format !== 'binary') {
      const parse = pg.types.getTypeParser(oid, 'text') as (text: string) => Buffer;
      return (text: string) => new Uint8Array(parse(text));
    }
    return pg.types.getTypeParser(oid, format);
  },
};

export function clientConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'mirsal',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
}

export interface PoolOptions {
  url: string;
  max: number;
  /** Settings of each connection, such as `SET enable_seqscan = off`. */
  settings?: string;
  /** False for schema steps, which may take long. */
  limited?: boolean;
}

export function openPool({ url, max, settings, limited = true }: PoolOptions): pg.Pool {
  const limits = limited
    ? {
        statement_timeout: STATEMENT_TIMEOUT_MS,
        query_timeout: ANSWER_TIMEOUT_MS,
        // A node that froze or vanished amid a transaction must not keep its locks.
        idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      }
    : {};
  const pool = new pg.Pool({
    ...clientConfig(url),
    ...limits,
    max,
    ...(settings === undefined
      ? {}
      : {
          onConnect: async (client) => {
            await client.query(settings);
          },
        }),
  });
  // An idle connection that breaks is dropped by the pool; the next statement finds out for itself.
  pool.on('error', () => {});
  return pool;
}

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
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** The driver's own errors bear no code. */
const DRIVER_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

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
