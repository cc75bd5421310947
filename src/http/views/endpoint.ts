/**
 * Endpoints as the API shows and takes them. Pure.
 */

import { type Static, Type } from 'typebox';
import { MAX_LANES, type Ordering } from '../../core/delivery/order.ts';
import { MAX_WAIT_S, MAX_WAITS, RETRY_PRESETS, type RetryPolicy } from '../../core/delivery/retry.ts';
import { maskUrl } from '../../core/egress/maskUrl.ts';
import { formatId } from '../../core/ids.ts';
import type { Condition } from '../../core/routing/condition.ts';
import type { Endpoint, Failing, OpenCount } from '../../store/records/endpoints.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { conditionComponents } from './condition.ts';
import { savedWarnings } from './warning.ts';

export const MIN_TIMEOUT_MS = 100;
export const MAX_TIMEOUT_MS = 10_000;
/** A8. */
export const DEFAULT_TIMEOUT_MS = 5_000;
export const MAX_NAME_LENGTH = 200;
/** One in 100 s; and what one process can still space evenly. */
export const MIN_RATE_PER_SECOND = 0.01;
export const MAX_RATE_PER_SECOND = 1_000;
/** More types than the catalog and a workspace's own will ever hold. */
const MAX_EVENT_TYPES = 200;

const lanes = Type.Integer({ minimum: 1, maximum: MAX_LANES });

export const OrderingSchema = Type.Union(
  [
    Type.Object({ by: oneOf(['endpoint'] as const) }, { additionalProperties: false }),
    Type.Object({ by: oneOf(['subject'] as const), lanes }, { additionalProperties: false }),
    Type.Object({ by: oneOf(['none'] as const), lanes }, { additionalProperties: false }),
  ],
  {
    description:
      'Strict order over everything, strict per subject (contact), or none. `lanes` is how many requests may be in flight at a time.',
  },
);

export const RetrySchema = Type.Union(
  [
    Type.Object({ preset: oneOf(RETRY_PRESETS) }, { additionalProperties: false }),
    Type.Object(
      {
        waits_s: Type.Array(Type.Integer({ minimum: 1, maximum: MAX_WAIT_S }), {
          minItems: 1,
          maxItems: MAX_WAITS,
        }),
      },
      { additionalProperties: false },
    ),
  ],
  { description: 'A preset, or the waits between attempts in seconds.' },
);

const RateLimitSchema = Type.Object(
  {
    per_second: Type.Number({
      minimum: MIN_RATE_PER_SECOND,
      maximum: MAX_RATE_PER_SECOND,
      description: 'Requests started in a second; 0.1 is one in ten seconds.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'The most that is sent, retries and tests included, over all lanes and nodes: evenly spaced, so that a second’s worth never comes at once. Null for no limit.',
  },
);

const SignatureInput = Type.Object(
  {
    v1a: Type.Optional(Type.Boolean({ description: 'Also sign with Ed25519 (`v1a`).' })),
    compatibility: Type.Optional(
      oneOf(['none', 'base64', 'hex'] as const, {
        description: 'The header `X-Webhook-Signature`, and how it is written.',
      }),
    ),
  },
  { additionalProperties: false },
);

const input = {
  url: Type.String({ minLength: 1, maxLength: 2048 }),
  name: Type.String({ maxLength: MAX_NAME_LENGTH }),
  event_types: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    minItems: 1,
    maxItems: MAX_EVENT_TYPES,
    uniqueItems: true,
    description:
      'Names of event types; `["*"]` for all. The system events `endpoint.disabled`, `endpoint.enabled`, ' +
      '`delivery.dropped` and `budget.warning` are sent only where they are named: `*` does not mean them.',
  }),
  condition: nullable(ref<unknown>('Condition')),
  ordering: OrderingSchema,
  retry: RetrySchema,
  timeout_ms: Type.Integer({
    minimum: MIN_TIMEOUT_MS,
    maximum: MAX_TIMEOUT_MS,
    default: DEFAULT_TIMEOUT_MS,
    description: 'For a whole attempt, from the name look-up to the head of the answer.',
  }),
  headers: Type.Record(Type.String(), Type.String(), {
    description: 'Headers of your own, sent with every request.',
  }),
  signature: SignatureInput,
  rate_limit: nullable(RateLimitSchema),
};

