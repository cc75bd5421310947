/**
 * The hot path's messages, packed. A structured clone writes each member's name with each object:
 * posting results as objects took 45 µs apiece with their answer, as one flat array of values 15.
 * Both ends read the values in the one order written here.
 */

import type { NewActivation } from '../records/automation.ts';
import type { NewDelivery, SourceKind } from '../records/delivery.ts';
import type { DisabledReason } from '../records/endpoints.ts';
import type { NewEvent, PublishCall } from '../records/publishing.ts';
import type { AttemptResult } from '../records/results.ts';

export type Value = string | number | null | Uint8Array;

/** Reads packed values one after the other. */
class Reader {
  readonly values: readonly Value[];
  at = 0;

  constructor(values: readonly Value[]) {
    this.values = values;
  }

  // The writer beside it is the one source of what stands where; checking each value would cost what packing saves.
  next<T extends Value>(): T {
    const value = this.values[this.at] as T;
    this.at += 1;
    return value;
  }
}

export function packResults(workspace: number, results: readonly AttemptResult[]): Value[] {
  const out: Value[] = [workspace, results.length];
  for (const result of results) {
    const { slice, epoch, delivery, endpoint, attempt, next, disable } = result;
    const isWaiting = next.state === 'waiting';
    // Several calls, because arrays to spread would be garbage for each result.
    out.push(slice, epoch, delivery, endpoint, result.eventType);
    out.push(next.state, next.reason);
    out.push(isWaiting ? next.nextAttemptAt : next.endedAt);
    out.push(isWaiting ? next.waitedMs : null, isWaiting ? next.putOffs : null);
    out.push(disable?.reason ?? null, disable?.at ?? null, disable?.by ?? null);
    out.push(result.charged ? 1 : 0, result.probe ? 1 : 0);
    out.push(attempt.number, attempt.startedAt, attempt.durationMs, attempt.outcome, attempt.status);
    out.push(attempt.error, attempt.note, attempt.address, attempt.timings, attempt.url);
    out.push(attempt.requestHeaders, attempt.responseHeaders, attempt.responseBody);
    out.push(attempt.truncated ? 1 : 0);
  }
  return out;
}

function readNext(reader: Reader): AttemptResult['next'] {
  const state = reader.next<AttemptResult['next']['state']>();
  const reason = reader.next<string>();
  const at = reader.next<number>();
  const waitedMs = reader.next<number>();
  const putOffs = reader.next<number>();
  return state === 'waiting'
    ? { state, reason, nextAttemptAt: at, waitedMs, putOffs }
    : { state, reason, endedAt: at };
}

function readDisable(reader: Reader): AttemptResult['disable'] {
  const reason = reader.next<DisabledReason | null>();
  const at = reader.next<number>();
  const by = reader.next<string>();
  return reason === null ? null : { reason, at, by };
}

export function unpackResults(values: readonly Value[]): AttemptResult[] {
  const reader = new Reader(values);
  const workspace = reader.next<number>();
  return Array.from({ length: reader.next<number>() }, () => ({
    workspace,
    slice: reader.next(),
    epoch: reader.next(),
    delivery: reader.next(),
    endpoint: reader.next(),
    eventType: reader.next(),
    next: readNext(reader),
    disable: readDisable(reader),
    charged: reader.next() === 1,
    probe: reader.next() === 1,
    attempt: {
      number: reader.next(),
      startedAt: reader.next(),
      durationMs: reader.next(),
      outcome: reader.next<AttemptResult['attempt']['outcome']>(),
      status: reader.next(),
      error: reader.next(),
      note: reader.next(),
      address: reader.next(),
      timings: reader.next(),
      url: reader.next(),
      requestHeaders: reader.next(),
      responseHeaders: reader.next(),
      responseBody: reader.next(),
      truncated: reader.next() === 1,
    },
  }));
}

export function packCall(call: PublishCall): Value[] {
  const out: Value[] = [
    ...[call.workspace, call.routingVersion, call.acceptedAt],
    ...[call.idempotency?.key ?? null, call.idempotency?.hash ?? null],
    ...[call.quota?.limit ?? null, call.quota?.day ?? null, call.searchable ? 1 : 0, call.events.length],
  ];
  for (const event of call.events) {
    out.push(event.key, event.id, event.type, event.subject, event.createdAt, event.body, event.account);
    out.push(event.hash, event.verdicts, event.warnings, event.test ? 1 : 0, event.depth, event.trace);
    // Few events set something off: what they do is packed as it is.
    out.push(event.activations.length === 0 ? null : JSON.stringify(event.activations));
    out.push(event.signals ? 1 : 0, event.deliveries.length);
    for (const { key, endpoint, lane, source } of event.deliveries) {
      out.push(key, endpoint, lane, source.kind, source.id);
    }
  }
  return out;
}

function readDelivery(reader: Reader): NewDelivery {
  return {
    key: reader.next(),
    endpoint: reader.next(),
    lane: reader.next(),
    source: { kind: reader.next<Exclude<SourceKind, 'replay'>>(), id: reader.next() },
    // A subscription's delivery sends the event's body.
    body: null,
  };
}

function readActivations(text: string | null): readonly NewActivation[] {
  return text === null ? [] : (JSON.parse(text) as NewActivation[]);
}

function readEvent(reader: Reader): NewEvent {
  return {
    key: reader.next(),
    id: reader.next(),
    type: reader.next(),
    subject: reader.next(),
    createdAt: reader.next(),
    body: reader.next(),
    account: reader.next(),
    hash: reader.next(),
    verdicts: reader.next(),
    warnings: reader.next(),
    test: reader.next() === 1,
    depth: reader.next(),
    trace: reader.next(),
    activations: readActivations(reader.next()),
    signals: reader.next() === 1,
    deliveries: Array.from({ length: reader.next<number>() }, () => readDelivery(reader)),
  };
}

export function unpackCall(values: readonly Value[]): PublishCall {
  const reader = new Reader(values);
  const [workspace, routingVersion, acceptedAt] = [
    reader.next<number>(),
    reader.next<number>(),
    reader.next<number>(),
  ];
  const key = reader.next<string | null>();
  const hash = reader.next<string>();
  const limit = reader.next<number | null>();
  const day = reader.next<number>();
  const searchable = reader.next<number>() === 1;
  return {
    workspace,
    routingVersion,
    acceptedAt,
    idempotency: key === null ? null : { key, hash },
    quota: limit === null ? null : { limit, day },
    searchable,
    events: Array.from({ length: reader.next<number>() }, () => readEvent(reader)),
  };
}
