/** What happens to contacts of the marketing family: tags, courses, campaigns, mails. Pure data. */
import { type EventType, type Scope, sample } from '../eventType.ts';
import campaignFinishedBody from '../samples/marketing/contact.campaign.finished.json' with { type: 'json' };
import courseEnrolledBody from '../samples/marketing/contact.course.enrolled.json' with { type: 'json' };
import bundleEnrolledBody from '../samples/marketing/contact.course_bundle.enrolled.json' with {
  type: 'json',
};
import emailLinkClickedBody from '../samples/marketing/contact.email_link.clicked.json' with { type: 'json' };
import tagAddedBody from '../samples/marketing/contact.tag.added.json' with { type: 'json' };
import tagRemovedBody from '../samples/marketing/contact.tag.removed.json' with { type: 'json' };
import { id, object, orNull, text, textOrNull } from '../schema.ts';
import { accessType, CONTACT, contact, course, SEARCHABLE_CONTACT, searchableNamed } from './parts.ts';

const tag = object('Tag', { id: id('Tag id'), name: text('Name') }, ['id', 'name']);

const tagScope: Scope = {
  name: 'tag',
  title: { en: 'Tag', ar: 'الوسم' },
  pointer: '/data/tag/id',
  labelPointer: '/data/tag/name',
};

export const tagAdded: EventType = {
  name: 'contact.tag.added',
  family: 'marketing',
  title: { en: 'Tag added', ar: 'إضافة وسم' },
  description: { en: 'A contact was given a tag.', ar: 'أُضيف وسم إلى جهة اتصال.' },
  useCases: {
    en: [
      'Add the contact to a list of another mailing tool.',
      'Grant access to a community when the tag for buyers is given.',
      'Tell sales when somebody is tagged as interested.',
    ],
    ar: [
      'إضافة جهة الاتصال إلى قائمة في أداة بريدية أخرى.',
      'منح صلاحية الدخول إلى المجتمع عند إضافة وسم المشترين.',
      'تنبيه فريق المبيعات حين يُوسَم أحدهم بأنه مهتمّ.',
    ],
  },
  schema: object('Tag added', { tag, contact }, ['tag', 'contact']),
  samples: [sample('default', { en: 'Tag added', ar: 'إضافة وسم' }, tagAddedBody)],
  searchable: [...SEARCHABLE_CONTACT, ...searchableNamed('/data/tag')],
  subject: CONTACT,
  scopes: [tagScope],
};

export const tagRemoved: EventType = {
  name: 'contact.tag.removed',
  family: 'marketing',
  title: { en: 'Tag removed', ar: 'إزالة وسم' },
  description: { en: 'A tag was taken from a contact.', ar: 'أُزيل وسم عن جهة اتصال.' },
  useCases: {
    en: [
      'Remove the contact from a list of another mailing tool.',
      'Withdraw access when a membership ends.',
    ],
    ar: ['حذف جهة الاتصال من قائمة في أداة بريدية أخرى.', 'سحب صلاحية الدخول عند انتهاء العضوية.'],
  },
  schema: object('Tag removed', { tag, contact }, ['tag', 'contact']),
  samples: [sample('default', { en: 'Tag removed', ar: 'إزالة وسم' }, tagRemovedBody)],
  searchable: [...SEARCHABLE_CONTACT, ...searchableNamed('/data/tag')],
  subject: CONTACT,
  scopes: [tagScope],
};

export const courseEnrolled: EventType = {
  name: 'contact.course.enrolled',
  family: 'marketing',
  title: { en: 'Enrolled in a course', ar: 'الالتحاق بدورة' },
  description: {
    en: 'A contact was enrolled in a course, by buying it or otherwise.',
    ar: 'التحقت جهة اتصال بدورة تدريبية، بالشراء أو بغيره.',
  },
  useCases: {
    en: [
      'Create the learner’s account in another learning platform.',
      'Invite the learner to the group of the course.',
      'Send the printed material by post.',
    ],
    ar: [
      'إنشاء حساب للمتدرّب في منصة تعليمية أخرى.',
      'دعوة المتدرّب إلى مجموعة الدورة.',
      'إرسال المواد المطبوعة بالبريد.',
    ],
  },
  schema: object('Enrolled in a course', { course, contact, access_type: accessType }, [
    'course',
    'contact',
    'access_type',
  ]),
  samples: [sample('default', { en: 'Full access', ar: 'وصول كامل' }, courseEnrolledBody)],
  searchable: [...SEARCHABLE_CONTACT, ...searchableNamed('/data/course')],
  subject: CONTACT,
  scopes: [
    {
      name: 'course',
      title: { en: 'Course', ar: 'الدورة' },
      pointer: '/data/course/id',
      labelPointer: '/data/course/name',
    },
  ],
};

