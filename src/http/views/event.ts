/**
 * Events as the API shows and takes them. Pure. An event in full is assembled as text, because its
 * data must come out as it went in.
 */

import { type Static, Type } from 'typebox';
import { accountOf, dataOf, familyOf } from '../../core/catalog/envelope.ts';
import type { Language } from '../../core/failures/texts.ts';
import { formatId } from '../../core/ids.ts';
import { readExact } from '../../core/json/exact.ts';
import type { StoredEvent } from '../../store/records/log.ts';
import type { VerdictRecord } from '../../store/records/publishing.ts';
import { MAX_BATCH_EVENTS } from '../bodies.ts';
import { indexedUntil, nullable, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';
import { sayNobody, sayOutcome, sayRefusal } from '../verdictTexts.ts';
import { type DeliveryView, type SourceView, sourceView } from './delivery.ts';
import type { EventRunView, ReleaseView } from './run.ts';

const FaultSchema = Type.Object({ field: Type.String(), message: Type.String() }, { $id: 'Fault' });
const warnings = Type.Array(ref<Static<typeof FaultSchema>>('Fault'), {
  description: 'Where data does not fit its schema, in a workspace that accepts it all the same.',
});

const NewEventSchema = Type.Object(
  {
    type: Type.String({ description: 'The name of an event type.' }),
    data: Type.Object(
      {},
      { additionalProperties: true, description: "What happened, as the type's schema says." },
    ),
    id: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_.:-]{1,128}$',
        description:
          'Yours, unique in the workspace: repeating it is answered as the first time. Made for you if absent.',
      }),
    ),
    created_at: Type.Optional(
      Type.String({ description: 'When it happened (RFC 3339, or ISO 8601 in UTC); now if absent.' }),
    ),
    account: Type.Optional(
      Type.Object(
        { email: Type.Optional(Type.String()) },
        {
          additionalProperties: true,
          description: 'Whose platform it happened in: `account` of marketing bodies.',
        },
      ),
    ),
  },
  { $id: 'NewEvent', additionalProperties: false },
);

const NewEventsSchema = Type.Object(
  { events: Type.Array(ref('NewEvent'), { minItems: 1, maxItems: MAX_BATCH_EVENTS }) },
  { $id: 'NewEvents', additionalProperties: false },
);

const AcceptedEventSchema = Type.Object(
  {
    id: Type.String(),
    deliveries: Type.Integer({ description: 'How many deliveries it makes.' }),
    runs: Type.Integer({ description: 'How many workflow runs it starts.' }),
    warnings: Type.Optional(warnings),
  },
  { $id: 'AcceptedEvent', description: 'Stored durably, with all that follows of it.' },
);
export type AcceptedEventView = Static<typeof AcceptedEventSchema>;

const AcceptedEventsSchema = Type.Object(
  { events: Type.Array(ref<AcceptedEventView>('AcceptedEvent')) },
  { $id: 'AcceptedEvents' },
);

const eventMembers = {
  id: Type.String(),
  type: Type.String(),
  subject: nullable(Type.String(), { description: 'The contact that it is about.' }),
  created_at: time('When it happened.'),
  accepted_at: time('When it was accepted.'),
  test: Type.Boolean({ description: 'Whether it is a sample sent as a test.' }),
  delivery_count: Type.Integer(),
  erased_at: nullable(time('When it was.'), {
    description:
      'When the data of the person that it was about were erased, and all that followed of it with them; null for never.',
  }),
};

const EventSchema = Type.Object(eventMembers, { $id: 'Event', description: 'Something that happened.' });
export type EventView = Static<typeof EventSchema>;

const VerdictSchema = Type.Object(
  {
    source: ref<SourceView>('Source'),
    endpoint_id: nullable(Type.String()),
    matched: Type.Boolean(),
    reason: Type.String({ description: 'Why, in English.' }),
    reason_text: Type.String({ description: 'Why, in the language of `Accept-Language` (ar or en).' }),
    clause: Type.Optional(Type.Unknown({ description: 'The clause that failed.' })),
    actual: Type.Optional(Type.Unknown({ description: 'What it found instead.' })),
  },
  { $id: 'Verdict', description: 'What one subscription, rule or workflow said to the event (and why).' },
);
export type VerdictView = Static<typeof VerdictSchema>;

