/** What the bodies of the messaging family share. Pure data. Texts appear in the docs as they are. */
import type { Scope } from '../eventType.ts';
import {
  choice,
  count,
  id,
  idOrNull,
  idOrText,
  type JsonSchema,
  list,
  object,
  orNull,
  text,
  textOrNull,
  unixSeconds,
  unixSecondsOrNull,
} from '../schema.ts';

/** Where the contact's id stands in every body of the family. */
export const CONTACT = '/contact/id';

/** What an event is found by of its contact. */
export const SEARCHABLE_CONTACT: readonly string[] = [
  '/contact/id',
  '/contact/firstName',
  '/contact/lastName',
  '/contact/phone',
  '/contact/email',
  '/contact/tags/*',
  '/contact/lifecycle',
  '/contact/assignee/email',
];

/** Likewise of the team's member who stands at that place of the body. */
export function searchableUser(at: string): string[] {
  return [`${at}/id`, `${at}/firstName`, `${at}/lastName`, `${at}/email`];
}

/** A member of the platform's team. All of it is null where nobody did it (closed by the API, say). */
export function user(title: string, description?: string): JsonSchema {
  return object(
    title,
    {
      id: idOrNull('User id', 'Null when no user is behind it.'),
      firstName: textOrNull('First name'),
      lastName: textOrNull('Last name'),
      email: textOrNull('E-mail address'),
      role: textOrNull('Role in the workspace'),
    },
    ['id'],
    description,
  );
}

export const contact: JsonSchema = object(
  'Contact',
  {
    id: id('Contact id'),
    firstName: textOrNull('First name'),
    lastName: textOrNull('Last name'),
    phone: textOrNull('Phone number', 'With country code, such as +60123456789.'),
    email: textOrNull('E-mail address'),
    language: textOrNull('Language', 'Language code, such as en.'),
    profilePic: textOrNull('Picture', 'URL of the contact’s picture.'),
    countryCode: textOrNull('Country', 'Two-letter country code, such as MY.'),
    status: textOrNull('Conversation status', 'Such as open or close.'),
    tags: orNull(list('Tags', text('Tag'), 'Names of all tags of the contact.')),
    assignee: orNull(user('Assignee', 'The user who looks after the contact; null when nobody does.')),
    lifecycle: textOrNull('Lifecycle stage'),
    created_at: unixSeconds('Created at'),
  },
  ['id'],
  'The contact whom the event is about. Custom fields of the contact stand beside the members named here.',
);

export const channel: JsonSchema = object(
  'Channel',
  {
    id: id('Channel id'),
    name: text('Channel name'),
    source: text('Kind of channel', 'Such as facebook or whatsapp_business.'),
    meta: textOrNull('Metadata', 'JSON text with details of the channel.'),
    created_at: unixSeconds('Created at'),
    lastMessageTime: unixSecondsOrNull('Last message at'),
    lastIncomingMessageTime: unixSecondsOrNull('Last incoming message at'),
  },
  ['id', 'source'],
  'The channel over which the contact and the team talk.',
);

export const sender: JsonSchema = object(
  'Sender',
  {
    type: text('Kind'),
    source: text('Source', 'Who sent it: contact, user, or an automation.'),
    userId: idOrNull('User id'),
    teamId: idOrNull('Team id'),
  },
  ['source'],
  'Who sent the message. Absent in older bodies.',
);

export const attachment: JsonSchema = object(
  'Attachment',
  {
    type: text('Kind', 'Such as image, video, audio or file.'),
    url: text('URL of the file'),
    fileName: textOrNull('File name'),
    mimeType: textOrNull('Media type'),
    ext: textOrNull('File name extension'),
    size: { ...count('Size', 'In bytes.'), type: ['integer', 'null'] },
  },
  ['type', 'url'],
);

const content: JsonSchema = {
  ...object(
    'Content',
    {
      type: text('Kind', 'Such as text or attachment; it says which other members there are.'),
      text: textOrNull('Text', 'With kind text.'),
      messageTag: textOrNull('Message tag', 'Facebook’s tag for messages outside the usual window.'),
      attachment,
    },
    ['type'],
  ),
  allOf: [
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    { if: kindIs('text'), then: { properties: { text: {} }, required: ['text'] } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    { if: kindIs('attachment'), then: { properties: { attachment: {} }, required: ['attachment'] } },
  ],
};

function kindIs(type: string): JsonSchema {
  return { properties: { type: { const: type } }, required: ['type'] };
}

const messageStatus: JsonSchema = object(
  'Status',
  {
    value: text('Status', 'Such as pending, sent, delivered, read or failed.'),
    timestamp: unixSeconds('At'),
    message: textOrNull('Reason', 'Why it failed.'),
  },
  ['value'],
);

/** `traffic` tells a message's direction, the same for all messages of a type. */
export function message(traffic: 'incoming' | 'outgoing'): JsonSchema {
  return object(
    'Message',
    {
      messageId: idOrText('Message id'),
      channelMessageId: {
        title: 'Message id of the channel',
        type: ['integer', 'string', 'null'],
      },
      contactId: id('Contact id'),
      channelId: id('Channel id'),
      traffic: choice('Direction', [traffic]),
      timestamp: {
        title: 'Sent at',
        description:
          'Unix time: milliseconds in newer bodies, seconds in older ones. Ten digits are seconds.',
        type: 'integer',
        minimum: 0,
      },
      message: content,
      status: orNull(list('Status', messageStatus, 'How far the message has come, oldest first.')),
    },
    ['messageId', 'traffic', 'timestamp', 'message'],
  );
}

export const channelScope: Scope = {
  name: 'channel',
  title: { en: 'Channel', ar: 'القناة' },
  pointer: '/channel/id',
  labelPointer: '/channel/name',
};
