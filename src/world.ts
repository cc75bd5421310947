/**
 * The World: the types through which time, chance and the network enter the product.
 * Only main.ts makes the real ones; tests and the simulator make their own. Everything
 * else receives what it needs of it as an argument.
 */

/** A running timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May step backwards. */
  now(): number;
  /** Milliseconds from an arbitrary start; never steps backwards. For durations and leases. */
  monotonic(): number;
  /** Calls `run` once, `delayMs` from now. A pending timer keeps the process alive unless `unref` is set. */
  after(delayMs: number, run: () => void, options?: { unref?: boolean }): Timer;
  /** Calls `run` once, when what has arrived from sockets and threads by now has been seen to. */
  soon(run: () => void): void;
}

export interface Random {
  /** `length` bytes from a cryptographically secure source. */
  bytes(length: number): Uint8Array;
  /** A UUID, version 7, lower case. */
  uuid(): string;
  /** Uniform in [0, 1). For jitter only. */
  fraction(): number;
}

/** A span of work that is told to a tracing backend. */
export interface Span {
  /** W3C `traceparent` for what is done within it. */
  traceparent: string;
  /** Tells of it, with what became of it; `error` names the kind of failure. To be called once. */
  end(attributes: SpanAttributes, error: string | null): void;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Where spans begin. Nothing here waits or throws. */
export interface Tracing {
  /** `parent` is a W3C `traceparent`, or null for the first span of a trace. */
  begin(
    name: string,
    span: { kind: 'server' | 'client'; parent: string | null; attributes: SpanAttributes },
  ): Span;
}

/** What one HTTP request to a receiver is to be. Header names are lower case; order is kept as sent. */
export interface SendRequest {
  url: string;
  method: 'POST';
  headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** UTF-8 where it is a text. */
  body: string | Uint8Array;
  /** Wall-clock budget for the whole attempt, DNS to response head (P7), milliseconds. */
  timeoutMs: number;
}

/** Milliseconds spent in each phase; absent where the phase did not happen (reused connection). */
export interface SendTimings {
  dns?: number;
  connect?: number;
  tls?: number;
  /** From the request being written to the response head. */
  response?: number;
}

/** What came back before the attempt ended; null on SendResult when no response head did. */
export interface SendResponse {
  status: number;
  /** As received, order and repeats kept, names lower-cased; capped at 16 KiB in sum. */
  headers: Array<[name: string, value: string]>;
  /** The first 16 KiB as received, never inflated. */
  body: Uint8Array;
  /** True when the stored body or headers are less than what the receiver sent. */
  truncated: boolean;
}

export type SendOutcome =
  /** A response head arrived, whatever its status. The state machine judges the status. */
  | { kind: 'answered' }
  | { kind: 'timeout' | 'connect' | 'dns' | 'tls' | 'protocol' | 'blocked'; code: string; message: string };

export interface SendResult {
  outcome: SendOutcome;
  response: SendResponse | null;
  /** A note for a person, such as "the answer's body broke off"; null when there is none. */
  note: string | null;
  durationMs: number;
  timings: SendTimings;
  /** The IP address that was connected to, null when none was. */
  address: string | null;
}

/** The one way out. Never rejects: every failure is an outcome. */
export type Send = (request: SendRequest) => Promise<SendResult>;

export interface World {
  clock: Clock;
  random: Random;
  send: Send;
}

/** One mail to one person. */
export interface Mail {
  /** In angle brackets; the same whenever this mail is sent again. */
  messageId: string;
  to: string;
  /** BCP 47. */
  language: string;
  subject: string;
  html: string;
  text: string;
}

export type MailResult =
  /** The server has taken charge of it. */
  | { kind: 'accepted' }
  /** The server will never take it for this recipient. */
  | { kind: 'refused'; error: string }
  /** It may be taken later. */
  | { kind: 'failed'; error: string };

/** Hands one mail to the mail server. Never rejects: every failure is a result. */
export type SendMail = (mail: Mail) => Promise<MailResult>;
