/**
 * One attempt: from a lane's item to the request, and from what came back to what is recorded.
 * Nothing here sends or stores.
 */

import { OUTAGE_CODES, OWN_FAULT_CODES } from '../core/delivery/budget.ts';
import { decide, type EndedAttempt, outcomeOfStatus } from '../core/delivery/decide.ts';
import { urlAsSent } from '../core/egress/url.ts';
import { formatId } from '../core/ids.ts';
import { compatibilitySignature, type PreparedKey, standardHeaders } from '../core/signing/sign.ts';
import type { LaneItem } from '../store/records/lanes.ts';
import type { AttemptResult, RecordVerdict } from '../store/records/results.ts';
import type { SendRequest, SendResult } from '../world.ts';
import type { Destination } from './directory.ts';

/** Sent unless the endpoint has a header of that name itself. `accept`: some servers refuse requests without one. */
const DEFAULT_HEADERS = [
  ['user-agent', 'Mirsal/1'],
  ['accept', '*/*'],
] as const;

/**
 * The request of an item's next attempt, signed as of `nowMs`. Besides the Standard Webhooks
 * headers it carries the item's place: `mirsal-sequence` grows by one per delivery of the lane, so
 * a receiver sees gaps and repeats by itself.
 */
export function buildRequest(
  item: LaneItem,
  body: Uint8Array,
  lane: number,
  destination: Destination,
  nowMs: number,
  trace: string | null = item.trace,
): SendRequest {
  const { endpoint } = destination;
  const keys: PreparedKey[] = [];
  for (const { key, expiresAt } of destination.keys) {
    if (expiresAt === null || expiresAt > nowMs) keys.push(key);
  }
  const content = {
    id: formatId('msg', item.message),
    timestampS: Math.floor(nowMs / 1000),
    body,
  };
  const headers: Array<readonly [string, string]> = [
    ['content-type', 'application/json'],
    ...DEFAULT_HEADERS.filter(([name]) => !destination.headers.some(([own]) => own.toLowerCase() === name)),
    ...standardHeaders(keys, content),
    ['mirsal-event-type', item.eventType],
    ['mirsal-sequence', String(item.sequence)],
    ['mirsal-attempt', String(item.attempts + 1)],
  ];
  // One lane needs no name; with several, a sequence says nothing without its lane.
  const place = endpoint.lanes.indexOf(lane);
  if (place === -1) {
    // What was queued before the endpoint's ordering changed goes out in its old lane, with its old count.
    headers.push(['mirsal-lane', `former-${lane.toString(36)}`]);
  } else if (endpoint.ordering.by !== 'endpoint') {
    headers.push(['mirsal-lane', String(place)]);
  }
  if (item.replay) headers.push(['mirsal-replay', 'true']);
  // Read when a delivery comes back in as an event (http/causation.ts). Most events have none.
  if (item.depth > 0) headers.push(['mirsal-depth', String(item.depth)]);
  if (trace !== null) headers.push(['traceparent', trace]);
  const { compatibility } = endpoint.signature;
  if (compatibility !== 'none' && destination.secret !== null) {
    headers.push(['x-webhook-signature', compatibilitySignature(destination.secret, body, compatibility)]);
  }
  for (const header of destination.headers) headers.push(header);
  return { url: endpoint.url, method: 'POST', headers, body, timeoutMs: endpoint.timeoutMs };
}

const PUT_OFF_NOTE =
  'The receiver has put this delivery off (Retry-After): it is no failure of the endpoint, and no attempt is used up.';

/** The endpoint's own headers, which are the last, are kept as they are in the endpoint: sealed. */
function storedHeaders({ headers }: SendRequest, { endpoint, headers: own }: Destination): unknown[] {
  if (endpoint.sealedHeaders === null) return [...headers];
  const sealed = Buffer.from(endpoint.sealedHeaders).toString('base64');
  return [...headers.slice(0, headers.length - own.length), { sealed }];
}

function outcomeOf(result: SendResult): EndedAttempt['outcome'] {
  if (result.outcome.kind !== 'answered') return result.outcome.kind;
  return result.response === null ? 'protocol' : outcomeOfStatus(result.response.status);
}

function errorOf(result: SendResult): string | null {
  return result.outcome.kind === 'answered' ? null : `${result.outcome.code}: ${result.outcome.message}`;
}

export interface AttemptPlace {
  workspace: number;
  slice: number;
  epoch: number;
}

