/** What goes wrong with calls, in one class: with the API's stable code, or with one of the client's own. */

import type { Problem } from './generated/schemas.ts';

export type ErrorCode =
  | Problem['code']
  /** No answer came: there was no connection, or it broke. Whether the call was done is not known. */
  | 'network_error'
  /** The deadline passed before a good answer came. */
  | 'deadline_exceeded'
  /** Something else than Mirsal answered, such as a proxy. */
  | 'unexpected_answer';

export class MirsalError extends Error {
  override readonly name = 'MirsalError';
  /** Stable, for programs. */
  readonly code: ErrorCode;
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  /** JSON pointer to the first member at fault; null where none is named. */
  readonly field: string | null;
  /** The problem as it was answered; null where none was. */
  readonly problem: Problem | null;
  /** `x-request-id` of the answer: what the server has logged of it names it, too. */
  readonly requestId: string | null;
  /** When the answer says that it may be tried again, ms from then. */
  readonly retryAfterMs: number | null;

  constructor(
    code: ErrorCode,
    message: string,
    {
      status = 0,
      problem = null,
      requestId = null,
      retryAfterMs = null,
      cause,
    }: {
      status?: number;
      problem?: Problem | null;
      requestId?: string | null;
      retryAfterMs?: number | null;
      cause?: unknown;
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.problem = problem;
    this.field = problem?.errors?.[0]?.field ?? null;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Of an answer that is not a good one. `now` in ms since the epoch. */
export async function errorOf(answer: Response, now: number): Promise<MirsalError> {
  const text = await answer.text().catch(() => '');
  const problem = readProblem(text);
  const about = {
    status: answer.status,
    problem,
    requestId: answer.headers.get('x-request-id'),
    retryAfterMs: readRetryAfter(answer.headers.get('retry-after'), now),
  };
  if (problem === null) {
    const said = `${answer.status} ${answer.statusText}`.trim();
    return new MirsalError('unexpected_answer', `The answer was ${said}, and is none of Mirsal's.`, about);
  }
  const [first] = problem.errors ?? [];
  const where = first === undefined ? '' : ` (${first.field} ${first.message})`;
  return new MirsalError(problem.code, `${problem.detail}${where}`, about);
}

function readProblem(text: string): Problem | null {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    return typeof value?.code === 'string' && typeof value.detail === 'string' ? (value as Problem) : null;
  } catch {
    return null;
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
