/** What kind of failure a recorded error is, for advice on what to check. Pure. */

export const CAUSES = [
  'dns',
  'timeout',
  'connect',
  'tls',
  'redirect',
  'credentials',
  'missing',
  'gone',
  'throttled',
  'refused',
  'broken',
  'blocked',
  'protocol',
] as const;
export type Cause = (typeof CAUSES)[number];

const BY_CODE: ReadonlyArray<readonly [pattern: RegExp, cause: Cause]> = [
  [/^dns\b|^dns_/, 'dns'],
  [/^timeout$|_timeout$/, 'timeout'],
  [/^tls\b|^tls_/, 'tls'],
  [/^blocked$|_forbidden$|^url_|^https_/, 'blocked'],
  [/^connect$|^connection_(?:refused|failed)$|^unreachable$/, 'connect'],
  [/^protocol$|^connection_|^invalid_answer$|^headers_too_large$|^exchange_failed$/, 'protocol'],
];

const BY_STATUS: Readonly<Record<number, Cause>> = {
  401: 'credentials',
  403: 'credentials',
  404: 'missing',
  405: 'missing',
  410: 'gone',
  429: 'throttled',
};

/**
 * Of an attempt's error (`connection_refused: …`, `HTTP 503`) or of a reason that ends in one
 * (`retries_exhausted: 4 attempts, the last: HTTP 503`); null where nobody can say.
 */
export function causeOf(error: string): Cause | null {
  const last = lastFailureIn(error);
  const status = /^HTTP (\d{3})\b/.exec(last)?.[1];
  if (status !== undefined) return causeOfStatus(Number(status));
  const code = /^\w+/.exec(last)?.[0] ?? '';
  return BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? null;
}

/** `HTTP 503` in `retries_exhausted: 4 attempts, the last: HTTP 503`; what is no such reason stays. */
export function lastFailureIn(reason: string): string {
  return /^(?:retries_exhausted: .*, the last|gone): (.+)$/s.exec(reason)?.[1] ?? reason;
}

function causeOfStatus(status: number): Cause | null {
  const known = BY_STATUS[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'broken';
  if (status >= 400) return 'refused';
  return status >= 300 ? 'redirect' : null;
}
