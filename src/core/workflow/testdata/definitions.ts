/** Definitions for tests: small builders with overrides, and workflows at random. */
import fc from 'fast-check';
import { builtInEventTypes } from '../../catalog/catalog.ts';
import { buildCustomEventType } from '../../catalog/customEventType.ts';
import type { EventType } from '../../catalog/eventType.ts';
import { type EventBody, eventBody } from '../../routing/body.ts';
import type { DefinitionContext } from '../definition.ts';
import { parseRule, parseWorkflow } from '../parse.ts';
import { compileRule, compileWorkflow, type Program } from '../program.ts';

/** A type of the workspace's own, about nobody, whose schema leaves everything open. */
const orderPaid = buildCustomEventType({ name: 'order.paid', schema: { type: 'object' } });

export const context: DefinitionContext = {
  eventType: (name) => (name === orderPaid.name ? orderPaid : builtInEventTypes.get(name)),
};

export function anEventType(name: string): EventType {
  const eventType = context.eventType(name);
  if (eventType === undefined) throw new Error(`there is no ${name}`);
  return eventType;
}

/** The first sample of a type, or what is given. */
export function anEvent(name: string, raw = anEventType(name).samples[0]?.body ?? '{}', acceptedAt = 0) {
  return { id: 'evt_1', eventType: anEventType(name), body: aBody(raw), acceptedAt };
}

export function aBody(raw: string): EventBody {
  return eventBody(raw, JSON.parse(raw));
}

export function aRule(overrides: object = {}): object {
  return {
    name: 'Send webhook after opt-in',
    trigger: { event_type: 'contact.optin.completed' },
    actions: [{ type: 'webhook', url: 'https://example.com/hook' }],
    ...overrides,
  };
}

export function aWorkflow(steps: readonly object[], overrides: object = {}): object {
  return { name: 'After tag added', triggers: [{ event_type: 'contact.tag.added' }], steps, ...overrides };
}

export function ruleProgram(rule: object): Program {
  const parsed = parseRule(rule, context);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return compileRule(parsed.rule);
}

export function workflowProgram(workflow: object): Program {
  const parsed = parseWorkflow(workflow, context);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return compileWorkflow(parsed.workflow);
}

export const webhook = (id: string, rest: object = {}) => ({
  id,
  type: 'webhook',
  url: 'https://example.com/hook',
  ...rest,
});
export const email = (id: string, rest: object = {}) => ({
  id,
  type: 'email',
  to: 'team@example.com',
  subject: 'New',
  text: 'There is news.',
  ...rest,
});
export const delay = (id: string, rest: object = { for: 'P1D' }) => ({ id, type: 'delay', ...rest });
export const exit = (id: string) => ({ id, type: 'exit' });
export const hasEmail = { field: 'data.contact.email', op: 'exists', value: true };
export const decision = (id: string, yes: object[], no: object[], condition: object = hasEmail) => ({
  id,
  type: 'decision',
  condition,
  yes,
  no,
});
export const wait = (id: string, received: object[], timed_out: object[], rest: object = {}) => ({
  id,
  type: 'wait_for_event',
  event_type: 'contact.tag.removed',
  timeout: 'P3D',
  received,
  timed_out,
  ...rest,
});

/** A step whose id is given later. */
type Unnamed = (id: () => string) => object;

const field = fc.constantFrom('data.contact.email', 'data.contact.fields.city', 'data.tag.id', 'created_at');
const condition = fc.record({
  field,
  op: fc.constantFrom('equals', 'contains', 'not_equals'),
  value: fc.constantFrom('a', 1, null),
});
const text = fc.constantFrom('plain', '{{data.tag.name}}', 'x {{data.contact.fields.city | upper}}');

const plainStep: fc.Arbitrary<Unnamed> = fc.oneof(
  fc.constantFrom<Unnamed>(
    (id) => webhook(id()),
    (id) => exit(id()),
  ),
  text.map(
    (template): Unnamed =>
      (id) =>
        webhook(id(), { template: { a: [template] } }),
  ),
  field.map(
    (member): Unnamed =>
      (id) =>
        webhook(id(), { members: [member] }),
  ),
  fc.tuple(field, text).map(
    ([to, subject]): Unnamed =>
      (id) =>
        email(id(), { to: { field: to }, subject }),
  ),
  fc
    .constantFrom(
      { for: 'PT1H' },
      { until: '2026-12-01' },
      { until: { field: 'created_at' } },
      { until: { field: 'data.contact.fields.at' } },
      { until_next: { time: '10:00', weekdays: ['sun', 'wed'], time_zone: 'Asia/Riyadh' } },
    )
    .map(
      (rest): Unnamed =>
        (id) =>
          delay(id(), rest),
    ),
);

const trees = fc.letrec<{ step: Unnamed; list: Unnamed[] }>((tie) => ({
  list: fc.array(tie('step'), { maxLength: 4 }),
  step: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    { weight: 3, arbitrary: plainStep },
    {
      weight: 1,
      arbitrary: fc.tuple(condition, tie('list'), tie('list')).map(
        ([of, yes, no]): Unnamed =>
          (id) =>
            decision(id(), named(yes, id), named(no, id), of),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('P1D', 'PT1S'), tie('list'), tie('list'))
        .map(([timeout, one, other]): Unnamed => {
          return (id) => wait(id(), named(one, id), named(other, id), { timeout });
        }),
    },
  ),
}));

function named(steps: readonly Unnamed[], id: () => string): object[] {
  return steps.map((step) => step(id));
}

/** Workflows at random; some have steps that are never reached, or too many, and do not validate. */
export const anyWorkflow: fc.Arbitrary<object> = fc
  .tuple(fc.array(trees.step, { minLength: 1, maxLength: 8 }), fc.constantFrom('stop', 'continue'))
  .map(([steps, on_error]) => {
    let count = 0;
    return aWorkflow(
      named(steps, () => `s${++count}`),
      { on_error },
    );
  });
