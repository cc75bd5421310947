/** Reading webhook and e-mail actions, of rules and as steps of workflows. Pure. */
import { parseTargetUrl } from '../egress/url.ts';
import { kindOf } from '../json/excerpt.ts';
import { isObject, own } from '../json/object.ts';
import { RawJson } from '../json/raw.ts';
import { readMailAddress } from '../mailAddress.ts';
import { readArray, readText, refuse, refuseUnknown, shortened } from '../routing/reading.ts';
import { STEPS_MEMBER } from './awaited.ts';
import {
  type Action,
  DEFINITION_LIMITS,
  type EmailAction,
  type Recipient,
  type WebhookAction,
} from './definition.ts';
import { checkMember, type DefinitionReading, readField, warn } from './parseParts.ts';
import { type Placeholder, parsePlaceholders } from './placeholder.ts';
import { compileTemplate, TEMPLATE_LIMITS, tooManyFilters } from './template.ts';
import { warnOfText } from './warnings.ts';

/** `around` names members that are read elsewhere, such as a step's id. */
export function readAction(
  type: Action['type'],
  input: object,
  path: string,
  around: readonly string[],
  reading: DefinitionReading,
): Action | null {
  switch (type) {
    case 'webhook':
      return readWebhook(input, path, around, reading);
    case 'email':
      return readEmail(input, path, around, reading);
    default:
      return type satisfies never;
  }
}

function readWebhook(
  input: object,
  path: string,
  around: readonly string[],
  reading: DefinitionReading,
): WebhookAction | null {
  refuseUnknown(input, [...around, 'type', 'url', 'endpoint_id', 'template', 'members'], path, reading);
  const target = readTarget(input, path, reading);
  const shape = readShape(input, path, reading);
  return target === null || shape === null ? null : { type: 'webhook', ...target, ...shape };
}

function readTarget(
  input: object,
  path: string,
  reading: DefinitionReading,
): Pick<WebhookAction, 'url' | 'endpoint_id'> | null {
  const url = own(input, 'url') ?? undefined;
  const endpoint_id = own(input, 'endpoint_id') ?? undefined;
  if (url !== undefined && endpoint_id !== undefined) {
    return refuse(reading, path, 'has both url and endpoint_id; a webhook goes to one of them');
  }
  const { context } = reading;
  if (url !== undefined) {
    if (typeof url !== 'string')
      return refuse(reading, `${path}/url`, `must be a string, but is ${kindOf(url)}`);
    const wrong = (context.urlFault ?? formFault)(url);
    return wrong === null ? { url } : refuse(reading, `${path}/url`, wrong);
  }
  if (endpoint_id === undefined)
    return refuse(reading, path, 'needs url or endpoint_id: where the webhook goes');
  const id = readText(endpoint_id, `${path}/endpoint_id`, { min: 1, max: 100 }, reading);
  if (id === null) return null;
  if (context.hasEndpoint?.(id) === false) {
    return refuse(
      reading,
      `${path}/endpoint_id`,
      `there is no endpoint ${JSON.stringify(id)} in this workspace`,
    );
  }
  return { endpoint_id: id };
}

function formFault(url: string): string | null {
  const verdict = parseTargetUrl(url);
  return verdict.ok ? null : verdict.message;
}

/** What of the body is sent. */
function readShape(
  input: object,
  path: string,
  reading: DefinitionReading,
): Pick<WebhookAction, 'template' | 'members'> | null {
  const hasTemplate = Object.hasOwn(input, 'template') && own(input, 'template') !== null;
  const members = own(input, 'members') ?? undefined;
  if (hasTemplate && members !== undefined) {
    return refuse(reading, path, 'has both template and members; choose one of them, or neither to send all');
  }
  if (hasTemplate) return readTemplate(own(input, 'template'), `${path}/template`, reading);
  return members === undefined ? {} : readMembers(members, `${path}/members`, reading);
}

