/**
 * Connections to PostgreSQL: how they are made, how long anything may take on them, and what becomes of
 * one that breaks.
 *
 * A connection ends in one of three ways, none of which is ever thrown where nobody waits for it:
 *  - it breaks (the server restarts, the network cuts it): whoever uses it is told by the driver;
 *  - it goes silent while in use (a firewall forgot it, the server's host is gone, and nothing says so):
 *    it is broken off here after `answerMs`, since a late answer would be taken for the next question's. With it go
 *    those of its pool that lie idle, and those in use that have been silent as long: what silenced one has most
 *    likely silenced them, and nobody should wait for each anew;
 *  - it is idle for longer than IDLE_MS: the pool closes it.
 * A connection that broke is never used again: the pool asks the driver before it takes one back.
 */

import pg from 'pg';
import { SECOND } from '../../core/duration.ts';

/** How long things may take, ms. */
export interface Limits {
  /** To be connected; and before that, to wait until a connection of the pool is free. */
  connectMs: number;
  /** The server's limit for one statement. */
  statementMs: number;
  /** How long a connection in use may be silent: longer than `statementMs`, after which the server speaks. */
  answerMs: number;
  /** Between two looks at whether the listening connection is alive. */
  checkMs: number;
  /** How long it may take to answer such a look. */
  checkAnswerMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  // 2 s are too few: a stall of the disk (a checkpoint, a restart elsewhere) lasts that long now and then, and all
  // who wait would be refused at its end. With 5 s a node whose heartbeat is refused tries twice more within its lease.
  connectMs: 5 * SECOND,
  // The longest statement that is right here is a page of a list; what takes longer is stuck.
  statementMs: 10 * SECOND,
  answerMs: 12 * SECOND,
  // A connection that was forgotten on the way is found within 5 s, at the cost of one trivial statement
  // a node and 3 s. A NOTIFY to oneself would wake every node, and take a lock of all databases.
  checkMs: 3 * SECOND,
  checkAnswerMs: 2 * SECOND,
};

/** Idle connections are closed after this long. */
const IDLE_MS = 10 * SECOND;
/** The kernel asks a silent peer from then on: for statements without a limit, such as schema steps. */
const KEEP_ALIVE_AFTER_MS = 10 * SECOND;

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

interface ClientConfig extends pg.ClientConfig {
  /** Silence while in use after which it is broken off, ms; absent where a statement may take any time. */
  answerMs?: number;
  /** What it and its pool's others have been heard of; there where `answerMs` is. */
  hearing?: Hearing;
}

/** The connections of a pool, and in which order the server was last heard on them. */
class Hearing {
  readonly clients = new Set<Client>();
  #count = 0;

  next(): number {
    this.#count += 1;
    return this.#count;
  }

  /**
   * Breaks off those that lie idle, which costs nobody anything, and those in use that nothing was heard of since this
   * one was given out, or last heard of.
   */
  giveUp(silent: Client): void {
    const since = Math.max(silent.heard, silent.givenOut);
    for (const client of this.clients) {
      if (client !== silent && (!client.inUse || client.heard <= since)) {
        client.breakOff('Another connection went silent');
      }
    }
  }
}

/** What is asked of the driver's socket here. */
interface Socket {
  on: (event: 'data', onData: () => void) => unknown;
  setTimeout: (ms: number, onSilence: () => void) => void;
  destroy: (error: Error) => void;
}

/** A client of the driver that throws nothing at nobody, and does not wait for ever. */
export class Client extends pg.Client {
  /** False while it lies in the pool, where silence is nothing to worry about. */
  inUse = true;
  /** When the server was last heard, and when the pool gave this out: in the order that Hearing counts. */
  heard = 0;
  givenOut = 0;

  constructor(config: ClientConfig = {}) {
    super(config);
    // The driver tells whoever waits for an answer. It also emits the error, which ends the process where
    // nobody listens; the pool listens only to those that it has not given out.
    this.on('error', () => {});
    const { answerMs, hearing } = config;
    if (answerMs === undefined || hearing === undefined) return;
    this.once('connect', () => {
      this.heard = hearing.next();
      this.#socket.on('data', () => {
        this.heard = hearing.next();
      });
      this.#socket.setTimeout(answerMs, () => {
        if (!this.inUse) return;
        this.breakOff(`PostgreSQL has not answered for ${answerMs} ms`);
        hearing.giveUp(this);
      });
    });
  }

  /** Ends the connection at once; whoever waits for an answer gets this as its error. */
  breakOff(why: string): void {
    this.#socket.destroy(Object.assign(new Error(why), { code: 'ETIMEDOUT' }));
  }

  /** With TLS it is another one once connected. */
  get #socket(): Socket {
    return this.connection.stream as unknown as Socket;
  }
}

export function clientConfig(url: string, connectMs: number): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'mirsal',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
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
  limits?: Limits;
}

export function openPool(options: PoolOptions): pg.Pool {
  const { url, max, settings, limited = true, limits = DEFAULT_LIMITS } = options;
  const hearing = new Hearing();
  const limitsOfEach = {
    statement_timeout: limits.statementMs,
    // A node that froze or vanished amid a transaction must not keep its locks.
    idle_in_transaction_session_timeout: limits.statementMs,
    answerMs: limits.answerMs,
    hearing,
  };
  const pool = new pg.Pool({
    ...clientConfig(url, limits.connectMs),
    ...(limited ? limitsOfEach : {}),
    Client,
    max,
    idleTimeoutMillis: IDLE_MS,
    ...(settings === undefined
      ? {}
      : {
          onConnect: async (client) => {
            await client.query(settings);
          },
        }),
  });
  const whenOurs = (run: (client: Client) => void) => (client: pg.PoolClient) => {
    if (client instanceof Client) run(client);
  };
  pool.on(
    'acquire',
    whenOurs((client) => {
      client.inUse = true;
      client.givenOut = hearing.next();
      hearing.clients.add(client);
    }),
  );
  pool.on('release', (_, client) => {
    whenOurs((released) => {
      released.inUse = false;
    })(client);
  });
  pool.on(
    'remove',
    whenOurs((client) => hearing.clients.delete(client)),
  );
  // An idle connection that breaks is dropped by the pool; the next statement finds out for itself.
  pool.on('error', () => {});
  return pool;
}
