/** Pages of funnels and blogs, and webinars. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import optinBlogPage from '../samples/marketing/contact.optin.completed.blog_page.json' with { type: 'json' };
import optinFunnelStep from '../samples/marketing/contact.optin.completed.funnel_step.json' with {
  type: 'json',
};
import pageVisitedBody from '../samples/marketing/contact.page.visited.json' with { type: 'json' };
import webinarRegisteredBody from '../samples/marketing/contact.webinar.registered.json' with {
  type: 'json',
};
import { id, isoTime, object, text } from '../schema.ts';
import {
  CONTACT,
  contact,
  contactWithIp,
  funnelScope,
  funnelStep,
  funnelStepScope,
  SEARCHABLE_CONTACT,
  searchableNamed,
  searchableStep,
} from './parts.ts';

const pageModel = object(
  'Blog page',
  {
    id: id('Page id'),
    name: text('Name'),
    blog: object('Blog', { id: id('Blog id'), name: text('Name') }, ['id', 'name']),
  },
  ['id', 'name', 'blog'],
);

export const optinCompleted: EventType = {
  name: 'contact.optin.completed',
  family: 'marketing',
  title: { en: 'Form subscribed', ar: 'اشتراك عبر نموذج' },
  description: {
    en: 'Somebody left an e-mail address in a form, on a funnel step (funnel_step) or on a blog page (page_model).',
    ar: 'ترك شخص بريده الإلكتروني في نموذج، إما في خطوة من مسار البيع (funnel_step) وإما في صفحة مدوّنة (page_model).',
  },
  useCases: {
    en: [
      'Create a lead in the CRM, with the page it came from.',
      'Invite the contact to a community or a chat group.',
      'Report the lead to the advertising platform.',
    ],
    ar: [
      'إنشاء عميل محتمل في نظام إدارة العملاء مع ذكر الصفحة التي جاء منها.',
      'دعوة جهة الاتصال إلى مجتمع أو مجموعة محادثة.',
      'إبلاغ منصة الإعلانات بالعميل المحتمل.',
    ],
  },
  schema: {
    ...object(
      'Form subscribed',
      { funnel_step: funnelStep, page_model: pageModel, contact: contactWithIp },
      ['contact'],
      'Holds funnel_step or page_model, never both.',
    ),
    oneOf: [{ required: ['funnel_step'] }, { required: ['page_model'] }],
  },
  samples: [
    sample(
      'funnel_step',
      { en: 'Form on a funnel step', ar: 'نموذج في خطوة من مسار البيع' },
      optinFunnelStep,
    ),
    sample('blog_page', { en: 'Form on a blog page', ar: 'نموذج في صفحة مدوّنة' }, optinBlogPage),
  ],
  searchable: [
    ...SEARCHABLE_CONTACT,
    ...searchableStep('/data/funnel_step'),
    ...searchableNamed('/data/page_model'),
    ...searchableNamed('/data/page_model/blog'),
  ],
  subject: CONTACT,
  scopes: [
    funnelStepScope,
    funnelScope,
    {
      name: 'page_model',
      title: { en: 'Blog page', ar: 'صفحة المدوّنة' },
      pointer: '/data/page_model/id',
      labelPointer: '/data/page_model/name',
    },
    {
      name: 'blog',
      title: { en: 'Blog', ar: 'المدوّنة' },
      pointer: '/data/page_model/blog/id',
      labelPointer: '/data/page_model/blog/name',
    },
  ],
};

export const pageVisited: EventType = {
  name: 'contact.page.visited',
  family: 'marketing',
  title: { en: 'Page visited', ar: 'زيارة صفحة' },
  description: {
    en: 'A known contact visited a page of a funnel.',
    ar: 'زارت جهة اتصال معروفة صفحة من صفحات مسار البيع.',
  },
  useCases: {
    en: [
      'Remind contacts who saw the order form and did not buy.',
      'Raise the lead’s score in the CRM.',
      'Show a matching advertisement to those who came back.',
    ],
    ar: [
      'تذكير من شاهدوا نموذج الطلب ولم يشتروا.',
      'رفع درجة اهتمام العميل المحتمل في نظام إدارة العملاء.',
      'عرض إعلان مناسب لمن عادوا إلى الصفحة.',
    ],
  },
  schema: object('Page visited', { funnel_step: funnelStep, contact }, ['funnel_step', 'contact']),
  samples: [sample('default', { en: 'Thank-you page visited', ar: 'زيارة صفحة الشكر' }, pageVisitedBody)],
  searchable: [...SEARCHABLE_CONTACT, ...searchableStep('/data/funnel_step')],
  subject: CONTACT,
  scopes: [funnelStepScope, funnelScope],
};

export const webinarRegistered: EventType = {
  name: 'contact.webinar.registered',
  family: 'marketing',
  title: { en: 'Registered for a webinar', ar: 'التسجيل في ندوة عبر الإنترنت' },
  description: {
    en: 'A contact registered for a session of a webinar.',
    ar: 'سجّلت جهة اتصال لحضور جلسة من ندوة عبر الإنترنت.',
  },
  useCases: {
    en: [
      'Put the session into the contact’s calendar.',
      'Send a reminder over a messaging app an hour before.',
      'Tell the sales team who will attend.',
    ],
    ar: [
      'إضافة موعد الجلسة إلى تقويم المشترك.',
      'إرسال تذكير عبر تطبيق مراسلة قبل الجلسة بساعة.',
      'إطلاع فريق المبيعات على أسماء الحاضرين.',
    ],
  },
  schema: object(
    'Registered for a webinar',
    {
      webinar: object(
        'Webinar',
        {
          id: id('Webinar id'),
          duration: {
            title: 'Duration',
            description: 'Seconds, as a string of digits, such as "7200".',
            type: 'string',
            pattern: '^[0-9]+$',
          },
          funnel_step: funnelStep,
        },
        ['id', 'duration', 'funnel_step'],
      ),
      contact,
      registered_at: isoTime('Registered at'),
      scheduled_at: isoTime('The session begins at'),
    },
    ['webinar', 'contact', 'registered_at', 'scheduled_at'],
  ),
  samples: [
    sample('default', { en: 'Webinar of two hours', ar: 'ندوة مدّتها ساعتان' }, webinarRegisteredBody),
  ],
  searchable: [...SEARCHABLE_CONTACT, '/data/webinar/id', ...searchableStep('/data/webinar/funnel_step')],
  subject: CONTACT,
  scopes: [
    {
      name: 'webinar',
      title: { en: 'Webinar', ar: 'الندوة' },
      pointer: '/data/webinar/id',
      labelPointer: '/data/webinar/funnel_step/name',
    },
    {
      ...funnelStepScope,
      pointer: '/data/webinar/funnel_step/id',
      labelPointer: '/data/webinar/funnel_step/name',
    },
  ],
};
