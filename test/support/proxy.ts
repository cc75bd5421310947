/**
 * A TCP proxy in front of PostgreSQL that does to connections what networks do: cuts them, forgets them
 * without a word, loses answers, is slow, refuses. It reads the frames of the protocol (version 3, without
 * TLS), so that a fault can be put at an exact place: this request, the answer that ends this transaction.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What becomes of a connection: it is cut, or nothing passes any more and neither side is told. */
export type Loss = 'cut' | 'half-open';

/** Where the next fault strikes, counted from now on over all connections that are past their start. */
export type Strike =
  /** The n-th request (a statement, BEGIN, COMMIT …) does not reach the server. */
  | { at: 'request'; nth: number; loss: Loss }
  /** The n-th request reaches the server, but nothing of its answer comes back. */
  | { at: 'work'; nth: number; loss: Loss }
  /** The n-th answer that leaves no transaction open, so what it answers is committed or undone, is lost. */
  | { at: 'end'; nth: number; loss: Loss };

export interface PostgresProxy {
  /** The same database, through here. */
  through(databaseUrl: string): string;
  /** Arms one fault, in the place of any armed before. */
  strike(strike: Strike): void;
  /** Whether the armed fault has struck. */
  struck(): boolean;
  /** Does this to all connections of now, or to those that listen. */
  lose(loss: Loss, which?: 'all' | 'listening'): void;
  /** From now on: every chunk arrives this much later, ms. */
  delay(ms: number): void;
  /** From now on: connections are closed as soon as they are opened. */
  refuse(refused: boolean): void;
  /** Disarms, and ends delay and refusal. What is half open stays so. */
  heal(): void;
  /** Statements with this text that have reached the server. */
  count(text: string): number;
  close(): Promise<void>;
}

interface Frame {
  /** The message's type byte as a character; '' at the start, where there is none. */
  type: string;
  bytes: Buffer;
}

/** Splits a stream into the protocol's messages. */
class Framer {
  #rest: Buffer = Buffer.alloc(0);
  #typed: boolean;

  /** `typed` is false for a client, whose first message bears no type. */
  constructor(typed: boolean) {
    this.#typed = typed;
  }

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const head = this.#typed ? 1 : 0;
      if (this.#rest.length < head + 4) return frames;
      const length = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < length) return frames;
      const bytes = this.#rest.subarray(0, length);
      frames.push({ type: this.#typed ? String.fromCharCode(bytes[0] ?? 0) : '', bytes });
      this.#rest = this.#rest.subarray(length);
      this.#typed = true;
    }
  }
}

interface Link {
  client: Socket;
  server: Socket;
  /** Past its start: the server has said once that it is ready. */
  started: boolean;
  listening: boolean;
  /** Nothing passes any more, either way. */
  hole: boolean;
  /** Nothing passes back any more; the loss follows when the server has answered. */
  losing: Loss | null;
  /** What of a request, or of an answer, has not been passed on yet. */
  request: Buffer[];
  answer: Buffer[];
}

const QUERY = 'Q';
const SYNC = 'S';
const READY = 'Z';
const IDLE = 'I'.charCodeAt(0);

class Links {
  readonly links = new Set<Link>();
  readonly seen: string[] = [];
  armed: (Strike & { left: number }) | null = null;
  struck = false;
  delayMs = 0;
  refused = false;
  readonly #target: { host: string; port: number };

  constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  accept(client: Socket): void {
    if (this.refused) {
      client.destroy();
      return;
    }
    const server = connect(this.#target.port, this.#target.host);
    const link: Link = {
      client,
      server,
      started: false,
      listening: false,
      hole: false,
      losing: null,
      request: [],
      answer: [],
    };
    this.links.add(link);
    const fromClient = new Framer(false);
    const fromServer = new Framer(true);
    client.on('data', (chunk: Buffer) => {
      for (const frame of fromClient.push(chunk)) this.#asked(link, frame);
    });
    server.on('data', (chunk: Buffer) => {
      for (const frame of fromServer.push(chunk)) this.#answered(link, frame);
    });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      // A half-open connection stays as it is for the other side.
      socket.on('close', () => {
        if (!link.hole) this.cut(link);
        else if (socket === client) this.cut(link);
      });
    }
  }

