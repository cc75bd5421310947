/**
 * Examples for the OpenAPI document, made of its schemas: a value for each member by its name, or by what its schema
 * says. So no schema goes without one, and each fits (openapi.test.ts holds both). Pure.
 */

type Schema = Readonly<Record<string, unknown>>;
export type Components = Readonly<Record<string, Schema>>;

const TIME = '2026-05-04T09:30:00.000Z';

/** By `Component.member`, or by the member's name wherever it stands. */
const VALUES: Readonly<Record<string, unknown>> = {
  'AcceptedEvent.id': 'evt_1f8k2m9q0w4x',
  'AcceptedEvent.deliveries': 2,
  'ApiKey.name': 'CRM',
  'ApiKey.prefix': 'mirsal_3JiaUQ',
  'AuditEntry.action': 'endpoint.created',
  'AuditEntry.target': 'ep_1f8k2m9q0w4y',
  'BinAnswer.status': 200,
  'BinRequest.method': 'POST',
  'Clause.field': 'data.contact.email',
  'Clause.op': 'ends_with',
  'Clause.value': '@example.com',
  'DelayStep.for': 'P1DT2H',
  'EventType.name': 'contact.tag.added',
  'Fault.field': '/data/contact/email',
  'Fault.message': 'is missing',
  'NewEventType.name': 'lead.created',
  'Endpoint.name': 'CRM',
  'NewEndpoint.name': 'CRM',
  'CreatedEndpoint.name': 'CRM',
  'EndpointPatch.name': 'CRM',
  'Plan.name': 'self-hosted',
  'SearchResult.event_types': [
    {
      kind: 'event_type',
      id: 'contact.tag.added',
      name: 'Tag added',
      path: '/v1/event-types/contact.tag.added',
    },
  ],
  'Settings.language': 'en',
  'Workspace.name': 'Acme',
  'WorkspaceStats.event_types': null,
  'CreatedWorkspace.name': 'Acme',
  account: { email: 'owner@example.com' },
  activation_period: 'P1D',
  actual: 'reader@example.org',
  ar: 'وُسمت جهة الاتصال',
  at: TIME,
  automation_id: 'rule_1f8k2m9q0w50',
  body: '{"ok":true}',
  by: 'key:mirsal_3JiaUQ',
  code: 'not_found',
  created_by: 'key:mirsal_3JiaUQ',
  cursor: '1f8k2m9q0w4x',
  data: { contact: { id: 29142804, email: 'reader@example.com' }, tag: { id: 141002, name: 'vip' } },
  delivery_id: 'dlv_1f8k2m9q0w4z',
  description: 'A contact was given a tag.',
  detail: 'There is no endpoint with this id.',
  duration_ms: 84,
  email: 'owner@example.com',
  en: 'A contact was tagged',
  endpoint_id: 'ep_1f8k2m9q0w4y',
  error: null,
  erased_at: null,
  event_id: 'evt_1f8k2m9q0w4x',
  event_type: 'contact.tag.added',
  event_types: ['contact.tag.added'],
  expires_at: '2027-05-04T09:30:00.000Z',
  external_id: 'cus_4711',
  field: 'data.contact.email',
  headers: { 'x-source': 'mirsal' },
  inspect_url: 'https://mirsal.example.com/b/3f9a1c?inspect',
  label_pointer: '/data/tag/name',
  language: 'en',
  name: 'tag',
  message: 'is missing',
  metadata: { tier: 'gold' },
  next_cursor: null,
  owner_email: 'owner@example.com',
  path: '/',
  per_second: 10,
  pointer: '/data/tag/id',
  public_key: 'whpk_2vPVWn0xqBP0T3dQ3VbXn1nq5cMRzSk8s6vQyQ0uK0o=',
  reason: null,
  reason_text: null,
  recipient: 'owner@example.com',
  request_id: 'req_1f8k2m9q0w51',
  run_id: 'run_1f8k2m9q0w52',
  secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  source_ips: ['192.0.2.7'],
  subject: '29142804',
  suspended: null,
  terms: ['reader@example.com'],
  template: { email: '{{data.contact.email}}' },
  time_zone: 'Asia/Riyadh',
  timeout: 'P3D',
  title: { en: 'Tag added', ar: 'أُضيف وسم' },
  to: { field: 'data.contact.email' },
  token: '3f9a1c',
  type: 'contact.tag.added',
  url: 'https://crm.example.com/hooks',
};

