/**
 * One attempt: one request to one target, from DNS to the end of the answer, under one deadline (P7).
 *
 *   start ─→ idle connection? ──yes──────────────┐
 *              │ no                              ▼
 *              ▼                              request ─→ body ─→ ended
 *             dns ─→ connect ─→ tls ───────────▲ │
 *              ▲                                 │ a *reused* connection died before any byte
 *              └──────────── once ───────────────┘
 *
 * Invariants:
 *   1. It ends exactly once, with a SendResult, at the latest when the deadline passes.
 *   2. Success is decided by the response head: whatever happens to the body is a note.
 *   3. A connection goes back to the pool only after an answer that was read to its end.
 *   4. The request is written at most twice, and a second time only when the first met a dead connection.
 *   5. What a person could not see from the outcome is a note: addresses that failed, the second writing, a sloppy head.
 */
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { Clock, SendOutcome, SendRequest, SendResult, SendTimings, Timer } from '../world.ts';
import { Answer } from './answer.ts';
import {
  type AttemptPhase,
  codeOf,
  connectFailure,
  deadlineFailure,
  exchangeFailure,
  fail,
  isConnectionLoss,
  type SendFailure,
  tellingFailure,
  tlsFailure,
} from './failure.ts';
import type { AnswerHead } from './head.ts';
import { MAX_ADDRESSES_TRIED } from './limits.ts';
import { type Connection, type ConnectionPool, createConnection, discardConnection } from './pool.ts';
import type { ProxyRoute } from './proxy.ts';
import { GIVEN_UP, type OpeningPhase, openSocket, type SocketOpening } from './socket.ts';
import type { Target, TargetGuard } from './target.ts';
import { openTunnel } from './tunnel.ts';

export interface AttemptWorld {
  clock: Clock;
  guard: TargetGuard;
  pool: ConnectionPool;
  /** Called just before a socket is opened. */
  onConnect: (address: string, port: number) => void;
  /** The source address to bind for this destination; null for the system's choice, undefined for none left. */
  sourceFor: (address: string) => string | null | undefined;
  trust: SecureContext;
  /** The way to everything but own bins; null for the direct one. */
  proxy: ProxyRoute | null;
}

const ANSWERED: SendOutcome = { kind: 'answered' };

/** An address that could not be used. */
interface FailedAddress {
  address: string;
  failure: SendFailure;
  /** Whether TCP got through. */
  isConnected: boolean;
}

/** The request met a dead connection and is written again. Times are milliseconds since the attempt's start. */
interface Resending {
  deadAddress: string;
  writtenMs: number;
  diedMs: number;
  /** Null until there is a new connection. */
  again: { address: string; writtenMs: number } | null;
}

export class Attempt implements Dispatcher.DispatchHandler {
  readonly #world: AttemptWorld;
  readonly #request: SendRequest;
  readonly #target: Target;
  readonly #onEnd: (result: SendResult) => void;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #startedAt: number;
  readonly #timings: SendTimings = {};
  #deadline: Timer | null = null;
  #phase: AttemptPhase = 'dns';
  #opening: SocketOpening | null = null;
  #connection: Connection | null = null;
  #address: string | null = null;
  #isReused = false;
  readonly #failedAddresses: FailedAddress[] = [];
  readonly #notes: string[] = [];
  #resending: Resending | null = null;
  #requestedAt = 0;
  #answer: Answer | null = null;
  #hasHostHeader = false;
  #isEnded = false;

  constructor(
    world: AttemptWorld,
    request: SendRequest,
    target: Target,
    onEnd: (result: SendResult) => void,
  ) {
    this.#world = world;
    this.#request = request;
    this.#target = target;
    this.#onEnd = onEnd;
    this.#startedAt = world.clock.monotonic();
    const headers: string[] = [];
    for (const [name, value] of request.headers) {
      if (name === 'host') this.#hasHostHeader = true;
      headers.push(name, value);
    }
    this.#options = { path: target.path, method: request.method, headers, body: request.body };
  }

  start(): void {
    if (this.#hasHostHeader) {
      // Another Host than the vetted one would reach another site behind the same address.
      this.#end(fail('protocol', 'invalid_request', 'The header "host" is taken from the URL. Remove it.'));
      return;
    }
    this.#deadline = this.#world.clock.after(this.#request.timeoutMs, () => this.#onDeadline());
    const idle = this.#world.pool.take(this.#target.key);
    if (idle === null) this.#openInBackground();
    else this.#exchange(idle, true);
  }

