/** Contacts of the messaging family. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import assigneeUpdated from '../samples/messaging/contact.assignee.updated.json' with { type: 'json' };
import unassigned from '../samples/messaging/contact.assignee.updated.unassigned.json' with { type: 'json' };
import created from '../samples/messaging/contact.created.json' with { type: 'json' };
import lifecycleUpdated from '../samples/messaging/contact.lifecycle.updated.json' with { type: 'json' };
import tagUpdated from '../samples/messaging/contact.tag.updated.json' with { type: 'json' };
import updated from '../samples/messaging/contact.updated.json' with { type: 'json' };
import updatedWithAction from '../samples/messaging/contact.updated.with_action.json' with { type: 'json' };
import { choice, object, text, textOrNull } from '../schema.ts';
import { CONTACT, contact, SEARCHABLE_CONTACT, searchableUser } from './parts.ts';

export const contactCreated: EventType = {
  name: 'contact.created',
  family: 'messaging',
  title: { en: 'New contact', ar: 'جهة اتصال جديدة' },
  description: {
    en: 'A contact was created, by hand, by an import, or because somebody wrote for the first time.',
    ar: 'أُنشئت جهة اتصال، يدويًا أو بالاستيراد أو لأن شخصًا راسلكم للمرة الأولى.',
  },
  useCases: {
    en: [
      'Create the customer in the CRM.',
      'Add the address to the newsletter’s list.',
      'Look for an existing customer with the same phone number.',
    ],
    ar: [
      'إنشاء العميل في نظام إدارة العملاء.',
      'إضافة العنوان البريدي إلى قائمة النشرة البريدية.',
      'البحث عن عميل سابق يحمل رقم الهاتف نفسه.',
    ],
  },
  schema: object('New contact', { contact }, ['contact']),
  samples: [sample('default', { en: 'With tags and custom fields', ar: 'مع وسوم وحقول مخصّصة' }, created)],
  searchable: SEARCHABLE_CONTACT,
  subject: CONTACT,
  scopes: [],
};

export const contactUpdated: EventType = {
  name: 'contact.updated',
  family: 'messaging',
  title: { en: 'Contact updated', ar: 'تحديث جهة اتصال' },
  description: {
    en: 'A field of a contact changed. The body holds the contact as it is now.',
    ar: 'تغيّر أحد حقول جهة اتصال. يتضمّن المحتوى جهة الاتصال بحالتها الراهنة.',
  },
  useCases: {
    en: [
      'Keep names, numbers and addresses the same in every system.',
      'React when a custom field takes a certain value.',
    ],
    ar: [
      'الحفاظ على تطابق الأسماء والأرقام والعناوين في جميع الأنظمة.',
      'التصرّف تلقائيًا حين يأخذ حقل مخصّص قيمة معيّنة.',
    ],
  },
  schema: object(
    'Contact updated',
    { contact, action: textOrNull('Action', 'updated; absent in older bodies.') },
    ['contact'],
  ),
  samples: [
    sample('default', { en: 'Contact updated', ar: 'تحديث جهة اتصال' }, updated),
    sample('with_action', { en: 'With the action', ar: 'مع ذكر الإجراء' }, updatedWithAction),
  ],
  searchable: SEARCHABLE_CONTACT,
  subject: CONTACT,
  scopes: [],
};

export const contactAssigneeUpdated: EventType = {
  name: 'contact.assignee.updated',
  family: 'messaging',
  title: { en: 'Contact assignee updated', ar: 'تغيير مسؤول جهة اتصال' },
  description: {
    en: 'A contact was assigned to a user, passed on to another, or left without an assignee (null).',
    ar: 'أُسندت جهة اتصال إلى أحد أعضاء الفريق، أو نُقلت إلى غيره، أو أصبحت بلا مسؤول (null).',
  },
  useCases: {
    en: [
      'Give the deal in the CRM the same owner.',
      'Tell the new assignee by e-mail or chat.',
      'Find contacts that nobody looks after.',
    ],
    ar: [
      'إسناد الصفقة في نظام إدارة العملاء إلى المسؤول نفسه.',
      'إبلاغ المسؤول الجديد بالبريد الإلكتروني أو عبر المحادثة.',
      'اكتشاف جهات الاتصال التي لا يتابعها أحد.',
    ],
  },
  schema: object('Contact assignee updated', { contact }, ['contact']),
  samples: [
    sample('default', { en: 'Assigned', ar: 'إسناد إلى مسؤول' }, assigneeUpdated),
    sample('unassigned', { en: 'Assignee removed', ar: 'إلغاء الإسناد' }, unassigned),
  ],
  searchable: [...SEARCHABLE_CONTACT, ...searchableUser('/contact/assignee')],
  subject: CONTACT,
  scopes: [
    {
      name: 'assignee',
      title: { en: 'Assignee', ar: 'المسؤول' },
      pointer: '/contact/assignee/id',
      labelPointer: '/contact/assignee/email',
    },
  ],
};

export const contactTagUpdated: EventType = {
  name: 'contact.tag.updated',
  family: 'messaging',
  title: { en: 'Contact tag updated', ar: 'تغيير وسم جهة اتصال' },
  description: {
    en: 'A tag was added to a contact or removed from it; `action` says which.',
    ar: 'أُضيف وسم إلى جهة اتصال أو أُزيل عنها، ويبيّن الحقل action أيّهما حدث.',
  },
  useCases: {
    en: [
      'Start a sequence of mails when a contact is tagged as interested.',
      'Mirror tags to the groups of another system.',
      'Stop advertising to customers who were tagged as buyers.',
    ],
    ar: [
      'بدء سلسلة رسائل بريدية حين تُوسَم جهة الاتصال بأنها مهتمّة.',
      'مزامنة الوسوم مع مجموعات نظام آخر.',
      'إيقاف الإعلانات عن العملاء الذين وُسِموا بأنهم اشتروا.',
    ],
  },
  schema: object(
    'Contact tag updated',
    {
      contact,
      tag: text('Tag', 'Name of the tag.'),
      action: choice('Action', ['add', 'remove'], 'Whether the tag was added or removed.'),
    },
    ['contact', 'tag', 'action'],
  ),
  samples: [sample('default', { en: 'Tag added', ar: 'إضافة وسم' }, tagUpdated)],
  searchable: [...SEARCHABLE_CONTACT, '/tag'],
  subject: CONTACT,
  scopes: [{ name: 'tag', title: { en: 'Tag', ar: 'الوسم' }, pointer: '/tag', labelPointer: '/tag' }],
};

export const contactLifecycleUpdated: EventType = {
  name: 'contact.lifecycle.updated',
  family: 'messaging',
  title: { en: 'Contact lifecycle updated', ar: 'تغيير مرحلة جهة اتصال' },
  description: {
    en: 'A contact moved to another stage of its lifecycle, such as from new lead to customer.',
    ar: 'انتقلت جهة اتصال إلى مرحلة أخرى من دورة حياتها، كالانتقال من عميل محتمل جديد إلى عميل فعلي.',
  },
  useCases: {
    en: [
      'Move the deal to the matching stage in the CRM.',
      'Report to the advertising platform that a lead has become a customer.',
      'Measure how long contacts stay in each stage.',
    ],
    ar: [
      'نقل الصفقة إلى المرحلة المقابلة في نظام إدارة العملاء.',
      'إبلاغ منصة الإعلانات بأن عميلًا محتملًا أصبح عميلًا فعليًا.',
      'قياس المدة التي تمكثها جهات الاتصال في كل مرحلة.',
    ],
  },
  schema: object(
    'Contact lifecycle updated',
    {
      contact,
      action: textOrNull('Action', 'updated.'),
      lifecycle: textOrNull('New stage', 'Null when the contact has left the lifecycle.'),
      oldLifecycle: textOrNull('Former stage', 'Null when there was none.'),
    },
    ['contact', 'lifecycle'],
  ),
  samples: [sample('default', { en: 'Stage changed', ar: 'تغيّر المرحلة' }, lifecycleUpdated)],
  searchable: [...SEARCHABLE_CONTACT, '/lifecycle', '/oldLifecycle'],
  subject: CONTACT,
  scopes: [
    {
      name: 'lifecycle',
      title: { en: 'New stage', ar: 'المرحلة الجديدة' },
      pointer: '/lifecycle',
      labelPointer: '/lifecycle',
    },
  ],
};