/** Prefixes of ids, by component. */
const IDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(Created|New)?ApiKey/, 'key'],
  [/^AuditEntry/, 'aud'],
  [/^Bin(?!Request)/, 'bin'],
  [/^BinRequest/, 'req'],
  [/^Delivery/, 'dlv'],
  [/^(Created)?Endpoint/, 'ep'],
  [/^(Accepted|New)?Event/, 'evt'],
  [/^Job/, 'job'],
  [/^Mail/, 'mail'],
  [/^Notice/, 'ntc'],
  [/^Replay/, 'rpl'],
  [/^Rule/, 'rule'],
  [/^(Event)?Run/, 'run'],
  [/^Workflow/, 'wf'],
  [/^(Created)?Workspace/, 'ws'],
];

/** Deeper than this, what may be left out is. */
const DEPTH = 3;

/** `name` is the component's, or that of what the schema stands in. */
export function exampleOf(schema: Schema, components: Components, name: string): unknown {
  return make(schema, { components, owner: name, member: null, depth: 0 });
}

interface Place {
  components: Components;
  owner: string;
  member: string | null;
  depth: number;
}

function make(schema: Schema, place: Place): unknown {
  const known = valueFor(schema, place);
  if (known !== undefined) return known;
  const { components, depth } = place;
  if (typeof schema.$ref === 'string') {
    const target = schema.$ref.split('/').at(-1) ?? '';
    return make(components[target] ?? {}, { components, owner: target, member: null, depth: depth + 1 });
  }
  const [chosen] = listOf(schema.oneOf ?? schema.anyOf ?? schema.allOf);
  if (chosen !== undefined) {
    // A condition within a condition: the simplest form ends it.
    const forms = 'discriminator' in schema || depth === 0 ? [] : listOf(schema.oneOf);
    return make((forms.at(-1) ?? chosen) as Schema, place);
  }
  switch (typeOf(schema)) {
    case 'object':
      return makeObject(schema, place);
    case 'array':
      return makeArray(schema, place);
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema.minimum ?? 1));
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'string':
      return schema.format === 'date-time' ? TIME : 'text';
    default:
      return {};
  }
}

/** What the schema itself or the table says; undefined for nothing, or for what would not fit. */
function valueFor(schema: Schema, { owner, member }: Place): unknown {
  if (Array.isArray(schema.examples)) return schema.examples[0];
  if ('const' in schema) return schema.const;
  if (member !== null) {
    const named = [VALUES[`${owner}.${member}`], ownId(owner, member), VALUES[member]];
    const found = named.find((value) => value !== undefined && fits(schema, value));
    if (found !== undefined) return found;
  }
  if (Array.isArray(schema.enum)) return schema.enum[0];
  return undefined;
}

function ownId(owner: string, member: string): string | undefined {
  if (member !== 'id') return undefined;
  const prefix = IDS.find(([names]) => names.test(owner))?.[1];
  return prefix === undefined ? undefined : `${prefix}_1f8k2m9q0w4x`;
}

/** Whether a value of the table is of the kind that the schema asks for. */
function fits(schema: Schema, value: unknown): boolean {
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  const kinds = listOf(schema.oneOf ?? schema.anyOf);
  if (kinds.length > 0) return kinds.some((kind) => fits(kind as Schema, value));
  if ('$ref' in schema) return false;
  const type = typeOf(schema);
  if (type === undefined) return true;
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer' || type === 'number') return typeof value === 'number';
  if (type === 'object') return isPlain(value) && !('properties' in schema);
  if (typeof value !== type || schema.format === 'date-time') return false;
  return typeof schema.pattern !== 'string' || new RegExp(schema.pattern, 'u').test(String(value));
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function makeObject(schema: Schema, place: Place): Record<string, unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const required = new Set(listOf(schema.required));
  const made: Record<string, unknown> = {};
  for (const [member, part] of properties) {
    if (!required.has(member) && place.depth >= DEPTH) continue;
    made[member] = make(part, { ...place, member, depth: place.depth + 1 });
  }
  return made;
}

function makeArray(schema: Schema, place: Place): unknown[] {
  if (place.depth > DEPTH && !(Number(schema.minItems ?? 0) > 0)) return [];
  const item = make((schema.items ?? {}) as Schema, { ...place, member: null, depth: place.depth + 1 });
  return Array.from({ length: Math.max(1, Number(schema.minItems ?? 1)) }, () => item);
}

function typeOf({ type }: Schema): unknown {
  return Array.isArray(type) ? type[0] : type;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
