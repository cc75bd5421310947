/** Dry runs as the API shows and takes them: what a rule or workflow would do. Pure. */

import { type Static, Type } from 'typebox';
import type { Language } from '../../core/failures/texts.ts';
import { formatId } from '../../core/ids.ts';
import { refusal } from '../../core/routing/why.ts';
import { STEP_TYPES } from '../../core/workflow/definition.ts';
import type { ExplainedStep, Explanation } from '../../core/workflow/explain.ts';
import type { Effect } from '../../core/workflow/step.ts';
import type { TriggerFailure, TriggersVerdict } from '../../core/workflow/trigger.ts';
import { nullable, oneOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { sayOutcome, sayRefusal } from '../verdictTexts.ts';
import { warningList } from './warning.ts';

const DryRunInputSchema = Type.Object(
  {
    definition: Type.Optional(
      Type.Object({}, { additionalProperties: true, description: 'One that need not be stored. Or `id`.' }),
    ),
    id: Type.Optional(Type.String({ maxLength: 64, description: 'One that is stored, enabled or not.' })),
    event_type: Type.Optional(
      Type.String({ maxLength: 128, description: "Whose sample is taken; the first trigger's if absent." }),
    ),
    sample: Type.Optional(
      Type.String({ maxLength: 128, description: "A sample's name; the type's first one if absent." }),
    ),
    event_id: Type.Optional(
      Type.String({ maxLength: 128, description: 'A past event, in the place of a sample.' }),
    ),
    waits: Type.Optional(
      Type.Record(Type.String(), oneOf(['received', 'timed_out'] as const), {
        description:
          'By ids of wait_for_event steps: how they end. Those that are not named are shown both ways.',
      }),
    ),
  },
  { $id: 'DryRunInput', additionalProperties: false },
);
export type DryRunInput = Static<typeof DryRunInputSchema>;

const failureSchema = Type.Object({ code: Type.String(), message: Type.String() });

const reasonText = Type.String({ description: 'Why, in the language of `Accept-Language` (ar or en).' });

const DryRunStepSchema = Type.Object(
  {
    step: Type.String(),
    type: nullable(oneOf(STEP_TYPES)),
    at: time('When the run would come to it.'),
    outcome: Type.String(),
    until: Type.Optional(time('Of a delay or a wait: when it would be over.')),
    reason: Type.Optional(
      Type.String({ description: 'Of a decision that says no: the clause and the value, in English.' }),
    ),
    reason_text: Type.Optional(reasonText),
    clause: Type.Optional(Type.Unknown({ description: 'The clause that failed.' })),
    actual: Type.Optional(Type.Unknown({ description: 'What it found instead.' })),
    failure: Type.Optional(failureSchema),
    sends: Type.Optional(
      Type.Object(
        {
          kind: oneOf(['webhook', 'email'] as const),
          url: Type.Optional(nullable(Type.String())),
          endpoint_id: Type.Optional(
            nullable(Type.String(), { description: 'Null where it would be made for the URL.' }),
          ),
          body: Type.Optional(Type.String({ description: 'JSON text, exactly as it would be sent.' })),
          to: Type.Optional(Type.Array(Type.String())),
          subject: Type.Optional(Type.String()),
          text: Type.Optional(Type.String()),
        },
        { description: 'What would be sent.' },
      ),
    ),
    branches: Type.Optional(
      Type.Object(
        { received: Type.Array(ref('DryRunStep')), timed_out: Type.Array(ref('DryRunStep')) },
        { description: 'Of a wait: both ways, each up to where they rejoin.' },
      ),
    ),
  },
  { $id: 'DryRunStep', description: 'A step that the run would come to.' },
);
export interface DryRunStepView {
  [member: string]: unknown;
  step: string;
}

const DryRunSchema = Type.Object(
  {
    event: Type.Object({
      type: Type.String(),
      id: nullable(Type.String(), { description: 'Null for a sample.' }),
      sample: nullable(Type.String(), { description: 'Null for a past event.' }),
    }),
    verdict: Type.Object({
      matched: Type.Boolean(),
      trigger: nullable(Type.Integer(), { description: 'Index of the trigger that matched.' }),
      reason: Type.String(),
      reason_text: reasonText,
      failures: Type.Array(
        Type.Object({
          trigger: Type.Integer(),
          part: oneOf(['scope', 'condition'] as const),
          reason: Type.String(),
          reason_text: reasonText,
          clause: Type.Optional(Type.Unknown()),
          actual: Type.Optional(Type.Unknown()),
        }),
        { description: "Why each trigger of the event's type said no." },
      ),
    }),
    warnings: warningList,
    path: Type.Array(ref('DryRunStep'), { description: 'Empty where it did not match.' }),
    end: nullable(
      Type.Object({
        kind: oneOf(['finished', 'failed'] as const),
        reason: Type.String(),
        at: time('When that would be.'),
      }),
      { description: 'Null where it did not match.' },
    ),
  },
  { $id: 'DryRun', description: 'What would happen. Nothing is sent or stored.' },
);

export const dryRunComponents = [DryRunInputSchema, DryRunStepSchema, DryRunSchema];

export interface DryRunPlaces {
  /** The event's body as it would be sent. */
  body: string;
  language: Language;
  /** Of the URL that is typed in the rule; null for none yet. */
  typedEndpoint(url: string): number | null;
  urlOf(endpointId: string): string | null;
  /** Masked for those who may not see its secrets. */
  shownUrl(url: string): string;
}

export function verdictView(
  verdict: TriggersVerdict | null,
  language: Language,
): Static<typeof DryRunSchema>['verdict'] {
  if (verdict?.matched === true) {
    const said = sayOutcome('automation_matched', language);
    return { matched: true, trigger: verdict.trigger, ...said, failures: [] };
  }
  const failures = (verdict?.failures ?? []).map((failure) => failureView(failure, language));
  const { reason, reason_text } = failures[0] ?? sayOutcome('no_trigger', language);
  return { matched: false, trigger: null, reason, reason_text, failures };
}

function failureView({ trigger, part, verdict }: TriggerFailure, language: Language) {
  const clause = part === 'condition' ? verdict.clause : { scope: { [verdict.scope]: verdict.wanted } };
  const actual = verdict.actual === undefined ? {} : { actual: verdict.actual };
  return { trigger, part, ...sayRefusal(refusal(verdict), language), clause, ...actual };
}

export function pathView(path: readonly ExplainedStep[], places: DryRunPlaces): DryRunStepView[] {
  return path.map(({ entry, effect, branches }) => {
    const view: DryRunStepView = {
      step: entry.step,
      type: entry.type,
      at: formatTime(entry.at),
      outcome: entry.outcome,
    };
    if ('until' in entry) view.until = formatTime(entry.until);
    if ('failure' in entry) view.failure = entry.failure;
    if ('verdict' in entry && !entry.verdict.matched) {
      const { clause, actual } = entry.verdict;
      const said = sayRefusal(refusal(entry.verdict), places.language);
      Object.assign(view, { ...said, clause }, actual === undefined ? {} : { actual });
    }
    if (effect !== null) view.sends = sendsView(effect, places);
    if (branches !== undefined) {
      view.branches = {
        received: pathView(branches.received, places),
        timed_out: pathView(branches.timed_out, places),
      };
    }
    return view;
  });
}

function sendsView(effect: Effect, places: DryRunPlaces): object {
  if (effect.kind === 'email') {
    const { kind, to, subject, text } = effect;
    return { kind, to, subject, text };
  }
  const { kind, target } = effect;
  const body = effect.body ?? places.body;
  if ('endpoint_id' in target) {
    const url = places.urlOf(target.endpoint_id);
    const shown = url === null ? null : places.shownUrl(url);
    return { kind, url: shown, endpoint_id: target.endpoint_id, body };
  }
  const typed = places.typedEndpoint(target.url);
  const url = places.shownUrl(target.url);
  return { kind, url, endpoint_id: typed === null ? null : formatId('ep', typed), body };
}

export function endView({ end, endsAt }: Explanation): NonNullable<Static<typeof DryRunSchema>['end']> {
  const reason = end.kind === 'finished' ? end.reason : `${end.step}: ${end.failure.message}`;
  return { kind: end.kind, reason, at: formatTime(endsAt) };
}
