/** Conversations opened and closed. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import closedByUser from '../samples/messaging/conversation.closed.by_user.json' with { type: 'json' };
import closed from '../samples/messaging/conversation.closed.json' with { type: 'json' };
import opened from '../samples/messaging/conversation.opened.json' with { type: 'json' };
import {
  count,
  countOrNull,
  idOrNull,
  object,
  orNull,
  textOrNull,
  unixSeconds,
  unixSecondsOrNull,
} from '../schema.ts';
import { CONTACT, contact, SEARCHABLE_CONTACT, searchableUser, user } from './parts.ts';

export const conversationClosed: EventType = {
  name: 'conversation.closed',
  family: 'messaging',
  title: { en: 'Conversation closed', ar: 'إغلاق محادثة' },
  description: {
    en: 'A conversation with a contact was closed, by a user, by an automation or through the API.',
    ar: 'أُغلقت محادثة مع جهة اتصال، سواء أغلقها أحد أعضاء الفريق أو أغلقتها الأتمتة أو أُغلقت عبر الواجهة البرمجية.',
  },
  useCases: {
    en: [
      'Send a satisfaction survey as soon as support has finished.',
      'Store summary, category and response times in a data warehouse.',
      'Close the matching ticket in the help desk.',
    ],
    ar: [
      'إرسال استبيان رضا إلى العميل فور انتهاء فريق الدعم من خدمته.',
      'حفظ الملخّص والتصنيف وأزمنة الاستجابة في مستودع البيانات.',
      'إغلاق التذكرة المقابلة في نظام الدعم الفني.',
    ],
  },
  schema: object(
    'Conversation closed',
    {
      contact,
      conversation: object(
        'Conversation',
        {
          category: textOrNull('Category', 'Chosen when closing.'),
          summary: textOrNull('Summary', 'Written when closing.'),
          openedTime: unixSecondsOrNull('Opened at'),
          openedBySource: textOrNull('Opened by', 'What opened it: user, contact, workflow, api.'),
          closedTime: unixSeconds('Closed at'),
          closedBy: orNull(user('Closed by', 'All members are null when no user closed it.')),
          closedBySource: textOrNull('Closed through', 'What closed it: user, workflow, api.'),
          firstResponseTime: countOrNull('First response', 'Time of the first response, in seconds.'),
          resolutionTime: countOrNull('Resolution', 'Time of the resolution, in seconds.'),
          incomingMessageCount: count('Incoming messages'),
          outgoingMessageCount: count('Outgoing messages'),
          assigneeTeam: textOrNull('Team'),
          lastAssignmentTime: unixSecondsOrNull('Last assigned at'),
        },
        ['closedTime'],
      ),
    },
    ['contact', 'conversation'],
  ),
  samples: [
    sample('default', { en: 'Closed through the API', ar: 'إغلاق عبر الواجهة البرمجية' }, closed),
    sample('by_user', { en: 'Closed by a user', ar: 'إغلاق من أحد أعضاء الفريق' }, closedByUser),
  ],
  searchable: [
    ...SEARCHABLE_CONTACT,
    '/conversation/category',
    '/conversation/summary',
    ...searchableUser('/conversation/closedBy'),
  ],
  subject: CONTACT,
  scopes: [
    {
      name: 'category',
      title: { en: 'Category', ar: 'التصنيف' },
      pointer: '/conversation/category',
      labelPointer: '/conversation/category',
    },
  ],
};

export const conversationOpened: EventType = {
  name: 'conversation.opened',
  family: 'messaging',
  title: { en: 'Conversation opened', ar: 'فتح محادثة' },
  description: {
    en: 'A conversation with a contact was opened or opened again.',
    ar: 'فُتحت محادثة مع جهة اتصال، أو أُعيد فتحها بعد إغلاقها.',
  },
  useCases: {
    en: [
      'Open a ticket in the help desk with the first message in it.',
      'Tell the team in its chat that a customer is waiting.',
      'Count conversations by the channel they start in.',
    ],
    ar: [
      'فتح تذكرة في نظام الدعم الفني تتضمّن أول رسالة من العميل.',
      'تنبيه الفريق في أداة المحادثة الداخلية إلى أن عميلًا ينتظر الرد.',
      'إحصاء المحادثات بحسب القناة التي بدأت منها.',
    ],
  },
  schema: object(
    'Conversation opened',
    {
      contact,
      conversation: object(
        'Conversation',
        {
          source: textOrNull('Opened by', 'What opened it: user, contact, workflow, api.'),
          conversationOpenedAt: unixSeconds('Opened at'),
          firstIncomingMessage: textOrNull('First incoming message'),
          firstIncomingMessageChannelId: idOrNull('Channel of the first incoming message'),
        },
        ['conversationOpenedAt'],
      ),
    },
    ['contact', 'conversation'],
  ),
  samples: [sample('default', { en: 'Conversation opened', ar: 'فتح محادثة' }, opened)],
  searchable: [...SEARCHABLE_CONTACT, '/conversation/firstIncomingMessage'],
  subject: CONTACT,
  scopes: [],
};
