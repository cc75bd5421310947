/**
 * Which headers an endpoint may add to its requests, and a bin to its answers. Pure.
 */

import { KIB } from './bodies.ts';
import type { Fault } from './problem.ts';

export const MAX_HEADERS = 32;
/** Names and values in sum. */
export const MAX_HEADER_BYTES = 8 * KIB;

/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110, 5.5: visible characters, spaces and tabs between them. No CR, LF or NUL, no other controls, ASCII only. */
const VALUE = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/;

/** What the connection itself is made of; to set these would smuggle requests. */
const HOP_BY_HOP = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What Mirsal says in every request. */
const OURS_IN_REQUESTS = ['content-type', 'content-encoding', 'accept-encoding', 'x-webhook-signature'];

/** What would reach beyond the bin: the bin shares its origin with the dashboard. */
const FORBIDDEN_IN_ANSWERS = [
  'set-cookie',
  'set-cookie2',
  'clear-site-data',
  'strict-transport-security',
  'service-worker-allowed',
  'content-security-policy',
  'content-security-policy-report-only',
  'x-content-type-options',
  'date',
  // What browsers keep for the origin, or send reports of it to, whichever answer it came with.
  'accept-ch',
  'activate-storage-access',
  'alt-svc',
  'available-dictionary',
  'critical-ch',
  'document-policy',
  'expect-ct',
  'nel',
  'no-vary-search',
  'observe-browsing-topics',
  'origin-agent-cluster',
  'public-key-pins',
  'public-key-pins-report-only',
  'report-to',
  'reporting-endpoints',
  'set-login',
  'speculation-rules',
  'supports-loading-mode',
  'use-as-dictionary',
];

const FORBIDDEN_PREFIXES_IN_ANSWERS = ['attribution-reporting-', 'cross-origin-', 'sec-'];

/** Faults of an endpoint's headers, under `/headers/…`. */
export function requestHeaderFaults(headers: Readonly<Record<string, string>>): Fault[] {
  return headerFaults(headers, '/headers', (name) => {
    if (isHopByHop(name)) return 'belongs to the connection and cannot be set';
    if (name.startsWith('webhook-') || name.startsWith('mirsal-') || OURS_IN_REQUESTS.includes(name)) {
      return 'is set by Mirsal itself';
    }
    return null;
  });
}

/** Faults of a bin's answer headers, under `/headers/…` of the answer's place. */
export function answerHeaderFaults(headers: Readonly<Record<string, string>>, place = '/answer'): Fault[] {
  return headerFaults(headers, `${place}/headers`, (name) => {
    if (isHopByHop(name)) return 'belongs to the connection and cannot be set';
    const isForbidden =
      FORBIDDEN_IN_ANSWERS.includes(name) ||
      FORBIDDEN_PREFIXES_IN_ANSWERS.some((prefix) => name.startsWith(prefix));
    return isForbidden ? 'cannot be set in the answer of a bin' : null;
  });
}

function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.includes(name) || name.startsWith('proxy-');
}

function headerFaults(
  headers: Readonly<Record<string, string>>,
  place: string,
  refusal: (lowerName: string) => string | null,
): Fault[] {
  const faults: Fault[] = [];
  const entries = Object.entries(headers);
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries) {
    const field = `${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const lower = name.toLowerCase();
    const refused = refusal(lower);
    if (!TOKEN.test(name)) faults.push({ field, message: 'is not a valid header name' });
    else if (refused !== null) faults.push({ field, message: refused });
    else if (seen.has(lower))
      faults.push({ field, message: 'occurs twice; the case of letters makes no difference' });
    if (!VALUE.test(value)) {
      faults.push({
        field,
        message: 'has a value with characters other than visible ASCII, or spaces around it',
      });
    }
    seen.add(lower);
    bytes += name.length + value.length;
  }
  if (entries.length > MAX_HEADERS) {
    faults.push({
      field: place,
      message: `holds ${entries.length} headers; at most ${MAX_HEADERS} are allowed`,
    });
  }
  if (bytes > MAX_HEADER_BYTES) {
    faults.push({ field: place, message: `takes ${bytes} bytes; at most ${MAX_HEADER_BYTES} are allowed` });
  }
  return faults;
}
