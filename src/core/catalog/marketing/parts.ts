/** What the bodies of the marketing family share. Pure data. Texts appear in the docs as they are. */
import type { Scope } from '../eventType.ts';
import { id, idOrNull, type JsonSchema, object, text, textOrNull } from '../schema.ts';

/** Where the contact's id stands in every body of the family but the sale's. */
export const CONTACT = '/data/contact/id';

/** What an event is found by of its contact, in every body of the family but the sale's. */
export const SEARCHABLE_CONTACT: readonly string[] = [
  '/data/contact/id',
  '/data/contact/email',
  '/data/contact/fields/*',
  '/data/contact/referred_by_contact_email',
];

/** Likewise of the funnel step that stands at that place of the body. */
export function searchableStep(at: string): string[] {
  return [`${at}/id`, `${at}/name`, `${at}/funnel/id`, `${at}/funnel/name`];
}

/** Likewise of something with an id and a name, such as a tag or a course. */
export function searchableNamed(at: string): string[] {
  return [`${at}/id`, `${at}/name`];
}

/** `[]` when empty and an object otherwise: receivers rely on both forms. */
export const fields: JsonSchema = {
  title: 'Fields',
  description:
    'The contact’s fields by name, such as first_name and surname. An empty array when there are none, else an object.',
  type: ['object', 'array'],
  maxItems: 0,
};

const email: JsonSchema = { title: 'E-mail address', type: 'string', format: 'email' };

function contactWith(ip: JsonSchema): JsonSchema {
  return object(
    'Contact',
    {
      id: id('Contact id'),
      email,
      fields,
      ip,
      referred_by_contact_id: idOrNull('Referred by', 'Id of the contact who referred this one, or null.'),
      referred_by_contact_email: textOrNull('E-mail address of the contact who referred this one'),
    },
    ['id', 'email', 'fields'],
    'The contact whom the event is about.',
  );
}

/** The address is known at an opt-in alone. */
export const contactWithIp: JsonSchema = contactWith({
  title: 'IP address',
  description: 'Where the form was sent from.',
  type: ['string', 'null'],
});

export const contact: JsonSchema = contactWith({
  title: 'IP address',
  description: 'Always null here; only an opt-in knows it.',
  type: 'null',
});

export const customerEmail = email;

export const funnelStep: JsonSchema = object(
  'Funnel step',
  {
    id: id('Funnel step id'),
    name: text('Name'),
    type: text('Kind of step', 'Such as squeeze, opt_in_thank_you_page, webinar_registration or offer-form.'),
    funnel: object('Funnel', { id: id('Funnel id'), name: text('Name') }, ['id', 'name']),
  },
  ['id', 'name', 'type', 'funnel'],
);

export const course: JsonSchema = object(
  'Course',
  { id: id('Course id'), name: text('Name'), description: textOrNull('Description') },
  ['id', 'name'],
);

export const accessType: JsonSchema = text('Access', 'How much of it is open, such as full_access.');

export const funnelStepScope: Scope = {
  name: 'funnel_step',
  title: { en: 'Funnel step', ar: 'خطوة في مسار البيع' },
  pointer: '/data/funnel_step/id',
  labelPointer: '/data/funnel_step/name',
};

export const funnelScope: Scope = {
  name: 'funnel',
  title: { en: 'Funnel', ar: 'مسار البيع' },
  pointer: '/data/funnel_step/funnel/id',
  labelPointer: '/data/funnel_step/funnel/name',
};