  #asked(link: Link, { type, bytes }: Frame): void {
    if (link.hole) return;
    link.request.push(bytes);
    const isWhole = type === QUERY || type === SYNC;
    if (!isWhole && (type === 'P' || type === 'B' || type === 'D' || type === 'E' || type === 'C')) return;
    const request = Buffer.concat(link.request);
    link.request = [];
    if (isWhole && link.started) {
      const text = request.toString('latin1');
      if (text.includes('LISTEN ')) link.listening = true;
      const strikes = this.#counts('request') || this.#counts('work');
      if (strikes && this.armed?.at === 'request') {
        this.#strike(link, this.armed.loss);
        return;
      }
      this.seen.push(text);
      if (strikes) link.losing = this.armed?.loss ?? null;
    }
    this.#pass(link, link.server, request);
  }

  #answered(link: Link, { type, bytes }: Frame): void {
    if (link.hole) return;
    const isEnd = type === READY;
    // An answer is held until it is whole only where it might be the one to lose.
    const held = link.losing !== null || (link.started && this.armed?.at === 'end');
    if (held && !isEnd) {
      link.answer.push(bytes);
      return;
    }
    const answer = Buffer.concat([...link.answer, bytes]);
    link.answer = [];
    if (link.losing !== null) {
      this.#strike(link, link.losing);
      return;
    }
    if (isEnd && link.started && bytes[5] === IDLE && this.#counts('end')) {
      this.#strike(link, this.armed?.loss ?? 'cut');
      return;
    }
    if (isEnd) link.started = true;
    this.#pass(link, link.client, answer);
  }

  /** Whether the armed fault is of this kind, and this is its turn. */
  #counts(at: Strike['at']): boolean {
    if (this.struck || this.armed === null || this.armed.at !== at) return false;
    this.armed.left -= 1;
    return this.armed.left === 0;
  }

  #strike(link: Link, loss: Loss): void {
    this.struck = true;
    if (loss === 'cut') this.cut(link);
    else link.hole = true;
  }

  #pass(link: Link, to: Socket, bytes: Buffer): void {
    if (this.delayMs === 0) {
      to.write(bytes);
      return;
    }
    setTimeout(() => {
      if (!link.hole && !to.destroyed) to.write(bytes);
    }, this.delayMs).unref();
  }

  cut(link: Link): void {
    link.client.destroy();
    link.server.destroy();
    this.links.delete(link);
  }
}

export async function startProxy(databaseUrl: string): Promise<PostgresProxy> {
  const { hostname, port } = new URL(databaseUrl);
  const proxy = new Links({ host: hostname, port: Number(port) });
  const server = createServer((client) => proxy.accept(client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return {
    through(url) {
      const through = new URL(url);
      through.port = String(address.port);
      return through.href;
    },
    strike(strike) {
      proxy.struck = false;
      proxy.armed = { ...strike, left: strike.nth };
    },
    struck: () => proxy.struck,
    lose(loss, which = 'all') {
      for (const link of [...proxy.links]) {
        if (which === 'listening' && !link.listening) continue;
        if (loss === 'cut') proxy.cut(link);
        else link.hole = true;
      }
    },
    delay(ms) {
      proxy.delayMs = ms;
    },
    refuse(refused) {
      proxy.refused = refused;
    },
    heal() {
      proxy.armed = null;
      proxy.delayMs = 0;
      proxy.refused = false;
    },
    count: (text) => proxy.seen.filter((request) => request.includes(text)).length,
    async close() {
      for (const link of [...proxy.links]) proxy.cut(link);
      server.close();
      await once(server, 'close');
    },
  };
}
