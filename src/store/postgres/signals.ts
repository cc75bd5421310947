/**
 * Signals between nodes over LISTEN/NOTIFY, on one connection of their own that is opened again
 * when it breaks. What is missed meanwhile is made good by polling, so nothing is queued here.
 */

import pg from 'pg';
import { SECOND } from '../../core/duration.ts';
import type { Clock, Timer } from '../../world.ts';
import type { Signal } from '../store.ts';
import { clientConfig } from './connection.ts';

const CHANNEL = 'mirsal';
/** A payload is at most 8,000 bytes; a key and its comma take 17. */
const LANES_PER_SIGNAL = 400;
const FIRST_RETRY_MS = SECOND / 4;
const LONGEST_RETRY_MS = 10 * SECOND;

export interface Signals {
  notify(signal: Signal): Promise<void>;
  listen(receive: (signal: Signal) => void): void;
  close(): Promise<void>;
}

type Queryable = Pick<pg.Pool, 'query'>;

function split(signal: Signal): Signal[] {
  if (signal.kind !== 'lanes') return [signal];
  const parts: Signal[] = [];
  for (let start = 0; start < signal.lanes.length; start += LANES_PER_SIGNAL) {
    parts.push({ kind: 'lanes', lanes: signal.lanes.slice(start, start + LANES_PER_SIGNAL) });
  }
  return parts;
}

/** `pool` is used to notify while the connection of its own is not there. */
export function openSignals(url: string, clock: Clock, pool: Queryable): Signals {
  let client: pg.Client | null = null;
  let connecting: Promise<void> = Promise.resolve();
  let timer: Timer | null = null;
  let retryMs = FIRST_RETRY_MS;
  let closed = false;

  const connect = async (receive: (signal: Signal) => void): Promise<void> => {
    const own = new pg.Client(clientConfig(url));
    let gone = false;
    const again = (): void => {
      if (gone) return;
      gone = true;
      if (client === own) client = null;
      own.end().catch(() => {});
      if (closed) return;
      timer = clock.after(retryMs, () => start(receive), { unref: true });
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    };
    own.on('error', again);
    own.on('end', again);
    own.on('notification', ({ processId, payload }) => {
      // What this node sends comes back to it; it knows already.
      if (processId === ownProcess(own) || payload === undefined) return;
      receive(JSON.parse(payload) as Signal);
    });
    try {
      await own.connect();
      await own.query(`LISTEN ${CHANNEL}`);
      retryMs = FIRST_RETRY_MS;
      client = own;
    } catch {
      again();
    }
  };

  const start = (receive: (signal: Signal) => void): void => {
    connecting = connect(receive);
  };

  return {
    async notify(signal) {
      // Through the connection that listens, where there is one: that is how its own are known.
      await connecting;
      for (const part of split(signal)) {
        await (client ?? pool).query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify(part)]);
      }
    },
    listen: start,
    async close() {
      closed = true;
      timer?.cancel();
      await connecting;
      await client?.end();
    },
  };
}

/** The server's name for the connection; the driver has it, its types do not. */
function ownProcess(client: pg.Client): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null;
}
