/** The trace that a request belongs to, as its sender says (W3C Trace Context). Pure. */

import type { IncomingHttpHeaders } from 'node:http';

/** Version, trace, span, flags. Later versions may have more behind them, which is left out. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** As version 00; null where there is none, or none that can be read. */
export function traceOfRequest({ traceparent }: IncomingHttpHeaders): string | null {
  const read = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent.trim()) : null;
  if (read === null) return null;
  const [, version, trace, span, flags, more] = read;
  return version === '00' && more !== undefined ? null : `00-${trace}-${span}-${flags}`;
}
