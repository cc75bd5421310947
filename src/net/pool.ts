/**
 * Connections and the idle ones among them. One undici Client drives one socket that was opened and
 * vetted here, so an attempt knows exactly which connection it uses, whether it is fresh, and where it
 * leads. undici's Agent and Pool choose a connection by themselves and open new ones unasked; that is why
 * they are not used.
 *
 *   opened ─→ in use ─→ idle ─→ in use …
 *               │         │
 *               └────┬────┘
 *                 discarded (closed by either side, too old, answer not read to its end)
 */
import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Clock } from '../world.ts';
import { CONNECTION_GONE_CODE } from './failure.ts';
import { AnswerReader, readThrough } from './head.ts';
import {
  CONNECTION_MAX_AGE_MS,
  KEEP_ALIVE_MAX_MS,
  KEEP_ALIVE_MS,
  MAX_HEADERS_READ_BYTES,
  MAX_IDLE,
  MAX_IDLE_PER_ORIGIN,
} from './limits.ts';

export interface Connection {
  readonly key: string;
  readonly client: Client;
  readonly socket: Socket;
  /** Between the socket and the client: what it has seen of the answer to the request under way. */
  readonly reader: AnswerReader;
  readonly address: string;
  readonly openedAt: number;
}

export interface ConnectionPool {
  /** An idle connection for the key, the most recently used first; null when there is none. */
  take(key: string): Connection | null;
  /** Gives a connection back after an answer was read to its end. */
  put(connection: Connection): void;
  close(): void;
}

/** Wraps an open socket. `origin` decides the Host header only; the socket is already where it must be. */
export function createConnection(
  socket: Socket,
  options: { key: string; origin: string; address: string; openedAt: number },
): Connection {
  const { key, origin, address, openedAt } = options;
  const reader = new AnswerReader();
  readThrough(socket, reader);
  let isHandedOver = false;
  const client = new Client(origin, {
    connect: (_options, callback) => {
      // When the socket has died, undici asks again. Only an attempt may open a new, vetted one.
      const isGone = isHandedOver || socket.destroyed;
      isHandedOver = true;
      queueMicrotask(() => (isGone ? callback(connectionGone(), null) : callback(null, socket)));
    },
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    maxHeaderSize: MAX_HEADERS_READ_BYTES,
    // Neither stops a dribbled body nor a flood of 1xx; the attempt's own deadline covers everything.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return { key, client, socket, reader, address, openedAt };
}

/** Closes the socket at once. What undici reports afterwards is for an attempt that has ended. */
export function discardConnection(connection: Connection): void {
  void connection.client.destroy();
  connection.socket.destroy();
}

export function createConnectionPool(clock: Clock): ConnectionPool {
  const idle = new Map<string, Connection[]>();
  const watched = new WeakSet<Connection>();
  let idleCount = 0;
  let isClosed = false;

  function remove(connection: Connection): void {
    const list = idle.get(connection.key);
    const index = list?.lastIndexOf(connection) ?? -1;
    if (list === undefined || index === -1) return;
    list.splice(index, 1);
    idleCount -= 1;
    if (list.length === 0) idle.delete(connection.key);
  }

  function isUsable(connection: Connection): boolean {
    return !connection.socket.destroyed && clock.monotonic() - connection.openedAt < CONNECTION_MAX_AGE_MS;
  }

  return {
    take(key) {
      const list = idle.get(key);
      if (list === undefined) return null;
      for (let connection = list.pop(); connection !== undefined; connection = list.pop()) {
        idleCount -= 1;
        if (isUsable(connection)) return connection;
        discardConnection(connection);
      }
      // Empty lists stay until their last socket closes: a busy origin takes and gives thousands of times.
      return null;
    },
    put(connection) {
      const list = idle.get(connection.key) ?? [];
      // Bytes still being written belong to the last request: its receiver answered before reading all.
      const isClean = connection.socket.writableLength === 0;
      const hasRoom = idleCount < MAX_IDLE && list.length < MAX_IDLE_PER_ORIGIN;
      if (isClosed || !isClean || !hasRoom || !isUsable(connection)) {
        discardConnection(connection);
        return;
      }
      if (!watched.has(connection)) {
        watched.add(connection);
        connection.socket.once('close', () => {
          remove(connection);
          if (idle.get(connection.key)?.length === 0) idle.delete(connection.key);
        });
      }
      list.push(connection);
      idleCount += 1;
      if (list.length === 1) idle.set(connection.key, list);
    },
    close() {
      isClosed = true;
      for (const connection of [...idle.values()].flat()) discardConnection(connection);
      idle.clear();
      idleCount = 0;
    },
  };
}

function connectionGone(): Error {
  return Object.assign(new Error('The connection is gone'), { code: CONNECTION_GONE_CODE });
}
