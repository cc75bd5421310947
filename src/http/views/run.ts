/** Runs of rules and workflows, with what they did, as the API shows them. Pure. */

import { type Static, Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import { readExact } from '../../core/json/exact.ts';
import { type Release, RUN_STATES, type Run, type RunStep } from '../../store/records/automation.ts';
import type { ListedMail } from '../../store/records/mails.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';
import { type MailView, mailView } from './mail.ts';

const runMembers = {
  id: Type.String(),
  automation_id: Type.String({ description: 'The rule or workflow.' }),
  version: Type.Integer({ description: 'The version that it goes by.' }),
  event_id: Type.String({ description: 'The event that set it off.' }),
  event_type: Type.String(),
  subject: nullable(Type.String(), { description: 'The contact that the event is about.' }),
  state: oneOf(RUN_STATES),
  reason: nullable(Type.String(), { description: 'Why it ended so.' }),
  reason_text: Type.Optional(
    nullable(Type.String(), {
      description:
        'What its code means, in the language of `Accept-Language` (ar or en); null where it begins with none.',
    }),
  ),
  due_at: nullable(time('When it goes on; with `waits_for`, when it stops waiting.')),
  waits_for: nullable(Type.String(), { description: 'The type of the event that it waits for.' }),
  created_at: time('When it began.'),
  ended_at: nullable(time('When it ended.')),
};

const RunSchema = Type.Object(runMembers, {
  $id: 'Run',
  description: 'A rule or workflow at work on one event.',
});
export type RunView = Static<typeof RunSchema>;

const RunStepSchema = Type.Object(
  {
    step: nullable(Type.String(), {
      description: "The step's id; null for what concerns the run as a whole.",
    }),
    kind: Type.String({ description: "The step's type, or `run`." }),
    at: time('When it happened.'),
    details: Type.Object(
      {
        outcome: Type.Optional(
          Type.String({
            description:
              'Of an e-mail, as long as its mails are kept: `queued`, `sent`, `refused` by the mail server, or `dropped` because a ' +
              'limit was reached; the least good of its mails.',
          }),
        ),
        mails: Type.Optional(
          Type.Array(ref<MailView>('Mail'), {
            description: 'Of an e-mail: what became of each of its mails.',
          }),
        ),
      },
      {
        additionalProperties: true,
        description:
          'What came of it, and why; `delivery_id` of a webhook, `event_id` of the event that a wait was for. Of a step that failed, `failure` holds `code`, `message`, and as `text` what the code means in the ' +
          'language of `Accept-Language` (ar or en).',
      },
    ),
  },
  { $id: 'RunStep', description: "One entry of a run's history." },
);
export type RunStepView = Static<typeof RunStepSchema>;

const RunDetailSchema = Type.Object(
  { ...runMembers, steps: Type.Array(ref<RunStepView>('RunStep')) },
  { $id: 'RunDetail', description: 'A run with its history, oldest entry first.' },
);
export type RunDetailView = Static<typeof RunDetailSchema>;

const EventRunSchema = Type.Object(
  {
    id: Type.String(),
    automation_id: Type.String(),
    state: oneOf(RUN_STATES),
    reason: nullable(Type.String()),
    reason_text: Type.Optional(nullable(Type.String())),
  },
  { $id: 'EventRun', description: 'A run that an event has set off.' },
);
export type EventRunView = Static<typeof EventRunSchema>;

const ReleaseSchema = Type.Object(
  {
    run_id: Type.String(),
    automation_id: Type.String(),
    step: Type.String({ description: 'The wait that the event was for.' }),
  },
  { $id: 'Release', description: 'A run that went on because of an event.' },
);
export type ReleaseView = Static<typeof ReleaseSchema>;

export const runComponents = [
  RunSchema,
  pageOf(ref('Run'), 'RunPage'),
  RunStepSchema,
  RunDetailSchema,
  EventRunSchema,
  ReleaseSchema,
];

/** `ids` are those of rules and workflows, by key. */
export function runView(row: Run, ids: ReadonlyMap<number, string>): RunView {
  return {
    ...eventRunView(row, ids),
    version: row.version,
    event_id: row.eventId,
    event_type: row.eventType,
    subject: row.subject,
    due_at: formatTimeOrNull(row.dueAt),
    waits_for: row.waitsFor,
    created_at: formatTime(row.createdAt),
    ended_at: formatTimeOrNull(row.endedAt),
  };
}

export function eventRunView(row: Run, ids: ReadonlyMap<number, string>): EventRunView {
  const automation_id = ids.get(row.automation);
  if (automation_id === undefined)
    throw new Error(`The id of automation ${row.automation} was not looked up.`);
  return { id: formatId('run', row.key), automation_id, state: row.state, reason: row.reason };
}

export function releaseView({ run, step }: Release, ids: ReadonlyMap<number, string>): ReleaseView {
  const { id, automation_id } = eventRunView(run, ids);
  return { run_id: id, automation_id, step };
}

/** `mails` are those of the run. */
export function runStepView({ step, kind, at, details }: RunStep, mails: readonly ListedMail[]): RunStepView {
  const { until, ...rest } = readExact(details) as Record<string, unknown>;
  const shown = typeof until === 'number' ? { ...rest, until: formatTime(until) } : rest;
  const own = kind === 'email' ? mails.filter((mail) => mail.step === step).toReversed() : [];
  if (own.length > 0) Object.assign(shown, { outcome: outcomeOf(own), mails: own.map(mailView) });
  return { step, kind, at: formatTime(at), details: shown };
}

/** The least good outcome of a step's mails. */
function outcomeOf(mails: readonly ListedMail[]): string {
  const states = new Set(mails.map(({ state }) => state));
  if (states.has('pending')) return 'queued';
  return (['refused', 'dropped'] as const).find((state) => states.has(state)) ?? 'sent';
}