  #openInBackground(): void {
    this.#open().catch((error: unknown) => {
      this.#end(fail('connect', 'connection_failed', `The connection failed unexpectedly: ${String(error)}`));
    });
  }

  async #open(): Promise<void> {
    const { clock, guard } = this.#world;
    this.#phase = 'dns';
    const askedAt = clock.monotonic();
    const destination = await guard.locate(this.#target);
    if (this.#target.literal === null && !this.#target.isOwnBin) {
      this.#timings.dns = wholeMs(clock.monotonic() - askedAt);
    }
    if (this.#isEnded) return;
    if (!destination.ok) {
      this.#end(destination.failure);
      return;
    }
    const tried = destination.addresses.slice(0, MAX_ADDRESSES_TRIED);
    for (const [index, address] of tried.entries()) {
      const failed = await this.#connect(address, destination.port, tried.length - index);
      if (this.#isEnded || failed === null) return;
      this.#failedAddresses.push(failed);
    }
    this.#end(
      this.#tellingFailure() ?? fail('dns', 'dns_no_address', `${this.#target.host} has no address.`),
    );
  }

  /** Of all addresses that failed; the address that it names is the attempt's. */
  #tellingFailure(): SendFailure | null {
    const failure = tellingFailure(this.#failedAddresses.map((failed) => failed.failure));
    const failed = this.#failedAddresses.find((one) => one.failure === failure);
    if (failed !== undefined) this.#address = failed.isConnected ? failed.address : null;
    return failure;
  }

  /** Null when the request is on its way. `addressesLeft` share what remains of the deadline equally. */
  async #connect(address: string, port: number, addressesLeft: number): Promise<FailedAddress | null> {
    const { clock, onConnect, sourceFor, trust } = this.#world;
    const { host, isSecure, isOwnBin, key, origin } = this.#target;
    const proxy = isOwnBin ? null : this.#world.proxy;
    const localAddress = isOwnBin || proxy !== null ? null : sourceFor(address);
    if (localAddress === undefined) {
      const message = `${host} (${address}) cannot be reached from the configured source addresses: none is IPv${isIP(address)}. The operator should add one to MIRSAL_SOURCE_IPS.`;
      const failure = fail('connect', 'source_address_unavailable', message);
      return { address, failure, isConnected: false };
    }
    this.#phase = 'connect';
    onConnect(address, port);
    const socketRequest = { address, port, host, isSecure, localAddress, trust };
    const opening =
      proxy === null ? openSocket(socketRequest, clock) : openTunnel(socketRequest, proxy, clock);
    this.#opening = opening;
    const shareMs = this.#remainingMs() / addressesLeft;
    const share = addressesLeft > 1 ? clock.after(shareMs, opening.cancel) : null;
    const result = await opening.done;
    share?.cancel();
    this.#opening = null;
    if (result.connectMs !== null) {
      this.#address = address;
      this.#timings.connect = wholeMs(result.connectMs);
    }
    if (!result.ok) {
      const failure = this.#openingFailure(result.phase, result.error, address, port, Math.round(shareMs));
      return { address, failure, isConnected: result.connectMs !== null };
    }
    if (this.#isEnded) {
      result.socket.destroy();
      return null;
    }
    if (result.tlsMs !== null) this.#timings.tls = wholeMs(result.tlsMs);
    const openedAt = clock.monotonic();
    this.#exchange(createConnection(result.socket, { key, origin, address, openedAt }), false);
    return null;
  }

  #openingFailure(
    phase: OpeningPhase,
    error: unknown,
    address: string,
    port: number,
    waitedMs: number,
  ): SendFailure {
    const { host } = this.#target;
    if (phase === 'proxy' || phase === 'tunnel') return this.#proxyFailure(phase, error);
    if (error === GIVEN_UP) return deadlineFailure(phase, host, waitedMs);
    return phase === 'tls' ? tlsFailure(error, host) : connectFailure(error, host, address, port);
  }

  #proxyFailure(phase: 'proxy' | 'tunnel', error: unknown): SendFailure {
    const { proxy } = this.#world;
    if (proxy === null) throw new Error('An opening fails at a proxy only where there is one.');
    return proxy.failure(phase, error, this.#target.host);
  }

  #exchange(connection: Connection, isReused: boolean): void {
    this.#phase = 'request';
    this.#connection = connection;
    this.#address = connection.address;
    this.#isReused = isReused;
    this.#requestedAt = this.#world.clock.monotonic();
    if (this.#resending !== null) {
      this.#resending.again = { address: connection.address, writtenMs: this.#elapsedMs() };
    }
    connection.client.dispatch(this.#options, this);
  }

  onRequestStart(): void {
    this.#connection?.reader.begin();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#isEnded) return;
    const sloppy = this.#connection?.reader.sloppyHead ?? null;
    if (sloppy !== null) {
      this.#takeHead(sloppy);
      return;
    }
    const raw = controller.rawHeaders;
    this.#beginAnswer(new Answer(status, Array.isArray(raw) ? raw : []));
  }

  #beginAnswer(answer: Answer): Answer {
    this.#phase = 'body';
    this.#timings.response = wholeMs(this.#world.clock.monotonic() - this.#requestedAt);
    this.#answer = answer;
    return answer;
  }

  #takeHead({ status, headers, faults }: AnswerHead): Answer {
    if (faults.length > 0) {
      this.#notes.push(
        `The answer's head breaks the rules of HTTP (${faults.join(', ')}); its status counts.`,
      );
    }
    return this.#beginAnswer(new Answer(status, headers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const answer = this.#answer;
    if (this.#isEnded || answer === null || answer.take(chunk)) return;
    answer.cutOff();
    this.#giveUp(ANSWERED, 'The answer is longer than 64 KiB; the rest was not read.');
  }

  onResponseEnd(): void {
    if (this.#isEnded) return;
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) this.#world.pool.put(connection);
    this.#end(ANSWERED);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isEnded) return;
    if (this.#answer !== null) {
      this.#giveUp(ANSWERED, `The answer's body broke off (${codeOf(error) || error.message}).`);
      return;
    }
    const connection = this.#connection;
    const reader = connection?.reader ?? null;
    if (connection !== null && this.#isReused && reader?.hasBegun === false && isConnectionLoss(error)) {
      // The receiver had closed this connection while it was idle. That is no error of the endpoint.
      this.#resending = {
        deadAddress: connection.address,
        writtenMs: wholeMs(this.#requestedAt - this.#startedAt),
        diedMs: this.#elapsedMs(),
        again: null,
      };
      this.#dropConnection();
      this.#isReused = false;
      this.#openInBackground();
      return;
    }
    const unfinished = isConnectionLoss(error) ? (reader?.unfinishedHead ?? null) : null;
    if (unfinished !== null) {
      this.#takeHead(unfinished).cutOff();
      this.#giveUp(ANSWERED, 'The answer broke off amid its head.');
      return;
    }
    this.#giveUp(exchangeFailure(error, this.#target.host, reader?.seen ?? null));
  }

  #onDeadline(): void {
    if (this.#isEnded) return;
    const { timeoutMs } = this.#request;
    if (this.#phase === 'body') {
      this.#answer?.cutOff();
      this.#giveUp(ANSWERED, `The answer's body did not end within ${timeoutMs} ms; the rest was not read.`);
      return;
    }
    const phase = this.#opening?.phase() ?? this.#phase;
    const failure =
      phase === 'proxy' || phase === 'tunnel'
        ? this.#proxyFailure(phase, GIVEN_UP)
        : deadlineFailure(phase, this.#target.host, timeoutMs, this.#connection?.reader.seen);
    if (this.#opening === null) {
      this.#giveUp(failure);
      return;
    }
    this.#failedAddresses.push({ address: this.#opening.address, failure, isConnected: phase === 'tls' });
    this.#giveUp(this.#tellingFailure() ?? failure);
  }

  #giveUp(outcome: SendOutcome, note: string | null = null): void {
    this.#end(outcome, note);
    this.#opening?.cancel();
    this.#dropConnection();
  }

  #dropConnection(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) discardConnection(connection);
  }

  #elapsedMs(): number {
    return wholeMs(this.#world.clock.monotonic() - this.#startedAt);
  }

  #remainingMs(): number {
    return Math.max(0, this.#request.timeoutMs - this.#elapsedMs());
  }

  /** Everything to be told beside the outcome, in the order of what happened; null when there is nothing. */
  #note(outcome: SendOutcome, last: string | null): string | null {
    const notes: string[] = [];
    if (this.#resending !== null) notes.push(describeResending(this.#resending));
    const failed = this.#failedAddresses;
    if (failed.length > 1 || failed.some(({ failure }) => failure !== outcome)) {
      const list = failed.map(({ address, failure }) => `${address} (${failure.code})`).join(', ');
      notes.push(`Addresses that failed: ${list}.`);
    }
    notes.push(...this.#notes);
    if (last !== null) notes.push(last);
    return notes.length === 0 ? null : notes.join(' ');
  }

  #end(outcome: SendOutcome, note: string | null = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#deadline?.cancel();
    this.#onEnd({
      outcome,
      response: this.#answer === null ? null : this.#answer.toResponse(),
      note: this.#note(outcome, note),
      durationMs: this.#elapsedMs(),
      timings: this.#timings,
      address: this.#address,
    });
  }
}

function describeResending({ deadAddress, writtenMs, diedMs, again }: Resending): string {
  const first = `The request was written at ${writtenMs} ms on an idle connection to ${deadAddress}, which was lost at ${diedMs} ms before any answer;`;
  return again === null
    ? `${first} no new connection was opened.`
    : `${first} it was written again at ${again.writtenMs} ms on a new connection to ${again.address}.`;
}

function wholeMs(durationMs: number): number {
  return Math.max(0, Math.round(durationMs));
}