const EventDetailSchema = Type.Object(
  {
    ...eventMembers,
    data: Type.Unknown({ description: 'As it was posted; null once `body_expired`.' }),
    body_expired: Type.Boolean({
      description: 'The body is no longer kept, nor who said no to the event: see `retention.bodies_days`.',
    }),
    account: Type.Unknown({ description: 'As it was posted; null for none.' }),
    deliveries: Type.Array(ref<DeliveryView>('Delivery')),
    runs: Type.Array(ref<EventRunView>('EventRun'), {
      description: 'The rules and workflows that it has set off; those that said no stand in `verdicts`.',
    }),
    releases: Type.Array(ref<ReleaseView>('Release'), {
      description: 'The runs that were waiting for it, and went on.',
    }),
    verdicts: Type.Array(ref<VerdictView>('Verdict')),
    reason: nullable(Type.String(), {
      description: 'Where it made no delivery: why, in English after a code.',
    }),
    reason_text: nullable(Type.String(), {
      description: 'Likewise, in the language of `Accept-Language` (ar or en).',
    }),
    warnings,
  },
  { $id: 'EventDetail', description: 'An event with what became of it.' },
);

export const eventComponents = [
  FaultSchema,
  NewEventSchema,
  NewEventsSchema,
  AcceptedEventSchema,
  AcceptedEventsSchema,
  EventSchema,
  pageOf(ref('Event'), 'EventPage', indexedUntil),
  VerdictSchema,
  EventDetailSchema,
];

export function eventView(row: StoredEvent): EventView {
  return {
    id: row.id,
    type: row.type,
    subject: row.subject,
    created_at: formatTime(row.createdAt),
    accepted_at: formatTime(row.acceptedAt),
    test: row.test,
    delivery_count: row.deliveries,
    erased_at: formatTimeOrNull(row.erasedAt),
  };
}

/** JSON text of an EventDetail. */
export function eventDetailText(
  row: StoredEvent,
  deliveries: readonly DeliveryView[],
  runs: readonly EventRunView[],
  releases: readonly ReleaseView[],
  language: Language,
): string {
  const verdicts = [...yesVerdicts(deliveries, language), ...noVerdicts(row.verdicts, language)];
  const head = JSON.stringify(eventView(row)).slice(0, -1);
  const { data, account } = textsOf(row);
  const tail = JSON.stringify({
    deliveries,
    runs,
    releases,
    verdicts,
    ...(row.deliveries > 0
      ? { reason: null, reason_text: null }
      : reasonForNone(verdicts, { runs, releases }, row.body === null, language)),
    warnings: row.warnings === null ? [] : JSON.parse(row.warnings),
    body_expired: row.body === null,
  });
  return `${head},"data":${data},"account":${account},${tail.slice(1)}`;
}

/** As JSON text, `null` where the body is no longer kept. */
function textsOf({ body, account }: StoredEvent): { data: string; account: string } {
  if (body === null) return { data: 'null', account: 'null' };
  const family = familyOf(body);
  return { data: dataOf(family, body), account: account ?? accountOf(family, body) ?? 'null' };
}

function yesVerdicts(deliveries: readonly DeliveryView[], language: Language): VerdictView[] {
  return deliveries
    .filter(
      ({ replay_of, source }) => replay_of === null && source.kind !== 'rule' && source.kind !== 'workflow',
    )
    .map(({ source, endpoint_id }) => ({
      source,
      endpoint_id,
      matched: true,
      ...sayOutcome(source.kind === 'test' ? 'test' : 'matched', language),
    }));
}

function noVerdicts(text: string | null, language: Language): VerdictView[] {
  const stored: readonly VerdictRecord[] = text === null ? [] : (readExact(text) as VerdictRecord[]);
  return stored.map(({ source, clause, actual, ...refusal }) => ({
    source: sourceView(source),
    endpoint_id: source.kind === 'subscription' && source.id !== null ? formatId('ep', source.id) : null,
    matched: false,
    ...sayRefusal(refusal, language),
    ...(clause === undefined ? {} : { clause }),
    ...(actual === undefined ? {} : { actual }),
  }));
}

function reasonForNone(
  verdicts: readonly VerdictView[],
  { runs, releases }: { runs: readonly EventRunView[]; releases: readonly ReleaseView[] },
  expired: boolean,
  language: Language,
): Pick<VerdictView, 'reason' | 'reason_text'> {
  if (runs.length === 0 && releases.length > 0) return sayOutcome('run_released', language);
  if (runs.length > 0) return sayOutcome('nothing_sent', language);
  if (expired) return sayOutcome('forgotten', language);
  if (verdicts.length === 0) return sayOutcome('not_taken', language);
  const mixed = verdicts.some(({ source }) => source.kind !== 'subscription');
  return sayNobody(verdicts.length, mixed, language);
}
