/** Messages and comments. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import commentCreatedBody from '../samples/messaging/comment.created.json' with { type: 'json' };
import receivedAttachment from '../samples/messaging/message.received.attachment.json' with { type: 'json' };
import received from '../samples/messaging/message.received.json' with { type: 'json' };
import receivedWithSender from '../samples/messaging/message.received.with_sender.json' with { type: 'json' };
import sent from '../samples/messaging/message.sent.json' with { type: 'json' };
import sentWithSender from '../samples/messaging/message.sent.with_sender.json' with { type: 'json' };
import { id, list, object, orNull, text, textOrNull } from '../schema.ts';
import {
  attachment,
  CONTACT,
  channel,
  channelScope,
  contact,
  message,
  SEARCHABLE_CONTACT,
  searchableUser,
  sender,
  user,
} from './parts.ts';

const SEARCHABLE_MESSAGE = [
  '/message/messageId',
  '/message/channelMessageId',
  '/message/message/text',
  '/channel/name',
];

export const messageSent: EventType = {
  name: 'message.sent',
  family: 'messaging',
  title: { en: 'New outgoing message', ar: 'رسالة صادرة جديدة' },
  description: {
    en: 'A message was sent to a contact, by a user or by an automation.',
    ar: 'أُرسلت رسالة إلى جهة اتصال، كتبها أحد أعضاء الفريق أو أرسلتها الأتمتة.',
  },
  useCases: {
    en: [
      'Keep a full record of what customers were told.',
      'Show messages beside the contact in the CRM.',
      'Watch for messages that failed, and call instead.',
    ],
    ar: [
      'الاحتفاظ بسجل كامل لكل ما قيل للعملاء.',
      'عرض الرسائل في صفحة جهة الاتصال داخل نظام إدارة العملاء.',
      'رصد الرسائل التي تعذّر إرسالها للتواصل مع أصحابها هاتفيًا.',
    ],
  },
  schema: object(
    'New outgoing message',
    {
      contact,
      user: orNull(user('User', 'The user who sent it; absent when an automation did.')),
      sender,
      message: message('outgoing'),
      channel,
    },
    ['contact', 'message', 'channel'],
  ),
  samples: [
    sample('default', { en: 'Text message with its status', ar: 'رسالة نصية مع حالتها' }, sent),
    sample('with_sender', { en: 'With the sending user', ar: 'مع بيانات المرسِل' }, sentWithSender),
  ],
  searchable: [...SEARCHABLE_CONTACT, ...SEARCHABLE_MESSAGE, ...searchableUser('/user')],
  subject: CONTACT,
  scopes: [channelScope],
};

export const messageReceived: EventType = {
  name: 'message.received',
  family: 'messaging',
  title: { en: 'New incoming message', ar: 'رسالة واردة جديدة' },
  description: {
    en: 'A contact sent a message over any of the connected channels.',
    ar: 'أرسلت جهة اتصال رسالة عبر إحدى القنوات المتصلة.',
  },
  useCases: {
    en: [
      'Let a bot of your own read and answer.',
      'Alert the person on duty when a message holds an urgent word.',
      'Archive the files that customers send.',
    ],
    ar: [
      'تمكين روبوت محادثة خاص بك من قراءة الرسائل والرد عليها.',
      'تنبيه المناوب عند وصول رسالة تحمل كلمة تدل على الاستعجال.',
      'أرشفة الملفات التي يرسلها العملاء.',
    ],
  },
  schema: object('New incoming message', { contact, sender, message: message('incoming'), channel }, [
    'contact',
    'message',
    'channel',
  ]),
  samples: [
    sample('default', { en: 'Text message', ar: 'رسالة نصية' }, received),
    sample(
      'with_sender',
      { en: 'With sender and status', ar: 'مع بيانات المرسِل والحالة' },
      receivedWithSender,
    ),
    sample('attachment', { en: 'A picture', ar: 'صورة مرفقة' }, receivedAttachment),
  ],
  searchable: [...SEARCHABLE_CONTACT, ...SEARCHABLE_MESSAGE],
  subject: CONTACT,
  scopes: [channelScope],
};

export const commentCreated: EventType = {
  name: 'comment.created',
  family: 'messaging',
  title: { en: 'New comment', ar: 'تعليق جديد' },
  description: {
    en: 'A user wrote an internal comment on a contact. Contacts never see comments.',
    ar: 'كتب أحد أعضاء الفريق تعليقًا داخليًا على جهة اتصال. لا تظهر التعليقات لجهات الاتصال أبدًا.',
  },
  useCases: {
    en: [
      'Notify the people mentioned in the tool they work in.',
      'Copy comments to the customer’s record in the CRM.',
      'Turn a comment that asks for a follow-up into a task.',
    ],
    ar: [
      'إشعار الأشخاص المذكورين في الأداة التي يعملون بها.',
      'نسخ التعليقات إلى سجل العميل في نظام إدارة العملاء.',
      'تحويل التعليق الذي يطلب متابعة إلى مهمة.',
    ],
  },
  schema: object(
    'New comment',
    {
      contact,
      text: textOrNull('Text of the comment'),
      attachments: orNull(list('Attachments', attachment)),
      mentionedUserIds: orNull(list('Mentioned users', id('User id'))),
      mentionedUserEmails: orNull(list('E-mail addresses of mentioned users', text('E-mail address'))),
    },
    ['contact', 'text'],
  ),
  samples: [sample('default', { en: 'Comment with mentions', ar: 'تعليق يذكر زملاء' }, commentCreatedBody)],
  searchable: [...SEARCHABLE_CONTACT, '/text', '/mentionedUserEmails/*'],
  subject: CONTACT,
  scopes: [],
};
