/**
 * What members mean that are named alike wherever they stand: for the OpenAPI document, where the schema itself says
 * nothing. By `Component.member`, or by the member's name.
 */

const TEXTS: Readonly<Record<string, string>> = {
  'AcceptedEvent.id': "The event's id: the caller's, or one of ours.",
  'ApiKey.scopes': 'What it may do.',
  'AuditEntry.action': 'What was done, such as `endpoint.updated`.',
  'Budget.scope': 'Whether all endpoints of the workspace share it, or each has its own.',
  'CreatedApiKey.scopes': 'What it may do.',
  'DryRun.event': 'What it was tried on.',
  'DryRun.verdict': 'Whether the event would set it off; null where its type does not concern it.',
  'DryRunStep.outcome': 'What became of the step.',
  'DryRunStep.failure': 'Why it could not be done; null where it could.',
  'EventDetail.deliveries': 'To whom it went.',
  'EventDetail.verdicts': 'What each subscription, rule and workflow that considered it said.',
  'Fault.field': 'A JSON pointer into the request.',
  'Mail.attempts': 'How often the mail server was asked to take it.',
  'NewEventType.scopes': 'What a rule can be narrowed to.',
  'NewEventType.subject': 'JSON pointer in the body to the contact that it is about.',
  'EventTypePatch.scopes': 'What a rule can be narrowed to.',
  'EventTypePatch.subject': 'JSON pointer in the body to the contact that it is about; null for nobody.',
  'NewEvents.events': 'All of them are accepted, or none is.',
  'Plan.limits': 'How many of each there may be; what is absent is not limited.',
  'Replay.filter': 'Which deliveries are sent again.',
  'SignatureVerdict.verdict': 'Whether the signature is that of the endpoint.',
  action: 'What was done.',
  actions: 'What follows, in this order.',
  actual: 'What the body holds there.',
  ar: 'In Arabic.',
  attempt_count: 'How many requests there were.',
  attempts: 'The requests, the first one first.',
  automation_id: 'The rule or workflow.',
  body: 'A text; at most 64 KiB are shown of an answer.',
  budget: 'How many failed attempts are allowed within a window before the endpoints at fault are disabled.',
  by: 'What the order goes by.',
  cancelled: 'How many there were.',
  clause: 'The part of the condition that said no.',
  code: 'Stable, for programs.',
  compatibility: 'How the HMAC of the header `X-Webhook-Signature` is written; `none` leaves it out.',
  condition: 'Only where it holds; null for always.',
  connect: 'Until the connection stood, ms; null where one was reused.',
  created_by: 'Who asked for it.',
  data: 'The rows of this page.',
  definition: 'As it was written.',
  delay_ms: 'How long the answer waits.',
  deliveries: 'How many deliveries it has made.',
  delivery_count: 'How many deliveries it has made.',
  delivery_id: 'The delivery that it is about; null for none.',
  disabled: 'Null while it is enabled.',
  dns: 'Looking the name up, ms; null where it was not needed.',
  due_at: 'When it goes on; with `waits_for`, when it stops waiting. Null where it waits for nothing.',
  duration_ms: 'From its start to its end.',
  email: 'An address.',
  en: 'In English.',
  enabled: 'Whether it is in force.',
  encoding: 'How `body` is written: as text, or base64 where it is no UTF-8.',
  ended_at: 'When it ended; null before.',
  endpoint_id: 'The endpoint.',
  errors: 'How many of them are charged to it.',
  event: 'The event.',
  event_id: 'The event.',
  event_type: 'The type of the event.',
  event_types: 'Which events it gets; `["*"]` for all but system events.',
  events: 'The events, in the order of the call.',
  failures: 'How many failed in a row.',
  field: 'A path such as `data.contact.email`.',
  headers: 'Names and values.',
  held: 'What becomes of what was held: sent in order, or skipped.',
  held_oldest_at: 'When the oldest of what is held was made; null where nothing is.',
  id: 'Its id.',
  kind: 'Which kind it is.',
  label_pointer: 'JSON pointer in the body to its name for people.',
  lanes: 'How many requests may be in flight at a time.',
  language: 'The language of mails: Arabic or English.',
  last_error: 'How the latest one failed.',
  limit: 'How many failed attempts are allowed; the next one disables.',
  limits: 'How many of each there may be.',
  matched: 'Whether it said yes.',
  message: 'A sentence for people.',
  method: 'The HTTP method.',
  name: 'A name for people.',
  newest_at: 'When the newest of them was made; null without any.',
  next_attempt_at: 'When it is tried again; null where nothing is planned.',
  note: 'What was odd about the answer, though it was read; null for nothing.',
  number: 'From 1 on.',
  oldest_at: 'When the oldest of them was made; null without any.',
  op: 'How it is compared.',
  overlap_s: 'How long both secrets sign, in seconds.',
  outcome: 'Success, or how it failed.',
  part: 'Whether the scope or the condition said no.',
  plan: 'The plan whose limits hold.',
  pointer: 'JSON pointer in the body.',
  preset: 'A schedule with a name.',
  progress: 'How far it is.',
  public_key: 'The Ed25519 key to verify `v1a` with (`whpk_…`).',
  public_url: 'Where this installation is reached from outside.',
  rate_limit: 'The most that is sent in a second; null for no limit.',
  reason: 'Why, beginning with a code; null where there is nothing to say.',
  reason_text: 'What its code means, in the language of `Accept-Language`.',
  received: 'The steps where the event came.',
  recipient: 'To whom.',
  request: 'As it was sent.',
  request_count: 'How many requests it holds.',
  response: 'As it came; of times, until the answer was there, ms. Null where there was none.',
  retention: 'How long what is stored is kept, in days.',
  rules: 'The rules, in the order of their positions.',
  run_id: 'The run.',
  samples: 'Bodies to try things on.',
  scope: 'Narrows it to one funnel step, tag, channel …',
  scopes: 'What it may do.',
  secret: 'The signing secret (`whsec_…`).',
  sent_at: 'When the mail server took it; null before.',
  signature: 'Which signatures are sent beside `v1`.',
  state: 'Where it stands.',
  states: 'Only those in these states.',
  status: 'The HTTP status.',
  step: "The step's id.",
  steps: 'What happens, in this order.',
  subject: 'The subject line.',
  text: 'The text.',
  timed_out: 'The steps where the event did not come in time.',
  timeout_ms: 'How long an attempt may take.',
  timings_ms: 'Where the time went.',
  tls: 'Until TLS stood, ms; null without TLS, and where a connection was reused.',
  to: 'The recipients.',
  trigger: 'Which of the triggers, from 0 on.',
  triggers: 'Any of them starts a run.',
  truncated: 'Whether there was more than is kept.',
  type: 'Which type it is.',
  url: 'Where it goes.',
  use_cases: 'What it is good for.',
  v1a: 'Whether Ed25519 signatures are sent, too.',
  verdict: 'What came of asking.',
  verdicts: 'What each of those that considered it said.',
  version: 'From 1 on.',
  waiting_for: 'What it waits for; null where it has ended.',
  waits_s: 'The waits between attempts, in seconds.',
  warnings: 'What is well formed, and most likely not what is meant.',
  window_s: 'How long a failed attempt counts, in seconds.',
  workflows: 'The workflows, in the order of their making.',
};

type Json = Record<string, unknown>;

/** A copy of a component's schema in which each member is described, or says what it refers to. */
export function describeMembers<Part>(schema: Part, owner: string): Part {
  if (Array.isArray(schema)) return schema.map((part) => describeMembers(part, owner)) as Part;
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'properties'
        ? describeAll(value as Record<string, Json>, owner)
        : describeMembers(value, owner),
    ]),
  ) as Part;
}

function describeAll(properties: Record<string, Json>, owner: string): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(properties).map(([member, schema]) => {
      const inner = describeMembers(schema, owner);
      if ('description' in inner || 'title' in inner || '$ref' in inner) return [member, inner];
      const description = textOf(owner, member);
      return [member, description === undefined ? inner : { ...inner, description }];
    }),
  );
}

/** `owner` is a component, or an operation. */
export function textOf(owner: string, member: string): string | undefined {
  return TEXTS[`${owner}.${member}`] ?? TEXTS[member];
}
