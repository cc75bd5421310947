/**
 * One call over HTTP with its tries: what may be repeated is, with the same idempotency key, after the wait that the answer names or a
 * growing one with chance in it, until the deadline.
 *
 * An answer that says the call was not taken in (429, 503) lets anything be repeated. Where no answer came, or an answer that leaves open
 * what was done (5xx), only what has an idempotency key, reads, or comes to the same when done twice.
 */

import { errorOf, MirsalError } from './errors.ts';
import { fetchHere, fraction, now as realNow, sleep as realSleep } from './platform.ts';

export interface TransportOptions {
  /** Where Mirsal is, such as `https://hooks.example.com`. */
  url: string;
  /** `mirsal_…` of a workspace, `mirsali_…` of the installation, or the token of a portal link; null for the session of a browser. */
  apiKey: string | null;
  /** For keys of the installation: which workspace is meant (`ws_…`). */
  workspace?: string;
  fetch?: typeof fetch;
  /** How often a call is tried again at most; 5. */
  retries?: number;
  /** Ms for all tries of a call together; 60 000. */
  deadlineMs?: number;
  /** Ms for one try; 30 000. Longer where the call itself asks to wait. */
  timeoutMs?: number;
  /** The language of problems' titles and reasons: `ar` or `en`. */
  language?: string;
  /** For tests. */
  clock?: { now(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
}

export interface Request {
  method: string;
  /** From `/v1` on, with its query. */
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Whether it may be done twice. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
  timeoutMs?: number | undefined;
}

export interface Transport {
  /** The parsed answer; undefined where it has no body. Rejects with MirsalError, or the signal's reason. */
  call(request: Request): Promise<unknown>;
  /** The answer as it comes, tried once: for streams. */
  open(request: Omit<Request, 'repeatable'>): Promise<Response>;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** Answers that say nothing was done. */
const REFUSED = new Set([429, 503]);

export function createTransport(options: TransportOptions): Transport {
  const { retries = 5, deadlineMs = 60_000, timeoutMs = 30_000 } = options;
  const { now, sleep } = options.clock ?? { now: realNow, sleep: realSleep };
  const base = options.url.replace(/\/+$/, '');
  const fetchWith = options.fetch ?? fetchHere;

  const headersOf = ({ body, headers }: Pick<Request, 'body' | 'headers'>): Record<string, string> => ({
    accept: 'application/json',
    ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(options.workspace === undefined ? {} : { 'mirsal-workspace': options.workspace }),
    ...(options.language === undefined ? {} : { 'accept-language': options.language }),
    ...headers,
  });

  async function send(request: Omit<Request, 'repeatable'>, signal: AbortSignal): Promise<Response> {
    const { method, path, body } = request;
    try {
      return await fetchWith(base + path, {
        method,
        headers: headersOf(request),
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      request.signal?.throwIfAborted();
      throw new MirsalError('network_error', `${base} gave no answer: ${reasonOf(cause)}.`, { cause });
    }
  }

  /** One try, its body read within its time. */
  async function attempt(request: Request, mostMs: number): Promise<unknown> {
    const limit = new AbortController();
    const signal =
      request.signal === undefined ? limit.signal : AbortSignal.any([request.signal, limit.signal]);
    const done = new AbortController();
    sleep(mostMs, done.signal).then(
      () => limit.abort(new Error(`no answer within ${mostMs} ms`)),
      () => {},
    );
    try {
      const answer = await send(request, signal);
      if (!answer.ok) throw await errorOf(answer, now());
      return await readAnswer(answer, request);
    } finally {
      done.abort();
    }
  }

  async function readAnswer(answer: Response, request: Request): Promise<unknown> {
    let text: string;
    try {
      text = await answer.text();
    } catch (cause) {
      request.signal?.throwIfAborted();
      throw new MirsalError('network_error', `The answer broke off: ${reasonOf(cause)}.`, { cause });
    }
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      const { status } = answer;
      throw new MirsalError('unexpected_answer', 'The answer is no JSON: is this the address of Mirsal?', {
        status,
        cause,
      });
    }
  }

  return {
    async call(request) {
      const end = now() + (request.deadlineMs ?? deadlineMs);
      for (let failed = 0; ; failed += 1) {
        const left = end - now();
        try {
          return await attempt(request, Math.min(request.timeoutMs ?? timeoutMs, left));
        } catch (error) {
          if (!(error instanceof MirsalError) || !mayRepeat(error, request)) throw error;
          const waitMs = error.retryAfterMs ?? waitAfter(failed);
          if (failed >= retries) throw error;
          if (now() + waitMs >= end) throw pastDeadline(error, waitMs);
          await sleep(waitMs, request.signal);
        }
      }
    },
    async open(request) {
      const answer = await send(request, request.signal ?? new AbortController().signal);
      if (!answer.ok) throw await errorOf(answer, now());
      return answer;
    },
  };
}

function mayRepeat({ status }: MirsalError, { repeatable }: Request): boolean {
  if (REFUSED.has(status)) return true;
  return repeatable && (status === 0 || status === 408 || status >= 500);
}

/** Full jitter: everybody who was refused at one moment comes back at another. */
function waitAfter(failed: number): number {
  const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failed);
  return most / 2 + (fraction() * most) / 2;
}

/** An answer's own code is kept: it says what is the matter. */
function pastDeadline(error: MirsalError, waitMs: number): MirsalError {
  if (error.status !== 0) return error;
  const text = `${error.message} The next try, in ${Math.round(waitMs)} ms, would be past the deadline.`;
  return new MirsalError('deadline_exceeded', text, { cause: error });
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // Node's fetch says "fetch failed", and why in its cause.
  return cause.cause instanceof Error ? cause.cause.message || cause.cause.name : cause.message;
}
