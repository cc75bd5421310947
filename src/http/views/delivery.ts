/**
 * Deliveries and attempts as the API shows them: schemas, and rows turned into them. Pure.
 */

import { domainToUnicode } from 'node:url';
import { type Static, Type } from 'typebox';
import { ATTEMPT_OUTCOMES } from '../../core/delivery/decide.ts';
import { DELIVERY_STATES, type DeliveryState } from '../../core/delivery/machine.ts';
import { maskUrl } from '../../core/egress/maskUrl.ts';
import { formatId } from '../../core/ids.ts';
import type { DeliveryOrigin } from '../../store/records/automation.ts';
import type { DeliverySource } from '../../store/records/delivery.ts';
import type { StoredAttempt, StoredDelivery } from '../../store/records/log.ts';
import { indexedUntil, nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';
import { automationId } from './automation.ts';
import { bytesMembers, bytesView, HeaderPairs, headerPairs } from './bytes.ts';
import { type WaitingFor, WaitingForSchema } from './waiting.ts';

export const SourceSchema = Type.Object(
  {
    kind: oneOf(['subscription', 'rule', 'workflow', 'test'] as const),
    id: nullable(Type.String(), { description: 'The endpoint, rule or workflow; null for a test.' }),
    run_id: nullable(Type.String(), { description: 'Of a delivery: the run that asked for it, if one did.' }),
    step: nullable(Type.String(), { description: "The run's step." }),
  },
  { $id: 'Source', description: 'What asked for the delivery.' },
);
export type SourceView = Static<typeof SourceSchema>;

const attemptMembers = {
  number: Type.Integer({ minimum: 1 }),
  started_at: time('When the attempt began.'),
  duration_ms: Type.Integer({ minimum: 0 }),
  outcome: oneOf(ATTEMPT_OUTCOMES),
  status: nullable(Type.Integer(), { description: "The answer's HTTP status; null where no answer came." }),
  error: nullable(Type.String(), { description: 'What went wrong: a code, and what to do in English.' }),
  error_text: Type.Optional(
    nullable(Type.String(), {
      description: 'What it means, in the language of `Accept-Language` (ar or en).',
    }),
  ),
};

const AttemptSchema = Type.Object(attemptMembers, {
  $id: 'Attempt',
  description: 'One HTTP request of a delivery.',
});
export type AttemptView = Static<typeof AttemptSchema>;

const AttemptDetailSchema = Type.Object(
  {
    ...attemptMembers,
    request: Type.Object({
      url: Type.String({
        description: 'As it was sent: escaped, the host as punycode. Masked (`…`) unless the key may manage.',
      }),
      readable_url: nullable(Type.String(), {
        description: 'The same with the host in its own script; null where that makes no difference.',
      }),
      headers: HeaderPairs,
      body: nullable(Type.String(), {
        description: 'Exactly as sent; null where the event is no longer kept.',
      }),
      truncated: Type.Boolean(),
    }),
    response: nullable(
      Type.Object({
        headers: HeaderPairs,
        ...bytesMembers,
        truncated: Type.Boolean({ description: 'True where less is kept than the receiver sent.' }),
      }),
    ),
    timings_ms: Type.Object({
      dns: Type.Optional(Type.Number()),
      connect: Type.Optional(Type.Number()),
      tls: Type.Optional(Type.Number()),
      response: Type.Optional(Type.Number()),
    }),
    note: nullable(Type.String()),
    address: nullable(Type.String(), { description: 'The IP address that was connected to.' }),
  },
  { $id: 'AttemptDetail', description: 'One HTTP request of a delivery, exactly as sent and as answered.' },
);
export type AttemptDetailView = Static<typeof AttemptDetailSchema>;

const deliveryMembers = {
  id: Type.String(),
  event_id: Type.String(),
  event_type: Type.String(),
  endpoint_id: Type.String(),
  source: ref<SourceView>('Source'),
  replay_of: nullable(Type.String(), { description: 'The delivery that this one repeats.' }),
  resolved_by: nullable(Type.String(), {
    description: 'Of one that was dropped or skipped: the repeat of it that arrived.',
  }),
  state: oneOf(DELIVERY_STATES),
  reason: nullable(Type.String(), { description: 'Why it ended so, or why it waits.' }),
  reason_text: Type.Optional(
    nullable(Type.String(), {
      description: 'What it means, in the language of `Accept-Language` (ar or en).',
    }),
  ),
  sequence: Type.Integer({ description: 'Its number in its lane.' }),
  webhook_id: Type.String({
    description: 'The `webhook-id` that the receiver sees; the same for every repeat.',
  }),
  attempt_count: Type.Integer(),
  next_attempt_at: nullable(time('When it is tried again.')),
  waiting_for: nullable(ref<WaitingFor>('WaitingFor')),
  created_at: time('When it was accepted.'),
  ended_at: nullable(time('When it ended.')),
};

const DeliverySchema = Type.Object(
  { ...deliveryMembers, attempts: Type.Array(ref<AttemptView>('Attempt')) },
  { $id: 'Delivery', description: 'One event for one endpoint.' },
);
export type DeliveryView = Static<typeof DeliverySchema>;

const DeliveryDetailSchema = Type.Object(
  { ...deliveryMembers, attempts: Type.Array(ref<AttemptDetailView>('AttemptDetail')) },
  { $id: 'DeliveryDetail', description: 'One event for one endpoint, with every attempt in full.' },
);
export type DeliveryDetailView = Static<typeof DeliveryDetailSchema>;

const DeliveryPageSchema = pageOf(ref('Delivery'), 'DeliveryPage', indexedUntil);

export const deliveryComponents = [
  SourceSchema,
  AttemptSchema,
  AttemptDetailSchema,
  WaitingForSchema,
  DeliverySchema,
  DeliveryDetailSchema,
  DeliveryPageSchema,
];

export function sourceView(
  { kind, id }: DeliverySource,
  origin?: Pick<DeliveryOrigin, 'run' | 'step'>,
): SourceView {
  const of = { run_id: origin ? formatId('run', origin.run) : null, step: origin?.step ?? null };
  if (id === null) return { kind, id: null, ...of };
  if (kind === 'rule' || kind === 'workflow') return { kind, id: automationId(kind, id), ...of };
  return { kind, id: kind === 'subscription' ? formatId('ep', id) : null, ...of };
}

/** All but the attempts. */
export function deliveryMembersView(
  row: StoredDelivery,
  around: {
    state: DeliveryState;
    waitingFor: WaitingFor | null;
    origin: DeliveryOrigin | undefined;
    resolvedBy: number | undefined;
  },
): Omit<DeliveryView, 'attempts'> {
  return {
    id: formatId('dlv', row.key),
    event_id: row.eventId,
    event_type: row.eventType,
    endpoint_id: formatId('ep', row.endpoint),
    source: sourceView(row.source, around.origin),
    replay_of: row.replayOf === null ? null : formatId('dlv', row.replayOf),
    resolved_by: around.resolvedBy === undefined ? null : formatId('dlv', around.resolvedBy),
    state: around.state,
    reason: row.reason,
    sequence: row.sequence,
    webhook_id: formatId('msg', row.message),
    attempt_count: row.attempts,
    next_attempt_at: formatTimeOrNull(row.nextAttemptAt),
    waiting_for: around.waitingFor,
    created_at: formatTime(row.createdAt),
    ended_at: formatTimeOrNull(row.endedAt),
  };
}

export function attemptView(row: StoredAttempt): AttemptView {
  return {
    number: row.number,
    started_at: formatTime(row.startedAt),
    duration_ms: Math.round(row.durationMs),
    outcome: row.outcome,
    status: row.status,
    error: row.error,
  };
}

/**
 * `body` is what was sent, `own` the endpoint's own headers where they are sealed in the attempt. Without
 * `showSecrets`, the URL is masked, and so are the values of own headers that older attempts keep openly.
 */
export function attemptDetailView(
  row: StoredAttempt,
  body: string | null,
  own: Readonly<Record<string, string>>,
  options: { showSecrets: boolean },
): AttemptDetailView {
  const headers = headerPairs(row.requestHeaders);
  const url = options.showSecrets ? row.url : maskUrl(row.url);
  return {
    ...attemptView(row),
    request: {
      url,
      readable_url: readableUrl(url),
      headers: [...(options.showSecrets ? headers : headers.map(maskOwnHeader)), ...Object.entries(own)],
      body,
      truncated: false,
    },
    response: responseView(row),
    timings_ms: timingsView(row.timings),
    note: row.note,
    address: row.address,
  };
}

function readableUrl(sent: string): string | null {
  const url = URL.parse(sent);
  const host = url === null ? '' : domainToUnicode(url.hostname);
  return url === null || host === '' || host === url.hostname ? null : sent.replace(url.hostname, host);
}

/** Headers that Mirsal writes itself; any other is the endpoint's own and may carry a credential. */
const OUR_HEADER =
  /^(?:webhook-.*|mirsal-.*|x-webhook-signature|content-type|content-length|host|connection)$/i;
const OUR_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['user-agent', 'Mirsal/1'],
  ['accept', '*/*'],
]);

function maskOwnHeader(pair: string[]): string[] {
  const [name = '', value = ''] = pair;
  return OUR_HEADER.test(name) || OUR_DEFAULTS.get(name) === value ? [name, value] : [name, '***'];
}

function responseView(row: StoredAttempt): AttemptDetailView['response'] {
  if (row.responseHeaders === null) return null;
  return {
    headers: headerPairs(row.responseHeaders),
    ...bytesView(row.responseBody ?? new Uint8Array()),
    truncated: row.truncated,
  };
}

function timingsView(text: string): AttemptDetailView['timings_ms'] {
  const stored: unknown = JSON.parse(text);
  const timings: AttemptDetailView['timings_ms'] = {};
  for (const phase of ['dns', 'connect', 'tls', 'response'] as const) {
    const value: unknown =
      typeof stored === 'object' && stored !== null ? Reflect.get(stored, phase) : undefined;
    if (typeof value === 'number') timings[phase] = value;
  }
  return timings;
}