export const NewEndpointSchema = Type.Object(
  {
    url: input.url,
    event_types: input.event_types,
    name: Type.Optional(input.name),
    condition: Type.Optional(input.condition),
    ordering: Type.Optional(input.ordering),
    retry: Type.Optional(input.retry),
    timeout_ms: Type.Optional(input.timeout_ms),
    headers: Type.Optional(input.headers),
    signature: Type.Optional(input.signature),
    rate_limit: Type.Optional(input.rate_limit),
    secret: Type.Optional(
      Type.String({
        maxLength: 200,
        description: 'A signing secret of your own (`whsec_…`); made for you if absent.',
      }),
    ),
  },
  { $id: 'NewEndpoint', additionalProperties: false },
);
export type NewEndpointInput = Static<typeof NewEndpointSchema>;

export const EndpointPatchSchema = Type.Object(
  {
    url: Type.Optional(input.url),
    event_types: Type.Optional(input.event_types),
    name: Type.Optional(input.name),
    condition: Type.Optional(input.condition),
    ordering: Type.Optional(input.ordering),
    retry: Type.Optional(input.retry),
    timeout_ms: Type.Optional(input.timeout_ms),
    headers: Type.Optional(input.headers),
    signature: Type.Optional(input.signature),
    rate_limit: Type.Optional(input.rate_limit),
  },
  { $id: 'EndpointPatch', additionalProperties: false, description: 'What is absent stays as it is.' },
);
export type EndpointPatchInput = Static<typeof EndpointPatchSchema>;

const endpointMembers = {
  id: Type.String(),
  url: Type.String({
    description: 'Masked (`…`) where it may hold a secret, unless the key may manage.',
  }),
  name: Type.String(),
  event_types: Type.Array(Type.String()),
  condition: nullable(ref<Condition>('Condition')),
  enabled: Type.Boolean(),
  disabled: nullable(
    Type.Object({
      reason: oneOf(['manual', 'error_budget', 'gone', 'suspended'] as const),
      at: time('Since when.'),
      by: Type.String({ description: 'Who did it.' }),
    }),
  ),
  ordering: Type.Unsafe<Ordering>(OrderingSchema),
  retry: Type.Unsafe<RetryPolicy>(RetrySchema),
  timeout_ms: Type.Integer(),
  headers: Type.Record(Type.String(), Type.String(), {
    description: 'Values are `***` unless the key may manage.',
  }),
  signature: Type.Object({ v1a: Type.Boolean(), compatibility: oneOf(['none', 'base64', 'hex'] as const) }),
  rate_limit: nullable(RateLimitSchema),
  automation_id: nullable(Type.String(), {
    description:
      'The rule or workflow that first named its URL in an action; null for an endpoint that was connected by itself.',
  }),
  used_by: Type.Array(Type.String(), {
    description: 'Rules and workflows whose actions send to it now, by its URL or its id.',
  }),
  held: Type.Integer({ description: 'Deliveries held because the endpoint is disabled.' }),
  held_oldest_at: nullable(time('When the oldest of them was made; null where none is held.')),
  failing: nullable(
    Type.Object({
      since: time('When the first of the attempts that failed in a row ended.'),
      failures: Type.Integer(),
      last_error: Type.String(),
    }),
    { description: 'Null unless the latest attempt failed.' },
  ),
  recovering: Type.Boolean({
    description: 'Enabled lately, and its first delivery, tried alone, has not arrived yet.',
  }),
  created_at: time('When it was made.'),
  updated_at: time('When it was last changed.'),
  warnings: savedWarnings,
};

const EndpointSchema = Type.Object(endpointMembers, { $id: 'Endpoint', description: 'Where webhooks go.' });
export type EndpointView = Static<typeof EndpointSchema>;