function readTemplate(
  template: unknown,
  path: string,
  reading: DefinitionReading,
): { template: unknown } | null {
  const compiled = compileTemplate(template);
  if (!compiled.ok) {
    for (const fault of compiled.faults)
      refuse(reading, `${path}${fault.path}`, fault.message, fault.position);
    return null;
  }
  for (const { path: at, placeholder } of compiled.template.placeholders) {
    checkPlaceholder(placeholder, `${path}${at}`, reading);
  }
  for (const { path: at, text } of compiled.template.dollars) warn(reading, warnOfText(text, `${path}${at}`));
  return { template: template instanceof RawJson ? template : new RawJson(JSON.stringify(template)) };
}

function checkPlaceholder(
  { source, filters, position }: Placeholder,
  path: string,
  reading: DefinitionReading,
): void {
  if (!('field' in source)) return;
  if (!filters.some(({ name }) => name === 'default')) {
    checkMember(source.field, source.names, { path, position }, 'every', reading);
  } else if (source.names[0] === STEPS_MEMBER) {
    checkMember(source.field, source.names, { path, position }, 'some', reading);
  }
}

function readMembers(input: unknown, path: string, reading: DefinitionReading): { members: string[] } | null {
  const items = readArray(input, path, { min: 1, max: DEFINITION_LIMITS.members, of: 'members' }, reading);
  if (items === null) return null;
  const members = items.map((item, index) => readField(item, `${path}/${index}`, 'some', reading));
  return members.every((member) => member !== null) ? { members } : null;
}

function readEmail(
  input: object,
  path: string,
  around: readonly string[],
  reading: DefinitionReading,
): EmailAction | null {
  refuseUnknown(input, [...around, 'type', 'to', 'subject', 'text'], path, reading);
  const to = readRecipients(own(input, 'to'), `${path}/to`, reading);
  const subject = readMailText(
    own(input, 'subject'),
    `${path}/subject`,
    DEFINITION_LIMITS.subjectLength,
    reading,
  );
  const text = readMailText(own(input, 'text'), `${path}/text`, DEFINITION_LIMITS.textLength, reading);
  if (subject !== null && /[\r\n\u2028\u2029]/.test(subject)) {
    return refuse(reading, `${path}/subject`, 'must be one line');
  }
  return to === null || subject === null || text === null ? null : { type: 'email', to, subject, text };
}

function readMailText(input: unknown, path: string, max: number, reading: DefinitionReading): string | null {
  const text = readText(input, path, { min: 1, max }, reading);
  if (text === null) return null;
  const { parts, faults } = parsePlaceholders(text);
  const placeholders = parts.filter((part) => typeof part !== 'string');
  const wrong = [...faults, ...tooManyFilters(placeholders)];
  for (const { position, message } of wrong) refuse(reading, path, message, position);
  if (placeholders.length > TEMPLATE_LIMITS.placeholders) {
    const message = `has ${placeholders.length} placeholders; at most ${TEMPLATE_LIMITS.placeholders} are allowed`;
    refuse(reading, path, message);
  }
  for (const placeholder of placeholders) checkPlaceholder(placeholder, path, reading);
  warn(reading, warnOfText(text, path));
  return text;
}

function readRecipients(input: unknown, path: string, reading: DefinitionReading): EmailAction['to'] | null {
  if (!Array.isArray(input)) return readRecipient(input, path, reading);
  const limits = { min: 1, max: DEFINITION_LIMITS.recipients, of: 'recipients' };
  const items = readArray(input, path, limits, reading);
  if (items === null) return null;
  const recipients = items.map((item, index) => readRecipient(item, `${path}/${index}`, reading));
  return recipients.every((recipient) => recipient !== null) ? recipients : null;
}

function readRecipient(input: unknown, path: string, reading: DefinitionReading): Recipient | null {
  if (typeof input === 'string') {
    const read = readMailAddress(input);
    if (read.ok) return read.address;
    const why = input.includes('{{')
      ? 'for a member of the event write {"field": "data.contact.email"}'
      : `it ${read.message}`;
    return refuse(reading, path, `${JSON.stringify(shortened(input))} is not an e-mail address; ${why}`);
  }
  if (!isObject(input)) {
    const wanted = 'an e-mail address or {"field": "data.contact.email"}';
    return refuse(reading, path, `must be ${wanted}, but is ${kindOf(input)}`);
  }
  refuseUnknown(input, ['field'], path, reading);
  const field = readField(own(input, 'field'), `${path}/field`, 'every', reading);
  return field === null ? null : { field };
}