export const courseBundleEnrolled: EventType = {
  name: 'contact.course_bundle.enrolled',
  family: 'marketing',
  title: { en: 'Enrolled in a bundle', ar: 'الالتحاق بباقة دورات' },
  description: {
    en: 'A contact was enrolled in a bundle of courses.',
    ar: 'التحقت جهة اتصال بباقة من الدورات التدريبية.',
  },
  useCases: {
    en: [
      'Create the learner’s accounts for all courses of the bundle at once.',
      'Assign a mentor to those who took the whole programme.',
    ],
    ar: ['إنشاء حسابات المتدرّب في جميع دورات الباقة دفعة واحدة.', 'تخصيص مرشد لمن التحقوا بالبرنامج كاملًا.'],
  },
  schema: object(
    'Enrolled in a bundle',
    {
      course_bundle: object(
        'Bundle',
        { id: id('Bundle id'), name: text('Name'), description: textOrNull('Description') },
        ['id', 'name'],
      ),
      contact,
      access_type: accessType,
      first_active_course: orNull({
        ...course,
        title: 'First course',
        description: 'Null when all are open.',
      }),
    },
    ['course_bundle', 'contact', 'access_type'],
  ),
  samples: [sample('default', { en: 'Full access', ar: 'وصول كامل' }, bundleEnrolledBody)],
  searchable: [
    ...SEARCHABLE_CONTACT,
    ...searchableNamed('/data/course_bundle'),
    ...searchableNamed('/data/first_active_course'),
  ],
  subject: CONTACT,
  scopes: [
    {
      name: 'course_bundle',
      title: { en: 'Bundle', ar: 'باقة الدورات' },
      pointer: '/data/course_bundle/id',
      labelPointer: '/data/course_bundle/name',
    },
  ],
};

export const campaignFinished: EventType = {
  name: 'contact.campaign.finished',
  family: 'marketing',
  title: { en: 'Campaign completed', ar: 'اكتمال حملة' },
  description: {
    en: 'A contact received the last mail of a campaign.',
    ar: 'تلقّت جهة اتصال آخر رسالة في حملة بريدية.',
  },
  useCases: {
    en: [
      'Hand the contact over to sales after the introduction.',
      'Start the next campaign in another tool.',
      'Ask by a messaging app whether there are questions.',
    ],
    ar: [
      'إحالة جهة الاتصال إلى فريق المبيعات بعد الرسائل التعريفية.',
      'بدء الحملة التالية في أداة أخرى.',
      'سؤال جهة الاتصال عبر تطبيق مراسلة عمّا إذا كانت لديها استفسارات.',
    ],
  },
  schema: object(
    'Campaign completed',
    {
      campaign: object(
        'Campaign',
        { id: id('Campaign id'), name: text('Name'), description: textOrNull('Description') },
        ['id', 'name'],
      ),
      contact,
    },
    ['campaign', 'contact'],
  ),
  samples: [sample('default', { en: 'Campaign completed', ar: 'اكتمال حملة' }, campaignFinishedBody)],
  searchable: [...SEARCHABLE_CONTACT, ...searchableNamed('/data/campaign')],
  subject: CONTACT,
  scopes: [
    {
      name: 'campaign',
      title: { en: 'Campaign', ar: 'الحملة' },
      pointer: '/data/campaign/id',
      labelPointer: '/data/campaign/name',
    },
  ],
};

export const emailLinkClicked: EventType = {
  name: 'contact.email_link.clicked',
  family: 'marketing',
  title: { en: 'E-mail link clicked', ar: 'النقر على رابط في بريد' },
  description: {
    en: 'A contact clicked a link in a mail that was sent to it.',
    ar: 'نقرت جهة اتصال على رابط في رسالة بريدية أُرسلت إليها.',
  },
  useCases: {
    en: [
      'Raise the lead’s score in the CRM.',
      'Let somebody call while the interest is fresh.',
      'Send a discount over another channel to those who clicked.',
    ],
    ar: [
      'رفع درجة اهتمام العميل المحتمل في نظام إدارة العملاء.',
      'الاتصال بالعميل وهو في ذروة اهتمامه.',
      'إرسال خصم عبر قناة أخرى إلى من نقروا على الرابط.',
    ],
  },
  schema: object(
    'E-mail link clicked',
    {
      sent_email: object('Mail', { id: id('Mail id'), subject: textOrNull('Subject') }, ['id', 'subject']),
      contact,
    },
    ['sent_email', 'contact'],
  ),
  samples: [sample('default', { en: 'Link clicked', ar: 'النقر على رابط' }, emailLinkClickedBody)],
  searchable: [...SEARCHABLE_CONTACT, '/data/sent_email/id', '/data/sent_email/subject'],
  subject: CONTACT,
  scopes: [
    {
      name: 'sent_email',
      title: { en: 'Mail', ar: 'الرسالة البريدية' },
      pointer: '/data/sent_email/id',
      labelPointer: '/data/sent_email/subject',
    },
  ],
};