/** What was sent and what came back. */
export interface Exchange {
  request: SendRequest;
  result: SendResult;
  /** Whether the endpoint has taken a delivery lately (core/delivery/decide.ts). */
  isAccepting: boolean;
}

/** What is recorded of an ended attempt, with what becomes of the delivery. `endedAt` is wall clock, ms. */
export function concludeAttempt(
  place: AttemptPlace,
  item: LaneItem,
  destination: Destination,
  { request, result, isAccepting }: Exchange,
  span: { startedAt: number; endedAt: number },
): AttemptResult {
  const { endpoint } = destination;
  const number = item.attempts + 1;
  const outcome = outcomeOf(result);
  const { response } = result;
  const retryAfter = response?.headers.find(([name]) => name === 'retry-after')?.[1] ?? null;
  const decision = decide(
    {
      outcome,
      status: response?.status ?? null,
      retryAfter,
      endedAt: span.endedAt,
      durationMs: Math.round(result.durationMs),
      isAccepting,
      isOutage: result.outcome.kind !== 'answered' && OUTAGE_CODES.has(result.outcome.code),
    },
    { attempts: number, putOffs: item.putOffs, waitedMs: item.waitedMs },
    endpoint.retry,
  );
  const isPutOff = decision.kind === 'put_off';
  return {
    workspace: place.workspace,
    slice: place.slice,
    epoch: place.epoch,
    delivery: item.key,
    endpoint: endpoint.key,
    eventType: item.eventType,
    attempt: {
      number,
      startedAt: span.startedAt,
      durationMs: Math.round(result.durationMs),
      outcome,
      status: response?.status ?? null,
      error: errorOf(result),
      note: isPutOff && response !== null ? [PUT_OFF_NOTE, result.note ?? []].flat().join(' ') : result.note,
      address: result.address,
      timings: JSON.stringify(result.timings),
      url: urlAsSent(request.url),
      requestHeaders: JSON.stringify(storedHeaders(request, destination)),
      responseHeaders: response === null ? null : JSON.stringify(response.headers),
      responseBody: response === null || response.body.length === 0 ? null : response.body,
      truncated: response?.truncated ?? false,
    },
    next: toNext(decision, item, response?.status ?? null, span.endedAt),
    disable:
      decision.kind === 'drop' && decision.disable !== null
        ? { reason: decision.disable, at: span.endedAt, by: 'receiver' }
        : null,
    charged: !isPutOff && isCharged(result, outcome, item),
    probe: endpoint.recovery?.probing === true,
  };
}

/** P8: never Mirsal's own faults; nor tests, which a person sends to see whether it works. */
function isCharged(result: SendResult, outcome: EndedAttempt['outcome'], item: LaneItem): boolean {
  if (outcome === 'success' || item.source.kind === 'test') return false;
  return result.outcome.kind === 'answered' || !OWN_FAULT_CODES.has(result.outcome.code);
}

function toNext(
  decision: ReturnType<typeof decide>,
  item: LaneItem,
  status: number | null,
  endedAt: number,
): AttemptResult['next'] {
  switch (decision.kind) {
    case 'delivered':
      return { state: 'delivered', endedAt, reason: `HTTP ${status}` };
    case 'drop':
      return { state: 'dropped', endedAt, reason: decision.reason };
    case 'retry':
      return {
        state: 'waiting',
        nextAttemptAt: decision.at,
        waitedMs: item.waitedMs + decision.waitMs,
        putOffs: item.putOffs,
        reason: decision.reason,
      };
    case 'put_off':
      return {
        state: 'waiting',
        nextAttemptAt: decision.at,
        waitedMs: item.waitedMs + decision.usedMs,
        putOffs: item.putOffs + 1,
        reason: decision.reason,
      };
  }
  return decision satisfies never;
}

/** The log's one wide line per attempt. */
export function describeAttempt(
  lane: { workspace: number; endpoint: number },
  item: LaneItem,
  { attempt, delivery, next }: AttemptResult,
  verdict: RecordVerdict,
): Record<string, unknown> {
  return {
    workspace: formatId('ws', lane.workspace),
    endpoint: formatId('ep', lane.endpoint),
    delivery: formatId('dlv', delivery),
    sequence: item.sequence,
    attempt: attempt.number,
    outcome: attempt.outcome,
    status: attempt.status,
    error: attempt.error,
    durationMs: attempt.durationMs,
    state: next.state,
    verdict,
  };
}