const CreatedEndpointSchema = Type.Object(
  {
    ...endpointMembers,
    secret: Type.String({ description: 'The signing secret (`whsec_…`).' }),
    public_key: Type.Optional(
      Type.String({ description: 'With `signature.v1a`: the key to verify with (`whpk_…`).' }),
    ),
  },
  { $id: 'CreatedEndpoint', description: 'The endpoint and, this once, its secret.' },
);

const secretKind = oneOf(['v1', 'v1a'] as const);

const EndpointSecretSchema = Type.Object(
  {
    secret: Type.String({ description: 'The shared secret in force (`whsec_…`).' }),
    public_key: Type.Optional(
      Type.String({ description: 'The Ed25519 key to verify `v1a` with (`whpk_…`).' }),
    ),
    previous: Type.Array(
      Type.Object({
        kind: secretKind,
        secret: Type.Optional(Type.String()),
        public_key: Type.Optional(Type.String()),
        expires_at: time('Until then it signs too.'),
      }),
      { description: 'Rotated out, but still signing beside the one in force.' },
    ),
  },
  { $id: 'EndpointSecret' },
);
export type EndpointSecretView = Static<typeof EndpointSecretSchema>;

const RotatedSecretSchema = Type.Object(
  {
    kind: secretKind,
    secret: Type.Optional(Type.String({ description: 'The new `whsec_…`.' })),
    public_key: Type.Optional(Type.String({ description: 'The new `whpk_…`.' })),
    previous_expires_at: time('Until then the one before signs too.'),
  },
  { $id: 'RotatedSecret' },
);
const EnabledEndpointsSchema = Type.Object(
  {
    data: Type.Array(
      Type.Object({
        id: Type.String(),
        outcome: oneOf(['enabled', 'was_enabled', 'not_found'] as const, {
          description: 'What became of it.',
        }),
        held: Type.Integer({ description: 'How many deliveries were held.' }),
      }),
      { description: 'In the order of the ids.' },
    ),
  },
  { $id: 'EnabledEndpoints', description: 'What became of each endpoint that was to be enabled.' },
);
export type EnabledEndpointsView = Static<typeof EnabledEndpointsSchema>;

export type RotatedSecretView = Static<typeof RotatedSecretSchema>;

export const endpointComponents = [
  ...conditionComponents,
  NewEndpointSchema,
  EndpointPatchSchema,
  EndpointSchema,
  CreatedEndpointSchema,
  pageOf(ref('Endpoint'), 'EndpointPage'),
  EndpointSecretSchema,
  RotatedSecretSchema,
  EnabledEndpointsSchema,
];

/** `held` is what is open at a disabled endpoint; `headers` are to be shown as they are. */
export function endpointView(
  endpoint: Endpoint,
  {
    held,
    failing,
    headers,
    automationId,
    usedBy,
    showSecrets,
  }: {
    held: OpenCount | null;
    failing: Failing | null;
    headers: Record<string, string>;
    automationId: string | null;
    usedBy: readonly string[];
    showSecrets: boolean;
  },
): EndpointView {
  const { disabled, recovery } = endpoint;
  return {
    id: formatId('ep', endpoint.key),
    url: showSecrets ? endpoint.url : maskUrl(endpoint.url),
    name: endpoint.name,
    event_types: [...endpoint.eventTypes],
    condition: endpoint.condition,
    enabled: disabled === null,
    disabled:
      disabled === null ? null : { reason: disabled.reason, at: formatTime(disabled.at), by: disabled.by },
    ordering: endpoint.ordering,
    retry: endpoint.retry,
    timeout_ms: endpoint.timeoutMs,
    headers,
    signature: endpoint.signature,
    rate_limit: endpoint.rateLimit,
    automation_id: automationId,
    used_by: [...usedBy],
    held: held?.count ?? 0,
    held_oldest_at: held === null ? null : formatTime(held.oldestAt),
    failing:
      failing === null
        ? null
        : { since: formatTime(failing.since), failures: failing.failures, last_error: failing.error },
    recovering: recovery?.probing === true,
    created_at: formatTime(endpoint.createdAt),
    updated_at: formatTime(endpoint.updatedAt),
  };
}
