/**
 * Signals between nodes over LISTEN/NOTIFY. They are sent through a pool (outbox.ts) and heard on one
 * connection of their own, which is looked at every few seconds and opened again when it has broken:
 *
 *   connecting ──▶ listening ──answered──▶ listening
 *       ▲             │ broken, or silent for `checkAnswerMs`
 *       └─ back-off ──┘
 *
 * Whatever was signalled meanwhile is lost, so each time that it listens (again) the receivers are told to
 * look at everything. A signal is never more than a hint to look sooner.
 */

import { SECOND } from '../../core/duration.ts';
import type { Clock, Timer } from '../../world.ts';
import type { Signal } from '../ports/signals.ts';
import { createSignalOutbox } from './outbox.ts';
import { Client, clientConfig, type Limits } from './pool.ts';

const CHANNEL = 'mirsal';
const FIRST_RETRY_MS = SECOND / 4;
/** A server that has come back is listened to within this. */
const LONGEST_RETRY_MS = 2 * SECOND;

/**
 * All payloads in one transaction. It need not be durable: waiting for the disk would cost each signal as much as
 * a publish.
 */
const NOTIFY = `SELECT set_config('synchronous_commit', 'off', true), count(pg_notify('${CHANNEL}', payload))
  FROM unnest($1::text[]) AS payload`;

export type Receive = (signal: Signal) => void;

export interface Signals {
  /** Never waits and never fails; what cannot be sent now is sent later, merged. */
  notify(signal: Signal): void;
  /** All receivers share one connection, opened with the first. */
  listen(receive: Receive): void;
  close(): Promise<void>;
}

interface Pool {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** `from` is whose it is, in the words of Listener.token. */
type Payload = Signal & { from: string | null };

export function openSignals(url: string, clock: Clock, limits: Limits, pool: Pool): Signals {
  const receivers: Receive[] = [];
  const deliver: Receive = (signal) => {
    for (const receive of receivers) receive(signal);
  };
  let listener: Listener | null = null;
  const outbox = createSignalOutbox(clock, async (signals) => {
    const from = listener?.token ?? null;
    await pool.query(NOTIFY, [
      signals.map((signal) => JSON.stringify({ ...signal, from } satisfies Payload)),
    ]);
  });
  return {
    notify: (signal) => outbox.add(signal),
    listen(receive) {
      receivers.push(receive);
      listener ??= new Listener(url, clock, limits, deliver);
    },
    async close() {
      await Promise.all([outbox.close(), listener?.close()]);
    },
  };
}

/** The connection that listens, opened again until it is closed. */
class Listener {
  /** By which this node knows its own signals; another for each connection. */
  token: string | null = null;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #receive: Receive;
  #client: Client | null = null;
  #timer: Timer | null = null;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;
  #connecting: Promise<void>;

  constructor(url: string, clock: Clock, limits: Limits, receive: Receive) {
    this.#url = url;
    this.#clock = clock;
    this.#limits = limits;
    this.#receive = receive;
    this.#connecting = this.#connect();
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    const client = new Client(clientConfig(this.#url, this.#limits.connectMs));
    this.#client = client;
    client.once('end', () => this.#lose(client));
    client.on('notification', ({ payload }) => this.#hear(payload));
    try {
      await client.connect();
      const { rows } = await this.#ask<{ token: string }>(client, 'SELECT gen_random_uuid() AS token');
      this.token = rows[0]?.token ?? null;
      await this.#ask(client, `LISTEN ${CHANNEL}`);
    } catch {
      this.#lose(client);
      return;
    }
    if (this.#client !== client) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#receive({ kind: 'everything' });
    this.#checkLater(client);
  }

  /** What is not answered in time breaks the connection off, which rejects this. */
  async #ask<Row extends Record<string, unknown>>(
    client: Client,
    statement: string,
  ): Promise<{ rows: Row[] }> {
    const { checkAnswerMs } = this.#limits;
    const why = `PostgreSQL has not answered for ${checkAnswerMs} ms`;
    const deadline = this.#clock.after(checkAnswerMs, () => client.breakOff(why), { unref: true });
    try {
      return await client.query<Row>(statement);
    } finally {
      deadline.cancel();
    }
  }

  #checkLater(client: Client): void {
    const check = (): void => {
      this.#ask(client, 'SELECT 1').then(
        () => {
          if (this.#client === client && !this.#closed) this.#checkLater(client);
        },
        () => this.#lose(client),
      );
    };
    this.#timer = this.#clock.after(this.#limits.checkMs, check, { unref: true });
  }

  /** Gives this connection up, and opens another in a while. */
  #lose(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.token = null;
    this.#timer?.cancel();
    client.breakOff('It is given up');
    if (this.#closed) return;
    const again = (): void => {
      this.#connecting = this.#connect();
    };
    this.#timer = this.#clock.after(this.#retryMs, again, { unref: true });
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #hear(payload: string | undefined): void {
    const heard = parsePayload(payload);
    if (heard === null || (heard.from !== null && heard.from === this.token)) return;
    const { from: _, ...signal } = heard;
    this.#receive(signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#client !== null) this.#lose(this.#client);
    await this.#connecting;
  }
}

/** Null for what is no signal: whoever may connect to the database may notify. */
function parsePayload(payload: string | undefined): Payload | null {
  try {
    const parsed = JSON.parse(payload ?? '') as Partial<Payload> | null;
    return typeof parsed?.kind === 'string' ? { from: null, ...(parsed as Signal) } : null;
  } catch {
    return null;
  }
}
