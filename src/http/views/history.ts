/** The audit log and replays as the API shows them. Pure. */

import { type Static, Type } from 'typebox';
import { maskDetails } from '../../core/egress/maskUrl.ts';
import { formatId } from '../../core/ids.ts';
import { AUDIT_ACTIONS, type StoredAuditEntry } from '../../store/records/audit.ts';
import {
  REPLAY_STATES,
  REPLAYABLE_STATES,
  type Replay,
  type ReplayCount,
  type ReplayFilter,
} from '../../store/records/replays.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';
import type { DeliveryView } from './delivery.ts';

const AuditEntrySchema = Type.Object(
  {
    id: Type.String(),
    at: time('When it was done.'),
    actor: Type.String({
      description:
        'Who did it: `person:` and the id of a person, `key:` and the beginning of an API key, `portal:` and the id of a ' +
        'portal link, or `system`.',
    }),
    actor_name: nullable(Type.String(), { description: 'The name of the person; null for others.' }),
    action: oneOf(AUDIT_ACTIONS),
    target: Type.String({ description: 'The id of what it was done to.' }),
    details: Type.Record(Type.String(), Type.Unknown(), {
      description: 'What it was before and after, how many it concerned; never a secret.',
    }),
  },
  { $id: 'AuditEntry', description: 'Who did what. Entries are never changed and never deleted.' },
);
export type AuditEntryView = Static<typeof AuditEntrySchema>;

const ReplayFilterSchema = Type.Object({
  since: time('Deliveries made from this moment on …'),
  until: time('… and before this one.'),
  states: Type.Array(oneOf(REPLAYABLE_STATES)),
  include_resolved: Type.Boolean({ description: 'Those, too, that a repeat of theirs has made good.' }),
});

const ReplaySchema = Type.Object(
  {
    id: Type.String(),
    endpoint_id: Type.String(),
    filter: ReplayFilterSchema,
    state: oneOf(REPLAY_STATES),
    total: Type.Integer({ description: 'How many there are to send again.' }),
    done: Type.Integer({ description: "How many have joined the tails of the endpoint's lanes." }),
    gone: Type.Integer({
      description: 'How many of that range cannot be sent again: retention had deleted them or their bodies.',
    }),
    progress: Type.Number({ minimum: 0, maximum: 1 }),
    reason: nullable(Type.String(), { description: 'Why it was cancelled, or failed.' }),
    created_by: Type.String(),
    created_at: time('When it was asked for.'),
    ended_at: nullable(time('When it ended.')),
  },
  { $id: 'Replay', description: "A job that sends an endpoint's deliveries again, in their order." },
);
export type ReplayView = Static<typeof ReplaySchema>;

const ReplayPreviewSchema = Type.Object(
  {
    total: Type.Integer({ description: 'How many would be sent again.' }),
    resolved: Type.Integer({
      description: 'How many of that range are left out, since a repeat of theirs has arrived.',
    }),
    gone: Type.Integer({ description: 'How many of that range cannot be any more.' }),
    note: nullable(Type.String(), { description: 'What `gone` means, where there are any.' }),
    oldest_at: nullable(time('When the oldest of them was made.')),
    newest_at: nullable(time('When the newest of them was made.')),
  },
  { $id: 'ReplayPreview', description: 'What a replay would do.' },
);
export type ReplayPreviewView = Static<typeof ReplayPreviewSchema>;

const NewReplaySchema = Type.Object(
  {
    since: Type.String({
      maxLength: 64,
      description: 'Deliveries made from this moment on (RFC 3339) …',
    }),
    until: Type.Optional(
      Type.String({ maxLength: 64, description: '… and before this one; until now if absent.' }),
    ),
    states: Type.Optional(
      Type.Array(oneOf(REPLAYABLE_STATES), {
        minItems: 1,
        maxItems: REPLAYABLE_STATES.length,
        uniqueItems: true,
        description: 'How they ended; `["dropped", "skipped"]` if absent.',
      }),
    ),
    include_resolved: Type.Optional(
      Type.Boolean({
        description:
          'Send those again, too, that a repeat of theirs has made good (`resolved_by`). If absent, they are left out.',
      }),
    ),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only count.' })),
  },
  { $id: 'NewReplay', additionalProperties: false },
);
export type NewReplayInput = Static<typeof NewReplaySchema>;

const EventReplaySchema = Type.Object(
  {
    data: Type.Array(ref<DeliveryView>('Delivery'), { description: 'The new deliveries.' }),
    open: Type.Integer({
      description: 'Deliveries of the event that have not ended yet: they are sent anyway.',
    }),
    without_endpoint: Type.Integer({ description: 'Deliveries whose endpoint was deleted.' }),
  },
  { $id: 'EventReplay', description: 'An event sent again.' },
);
export type EventReplayView = Static<typeof EventReplaySchema>;

export const historyComponents = [
  AuditEntrySchema,
  pageOf(ref('AuditEntry'), 'AuditPage'),
  ReplaySchema,
  pageOf(ref('Replay'), 'ReplayPage'),
  ReplayPreviewSchema,
  NewReplaySchema,
  EventReplaySchema,
];

/** `names` are people's, by the actor. */
export function auditEntryView(row: StoredAuditEntry, names: ReadonlyMap<string, string>): AuditEntryView {
  const { actor, action, target, details } = row;
  return {
    id: formatId('aud', row.key),
    at: formatTime(row.at),
    actor,
    actor_name: names.get(actor) ?? null,
    action,
    target,
    details: maskDetails(details),
  };
}

function filterView({ since, until, states, includeResolved = false }: ReplayFilter): ReplayView['filter'] {
  return {
    since: formatTime(since),
    until: formatTime(until),
    states: [...states],
    include_resolved: includeResolved,
  };
}

export function replayView(row: Replay): ReplayView {
  const { state, total, done, gone, reason } = row;
  return {
    id: formatId('rpl', row.key),
    endpoint_id: formatId('ep', row.endpoint),
    filter: filterView(row.filter),
    state,
    total,
    done,
    gone,
    progress: total === 0 ? 1 : Math.min(1, done / total),
    reason,
    created_by: row.createdBy,
    created_at: formatTime(row.createdAt),
    ended_at: formatTimeOrNull(row.endedAt),
  };
}

export function replayPreviewView({
  total,
  resolved,
  gone,
  oldestAt,
  newestAt,
}: ReplayCount): ReplayPreviewView {
  return {
    total,
    resolved,
    gone,
    note: gone === 0 ? null : goneText(gone),
    oldest_at: formatTimeOrNull(oldestAt),
    newest_at: formatTimeOrNull(newestAt),
  };
}

export function goneText(gone: number): string {
  const those = gone === 1 ? '1 more delivery of this range' : `${gone} more deliveries of this range`;
  return `${those} cannot be sent again: retention has deleted ${gone === 1 ? 'it or its body' : 'them or their bodies'}.`;
}
