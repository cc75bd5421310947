/** What is asked of jobs over many deliveries, and what they would do. Pure. */

import { type Static, Type } from 'typebox';
import type { DeliveryState } from '../../core/delivery/machine.ts';
import { valuesOf } from '../../core/limits.ts';
import { BULK_LIMITS, type BulkKind, type BulkPreview } from '../../store/records/bulk.ts';
import { oneOf, ref } from '../operation.ts';

const { ids: MAX_IDS } = valuesOf(BULK_LIMITS);

/** By kind: states that it is for, and those that it is for where nobody says. */
export const BULK_STATES = {
  retry_deliveries: {
    all: ['waiting', 'delivered', 'dropped', 'skipped'],
    usual: ['waiting', 'dropped'],
  },
  skip_deliveries: { all: ['pending', 'waiting', 'held'], usual: ['pending', 'waiting', 'held'] },
  replay_deliveries: { all: ['delivered', 'dropped', 'skipped'], usual: ['dropped', 'skipped'] },
} as const satisfies Record<BulkKind, Record<'all' | 'usual', readonly DeliveryState[]>>;
export type BulkState = (typeof BULK_STATES)[BulkKind]['all'][number];

const EVERY_STATE = ['pending', 'waiting', 'held', 'delivered', 'dropped', 'skipped'] as const;

const BulkFilterSchema = Type.Object(
  {
    endpoint_id: Type.Optional(Type.String({ maxLength: 64 })),
    event_id: Type.Optional(Type.String({ maxLength: 128, description: 'Deliveries of this event.' })),
    states: Type.Optional(
      Type.Array(oneOf(EVERY_STATE), {
        minItems: 1,
        maxItems: EVERY_STATE.length,
        uniqueItems: true,
        description:
          'How they stand. A retry is for `waiting`, `delivered`, `dropped`, `skipped` (the first and third if absent); a skip ' +
          'for `pending`, `waiting`, `held` (all if absent); a replay for `delivered`, `dropped`, `skipped` (the last two if absent).',
      }),
    ),
    type: Type.Optional(Type.String({ maxLength: 128, description: 'An event type.' })),
    subject: Type.Optional(
      Type.String({ maxLength: 1024, description: 'The contact that the event is about.' }),
    ),
    since: Type.Optional(Type.String({ maxLength: 64, description: 'Made from this moment on (RFC 3339).' })),
    until: Type.Optional(Type.String({ maxLength: 64, description: 'Made before this moment (RFC 3339).' })),
  },
  {
    $id: 'BulkFilter',
    additionalProperties: false,
    description: 'Which deliveries, as the list of deliveries has them; at least one member.',
  },
);
export type BulkFilterInput = Static<typeof BulkFilterSchema>;

const BulkInputSchema = Type.Object(
  {
    ids: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        minItems: 1,
        maxItems: MAX_IDS,
        uniqueItems: true,
        description: 'Ids of deliveries (`dlv_…`).',
      }),
    ),
    filter: Type.Optional(ref<BulkFilterInput>('BulkFilter')),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only count.' })),
  },
  {
    $id: 'ManyDeliveries',
    additionalProperties: false,
    description: 'Which deliveries: either `ids` or a `filter`.',
  },
);
export type ManyDeliveriesInput = Static<typeof BulkInputSchema>;

const BulkPreviewSchema = Type.Object(
  {
    total: Type.Integer({ description: 'How many deliveries it would be done to.' }),
    not_done: Type.Record(Type.String(), Type.Integer(), {
      description:
        'How many of those named it would not be done to, by reason: `not_found`, `already_ended`, `not_ended`, `same_message`.',
    }),
  },
  { $id: 'ManyDeliveriesPreview', description: 'What a job over many deliveries would do.' },
);

export const bulkComponents = [BulkFilterSchema, BulkInputSchema, BulkPreviewSchema];

export function bulkPreviewView({ total, notDone }: BulkPreview): Static<typeof BulkPreviewSchema> {
  const some = Object.entries(notDone).filter(([, count]) => count > 0);
  return { total, not_done: Object.fromEntries(some) };
}
