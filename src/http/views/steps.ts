/**
 * Steps of workflows and actions of rules in the document, one component for each kind. Requests are checked by
 * core/workflow, whose faults are more to the point.
 */

import { Type } from 'typebox';
import { WEEKDAYS } from '../../core/workflow/localTime.ts';
import { oneOf, ref } from '../operation.ts';

export const scope = Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer()]), {
  description:
    'Narrows it to one funnel step, tag, channel …: `{"tag": 141002}`. The event type says which there are.',
});

const field = Type.Object(
  { field: Type.String({ description: 'The path of a member that holds one.' }) },
  { additionalProperties: false },
);
const recipient = Type.Union([Type.String({ description: 'An address.' }), field]);
const id = Type.String({ description: 'A name of its own in the workflow; runs tell of steps by it.' });
const steps = (description: string) => Type.Array(ref('Step'), { description });

const webhook = {
  type: oneOf(['webhook'] as const, { description: 'Sends a webhook.' }),
  url: Type.Optional(
    Type.String({
      description:
        'Where it goes. Actions of a workspace that name the same URL share an endpoint. Or `endpoint_id`.',
    }),
  ),
  endpoint_id: Type.Optional(Type.String({ description: 'An endpoint that there is. Or `url`.' })),
  template: Type.Optional(
    Type.Unknown({
      description:
        "JSON with placeholders, sent in the place of the event's body. `{{steps.ID.…}}` reads the event that an " +
        'earlier wait was for.',
    }),
  ),
  members: Type.Optional(
    Type.Array(Type.String(), { description: "Only these members of the event's body are sent." }),
  ),
};

const email = {
  type: oneOf(['email'] as const, { description: 'Sends an e-mail.' }),
  to: Type.Union([recipient, Type.Array(recipient)], { description: 'One recipient, or several.' }),
  subject: Type.String({ description: 'A text with placeholders.' }),
  text: Type.String({ description: 'A text with placeholders.' }),
};

const closed = ($id: string, description: string, ...examples: object[]) => ({
  $id,
  description,
  additionalProperties: false,
  ...(examples.length === 0 ? {} : { examples }),
});

const TELL = {
  type: 'webhook',
  url: 'https://crm.example.com/hooks',
  template: { email: '{{data.contact.email}}' },
};

/** One of several, told apart by `type`. */
function union($id: string, description: string, kinds: Readonly<Record<string, string>>) {
  return {
    $id,
    description,
    oneOf: Object.values(kinds).map((name) => ({ $ref: `${name}#` })),
    discriminator: {
      propertyName: 'type',
      mapping: Object.fromEntries(
        Object.entries(kinds).map(([kind, name]) => [kind, `#/components/schemas/${name}`]),
      ),
    },
  };
}

export const stepComponents = [
  union('Action', 'What a rule does.', { webhook: 'WebhookAction', email: 'EmailAction' }),
  Type.Object(webhook, closed('WebhookAction', 'Sends a webhook.', TELL)),
  Type.Object(email, closed('EmailAction', 'Sends an e-mail.')),
  union('Step', 'A step of a workflow.', {
    webhook: 'WebhookStep',
    email: 'EmailStep',
    delay: 'DelayStep',
    decision: 'DecisionStep',
    wait_for_event: 'WaitStep',
    exit: 'ExitStep',
  }),
  Type.Object({ id, ...webhook }, closed('WebhookStep', 'Sends a webhook.', { id: 'tell', ...TELL })),
  Type.Object({ id, ...email }, closed('EmailStep', 'Sends an e-mail.')),
  Type.Object(
    {
      id,
      type: oneOf(['delay'] as const, { description: 'Waits for a time.' }),
      for: Type.Optional(Type.String({ description: 'An ISO 8601 duration, such as `P1DT2H`.' })),
      until: Type.Optional(
        Type.Union([Type.String({ description: 'A time (RFC 3339).' }), field], {
          description: 'A time, or the path of a member that holds one.',
        }),
      ),
      until_next: Type.Optional(
        Type.Object(
          {
            time: Type.String({ description: 'A time of day, such as `09:30`.' }),
            weekdays: Type.Array(oneOf(WEEKDAYS), { description: 'The days on which it may be.' }),
            time_zone: Type.String({ description: 'An IANA name, such as `Asia/Riyadh`.' }),
          },
          { additionalProperties: false, description: 'The next such time of day.' },
        ),
      ),
    },
    closed('DelayStep', 'Waits for a time: one of `for`, `until` and `until_next`.', {
      id: 'pause',
      type: 'delay',
      for: 'P1DT2H',
    }),
  ),
  Type.Object(
    {
      id,
      type: oneOf(['decision'] as const, { description: 'Goes one of two ways.' }),
      condition: ref('Condition'),
      yes: steps('The steps where it holds.'),
      no: steps('The steps where it does not.'),
    },
    closed('DecisionStep', 'Goes one of two ways.'),
  ),
  Type.Object(
    {
      id,
      type: oneOf(['wait_for_event'] as const, { description: 'Waits for an event about the same subject.' }),
      event_type: Type.String({ description: 'The type of the event that is waited for.' }),
      scope: Type.Optional(scope),
      condition: Type.Optional(ref('Condition')),
      since: Type.Optional(
        oneOf(['start'] as const, {
          description:
            '`start` counts events from when the run began, so one that came during a delay before it, too. If absent, ' +
            'those that come from when the run waits.',
        }),
      ),
      timeout: Type.String({ description: 'An ISO 8601 duration.' }),
      received: steps('The steps where it came in time.'),
      timed_out: steps('The steps where it did not.'),
    },
    closed('WaitStep', 'Waits for an event about the same subject.'),
  ),
  Type.Object(
    { id, type: oneOf(['exit'] as const, { description: 'Ends the run.' }) },
    closed('ExitStep', 'Ends the run.'),
  ),
];
